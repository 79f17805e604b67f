//! What cert-manager and its kin read: trigger annotations, secret templates, owners.

use serde_json::Value;

use crate::{admission::object::Texts, settings::Settings};

/// Presence is enough, even with an empty value (cert-manager,
/// `pkg/controller/certificate-shim/sync.go`, `hasShimAnnotation`).
const ISSUERS: [&str; 2] = ["cert-manager.io/issuer", "cert-manager.io/cluster-issuer"];
/// Counts with a true value only (cert-manager's `--auto-certificate-annotations`).
const TLS_ACME: &str = "kubernetes.io/tls-acme";
/// What cert-manager's shims write into the Secrets they have made, as JSON (cert-manager 1.15).
const SECRET_TEMPLATE: &str = "cert-manager.io/secret-template";

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
    let is_on = annotations
        .get(TLS_ACME)
        .and_then(Value::as_str)
        .is_some_and(is_true);
    let mut names = Vec::new();
    for name in more.chain(ISSUERS).chain(is_on.then_some(TLS_ACME)) {
        let is_text = annotations.get(name).is_some_and(Value::is_string);
        if is_text && !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names
}

/// Whether the Secrets that cert-manager's shims make for an object get the routing label.
pub(crate) fn makes_routing_secrets(annotations: &Texts, settings: &Settings) -> bool {
    let template = annotations.get(SECRET_TEMPLATE).and_then(Value::as_str);
    let template = template.and_then(|text| serde_json::from_str::<Value>(text).ok());
    template.is_some_and(|template| {
        let labels = template.get("labels").and_then(Value::as_object);
        labels.is_some_and(|labels| labels.contains_key(&settings.routing_label))
    })
}

/// The words for true of Go's `strconv.ParseBool`, with which cert-manager reads the value.
fn is_true(value: &str) -> bool {
    matches!(value, "1" | "t" | "T" | "TRUE" | "true" | "True")
}
