//! The choice of the routing secret for a host.

use std::{
    cmp::Reverse,
    fmt::{self, Display, Formatter},
};

use super::{DnsPattern, Host, RoutingSecret, ServingCertificate, Unusable};
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
        self.choose_together(host, &[])
    }

    /// The same among those that cover other names as well, which are served with the host's certificate.
    pub(crate) fn choose_together(&self, host: &str, others: &[String]) -> Option<&str> {
        let host = self.settings.host(host)?;
        let others = others.iter().map(|other| self.settings.host(other));
        let others = others.collect::<Option<Vec<_>>>()?;
        let candidates = self.secrets.iter().filter_map(|secret| {
            let certificate = secret.certificate.as_ref().ok()?;
            let fit = |host| certificate.fit(host, self.settings.wildcards);
            let covers_all = others.iter().all(|other| fit(other).is_some());
            let key = (certificate.not_after, Reverse(secret.name.as_str()));
            Some((fit(&host)?, key)).filter(|_| covers_all)
        });
        candidates.max().map(|(_, (_, Reverse(name)))| name)
    }

    /// A routing secret whose names cover a host and which is not usable, and why; the first by name.
    pub(crate) fn unusable_for(&self, host: &str) -> Option<(&str, Unusable)> {
        let host = self.settings.host(host)?;
        let covering = self.secrets.iter().filter_map(|secret| {
            let reason = *secret.certificate.as_ref().err()?;
            let mut names = secret.unused_names.iter();
            let covers = names.any(|name| name.fit(&host, self.settings.wildcards).is_some());
            covers.then_some((secret.name.as_str(), reason))
        });
        covering.min_by_key(|(name, _)| *name)
    }

    /// Why a routing secret is not usable, if it is not.
    pub(crate) fn fault_of(&self, secret: &str) -> Option<Unusable> {
        self.find(secret)?.certificate.as_ref().err().copied()
    }

    /// Whether the Secret of this name is a usable routing secret that covers all of these hosts, of
    /// which there are some.
    pub(crate) fn covers_all(&self, secret: &str, hosts: &[String]) -> bool {
        let Some(certificate) = self.certificate_of(secret) else {
            return false;
        };
        let is_covered = |host: &String| {
            let host = self.settings.host(host);
            host.is_some_and(|host| certificate.fit(&host, self.settings.wildcards).is_some())
        };
        !hosts.is_empty() && hosts.iter().all(is_covered)
    }

    /// Whether the Secret of this name is a usable routing secret whose certificate covers a host, be it
    /// one that is never touched.
    pub(crate) fn covers(&self, secret: &str, host: &str) -> bool {
        let certificate = self.certificate_of(secret).zip(Host::parse(host));
        certificate.is_some_and(|(certificate, host)| {
            certificate.fit(&host, self.settings.wildcards).is_some()
        })
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

    /// Whether that Certificate may be one for these hosts: all names of the routing secret are among them.
    pub(crate) fn is_made_from<'b>(
        &self,
        secret: &str,
        hosts: impl Iterator<Item = &'b String>,
    ) -> bool {
        let wildcards = self.settings.wildcards;
        let hosts = hosts.filter_map(|host| DnsPattern::parse(host, wildcards));
        let hosts: Vec<_> = hosts.collect();
        let has_only =
            |secret: &RoutingSecret| secret.names().iter().all(|name| hosts.contains(name));
        self.is_made_by_namesake(secret) && self.find(secret).is_some_and(has_only)
    }

    /// What a routing secret is good for, if it is usable.
    fn certificate_of(&self, secret: &str) -> Option<&ServingCertificate> {
        self.find(secret)?.certificate.as_ref().ok()
    }

    fn find(&self, secret: &str) -> Option<&RoutingSecret> {
        self.secrets.iter().find(|known| known.name == secret)
    }
}
