//! Routing secrets, and the table that finds the one for a host.

use std::{cmp::Reverse, collections::HashMap};

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
pub struct RoutingSecret {
    /// The name of the Secret.
    pub name: String,
    /// The Certificate from which cert-manager makes it (annotation
    /// `cert-manager.io/certificate-name`).
    pub certificate_name: Option<String>,
    /// What its certificate offers, or why it is never selected.
    pub offer: Result<Offer, Unusable>,
}

/// What a usable certificate offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The names that can cover a host.
    pub patterns: Vec<DnsPattern>,
    /// The second, since 1970, from which on it is not valid any more.
    pub not_after: u64,
}

impl Offer {
    /// What a leaf certificate offers.
    ///
    /// # Errors
    /// If the certificate must not be used at the second `now` since 1970.
    pub fn of(leaf: &Leaf, wildcards: Wildcards, now: u64) -> Result<Self, Unusable> {
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
            .iter()
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
pub fn leaf(der: Option<Vec<u8>>) -> Result<Leaf, Unusable> {
    Leaf::from_der(&der.ok_or(Unusable::NoCertificate)?).map_err(|_| Unusable::BadCertificate)
}

/// Finds the routing secret for a host without looking at every secret.
///
/// Usable secrets are ranked by preference, the later `notAfter` first, then by name, so that of those
/// with the same pattern the one of the lowest rank is chosen.
#[derive(Debug, Default)]
pub struct RoutingTable {
    /// Every routing secret, usable or not.
    secrets: Vec<Known>,
    names: Index,
    /// The places of the usable ones, by rank.
    ranked: Vec<usize>,
    wildcards: Wildcards,
    /// The ranks of the secrets with a pattern.
    holders: Vec<Vec<usize>>,
    exact: Index,
    below: Index,
    globs: Globs,
    /// Where the holders of each glob are.
    by_glob: Vec<usize>,
}

/// Where something is in a list. For many secrets, this is built in less time than a tree.
type Index = HashMap<String, usize>;

/// A routing secret, as far as it matters that it is one.
#[derive(Debug)]
struct Known {
    name: String,
    certificate_name: Option<String>,
    /// None if it is unusable.
    rank: Option<usize>,
}

impl RoutingTable {
    /// Builds the table of a namespace.
    pub fn new(secrets: Vec<RoutingSecret>, wildcards: Wildcards) -> Self {
        let mut table = Self {
            wildcards,
            ..Self::default()
        };
        let mut usable = Vec::new();
        for secret in secrets {
            let place = table.secrets.len();
            if let Ok(offer) = secret.offer {
                let name = secret.name.clone();
                usable.push((Reverse(offer.not_after), name, place, offer.patterns));
            }
            table.names.insert(secret.name.clone(), place);
            table.secrets.push(Known {
                name: secret.name,
                certificate_name: secret.certificate_name,
                rank: None,
            });
        }
        usable.sort_unstable();
        for (rank, (_, _, place, patterns)) in usable.into_iter().enumerate() {
            if let Some(secret) = table.secrets.get_mut(place) {
                secret.rank = Some(rank);
            }
            table.ranked.push(place);
            for pattern in patterns {
                table.add(pattern, rank);
            }
        }
        table
    }

    /// Adds a pattern of the secret with the greatest rank until now.
    fn add(&mut self, pattern: DnsPattern, rank: usize) {
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
        match self.holders.get_mut(place) {
            Some(ranks) if ranks.last() == Some(&rank) => {}
            Some(ranks) => ranks.push(rank),
            None => self.holders.push(vec![rank]),
        }
    }

    /// The routing secret for a host: exact before wildcard, then the longer wildcard, then the
    /// later `notAfter`, then the name in byte order.
    pub fn choose(&self, host: &Host) -> Option<&str> {
        let exact = self.exact_holders(host).filter_map(<[usize]>::first);
        let rank = exact.min().copied().or_else(|| {
            let wildcards = self.wildcard_holders(host);
            let (_, rank) = wildcards
                .filter_map(|(length, ranks)| Some((Reverse(length), *ranks.first()?)))
                .min()?;
            Some(rank)
        })?;
        let secret = self.secrets.get(*self.ranked.get(rank)?)?;
        Some(&secret.name)
    }

    /// Whether the Secret of this name is a usable routing secret that covers a host.
    pub fn covers(&self, secret: &str, host: &Host) -> bool {
        let rank = self.known(secret).and_then(|secret| secret.rank);
        rank.is_some_and(|rank| {
            let wildcards = self.wildcard_holders(host).map(|(_, ranks)| ranks);
            self.exact_holders(host)
                .chain(wildcards)
                .any(|ranks| ranks.binary_search(&rank).is_ok())
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

    fn known(&self, secret: &str) -> Option<&Known> {
        self.secrets.get(*self.names.get(secret)?)
    }

    /// The ranks of the secrets with an exact pattern for a host.
    fn exact_holders(&self, host: &Host) -> impl Iterator<Item = &[usize]> {
        let places = host.exact_names().filter_map(|name| self.exact.get(name));
        places.filter_map(|place| self.holders(*place))
    }

    /// The wildcard patterns that cover a host: their length and the ranks of their secrets.
    fn wildcard_holders<'a>(
        &'a self,
        host: &'a Host,
    ) -> impl Iterator<Item = (usize, &'a [usize])> {
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
        places.filter_map(|(length, place)| Some((length, self.holders(place)?)))
    }

    fn holders(&self, place: usize) -> Option<&[usize]> {
        self.holders.get(place).map(Vec::as_slice)
    }
}

#[cfg(test)]
#[path = "routing_tests.rs"]
mod tests;
