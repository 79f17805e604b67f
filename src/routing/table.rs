//! The choice of the routing secret for a host, and what makes a routing secret.

use std::{
    cmp::Reverse,
    fmt::{self, Display, Formatter},
};

use super::{RoutingSecret, Unusable};
use crate::{
    host::{DnsPattern, Host},
    settings::Settings,
};

/// A host and the routing secret that serves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServedHost {
    /// The host as its object writes it.
    pub(crate) host: String,
    pub(crate) secret: String,
}

impl ServedHost {
    pub(crate) fn new(host: &str, secret: &str) -> Self {
        Self { host: host.to_owned(), secret: secret.to_owned() }
    }

    /// Its entry in the audit annotation.
    pub(crate) fn audit_entry(self) -> String {
        format!("{}={}", self.host, self.secret)
    }
}

impl Display for ServedHost {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} ({})", self.host, self.secret)
    }
}

/// An object from which cert-manager may make a routing secret.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Maker<'a> {
    /// The Certificate of this name.
    Certificate(&'a str),
    /// An Ingress, Gateway or ListenerSet with a trigger, which names the routing secret for these hosts.
    Triggered(&'a [String]),
}

/// The routing secrets of a namespace, and the hosts that are never touched (setting `ignoredHosts`).
#[derive(Debug)]
pub(crate) struct RoutingTable<'a> {
    secrets: Vec<RoutingSecret>,
    settings: &'a Settings,
}

impl<'a> RoutingTable<'a> {
    /// The table of these routing secrets, usable or not.
    pub(crate) fn new(secrets: Vec<RoutingSecret>, settings: &'a Settings) -> Self {
        Self { secrets, settings }
    }

    pub(crate) fn settings(&self) -> &Settings {
        self.settings
    }

    /// The routing secret for a host: exact before wildcard, then the longer wildcard, then the later
    /// `notAfter`, then the name in byte order.
    pub(crate) fn choose(&self, host: &str) -> Option<&str> {
        self.choose_together(host, &[])
    }

    /// The same among those that cover other names as well, which are served with the host's certificate.
    pub(crate) fn choose_together(&self, host: &str, others: &[String]) -> Option<&str> {
        let host = self.settings.host(host)?;
        let others: Vec<_> = others.iter().map(|other| self.settings.host(other)).collect::<Option<_>>()?;
        self.secrets
            .iter()
            .filter_map(|secret| {
                let rank = (secret.fit(&host)?, secret.not_after.ok()?, Reverse(&secret.name));
                others.iter().all(|other| secret.fit(other).is_some()).then_some(rank)
            })
            .max()
            .map(|(.., Reverse(name))| name.as_str())
    }

    /// A routing secret whose names cover a host and which is not usable, and why; the first by name.
    pub(crate) fn unusable_for(&self, host: &str) -> Option<(&str, Unusable)> {
        let host = self.settings.host(host)?;
        self.secrets
            .iter()
            .filter(|secret| secret.fit(&host).is_some())
            .filter_map(|secret| Some((secret.name.as_str(), secret.not_after.err()?)))
            .min_by_key(|(name, _)| *name)
    }

    /// Why a routing secret is not usable, if it is not.
    pub(crate) fn fault_of(&self, secret: &str) -> Option<Unusable> {
        self.find(secret)?.not_after.err()
    }

    /// Whether the Secret of this name is a usable routing secret that covers all of these hosts, and there
    /// are some.
    pub(crate) fn covers_all(&self, secret: &str, hosts: &[String]) -> bool {
        let is_covered = |host: &String| self.covers(secret, host) && self.settings.host(host).is_some();
        !hosts.is_empty() && hosts.iter().all(is_covered)
    }

    /// Whether the Secret of this name is a usable routing secret that covers a host, also one that is never
    /// touched.
    pub(crate) fn covers(&self, secret: &str, host: &str) -> bool {
        let secret = self.find(secret).filter(|secret| secret.not_after.is_ok());
        secret.zip(Host::parse(host)).is_some_and(|(secret, host)| secret.fit(&host).is_some())
    }

    /// Whether the Secret of this name is a routing secret, usable or not.
    pub(crate) fn is_routing_secret(&self, secret: &str) -> bool {
        self.find(secret).is_some()
    }

    /// The cert-manager Certificate that makes a routing secret, usable or not.
    pub(crate) fn certificate_name(&self, secret: &str) -> Option<&str> {
        self.find(secret)?.certificate_name.as_deref()
    }

    /// Whether a routing secret, usable or not, is made from this object. cert-manager's shims name their
    /// Certificates like the Secrets. A copied Secret has the annotation, too, so one of the hosts must be
    /// among its names.
    pub(crate) fn is_made_from(&self, secret: &str, maker: Maker<'_>) -> bool {
        self.find(secret).is_some_and(|secret| match maker {
            Maker::Certificate(name) => secret.certificate_name.as_deref() == Some(name),
            Maker::Triggered(hosts) => {
                secret.certificate_name.as_ref() == Some(&secret.name)
                    && hosts
                        .iter()
                        .filter_map(|host| DnsPattern::parse(host.as_str(), self.settings.wildcards))
                        .any(|host| secret.names.contains(&host))
            }
        })
    }

    fn find(&self, secret: &str) -> Option<&RoutingSecret> {
        self.secrets.iter().find(|known| known.name == secret)
    }
}
