//! Which routing secret serves which host of an Ingress.

use std::collections::{HashMap, HashSet};

use super::{
    Ingress, TlsEntry,
    annotations::Companions,
    tls::{unnamed_hosts, uses},
};
use crate::{
    routing::{RoutingTable, ServedHost},
    settings::Settings,
};

/// What `spec.tls` becomes, and what that means for its hosts.
#[derive(Debug, Default)]
pub(super) struct Plan {
    parts: Vec<Part>,
    /// The hosts that use a routing secret then, and which.
    pub(super) served: Vec<ServedHost>,
    /// The TLS hosts that use none.
    pub(super) uncovered: Vec<String>,
}

/// An entry of the author, or those of its hosts that get the same Secret.
#[derive(Debug)]
struct Part {
    entry: TlsEntry,
    /// The hosts it names or stands for.
    hosts: Vec<String>,
    /// Whether its Secret is a routing secret that covers all of these.
    is_served: bool,
    /// Whether it is not as the author wrote it.
    is_new: bool,
}

/// The choice of a routing secret for a host and the names that are served with its certificate.
struct Choice<'a> {
    table: &'a RoutingTable<'a>,
    companions: Companions,
}

impl Choice<'_> {
    fn choose(&self, host: &str) -> Option<&str> {
        let others = self.companions.of_host(host);
        self.table.choose_together(host, &others)
    }
}

impl Part {
    /// The first host of an entry that gets this Secret.
    fn new(entry: &TlsEntry, secret: Option<&str>, host: &str, is_served: bool) -> Self {
        Self {
            entry: TlsEntry {
                secret_name: secret.map(str::to_owned),
                ..entry.clone()
            },
            hosts: vec![host.to_owned()],
            is_served,
            is_new: true,
        }
    }
}

impl Plan {
    /// Plans by the rules 1 to 4 and 6 of `docs/ingresses.md`.
    pub(super) fn new(original: &Ingress, table: &RoutingTable<'_>, settings: &Settings) -> Self {
        let mut plan = Self::default();
        let table = &Choice {
            table,
            companions: Companions::of(&original.annotations),
        };
        let unnamed = unnamed_hosts(&original.tls, &original.rule_hosts);
        let default_entry = original.tls.iter().position(|entry| entry.hosts.is_empty());
        let mut is_default_explicit = false;
        for (place, entry) in original.tls.iter().enumerate() {
            if Some(place) == default_entry {
                plan.add_default_entry(entry, &unnamed, original.serves_any_host, table);
                is_default_explicit = plan.parts.last().is_some_and(|part| part.is_new);
            } else if !entry.hosts.is_empty() {
                plan.add_entry(entry, &entry.hosts, table);
            } else if !is_default_explicit {
                // A further default entry stands for no host, so it goes when the first one goes.
                plan.keep(entry, &[], false);
            }
        }
        if original.secures_plain_hosts(settings) && default_entry.is_none() {
            plan.add_plain_hosts(&unnamed, table);
        }
        let mut seen = HashSet::new();
        let key = |served: &ServedHost| (served.host.to_ascii_lowercase(), served.secret.clone());
        plan.served.retain(|served| seen.insert(key(served)));
        plan
    }

    /// Rules 1 and 2: an entry stays, or its hosts go where they are covered.
    fn add_entry(&mut self, entry: &TlsEntry, hosts: &[String], table: &Choice<'_>) {
        let named = entry.secret_name.as_deref();
        if let Some(secret) = named
            && table.table.covers_all(secret, hosts)
        {
            self.served
                .extend(hosts.iter().map(|host| ServedHost::new(host, secret)));
            return self.keep(entry, hosts, true);
        }
        let mut changes = false;
        let mut parts: Vec<Part> = Vec::new();
        for host in hosts {
            let chosen = table.choose(host);
            match chosen {
                Some(secret) => self.served.push(ServedHost::new(host, secret)),
                None => self.uncovered.push(host.clone()),
            }
            let secret = chosen.or(named);
            changes |= secret != named;
            match parts
                .iter_mut()
                .find(|part| part.entry.secret_name.as_deref() == secret)
            {
                Some(part) => {
                    part.hosts.push(host.clone());
                    part.is_served &= chosen.is_some();
                }
                None => parts.push(Part::new(entry, secret, host, chosen.is_some())),
            }
        }
        if changes {
            self.parts.extend(parts);
        } else {
            self.keep(entry, hosts, false);
        }
    }

    /// Rule 3: the default entry becomes explicit if all hosts that it stands for are covered. Hosts
    /// that no rule names are served by what its Secret covers, so where there are such it stays.
    fn add_default_entry(
        &mut self,
        entry: &TlsEntry,
        hosts: &[String],
        serves_any_host: bool,
        table: &Choice<'_>,
    ) {
        let named = entry.secret_name.as_deref();
        let stays = named.is_some_and(|secret| table.table.covers_all(secret, hosts));
        let uncovered: Vec<_> = hosts
            .iter()
            .filter(|host| table.choose(host).is_none())
            .cloned()
            .collect();
        if stays || (uncovered.is_empty() && !serves_any_host) {
            self.add_entry(entry, hosts, table);
        } else {
            self.uncovered.extend(uncovered);
            self.keep(entry, hosts, false);
        }
    }

    /// Rule 4: hosts without TLS get it, if they are covered.
    fn add_plain_hosts(&mut self, hosts: &[String], table: &Choice<'_>) {
        for host in hosts {
            if let Some(secret) = table.choose(host) {
                self.served.push(ServedHost::new(host, secret));
                let part = Part::new(&TlsEntry::default(), Some(secret), host, true);
                self.parts.push(part);
            }
        }
    }

    fn keep(&mut self, entry: &TlsEntry, hosts: &[String], is_served: bool) {
        self.parts.push(Part {
            entry: entry.clone(),
            hosts: hosts.to_vec(),
            is_served,
            is_new: false,
        });
    }

    /// Rule 5: the entries to store. Those of a routing secret of which we write one are one entry,
    /// because cert-manager ignores an Ingress of which two entries name the same Secret
    /// (`pkg/controller/certificate-shim/sync.go`, `checkForDuplicateSecretNames`). They come first,
    /// because Traefik stops at the first entry whose Secret is missing
    /// (`pkg/provider/kubernetes/ingress/kubernetes.go`, `getCertificates`). With `omit_hosts` they
    /// have no hosts.
    pub(super) fn tls(&self, original: &Ingress, omit_hosts: bool) -> Vec<TlsEntry> {
        let is_ours = |part: &&Part| part.is_served && (part.is_new || omit_hosts);
        let ours = self.parts.iter().filter(is_ours);
        let ours: HashSet<_> = ours.map(|part| &part.entry.secret_name).collect();
        let mut groups: Vec<Vec<&Part>> = Vec::new();
        let mut places = HashMap::new();
        for part in &self.parts {
            let secret = &part.entry.secret_name;
            let next = groups.len();
            let place = match ours.contains(secret) {
                true => *places.entry(secret).or_insert(next),
                false => next,
            };
            match groups.get_mut(place) {
                Some(group) => group.push(part),
                None => groups.push(vec![part]),
            }
        }
        let entries = groups
            .iter()
            .filter_map(|group| entry_of(group, omit_hosts));
        let (routed, others): (Vec<_>, Vec<_>) = entries.partition(|(_, is_routed)| *is_routed);
        let ordered = routed.into_iter().chain(others);
        let tls: Vec<_> = ordered.map(|(entry, _)| entry).collect();
        // Neither their order nor a host that is only repeated is a reason to write.
        if uses(&tls, &original.rule_hosts) == uses(&original.tls, &original.rule_hosts) {
            return original.tls.clone();
        }
        tls
    }
}

/// The entry of some parts with the same Secret, and whether routing secrets serve its hosts.
fn entry_of(parts: &[&Part], omit_hosts: bool) -> Option<(TlsEntry, bool)> {
    let (first, others) = parts.split_first()?;
    let is_served = parts.iter().any(|part| part.is_served);
    let mut entry = first.entry.clone();
    if omit_hosts && is_served {
        entry.hosts.clear();
    } else if first.is_new || !others.is_empty() {
        let mut seen = HashSet::new();
        let hosts = parts.iter().flat_map(|part| &part.hosts);
        let hosts = hosts.filter(|host| seen.insert(host.to_ascii_lowercase()));
        entry.hosts = hosts.cloned().collect();
    }
    Some((entry, is_served))
}
