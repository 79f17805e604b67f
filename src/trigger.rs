//! Annotations that make a controller issue certificates for an object.

use crate::{
    json::Object,
    keys::{Keys, text},
    settings::Settings,
};

/// Presence is enough, even with an empty value (cert-manager,
/// `pkg/controller/certificate-shim/sync.go`, `hasShimAnnotation`).
const BY_PRESENCE: [&str; 2] = ["cert-manager.io/issuer", "cert-manager.io/cluster-issuer"];
/// Counts with a true value only (cert-manager's `--auto-certificate-annotations`).
const BY_VALUE: &str = "kubernetes.io/tls-acme";
/// What cert-manager's shims write into the Secrets it has made, as JSON (cert-manager 1.15).
const SECRET_TEMPLATE: &str = "cert-manager.io/secret-template";

/// The names of the annotations that are there of those that count for all kinds.
pub fn issuers(annotations: &Object<'_>) -> impl Iterator<Item = &'static str> {
    BY_PRESENCE
        .into_iter()
        .filter(|name| annotations.raw(name).is_some())
}

/// The names of the trigger annotations of an Ingress that are there, each once.
pub fn triggers(annotations: &Object<'_>, settings: &Settings) -> Vec<String> {
    let more = settings.ingress.issuer_annotations.iter();
    let more = more.filter(|name| annotations.raw(name).is_some());
    let is_on = annotations
        .text(BY_VALUE)
        .is_some_and(|value| is_true(&value));
    let mut names: Keys<'_> = more.map(text).collect();
    for name in issuers(annotations).chain(is_on.then_some(BY_VALUE)) {
        names.add(text(name));
    }
    names.texts().map(str::to_owned).collect()
}

/// Whether the Secrets that cert-manager's shims make for an object get the routing label.
pub fn makes_routing_secrets(annotations: &Object<'_>, settings: &Settings) -> bool {
    let template = annotations.text(SECRET_TEMPLATE);
    let template = template.as_deref().and_then(Object::from_text);
    let labels = template.and_then(|template| template.object("labels"));
    labels.is_some_and(|labels| labels.raw(&settings.routing_label).is_some())
}

/// The words for true of Go's `strconv.ParseBool`, with which cert-manager reads the value.
fn is_true(value: &str) -> bool {
    matches!(value, "1" | "t" | "T" | "TRUE" | "true" | "True")
}
