//! Which routing secret serves which listener, and which listeners cert-manager must ignore then.

use std::slice::from_ref;

use crate::{
    coverage::Coverage,
    decision::Route,
    gateway::{
        intent::{Intent, Wanted},
        object::Role,
    },
    keys::{Keyed, Keys, host, text},
};

/// What becomes of the listeners.
#[derive(Debug, Default)]
pub struct Plan<'a> {
    /// What becomes of each listener, by position.
    fates: Vec<Fate<'a>>,
    /// The names of the listeners that cert-manager must ignore and does not ignore yet, in order.
    pub ignored: Vec<&'a str>,
    /// The hosts that use a routing secret then, and which.
    pub served: Vec<Route>,
    /// The author's Secrets that listeners would leave, if the object is triggered.
    groups: Keyed<'a, Group>,
}

/// What becomes of a listener.
#[derive(Clone, Copy, Debug)]
enum Fate<'a> {
    /// No routing secret serves it.
    Other,
    /// It names the routing secret that serves it.
    Served,
    /// It gets a routing secret instead of its author's Secret.
    Moved(&'a str),
}

/// The listeners that cert-manager makes one Certificate for, because they name one Secret.
#[derive(Debug, Default)]
pub struct Group {
    /// Hosts that are covered by another Secret, and that one.
    pub covered: Vec<Route>,
    /// Hosts that are not covered.
    pub uncovered: Vec<String>,
}

impl Group {
    fn is_held_back(&self) -> bool {
        !self.covered.is_empty() && !self.uncovered.is_empty()
    }
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
        if is_triggered {
            plan.groups = groups(intent, &targets);
        }
        let ignored = intent.ignored_names();
        let mut seen = Keys::default();
        for (wanted, target) in intent.listeners.iter().zip(targets) {
            let fate = plan.fate(wanted.secret, target);
            plan.fates.push(fate);
            let target = match (fate, target) {
                (Fate::Served | Fate::Moved(_), Some(target)) => target,
                _ => continue,
            };
            if seen.add(host(&wanted.found.host, Some(target))) {
                plan.served.push(route(wanted, target));
            }
            let name = wanted.found.name.as_str();
            let is_producer =
                matches!(fate, Fate::Served) && coverage.table.is_made_by_namesake(target);
            if is_triggered && !is_producer && !ignored.contains(&text(name)) {
                plan.ignored.push(name);
            }
        }
        plan
    }

    /// What becomes of a listener that names this Secret and could be served by that one.
    fn fate(&self, current: Option<&str>, target: Option<&'a str>) -> Fate<'a> {
        match (current, target) {
            (Some(current), Some(target)) if target == current => Fate::Served,
            (Some(current), Some(target)) if !self.is_held_back(current) => Fate::Moved(target),
            _ => Fate::Other,
        }
    }

    /// The Secret that the listener at a position gets, if it is another one than its author's.
    pub fn moved(&self, at: usize) -> Option<&'a str> {
        match self.fates.get(at)? {
            Fate::Moved(secret) => Some(secret),
            Fate::Served | Fate::Other => None,
        }
    }

    /// Whether the listener at a position names the routing secret that serves it.
    pub fn is_served(&self, at: usize) -> bool {
        matches!(self.fates.get(at), Some(Fate::Served))
    }

    /// The author's Secrets with listeners that stay although they are covered.
    pub fn held_back(&self) -> impl Iterator<Item = (&str, &Group)> {
        let groups = self
            .groups
            .iter()
            .map(|((secret, _), group)| (secret.as_ref(), group));
        groups.filter(|(_, group)| group.is_held_back())
    }

    fn is_held_back(&self, secret: &str) -> bool {
        let group = self.groups.get(&text(secret));
        group.is_some_and(Group::is_held_back)
    }

    /// Whether the author's object stays as it is.
    pub fn is_empty(&self) -> bool {
        let is_moved = |fate: &Fate<'_>| matches!(fate, Fate::Moved(_));
        !self.fates.iter().any(is_moved) && self.ignored.is_empty()
    }
}

/// The listeners by the Secret that their author named: a Certificate for fewer hosts would be a new
/// order, so all of them leave it, or none.
fn groups<'a>(intent: &'a Intent<'_>, targets: &[Option<&str>]) -> Keyed<'a, Group> {
    let ignored = intent.ignored_names();
    let mut groups: Keyed<'_, Group> = Keyed::default();
    for (wanted, target) in intent.listeners.iter().zip(targets) {
        let is_ordered =
            wanted.found.role == Role::Ordered && !ignored.contains(&text(&wanted.found.name));
        match (wanted.secret, target) {
            (Some(current), Some(target)) if *target == current => {}
            (Some(current), Some(target)) => {
                groups.update(text(current), |group| {
                    group.covered.push(route(wanted, target));
                });
            }
            _ if wanted.is_ours() || is_ordered => {
                for secret in wanted.secrets() {
                    groups.update(text(secret), |group| {
                        group.uncovered.push(wanted.found.host.clone());
                    });
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
