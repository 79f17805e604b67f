//! What the record says of an Ingress.
//!
//! The author's entries of `spec.tls` that are no longer there and the Secret that each of their hosts
//! got, the hosts that had no entry, and the annotations that were removed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{blank::Blank, record};

/// What the names of this policy's own annotations begin with.
const OWN_PREFIX: &str = "routing-secrets-policy/";
/// More trigger annotations than anybody has.
const MOST_ANNOTATIONS: usize = 100;

/// What was replaced in an Ingress.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// The author's entries that are no longer there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tls: Vec<Replaced>,
    /// The hosts that had no entry, by the Secret they got.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub added: BTreeMap<String, Vec<String>>,
    /// Whether our entries have no hosts (setting `ingress.partlyCovered: omitHosts`).
    #[serde(default, skip_serializing_if = "is_false")]
    pub omitted: bool,
    /// The annotations that were removed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, Box<RawValue>>,
    /// Fields that were there, but empty, before something was put in.
    #[serde(default, skip_serializing_if = "Blanks::is_none")]
    pub blank: Blanks,
}

/// An entry of `spec.tls` that is no longer there.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replaced {
    /// Its position among the author's entries.
    pub at: usize,
    /// The entry as it was.
    pub was: Box<RawValue>,
    /// The hosts it stood for, if it named none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<String>,
    /// Where its hosts are now.
    pub now: Now,
    /// The position of the entry with the hosts that stayed, if some did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<usize>,
}

/// The Secrets of an entry's hosts.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Now {
    /// All hosts have this one.
    All(String),
    /// One Secret for each host, or none if the host stayed.
    Each(Vec<Option<String>>),
}

/// Where nothing was, and how that was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Blanks {
    /// `spec.tls`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<Blank>,
    /// `metadata.annotations`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub annotations: Option<Blank>,
}

impl Now {
    /// The shortest way to write this; `last` is the Secret of the entry if it stood for no host.
    pub fn of(secrets: Vec<Option<String>>, last: Option<&str>) -> Self {
        let first = secrets.first().map_or(last, Option::as_deref);
        match first {
            Some(first)
                if secrets
                    .iter()
                    .all(|secret| secret.as_deref() == Some(first)) =>
            {
                Self::All(first.to_owned())
            }
            _ => Self::Each(secrets),
        }
    }
}

impl Blanks {
    fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

impl Record {
    /// Reads the text of the annotation; `None` if this policy did not write it.
    pub fn parse(text: &str) -> Option<Self> {
        let record: Self = record::read(text)?;
        record.could_be_ours().then_some(record)
    }

    /// Whether the annotations are some that this policy could have removed.
    fn could_be_ours(&self) -> bool {
        self.annotations.len() <= MOST_ANNOTATIONS
            && self.annotations.iter().all(|(name, value)| {
                let is_text = value.get() == "null" || value.get().starts_with('"');
                is_text && !name.starts_with(OWN_PREFIX)
            })
    }

    /// The text of the annotation.
    ///
    /// # Errors
    /// None that is known: it is written to memory.
    pub fn to_text(&self) -> serde_json::Result<String> {
        record::write(self)
    }

    /// Whether nothing was replaced.
    pub fn is_empty(&self) -> bool {
        self.tls.is_empty() && self.added.is_empty() && self.annotations.is_empty()
    }
}

fn is_false(value: &bool) -> bool {
    !value
}

#[cfg(test)]
#[path = "record_tests.rs"]
mod tests;
