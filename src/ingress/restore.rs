//! From what an Ingress is to what its author wants: the record undone.
//!
//! Only what still holds our value is restored: a host that the author has meanwhile given another
//! Secret, or an annotation that is there again, stays as it is.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet, VecDeque},
};

use serde_json::value::RawValue;

use crate::{
    ingress::{
        object::{Ingress, TlsEntry},
        record::{Blanks, Now, Record},
    },
    json::{Edits, is_same},
    record::RECORD,
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
    /// Its hosts, or those it stood for, and the Secret that each of them got; none if it stayed.
    hosts: Vec<(String, Option<String>)>,
    /// Where the hosts that stayed were left.
    left: Option<usize>,
    /// The Secret of the entry that took it in, if it stood for no host.
    into: Option<String>,
}

/// A host, in lower case, and its Secret.
type Pair<'a> = (String, &'a str);

/// What still is as we made it.
#[derive(Debug, Default)]
struct Held<'a> {
    pairs: BTreeSet<Pair<'a>>,
    secrets: BTreeSet<&'a str>,
}

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
            .filter(|(name, _)| ingress.manifest.annotations.raw(name).is_none());
        let restored = removed.map(|(name, value)| (name.clone(), Some(value.clone())));
        restored.chain([(RECORD.to_owned(), None)]).collect()
    }

    /// The entries of the author.
    pub fn tls<'a>(&'a self, ingress: &Ingress<'a>) -> serde_json::Result<Vec<TlsEntry<'a>>> {
        let held = self.held(&ingress.tls);
        let mut back = Back::new(&ingress.tls);
        let (back, lost): (Vec<_>, Vec<_>) = self
            .lost
            .iter()
            .map(|lost| (lost, back.take(lost)))
            .partition(|(_, place)| place.is_some());
        let mut remaining = self.without(&held, &ingress.tls)?;
        let mut restored = Vec::new();
        for (lost, place) in back {
            if let Some(entry) = place.and_then(|place| remaining.get_mut(place)) {
                *entry = None;
            }
            restored.push((lost.at, lost.entry.clone()));
        }
        let places = places(&remaining);
        for (lost, _) in lost.into_iter().filter(|(lost, _)| lost.is_held(&held)) {
            let place = lost.leftover(&remaining, &places);
            let leftover = place.and_then(|place| remaining.get_mut(place)?.take());
            restored.push((lost.at, lost.restore(&held, leftover)?));
        }
        restored.sort_by_key(|(at, _)| *at);
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
    fn held(&self, tls: &[TlsEntry<'_>]) -> Held<'_> {
        let ours = self.ours();
        let mut named = BTreeSet::new();
        let mut without_hosts = BTreeSet::new();
        for entry in tls {
            let secret = entry.secret.as_deref().unwrap_or_default();
            named.extend(entry.hosts.iter().map(|host| pair(host, secret)));
            if entry.hosts.is_empty() {
                without_hosts.insert(secret);
            }
        }
        let is_held = |pair: &Pair<'_>| match self.omitted {
            true => without_hosts.contains(pair.1),
            false => named.contains(pair),
        };
        let pairs: BTreeSet<_> = ours.into_iter().filter(is_held).collect();
        Held {
            secrets: pairs.iter().map(|(_, secret)| *secret).collect(),
            pairs,
        }
    }

    /// The entries less what is ours in them, each at its place, if anything remains.
    fn without<'a>(
        &self,
        held: &Held<'_>,
        tls: &[TlsEntry<'a>],
    ) -> serde_json::Result<Vec<Option<TlsEntry<'a>>>> {
        let remains = |entry: &TlsEntry<'a>| {
            let secret = entry.secret.as_deref().unwrap_or_default();
            if self.omitted {
                let is_ours = entry.hosts.is_empty() && held.secrets.contains(secret);
                return Ok((!is_ours).then(|| entry.clone()));
            }
            let theirs = entry
                .hosts
                .iter()
                .filter(|host| !held.pairs.contains(&pair(host, secret)));
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
    fn is_held(&self, held: &Held<'_>) -> bool {
        let mut moved = self
            .hosts
            .iter()
            .filter_map(|(host, secret)| Some(pair(host, secret.as_ref()?)));
        match &self.into {
            Some(secret) => held.secrets.contains(secret.as_str()),
            None => moved.any(|pair| held.pairs.contains(&pair)),
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
        // The cheap comparison first: a record may claim the same entry many times.
        entry.hosts.len() >= stayed.len()
            && entry.hosts.len() <= self.hosts.len()
            && entry.secret == self.entry.secret
            && entry.hosts.iter().map(lower).collect::<BTreeSet<_>>() == stayed
    }

    /// The entry as it was, as far as its hosts are still there.
    fn restore(
        &self,
        held: &Held<'_>,
        leftover: Option<TlsEntry<'_>>,
    ) -> serde_json::Result<TlsEntry<'_>> {
        let mut stayed: BTreeMap<_, _> = leftover
            .into_iter()
            .flat_map(|leftover| leftover.hosts)
            .map(|host| (host.to_ascii_lowercase(), host))
            .collect();
        let is_there = |host: &str, secret: Option<&str>| match secret {
            Some(secret) => held.pairs.contains(&pair(host, secret)),
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

/// Where entries are, to find those that the author has sent again as they were.
struct Back<'a> {
    tls: &'a [TlsEntry<'a>],
    places: BTreeMap<(&'a [String], Option<&'a str>), VecDeque<usize>>,
}

impl<'a> Back<'a> {
    fn new(tls: &'a [TlsEntry<'a>]) -> Self {
        let mut places: BTreeMap<_, VecDeque<_>> = BTreeMap::new();
        for (place, entry) in tls.iter().enumerate() {
            let key = (entry.hosts.as_slice(), entry.secret.as_deref());
            places.entry(key).or_default().push_back(place);
        }
        Self { tls, places }
    }

    /// The place of an entry that is there again, which is then taken.
    fn take(&mut self, lost: &'a Lost) -> Option<usize> {
        let key = (lost.entry.hosts.as_slice(), lost.entry.secret.as_deref());
        let places = self.places.get_mut(&key)?;
        let entry = self.tls.get(*places.front()?)?;
        is_same(&entry.raw, &lost.entry.raw).then(|| places.pop_front())?
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
