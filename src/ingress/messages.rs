//! What people are told about an Ingress.

use std::collections::{BTreeMap, BTreeSet};

use super::{Ingress, TlsEntry, plan::Plan, tls::unnamed_hosts};
use serde_json::Value;

use crate::{
    admission::{object, record::RECORD, response::list},
    routing::{RoutingTable, ServedHost},
};

/// A host whose Secret changes, or whose entry begins or ceases to name it.
pub(super) struct Change {
    host: String,
    found: Option<String>,
    expected: Option<String>,
    /// Whether the expected Secret is a routing secret, rather than what the author named.
    is_served: bool,
}

/// How a host uses Secrets: whether entries name it or stand for it, and their Secrets.
#[derive(Default, PartialEq)]
struct Use {
    is_named: bool,
    secrets: BTreeSet<Option<String>>,
}

impl Use {
    /// A Secret other than the expected one, if there is one.
    fn other_than(&self, expected: Option<&String>) -> Option<String> {
        let other = self
            .secrets
            .iter()
            .find(|secret| secret.as_ref() != expected);
        other.cloned().unwrap_or(expected.cloned())
    }
}

/// How each TLS host, in lower case, uses Secrets.
fn uses(tls: &[TlsEntry], rule_hosts: &[String]) -> BTreeMap<String, Use> {
    let mut uses: BTreeMap<String, Use> = BTreeMap::new();
    let unnamed = unnamed_hosts(tls, rule_hosts);
    for entry in tls {
        let is_named = !entry.hosts.is_empty();
        for host in if is_named { &entry.hosts } else { &unnamed } {
            let one = uses.entry(host.to_ascii_lowercase()).or_default();
            one.is_named = is_named;
            one.secrets.insert(entry.secret_name.clone());
        }
    }
    uses
}

/// The hosts that change from what was submitted to what is stored: those that routing secrets serve,
/// and those that they no longer serve.
pub(super) fn changes(submitted: &Ingress, stored: &Ingress, served: &[ServedHost]) -> Vec<Change> {
    let [found, stored] = [submitted, stored].map(|one| uses(&one.tls, &one.rule_hosts));
    let changes = |host: &str| found.get(host) != stored.get(host);
    let key = |served: &ServedHost| served.host.to_ascii_lowercase();
    let routed = served.iter().filter(|served| changes(&key(served)));
    let routed = routed.map(|served| {
        let expected = Some(served.secret.clone());
        Change {
            host: served.host.clone(),
            found: found
                .get(&key(served))
                .and_then(|one| one.other_than(expected.as_ref())),
            expected,
            is_served: true,
        }
    });
    let all_served: BTreeSet<_> = served.iter().map(key).collect();
    let others = found
        .iter()
        .filter(|(host, _)| changes(host) && !all_served.contains(*host));
    let others = others.map(|(host, one)| {
        let secrets = stored.get(host).map(|one| &one.secrets);
        let expected = secrets.and_then(|secrets| secrets.first().cloned().flatten());
        Change {
            host: host.clone(),
            found: one.other_than(expected.as_ref()),
            expected,
            is_served: false,
        }
    });
    routed.chain(others).collect()
}

/// The names of the author's annotations that were submitted and are not stored.
pub(super) fn removed_annotations(submitted: &Ingress, stored: &Ingress) -> Vec<String> {
    let names = submitted.annotations.keys();
    names
        .filter(|name| *name != RECORD && !stored.annotations.contains_key(*name))
        .cloned()
        .collect()
}

/// The warnings about an Ingress that was changed.
pub(super) fn changed(changes: &[Change], removed: &[String], old: Option<&Value>) -> Vec<String> {
    let mut warnings: Vec<_> = removed
        .iter()
        .map(|name| format!("removed annotation {name}: every TLS host has a routing secret"))
        .collect();
    let had = |name: &String| old.is_some_and(|old| object::annotation(old, name).is_some());
    if removed.iter().any(had) {
        let warning =
            "Certificates made for this Ingress before keep renewing until you delete them";
        warnings.push(warning.to_owned());
    }
    warnings.extend(changes.iter().map(|change| {
        let host = &change.host;
        match &change.expected {
            Some(secret) if change.is_served => {
                format!("{host}: served by routing secret {secret}")
            }
            Some(secret) => format!("{host}: back to Secret {secret} of its author"),
            None => format!("{host}: no Secret is named for it any more"),
        }
    }));
    warnings
}

/// The warnings about an Ingress of which some TLS hosts are not covered, which is left as it is.
pub(super) fn partly_covered(plan: &Plan, triggers: &[String]) -> Vec<String> {
    vec![
        format!(
            "left as it is: not every TLS host has a routing secret, and there is {}",
            triggers.join(", ")
        ),
        format!("covered: {}", list(&plan.served)),
        format!("not covered: {}", list(&plan.uncovered)),
    ]
}

/// The warnings about routing secrets that cert-manager is told to overwrite, whatever the policy does:
/// entries of the author that have hosts and name one, beside a trigger annotation.
pub(super) fn endangered(
    ingress: &Ingress,
    triggers: &[String],
    table: &RoutingTable<'_>,
) -> Vec<String> {
    let triggers = triggers.iter();
    let triggers: Vec<_> = triggers
        .filter(|name| ingress.annotations.contains_key(*name))
        .map(String::as_str)
        .collect();
    if triggers.is_empty() {
        return Vec::new();
    }
    let reason = triggers.join(", ");
    let secrets = secrets_with_hosts(ingress).into_iter();
    secrets
        .filter(|secret| table.is_routing_secret(secret))
        .map(|secret| format!("cert-manager may overwrite routing secret {secret}: an entry names it beside {reason}"))
        .collect()
}

/// What `ingress.action: require` says against hosts and annotations.
pub(super) fn violations(changes: &[Change], removed: &[String]) -> Vec<String> {
    let named = |secret: &Option<String>| match secret {
        Some(name) => format!("Secret {name}"),
        None => "no Secret".to_owned(),
    };
    let hosts = changes
        .iter()
        .filter(|change| change.found != change.expected);
    let hosts = hosts.map(|change| {
        let (found, expected) = (named(&change.found), named(&change.expected));
        format!("{} names {found}, expected {expected}", change.host)
    });
    let annotations = removed.iter().map(|name| {
        format!("annotation {name} must go, or a certificate is issued into the routing secret")
    });
    hosts.chain(annotations).collect()
}

/// What it says against entries of routing secrets that list hosts beside a trigger annotation.
pub(super) fn listed_hosts(
    submitted: &Ingress,
    served: &[ServedHost],
    triggers: &[String],
) -> Vec<String> {
    let is_served = |secret: &&str| served.iter().any(|served| served.secret == **secret);
    let triggers = triggers.join(", ");
    let secrets = secrets_with_hosts(submitted).into_iter().filter(is_served);
    secrets
        .map(|secret| {
            format!(
                "the entry of routing secret {secret} must not list its hosts beside {triggers}"
            )
        })
        .collect()
}

/// The Secrets of entries that have hosts.
fn secrets_with_hosts(ingress: &Ingress) -> BTreeSet<&str> {
    let entries = ingress.tls.iter().filter(|entry| !entry.hosts.is_empty());
    entries
        .filter_map(|entry| entry.secret_name.as_deref())
        .collect()
}
