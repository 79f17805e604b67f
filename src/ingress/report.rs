//! What people are told about an Ingress.

use std::borrow::Cow;

use crate::{
    decision::Route,
    ingress::{
        object::{TlsEntry, unnamed_hosts},
        outcome::Outcome,
        plan::Plan,
    },
    keys::{Keys, host, secret, text},
    report::{list, returned, served},
    routing::RoutingTable,
};

/// Which Secrets the TLS hosts use; hosts are in lower case.
#[derive(Debug)]
pub struct Uses<'a> {
    /// The hosts that entries list, and the Secrets of these.
    listed: Keys<'a>,
    /// The hosts that no entry lists, if there are entries without hosts.
    unlisted: Keys<'static>,
    /// The Secrets of the entries without hosts, each once.
    without_hosts: Vec<Option<&'a str>>,
}

impl<'a> Uses<'a> {
    /// Reads them from `spec.tls`.
    pub fn of(tls: impl Iterator<Item = &'a TlsEntry<'a>> + Clone, rule_hosts: &[String]) -> Self {
        let mut listed = Keys::default();
        let mut without_hosts = Keys::default();
        for entry in tls.clone() {
            let named = entry.secret.as_deref();
            if entry.hosts.is_empty() {
                without_hosts.add(secret(named));
            }
            for name in &entry.hosts {
                listed.add(host(name, named));
            }
        }
        let unlisted = unnamed_hosts(tls, rule_hosts).into_iter();
        let unlisted = unlisted.filter(|_| !without_hosts.is_empty());
        Self {
            listed,
            unlisted: unlisted
                .map(|name| text(name.to_ascii_lowercase()))
                .collect(),
            without_hosts: without_hosts.secrets(""),
        }
    }

    fn hosts(&self) -> impl Iterator<Item = &str> {
        self.listed.texts().chain(self.unlisted.texts())
    }

    /// How a host is used; `None` if nothing names it, not even an entry without hosts.
    fn get(&self, name: &str) -> Option<Use<'_, 'a>> {
        let (name, _) = host(name, None);
        let secrets = self.listed.secrets(&name);
        if secrets.is_empty() {
            return self.unlisted.contains(&text(name)).then_some(Use {
                is_listed: false,
                secrets: Cow::Borrowed(&self.without_hosts),
            });
        }
        Some(Use {
            is_listed: true,
            secrets: Cow::Owned(secrets),
        })
    }
}

/// How a host is used.
#[derive(PartialEq, Eq)]
struct Use<'b, 'a> {
    /// Whether entries list it, or those without hosts stand for it.
    is_listed: bool,
    /// The Secrets of these entries, in order.
    secrets: Cow<'b, [Option<&'a str>]>,
}

impl<'a> Use<'_, 'a> {
    /// The Secret that is another one than this, or the first such; this one if there is no other.
    fn another(&self, than: Option<&'a str>) -> Option<&'a str> {
        let other = self.secrets.iter().find(|secret| **secret != than);
        other.copied().unwrap_or(than)
    }
}

/// A host whose Secret is not the one it is to have, or whose entry changes.
#[derive(Debug, PartialEq, Eq)]
pub struct Change<'a> {
    host: &'a str,
    found: Option<&'a str>,
    expected: Option<&'a str>,
    /// Whether the expected one is a routing secret, rather than what the author named.
    is_routed: bool,
}

/// The hosts that change from what is in the request to what is stored: those that routing secrets
/// serve, and those that they no longer serve.
pub fn changes<'a>(
    found: &'a Uses<'_>,
    stored: &'a Uses<'_>,
    served: &'a [Route],
) -> Vec<Change<'a>> {
    let routed = served.iter().filter_map(|Route { host, secret }| {
        let was = found.get(host);
        (was != stored.get(host)).then(|| Change {
            host,
            found: was.and_then(|was| was.another(Some(secret))),
            expected: Some(secret),
            is_routed: true,
        })
    });
    let hosts = served.iter().map(|route| host(&route.host, None));
    let hosts: Keys<'_> = hosts.collect();
    let others = found.hosts().filter(|name| !hosts.contains(&text(*name)));
    let returned = others.filter_map(|host| {
        let (was, is) = (found.get(host), stored.get(host));
        (was != is).then(|| {
            let expected = is.and_then(|is| is.secrets.first().copied().flatten());
            Change {
                host,
                found: was.and_then(|was| was.another(expected)),
                expected,
                is_routed: false,
            }
        })
    });
    routed.chain(returned).collect()
}

/// The warnings about an Ingress that was changed.
pub fn change_warnings(changes: &[Change<'_>], removed: &[&str], is_update: bool) -> Vec<String> {
    let mut warnings: Vec<_> = removed
        .iter()
        .map(|name| format!("removed annotation {name}: every TLS host has a routing secret"))
        .collect();
    if is_update && !removed.is_empty() {
        let warning =
            "Certificates made for this Ingress before keep renewing until you delete them";
        warnings.push(warning.to_owned());
    }
    warnings.extend(changes.iter().map(|change| {
        let host = change.host;
        match (change.expected, change.is_routed) {
            (Some(secret), true) => served(host, secret),
            (Some(secret), false) => returned(host, secret),
            (None, _) => format!("{host}: no Secret is named for it any more"),
        }
    }));
    warnings
}

/// The warnings about routing secrets that cert-manager is told to overwrite, whatever we do: entries
/// of the author that have hosts and name one, while there is a trigger.
pub fn danger_warnings(
    outcome: &Outcome<'_>,
    triggers: &[String],
    table: &RoutingTable<'_>,
) -> Vec<String> {
    let triggers: Vec<_> = triggers
        .iter()
        .filter(|name| outcome.keeps_annotation(name))
        .map(String::as_str)
        .collect();
    if triggers.is_empty() {
        return Vec::new();
    }
    let listing = outcome.tls().filter(|entry| !entry.hosts.is_empty());
    let named = listing.filter_map(|entry| entry.secret.as_deref());
    let named: Keys<'_> = named.map(text).collect();
    let endangered = named
        .texts()
        .filter(|secret| table.is_routing_secret(secret));
    let reason = triggers.join(", ");
    endangered
        .map(|secret| format!("cert-manager may overwrite routing secret {secret}: an entry names it beside {reason}"))
        .collect()
}

/// The warnings about an Ingress of which some TLS hosts are not covered, which was left as it is.
pub fn partly_covered_warnings(plan: &Plan, triggers: &[String]) -> Vec<String> {
    let served: Vec<_> = plan
        .served
        .iter()
        .map(|route| format!("{} ({})", route.host, route.secret))
        .collect();
    vec![
        format!(
            "left as it is: not every TLS host has a routing secret, and there is {}",
            triggers.join(", ")
        ),
        format!("covered: {}", list(&served)),
        format!("not covered: {}", list(&plan.uncovered)),
    ]
}

/// What `ingress.action: require` says against the Secrets of hosts.
pub fn host_faults(changes: &[Change<'_>]) -> Vec<String> {
    let named = |secret: Option<&str>| {
        secret.map_or("no Secret".to_owned(), |name| format!("Secret {name}"))
    };
    changes
        .iter()
        .filter(|change| change.found != change.expected)
        .map(|change| {
            let (found, expected) = (named(change.found), named(change.expected));
            format!("{} names {found}, expected {expected}", change.host)
        })
        .collect()
}

/// What it says against annotations.
pub fn annotation_faults(removed: &[&str]) -> Vec<String> {
    removed
        .iter()
        .map(|name| {
            format!("annotation {name} must go, or a certificate is issued into the routing secret")
        })
        .collect()
}

/// What it says against entries of routing secrets that list their hosts although there is a trigger.
pub fn listed_hosts_faults(
    tls: &[TlsEntry<'_>],
    served: &[Route],
    triggers: &[String],
) -> Vec<String> {
    let served: Keys<'_> = served.iter().map(|route| text(&route.secret)).collect();
    let listing = tls.iter().filter(|entry| !entry.hosts.is_empty());
    let secrets = listing.filter_map(|entry| entry.secret.as_deref());
    let secrets: Keys<'_> = secrets.map(text).collect();
    let secrets = secrets.texts();
    secrets
        .filter(|secret| served.contains(&text(*secret)))
        .map(|secret| {
            format!(
                "the entry of routing secret {secret} must not list its hosts beside {}",
                triggers.join(", ")
            )
        })
        .collect()
}
