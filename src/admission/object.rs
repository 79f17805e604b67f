//! Metadata, annotations and fields of an object, which is a JSON value.

use serde::Deserialize;
use serde_json::{Map, Value, json};
use thiserror::Error;

/// What the policy's own annotations begin with.
pub(crate) const OUR_PREFIX: &str = "routing-secrets-policy/";
/// The annotation with which an author takes an object out of the policy's hands.
pub(crate) const SKIP: &str = "routing-secrets-policy/skip";
/// The size of all annotations of an object together that the API server stores, in bytes (Kubernetes,
/// `apimachinery/pkg/api/validation`, `TotalAnnotationSizeLimitB`).
const MAX_ANNOTATION_BYTES: usize = 256 * 1024;

/// Annotations or labels.
pub(crate) type Texts = Map<String, Value>;

/// A field is missing or of the wrong type. Its value is not quoted: it may be a key.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0} is missing or of the wrong type")]
pub(crate) struct MalformedField(String);

impl MalformedField {
    pub(crate) fn at(path: &str) -> Self {
        Self(path.to_owned())
    }
}

/// The field at a path such as `spec.tls`.
pub(crate) fn get<'a>(object: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(object, |value, name| value.get(name))
}

/// Reads the field at a path. An absent field is the default. Fails if it is of the wrong type.
pub(crate) fn field<'a, T>(object: &'a Value, path: &str) -> Result<T, MalformedField>
where
    T: Deserialize<'a> + Default,
{
    match get(object, path) {
        None | Some(Value::Null) => Ok(T::default()),
        Some(value) => T::deserialize(value).map_err(|_| MalformedField::at(path)),
    }
}

pub(crate) fn text<'a>(object: &'a Value, path: &str) -> Option<&'a str> {
    get(object, path)?.as_str()
}

pub(crate) fn annotation<'a>(object: &'a Value, name: &str) -> Option<&'a str> {
    get(object, "metadata.annotations")?.get(name)?.as_str()
}

pub(crate) fn label<'a>(object: &'a Value, name: &str) -> Option<&'a str> {
    get(object, "metadata.labels")?.get(name)?.as_str()
}

pub(crate) fn is_being_deleted(object: &Value) -> bool {
    text(object, "metadata.deletionTimestamp").is_some()
}

pub(crate) fn is_skipped(object: &Value) -> bool {
    annotation(object, SKIP) == Some("true")
}

/// The name of an object. The API server makes one from `generateName` only after admission.
pub(crate) fn name(object: &Value) -> &str {
    ["metadata.name", "metadata.generateName"]
        .into_iter()
        .filter_map(|pointer| text(object, pointer))
        .find(|name| !name.is_empty())
        .unwrap_or_default()
}

/// Sets a member. An empty map or list removes it, as the API server leaves it out (`omitempty`).
pub(crate) fn set(parent: &mut Value, name: &str, value: Value) {
    let Some(parent) = parent.as_object_mut() else {
        return;
    };
    if [json!(null), json!([]), json!({})].contains(&value) {
        parent.remove(name);
    } else {
        parent.insert(name.to_owned(), value);
    }
}

/// Sets `metadata.annotations`, if they are others than before.
pub(crate) fn set_annotations(object: &mut Value, annotations: Texts) {
    if let Some(metadata) = object.get_mut("metadata") {
        let current = metadata.get("annotations").and_then(Value::as_object);
        if current.map_or(!annotations.is_empty(), |current| *current != annotations) {
            set(metadata, "annotations", Value::Object(annotations));
        }
    }
}

/// Whether the API server stores these annotations.
pub(crate) fn fit(annotations: &Texts) -> bool {
    annotations.iter().map(|(name, value)| name.len() + value.as_str().map_or(0, str::len)).sum::<usize>()
        <= MAX_ANNOTATION_BYTES
}

/// Whether this can be the name of a Secret or of a namespace (Kubernetes,
/// `apimachinery/pkg/util/validation`, `IsDNS1123Subdomain`).
pub(crate) fn is_dns_subdomain(text: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let is_label = |label: &str| {
        !label.is_empty() && !label.starts_with('-') && !label.ends_with('-') && label.bytes().all(is_inner)
    };
    text.len() <= 253 && text.split('.').all(is_label)
}
