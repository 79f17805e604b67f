//! Which routing secret serves which listener, and which listeners cert-manager must ignore then.

use std::{
    collections::{BTreeMap, BTreeSet},
    slice::from_ref,
};

use crate::{
    coverage::Coverage,
    decision::Route,
    gateway::{
        intent::{Intent, Wanted},
        object::Role,
    },
};

/// What becomes of the listeners.
#[derive(Debug, Default)]
pub struct Plan<'a> {
    /// The positions of the listeners that get another Secret than their author's, and which.
    pub moved: BTreeMap<usize, &'a str>,
    /// The names of the listeners that cert-manager must ignore and does not ignore yet, in order.
    pub ignored: Vec<&'a str>,
    /// The hosts that use a routing secret then, and which.
    pub served: Vec<Route>,
    /// The positions of their listeners.
    pub served_at: BTreeSet<usize>,
    /// The author's Secrets with listeners that stay although they are covered.
    pub held_back: BTreeMap<&'a str, Group>,
}

/// The listeners that cert-manager makes one Certificate for, because they name one Secret.
#[derive(Debug, Default)]
pub struct Group {
    /// Hosts that are covered by another Secret, and that one.
    pub covered: Vec<Route>,
    /// Hosts that are not covered.
    pub uncovered: Vec<String>,
}

impl<'a> Plan<'a> {
    /// Plans by rules 1 and 2 of `docs/gateways.md`. If the object is triggered, cert-manager orders
    /// a certificate for each Secret that listeners name which it is not told to ignore.
    pub fn new(intent: &'a Intent<'_>, coverage: Coverage<'a>, is_triggered: bool) -> Self {
        let targets = intent.listeners.iter().map(|wanted| {
            let current = wanted.secret.filter(|_| wanted.is_ours())?;
            // The object may be what makes that routing secret, which must go on.
            let is_producer = is_triggered && coverage.table.is_made_by_namesake(current);
            if coverage.covers_all(current, from_ref(&wanted.found.host)) {
                return Some(current);
            }
            coverage.choose(&wanted.found.host).filter(|_| !is_producer)
        });
        let targets: Vec<_> = targets.collect();
        let mut plan = Self::default();
        let mut held_back = BTreeMap::new();
        if is_triggered {
            held_back = groups(intent, &targets);
            held_back.retain(|_, group| !group.covered.is_empty() && !group.uncovered.is_empty());
        }
        let ignored = intent.ignored_names();
        let mut seen = BTreeSet::new();
        for (at, (wanted, target)) in intent.listeners.iter().zip(targets).enumerate() {
            let (Some(current), Some(target)) = (wanted.secret, target) else {
                continue;
            };
            if target != current {
                if held_back.contains_key(current) {
                    continue;
                }
                plan.moved.insert(at, target);
            }
            plan.served_at.insert(at);
            if seen.insert((wanted.found.host.to_ascii_lowercase(), target)) {
                plan.served.push(route(wanted, target));
            }
            let name = wanted.found.name.as_str();
            let is_producer = target == current && coverage.table.is_made_by_namesake(current);
            if is_triggered && !is_producer && !ignored.contains(name) {
                plan.ignored.push(name);
            }
        }
        plan.held_back = held_back;
        plan
    }

    /// Whether the author's object stays as it is.
    pub fn is_empty(&self) -> bool {
        self.moved.is_empty() && self.ignored.is_empty()
    }
}

/// The listeners by the Secret that their author named: a Certificate for fewer hosts would be a new
/// order, so all of them leave it, or none.
fn groups<'a>(intent: &'a Intent<'_>, targets: &[Option<&str>]) -> BTreeMap<&'a str, Group> {
    let ignored = intent.ignored_names();
    let mut groups: BTreeMap<&str, Group> = BTreeMap::new();
    for (wanted, target) in intent.listeners.iter().zip(targets) {
        let is_ordered =
            wanted.found.role == Role::Ordered && !ignored.contains(wanted.found.name.as_str());
        match (wanted.secret, target) {
            (Some(current), Some(target)) if *target == current => {}
            (Some(current), Some(target)) => {
                let covered = &mut groups.entry(current).or_default().covered;
                covered.push(route(wanted, target));
            }
            _ if wanted.is_ours() || is_ordered => {
                for secret in wanted.secrets() {
                    let uncovered = &mut groups.entry(secret).or_default().uncovered;
                    uncovered.push(wanted.found.host.clone());
                }
            }
            _ => {}
        }
    }
    groups
}

fn route(wanted: &Wanted<'_>, secret: &str) -> Route {
    Route {
        host: wanted.found.host.clone(),
        secret: secret.to_owned(),
    }
}
