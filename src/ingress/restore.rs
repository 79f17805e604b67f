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
    /// Where the hosts that stayed were left.
    left: Option<usize>,
    /// The Secret of the entry that took it in, if it stood for no host.
    into: Option<String>,
}

/// A host, in lower case, and its Secret.
type Pair<'a> = (String, &'a str);

impl Past {
    /// Reads a record; `None` if this policy did not write it.
    pub fn parse(text: &str) -> Option<Self> {
        let record = Record::parse(text)?;
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
            let into = match &replaced.now {
                Now::All(secret) if hosts.is_empty() => Some(secret.clone()),
                _ => None,
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
                left: replaced.left,
                into,
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
        let mut remaining = self.without(&ours, &ingress.tls)?;
        let places = places(&remaining);
        let mut restored = Vec::new();
        for lost in self.lost.iter().filter(|lost| lost.is_held(&held)) {
            let place = lost.leftover(&remaining, &places);
            let leftover = place.and_then(|place| remaining.get_mut(place)?.take());
            restored.push((lost.at, lost.restore(&held, leftover)?));
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
            if entry.hosts.is_empty() {
                without_hosts.insert(secret);
            }
        }
        let is_held = |pair: &&Pair<'a>| match self.omitted {
            true => without_hosts.contains(pair.1),
            false => named.contains(*pair),
        };
        ours.iter().filter(is_held).cloned().collect()
    }

    /// The entries less what is ours in them, each at its place, if anything remains.
    fn without<'a>(
        &self,
        ours: &BTreeSet<Pair<'_>>,
        tls: &[TlsEntry<'a>],
    ) -> serde_json::Result<Vec<Option<TlsEntry<'a>>>> {
        let secrets: BTreeSet<&str> = ours.iter().map(|(_, secret)| *secret).collect();
        let remains = |entry: &TlsEntry<'a>| {
            let secret = entry.secret.as_deref().unwrap_or_default();
            if self.omitted {
                let is_ours = entry.hosts.is_empty() && secrets.contains(secret);
                return Ok((!is_ours).then(|| entry.clone()));
            }
            let theirs = entry
                .hosts
                .iter()
                .filter(|host| !ours.contains(&pair(host, secret)));
            let theirs: Vec<_> = theirs.cloned().collect();
            match theirs.len() {
                all if all == entry.hosts.len() => Ok(Some(entry.clone())),
                0 => Ok(None),
                _ => entry.with_hosts(theirs).map(Some),
            }
        };
        tls.iter().map(remains).collect()
    }
}

impl Lost {
    /// Whether some of it is still where we put it.
    fn is_held(&self, held: &BTreeSet<Pair<'_>>) -> bool {
        let mut moved = self
            .hosts
            .iter()
            .filter_map(|(host, secret)| Some(pair(host, secret.as_ref()?)));
        match &self.into {
            Some(secret) => held.iter().any(|(_, held)| held == secret),
            None => moved.any(|pair| held.contains(&pair)),
        }
    }

    /// The place of the entry with the hosts that stayed: where we left it, or else, because the
    /// author has moved it, the first one like it.
    fn leftover(&self, remaining: &[Option<TlsEntry<'_>>], places: &Places) -> Option<usize> {
        let stayed = self.hosts.iter().filter(|(_, secret)| secret.is_none());
        let keys = stayed.map(|(host, _)| (host.to_ascii_lowercase(), self.entry.secret.clone()));
        let place = self.left.filter(|place| {
            let entry = remaining.get(*place).and_then(Option::as_ref);
            entry.is_some_and(|entry| self.is_leftover(entry))
        });
        place.or_else(|| keys.filter_map(|key| places.get(&key)).next().copied())
    }

    /// Whether an entry has just the hosts that stayed.
    fn is_leftover(&self, entry: &TlsEntry<'_>) -> bool {
        let lower = |host: &String| host.to_ascii_lowercase();
        let stayed = self.hosts.iter().filter(|(_, secret)| secret.is_none());
        let stayed: BTreeSet<_> = stayed.map(|(host, _)| lower(host)).collect();
        entry.secret == self.entry.secret
            && entry.hosts.iter().map(lower).collect::<BTreeSet<_>>() == stayed
    }

    /// The entry as it was, as far as its hosts are still there.
    fn restore(
        &self,
        held: &BTreeSet<Pair<'_>>,
        leftover: Option<TlsEntry<'_>>,
    ) -> serde_json::Result<TlsEntry<'_>> {
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
        if is_whole || self.entry.hosts.is_empty() {
            Ok(self.entry.clone())
        } else {
            self.entry.with_hosts(hosts)
        }
    }
}

/// Which entry is the first to name a host with a Secret.
type Places = BTreeMap<(String, Option<String>), usize>;

fn places(entries: &[Option<TlsEntry<'_>>]) -> Places {
    let mut places = Places::new();
    for (place, entry) in entries.iter().enumerate() {
        if let Some(entry) = entry {
            for host in &entry.hosts {
                places
                    .entry((host.to_ascii_lowercase(), entry.secret.clone()))
                    .or_insert(place);
            }
        }
    }
    places
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
