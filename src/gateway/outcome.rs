//! What becomes of a Gateway or ListenerSet: the listeners, annotations and record that are stored.

use std::borrow::Cow;

use serde_json::value::{RawValue, to_raw_value};

use crate::{
    blank::Blank,
    gateway::{
        ignored::{self, IGNORED},
        intent::{Ignored, Intent},
        object::{Gateway, Listener},
        plan::Plan,
        record::{Record, Replaced},
    },
    json::{Edits, set},
    keys::{Keys, text},
    record::{self, AnnotationEdits, RECORD, effective, fits},
};

/// What is to be stored, as far as it is ours to change.
#[derive(Debug)]
pub struct Outcome<'a> {
    /// The listeners whose Secret changes, by position.
    pub changes: Vec<Change<'a>>,
    /// Annotations to set or to remove, compared with the request.
    annotations: AnnotationEdits,
    blank: Option<Blank>,
}

/// A listener that is to name another Secret than in the request.
#[derive(Debug)]
pub struct Change<'a> {
    at: usize,
    /// The listener of the request.
    pub listener: &'a Listener<'a>,
    /// The Secret that it is to name.
    pub expected: &'a str,
    /// Whether that is a routing secret, rather than what the author named.
    pub is_routed: bool,
}

impl<'a> Outcome<'a> {
    /// What the author wants, changed as planned; an empty plan changes nothing.
    ///
    /// # Errors
    /// None that is known: what is written was read before.
    pub fn planned(intent: &'a Intent<'a>, plan: &Plan<'a>) -> serde_json::Result<Self> {
        let mut record = Record {
            blank: intent.blank,
            ..Record::default()
        };
        let mut changes = Vec::new();
        for (at, wanted) in intent.listeners.iter().enumerate() {
            let Some(was) = wanted.secret else { continue };
            let moved = plan.moved(at);
            if let Some(now) = moved {
                let replaced = Replaced {
                    was: was.to_owned(),
                    now: now.to_owned(),
                };
                record.listeners.set(&wanted.found.name, replaced);
            }
            let expected = moved.unwrap_or(was);
            if wanted.found.secret() != Some(expected) {
                changes.push(Change {
                    at,
                    listener: wanted.found,
                    expected,
                    is_routed: moved.is_some(),
                });
            }
        }
        let mut annotations = intent.restored.clone();
        if !plan.ignored.is_empty() {
            let list = match &intent.ignored {
                Ignored::List(list) => Some(list.as_str()),
                Ignored::Absent | Ignored::Unreadable => None,
            };
            let list = ignored::with(list, plan.ignored.iter().copied());
            annotations.set(IGNORED, Some(to_raw_value(&list)?));
            record.ignored = plan.ignored.iter().map(|name| (*name).to_owned()).collect();
        }
        if !record.is_empty() {
            let record = to_raw_value(&record::write(&record)?)?;
            annotations.set(RECORD, Some(record));
        }
        Ok(Self {
            changes,
            annotations,
            blank: intent.blank,
        })
    }

    /// Whether Kubernetes stores that many annotations.
    pub fn fits(&self, gateway: &Gateway<'_>) -> bool {
        fits(&gateway.manifest.annotations, &self.annotations)
    }

    /// The object in this form; `None` if it has it already.
    ///
    /// # Errors
    /// None that is known: what is written was read before.
    pub fn apply(&self, gateway: &Gateway<'_>) -> serde_json::Result<Option<Box<RawValue>>> {
        let mut root = Edits::new();
        let annotations = effective(&gateway.manifest.annotations, &self.annotations);
        if !annotations.is_empty() {
            let metadata = gateway
                .manifest
                .with_annotations(&annotations, self.blank)?;
            root.push(("metadata".to_owned(), Some(metadata)));
        }
        if !self.changes.is_empty() {
            let listeners = gateway.listeners.iter();
            let mut listeners: Vec<_> = listeners
                .map(|listener| Cow::Borrowed(listener.raw))
                .collect();
            for change in &self.changes {
                if let Some(listener) = listeners.get_mut(change.at) {
                    *listener = Cow::Owned(change.listener.with_secret(change.expected)?);
                }
            }
            let listeners = to_raw_value(&listeners)?;
            let spec = set(&gateway.spec, "listeners", Some(listeners))?;
            root.push(("spec".to_owned(), Some(spec)));
        }
        gateway.manifest.edited(&root)
    }

    /// The listeners that cert-manager is to ignore and those that it is no longer to ignore, compared
    /// with the request.
    pub fn ignored_changes(&self, gateway: &Gateway<'_>) -> (Vec<String>, Vec<String>) {
        let Some(list) = self.annotations.get(IGNORED) else {
            return Default::default();
        };
        let new = list
            .and_then(|list| serde_json::from_str::<String>(list.get()).ok())
            .unwrap_or_default();
        let old = gateway
            .manifest
            .annotations
            .text(IGNORED)
            .unwrap_or_default();
        let (new, old) = (ignored::names(&new), ignored::names(&old));
        let difference = |one: &Keys<'_>, other: &Keys<'_>| {
            let names = one.texts().filter(|name| !name.is_empty());
            let names = names.filter(|name| !other.contains(&text(*name)));
            names.map(str::to_owned).collect()
        };
        (difference(&new, &old), difference(&old, &new))
    }
}
