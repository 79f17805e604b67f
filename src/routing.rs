//! Routing secrets, and the table that finds the one for a host.

use std::cmp::Reverse;

use thiserror::Error;

use crate::{
    globs::Globs,
    keys::{Keyed, Keys, text},
    leaf::{Leaf, Validity},
    names::{DnsPattern, Host, Wildcards},
    pem,
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
    /// Reads the content of `tls.crt`.
    ///
    /// # Errors
    /// If the certificate must not be used at the second `now` since 1970.
    pub fn from_pem(tls_crt: &str, wildcards: Wildcards, now: u64) -> Result<Self, Unusable> {
        Self::of(&leaf(tls_crt)?, wildcards, now)
    }

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

/// The first certificate in the content of `tls.crt`.
///
/// # Errors
/// If there is none, or it cannot be decoded.
pub fn leaf(tls_crt: &str) -> Result<Leaf, Unusable> {
    let der = pem::first_certificate(tls_crt).ok_or(Unusable::NoCertificate)?;
    Leaf::from_der(&der).map_err(|_| Unusable::BadCertificate)
}

/// Finds the routing secret for a host without looking at every secret.
///
/// Secrets are numbered by preference, the later `notAfter` first, then by name, so that of the
/// secrets with the same pattern the one with the lowest number is chosen.
#[derive(Debug, Default)]
pub struct RoutingTable {
    names: Vec<String>,
    numbers: Keys<'static>,
    /// Every routing secret, usable or not, and the Certificate from which it is made.
    known: Keyed<'static, Option<String>>,
    wildcards: Wildcards,
    exact: Keyed<'static, Vec<usize>>,
    below: Keyed<'static, Vec<usize>>,
    globs: Globs,
    /// The secrets of each glob.
    by_glob: Vec<Vec<usize>>,
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
            let known = text(secret.name.clone());
            table.known.set(known, secret.certificate_name);
            if let Ok(offer) = secret.offer {
                usable.push((Reverse(offer.not_after), secret.name, offer.patterns));
            }
        }
        usable.sort_unstable();
        for (number, (_, name, patterns)) in usable.into_iter().enumerate() {
            table.numbers.number(text(name.clone()), number);
            table.names.push(name);
            for pattern in patterns {
                table.add(pattern, number);
            }
        }
        table
    }

    /// Adds a pattern of the secret with the greatest number until now.
    fn add(&mut self, pattern: DnsPattern, number: usize) {
        let add = |numbers: &mut Vec<usize>| {
            if numbers.last() != Some(&number) {
                numbers.push(number);
            }
        };
        match pattern {
            DnsPattern::Exact(name) => self.exact.update(text(name), add),
            DnsPattern::Wildcard(parent) => self.below.update(text(parent), add),
            DnsPattern::Glob(glob) => {
                let glob = self.globs.add(&glob);
                if glob == self.by_glob.len() {
                    self.by_glob.push(Vec::new());
                }
                self.by_glob.get_mut(glob).into_iter().for_each(add);
            }
        }
    }

    /// The routing secret for a host: exact before wildcard, then the longer wildcard, then the
    /// later `notAfter`, then the name in byte order.
    pub fn choose(&self, host: &Host) -> Option<&str> {
        let number = self.exact_number(host).or_else(|| {
            let wildcards = self.matching_wildcards(host);
            let (_, number) = wildcards
                .filter_map(|(length, numbers)| Some((Reverse(length), *numbers.first()?)))
                .min()?;
            Some(number)
        })?;
        self.names.get(number).map(String::as_str)
    }

    /// Whether the Secret of this name is a usable routing secret that covers a host.
    pub fn covers(&self, secret: &str, host: &Host) -> bool {
        self.numbers.get(&text(secret)).is_some_and(|number| {
            let exact = host.exact_names();
            let exact = exact.filter_map(|name| self.exact.get(&text(name)));
            let wildcards = self.matching_wildcards(host).map(|(_, numbers)| numbers);
            exact
                .chain(wildcards)
                .any(|numbers| numbers.binary_search(&number).is_ok())
        })
    }

    /// Whether the Secret of this name is a routing secret, usable or not.
    pub fn is_routing_secret(&self, secret: &str) -> bool {
        self.known.get(&text(secret)).is_some()
    }

    /// The Certificate from which cert-manager makes a routing secret, usable or not.
    pub fn producer(&self, secret: &str) -> Option<&str> {
        self.known.get(&text(secret))?.as_deref()
    }

    /// Whether the Secret of this name is a routing secret, usable or not, made from a Certificate of
    /// the same name, as ingress-shim names them.
    pub fn is_made_by_namesake(&self, secret: &str) -> bool {
        self.producer(secret) == Some(secret)
    }

    fn exact_number(&self, host: &Host) -> Option<usize> {
        let numbers = host
            .exact_names()
            .filter_map(|name| self.exact.get(&text(name))?.first());
        numbers.min().copied()
    }

    /// The wildcard patterns that cover a host: their length and their secrets.
    fn matching_wildcards<'a>(
        &'a self,
        host: &'a Host,
    ) -> impl Iterator<Item = (usize, &'a Vec<usize>)> {
        let reach = match self.wildcards {
            Wildcards::OneLabel => 1,
            Wildcards::AnyDepth => usize::MAX,
        };
        let below = host.parents().take(reach).filter_map(|parent| {
            let numbers = self.below.get(&text(parent))?;
            Some((parent.len() + "*.".len(), numbers))
        });
        let globs = self.globs.matching(host.relative());
        let globs =
            globs.filter_map(|(glob, number)| Some((glob.len(), self.by_glob.get(number)?)));
        below.chain(globs)
    }
}

#[cfg(test)]
#[path = "routing_tests.rs"]
mod tests;
