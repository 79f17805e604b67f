//! Which Ingresses, Gateways and ListenerSets of a namespace name a Secret, and for which hosts.

use serde_json::Value;

use crate::{
    admission::{Kind, object},
    gateway, ingress,
    settings::Settings,
};

/// The kinds whose objects name Secrets, and the fields to ask for; metadata comes along.
pub(super) const KINDS: [(Kind, &[&str]); 3] = [
    (
        Kind::Ingress,
        &["spec.ingressClassName", "spec.rules.host", "spec.tls"],
    ),
    (Kind::Gateway, &["spec.gatewayClassName", "spec.listeners"]),
    (Kind::ListenerSet, &["spec.listeners"]),
];

/// An object that names Secrets of its namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SecretUser {
    pub(crate) kind: Kind,
    pub(crate) name: String,
    /// Whether its author takes it out of the policy's hands.
    pub(crate) is_skipped: bool,
    uses: Vec<SecretUse>,
}

/// A Secret that an object names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SecretUse {
    pub(crate) secret: String,
    /// The hosts that it is named for; `None` for every name of its certificate, because the listener
    /// has no hostname.
    pub(crate) hosts: Option<Vec<String>>,
}

impl SecretUser {
    /// Reads an item of a list; `None` if it cannot be read, is being deleted, or its Secrets are not
    /// those of its namespace.
    pub(super) fn read(kind: Kind, item: &Value, settings: &Settings) -> Option<Self> {
        let (is_left, uses) = match kind {
            Kind::Ingress => (
                ingress::reads_other_secrets(item, settings),
                ingress::secret_uses(item)?,
            ),
            _ => (
                gateway::is_of_ignored_class(item, settings),
                gateway::secret_uses(item)?,
            ),
        };
        if is_left || object::is_being_deleted(item) {
            return None;
        }
        Some(Self {
            kind,
            name: object::text(item, "/metadata/name")?.to_owned(),
            is_skipped: object::is_skipped(item),
            uses,
        })
    }

    /// Whether it names a Secret.
    pub(crate) fn names(&self, secret: &str) -> bool {
        self.uses_of(secret).next().is_some()
    }

    /// How it uses a Secret.
    pub(crate) fn uses_of<'a>(&'a self, secret: &'a str) -> impl Iterator<Item = &'a SecretUse> {
        self.uses.iter().filter(move |used| used.secret == secret)
    }
}
