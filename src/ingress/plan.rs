//! Which routing secret serves which host of an Ingress.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::{
    ecosystem::{brings_certificate, served_together},
    objects::{Ingress, TlsEntry},
    routing::{RoutingTable, ServedHost},
    settings::{PlainHosts, Settings},
};

/// What `spec.tls` becomes, and what that means for its hosts.
#[derive(Debug, Default)]
pub(super) struct Plan {
    parts: Vec<Part>,
    /// The hosts that use a routing secret then, and which.
    pub(super) served: Vec<ServedHost>,
    /// The TLS hosts that use none.
    pub(super) uncovered: Vec<String>,
    /// Covered hosts that stay without TLS, because others of the Ingress are not covered.
    pub(super) plain: Vec<ServedHost>,
    /// The hosts that keep those without TLS.
    pub(super) plain_uncovered: Vec<String>,
}

/// An entry of the author, or those of its hosts that get the same Secret.
#[derive(Debug)]
struct Part {
    entry: TlsEntry,
    /// The hosts that it names, or the hosts of a default entry.
    hosts: Vec<String>,
    /// Whether its Secret is a routing secret that covers all of these.
    is_served: bool,
    /// Whether it is not as the author wrote it.
    is_new: bool,
    /// Whether it must stay an entry of its own.
    is_separate: bool,
}

struct Choice<'a> {
    table: &'a RoutingTable<'a>,
    ingress: &'a Ingress,
    /// The Secrets of default entries that stay: an entry with hosts beside one would be a second of its
    /// Secret.
    taken: Vec<&'a str>,
}

impl<'a> Choice<'a> {
    /// Rule 6: the routing secret that covers a host and the names that are served with its certificate.
    fn choose(&self, host: &str) -> Option<&'a str> {
        let others = served_together(host, &self.ingress.annotations);
        self.table.choose_together(host, &others).filter(|secret| !self.taken.contains(secret))
    }
}

impl Plan {
    /// Plans by the rules 1 to 4 and 6 of `docs/ingresses.md`.
    pub(super) fn new(original: &Ingress, table: &RoutingTable<'_>, settings: &Settings) -> Self {
        let mut plan = Self::default();
        let mut choice = Choice { table, ingress: original, taken: Vec::new() };
        let unnamed = original.unnamed_hosts();
        // Rule 3. Other hosts than those of rules are served by the names in the Secret of a default entry.
        let default_entries: Vec<_> = original.tls.iter().filter(|entry| entry.is_default()).collect();
        let is_explicit = default_entries.len() == 1
            && !original.serves_any_host()
            && unnamed.iter().all(|host| choice.choose(host).is_some());
        if !is_explicit {
            choice.taken = default_entries.iter().filter_map(|entry| entry.secret_name.as_deref()).collect();
        }
        for entry in &original.tls {
            if !entry.is_default() {
                plan.add_entry(entry, &entry.hosts, &choice);
            } else if is_explicit {
                plan.add_entry(entry, &unnamed, &choice);
            } else {
                plan.keep_default_entry(entry, &unnamed, &choice);
            }
        }
        if secures_plain_hosts(original, settings) {
            plan.add_plain_hosts(original, &unnamed, &choice);
        }
        let mut seen = HashSet::new();
        plan.served.retain(|served| seen.insert((served.host.to_ascii_lowercase(), served.secret.clone())));
        plan
    }

    /// Rules 1 and 2: an entry stays, or its hosts move where they are covered.
    fn add_entry(&mut self, entry: &TlsEntry, hosts: &[String], choice: &Choice<'_>) {
        let named = entry.secret_name.as_deref();
        if let Some(secret) = named
            && choice.table.covers_all(secret, hosts)
        {
            self.served.extend(hosts.iter().map(|host| ServedHost::new(host, secret)));
            return self.parts.push(Part::kept(entry, hosts, true));
        }
        let mut parts: Vec<Part> = Vec::new();
        for host in hosts {
            let chosen = choice.choose(host);
            match chosen {
                Some(secret) => self.served.push(ServedHost::new(host, secret)),
                None => self.uncovered.push(host.clone()),
            }
            let secret = chosen.or(named);
            let same = parts.iter_mut().find(|part| part.entry.secret_name.as_deref() == secret);
            match same {
                Some(part) => {
                    part.hosts.push(host.clone());
                    part.is_served &= chosen.is_some();
                }
                None => parts.push(Part::new(entry, secret, host, chosen.is_some())),
            }
        }
        if parts.iter().any(|part| part.entry.secret_name != entry.secret_name) {
            self.parts.extend(parts);
        } else {
            self.parts.push(Part::kept(entry, hosts, false));
        }
    }

    fn keep_default_entry(&mut self, entry: &TlsEntry, hosts: &[String], choice: &Choice<'_>) {
        let secret = entry.secret_name.as_deref();
        let is_served = secret.is_some_and(|secret| choice.table.covers_all(secret, hosts));
        for host in hosts {
            match secret {
                Some(secret) if is_served => self.served.push(ServedHost::new(host, secret)),
                _ => self.uncovered.push(host.clone()),
            }
        }
        self.parts.push(Part { is_separate: true, ..Part::kept(entry, hosts, is_served) });
    }

    /// Rule 4: hosts without TLS get it, if all of them are covered. Where an Ingress has any entry,
    /// ingress-nginx serves all of its hosts with TLS, with its default certificate if need be, and redirects
    /// to HTTPS.
    fn add_plain_hosts(&mut self, original: &Ingress, hosts: &[String], choice: &Choice<'_>) {
        let mut covered = Vec::new();
        for host in hosts {
            match choice.choose(host) {
                Some(secret) => covered.push(ServedHost::new(host, secret)),
                None => self.plain_uncovered.push(host.clone()),
            }
        }
        if original.has_rule_without_host {
            self.plain_uncovered.push("a rule without host".to_owned());
        }
        if !self.plain_uncovered.is_empty() {
            self.plain = covered;
            return;
        }
        for ServedHost { host, secret } in &covered {
            self.parts.push(Part::new(&TlsEntry::default(), Some(secret), host, true));
        }
        self.served.extend(covered);
    }

    /// Rule 5: the entries to store. Those of a routing secret of which we write one are one entry, because
    /// cert-manager ignores an Ingress of which two entries name the same Secret
    /// (`pkg/controller/certificate-shim/sync.go`, `checkForDuplicateSecretNames`). They come first, because
    /// Traefik stops at the first entry whose Secret is missing
    /// (`pkg/provider/kubernetes/ingress/kubernetes.go`, `getCertificates`). With `omit_hosts` they have no
    /// hosts.
    pub(super) fn tls(&self, original: &Ingress, omit_hosts: bool) -> Vec<TlsEntry> {
        let ours: HashSet<_> = self
            .parts
            .iter()
            .filter(|part| part.is_served && (part.is_new || omit_hosts))
            .map(|part| &part.entry.secret_name)
            .collect();
        let mut groups: Vec<Vec<&Part>> = Vec::new();
        let mut places = HashMap::new();
        for part in &self.parts {
            let secret = &part.entry.secret_name;
            let next = groups.len();
            let is_joined = ours.contains(secret) && (omit_hosts || !part.is_separate);
            let place = if is_joined { *places.entry(secret).or_insert(next) } else { next };
            match groups.get_mut(place) {
                Some(group) => group.push(part),
                None => groups.push(vec![part]),
            }
        }
        let (routed, others): (Vec<_>, Vec<_>) = groups
            .iter()
            .filter_map(|group| entry_of(group, omit_hosts))
            .partition(|(_, is_routed)| *is_routed);
        let mut stored = original.clone();
        stored.tls = routed.into_iter().chain(others).map(|(entry, _)| entry).collect();
        // Neither the order of entries nor a host that is only repeated is a reason to write.
        if uses(&stored) == uses(original) {
            return original.tls.clone();
        }
        stored.tls
    }
}

impl Part {
    /// An entry as the author wrote it.
    fn kept(entry: &TlsEntry, hosts: &[String], is_served: bool) -> Self {
        let (entry, hosts) = (entry.clone(), hosts.to_vec());
        Self { entry, hosts, is_served, is_new: false, is_separate: false }
    }

    /// The first host of an entry that gets this Secret.
    fn new(entry: &TlsEntry, secret: Option<&str>, host: &str, is_served: bool) -> Self {
        let entry = TlsEntry { secret_name: secret.map(str::to_owned), ..entry.clone() };
        Self { entry, hosts: vec![host.to_owned()], is_served, is_new: true, is_separate: false }
    }
}

/// The entry of some parts with the same Secret, and whether routing secrets serve its hosts.
fn entry_of(parts: &[&Part], omit_hosts: bool) -> Option<(TlsEntry, bool)> {
    // A default entry of the author stays as it is.
    let first = parts.iter().find(|part| part.is_separate).or(parts.first())?;
    let is_served = parts.iter().any(|part| part.is_served);
    let mut entry = first.entry.clone();
    if omit_hosts && is_served {
        entry.hosts.clear();
    } else if first.is_new || parts.len() > 1 {
        let mut seen = HashSet::new();
        entry.hosts = parts
            .iter()
            .flat_map(|part| &part.hosts)
            .filter(|host| seen.insert(host.to_ascii_lowercase()))
            .cloned()
            .collect();
    }
    Some((entry, is_served))
}

/// Whether hosts of rules that no entry names get one. A default entry names them all.
pub(super) fn secures_plain_hosts(ingress: &Ingress, settings: &Settings) -> bool {
    settings.ingress.plain_hosts == PlainHosts::Secure
        && !ingress.has_default_entry()
        && !brings_certificate(&ingress.annotations)
}

/// How a host uses Secrets: whether entries with hosts name it, and the Secrets of all of its entries.
#[derive(Default, PartialEq)]
pub(super) struct Use {
    pub(super) is_named: bool,
    pub(super) secrets: BTreeSet<Option<String>>,
}

impl Use {
    /// A Secret other than the expected one, if there is one.
    pub(super) fn other_than(&self, expected: Option<&String>) -> Option<String> {
        let other = self.secrets.iter().find(|secret| secret.as_ref() != expected);
        other.cloned().unwrap_or(expected.cloned())
    }
}

/// How each TLS host, in lower case, uses Secrets.
pub(super) fn uses(ingress: &Ingress) -> BTreeMap<String, Use> {
    let mut uses: BTreeMap<String, Use> = BTreeMap::new();
    let unnamed = if ingress.has_default_entry() { ingress.unnamed_hosts() } else { Vec::new() };
    for entry in &ingress.tls {
        for host in if entry.is_default() { &unnamed } else { &entry.hosts } {
            let host_use = uses.entry(host.to_ascii_lowercase()).or_default();
            host_use.is_named = !entry.is_default();
            host_use.secrets.insert(entry.secret_name.clone());
        }
    }
    uses
}
