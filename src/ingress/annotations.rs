//! What annotations of ingress controllers and clouds say about the certificates of an Ingress.

use serde_json::Value;

use crate::{
    admission::object::{self, OUR_PREFIX, Texts},
    cert_manager::is_true,
    settings::Settings,
};

/// Contour reads the Secrets of such an Ingress from another namespace
/// (`internal/dag/ingress_processor.go`).
const CONTOUR_NAMESPACE: &str = "projectcontour.io/tls-cert-namespace";
/// The older way to name the class of an Ingress.
const CLASS: &str = "kubernetes.io/ingress.class";
/// The pod terminates TLS, and reads a Secret itself: the names of ingress-nginx, HAProxy and others
/// (`ssl-passthrough`) and of Cilium (`tls-passthrough`, `operator/pkg/model/ingestion/ingress.go`).
const PASSTHROUGH: [&str; 2] = ["ssl-passthrough", "tls-passthrough"];
/// The same on OpenShift (`route-controller-manager`, `pkg/route/ingress/ingress.go`).
const OPENSHIFT_TERMINATION: &str = "route.openshift.io/termination";
/// A controller of Azure writes the Secret and the entry (AKS, application routing).
const KEY_VAULT: &str = "kubernetes.azure.com/tls-cert-keyvault-uri";
/// A minion with `tls` is refused (nginx/kubernetes-ingress, `internal/k8s/validation.go`,
/// `validateMinionSpec`).
const MERGEABLE: &str = "nginx.org/mergeable-ingress-type";
/// The load balancer of the cloud brings the certificate.
const CLOUD_CERTIFICATES: [&str; 4] = [
    "appgw.ingress.kubernetes.io/appgw-ssl-certificate",
    "alb.ingress.kubernetes.io/certificate-arn",
    "ingress.gcp.kubernetes.io/pre-shared-cert",
    "networking.gke.io/managed-certificates",
];
/// ingress-nginx answers for the host with and without `www.`
/// (`internal/ingress/annotations/redirect/redirect.go`).
const FROM_TO_WWW: &str = "nginx.ingress.kubernetes.io/from-to-www-redirect";
/// More names of each host, of ingress-nginx and haproxy-ingress (`annotations/alias`).
const SERVER_ALIAS: &str = "server-alias";
/// The words by which a name says that the value is a Secret with a certificate.
const SECRET_WORDS: [&str; 7] = ["secret", "tls", "ssl", "ca", "cert", "certificate", "crt"];

/// The annotations that are texts, as all are that an API server sends.
fn texts(annotations: &Texts) -> impl Iterator<Item = (&str, &str)> {
    let texts = annotations.iter();
    texts.filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)))
}

/// The name of an annotation without its prefix.
fn own_name(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or_default()
}

/// Whether the controller of an Ingress does not read its Secrets, or reads them in another namespace,
/// where the routing secrets of its own are of no use.
pub(crate) fn reads_other_secrets(ingress: &Value, settings: &Settings) -> bool {
    let classes = [
        object::text(ingress, "/spec/ingressClassName"),
        object::annotation(ingress, CLASS),
    ];
    let ignored = &settings.ingress.ignored_classes;
    let mut classes = classes.into_iter().flatten();
    object::annotation(ingress, CONTOUR_NAMESPACE).is_some()
        || classes.any(|class| ignored.iter().any(|ignored| ignored == class))
}

/// Whether something else than `spec.tls` decides who serves TLS: the pod, Azure, or the Ingress of which
/// this one is a part.
pub(super) fn is_served_otherwise(annotations: &Texts) -> bool {
    texts(annotations).any(|(name, value)| match name {
        OPENSHIFT_TERMINATION => value == "passthrough",
        KEY_VAULT => true,
        MERGEABLE => value == "minion",
        _ => {
            let is_passthrough = name.contains('/') && PASSTHROUGH.contains(&own_name(name));
            is_passthrough && (is_true(value) || value == "enabled")
        }
    })
}

/// Whether the load balancer of a cloud brings the certificate, so that hosts without a TLS entry are
/// served all the same.
pub(super) fn has_cloud_certificate(annotations: &Texts) -> bool {
    let mut names = CLOUD_CERTIFICATES.iter();
    names.any(|name| annotations.contains_key(*name))
}

/// The names that a controller serves with the certificate of a host besides it.
#[derive(Debug, Default)]
pub(super) struct Companions {
    with_www: bool,
    aliases: Vec<String>,
}

impl Companions {
    pub(super) fn of(annotations: &Texts) -> Self {
        let is_alias =
            |(name, _): &(&str, &str)| name.contains('/') && own_name(name) == SERVER_ALIAS;
        let aliases = texts(annotations).filter(is_alias);
        let aliases = aliases.flat_map(|(_, value)| value.split(',').map(str::trim));
        let redirects = annotations.get(FROM_TO_WWW).and_then(Value::as_str);
        Self {
            with_www: redirects.is_some_and(is_true),
            aliases: aliases
                .filter(|alias| !alias.is_empty())
                .map(str::to_owned)
                .collect(),
        }
    }

    /// The names that are served together with a host.
    pub(super) fn of_host(&self, host: &str) -> Vec<String> {
        let other = match host.get(..4) {
            Some(www) if www.eq_ignore_ascii_case("www.") => host.chars().skip(4).collect(),
            _ => format!("www.{host}"),
        };
        // There is no redirection for a wildcard.
        let other = (self.with_www && !host.starts_with('*')).then_some(other);
        self.aliases.iter().cloned().chain(other).collect()
    }
}

/// The annotation by which something else reads a Secret, such as `auth-tls-secret` of ingress-nginx for
/// the CA in it. Triggers, and annotations of the policy, name none.
pub(super) fn reader_of<'a>(
    secret: &str,
    namespace: &str,
    annotations: &'a Texts,
    triggers: &[String],
) -> Option<&'a str> {
    let is_reader = |(name, value): &(&str, &str)| {
        let value = match value.split_once('/') {
            Some((place, secret)) if place == namespace => secret,
            _ => value,
        };
        let mut words = own_name(name).split(|char: char| !char.is_ascii_alphanumeric());
        value == secret
            && words.any(|word| SECRET_WORDS.contains(&word))
            && !triggers.iter().any(|trigger| trigger == name)
            && !name.starts_with(OUR_PREFIX)
    };
    let mut readers = texts(annotations).filter(is_reader);
    readers.next().map(|(name, _)| name)
}
