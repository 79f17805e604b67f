//! What people are told about an Ingress.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    decision::Route,
    ingress::{
        object::{TlsEntry, unnamed_hosts},
        plan::Plan,
    },
};

/// How many hosts a rejection lists.
const MOST_HOSTS: usize = 50;

/// Which Secret each TLS host names; hosts are in lower case.
#[derive(Debug)]
pub struct Uses<'a>(BTreeMap<String, Option<&'a str>>);

impl<'a> Uses<'a> {
    /// Reads them from `spec.tls`.
    pub fn of(tls: &'a [TlsEntry<'_>], rule_hosts: &[String]) -> Self {
        let unnamed = unnamed_hosts(tls, rule_hosts);
        let mut uses = BTreeMap::new();
        for entry in tls {
            let hosts = if entry.hosts.is_empty() {
                &unnamed
            } else {
                &entry.hosts
            };
            for host in hosts {
                uses.entry(host.to_ascii_lowercase())
                    .or_insert(entry.secret.as_deref());
            }
        }
        Self(uses)
    }

    fn secret(&self, host: &str) -> Option<&'a str> {
        self.0.get(&host.to_ascii_lowercase()).copied().flatten()
    }
}

/// A host whose Secret is not the one it is to have.
#[derive(Debug, PartialEq, Eq)]
pub struct Change<'a> {
    host: &'a str,
    found: Option<&'a str>,
    expected: Option<&'a str>,
    /// Whether the expected one is a routing secret, rather than what the author named.
    is_routed: bool,
}

/// The hosts that get another Secret: those that routing secrets serve, and those that no longer are.
pub fn changes<'a>(
    found: &'a Uses<'_>,
    intended: &'a Uses<'_>,
    served: &'a [Route],
) -> Vec<Change<'a>> {
    let routed = served.iter().map(|route| Change {
        host: &route.host,
        found: found.secret(&route.host),
        expected: Some(&route.secret),
        is_routed: true,
    });
    let hosts: BTreeSet<_> = served
        .iter()
        .map(|route| route.host.to_ascii_lowercase())
        .collect();
    let returned = found
        .0
        .iter()
        .filter(|(host, _)| !hosts.contains(*host))
        .map(|(host, found)| Change {
            host,
            found: *found,
            expected: intended.secret(host),
            is_routed: false,
        });
    routed
        .chain(returned)
        .filter(|change| change.found != change.expected)
        .collect()
}

/// The warnings about an Ingress that was changed.
pub fn change_warnings(changes: &[Change<'_>], removed: &[&str], is_update: bool) -> Vec<String> {
    let mut warnings = Vec::new();
    for name in removed {
        warnings.push(format!(
            "removed annotation {name}: every TLS host has a routing secret"
        ));
    }
    if is_update && !removed.is_empty() {
        warnings.push(
            "Certificates made for this Ingress before keep renewing until you delete them"
                .to_owned(),
        );
    }
    warnings.extend(
        changes
            .iter()
            .map(|change| match (change.expected, change.is_routed) {
                (Some(secret), true) => {
                    format!("{}: served by routing secret {secret}", change.host)
                }
                (Some(secret), false) => format!(
                    "{}: no routing secret covers it any more, Secret {secret} is back",
                    change.host
                ),
                (None, _) => format!("{}: no routing secret covers it any more", change.host),
            }),
    );
    warnings
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

/// The message of a rejection by `ingress.action: require`; `None` if nothing speaks against the
/// Ingress.
pub fn violation(subject: &str, changes: &[Change<'_>], removed: &[&str]) -> Option<String> {
    let hosts = changes.iter().map(|change| {
        let expected = change
            .expected
            .map_or("none".to_owned(), |secret| format!("Secret {secret}"));
        match change.found {
            Some(found) => format!("{} names Secret {found}, expected {expected}", change.host),
            None => format!("{} names no Secret, expected {expected}", change.host),
        }
    });
    let annotations = removed.iter().map(|name| {
        format!("annotation {name} must go, or a certificate is issued into the routing secret")
    });
    let faults: Vec<_> = hosts.chain(annotations).collect();
    (!faults.is_empty()).then(|| {
        let more = faults.len().saturating_sub(MOST_HOSTS);
        let faults = faults
            .into_iter()
            .take(MOST_HOSTS)
            .collect::<Vec<_>>()
            .join("; ");
        let more = if more > 0 {
            format!("; and {more} more")
        } else {
            String::new()
        };
        format!("{subject} does not use its routing secrets: {faults}{more}")
    })
}

/// As many items as fit into a warning, and how many more there are.
fn list(items: &[String]) -> String {
    const LENGTH: usize = 90;
    let mut line = String::new();
    for (place, item) in items.iter().enumerate() {
        if place > 0 && line.len() + item.len() > LENGTH {
            return format!("{line} and {} more", items.len() - place);
        }
        if place > 0 {
            line.push_str(", ");
        }
        line.push_str(item);
    }
    line
}
