//! What people are told about an Ingress.

use std::collections::BTreeSet;

use super::{
    Ingress, TlsEntry,
    annotations::Companions,
    plan::Plan,
    tls::{unnamed_hosts, uses},
};

use crate::{
    admission::{record::RECORD, response::list},
    routing::{RoutingTable, ServedHost},
    settings::Settings,
};

/// A host whose Secret changes, or whose entry begins or ceases to name it.
pub(super) struct Change {
    host: String,
    found: Option<String>,
    expected: Option<String>,
    /// Whether the expected Secret is a routing secret, rather than what the author named.
    is_served: bool,
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
    // An entry without hosts is no news for a host that nobody named.
    let named = stored.iter().filter(|(_, one)| one.is_named);
    let named = named.map(|(host, _)| host);
    let hosts: BTreeSet<_> = found.keys().chain(named).collect();
    let others = hosts
        .into_iter()
        .filter(|host| changes(host) && !all_served.contains(*host));
    let others = others.map(|host| {
        let secrets = stored.get(host).map(|one| &one.secrets);
        let expected = secrets.and_then(|secrets| secrets.first().cloned().flatten());
        let found = found.get(host);
        Change {
            host: host.clone(),
            found: found.and_then(|one| one.other_than(expected.as_ref())),
            expected,
            is_served: false,
        }
    });
    routed.chain(others).collect()
}

/// The names of the author's annotations that one Ingress has and another one lacks.
pub(super) fn more_annotations(one: &Ingress, other: &Ingress) -> Vec<String> {
    let names = one.annotations.keys();
    names
        .filter(|name| *name != RECORD && !other.annotations.contains_key(*name))
        .cloned()
        .collect()
}

/// The warnings about an Ingress that was changed, and had these triggers before.
pub(super) fn changed(
    changes: &[Change],
    removed: &[String],
    old_triggers: &[String],
) -> Vec<String> {
    let mut warnings: Vec<_> = removed
        .iter()
        .map(|name| format!("removed annotation {name}: every TLS host has a routing secret"))
        .collect();
    if removed.iter().any(|name| old_triggers.contains(name)) {
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
/// entries of the author that have hosts and name one, beside a trigger annotation. One whose names are all
/// among these hosts, and whose Certificate ingress-shim may have made from them, is not endangered.
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
    let makes = |secret: &str| {
        let entries = ingress.tls.iter();
        let entries = entries.filter(|entry| entry.secret_name.as_deref() == Some(secret));
        table.is_made_from(secret, entries.flat_map(|entry| &entry.hosts))
    };
    let secrets = secrets_with_hosts(ingress).into_iter();
    secrets
        .filter(|secret| table.is_routing_secret(secret) && !makes(secret))
        .map(|secret| {
            format!("cert-manager may overwrite routing secret {secret}: named beside {reason}")
        })
        .collect()
}

/// The warning about an Ingress that is left because something else reads the Secret of an entry.
pub(super) fn other_reader(annotation: &str, secret: &str) -> String {
    format!("left as it is: Secret {secret} would never be made, and {annotation} reads it")
}

/// The warning about a trigger annotation that does not come back.
pub(super) fn withheld(annotation: &str, secret: &str) -> String {
    format!("{annotation} stays removed: it would have Secret {secret} overwritten")
}

/// The warnings about hosts that a routing secret could be expected to serve, and does not. With
/// `omits_hosts`, entries without hosts are not asked about.
pub(super) fn unserved(
    ingress: &Ingress,
    omits_hosts: bool,
    table: &RoutingTable<'_>,
    settings: &Settings,
) -> Vec<String> {
    let companions = Companions::of(&ingress.annotations);
    let unnamed = unnamed_hosts(&ingress.tls, &ingress.rule_hosts);
    let mut named = Vec::new();
    let is_asked = |entry: &&TlsEntry| !omits_hosts || !entry.hosts.is_empty();
    for entry in ingress.tls.iter().filter(is_asked) {
        let hosts = if entry.hosts.is_empty() {
            &unnamed
        } else {
            &entry.hosts
        };
        named.extend(
            hosts
                .iter()
                .map(|host| (host, entry.secret_name.as_deref())),
        );
    }
    let has_default_entry = ingress.tls.iter().any(|entry| entry.hosts.is_empty());
    if ingress.secures_plain_hosts(settings) && !has_default_entry {
        named.extend(unnamed.iter().map(|host| (host, None)));
    }
    let mut seen = BTreeSet::new();
    named.retain(|(host, secret)| seen.insert((host.to_ascii_lowercase(), *secret)));
    let warnings = named.into_iter().filter_map(|(host, secret)| {
        settings.host(host)?;
        if let Some(secret) = secret.filter(|secret| table.is_routing_secret(secret)) {
            if table.covers_all(secret, std::slice::from_ref(host)) {
                return None;
            }
            return Some(match table.fault_of(secret) {
                Some(reason) => format!("{host}: its entry names routing secret {secret}: {reason}"),
                None => format!("{host}: its entry names routing secret {secret}, which does not cover it"),
            });
        }
        if let Some(chosen) = table.choose(host) {
            let others = companions.of_host(host);
            let is_alone = table.choose_together(host, &others).is_none();
            return is_alone.then(|| {
                let others = list(&others);
                format!("{host}: routing secret {chosen} does not cover what is served with it: {others}")
            });
        }
        let (secret, reason) = table.unusable_for(host)?;
        Some(format!("{host}: routing secret {secret} is not used: {reason}"))
    });
    warnings.collect()
}

/// What `ingress.action: require` says against hosts and annotations, of which some would be removed and
/// others given back.
pub(super) fn violations(
    changes: &[Change],
    removed: &[String],
    given_back: &[String],
) -> Vec<String> {
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
    let given_back = given_back.iter();
    let given_back = given_back.map(|name| format!("annotation {name} of its author is missing"));
    hosts.chain(annotations).chain(given_back).collect()
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
pub(super) fn secrets_with_hosts(ingress: &Ingress) -> BTreeSet<&str> {
    let entries = ingress.tls.iter().filter(|entry| !entry.hosts.is_empty());
    entries
        .filter_map(|entry| entry.secret_name.as_deref())
        .collect()
}
