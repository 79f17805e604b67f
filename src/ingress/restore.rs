//! From what an Ingress is to what its author wants: the record undone.
//!
//! Only what still holds our value is restored: a host that the author has meanwhile given another
//! Secret, or an annotation that is there again, stays as it is.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::{
    ingress::{
        object::{Ingress, TlsEntry},
        record::{Blanks, Now, Record},
    },
    keys::{Key, Keyed, Keys, host, secret},
    record::{AnnotationEdits, RECORD},
};

/// A record that was read and can be undone.
#[derive(Debug, Default)]
pub struct Past {
    lost: Vec<Lost>,
    added: Vec<(String, String)>,
    omitted: bool,
    annotations: Vec<(String, Box<RawValue>)>,
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

/// What still is as we made it.
#[derive(Debug, Default)]
struct Held<'a> {
    /// Hosts and their Secrets.
    hosts: Keys<'a>,
    secrets: Keys<'a>,
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
        past.lost.sort_unstable_by_key(|lost| lost.at);
        Some(past)
    }

    /// The annotations of the author, as changes to those that are there.
    pub fn annotation_edits(&self, ingress: &Ingress<'_>) -> AnnotationEdits {
        let mut edits = AnnotationEdits::of(RECORD, None);
        for (name, value) in &self.annotations {
            if ingress.manifest.annotations.raw(name).is_none() {
                edits.set(name, Some(value.clone()));
            }
        }
        edits
    }

    /// The entries of the author.
    pub fn tls<'a>(
        &'a self,
        ingress: &'a Ingress<'a>,
    ) -> serde_json::Result<Cow<'a, [TlsEntry<'a>]>> {
        if self.lost.is_empty() && self.added.is_empty() {
            return Ok(Cow::Borrowed(&ingress.tls));
        }
        let held = self.held(&ingress.tls);
        let mut back = Back::new(&ingress.tls);
        let places: Vec<_> = self.lost.iter().map(|lost| back.take(lost)).collect();
        let mut remaining = self.without(&held, &ingress.tls)?;
        for place in places.iter().flatten() {
            if let Some(entry) = remaining.get_mut(*place) {
                *entry = None;
            }
        }
        let mut leftovers = Leftovers::new(&remaining);
        let mut restored = Vec::new();
        for (lost, place) in self.lost.iter().zip(places) {
            if place.is_some() {
                restored.push((lost.at, lost.entry.clone()));
            } else if lost.is_held(&held) {
                let leftover = leftovers.take(lost);
                restored.push((lost.at, lost.restore(&held, leftover)?));
            }
        }
        let are_taken = leftovers.are_taken;
        let remaining = remaining.into_iter().zip(are_taken);
        let remaining = remaining.filter_map(|(entry, is_taken)| entry.filter(|_| !is_taken));
        Ok(Cow::Owned(merge(remaining, restored)))
    }

    /// The hosts that got a Secret from us and still have it.
    fn held(&self, tls: &[TlsEntry<'_>]) -> Held<'_> {
        let mut named = Keys::default();
        let mut without_hosts = Keys::default();
        for entry in tls {
            let name = Some(entry.secret.as_deref().unwrap_or_default());
            for listed in &entry.hosts {
                named.add(host(listed, name));
            }
            if entry.hosts.is_empty() {
                without_hosts.add(secret(name));
            }
        }
        let replaced = self.lost.iter().flat_map(|lost| &lost.hosts);
        let replaced = replaced.filter_map(|(host, secret)| Some((host, secret.as_ref()?)));
        let added = self.added.iter().map(|(host, secret)| (host, secret));
        let mut held = Held::default();
        for (name, ours) in replaced.chain(added) {
            let key = host(name, Some(ours));
            let is_held = match self.omitted {
                true => without_hosts.contains(&secret(Some(ours))),
                false => named.contains(&key),
            };
            if is_held {
                held.secrets.add(secret(Some(ours)));
                held.hosts.add(key);
            }
        }
        held
    }

    /// The entries less what is ours in them, each at its place, if anything remains.
    fn without<'a>(
        &self,
        held: &Held<'_>,
        tls: &[TlsEntry<'a>],
    ) -> serde_json::Result<Vec<Option<TlsEntry<'a>>>> {
        let remains = |entry: &TlsEntry<'a>| {
            let name = Some(entry.secret.as_deref().unwrap_or_default());
            if self.omitted {
                let is_ours = entry.hosts.is_empty() && held.secrets.contains(&secret(name));
                return Ok((!is_ours).then(|| entry.clone()));
            }
            let hosts = entry.hosts.iter();
            let theirs = hosts.filter(|listed| !held.hosts.contains(&host(listed, name)));
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
        let mut moved = self.hosts.iter().filter(|(_, secret)| secret.is_some());
        match &self.into {
            Some(into) => held.secrets.contains(&secret(Some(into))),
            None => moved.any(|(name, now)| held.hosts.contains(&host(name, now.as_deref()))),
        }
    }

    /// The hosts that stayed.
    fn stayed(&self) -> impl Iterator<Item = &str> {
        let stayed = self.hosts.iter().filter(|(_, secret)| secret.is_none());
        stayed.map(|(host, _)| host.as_str())
    }

    /// Whether an entry has just the hosts that stayed.
    fn is_leftover(&self, entry: &TlsEntry<'_>) -> bool {
        let stayed: Keys<'_> = self.stayed().map(|name| host(name, None)).collect();
        let hosts = entry.hosts.iter().map(|name| host(name, None));
        // The cheap comparisons first: a record may claim the same entry many times.
        entry.hosts.len() >= stayed.len()
            && entry.hosts.len() <= self.hosts.len()
            && entry.secret == self.entry.secret
            && stayed == hosts.collect()
    }

    /// The entry as it was, as far as its hosts are still there.
    fn restore(
        &self,
        held: &Held<'_>,
        leftover: Option<&TlsEntry<'_>>,
    ) -> serde_json::Result<TlsEntry<'_>> {
        let left = leftover.map_or(&[][..], |leftover| &leftover.hosts);
        let mut there = Keys::default();
        for (place, name) in left.iter().enumerate() {
            there.number(host(name, None), place);
        }
        let is_there = |name: &str, now: Option<&str>| match now {
            Some(_) => held.hosts.contains(&host(name, now)),
            None => there.contains(&host(name, None)),
        };
        let hosts = self.hosts.iter();
        let hosts = hosts.filter(|(name, now)| is_there(name, now.as_deref()));
        let mut hosts: Vec<_> = hosts.map(|(name, _)| name.clone()).collect();
        let stayed: Keys<'_> = self.stayed().map(|name| host(name, None)).collect();
        let more = there.iter().filter(|(key, _)| !stayed.contains(key));
        let more: Vec<_> = more.filter_map(|(_, place)| left.get(place)).collect();
        let is_whole = hosts.len() == self.hosts.len() && more.is_empty();
        hosts.extend(more.into_iter().cloned());
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
    /// The places of the entries with the same hosts and Secret, the first one last.
    places: Keyed<'a, Vec<usize>>,
}

impl<'a> Back<'a> {
    fn new(tls: &'a [TlsEntry<'a>]) -> Self {
        let mut places: Keyed<'_, Vec<usize>> = Keyed::default();
        for (place, entry) in tls.iter().enumerate().rev() {
            places.update(Self::key(entry), |places| places.push(place));
        }
        Self { tls, places }
    }

    fn key(entry: &'a TlsEntry<'_>) -> Key<'a> {
        (Cow::Owned(entry.hosts.join(" ")), entry.secret.as_deref())
    }

    /// The place of an entry that is there again, which is then taken.
    fn take(&mut self, lost: &'a Lost) -> Option<usize> {
        let places = self.places.get_mut(&Self::key(&lost.entry))?;
        let entry = self.tls.get(*places.last()?)?;
        entry.is_same(&lost.entry).then(|| places.pop())?
    }
}

/// The entries that are not ours, to find those with the hosts that stayed.
struct Leftovers<'a> {
    entries: &'a [Option<TlsEntry<'a>>],
    are_taken: Vec<bool>,
    /// Which entry is the first to name a host with a Secret.
    places: Keys<'a>,
}

impl<'a> Leftovers<'a> {
    fn new(entries: &'a [Option<TlsEntry<'a>>]) -> Self {
        let mut places = Keys::default();
        for (place, entry) in entries.iter().enumerate() {
            let Some(entry) = entry else { continue };
            for name in &entry.hosts {
                places.number(host(name, entry.secret.as_deref()), place);
            }
        }
        Self {
            entries,
            are_taken: vec![false; entries.len()],
            places,
        }
    }

    /// The entry with the hosts that stayed, which is then taken: where we left it, or else, because
    /// the author has moved it, the first one like it.
    fn take(&mut self, lost: &Lost) -> Option<&'a TlsEntry<'a>> {
        let left = lost.left.filter(|place| {
            let entry = self.get(*place);
            entry.is_some_and(|entry| lost.is_leftover(entry))
        });
        let secret = lost.entry.secret.as_deref();
        let mut moved = lost.stayed();
        let place = left.or_else(|| moved.find_map(|name| self.places.get(&host(name, secret))))?;
        let entry = self.get(place)?;
        *self.are_taken.get_mut(place)? = true;
        Some(entry)
    }

    /// The entry at a place, unless it was taken.
    fn get(&self, place: usize) -> Option<&'a TlsEntry<'a>> {
        let entry = self.entries.get(place)?.as_ref();
        entry.filter(|_| self.are_taken.get(place) == Some(&false))
    }
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
