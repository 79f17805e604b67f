//! What people are told about a Gateway or ListenerSet.

use crate::{
    decision::Route,
    gateway::{
        ignored::IGNORED,
        intent::Intent,
        object::{Gateway, Role},
        outcome::{Change, Outcome},
        plan::Plan,
    },
    keys::{Keys, text},
    report::{list, returned, served},
    routing::RoutingTable,
};

/// The warnings about an object that was changed.
pub fn change_warnings(outcome: &Outcome<'_>, gateway: &Gateway<'_>) -> Vec<String> {
    let changes = outcome.changes.iter().map(|change| {
        let name = if change.listener.host.is_empty() {
            format!("listener {}", change.listener.name)
        } else {
            change.listener.host.clone()
        };
        if change.is_routed {
            served(&name, change.expected)
        } else {
            returned(&name, change.expected)
        }
    });
    let mut seen = Keys::default();
    let mut warnings: Vec<_> = changes
        .filter(|warning| seen.add(text(warning.to_ascii_lowercase())))
        .collect();
    let (ignored, noticed) = outcome.ignored_changes(gateway);
    if !ignored.is_empty() {
        warnings.push(format!(
            "cert-manager ignores listeners: {}",
            list(&ignored)
        ));
    }
    if !noticed.is_empty() {
        warnings.push(format!(
            "cert-manager no longer ignores listeners: {}",
            list(&noticed)
        ));
    }
    warnings
}

/// The warnings about an object that is left as it is although routing secrets cover its hosts.
pub fn left_warnings(reason: &str, plan: &Plan<'_>) -> Vec<String> {
    vec![
        format!("left as it is: {reason}"),
        format!("covered: {}", list(&routes(&plan.served))),
    ]
}

/// The warnings about listeners that share a Secret and stay, because not all of them are covered.
pub fn held_back_warnings(plan: &Plan<'_>) -> Vec<String> {
    let groups = plan.held_back().flat_map(|(secret, group)| {
        [
            format!(
                "{}: left with Secret {secret}",
                list(&routes(&group.covered))
            ),
            format!(
                "{}: not covered, with Secret {secret} too",
                list(&group.uncovered)
            ),
        ]
    });
    groups.collect()
}

/// The warnings about listeners that name a routing secret in an object for which cert-manager orders
/// certificates, and that are not served by it; if the plan is not carried out, about all that it is
/// not told to ignore.
pub fn danger_warnings(
    intent: &Intent<'_>,
    table: &RoutingTable<'_>,
    plan: &Plan<'_>,
    is_planned: bool,
) -> Vec<String> {
    let ignored = intent.ignored_names();
    let mut warnings = Vec::new();
    for (at, wanted) in intent.listeners.iter().enumerate() {
        if is_planned && plan.moved(at).is_some() {
            continue;
        }
        let name = wanted.found.name.as_str();
        let is_ordered = wanted.found.role != Role::Other && !ignored.contains(&text(name));
        let is_served = plan.is_served(at);
        for secret in wanted
            .secrets()
            .filter(|name| table.is_routing_secret(name))
        {
            let is_endangered = is_ordered && !table.is_made_by_namesake(secret);
            if is_served && (is_planned || !is_endangered) {
                continue;
            }
            let names = format!("listener {name} names routing secret {secret}");
            warnings.push(match (is_endangered, is_served || !wanted.is_ours()) {
                (true, true) => format!("{names}: cert-manager may overwrite it"),
                (true, false) => {
                    format!("{names}, not for its host: cert-manager may overwrite it")
                }
                (false, true) => format!("{names}, and stays"),
                (false, false) => format!("{names}, which does not cover its host"),
            });
        }
    }
    warnings
}

/// What `gateway.action: require` says against listeners and the list of ignored ones.
pub fn faults(outcome: &Outcome<'_>, gateway: &Gateway<'_>) -> Vec<String> {
    let fault = |change: &Change<'_>| {
        let listener = change.listener;
        let found = listener.secret().unwrap_or_default();
        format!(
            "listener {} ({}) names Secret {found}, expected Secret {}",
            listener.name, listener.host, change.expected
        )
    };
    let (missing, needless) = outcome.ignored_changes(gateway);
    let missing = missing.iter().map(|name| {
        format!(
            "annotation {IGNORED} must list {name}, or a certificate is issued into the routing secret"
        )
    });
    let needless = needless
        .iter()
        .map(|name| format!("annotation {IGNORED} must not list {name}"));
    let changes = outcome.changes.iter().map(fault);
    changes.chain(missing).chain(needless).collect()
}

fn routes(routes: &[Route]) -> Vec<String> {
    routes
        .iter()
        .map(|route| format!("{} ({})", route.host, route.secret))
        .collect()
}
