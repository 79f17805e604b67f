//! The annotation that holds the record of what was replaced in an object.
//!
//! Compact JSON, whose members depend on the kind. A record of thousands of hosts is packed, because
//! Kubernetes stores no more than 256 KiB of annotations.

mod gzip;

use base64_simd::STANDARD;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::{
    decision::Decision,
    json::{self, Edits, Object, Text, is_same},
};

/// The annotation that holds the record.
pub const RECORD: &str = "routing-secrets-policy/replaced";

/// What a packed record begins with; base64 of gzip follows.
const PACKED: &str = "gzip:";
/// A longer record is packed.
pub const LONGEST_PLAIN: usize = 32 * 1024;
/// The longest record that is unpacked. A real one is not much longer than its object, of which etcd
/// stores 1.5 MiB.
const LONGEST_UNPACKED: usize = 4 * 1024 * 1024;
/// What the API server takes of all annotations of an object together
/// (Kubernetes, `apimachinery/pkg/api/validation`, `TotalAnnotationSizeLimitB`).
const MOST_ANNOTATION_BYTES: usize = 256 * 1024;

/// Annotations to set or to remove, each once, in the order of their names.
#[derive(Clone, Debug, Default)]
pub struct AnnotationEdits(Edits);

impl AnnotationEdits {
    /// One annotation to set or to remove.
    pub fn of(name: &str, value: Option<Box<RawValue>>) -> Self {
        Self(vec![(name.to_owned(), value)])
    }

    /// Sets or removes an annotation, whatever was to be done to it before.
    pub fn set(&mut self, name: &str, value: Option<Box<RawValue>>) {
        match self.place(name) {
            Ok(place) => {
                if let Some((_, old)) = self.0.get_mut(place) {
                    *old = value;
                }
            }
            Err(place) => self.0.insert(place, (name.to_owned(), value)),
        }
    }

    /// What is done to an annotation; the inner `None` if it is removed.
    pub fn get(&self, name: &str) -> Option<Option<&RawValue>> {
        let (_, value) = self.0.get(self.place(name).ok()?)?;
        Some(value.as_deref())
    }

    /// What is done, one annotation after another.
    pub fn edits(&self) -> &Edits {
        &self.0
    }

    fn place(&self, name: &str) -> Result<usize, usize> {
        self.0
            .binary_search_by(|(other, _)| other.as_str().cmp(name))
    }
}

/// What `parse` makes of the record in these annotations, nothing being the default; `None` if this
/// policy did not write it.
pub fn past<T: Default>(
    annotations: &Object<'_>,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Option<T> {
    match annotations.get(RECORD) {
        Some(_) => parse(&annotations.text(RECORD)?),
        None => Some(T::default()),
    }
}

/// What `parse` makes of the text of the annotation; `None` if this policy did not write it.
pub fn read<T>(text: &str, parse: impl FnOnce(&Object<'_>) -> Option<T>) -> Option<T> {
    let unpacked = text.strip_prefix(PACKED).map(unpack);
    let json = match &unpacked {
        Some(unpacked) => unpacked.as_deref()?,
        None => text,
    };
    // White space would do for JSON, but we do not write that.
    parse(&Object::from_text(json).filter(|_| json.starts_with('{'))?)
}

/// A member of a record that is an object, empty if it is absent; `None` if it is of another type.
pub fn object<'a>(record: &Object<'a>, name: &str) -> Option<Object<'a>> {
    let member = record.raw(name);
    member.map_or_else(|| Some(Object::default()), Object::parse)
}

/// A member of a record that is a list of strings, empty if it is absent; `None` if it is of another
/// type.
pub fn texts(record: &Object<'_>, name: &str) -> Option<Vec<String>> {
    record.raw(name).map_or(Some(Vec::new()), json::texts)
}

/// The text of the annotation.
///
/// # Errors
/// None that is known: it is written to memory.
pub fn write(record: &impl Serialize) -> serde_json::Result<String> {
    let json = serde_json::to_string(record)?;
    if json.len() <= LONGEST_PLAIN {
        return Ok(json);
    }
    let packed = gzip::pack(json.as_bytes());
    Ok(format!("{PACKED}{}", STANDARD.encode_to_string(packed)))
}

/// The answer about an object whose record is not ours.
pub fn foreign_record() -> Decision {
    Decision::accept().warn([format!(
        "left alone: annotation {RECORD} was not written by this policy; remove it"
    )])
}

/// The warning about an object whose record would not be stored.
pub fn oversized_record() -> String {
    format!("left as it is: annotation {RECORD} would be more than Kubernetes stores")
}

/// Whether Kubernetes stores that many annotations.
pub fn fits(annotations: &Object<'_>, edits: &AnnotationEdits) -> bool {
    let kept = annotations
        .members()
        .filter(|(name, _)| edits.get(name).is_none());
    let set = edits
        .edits()
        .iter()
        .filter_map(|(name, value)| Some((name.as_str(), value.as_deref()?)));
    let length = |value: &RawValue| {
        let text = serde_json::from_str(value.get());
        text.map_or(0, |text: Text<'_>| text.as_str().len())
    };
    let bytes: usize = kept
        .chain(set)
        .map(|(name, value)| name.len() + length(value))
        .sum();
    bytes <= MOST_ANNOTATION_BYTES
}

/// Those edits that make a difference to these annotations.
pub fn effective(annotations: &Object<'_>, edits: &AnnotationEdits) -> Edits {
    let changed = edits
        .edits()
        .iter()
        .filter(|(name, new)| match (annotations.raw(name), new) {
            (Some(old), Some(new)) => !is_same(old, new),
            (old, new) => old.is_some() || new.is_some(),
        });
    changed.cloned().collect()
}

fn unpack(base64: &str) -> Option<String> {
    let packed = STANDARD.decode_to_vec(base64).ok()?;
    String::from_utf8(gzip::unpack(&packed, LONGEST_UNPACKED)?).ok()
}
