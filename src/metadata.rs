//! What objects of all kinds have.

use serde_json::value::{RawValue, to_raw_value};

use crate::{
    blank::{Blank, field},
    json::{Edits, Object, set},
};

/// The annotation that is its author's word that an object is none of our business.
const SKIP: &str = "routing-secrets-policy/skip";

/// The parts of an object that every kind has.
#[derive(Debug)]
pub struct Manifest<'a> {
    /// The object itself.
    pub root: &'a Object<'a>,
    /// `metadata`, which must be there.
    pub metadata: Object<'a>,
    /// `metadata.annotations`
    pub annotations: Object<'a>,
    /// `metadata.labels`
    pub labels: Object<'a>,
}

impl<'a> Manifest<'a> {
    /// Reads an object.
    ///
    /// # Errors
    /// The name of the field that is missing or of the wrong type; nothing of its content.
    pub fn parse(root: &'a Object<'a>) -> Result<Self, &'static str> {
        let metadata = root
            .get("metadata")
            .and_then(Object::parse)
            .ok_or("metadata")?;
        Ok(Self {
            annotations: metadata
                .object("annotations")
                .ok_or("metadata.annotations")?,
            labels: metadata.object("labels").ok_or("metadata.labels")?,
            root,
            metadata,
        })
    }

    /// Whether the object is being deleted.
    pub fn is_deleted(&self) -> bool {
        self.metadata.get("deletionTimestamp").is_some()
    }

    /// Whether its author says that it is none of our business.
    pub fn is_skipped(&self) -> bool {
        self.annotations.text(SKIP).as_deref() == Some("true")
    }

    /// `metadata` with other annotations; if none are left, their field is this blank.
    ///
    /// # Errors
    /// None that is known: what is written was read before.
    pub fn with_annotations(
        &self,
        edits: &Edits,
        blank: Option<Blank>,
    ) -> serde_json::Result<Box<RawValue>> {
        let annotations = self.annotations.edited(edits);
        let field = field(&annotations, annotations.is_empty(), blank)?;
        set(&self.metadata, "annotations", field)
    }

    /// The object with other members; `None` if that is no change.
    ///
    /// # Errors
    /// None that is known: what is written was read before.
    pub fn edited(&self, edits: &Edits) -> serde_json::Result<Option<Box<RawValue>>> {
        if edits.is_empty() {
            return Ok(None);
        }
        to_raw_value(&self.root.edited(edits)).map(Some)
    }
}

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
