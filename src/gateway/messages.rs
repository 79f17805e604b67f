//! What people are told about a Gateway or ListenerSet.

use std::collections::BTreeSet;

use super::{ignore_list::ignored, plan::Plan};
use crate::{
    admission::response::list,
    ecosystem::IGNORED_LISTENERS,
    objects::Gateway,
    routing::{Change, Maker, RoutingTable},
};

/// The listeners whose Secret changes from what was submitted to what is stored.
pub(super) fn changes(submitted: &Gateway, original: &Gateway, stored: &Gateway) -> Vec<Change> {
    submitted
        .listeners
        .iter()
        .zip(&original.listeners)
        .zip(&stored.listeners)
        .filter(|((found, _), stored)| found != stored)
        .map(|((found, original), stored)| Change {
            host: match found.hostname.as_str() {
                "" => format!("listener {}", found.name),
                host => host.to_owned(),
            },
            place: format!("listener {} ({})", found.name, found.hostname),
            found: found.secret().map(str::to_owned),
            expected: stored.secret().map(str::to_owned),
            is_served: stored != original,
        })
        .collect()
}

/// The warnings about an object that was changed.
pub(super) fn changed(changes: &[Change], submitted: &Gateway, stored: &Gateway) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let mut warnings: Vec<_> = changes
        .iter()
        .map(Change::warning)
        .filter(|warning| seen.insert(warning.to_ascii_lowercase()))
        .collect();
    let added = more_ignored(stored, submitted);
    if !added.is_empty() {
        warnings.push(format!("cert-manager ignores listeners: {}", list(&added)));
    }
    let removed = more_ignored(submitted, stored);
    if !removed.is_empty() {
        warnings.push(format!("cert-manager no longer ignores listeners: {}", list(&removed)));
    }
    warnings
}

/// The warnings about listeners that are covered and stay: they share a Secret with others that are not
/// covered, or a port with one that passes TLS through.
pub(super) fn held_back(plan: &Plan) -> Vec<String> {
    let conflicts = plan.conflicts.iter().map(|(host, other)| {
        let other = Some(other.as_str()).filter(|other| !other.is_empty());
        let other = other.unwrap_or("a listener without hostname");
        format!("{host}: stays, because {other} on its port passes TLS through and would share connections")
    });
    let warnings = plan.held_back.iter().flat_map(|(secret, shared)| {
        let covered = list(&shared.covered);
        let uncovered = list(&shared.uncovered);
        [
            format!("{covered}: left with Secret {secret}"),
            format!("{uncovered}: not covered, with Secret {secret} too"),
        ]
    });
    conflicts.chain(warnings).collect()
}

/// The warnings about listeners that name a routing secret which does not serve them or which cert-manager
/// may overwrite, and about hosts that only routing secrets cover which are not usable.
pub(super) fn unserved(stored: &Gateway, table: &RoutingTable<'_>, is_triggered: bool) -> Vec<String> {
    let ignored_names = ignored(stored);
    let mut unused = BTreeSet::new();
    let mut warnings = Vec::new();
    for listener in &stored.listeners {
        let is_ordered =
            is_triggered && listener.gets_certificate && !ignored_names.contains(listener.name.as_str());
        let secrets: Vec<_> = listener.secrets().filter(|name| table.is_routing_secret(name)).collect();
        for secret in &secrets {
            let hosts = stored.hosts_of(secret);
            let is_endangered = is_ordered && !table.is_made_from(secret, Maker::Triggered(&hosts));
            let fault = match table.fault_of(secret) {
                Some(reason) => Some(format!(": {reason}")),
                None if table.covers(secret, &listener.hostname) => None,
                None => Some(", which does not cover its host".to_owned()),
            };
            let names = format!("listener {} names routing secret {secret}", listener.name);
            warnings.push(match (is_endangered, listener.is_rewritable, fault) {
                (true, true, Some(fault)) => {
                    format!("{names}{fault}; cert-manager may overwrite it")
                }
                (true, ..) => format!("{names}: cert-manager may overwrite it"),
                (false, true, Some(fault)) => format!("{names}{fault}"),
                (false, false, _) if is_triggered => format!("{names}, and stays"),
                (false, ..) => continue,
            });
        }
        let host = &listener.hostname;
        if listener.is_rewritable
            && secrets.is_empty()
            && table.choose(host).is_none()
            && let Some((secret, reason)) = table.unusable_for(host)
            && unused.insert(host.to_ascii_lowercase())
        {
            warnings.push(format!("{host}: routing secret {secret} is not used: {reason}"));
        }
    }
    warnings
}

/// What `gateway.action: require` says against listeners and the list of ignored ones.
pub(super) fn violations(changes: &[Change], submitted: &Gateway, stored: &Gateway) -> Vec<String> {
    let missing = more_ignored(stored, submitted).into_iter().map(|name| {
        format!(
            "annotation {IGNORED_LISTENERS} must list {name}, \
             or a certificate is issued into the routing secret"
        )
    });
    let needless = more_ignored(submitted, stored)
        .into_iter()
        .map(|name| format!("annotation {IGNORED_LISTENERS} must not list {name}"));
    changes.iter().filter_map(Change::violation).chain(missing).chain(needless).collect()
}

/// The listeners that cert-manager ignores in one object and not in another.
fn more_ignored(one: &Gateway, other: &Gateway) -> Vec<String> {
    let others = ignored(other);
    ignored(one)
        .into_iter()
        .filter(|name| !name.is_empty() && !others.contains(name))
        .map(str::to_owned)
        .collect()
}
