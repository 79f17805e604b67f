//! The change of a host's Secret, as it is told and as it is demanded, and why there is none.

use super::{RoutingTable, ServedHost};
use crate::admission::{
    Decision,
    response::{list, message_list},
};

/// The warnings about an object that stays as its author wants it, although routing secrets cover hosts of
/// it.
pub(crate) fn left(reason: &str, served: &[ServedHost]) -> Vec<String> {
    vec![format!("not rewritten: {reason}"), covered(served)]
}

/// The reason that its owner is one.
pub(crate) fn controlled(owner: &str) -> String {
    format!("{owner} controls it and would undo it")
}

pub(crate) fn covered(served: &[ServedHost]) -> String {
    format!("routing secrets cover {}", list(served))
}

/// The hosts that keep covered ones from being rewritten, and what to do about them.
pub(crate) fn uncovered(hosts: &[String], remedy: &str) -> String {
    format!("no routing secret covers {}; {remedy}", list(hosts))
}

/// The warning about a host that names a routing secret which cannot serve it.
pub(crate) fn not_serving(host: &str, secret: &str, table: &RoutingTable<'_>) -> Option<String> {
    match table.fault_of(secret) {
        Some(reason) => Some(format!("{host}: routing secret {secret} {reason}")),
        None if table.covers(secret, host) => None,
        None => Some(format!("{host}: routing secret {secret} does not cover it")),
    }
}

/// The warning about a host that only routing secrets cover which are not usable.
pub(crate) fn not_usable(host: &str, table: &RoutingTable<'_>) -> Option<String> {
    let (secret, _) = table.unusable_for(host).filter(|_| table.choose(host).is_none())?;
    not_serving(host, secret, table)
}

/// The answer with `action: require`.
pub(crate) fn require(
    object: &str,
    violations: &[String],
    warnings: Vec<String>,
    served: Vec<ServedHost>,
) -> Decision {
    if violations.is_empty() {
        return Decision::accept().warn(warnings);
    }
    let violations = message_list(violations);
    Decision::deny(format!("{object} does not use its routing secrets: {violations}"))
        .audit(served.into_iter().map(ServedHost::audit_entry))
}

/// A host, or a listener, whose Secret is another one in what is stored than in what was submitted.
#[derive(Debug)]
pub(crate) struct Change {
    /// The host, or the listener without hostname.
    pub(crate) host: String,
    /// The place where the Secret is named, for the message of a denial.
    pub(crate) place: String,
    pub(crate) found: Option<String>,
    pub(crate) expected: Option<String>,
    /// Whether the expected Secret is a routing secret, rather than the one that the author named.
    pub(crate) is_served: bool,
}

impl Change {
    /// The warning where the object is changed.
    pub(crate) fn warning(&self) -> String {
        let host = &self.host;
        match &self.expected {
            Some(secret) if self.is_served => format!("{host}: uses routing secret {secret}"),
            Some(secret) => format!("{host}: uses Secret {secret} again"),
            None => format!("{host}: uses no Secret again"),
        }
    }

    /// What `action: require` says, if another Secret is expected.
    pub(crate) fn violation(&self) -> Option<String> {
        let named = |secret: &Option<String>| match secret {
            Some(name) => format!("Secret {name}"),
            None => "no Secret".to_owned(),
        };
        let (found, expected) = (named(&self.found), named(&self.expected));
        (found != expected).then(|| format!("{} names {found}, expected {expected}", self.place))
    }
}
