//! The change of a host's Secret, as it is told and as it is demanded, and why there is none.

use super::ServedHost;
use crate::admission::response::list;

/// The warnings about an object that stays as its author wants it, although routing secrets cover hosts of
/// it.
pub(crate) fn left(reason: &str, covered: &[ServedHost]) -> Vec<String> {
    vec![format!("left as it is: {reason}"), format!("covered: {}", list(covered))]
}

/// The reason that its owner is one.
pub(crate) fn controlled(owner: &str) -> String {
    format!("{owner} controls it and would write its own version back")
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
            Some(secret) if self.is_served => format!("{host}: served by routing secret {secret}"),
            Some(secret) => format!("{host}: back to Secret {secret} of its author"),
            None => format!("{host}: no Secret is named for it any more"),
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
