//! What the record says of an Ingress.
//!
//! The author's entries of `spec.tls` that are no longer there and the Secret that each of their hosts
//! got, the hosts that had no entry, and the annotations that were removed.

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::{
    blank::Blank,
    json::{self, Object, items},
    record::{self, object, texts},
};

/// What the names of this policy's own annotations begin with.
const OWN_PREFIX: &str = "routing-secrets-policy/";
/// More trigger annotations than anybody has.
const MOST_ANNOTATIONS: usize = 100;

/// What was replaced in an Ingress.
#[derive(Debug, Default, Serialize)]
pub struct Record {
    /// The author's entries that are no longer there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tls: Vec<Replaced>,
    /// The hosts that had no entry, by the Secret they got.
    #[serde(skip_serializing_if = "Vec::is_empty", serialize_with = "members")]
    pub added: Vec<(String, Vec<String>)>,
    /// Whether our entries have no hosts (setting `ingress.partlyCovered: omitHosts`).
    #[serde(skip_serializing_if = "is_false")]
    pub omitted: bool,
    /// The annotations that were removed.
    #[serde(skip_serializing_if = "Vec::is_empty", serialize_with = "members")]
    pub annotations: Vec<(String, Box<RawValue>)>,
    /// Fields that were there, but empty, before something was put in.
    #[serde(skip_serializing_if = "Blanks::is_none")]
    pub blank: Blanks,
}

/// An entry of `spec.tls` that is no longer there.
#[derive(Debug, Serialize)]
pub struct Replaced {
    /// Its position among the author's entries.
    pub at: usize,
    /// The entry as it was.
    pub was: Box<RawValue>,
    /// The hosts it stood for, if it named none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<String>,
    /// Where its hosts are now.
    pub now: Now,
    /// The position of the entry with the hosts that stayed, if some did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left: Option<usize>,
}

/// The Secrets of an entry's hosts.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Now {
    /// All hosts have this one.
    All(String),
    /// One Secret for each host, or none if the host stayed.
    Each(Vec<Option<String>>),
}

/// Where nothing was, and how that was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Blanks {
    /// `spec.tls`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<Blank>,
    /// `metadata.annotations`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub annotations: Option<Blank>,
}

impl Now {
    fn read(now: &RawValue) -> Option<Self> {
        if now.get().starts_with('"') {
            return serde_json::from_str(now.get()).ok().map(Self::All);
        }
        serde_json::from_str(now.get()).ok().map(Self::Each)
    }

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

impl Replaced {
    fn read(replaced: &RawValue) -> Option<Self> {
        let replaced = Object::parse(replaced)?;
        let known = ["at", "was", "hosts", "now", "left"];
        replaced.has_only(&known).then_some(Self {
            at: number(&replaced, "at")??,
            was: replaced.raw("was")?.to_owned(),
            hosts: texts(&replaced, "hosts")?,
            now: Now::read(replaced.raw("now")?)?,
            left: number(&replaced, "left")?,
        })
    }
}

impl Blanks {
    fn read(blanks: &Object<'_>) -> Option<Self> {
        blanks.has_only(&["tls", "annotations"]).then_some(Self {
            tls: Blank::recorded(blanks, "tls")?,
            annotations: Blank::recorded(blanks, "annotations")?,
        })
    }

    fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

impl Record {
    /// Reads the text of the annotation; `None` if this policy did not write it.
    pub fn parse(text: &str) -> Option<Self> {
        record::read(text, Self::read).filter(Self::could_be_ours)
    }

    fn read(record: &Object<'_>) -> Option<Self> {
        let known = ["tls", "added", "omitted", "annotations", "blank"];
        let tls = record.raw("tls").map_or(Some(Vec::new()), items)?;
        let added = object(record, "added")?;
        let added = added
            .members()
            .map(|(secret, hosts)| Some((secret.to_owned(), json::texts(hosts)?)));
        let annotations = object(record, "annotations")?;
        let annotations = annotations
            .members()
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        record.has_only(&known).then_some(Self {
            tls: tls.into_iter().map(Replaced::read).collect::<Option<_>>()?,
            added: added.collect::<Option<_>>()?,
            omitted: match record.raw("omitted").map(RawValue::get) {
                None | Some("false") => false,
                Some("true") => true,
                Some(_) => return None,
            },
            annotations: annotations.collect(),
            blank: Blanks::read(&object(record, "blank")?)?,
        })
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

/// A member that is a whole number from 0, if it is there; the outer `None` if it is something else.
fn number(record: &Object<'_>, name: &str) -> Option<Option<usize>> {
    match record.get(name) {
        Some(number) => number.get().parse().ok().map(Some),
        None => Some(None),
    }
}

/// Writes an object.
fn members<S: Serializer>(
    members: &[(String, impl Serialize)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(members.iter().map(|(name, value)| (name, value)))
}

fn is_false(value: &bool) -> bool {
    !value
}

#[cfg(test)]
#[path = "record_tests.rs"]
mod tests;
