//! What the author of an Ingress wants, of which the policy replaced something before.
//!
//! `spec.tls` is atomic in the API, so what is submitted is one of: what was applied, then the original comes
//! back; the author's list sent anew, then that is what he wants; or an edit of what was applied. An edit is
//! merged as `kubectl apply` merges, host by host: what still says what was applied goes back to the
//! original, what was changed stays changed.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{
    admission::Request,
    objects::{Ingress, IngressRecord, TlsEntry},
    record::{
        self, Found, Record, Replaced,
        declared::{is_declared, is_owned_by_another},
    },
    settings::Settings,
};

/// The record of a request: its own, or that of the old object if the request lost it.
pub(super) fn record_of(request: &Request, submitted: &Ingress) -> Found<IngressRecord> {
    let found = record::find_or(&request.object, || lost_record(submitted, request.old_object()));
    let Found::Ours(mut record) = found else {
        return found;
    };
    if is_declared::<IngressRecord>(request, "tls", submitted.tls == record.tls.applied) {
        record.tls = Replaced::default();
        record.annotations.retain(|name, _| is_owned_by_another(request, name));
    }
    Found::Ours(record)
}

/// The Ingress as its author wants it. Triggers that were removed come back, but not beside one of the
/// request: cert-manager refuses `issuer` beside `cluster-issuer`, and then issues nothing.
pub(super) fn restore(submitted: &Ingress, record: &IngressRecord, settings: &Settings) -> Ingress {
    let mut original = submitted.clone();
    original.annotations.remove(IngressRecord::ANNOTATION);
    if submitted.triggers(settings).is_empty() {
        for (name, value) in &record.annotations {
            let value = Value::String(value.clone());
            original.annotations.entry(name).or_insert(value);
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
        || merge.original == merge.applied && submitted.tls.iter().any(|entry| merge.has_applied_host(entry));
    is_lost.then_some(record)
}

/// The Secret of each host, in lower case; of several entries that name a host, the first counts.
type SecretByHost = BTreeMap<String, Option<String>>;

/// Reads the Secret of each host from entries.
pub(super) fn secret_by_host(tls: &[TlsEntry]) -> SecretByHost {
    let mut secrets = SecretByHost::new();
    for entry in tls {
        for host in &entry.hosts {
            secrets.entry(host.to_ascii_lowercase()).or_insert_with(|| entry.secret_name.clone());
        }
    }
    secrets
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
        let finds_host = self.applied_secrets.iter().any(|(host, secret)| {
            self.found_secrets.get(host) == Some(secret) && self.original_secrets.get(host) != Some(secret)
        });
        finds_host || self.found == self.applied || self.found.iter().any(|entry| self.is_added(entry))
    }

    /// Whether a host of an entry still has the Secret that was applied.
    fn has_applied_host(&self, entry: &TlsEntry) -> bool {
        entry.hosts.iter().any(|host| self.is_applied(host))
    }

    /// Whether a default entry was added by the policy.
    fn is_added(&self, entry: &TlsEntry) -> bool {
        entry.is_default() && has_default(self.applied, entry) && !has_default(self.original, entry)
    }

    /// Whether a host still has the Secret that was applied.
    fn is_applied(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        self.found_secrets.get(&host) == self.applied_secrets.get(&host)
    }

    /// The part of an entry of the original that comes back.
    fn restored(&self, entry: &TlsEntry) -> Option<TlsEntry> {
        if entry.is_default() {
            let is_applied = has_default(self.found, entry) == has_default(self.applied, entry);
            return is_applied.then(|| entry.clone());
        }
        with_hosts(entry, |host| self.is_applied(host))
    }

    /// The part of an entry that is found which stays.
    fn kept(&self, entry: &TlsEntry) -> Option<TlsEntry> {
        if entry.is_default() {
            let is_restored = has_default(self.original, entry) && has_default(self.applied, entry);
            return (!is_restored && !self.is_added(entry)).then(|| entry.clone());
        }
        with_hosts(entry, |host| !self.is_applied(host))
    }
}

/// Whether there is a default entry with the Secret of this one.
fn has_default(tls: &[TlsEntry], entry: &TlsEntry) -> bool {
    tls.iter().any(|other| other.is_default() && other.secret_name == entry.secret_name)
}

/// The entry with some of its hosts, if any are left.
fn with_hosts(entry: &TlsEntry, is_left: impl Fn(&str) -> bool) -> Option<TlsEntry> {
    let hosts: Vec<_> = entry.hosts.iter().filter(|host| is_left(host)).cloned().collect();
    (!hosts.is_empty()).then(|| TlsEntry { hosts, ..entry.clone() })
}
