//! What cert-manager and its kin read: trigger annotations, secret templates, owners.

use serde_json::Value;

use crate::{admission::object::Texts, settings::Settings};

/// Presence is enough, even with an empty value (cert-manager,
/// `pkg/controller/certificate-shim/sync.go`, `hasShimAnnotation`).
const ISSUERS: [&str; 2] = ["cert-manager.io/issuer", "cert-manager.io/cluster-issuer"];
/// Counts with a true value only (cert-manager's `--auto-certificate-annotations`).
const TLS_ACME: &str = "kubernetes.io/tls-acme";
/// Other issuers' triggers, which count by their presence too (haproxy-ingress,
/// `pkg/converters/ingress/annotations`).
const SIGNERS: [&str; 2] = [
    "haproxy-ingress.github.io/cert-signer",
    "ingress.kubernetes.io/cert-signer",
];
/// Counts with the value `managed` (Gardener, `cert-management`, `pkg/controller/source`).
const GARDENER: &str = "cert.gardener.cloud/purpose";
/// What cert-manager's shims write into the Secrets they have made, as JSON (cert-manager 1.15).
const SECRET_TEMPLATE: &str = "cert-manager.io/secret-template";

/// Annotations of a Secret by which it is copied to other namespaces, or may be: those of Reflector
/// (`Mirroring/SecretMirror.cs`), replicator (`replicate/common/consts.go`) and config-syncer, once
/// kubed (`pkg/syncer/util.go`).
const COPIES: [&str; 5] = [
    "reflector.v1.k8s.emberstack.com/reflection-allowed",
    "replicator.v1.mittwald.de/replicate-to",
    "replicator.v1.mittwald.de/replicate-to-matching",
    "replicator.v1.mittwald.de/replication-allowed",
    "kubed.appscode.com/sync",
];

/// Whether a Secret with these annotations is copied to other namespaces.
pub(crate) fn copies_secrets(annotations: &Texts) -> bool {
    let is_set = |name: &&str| {
        let value = annotations.get(*name).and_then(Value::as_str);
        value.is_some_and(|value| value != "false")
    };
    COPIES.iter().any(is_set)
}

/// Whether an annotation names an issuer, which counts for all kinds.
pub(crate) fn names_issuer(annotations: &Texts) -> bool {
    ISSUERS.iter().any(|name| annotations.contains_key(*name))
}

/// The names of the annotations of an Ingress that make a controller order certificates, each once.
pub(crate) fn triggers(annotations: &Texts, settings: &Settings) -> Vec<String> {
    let more = settings
        .ingress
        .issuer_annotations
        .iter()
        .map(String::as_str);
    let has = |name: &str, is_on: fn(&str) -> bool| {
        let value = annotations.get(name).and_then(Value::as_str);
        value.is_some_and(is_on)
    };
    let by_value = [
        has(TLS_ACME, is_true).then_some(TLS_ACME),
        has(GARDENER, |value| value == "managed").then_some(GARDENER),
    ];
    let mut names = Vec::new();
    let by_presence = more.chain(ISSUERS).chain(SIGNERS);
    for name in by_presence.chain(by_value.into_iter().flatten()) {
        let is_text = annotations.get(name).is_some_and(Value::is_string);
        if is_text && !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names
}

/// Whether the Secrets that cert-manager's shims make for an object get the routing label, or are copied
/// to other namespaces, so that something else needs them.
pub(crate) fn makes_routing_secrets(annotations: &Texts, settings: &Settings) -> bool {
    let template = annotations.get(SECRET_TEMPLATE).and_then(Value::as_str);
    let template = template.and_then(|text| serde_json::from_str::<Value>(text).ok());
    template.is_some_and(|template| {
        let texts = |field: &str| template.get(field).and_then(Value::as_object);
        texts("labels").is_some_and(|labels| labels.contains_key(&settings.routing_label))
            || texts("annotations").is_some_and(copies_secrets)
    })
}

/// The words for true of Go's `strconv.ParseBool`, with which controllers read such values.
pub(crate) fn is_true(value: &str) -> bool {
    matches!(value, "1" | "t" | "T" | "TRUE" | "true" | "True")
}
