//! What the author of an Ingress wants, of which the policy replaced something before.
//!
//! `spec.tls` is atomic in the API, so what is submitted is one of: what was applied, then the original comes
//! back; the author's list sent anew, then that is what he wants; or an edit of what was applied. An edit is
//! merged as `kubectl apply` merges, host by host: what still says what was applied goes back to the
//! original, what was changed stays changed.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{
    admission::Request,
    objects::{Ingress, IngressRecord, TlsEntry},
    record::{
        self, Record, Replaced,
        declared::{is_declared, is_owned_by_another},
    },
    settings::Settings,
};

/// The record of a request: its own, or that of the old object if the request lost it. What the author's
/// manifest declares is not in it. `None` if somebody else wrote it.
pub(super) fn record_of(request: &Request, submitted: &Ingress) -> Option<IngressRecord> {
    let lost = || lost_record(submitted, request.old_object());
    let mut record = record::read(&request.object, lost)?;
    let is_applied = submitted.tls == record.tls.applied;
    if record != IngressRecord::default() && is_declared::<IngressRecord>(request, "tls", is_applied) {
        record.tls = Replaced::default();
        record.annotations.retain(|name, _| is_owned_by_another(request, name));
    }
    Some(record)
}

/// The Ingress as its author wants it. Triggers that were removed come back, but not beside one of the
/// request: cert-manager refuses `issuer` beside `cluster-issuer`, and then issues nothing.
pub(super) fn restore(submitted: &Ingress, record: &IngressRecord, settings: &Settings) -> Ingress {
    let mut original = submitted.clone();
    original.annotations.remove(IngressRecord::ANNOTATION);
    if submitted.triggers(settings).is_empty() {
        for (name, value) in &record.annotations {
            original.annotations.entry(name).or_insert_with(|| json!(value));
        }
    }
    original.tls = Merge::new(&submitted.tls, &record.tls).merged();
    original
}

/// The record of the old object, if the request lost it: what is submitted still says what was applied, so it
/// is not the author's list sent anew.
pub(super) fn lost_record(submitted: &Ingress, old: Option<&Value>) -> Option<IngressRecord> {
    let record: IngressRecord = record::of_old(old)?;
    let merge = Merge::new(&submitted.tls, &record.tls);
    // Where annotations alone were removed, what was applied is also the original.
    let is_lost = merge.finds_applied()
        || merge.original.entries == merge.applied.entries
            && submitted.tls.iter().flat_map(|entry| &entry.hosts).any(|host| merge.is_applied(host));
    is_lost.then_some(record)
}

/// A `spec.tls`.
pub(super) struct Tls<'a> {
    entries: &'a [TlsEntry],
    /// The Secret of each host, in lower case; of several entries that name a host, the first counts.
    pub(super) secrets: BTreeMap<String, Option<String>>,
}

impl<'a> Tls<'a> {
    pub(super) fn new(entries: &'a [TlsEntry]) -> Self {
        let mut secrets = BTreeMap::new();
        for entry in entries {
            for host in &entry.hosts {
                secrets.entry(host.to_ascii_lowercase()).or_insert_with(|| entry.secret_name.clone());
            }
        }
        Self { entries, secrets }
    }

    /// Whether there is a default entry with the Secret of this one.
    fn has_default(&self, entry: &TlsEntry) -> bool {
        self.entries.iter().any(|other| other.is_default() && other.secret_name == entry.secret_name)
    }
}

/// A three-way merge of `spec.tls`.
struct Merge<'a> {
    found: Tls<'a>,
    original: Tls<'a>,
    applied: Tls<'a>,
}

impl<'a> Merge<'a> {
    fn new(found: &'a [TlsEntry], replaced: &'a Replaced<Vec<TlsEntry>>) -> Self {
        let (original, applied) = (Tls::new(&replaced.original), Tls::new(&replaced.applied));
        Self { found: Tls::new(found), original, applied }
    }

    /// The entries as the author wants them.
    fn merged(&self) -> Vec<TlsEntry> {
        if self.found.entries == self.applied.entries {
            return self.original.entries.to_vec();
        }
        if !self.finds_applied() {
            return self.found.entries.to_vec();
        }
        let mut restored: Vec<_> = self
            .original
            .entries
            .iter()
            .enumerate()
            .filter_map(|(place, entry)| Some((place, self.restored(entry)?)))
            .collect();
        let mut merged = Vec::new();
        for entry in self.found.entries.iter().filter_map(|entry| self.kept(entry)) {
            // cert-manager ignores an Ingress of which two entries name the same Secret.
            let same = restored.iter_mut().find(|(_, other)| {
                other.secret_name == entry.secret_name && other.is_default() == entry.is_default()
            });
            match same {
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
        let finds_host = self.applied.secrets.iter().any(|(host, secret)| {
            self.found.secrets.get(host) == Some(secret) && self.original.secrets.get(host) != Some(secret)
        });
        finds_host
            || self.found.entries == self.applied.entries
            || self.found.entries.iter().any(|entry| self.is_added(entry))
    }

    /// Whether a default entry was added by the policy.
    fn is_added(&self, entry: &TlsEntry) -> bool {
        entry.is_default() && self.applied.has_default(entry) && !self.original.has_default(entry)
    }

    /// Whether a host still has the Secret that was applied.
    fn is_applied(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        self.found.secrets.get(&host) == self.applied.secrets.get(&host)
    }

    /// The part of an entry of the original that comes back.
    fn restored(&self, entry: &TlsEntry) -> Option<TlsEntry> {
        if entry.is_default() {
            let is_applied = self.found.has_default(entry) == self.applied.has_default(entry);
            return is_applied.then(|| entry.clone());
        }
        with_hosts(entry, |host| self.is_applied(host))
    }

    /// The part of an entry that is found which stays.
    fn kept(&self, entry: &TlsEntry) -> Option<TlsEntry> {
        if entry.is_default() {
            let is_restored = self.original.has_default(entry) && self.applied.has_default(entry);
            return (!is_restored && !self.is_added(entry)).then(|| entry.clone());
        }
        with_hosts(entry, |host| !self.is_applied(host))
    }
}

/// The entry with some of its hosts, if any are left.
fn with_hosts(entry: &TlsEntry, is_left: impl Fn(&str) -> bool) -> Option<TlsEntry> {
    let hosts: Vec<_> = entry.hosts.iter().filter(|host| is_left(host)).cloned().collect();
    (!hosts.is_empty()).then(|| TlsEntry { hosts, ..entry.clone() })
}
