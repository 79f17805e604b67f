//! What people are told about an Ingress.

use std::collections::BTreeSet;

use super::plan::{Plan, secures_plain_hosts, uses};
use crate::{
    admission::{object::SKIP, response::list},
    ecosystem::served_together,
    objects::{Ingress, IngressRecord},
    record::Record,
    routing::{Change, Maker, RoutingTable, ServedHost},
    settings::Settings,
};

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
        .map(|name| format!("removed annotation {name}: every TLS host has a routing secret"))
        .collect();
    if !removed.is_empty() {
        warnings.extend(unmade.iter().map(|secret| {
            format!(
                "Secret {secret} is not made any more; if something else reads it, such as a pod, set {SKIP}"
            )
        }));
    }
    if removed.iter().any(|name| old_triggers.contains(name)) {
        let warning = "Certificates made for this Ingress before keep renewing until you delete them";
        warnings.push(warning.to_owned());
    }
    warnings
}

/// The warnings about routing secrets that cert-manager is told to overwrite, whatever the policy does:
/// entries of the author that have hosts and name one that is not made from them, beside a trigger
/// annotation.
pub(super) fn endangered(ingress: &Ingress, triggers: &[String], table: &RoutingTable<'_>) -> Vec<String> {
    let triggers: Vec<_> =
        triggers.iter().filter(|name| ingress.annotations.contains_key(*name)).cloned().collect();
    if triggers.is_empty() {
        return Vec::new();
    }
    let reason = triggers.join(", ");
    secrets_with_hosts(ingress)
        .into_iter()
        .filter(|secret| table.is_routing_secret(secret) && !makes(ingress, secret, table))
        .map(|secret| format!("cert-manager may overwrite routing secret {secret}: named beside {reason}"))
        .collect()
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

/// The warning about hosts that stay without TLS.
pub(super) fn plain(plan: &Plan) -> Option<String> {
    let (covered, uncovered) = (list(&plan.plain), list(&plan.plain_uncovered));
    (!plan.plain.is_empty()).then(|| format!("no TLS is added for {covered}: not covered: {uncovered}"))
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
            Some(secret) if table.is_routing_secret(secret) => named_in_vain(host, secret, table),
            _ => unused(host, ingress, table),
        })
        .collect()
}

fn named_in_vain(host: &String, secret: &str, table: &RoutingTable<'_>) -> Option<String> {
    if table.covers_all(secret, std::slice::from_ref(host)) {
        return None;
    }
    Some(match table.fault_of(secret) {
        Some(reason) => format!("{host}: its entry names routing secret {secret}: {reason}"),
        None => format!("{host}: its entry names routing secret {secret}, which does not cover it"),
    })
}

fn unused(host: &str, ingress: &Ingress, table: &RoutingTable<'_>) -> Option<String> {
    if let Some(chosen) = table.choose(host) {
        let others = served_together(host, &ingress.annotations);
        return table.choose_together(host, &others).is_none().then(|| {
            let others = list(&others);
            format!("{host}: routing secret {chosen} does not cover what is served with it: {others}")
        });
    }
    let (secret, reason) = table.unusable_for(host)?;
    Some(format!("{host}: routing secret {secret} is not used: {reason}"))
}

/// What `ingress.action: require` says against annotations that would be removed, and those that would be
/// restored.
pub(super) fn annotation_violations(removed: &[String], restored: &[String]) -> Vec<String> {
    let removed = removed
        .iter()
        .map(|name| format!("annotation {name} must go, or a certificate is issued into the routing secret"));
    let restored = restored.iter().map(|name| format!("annotation {name} of its author is missing"));
    removed.chain(restored).collect()
}

/// What it says against entries of routing secrets that list hosts beside a trigger annotation.
pub(super) fn listed_hosts(submitted: &Ingress, served: &[ServedHost], triggers: &[String]) -> Vec<String> {
    let triggers = triggers.join(", ");
    secrets_with_hosts(submitted)
        .into_iter()
        .filter(|secret| served.iter().any(|served| served.secret == **secret))
        .map(|secret| {
            format!("the entry of routing secret {secret} must not list its hosts beside {triggers}")
        })
        .collect()
}

/// Whether ingress-shim makes a routing secret from an Ingress that has a trigger.
pub(super) fn makes(ingress: &Ingress, secret: &str, table: &RoutingTable<'_>) -> bool {
    let hosts: Vec<_> = ingress
        .secret_uses()
        .into_iter()
        .filter(|used| used.secret == secret)
        .flat_map(|used| used.hosts)
        .collect();
    table.is_made_from(secret, Maker::Triggered(&hosts))
}

/// The Secrets of entries that have hosts.
pub(super) fn secrets_with_hosts(ingress: &Ingress) -> BTreeSet<&str> {
    ingress
        .tls
        .iter()
        .filter(|entry| !entry.is_default())
        .filter_map(|entry| entry.secret_name.as_deref())
        .collect()
}
