//! What becomes of an Ingress: the entries, annotations and record that are stored.

use serde_json::value::{RawValue, to_raw_value};

use crate::{
    blank::field,
    ingress::{
        intent::Intent,
        object::{Ingress, TlsEntry},
        plan::{Fate, Piece, Plan, PlannedEntry},
        record::{Blanks, Now, Record, Replaced},
    },
    json::{Edits, compact, set},
    keys::{Keyed, text},
    record::{self, AnnotationEdits, RECORD},
};

/// What is to be stored, as far as it is ours to change.
#[derive(Debug)]
pub struct Outcome<'a> {
    tls: Vec<Entry<'a>>,
    /// Annotations to set or to remove, compared with the request.
    annotations: AnnotationEdits,
    blank: Blanks,
}

/// An entry of `spec.tls`.
#[derive(Debug)]
enum Entry<'a> {
    /// As its author wrote it.
    Theirs(&'a TlsEntry<'a>),
    /// As we write it.
    Ours(TlsEntry<'static>),
}

/// How a plan is carried out.
#[derive(Clone, Copy, Debug, Default)]
pub struct Means<'a> {
    /// The trigger annotations to remove.
    pub remove: &'a [String],
    /// Whether the entries of routing secrets lose their hosts.
    pub omit_hosts: bool,
}

impl<'a> Outcome<'a> {
    /// What the author wants and nothing else.
    pub fn intended(intent: &'a Intent<'_>) -> Self {
        Self {
            tls: intent.tls.iter().map(Entry::Theirs).collect(),
            annotations: intent.restored.clone(),
            blank: intent.blank,
        }
    }

    /// What the author wants, changed as planned.
    ///
    /// # Errors
    /// None that is known: what is written was read before.
    pub fn planned(
        intent: &'a Intent<'_>,
        plan: &Plan,
        means: Means<'_>,
    ) -> serde_json::Result<Self> {
        let mut outcome = Self {
            tls: Vec::new(),
            ..Self::intended(intent)
        };
        let mut written = Vec::new();
        for entry in plan.entries(means.omit_hosts) {
            let base = entry
                .pieces
                .first()
                .and_then(|piece| intent.tls.get(piece.origin?));
            let omits = means.omit_hosts && entry.is_served();
            let same = base.filter(|base| entry.is_verbatim() && (base.hosts.is_empty() || !omits));
            if let Some(same) = same {
                outcome.tls.push(Entry::Theirs(same));
            } else {
                let hosts = (!omits).then(|| entry.hosts());
                let new = TlsEntry::write(base, hosts, entry.secret)?;
                written.push((outcome.tls.len(), entry));
                outcome.tls.push(Entry::Ours(new));
            }
        }
        let mut record = Record {
            omitted: means.omit_hosts,
            blank: intent.blank,
            ..record_of(intent, &written)?
        };
        for name in means.remove {
            if let Some(value) = intent.annotations.raw(name) {
                record.annotations.push((name.clone(), value.to_owned()));
                outcome.annotations.set(name, None);
            }
        }
        if !record.is_empty() {
            let record = to_raw_value(&record.to_text()?)?;
            outcome.annotations.set(RECORD, Some(record));
        }
        Ok(outcome)
    }

    /// Whether Kubernetes stores that many annotations.
    pub fn fits(&self, intent: &Intent<'_>) -> bool {
        record::fits(&intent.annotations, &self.annotations)
    }

    /// The Ingress in this form; `None` if it has it already.
    ///
    /// # Errors
    /// None that is known: what is written was read before.
    pub fn apply(&self, ingress: &Ingress<'_>) -> serde_json::Result<Option<Box<RawValue>>> {
        let mut root = Edits::new();
        let annotations = record::effective(&ingress.manifest.annotations, &self.annotations);
        if !annotations.is_empty() {
            let metadata = ingress
                .manifest
                .with_annotations(&annotations, self.blank.annotations)?;
            root.push(("metadata".to_owned(), Some(metadata)));
        }
        let mut pairs = self.tls().zip(&ingress.tls);
        if self.tls.len() != ingress.tls.len() || !pairs.all(|(new, old)| new.is_same(old)) {
            let tls: Vec<_> = self.tls().map(|entry| &entry.raw).collect();
            let field = field(&tls, tls.is_empty(), self.blank.tls)?;
            root.push(("spec".to_owned(), Some(set(&ingress.spec, "tls", field)?)));
        }
        ingress.manifest.edited(&root)
    }

    /// The entries of `spec.tls` afterwards.
    pub fn tls(&self) -> impl Iterator<Item = &TlsEntry<'_>> + Clone {
        self.tls.iter().map(|entry| match entry {
            Entry::Theirs(entry) => *entry,
            Entry::Ours(entry) => entry,
        })
    }

    /// Whether an annotation that the author wants stays.
    pub fn keeps_annotation(&self, name: &str) -> bool {
        !matches!(self.annotations.get(name), Some(None))
    }

    /// The annotations of the request that are not there afterwards, but for the record.
    pub fn removed_annotations(&self, ingress: &Ingress<'_>) -> Vec<&str> {
        let edits = self.annotations.edits().iter();
        let removed = edits.filter(|(_, value)| value.is_none());
        let names = removed
            .map(|(name, _)| name.as_str())
            .filter(|name| *name != RECORD);
        names
            .filter(|name| ingress.manifest.annotations.raw(name).is_some())
            .collect()
    }
}

/// Where the hosts of an entry of the author go.
#[derive(Default)]
struct Replacement<'a> {
    /// The Secret of the last entry that took some of them in.
    secret: Option<&'a str>,
    /// The Secret of each host; `None` if it stays.
    secrets: Keyed<'a, Option<&'a str>>,
    /// The position of the entry with those that stay.
    left: Option<usize>,
}

/// The record of what these entries replace.
fn record_of(
    intent: &Intent<'_>,
    written: &[(usize, PlannedEntry<'_>)],
) -> serde_json::Result<Record> {
    let mut replaced: Vec<_> = intent.tls.iter().map(|_| None).collect();
    let mut added: Keyed<'_, Vec<String>> = Keyed::default();
    for (position, entry) in written {
        let has_stayed = matches!(
            entry.pieces.as_slice(),
            [Piece {
                fate: Fate::Left,
                ..
            }]
        );
        for piece in &entry.pieces {
            match (piece.origin, entry.secret) {
                (Some(origin), secret) => {
                    let Some(replaced) = replaced.get_mut(origin) else {
                        continue;
                    };
                    let replaced: &mut Replacement<'_> = replaced.get_or_insert_default();
                    replaced.secret = secret.filter(|_| !has_stayed);
                    if has_stayed {
                        replaced.left = Some(*position);
                    }
                    for host in &piece.hosts {
                        replaced.secrets.set(text(host), replaced.secret);
                    }
                }
                (None, Some(secret)) => added.update(text(secret), |hosts| {
                    hosts.extend(piece.hosts.iter().cloned());
                }),
                (None, None) => {}
            }
        }
    }
    let mut record = Record::default();
    for (at, (entry, replaced)) in intent.tls.iter().zip(replaced).enumerate() {
        let Some(replaced) = replaced else { continue };
        let hosts = intent.hosts_of(at);
        let now = hosts.iter().map(|host| {
            let secret = replaced.secrets.get(&text(host)).copied().flatten();
            secret.map(str::to_owned)
        });
        record.tls.push(Replaced {
            at,
            was: compact(&entry.raw)?,
            hosts: if entry.hosts.is_empty() {
                hosts.to_vec()
            } else {
                Vec::new()
            },
            now: Now::of(now.collect(), replaced.secret),
            left: replaced.left,
        });
    }
    let added = added.iter();
    record.added = added
        .map(|((secret, _), hosts)| (secret.as_ref().to_owned(), hosts.clone()))
        .collect();
    Ok(record)
}
