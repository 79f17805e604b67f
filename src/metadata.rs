//! What objects of all kinds have.

use crate::json::Object;

/// The annotation that is its author's word that an object is none of our business.
pub const SKIP: &str = "routing-secrets-policy/skip";

/// Kind, namespace and name of the object that has this metadata.
pub fn subject(kind: &str, metadata: &Object<'_>) -> String {
    let field = |name| metadata.text(name).filter(|text| !text.is_empty());
    let name = field("name")
        .or_else(|| field("generateName"))
        .unwrap_or_default();
    match field("namespace") {
        Some(namespace) => format!("{kind} {namespace}/{name}"),
        None => format!("{kind} {name}"),
    }
}

/// Whether this can be the name of a Secret or of a namespace
/// (Kubernetes, `apimachinery/pkg/util/validation`, `IsDNS1123Subdomain`).
pub fn is_name(text: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    text.len() <= 253 && text.split('.').all(is_label)
}
