//! The record of what was replaced, as the annotation writes it.
//!
//! Compact JSON: the author's entries of `spec.tls` that are no longer there and the Secret that each
//! of their hosts got, the hosts that had no entry, and the annotations that were removed. A record of
//! thousands of hosts is packed, because Kubernetes stores no more than 256 KiB of annotations.

use std::{
    collections::BTreeMap,
    io::{Read, Write},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::blank::Blank;

/// The annotation that holds the record.
pub const RECORD: &str = "routing-secrets-policy/replaced";

/// What the names of this policy's own annotations begin with.
const OWN_PREFIX: &str = "routing-secrets-policy/";
/// What a packed record begins with; base64 of gzip follows.
const PACKED: &str = "gzip:";
/// A longer record is packed.
const LONGEST_PLAIN: usize = 32 * 1024;
/// The longest record that is unpacked. A real one is not much longer than its Ingress, of which etcd
/// stores 1.5 MiB.
const LONGEST_UNPACKED: u64 = 4 * 1024 * 1024;
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
        let unpacked = text.strip_prefix(PACKED).map(unpack);
        let json = match &unpacked {
            Some(unpacked) => unpacked.as_deref()?,
            None => text,
        };
        // An array would do for serde, but we do not write that.
        let record: Self = json
            .starts_with('{')
            .then(|| serde_json::from_str(json).ok())
            .flatten()?;
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
        let json = serde_json::to_string(self)?;
        if json.len() <= LONGEST_PLAIN {
            return Ok(json);
        }
        let mut packed = GzEncoder::new(Vec::new(), Compression::default());
        let packed = packed
            .write_all(json.as_bytes())
            .and_then(|()| packed.finish());
        Ok(format!(
            "{PACKED}{}",
            STANDARD.encode(packed.map_err(serde_json::Error::io)?)
        ))
    }

    /// Whether nothing was replaced.
    pub fn is_empty(&self) -> bool {
        self.tls.is_empty() && self.added.is_empty() && self.annotations.is_empty()
    }
}

fn unpack(base64: &str) -> Option<String> {
    let packed = STANDARD.decode(base64).ok()?;
    let mut json = String::new();
    GzDecoder::new(packed.as_slice())
        .take(LONGEST_UNPACKED)
        .read_to_string(&mut json)
        .ok()?;
    Some(json)
}

fn is_false(value: &bool) -> bool {
    !value
}

#[cfg(test)]
#[path = "record_tests.rs"]
mod tests;
