//! Routing secrets, and the table that finds the one for a host.

use std::{borrow::Cow, cmp::Reverse, collections::HashMap};

use thiserror::Error;

use crate::{
    globs::Globs,
    leaf::{Leaf, Validity},
    names::{DnsPattern, Host, Wildcards},
};

/// The type of routing secrets.
pub const TLS_TYPE: &str = "kubernetes.io/tls";

/// Why no Ingress is pointed at a routing secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Unusable {
    /// There is no whole PEM block with a certificate in `tls.crt`.
    #[error("tls.crt holds no PEM certificate")]
    NoCertificate,
    /// The first certificate is not valid DER.
    #[error("its certificate cannot be decoded")]
    BadCertificate,
    /// `notBefore` is in the future.
    #[error("its certificate is not valid yet")]
    NotYetValid,
    /// `notAfter` is past.
    #[error("its certificate has expired")]
    Expired,
    /// cert-manager will replace it as soon as the real one is issued.
    #[error("its certificate is cert-manager's temporary one")]
    Temporary,
    /// No DNS SAN can cover a host; the Common Name never counts (RFC 9525, section 2).
    #[error("its certificate has no DNS SAN that can cover a host")]
    NoDnsName,
}

/// A Secret of type `kubernetes.io/tls` with the routing label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoutingSecret<'a> {
    /// The name of the Secret.
    pub name: Cow<'a, str>,
    /// The Certificate from which cert-manager makes it (annotation
    /// `cert-manager.io/certificate-name`).
    pub certificate_name: Option<Cow<'a, str>>,
    /// What its certificate offers, or why it is never selected.
    pub offer: Result<Offer<'a>, Unusable>,
}

/// What a usable certificate offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer<'a> {
    /// The names that can cover a host.
    pub patterns: Vec<DnsPattern<'a>>,
    /// The second, since 1970, from which on it is not valid any more.
    pub not_after: u64,
}

impl<'a> Offer<'a> {
    /// What a leaf certificate offers.
    ///
    /// # Errors
    /// If the certificate must not be used at the second `now` since 1970.
    pub fn of(leaf: Leaf<'a>, wildcards: Wildcards, now: u64) -> Result<Self, Unusable> {
        match leaf.validity(now) {
            Validity::NotYet => return Err(Unusable::NotYetValid),
            Validity::Over => return Err(Unusable::Expired),
            Validity::Now => {}
        }
        if leaf.temporary {
            return Err(Unusable::Temporary);
        }
        let patterns: Vec<_> = leaf
            .dns_names
            .into_iter()
            .filter_map(|name| DnsPattern::parse(name, wildcards))
            .collect();
        if patterns.is_empty() {
            return Err(Unusable::NoDnsName);
        }
        Ok(Self {
            patterns,
            not_after: leaf.not_after,
        })
    }
}

/// The leaf certificate of a routing secret, of which this is the DER, if there is one in `tls.crt`.
///
/// # Errors
/// If there is none, or it cannot be decoded.
pub fn leaf(der: Option<Vec<u8>>) -> Result<Leaf<'static>, Unusable> {
    Leaf::from_der(&der.ok_or(Unusable::NoCertificate)?).map_err(|_| Unusable::BadCertificate)
}

/// Finds the routing secret for a host without looking at every secret.
#[derive(Debug, Default)]
pub struct RoutingTable<'a> {
    /// Every routing secret, usable or not.
    secrets: Vec<Known<'a>>,
    names: Index<'a>,
    wildcards: Wildcards,
    /// The secrets with a pattern.
    holders: Vec<Holders>,
    exact: Index<'a>,
    below: Index<'a>,
    globs: Globs,
    /// Where the holders of each glob are.
    by_glob: Vec<usize>,
}

/// Where something is in a list. For many secrets, this is built in less time than a tree.
type Index<'a> = HashMap<Cow<'a, str>, usize>;

/// A routing secret, as far as it matters once its patterns are known.
#[derive(Debug)]
struct Known<'a> {
    name: Cow<'a, str>,
    certificate_name: Option<Cow<'a, str>>,
    not_after: u64,
}

/// The places of the usable secrets with the same pattern.
#[derive(Debug)]
struct Holders {
    /// Of them, the one to choose.
    best: usize,
    /// All in order.
    places: Vec<usize>,
}

impl<'a> RoutingTable<'a> {
    /// Builds the table of a namespace.
    pub fn new(secrets: Vec<RoutingSecret<'a>>, wildcards: Wildcards) -> Self {
        let mut table = Self {
            wildcards,
            ..Self::default()
        };
        table.secrets.reserve(secrets.len());
        table.names.reserve(secrets.len());
        for secret in secrets {
            let place = table.secrets.len();
            let (patterns, not_after) = match secret.offer {
                Ok(offer) => (offer.patterns, offer.not_after),
                Err(_) => (Vec::new(), 0),
            };
            table.names.insert(secret.name.clone(), place);
            table.secrets.push(Known {
                name: secret.name,
                certificate_name: secret.certificate_name,
                not_after,
            });
            for pattern in patterns {
                table.add(pattern, place);
            }
        }
        table
    }

    /// Adds a pattern of the secret that was added last.
    fn add(&mut self, pattern: DnsPattern<'a>, secret: usize) {
        let next = self.holders.len();
        let place = match pattern {
            DnsPattern::Exact(name) => *self.exact.entry(name).or_insert(next),
            DnsPattern::Wildcard(parent) => *self.below.entry(parent).or_insert(next),
            DnsPattern::Glob(glob) => {
                let glob = self.globs.add(&glob);
                if glob == self.by_glob.len() {
                    self.by_glob.push(next);
                }
                self.by_glob.get(glob).copied().unwrap_or(next)
            }
        };
        if place == next {
            self.holders.push(Holders {
                best: secret,
                places: Vec::new(),
            });
        }
        let best = self.holders.get(place).map(|holders| holders.best);
        let is_better = best.is_some_and(|best| self.preference(secret) > self.preference(best));
        if let Some(holders) = self.holders.get_mut(place) {
            if is_better {
                holders.best = secret;
            }
            if holders.places.last() != Some(&secret) {
                holders.places.push(secret);
            }
        }
    }

    /// The routing secret for a host: exact before wildcard, then the longer wildcard, then the
    /// later `notAfter`, then the name in byte order.
    pub fn choose(&self, host: &Host) -> Option<&str> {
        let exact = self.exact_holders(host).map(|holders| holders.best);
        let exact = exact.max_by_key(|place| self.preference(*place));
        let place = exact.or_else(|| {
            let wildcards = self.wildcard_holders(host);
            let (_, holders) = wildcards
                .max_by_key(|(length, holders)| (*length, self.preference(holders.best)))?;
            Some(holders.best)
        })?;
        Some(&self.secrets.get(place)?.name)
    }

    /// Whether the Secret of this name is a usable routing secret that covers a host.
    pub fn covers(&self, secret: &str, host: &Host) -> bool {
        self.names.get(secret).is_some_and(|place| {
            let wildcards = self.wildcard_holders(host).map(|(_, holders)| holders);
            self.exact_holders(host)
                .chain(wildcards)
                .any(|holders| holders.places.binary_search(place).is_ok())
        })
    }

    /// Whether the Secret of this name is a routing secret, usable or not.
    pub fn is_routing_secret(&self, secret: &str) -> bool {
        self.known(secret).is_some()
    }

    /// The Certificate from which cert-manager makes a routing secret, usable or not.
    pub fn producer(&self, secret: &str) -> Option<&str> {
        self.known(secret)?.certificate_name.as_deref()
    }

    /// Whether the Secret of this name is a routing secret, usable or not, made from a Certificate of
    /// the same name, as ingress-shim names them.
    pub fn is_made_by_namesake(&self, secret: &str) -> bool {
        self.producer(secret) == Some(secret)
    }

    fn known(&self, secret: &str) -> Option<&Known<'a>> {
        self.secrets.get(*self.names.get(secret)?)
    }

    /// The greatest of these belongs to the secret to choose: the one with the later `notAfter`, then the
    /// one with the lesser name.
    fn preference(&self, place: usize) -> Option<(u64, Reverse<&str>)> {
        let secret = self.secrets.get(place)?;
        Some((secret.not_after, Reverse(&secret.name)))
    }

    /// The secrets with an exact pattern for a host.
    fn exact_holders(&self, host: &Host) -> impl Iterator<Item = &Holders> {
        let places = host.exact_names().filter_map(|name| self.exact.get(name));
        places.filter_map(|place| self.holders.get(*place))
    }

    /// The wildcard patterns that cover a host: their length and their secrets.
    fn wildcard_holders<'b>(
        &'b self,
        host: &'b Host,
    ) -> impl Iterator<Item = (usize, &'b Holders)> {
        let reach = match self.wildcards {
            Wildcards::OneLabel => 1,
            Wildcards::AnyDepth => usize::MAX,
        };
        let below = host.parents().take(reach).filter_map(|parent| {
            let place = self.below.get(parent)?;
            Some((parent.len() + "*.".len(), *place))
        });
        let globs = self.globs.matching(host.relative());
        let globs =
            globs.filter_map(|(glob, number)| Some((glob.len(), *self.by_glob.get(number)?)));
        let places = below.chain(globs);
        places.filter_map(|(length, place)| Some((length, self.holders.get(place)?)))
    }
}

#[cfg(test)]
#[path = "routing_tests.rs"]
mod tests;
