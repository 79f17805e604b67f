//! What the record says of a Gateway or ListenerSet.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{blank::Blank, gateway::object::is_secret_name, record::read};

/// What was replaced in a Gateway or ListenerSet.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// The listeners that got another Secret, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub listeners: BTreeMap<String, Replaced>,
    /// The names that were appended to the list of ignored listeners, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ignored: Vec<String>,
    /// How `metadata.annotations` is written if the author has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blank: Option<Blank>,
}

/// The Secrets of a listener.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replaced {
    /// The author's.
    pub was: String,
    /// Ours.
    pub now: String,
}

impl Record {
    /// Reads the text of the annotation; `None` if this policy did not write it.
    pub fn parse(text: &str) -> Option<Self> {
        let record: Self = read(text)?;
        let mut replaced = record.listeners.values();
        replaced
            .all(|replaced| is_secret_name(&replaced.was))
            .then_some(record)
    }

    /// Whether nothing was replaced.
    pub fn is_empty(&self) -> bool {
        self.listeners.is_empty() && self.ignored.is_empty()
    }
}
