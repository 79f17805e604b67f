//! The record of what the policy replaced in an Ingress, a Gateway or a ListenerSet: the annotation
//! `routing-secrets-policy/replaced`, compact JSON.
//!
//! Every review first undoes what the record says, then decides afresh and writes a new record. So
//! reviewing a result changes nothing, and the author's values come back when a routing secret goes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::object::{OUR_PREFIX, Texts, annotation};
use crate::ingress::TlsEntry;

/// The annotation that holds the record.
pub(crate) const RECORD: &str = "routing-secrets-policy/replaced";

/// What the author wrote, and what the policy wrote in its place.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Replaced<T> {
    pub(crate) original: T,
    pub(crate) applied: T,
}

/// What the policy replaced in an object.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(crate) struct Record {
    /// `spec.tls` of an Ingress.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tls: Option<Replaced<Vec<TlsEntry>>>,
    /// The Secrets of listeners, by the name of the listener.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) listeners: BTreeMap<String, Replaced<String>>,
    /// The listeners that cert-manager was told to ignore.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) ignored_listeners: Vec<String>,
    /// The annotations that were removed.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) annotations: BTreeMap<String, String>,
}

/// The record that an object carries.
#[derive(Debug, PartialEq)]
pub(crate) enum Found {
    /// The annotation is absent.
    Absent,
    /// The annotation is empty: its author makes the policy forget.
    Forgotten,
    /// The policy wrote it.
    Ours(Record),
    /// Somebody else wrote it.
    Foreign,
}

impl Found {
    /// Reads the annotation of an object.
    pub(crate) fn of(object: &Value) -> Self {
        match object
            .pointer("/metadata/annotations")
            .and_then(|all| all.get(RECORD))
        {
            None => Self::Absent,
            Some(Value::String(text)) if text.is_empty() => Self::Forgotten,
            Some(Value::String(text)) => Record::parse(text).map_or(Self::Foreign, Self::Ours),
            Some(_) => Self::Foreign,
        }
    }
}

impl Record {
    /// The record of the object that is stored now, for a request that lost it: server-side apply
    /// drops the annotations that nobody owns together with the last one that somebody does.
    pub(crate) fn of_old(old: Option<&Value>) -> Option<Self> {
        Self::parse(annotation(old?, RECORD)?)
    }

    /// Adds the annotation, unless nothing was replaced.
    pub(crate) fn write(&self, annotations: &mut Texts) -> serde_json::Result<()> {
        if *self != Self::default() {
            let text = serde_json::to_string(self)?;
            annotations.insert(RECORD.to_owned(), Value::String(text));
        }
        Ok(())
    }

    fn parse(text: &str) -> Option<Self> {
        let record: Self = serde_json::from_str(text).ok()?;
        let mut names = record.annotations.keys();
        // Serde takes an array for a struct, too; the policy writes none.
        let is_ours = text.starts_with('{') && !names.any(|name| name.starts_with(OUR_PREFIX));
        is_ours.then_some(record)
    }
}

/// The warning about an object whose record is not ours.
pub(crate) fn foreign_record() -> String {
    format!("left alone: annotation {RECORD} was not written by this policy; remove it")
}

/// The warning about an object whose record would not be stored.
pub(crate) fn oversized_record() -> String {
    format!("left as it is: annotation {RECORD} would be more than Kubernetes stores")
}
