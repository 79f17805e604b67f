//! Which routing secret serves which listener, and which listeners cert-manager must ignore then.

use std::{
    collections::{BTreeMap, BTreeSet},
    slice::from_ref,
};

use super::ignore_list;
use crate::{
    objects::{Gateway, Listener},
    routing::{Maker, RoutingTable, ServedHost},
};

/// What becomes of the listeners.
#[derive(Default)]
pub(super) struct Plan {
    /// The routing secret that serves each listener then, by position.
    pub(super) secrets: Vec<Option<String>>,
    /// The names of the listeners that cert-manager must ignore and does not ignore yet, in order.
    pub(super) ignored: Vec<String>,
    /// The hosts that use a routing secret then, and which.
    pub(super) served: Vec<ServedHost>,
    /// The author's Secrets with listeners that stay although they are covered.
    pub(super) held_back: BTreeMap<String, SharedSecret>,
    /// Hosts that are covered and stay, because clients would reuse their connections for a host of which TLS
    /// is passed through, with that host.
    pub(super) conflicts: Vec<(String, String)>,
}

/// The hosts of the listeners for which cert-manager makes one Certificate, because they name one Secret.
#[derive(Default)]
pub(super) struct SharedSecret {
    /// The hosts that another Secret covers, and which.
    pub(super) covered: Vec<ServedHost>,
    pub(super) uncovered: Vec<String>,
}

impl Plan {
    /// Plans for an object as its author wants it. If it is triggered, cert-manager orders a certificate for
    /// each Secret that listeners name which it is not told to ignore.
    pub(super) fn new(original: &Gateway, table: &RoutingTable<'_>, is_triggered: bool) -> Self {
        let mut plan = Self::default();
        let makes = |secret: &str| {
            is_triggered && table.is_made_from(secret, Maker::Triggered(&original.hosts_of(secret)))
        };
        let mut choices = Vec::new();
        for listener in &original.listeners {
            let choice = choose(listener, table, makes);
            let conflict = choice.as_ref().and_then(|choice| conflict(listener, choice, original, table));
            plan.conflicts.extend(conflict.map(|other| (listener.hostname.clone(), other.hostname.clone())));
            choices.push(choice.filter(|_| conflict.is_none()));
        }
        if is_triggered {
            plan.held_back = held_back(original, &choices);
        }
        let ignored = ignore_list::ignored(original);
        let mut seen = BTreeSet::new();
        for (listener, choice) in original.listeners.iter().zip(choices) {
            let current = listener.secret().unwrap_or_default();
            let is_held_back = plan.held_back.contains_key(current);
            let secret = choice.filter(|choice| choice == current || !is_held_back);
            if let Some(secret) = &secret {
                if seen.insert((listener.hostname.to_ascii_lowercase(), secret.clone())) {
                    plan.served.push(ServedHost::new(&listener.hostname, secret));
                }
                let is_producer = secret == current && makes(secret);
                if is_triggered && !is_producer && !ignored.contains(listener.name.as_str()) {
                    plan.ignored.push(listener.name.clone());
                }
            }
            plan.secrets.push(secret);
        }
        plan
    }

    /// Has the listeners with a Secret of the author stay, because something else needs it.
    pub(super) fn hold(&mut self, secret: &str, original: &Gateway) {
        for (listener, applied) in original.listeners.iter().zip(&mut self.secrets) {
            if listener.secret() == Some(secret)
                && let Some(applied) = applied.take()
            {
                self.ignored.retain(|name| *name != listener.name);
                self.served.retain(|served| {
                    served.secret != applied || !served.host.eq_ignore_ascii_case(&listener.hostname)
                });
            }
        }
    }

    /// The Secrets of listeners that cert-manager would not make any more.
    pub(super) fn unmade_secrets(&self, original: &Gateway, table: &RoutingTable<'_>) -> Vec<String> {
        let unmade: BTreeSet<_> = original
            .listeners
            .iter()
            .zip(&self.secrets)
            .filter(|(listener, applied)| applied.is_some() && self.ignored.contains(&listener.name))
            .filter_map(|(listener, _)| listener.secret())
            .filter(|current| !table.is_routing_secret(current))
            .collect();
        unmade.into_iter().map(str::to_owned).collect()
    }
}

/// The routing secret that covers a listener: the one that it names, or the best. A routing secret that is
/// made from the object goes on.
fn choose(listener: &Listener, table: &RoutingTable<'_>, makes: impl Fn(&str) -> bool) -> Option<String> {
    let current = listener.secret().filter(|_| listener.is_rewritable)?;
    if table.covers_all(current, from_ref(&listener.hostname)) {
        return Some(current.to_owned());
    }
    table.choose(&listener.hostname).filter(|_| !makes(current)).map(str::to_owned)
}

/// A listener that passes TLS through on the same port, for a host that the chosen certificate covers:
/// clients would reuse the connection for it (RFC 9113, section 9.1.1) and reach the wrong backend.
fn conflict<'a>(
    listener: &Listener,
    choice: &str,
    original: &'a Gateway,
    table: &RoutingTable<'_>,
) -> Option<&'a Listener> {
    original.listeners.iter().filter(|_| listener.secret() != Some(choice)).find(|other| {
        // Without a hostname it takes every host that no other listener takes.
        other.passes_through_beside(listener)
            && (other.hostname.is_empty() || table.covers(choice, &other.hostname))
    })
}

/// The Secrets that are shared by listeners of which only some are covered. A Certificate for fewer hosts
/// would be a new order, so all of them leave it, or none.
fn held_back(original: &Gateway, choices: &[Option<String>]) -> BTreeMap<String, SharedSecret> {
    let ignored = ignore_list::ignored(original);
    let mut all: BTreeMap<String, SharedSecret> = BTreeMap::new();
    for (listener, choice) in original.listeners.iter().zip(choices) {
        let is_ordered = listener.gets_certificate && !ignored.contains(listener.name.as_str());
        match (listener.secret(), choice) {
            (Some(current), Some(choice)) if choice == current => {}
            (Some(current), Some(choice)) => {
                let shared = all.entry(current.to_owned()).or_default();
                shared.covered.push(ServedHost::new(&listener.hostname, choice));
            }
            _ if listener.is_rewritable || is_ordered => {
                for secret in listener.secrets() {
                    let shared = all.entry(secret.to_owned()).or_default();
                    shared.uncovered.push(listener.hostname.clone());
                }
            }
            _ => {}
        }
    }
    all.retain(|_, shared| !shared.covered.is_empty() && !shared.uncovered.is_empty());
    all
}
