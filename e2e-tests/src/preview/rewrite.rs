//! One object, as if it were written unchanged.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use e2e_tests::{Cluster, Policy, request_from};
use serde_json::{Value, json};

use super::hosts::{self, Host};
use super::{Line, Outcome, text};

/// The namespaces that the policies in `deploy/` leave alone.
const EXEMPT: [&str; 3] = ["kube-system", "kube-public", "kube-node-lease"];

/// What becomes of an object that is written unchanged.
pub(super) struct Rewrite {
    before: Value,
    pub(super) after: Value,
    accepted: bool,
    /// Why it is not accepted, or else the warnings.
    messages: Vec<String>,
    /// Which routing secret serves a host, as the audit annotation says it.
    audit: String,
    /// Whether the policy asked for routing secrets.
    looked_up: bool,
}

impl Rewrite {
    /// Has the policy review the object.
    pub(super) fn evaluate(
        object: &Value,
        policy: &Policy,
        settings: &Value,
        cluster: &Cluster,
    ) -> Result<Self> {
        let mut request = request_from(object.clone()).with_context(|| {
            let kind = text(object, "/kind").unwrap_or_default();
            let name = text(object, "/metadata/name").unwrap_or("(unnamed)");
            format!("cannot use {kind} {name}")
        })?;
        let before = request.get("object").cloned().unwrap_or_default();
        let unchanged = Self {
            before: before.clone(),
            after: before.clone(),
            accepted: true,
            messages: Vec::new(),
            audit: String::new(),
            looked_up: false,
        };
        let namespace = text(&before, "/metadata/namespace").unwrap_or_default();
        if EXEMPT.contains(&namespace) {
            return Ok(Self {
                messages: vec![format!("the policies leave namespace {namespace} alone")],
                ..unchanged
            });
        }
        if let Some(fields) = request.as_object_mut() {
            fields.insert("operation".to_owned(), json!("UPDATE"));
            fields.insert("oldObject".to_owned(), before);
            let options = json!({
                "apiVersion": "meta.k8s.io/v1", "kind": "UpdateOptions", "fieldManager": "kubectl-annotate",
            });
            fields.insert("options".to_owned(), options);
        }
        let evaluation = match policy.validate(&request, settings, cluster) {
            Ok(evaluation) => evaluation,
            // So it would be in a cluster.
            Err(error) => {
                return Ok(Self { accepted: false, messages: vec![format!("{error:#}")], ..unchanged });
            }
        };
        let response = evaluation.response;
        let audit = response.audit_annotations.into_values().collect::<Vec<_>>();
        Ok(Self {
            after: response.mutated_object.unwrap_or(unchanged.after),
            accepted: response.accepted,
            messages: response.message.map_or(response.warnings, |message| vec![message]),
            audit: audit.join(","),
            looked_up: !evaluation.calls.is_empty(),
            before: unchanged.before,
        })
    }

    /// One for each host.
    pub(super) fn lines(&self, routing_secrets: &BTreeSet<(&str, &str)>) -> Vec<Line> {
        let namespace = text(&self.before, "/metadata/namespace").unwrap_or_default();
        let hosts = hosts::of(&self.before);
        let stored = hosts::of(&self.after);
        let lines = hosts.iter().map(|host| {
            let then = self.then(host, &stored);
            let why_not = self.why_not(host, &hosts);
            let is_routing_secret = |secret: &String| routing_secrets.contains(&(namespace, secret));
            let outcome = match &host.secret {
                _ if !self.accepted => Outcome::Denied,
                now if *now != then => Outcome::Changes,
                Some(secret) if why_not.is_empty() && is_routing_secret(secret) => Outcome::Served,
                _ => Outcome::Stays,
            };
            Line {
                namespace: namespace.to_owned(),
                kind: text(&self.before, "/kind").unwrap_or_default().to_owned(),
                name: text(&self.before, "/metadata/name").unwrap_or_default().to_owned(),
                host: host.name.clone(),
                now: host.secret.clone(),
                then,
                outcome,
                why_not: match outcome {
                    Outcome::Changes => String::new(),
                    Outcome::Served => "has a routing secret".to_owned(),
                    Outcome::Stays if why_not.is_empty() => self.silent_reason().to_owned(),
                    Outcome::Stays | Outcome::Denied => why_not,
                },
            }
        });
        lines.collect()
    }

    /// The Secret of a host after the write. An entry of a routing secret may have lost its hosts (`omitHosts`): then
    /// only the audit annotation says whom it serves.
    fn then(&self, host: &Host, stored: &[Host]) -> Option<String> {
        if self.before == self.after {
            return host.secret.clone();
        }
        let is_served = |(name, _): &(&str, &str)| name.eq_ignore_ascii_case(&host.name);
        let served = self.audit.split(',').filter_map(|pair| pair.split_once('=')).find(is_served);
        if let Some((_, secret)) = served.filter(|_| text(&self.before, "/kind") == Some("Ingress")) {
            return Some(secret.to_owned());
        }
        let host = stored.iter().find(|other| other.key == host.key);
        host.and_then(|host| host.secret.clone())
    }

    /// What the policy says about a host. If the object does not change, what it says about none of the hosts is the
    /// reason for each.
    fn why_not(&self, host: &Host, hosts: &[Host]) -> String {
        let kind = text(&self.before, "/kind").unwrap_or_default();
        let name = text(&self.before, "/metadata/name").unwrap_or_default();
        let subject = format!("{kind} {name}: ");
        let about = format!("{}: ", host.name);
        let is_unchanged = self.before == self.after;
        let messages: Vec<_> = self
            .messages
            .iter()
            .map(|message| message.strip_prefix(&subject).unwrap_or(message))
            .filter(|message| {
                let names_others = || hosts.iter().any(|host| names(message, host));
                names(message, host) || (is_unchanged && !names_others())
            })
            .map(|message| message.strip_prefix(&about).unwrap_or(message))
            .collect();
        messages.join("; ")
    }

    /// Why a host stays as it is, when the policy says nothing about it.
    fn silent_reason(&self) -> &'static str {
        if !self.looked_up {
            "not looked at: `skip`, or an ignored class or host"
        } else if text(&self.before, "/kind") == Some("Certificate") {
            "not covered, or not for routing"
        } else {
            "no routing secret covers it"
        }
    }
}

/// Whether a message has the name of a host, or of its listener, as a word.
fn names(message: &str, host: &Host) -> bool {
    let mut words = message
        .split(|c: char| c.is_whitespace() || ",;:()".contains(c))
        .map(|word| word.trim_end_matches('.'));
    words.any(|word| word.eq_ignore_ascii_case(&host.name) || word.eq_ignore_ascii_case(&host.key))
}
