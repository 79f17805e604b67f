//! The meaning of annotations and labels of other projects: a table, and the questions asked of it.
//!
//! No other module names an annotation of another project.

use serde::Deserialize;
use serde_json::Value;

use crate::admission::object::{OUR_PREFIX, Texts};

/// The name of an annotation (`*/name` has any prefix), and whether a value counts.
type Row = (&'static str, fn(&str) -> bool);

/// Triggers: cert-manager makes certificates for the object, even with an empty value
/// (`pkg/controller/certificate-shim/sync.go`, `hasShimAnnotation`).
const CERT_MANAGER: [Row; 2] = [("cert-manager.io/issuer", any), ("cert-manager.io/cluster-issuer", any)];

/// A trigger of cert-manager on Ingresses only (`--auto-certificate-annotations`).
const TLS_ACME: Row = ("kubernetes.io/tls-acme", is_true);

/// Triggers of other issuers.
const OTHER_ISSUERS: [Row; 3] = [
    // haproxy-ingress, `pkg/converters/ingress/annotations`.
    ("haproxy-ingress.github.io/cert-signer", any),
    ("ingress.kubernetes.io/cert-signer", any),
    // Gardener, `cert-management`, `pkg/controller/source`.
    ("cert.gardener.cloud/purpose", |value| value == "managed"),
];

/// Something else than the object's own Secrets decides who serves TLS.
const ELSEWHERE: [Row; 6] = [
    // ingress-nginx, HAProxy and others: the pod terminates TLS.
    ("*/ssl-passthrough", is_enabled),
    // Cilium, `operator/pkg/model/ingestion/ingress.go`.
    ("*/tls-passthrough", is_enabled),
    // OpenShift, `route-controller-manager`, `pkg/route/ingress/ingress.go`.
    ("route.openshift.io/termination", |value| value == "passthrough"),
    // nginx/kubernetes-ingress refuses a minion with `tls` (`internal/k8s/validation.go`,
    // `validateMinionSpec`).
    ("nginx.org/mergeable-ingress-type", |value| value == "minion"),
    // AKS, application routing: a controller of Azure writes the Secret and the entry.
    ("kubernetes.azure.com/tls-cert-keyvault-uri", any),
    OTHER_NAMESPACE,
];

/// Contour reads the Secrets from another namespace (`internal/dag/ingress_processor.go`).
const OTHER_NAMESPACE: Row = ("projectcontour.io/tls-cert-namespace", any);

/// The label of the Ingresses with which cert-manager answers ACME HTTP-01 challenges.
pub(crate) const SOLVER: &str = "acme.cert-manager.io/http01-solver";

/// ingress-nginx serves the host with and without `www.`
/// (`internal/ingress/annotations/redirect/redirect.go`).
const WITH_WWW: Row = ("nginx.ingress.kubernetes.io/from-to-www-redirect", is_true);

/// Names, separated by commas, that are served with the certificate of each host.
const ALIASES: [Row; 2] = [
    // ingress-nginx and haproxy-ingress, `annotations/alias`.
    ("*/server-alias", any),
    // AGIC, `pkg/appgw/ingress_rules.go`.
    ("appgw.ingress.kubernetes.io/hostname-extension", any),
];

/// Something else fills the Secret.
const MIRRORS: [Row; 2] = [
    // Reflector, `Mirroring/SecretMirror.cs`.
    (REFLECTS, any),
    // replicator, `replicate/common/consts.go`.
    ("replicator.v1.mittwald.de/replicate-from", any),
];

/// The Secret, as `NAMESPACE/NAME`, of which Reflector keeps this one a copy.
pub(crate) const REFLECTS: &str = "reflector.v1.k8s.emberstack.com/reflects";
/// The older way to name the class of an Ingress.
pub(crate) const INGRESS_CLASS: &str = "kubernetes.io/ingress.class";
/// The listeners for which cert-manager makes no certificate, since 1.21
/// (`pkg/controller/certificate-shim/sync.go`, `isGatewayAPIListenerIgnoredThroughAnnotation`).
pub(crate) const IGNORED_LISTENERS: &str = "cert-manager.io/ignore-tls-listeners";
/// Labels and annotations of the Secrets that cert-manager makes for an object, as JSON (cert-manager 1.15).
const SECRET_TEMPLATE: &str = "cert-manager.io/secret-template";
/// The usages of the certificates that cert-manager makes for an object, separated by commas.
const USAGES: &str = "cert-manager.io/usages";
/// Names other than DNS names in the certificates that cert-manager makes for an object.
const OTHER_NAMES: [&str; 3] =
    ["cert-manager.io/email-sans", "cert-manager.io/ip-sans", "cert-manager.io/uri-sans"];
/// The usage that makes a certificate one for servers, and those that such a certificate may have besides.
const SERVER_AUTH: &str = "server auth";
const OTHER_USAGES: [&str; 3] = ["digital signature", "key encipherment", "key agreement"];

/// Words in the name of an annotation or listener option, after its prefix, whose value is a certificate.
const CERTIFICATE_WORDS: [&str; 6] = ["certificate", "certificates", "cert", "certs", "certkey", "clientssl"];
/// Words in the name of one whose value is something else.
const NO_CERTIFICATE_WORDS: [&str; 5] = ["secret", "ca", "root", "verify", "auth"];
/// Words in the name of an annotation, after its prefix, whose value names a Secret.
const SECRET_WORDS: [&str; 7] = ["secret", "tls", "ssl", "ca", "cert", "certificate", "crt"];
/// Higress asks for client certificates if there is a Secret of the entry's name with this suffix.
const CA_SUFFIX: &str = "-cacert";
/// Istio asks for client certificates, and the Secret must hold a CA
/// (`pilot/pkg/config/kube/gateway/conversion.go`, `gatewayTLSTerminateModeKey`).
const ISTIO_MODE: &str = "gateway.istio.io/tls-terminate-mode";

/// The annotations that are read of a listed Secret.
#[derive(Default, Deserialize)]
pub(crate) struct SecretAnnotations {
    /// The cert-manager Certificate that makes it.
    #[serde(rename = "cert-manager.io/certificate-name")]
    pub(crate) certificate_name: Option<String>,
    #[serde(rename = "routing-secrets-policy/index")]
    pub(crate) index: Option<String>,
    #[serde(rename = "routing-secrets-policy/skip")]
    pub(crate) skip: Option<String>,
}

/// The annotations that make a controller order certificates for an Ingress; `more` are annotations of the
/// settings.
pub(crate) fn triggers(annotations: &Texts, more: &[String]) -> Vec<String> {
    names(annotations, |name, value| is_trigger(name, value, more))
}

/// The triggers of other issuers than cert-manager, which count for all kinds.
pub(crate) fn other_issuers(annotations: &Texts, more: &[String]) -> Vec<String> {
    names(annotations, |name, value| is_other_issuer(name, value, more))
}

/// Whether cert-manager makes certificates for a Gateway.
pub(crate) fn names_issuer(annotations: &Texts) -> bool {
    texts(annotations).any(|(name, value)| has(&CERT_MANAGER, name, value))
}

/// Whether something else than its Secrets decides who serves TLS; `more` are annotations of the settings.
pub(crate) fn is_served_elsewhere(annotations: &Texts, more: &[String]) -> bool {
    texts(annotations).any(|(name, value)| {
        has(&ELSEWHERE, name, value) || more.iter().any(|pattern| is_named(name, pattern))
    })
}

/// Whether the Secrets of an Ingress are those of another namespace.
pub(crate) fn reads_other_namespace(annotations: &Texts) -> bool {
    texts(annotations).any(|(name, value)| has(&[OTHER_NAMESPACE], name, value))
}

/// Whether annotations or listener options bring a certificate that is no Secret, as those of clouds do.
pub(crate) fn brings_certificate(annotations: &Texts) -> bool {
    texts(annotations).any(|(name, value)| {
        !is_of_cert_manager(name)
            && !name.starts_with(OUR_PREFIX)
            && !has(&OTHER_ISSUERS, name, value)
            && has_word(name, &CERTIFICATE_WORDS)
            && !has_word(name, &NO_CERTIFICATE_WORDS)
            && !value.is_empty()
            && !is_true(value)
            && !is_false(value)
    })
}

/// Whether the options of a listener say that its Secret alone does not decide how TLS is served.
pub(crate) fn has_other_options(options: &Texts) -> bool {
    options.contains_key(ISTIO_MODE) || brings_certificate(options)
}

/// The annotation by which something else reads a Secret, such as `auth-tls-secret` of ingress-nginx.
/// Annotations of cert-manager and of the policy, and other triggers, read none.
pub(crate) fn reader_of<'a>(secret: &str, annotations: &'a Texts, more: &[String]) -> Option<&'a str> {
    let is_secret = |word: &str| word.strip_suffix(CA_SUFFIX).unwrap_or(word) == secret || word == secret;
    let no_name = |char: char| !char.is_ascii_alphanumeric() && !matches!(char, '-' | '.');
    texts(annotations)
        .find(|(name, value)| {
            has_word(name, &SECRET_WORDS)
                && !is_of_cert_manager(name)
                && !name.starts_with(OUR_PREFIX)
                && !is_trigger(name, value, more)
                && value.split(no_name).any(is_secret)
        })
        .map(|(name, _)| name)
}

/// The names that are served with the certificate of a host besides it.
pub(crate) fn served_together(host: &str, annotations: &Texts) -> Vec<String> {
    // There is no redirection for a wildcard.
    let with_www =
        !host.starts_with('*') && texts(annotations).any(|(name, value)| has(&[WITH_WWW], name, value));
    let www = with_www.then(|| match host.split_at_checked("www.".len()) {
        Some((www, rest)) if www.eq_ignore_ascii_case("www.") => rest.to_owned(),
        _ => format!("www.{host}"),
    });
    texts(annotations)
        .filter(|(name, value)| has(&ALIASES, name, value))
        .flat_map(|(_, value)| value.split(',').map(str::trim))
        .filter(|alias| !alias.is_empty())
        .map(str::to_owned)
        .chain(www)
        .collect()
}

/// Whether something else fills a Secret.
pub(crate) fn is_mirror(annotations: &Texts) -> bool {
    texts(annotations).any(|(name, value)| has(&MIRRORS, name, value))
}

/// Whether cert-manager makes more for an object than a certificate for routing: a routing secret, a Secret
/// that something finds by its annotations, a certificate for more than servers, or one with other names.
pub(crate) fn makes_more_than_routing(annotations: &Texts, routing_label: &str) -> bool {
    texts(annotations).any(|(name, value)| match name {
        SECRET_TEMPLATE => {
            let template: Value = serde_json::from_str(value).unwrap_or_default();
            let annotations = template.get("annotations").and_then(Value::as_object);
            template.get("labels").is_some_and(|labels| labels.get(routing_label).is_some())
                || annotations.is_some_and(|annotations| !annotations.is_empty())
        }
        USAGES => !serves_only(value.split(',').map(str::trim)),
        _ => OTHER_NAMES.contains(&name),
    })
}

/// Whether a routing secret can take the place of a certificate with these usages.
pub(crate) fn serves_only<'a>(usages: impl Iterator<Item = &'a str> + Clone) -> bool {
    usages.clone().any(|usage| usage == SERVER_AUTH)
        && usages.clone().all(|usage| usage == SERVER_AUTH || OTHER_USAGES.contains(&usage))
}

fn is_of_cert_manager(name: &str) -> bool {
    let prefix = name.rsplit_once('/').map_or("", |(prefix, _)| prefix);
    prefix == "cert-manager.io" || prefix.ends_with(".cert-manager.io")
}

fn is_trigger(name: &str, value: &str, more: &[String]) -> bool {
    has(&CERT_MANAGER, name, value) || has(&[TLS_ACME], name, value) || is_other_issuer(name, value, more)
}

fn is_other_issuer(name: &str, value: &str, more: &[String]) -> bool {
    has(&OTHER_ISSUERS, name, value) || more.iter().any(|more| more == name)
}

fn any(_: &str) -> bool {
    true
}

fn is_enabled(value: &str) -> bool {
    is_true(value) || value == "enabled"
}

/// The words for true of Go's `strconv.ParseBool`, with which controllers read flags.
pub(crate) fn is_true(value: &str) -> bool {
    matches!(value, "1" | "t" | "T" | "TRUE" | "true" | "True")
}

fn is_false(value: &str) -> bool {
    matches!(value, "0" | "f" | "F" | "FALSE" | "false" | "False")
}

/// The annotations that are texts, as all are that an API server sends.
fn texts(annotations: &Texts) -> impl Iterator<Item = (&str, &str)> {
    annotations.iter().filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)))
}

fn names(annotations: &Texts, counts: impl Fn(&str, &str) -> bool) -> Vec<String> {
    texts(annotations).filter(|(name, value)| counts(name, value)).map(|(name, _)| name.to_owned()).collect()
}

/// Whether a row has this name and counts this value.
fn has(rows: &[Row], name: &str, value: &str) -> bool {
    rows.iter().any(|(pattern, counts)| is_named(name, pattern) && counts(value))
}

/// Whether a name is that of a row, of which `*/name` has any prefix.
fn is_named(name: &str, pattern: &str) -> bool {
    pattern.strip_prefix('*').map_or(name == pattern, |end| name.ends_with(end))
}

/// Whether the name of an annotation, without its prefix, has one of these words.
fn has_word(name: &str, words: &[&str]) -> bool {
    let own = name.rsplit('/').next().unwrap_or_default();
    own.split(|char: char| !char.is_ascii_alphanumeric()).any(|word| words.contains(&word))
}
