//! What the author of an Ingress wants, of which the policy replaced something before.
//!
//! `spec.tls` is atomic in the API, so what is submitted is one of: what was applied, then the original
//! comes back; the author's list sent anew, then that is what he wants; or an edit of what was applied.
//! An edit is merged as `kubectl apply` merges, host by host: what still says what was applied goes back
//! to the original, what was changed stays changed.

use serde_json::Value;

use super::{
    Ingress, TlsEntry,
    tls::{SecretByHost, secret_by_host},
};
use crate::admission::{
    object,
    record::{RECORD, Record, Replaced},
};

/// The Ingress as its author wants it.
pub(super) fn restore(submitted: &Ingress, record: &Record) -> Ingress {
    let mut original = submitted.clone();
    original.annotations.remove(RECORD);
    for (name, value) in &record.annotations {
        let known = original.annotations.entry(name);
        known.or_insert(Value::String(value.clone()));
    }
    if let Some(replaced) = &record.tls {
        original.tls = Merge::new(&submitted.tls, replaced).merged();
    }
    original
}

/// The record of the old object, if the request lost it: what is submitted still says what was
/// applied, so it is not the author's list sent anew.
pub(super) fn lost_record(submitted: &Ingress, old: Option<&Value>) -> Option<Record> {
    let record = Record::of_old(old)?;
    let is_applied = match &record.tls {
        Some(replaced) => Merge::new(&submitted.tls, replaced).finds_applied(),
        // Only annotations were removed, so what was there stands for what was applied.
        None => {
            let old: Vec<TlsEntry> = object::field(old?, "/spec/tls")?;
            let old_secrets = secret_by_host(&old);
            let found = secret_by_host(&submitted.tls);
            old == submitted.tls
                || found
                    .iter()
                    .any(|(host, secret)| old_secrets.get(host) == Some(secret))
        }
    };
    is_applied.then_some(record)
}

/// A Secret of an entry with hosts that still says what was applied, although what was applied is
/// undone: the author named it himself. If only annotations were removed, what is stored now stands for
/// what was applied.
pub(super) fn secret_still_applied(
    tls: &[TlsEntry],
    record: &Record,
    old: Option<&Value>,
) -> Option<String> {
    let applied = match (&record.tls, old) {
        (Some(replaced), _) => replaced.applied.clone(),
        (None, Some(old)) => object::field(old, "/spec/tls").unwrap_or_default(),
        (None, None) => tls.to_vec(),
    };
    let applied = secret_by_host(&applied);
    let mut entries = tls.iter().filter_map(|entry| {
        let secret = entry.secret_name.clone()?;
        let mut hosts = entry.hosts.iter().map(|host| host.to_ascii_lowercase());
        let is_applied = hosts.any(|host| applied.get(&host) == Some(&entry.secret_name));
        is_applied.then_some(secret)
    });
    entries.next()
}

/// A three-way merge of `spec.tls`.
struct Merge<'a> {
    found: &'a [TlsEntry],
    original: &'a [TlsEntry],
    applied: &'a [TlsEntry],
    found_secrets: SecretByHost,
    original_secrets: SecretByHost,
    applied_secrets: SecretByHost,
}

impl<'a> Merge<'a> {
    fn new(found: &'a [TlsEntry], replaced: &'a Replaced<Vec<TlsEntry>>) -> Self {
        Self {
            found,
            original: &replaced.original,
            applied: &replaced.applied,
            found_secrets: secret_by_host(found),
            original_secrets: secret_by_host(&replaced.original),
            applied_secrets: secret_by_host(&replaced.applied),
        }
    }

    /// The entries as the author wants them.
    fn merged(&self) -> Vec<TlsEntry> {
        if self.found == self.applied {
            return self.original.to_vec();
        }
        if !self.finds_applied() {
            return self.found.to_vec();
        }
        let mut restored: Vec<_> = self
            .original
            .iter()
            .enumerate()
            .filter_map(|(place, entry)| Some((place, self.restored(entry)?)))
            .collect();
        let mut merged = Vec::new();
        for entry in self.found.iter().filter_map(|entry| self.kept(entry)) {
            // cert-manager ignores an Ingress of which two entries name the same Secret.
            let is_same = |other: &TlsEntry| {
                other.secret_name == entry.secret_name
                    && other.hosts.is_empty() == entry.hosts.is_empty()
            };
            match restored.iter_mut().find(|(_, other)| is_same(other)) {
                Some((_, other)) => other.hosts.extend(entry.hosts),
                None => merged.push(entry),
            }
        }
        for (place, entry) in restored {
            merged.insert(place.min(merged.len()), entry);
        }
        merged
    }

    /// Whether something is found that was applied and is not the original.
    fn finds_applied(&self) -> bool {
        let mut hosts = self.applied_secrets.iter();
        let finds_host = hosts.any(|(host, secret)| {
            self.found_secrets.get(host) == Some(secret)
                && self.original_secrets.get(host) != Some(secret)
        });
        let mut entries = self.found.iter();
        finds_host || self.found == self.applied || entries.any(|entry| self.is_added(entry))
    }

    /// Whether a default entry was added by the policy.
    fn is_added(&self, entry: &TlsEntry) -> bool {
        entry.hosts.is_empty()
            && has_default(self.applied, entry)
            && !has_default(self.original, entry)
    }

    /// Whether a host, or a default entry, still says what was applied.
    fn goes_back(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        self.found_secrets.get(&host) == self.applied_secrets.get(&host)
    }

    /// What comes back of an entry of the original.
    fn restored(&self, entry: &TlsEntry) -> Option<TlsEntry> {
        if entry.hosts.is_empty() {
            let goes_back = has_default(self.found, entry) == has_default(self.applied, entry);
            return goes_back.then(|| entry.clone());
        }
        with_hosts(entry, |host| self.goes_back(host))
    }

    /// What stays of an entry that is found.
    fn kept(&self, entry: &TlsEntry) -> Option<TlsEntry> {
        if entry.hosts.is_empty() {
            let is_restored = has_default(self.original, entry) && has_default(self.applied, entry);
            return (!is_restored && !self.is_added(entry)).then(|| entry.clone());
        }
        with_hosts(entry, |host| !self.goes_back(host))
    }
}

/// Whether there is a default entry with the Secret of this one.
fn has_default(tls: &[TlsEntry], entry: &TlsEntry) -> bool {
    tls.iter()
        .any(|other| other.hosts.is_empty() && other.secret_name == entry.secret_name)
}

/// The entry with some of its hosts, if any are left.
fn with_hosts(entry: &TlsEntry, is_left: impl Fn(&str) -> bool) -> Option<TlsEntry> {
    let hosts = entry.hosts.iter().filter(|host| is_left(host));
    let hosts: Vec<_> = hosts.cloned().collect();
    (!hosts.is_empty()).then(|| TlsEntry {
        hosts,
        ..entry.clone()
    })
}
