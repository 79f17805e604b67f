//! `spec.tls` of an Ingress.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// An entry of `spec.tls` (`k8s.io/api/networking/v1`, `IngressTLS`).
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TlsEntry {
    /// The hosts as the object writes them; an entry without any is the *default entry*, which stands
    /// for the rule hosts that no other entry names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) hosts: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) secret_name: Option<String>,
    /// Fields that the policy does not know.
    #[serde(flatten)]
    pub(crate) other: Map<String, Value>,
}

/// The Secret of each host, in lower case; of several entries that name a host, the first counts.
pub(crate) type SecretByHost = BTreeMap<String, Option<String>>;

/// Reads the Secret of each host from entries.
pub(crate) fn secret_by_host(tls: &[TlsEntry]) -> SecretByHost {
    let mut secrets = SecretByHost::new();
    for entry in tls {
        for host in &entry.hosts {
            let known = secrets.entry(host.to_ascii_lowercase());
            known.or_insert(entry.secret_name.clone());
        }
    }
    secrets
}

/// The hosts of rules that no entry names, each once.
pub(crate) fn unnamed_hosts(tls: &[TlsEntry], rule_hosts: &[String]) -> Vec<String> {
    let named = tls.iter().flat_map(|entry| &entry.hosts);
    let mut seen: BTreeSet<_> = named.map(|host| host.to_ascii_lowercase()).collect();
    let hosts = rule_hosts.iter();
    hosts
        .filter(|host| seen.insert(host.to_ascii_lowercase()))
        .cloned()
        .collect()
}

/// How a host uses Secrets: whether entries name it or stand for it, and their Secrets.
#[derive(Default, PartialEq)]
pub(super) struct Use {
    pub(super) is_named: bool,
    pub(super) secrets: BTreeSet<Option<String>>,
}

impl Use {
    /// A Secret other than the expected one, if there is one.
    pub(super) fn other_than(&self, expected: Option<&String>) -> Option<String> {
        let other = self
            .secrets
            .iter()
            .find(|secret| secret.as_ref() != expected);
        other.cloned().unwrap_or(expected.cloned())
    }
}

/// How each TLS host, in lower case, uses Secrets.
pub(super) fn uses(tls: &[TlsEntry], rule_hosts: &[String]) -> BTreeMap<String, Use> {
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
