//! Metadata, annotations and fields of an object, which is a JSON value.

use serde::Deserialize;
use serde_json::{Map, Value};

/// What the policy's own annotations begin with.
pub(crate) const OUR_PREFIX: &str = "routing-secrets-policy/";
/// The annotation with which an author takes an object out of the policy's hands.
pub(crate) const SKIP: &str = "routing-secrets-policy/skip";
/// What the API server takes of all annotations of an object together, in bytes
/// (Kubernetes, `apimachinery/pkg/api/validation`, `TotalAnnotationSizeLimitB`).
const MOST_ANNOTATION_BYTES: usize = 256 * 1024;

/// Annotations or labels.
pub(crate) type Texts = Map<String, Value>;

/// Reads the field at a JSON pointer; what is absent is the default, `None` if it is of the wrong
/// type.
pub(crate) fn field<'a, T>(object: &'a Value, pointer: &str) -> Option<T>
where
    T: Deserialize<'a> + Default,
{
    match object.pointer(pointer) {
        None | Some(Value::Null) => Some(T::default()),
        Some(value) => T::deserialize(value).ok(),
    }
}

/// The text at a JSON pointer.
pub(crate) fn text<'a>(object: &'a Value, pointer: &str) -> Option<&'a str> {
    object.pointer(pointer)?.as_str()
}

/// The value of an annotation.
pub(crate) fn annotation<'a>(object: &'a Value, name: &str) -> Option<&'a str> {
    object
        .get("metadata")?
        .get("annotations")?
        .get(name)?
        .as_str()
}

/// The value of a label.
pub(crate) fn label<'a>(object: &'a Value, name: &str) -> Option<&'a str> {
    object.get("metadata")?.get("labels")?.get(name)?.as_str()
}

/// Whether the object is being deleted.
pub(crate) fn is_being_deleted(object: &Value) -> bool {
    text(object, "/metadata/deletionTimestamp").is_some()
}

/// Whether its author takes the object out of the policy's hands.
pub(crate) fn is_skipped(object: &Value) -> bool {
    annotation(object, SKIP) == Some("true")
}

/// Kind and name of an object, for warnings.
pub(crate) fn name(kind: &str, object: &Value) -> String {
    format!("{kind} {}", own_name(object))
}

fn own_name(object: &Value) -> &str {
    let field = |pointer| text(object, pointer).filter(|text| !text.is_empty());
    // The API server makes up a name from `generateName` only after admission.
    let name = field("/metadata/name").or_else(|| field("/metadata/generateName"));
    name.unwrap_or_default()
}

/// Kind, namespace and name of an object, for messages.
pub(crate) fn describe(kind: &str, object: &Value) -> String {
    match text(object, "/metadata/namespace").filter(|text| !text.is_empty()) {
        Some(namespace) => format!("{kind} {namespace}/{}", own_name(object)),
        None => name(kind, object),
    }
}

/// Puts a member in the place of the one of this name; an empty map or list removes it, as the API
/// server leaves it out (`omitempty`).
pub(crate) fn set(parent: &mut Value, name: &str, value: Value) {
    let is_empty = match &value {
        Value::Object(members) => members.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => value.is_null(),
    };
    let Some(parent) = parent.as_object_mut() else {
        return;
    };
    if is_empty {
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

/// Whether the API server stores so many annotations.
pub(crate) fn fit(annotations: &Texts) -> bool {
    let bytes = annotations
        .iter()
        .map(|(name, value)| name.len() + value.as_str().map_or(0, str::len));
    bytes.sum::<usize>() <= MOST_ANNOTATION_BYTES
}

/// Whether this can be the name of a Secret or of a namespace
/// (Kubernetes, `apimachinery/pkg/util/validation`, `IsDNS1123Subdomain`).
pub(crate) fn is_dns_subdomain(text: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let is_label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(is_inner)
    };
    text.len() <= 253 && text.split('.').all(is_label)
}
