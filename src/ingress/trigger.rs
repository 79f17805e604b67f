//! Annotations that make a controller issue certificates for an Ingress.

use serde::Deserialize;

use crate::{json::Object, settings::Settings};

/// Presence is enough, even with an empty value (cert-manager,
/// `pkg/controller/certificate-shim/sync.go`, `hasShimAnnotation`).
const BY_PRESENCE: [&str; 2] = ["cert-manager.io/issuer", "cert-manager.io/cluster-issuer"];
/// Counts with a true value only (cert-manager's `--auto-certificate-annotations`).
const BY_VALUE: &str = "kubernetes.io/tls-acme";
/// What ingress-shim writes into the Secrets it has made, as JSON (cert-manager 1.15).
const SECRET_TEMPLATE: &str = "cert-manager.io/secret-template";

/// The names of the trigger annotations that are there, each once.
pub fn triggers(annotations: &Object<'_>, settings: &Settings) -> Vec<String> {
    let by_presence = BY_PRESENCE.into_iter().chain(
        settings
            .ingress
            .issuer_annotations
            .iter()
            .map(String::as_str),
    );
    let mut names: Vec<_> = by_presence
        .filter(|name| annotations.raw(name).is_some())
        .map(str::to_owned)
        .collect();
    if annotations
        .text(BY_VALUE)
        .is_some_and(|value| is_true(&value))
    {
        names.push(BY_VALUE.to_owned());
    }
    names.sort();
    names.dedup();
    names
}

/// Whether the Secrets that ingress-shim makes get the routing label.
pub fn makes_routing_secrets(annotations: &Object<'_>, settings: &Settings) -> bool {
    #[derive(Deserialize)]
    struct Template<'a> {
        #[serde(borrow)]
        labels: Object<'a>,
    }
    annotations.text(SECRET_TEMPLATE).is_some_and(|template| {
        serde_json::from_str::<Template<'_>>(&template)
            .is_ok_and(|template| template.labels.raw(&settings.routing_label).is_some())
    })
}

/// The words for true of Go's `strconv.ParseBool`, with which cert-manager reads the value.
fn is_true(value: &str) -> bool {
    matches!(value, "1" | "t" | "T" | "TRUE" | "true" | "True")
}
