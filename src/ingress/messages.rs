//! What people are told about an Ingress.

use std::collections::BTreeSet;

use super::plan::{Plan, secures_plain_hosts, uses};
use crate::{
    admission::{object::SKIP, response::list},
    ecosystem::served_together,
    objects::{Ingress, IngressRecord},
    record::Record,
    routing::{Change, Maker, RoutingTable, ServedHost, not_serving, not_usable, uncovered},
    settings::Settings,
};

/// What to do about hosts that are not covered.
pub(super) const REMEDY: &str = "move them to another Ingress";

/// The hosts that change from what was submitted to what is stored: those that routing secrets serve, and
/// those that they no longer serve.
pub(super) fn changes(submitted: &Ingress, stored: &Ingress, served: &[ServedHost]) -> Vec<Change> {
    let (found, stored) = (uses(submitted), uses(stored));
    let change = |host: &str, expected: Option<String>, is_served| Change {
        host: host.to_owned(),
        place: host.to_owned(),
        found: found.get(&host.to_ascii_lowercase()).and_then(|found| found.other_than(expected.as_ref())),
        expected,
        is_served,
    };
    let is_changed = |host: &String| found.get(host) != stored.get(host);
    let routed = served
        .iter()
        .filter(|served| is_changed(&served.host.to_ascii_lowercase()))
        .map(|served| change(&served.host, Some(served.secret.clone()), true));
    let all_served: BTreeSet<_> = served.iter().map(|served| served.host.to_ascii_lowercase()).collect();
    // A default entry is no news for a host that nobody named.
    let named = stored.iter().filter(|(_, stored)| stored.is_named).map(|(host, _)| host);
    let hosts: BTreeSet<_> = found.keys().chain(named).collect();
    let others =
        hosts.into_iter().filter(|host| is_changed(host) && !all_served.contains(*host)).map(|host| {
            let secrets = stored.get(host).map(|stored| &stored.secrets);
            let expected = secrets.and_then(|secrets| secrets.first().cloned().flatten());
            change(host, expected, false)
        });
    routed.chain(others).collect()
}

/// The names of the author's annotations that one Ingress has and another one lacks.
pub(super) fn more_annotations(one: &Ingress, other: &Ingress) -> Vec<String> {
    one.annotations
        .keys()
        .filter(|name| *name != IngressRecord::ANNOTATION && !other.annotations.contains_key(*name))
        .cloned()
        .collect()
}

/// The warnings about trigger annotations that were removed, of which the old object may have had some, and
/// about the Secrets that are not made any more.
pub(super) fn removed(removed: &[String], old_triggers: &[String], unmade: &[String]) -> Vec<String> {
    let mut warnings: Vec<_> = removed
        .iter()
        .map(|name| format!("removed annotation {name}: all TLS hosts use routing secrets"))
        .collect();
    if !removed.is_empty() && !unmade.is_empty() {
        warnings.extend(unmade.iter().map(|secret| format!("Secret {secret} is not made any more")));
        warnings.push(format!("a pod that reads such a Secret needs {SKIP} on this Ingress"));
    }
    if removed.iter().any(|name| old_triggers.contains(name)) {
        let warning = "its Certificates keep renewing: delete them if nothing else uses their Secrets";
        warnings.push(warning.to_owned());
    }
    warnings
}

/// The warnings about routing secrets that cert-manager is told to overwrite, whatever the policy does:
/// entries of the author that have hosts and name one that is not made from them, beside a trigger
/// annotation.
pub(super) fn endangered(ingress: &Ingress, triggers: &[String], table: &RoutingTable<'_>) -> Vec<String> {
    let mut triggers = triggers.to_vec();
    triggers.retain(|name| ingress.annotations.contains_key(name));
    let mut warnings: Vec<_> = ingress
        .secrets_with_hosts()
        .into_iter()
        .filter(|secret| !triggers.is_empty() && table.is_routing_secret(secret))
        .filter(|secret| !table.is_made_from(secret, Maker::Triggered(&ingress.hosts_of(secret))))
        .map(|secret| format!("cert-manager may overwrite routing secret {secret}"))
        .collect();
    if !warnings.is_empty() {
        warnings.push(format!("remove annotation {}", triggers.join(", ")));
    }
    warnings
}

/// The covered hosts that have another Secret than the one that covers them.
pub(super) fn not_using(served: &[ServedHost], original: &Ingress) -> Vec<ServedHost> {
    let uses = uses(original);
    let uses_other = |served: &&ServedHost| {
        let found = uses.get(&served.host.to_ascii_lowercase());
        found.is_some_and(|found| found.other_than(Some(&served.secret)).as_ref() != Some(&served.secret))
    };
    served.iter().filter(uses_other).cloned().collect()
}

pub(super) fn plain(plan: &Plan) -> Vec<String> {
    if plan.plain.is_empty() {
        return Vec::new();
    }
    let covered = list(&plan.plain);
    vec![format!("no TLS is added for {covered}"), uncovered(&plan.plain_uncovered, REMEDY)]
}

/// The warnings about hosts that a routing secret could be expected to serve, and does not. With
/// `omits_hosts`, default entries are not asked about.
pub(super) fn unserved(
    ingress: &Ingress,
    omits_hosts: bool,
    table: &RoutingTable<'_>,
    settings: &Settings,
) -> Vec<String> {
    let unnamed = ingress.unnamed_hosts();
    let mut named = Vec::new();
    for entry in ingress.tls.iter().filter(|entry| !omits_hosts || !entry.is_default()) {
        let hosts = if entry.is_default() { &unnamed } else { &entry.hosts };
        named.extend(hosts.iter().map(|host| (host, entry.secret_name.as_deref())));
    }
    if secures_plain_hosts(ingress, settings) {
        named.extend(unnamed.iter().map(|host| (host, None)));
    }
    let mut seen = BTreeSet::new();
    named
        .into_iter()
        .filter(|(host, secret)| seen.insert((host.to_ascii_lowercase(), *secret)))
        .filter(|(host, _)| settings.host(host).is_some())
        .filter_map(|(host, secret)| match secret {
            Some(secret) if table.is_routing_secret(secret) => not_serving(host, secret, table),
            _ => not_usable(host, table).or_else(|| served_apart(host, ingress, table)),
        })
        .collect()
}

/// The warning about a covered host, where no routing secret covers it and what is served with it.
fn served_apart(host: &str, ingress: &Ingress, table: &RoutingTable<'_>) -> Option<String> {
    let others = served_together(host, &ingress.annotations);
    let is_apart = table.choose(host).is_some() && table.choose_together(host, &others).is_none();
    is_apart.then(|| format!("{host}: no routing secret covers it and {}", list(&others)))
}

/// What `ingress.action: require` says against annotations that would be removed, and those that would be
/// restored.
pub(super) fn annotation_violations(submitted: &Ingress, stored: &Ingress) -> Vec<String> {
    let removed = more_annotations(submitted, stored)
        .into_iter()
        .map(|name| format!("remove annotation {name}, which would overwrite the routing secret"));
    let restored = more_annotations(stored, submitted)
        .into_iter()
        .map(|name| format!("restore annotation {name} of its author"));
    removed.chain(restored).collect()
}

/// What it says against entries of routing secrets that list hosts beside a trigger annotation.
pub(super) fn listed_hosts(submitted: &Ingress, stored: &Ingress, triggers: &[String]) -> Vec<String> {
    let triggers = triggers.join(", ");
    let stored_secrets: Vec<_> = stored.secrets().collect();
    submitted
        .secrets_with_hosts()
        .difference(&stored.secrets_with_hosts())
        .filter(|secret| stored_secrets.contains(secret))
        .map(|secret| format!("remove the hosts from the entry of routing secret {secret} beside {triggers}"))
        .collect()
}
