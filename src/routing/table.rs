//! The choice of the routing secret for a host.

use std::{
    cmp::Reverse,
    fmt::{self, Display, Formatter},
};

use super::RoutingSecret;
use crate::settings::Settings;

/// A host and the routing secret that serves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServedHost {
    /// The host as its object writes it.
    pub(crate) host: String,
    /// The name of the Secret.
    pub(crate) secret: String,
}

impl ServedHost {
    pub(crate) fn new(host: &str, secret: &str) -> Self {
        Self {
            host: host.to_owned(),
            secret: secret.to_owned(),
        }
    }
}

impl Display for ServedHost {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} ({})", self.host, self.secret)
    }
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

    /// The routing secret for a host: exact before wildcard, then the longer wildcard, then the later
    /// `notAfter`, then the name in byte order.
    pub(crate) fn choose(&self, host: &str) -> Option<&str> {
        let host = self.settings.host(host)?;
        let candidates = self.secrets.iter().filter_map(|secret| {
            let certificate = secret.certificate.as_ref().ok()?;
            let fit = certificate.fit(&host, self.settings.wildcards)?;
            Some((fit, certificate.not_after, Reverse(secret.name.as_str())))
        });
        candidates.max().map(|(_, _, Reverse(name))| name)
    }

    /// Whether the Secret of this name is a usable routing secret that covers all of these hosts, of
    /// which there are some.
    pub(crate) fn covers_all(&self, secret: &str, hosts: &[String]) -> bool {
        let Some(Ok(certificate)) = self.find(secret).map(|secret| &secret.certificate) else {
            return false;
        };
        let is_covered = |host: &String| {
            let host = self.settings.host(host);
            host.is_some_and(|host| certificate.fit(&host, self.settings.wildcards).is_some())
        };
        !hosts.is_empty() && hosts.iter().all(is_covered)
    }

    /// Whether the Secret of this name is a routing secret, usable or not.
    pub(crate) fn is_routing_secret(&self, secret: &str) -> bool {
        self.find(secret).is_some()
    }

    /// The cert-manager Certificate that makes a routing secret, usable or not.
    pub(crate) fn producer(&self, secret: &str) -> Option<&str> {
        self.find(secret)?.certificate_name.as_deref()
    }

    /// Whether the Secret of this name is a routing secret made by a Certificate of the same name: so
    /// cert-manager's shims name those that they make.
    pub(crate) fn is_made_by_namesake(&self, secret: &str) -> bool {
        self.producer(secret) == Some(secret)
    }

    fn find(&self, secret: &str) -> Option<&RoutingSecret> {
        self.secrets.iter().find(|known| known.name == secret)
    }
}
