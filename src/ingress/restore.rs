//! From what an Ingress is to what its author wants: the record undone.
//!
//! Only what still holds our value is restored: a host that the author has meanwhile given another
//! Secret, or an annotation that is there again, stays as it is.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use serde_json::value::RawValue;

use crate::{
    ingress::{
        object::{Ingress, TlsEntry},
        record::{Blanks, Now, RECORD, Record},
    },
    json::Edits,
};

/// A record that was read and can be undone.
#[derive(Debug, Default)]
pub struct Past {
    lost: Vec<Lost>,
    added: Vec<(String, String)>,
    omitted: bool,
    annotations: BTreeMap<String, Box<RawValue>>,
    /// Where nothing was.
    pub blank: Blanks,
}

/// An entry of the author that is no longer there.
#[derive(Debug)]
struct Lost {
    at: usize,
    entry: TlsEntry<'static>,
    /// Its hosts, or those it stood for, and the Secret each of them got.
    hosts: Vec<(String, Option<String>)>,
}

/// A host, in lower case, and its Secret.
type Pair<'a> = (String, &'a str);

impl Past {
    /// Reads a record; `None` if this policy did not write it.
    pub fn parse(text: &str) -> Option<Self> {
        let record: Record = serde_json::from_str(text).ok()?;
        let added = record
            .added
            .into_iter()
            .flat_map(|(secret, hosts)| hosts.into_iter().map(move |host| (host, secret.clone())));
        let mut past = Self {
            added: added.collect(),
            omitted: record.omitted,
            annotations: record.annotations,
            blank: record.blank,
            lost: Vec::new(),
        };
        for replaced in record.tls {
            let entry = TlsEntry::parse(Cow::Owned(replaced.was))?;
            let hosts = if replaced.hosts.is_empty() {
                entry.hosts.clone()
            } else {
                replaced.hosts
            };
            let secrets = match replaced.now {
                Now::All(secret) => vec![Some(secret); hosts.len()],
                Now::Each(secrets) => secrets,
            };
            if secrets.len() != hosts.len() {
                return None;
            }
            past.lost.push(Lost {
                at: replaced.at,
                entry,
                hosts: hosts.into_iter().zip(secrets).collect(),
            });
        }
        past.lost.sort_by_key(|lost| lost.at);
        Some(past)
    }

    /// The annotations of the author, as changes to those that are there.
    pub fn annotation_edits(&self, ingress: &Ingress<'_>) -> Edits {
        let removed = self
            .annotations
            .iter()
            .filter(|(name, _)| ingress.annotations.raw(name).is_none());
        let restored = removed.map(|(name, value)| (name.clone(), Some(value.clone())));
        restored.chain([(RECORD.to_owned(), None)]).collect()
    }

    /// The entries of the author.
    pub fn tls<'a>(&'a self, ingress: &Ingress<'a>) -> serde_json::Result<Vec<TlsEntry<'a>>> {
        let ours = self.ours();
        let held = self.held(&ours, &ingress.tls);
        let mut remaining: Vec<_> = self
            .without(&ours, &ingress.tls)?
            .into_iter()
            .map(Some)
            .collect();
        let places = places(&remaining);
        let mut restored = Vec::new();
        for lost in &self.lost {
            let place = lost.leftover(&places);
            let leftover = place
                .and_then(|place| remaining.get_mut(place))
                .and_then(Option::take);
            if let Some(entry) = lost.restore(&held, leftover)? {
                restored.push((lost.at, entry));
            }
        }
        Ok(merge(remaining.into_iter().flatten(), restored))
    }

    /// Every host that got a Secret from us, and that Secret.
    fn ours(&self) -> BTreeSet<Pair<'_>> {
        let replaced = self.lost.iter().flat_map(|lost| &lost.hosts);
        let replaced = replaced.filter_map(|(host, secret)| Some((host, secret.as_ref()?)));
        let added = self.added.iter().map(|(host, secret)| (host, secret));
        replaced
            .chain(added)
            .map(|(host, secret)| pair(host, secret))
            .collect()
    }

    /// Those hosts that still have that Secret.
    fn held<'a>(&self, ours: &BTreeSet<Pair<'a>>, tls: &[TlsEntry<'_>]) -> BTreeSet<Pair<'a>> {
        let mut named = BTreeSet::new();
        let mut without_hosts = BTreeSet::new();
        for entry in tls {
            let secret = entry.secret.as_deref().unwrap_or_default();
            named.extend(entry.hosts.iter().map(|host| pair(host, secret)));
            if self.omitted && entry.hosts.is_empty() {
                without_hosts.insert(secret);
            }
        }
        let is_held = |pair: &&Pair<'a>| named.contains(*pair) || without_hosts.contains(pair.1);
        ours.iter().filter(is_held).cloned().collect()
    }

    /// The entries less what is ours in them.
    fn without<'a>(
        &self,
        ours: &BTreeSet<Pair<'_>>,
        tls: &[TlsEntry<'a>],
    ) -> serde_json::Result<Vec<TlsEntry<'a>>> {
        let secrets: BTreeSet<&str> = ours.iter().map(|(_, secret)| *secret).collect();
        let mut remaining = Vec::new();
        for entry in tls {
            let secret = entry.secret.as_deref().unwrap_or_default();
            let theirs: Vec<_> = entry
                .hosts
                .iter()
                .filter(|host| !ours.contains(&pair(host, secret)))
                .cloned()
                .collect();
            if entry.hosts.is_empty() {
                if !(self.omitted && secrets.contains(secret)) {
                    remaining.push(entry.clone());
                }
            } else if theirs.len() == entry.hosts.len() {
                remaining.push(entry.clone());
            } else if !theirs.is_empty() {
                remaining.push(entry.with_hosts(theirs)?);
            }
        }
        Ok(remaining)
    }
}

impl Lost {
    /// The place of the entry that holds the hosts that stayed.
    fn leftover(&self, places: &BTreeMap<(String, Option<String>), usize>) -> Option<usize> {
        let stayed = self.hosts.iter().filter(|(_, secret)| secret.is_none());
        let mut found = stayed.filter_map(|(host, _)| {
            places.get(&(host.to_ascii_lowercase(), self.entry.secret.clone()))
        });
        found.next().copied()
    }

    /// The entry as it was, as far as its hosts are still there.
    fn restore(
        &self,
        held: &BTreeSet<Pair<'_>>,
        leftover: Option<TlsEntry<'_>>,
    ) -> serde_json::Result<Option<TlsEntry<'_>>> {
        let mut stayed: BTreeMap<_, _> = leftover
            .into_iter()
            .flat_map(|leftover| leftover.hosts)
            .map(|host| (host.to_ascii_lowercase(), host))
            .collect();
        let is_there = |host: &str, secret: Option<&str>| match secret {
            Some(secret) => held.contains(&pair(host, secret)),
            None => stayed.contains_key(&host.to_ascii_lowercase()),
        };
        let there = self
            .hosts
            .iter()
            .filter(|(host, secret)| is_there(host, secret.as_deref()));
        let mut hosts: Vec<_> = there.map(|(host, _)| host.clone()).collect();
        for (host, _) in self.hosts.iter().filter(|(_, secret)| secret.is_none()) {
            stayed.remove(&host.to_ascii_lowercase());
        }
        let is_whole = hosts.len() == self.hosts.len() && stayed.is_empty();
        hosts.extend(stayed.into_values());
        if hosts.is_empty() {
            Ok(None)
        } else if is_whole || self.entry.hosts.is_empty() {
            Ok(Some(self.entry.clone()))
        } else {
            self.entry.with_hosts(hosts).map(Some)
        }
    }
}

/// Which entry names a host with a Secret.
fn places(entries: &[Option<TlsEntry<'_>>]) -> BTreeMap<(String, Option<String>), usize> {
    let entries = entries.iter().flatten().enumerate();
    let hosts =
        entries.flat_map(|(place, entry)| entry.hosts.iter().map(move |host| (place, entry, host)));
    hosts
        .map(|(place, entry, host)| ((host.to_ascii_lowercase(), entry.secret.clone()), place))
        .collect()
}

/// Puts restored entries where they were, the others keep their order.
fn merge<'a>(
    remaining: impl Iterator<Item = TlsEntry<'a>>,
    restored: Vec<(usize, TlsEntry<'a>)>,
) -> Vec<TlsEntry<'a>> {
    let mut restored = restored.into_iter().peekable();
    let mut entries = Vec::new();
    for entry in remaining {
        while let Some((_, entry)) = restored.next_if(|(at, _)| *at <= entries.len()) {
            entries.push(entry);
        }
        entries.push(entry);
    }
    entries.extend(restored.map(|(_, entry)| entry));
    entries
}

fn pair<'a>(host: &str, secret: &'a str) -> Pair<'a> {
    (host.to_ascii_lowercase(), secret)
}
