//! What people are told about a Gateway or ListenerSet.

use std::collections::BTreeSet;

use super::{ignore_list::ignored, plan::Plan};
use crate::{
    admission::response::list,
    ecosystem::IGNORED_LISTENERS,
    objects::{Gateway, Listener},
    routing::{Change, Maker, RoutingTable, covered, not_serving, not_usable, uncovered},
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
            host: label(found),
            place: format!("listener {} ({})", found.name, found.hostname),
            found: found.secret().map(str::to_owned),
            expected: stored.secret().map(str::to_owned),
            is_served: stored != original,
        })
        .collect()
}

pub(super) fn changed(changes: &[Change], submitted: &Gateway, stored: &Gateway) -> Vec<String> {
    let mut warnings: Vec<_> = changes.iter().map(Change::warning).collect();
    let (added, removed) = (more_ignored(stored, submitted), more_ignored(submitted, stored));
    if !added.is_empty() {
        warnings.push(format!("cert-manager ignores listeners: {}", list(&added)));
    }
    if !removed.is_empty() {
        warnings.push(format!("cert-manager no longer ignores listeners: {}", list(&removed)));
    }
    each_once(warnings)
}

/// The warnings about listeners that are covered and stay: they share a Secret with others that are not
/// covered, or a port with one that passes TLS through.
pub(super) fn held_back(plan: &Plan) -> Vec<String> {
    let conflicts = plan.conflicts.iter().map(|(host, other)| {
        let other = if other.is_empty() { "a listener without hostname" } else { other };
        format!("{host}: stays: {other} passes TLS through")
    });
    let warnings = plan.held_back.iter().flat_map(|(secret, shared)| {
        [
            format!("keeps Secret {secret}: not all of its listeners are covered"),
            covered(&shared.covered),
            uncovered(&shared.uncovered, "name another Secret for them"),
        ]
    });
    conflicts.chain(warnings).collect()
}

/// The warnings about listeners that name a routing secret which does not serve them or which cert-manager
/// may overwrite, and about hosts that only routing secrets cover which are not usable.
pub(super) fn unserved(stored: &Gateway, table: &RoutingTable<'_>, is_triggered: bool) -> Vec<String> {
    let ignored_names = ignored(stored);
    let mut warnings = Vec::new();
    for listener in &stored.listeners {
        let is_ordered =
            is_triggered && listener.gets_certificate && !ignored_names.contains(listener.name.as_str());
        let host = label(listener);
        let secrets: Vec<_> = listener.secrets().filter(|name| table.is_routing_secret(name)).collect();
        if listener.is_rewritable {
            warnings.extend(secrets.iter().filter_map(|secret| not_serving(&host, secret, table)));
            warnings.extend(not_usable(&host, table).filter(|_| secrets.is_empty()));
        }
        for secret in secrets {
            if is_ordered && !table.is_made_from(secret, Maker::Triggered(&stored.hosts_of(secret))) {
                warnings.push(format!("{host}: cert-manager may overwrite {secret}"));
            } else if is_triggered && !listener.is_rewritable {
                warnings.push(format!("{host}: keeps routing secret {secret}"));
            }
        }
    }
    each_once(warnings)
}

/// What `gateway.action: require` says against listeners and the list of ignored ones.
pub(super) fn violations(changes: &[Change], submitted: &Gateway, stored: &Gateway) -> Vec<String> {
    let missing = more_ignored(stored, submitted).into_iter().map(|name| {
        format!("add {name} to annotation {IGNORED_LISTENERS}, or cert-manager overwrites the routing secret")
    });
    let needless = more_ignored(submitted, stored)
        .into_iter()
        .map(|name| format!("remove {name} from annotation {IGNORED_LISTENERS}"));
    changes.iter().filter_map(Change::violation).chain(missing).chain(needless).collect()
}

/// The host of a listener, or its name if it has none.
fn label(listener: &Listener) -> String {
    match listener.hostname.as_str() {
        "" => format!("listener {}", listener.name),
        host => host.to_owned(),
    }
}

/// Each warning once: listeners on several ports may have one host.
fn each_once(mut warnings: Vec<String>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    warnings.retain(|warning| seen.insert(warning.to_ascii_lowercase()));
    warnings
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
