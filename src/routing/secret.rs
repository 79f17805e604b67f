//! A routing secret, and why one cannot be used.

use thiserror::Error;

use super::{DnsPattern, Host, Wildcards, host::Fit};
use crate::x509::leaf::Leaf;

/// The annotation of a Secret that names the cert-manager Certificate that makes it.
pub(crate) const CERTIFICATE_NAME: &str = "cert-manager.io/certificate-name";

/// A Secret of type `kubernetes.io/tls` with the routing label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RoutingSecret {
    /// The name of the Secret.
    pub(crate) name: String,
    /// The cert-manager Certificate that makes it (annotation `cert-manager.io/certificate-name`).
    pub(crate) certificate_name: Option<String>,
    /// Its certificate, or why that is never selected.
    pub(crate) certificate: Result<ServingCertificate, Unusable>,
    /// The names that it would cover if it were usable; none if it is.
    pub(crate) unused_names: Vec<DnsPattern>,
}

impl RoutingSecret {
    /// The names of its certificate that can cover a host.
    pub(crate) fn names(&self) -> &[DnsPattern] {
        match &self.certificate {
            Ok(certificate) => &certificate.patterns,
            Err(_) => &self.unused_names,
        }
    }
}

/// What matching needs of a certificate that can be used now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServingCertificate {
    /// The names that can cover a host, at least one.
    pub(crate) patterns: Vec<DnsPattern>,
    /// The second since 1970 from which on it is not valid any more.
    pub(crate) not_after: u64,
}

/// Why no host is given to a routing secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum Unusable {
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
    /// cert-manager replaces it as soon as the real one is issued.
    #[error("its certificate is cert-manager's temporary one")]
    Temporary,
    /// The Secret has annotation `routing-secrets-policy/skip`.
    #[error("it is being retired")]
    Retired,
    /// No DNS SAN can cover a host; the Common Name never counts (RFC 9525, section 2).
    #[error("its certificate has no DNS SAN that can cover a host")]
    NoDnsName,
}

impl ServingCertificate {
    /// What a leaf is good for at the second `now` since 1970.
    ///
    /// # Errors
    /// If the leaf must not be used then.
    pub(crate) fn new(leaf: &Leaf, wildcards: Wildcards, now: u64) -> Result<Self, Unusable> {
        if now < leaf.not_before {
            return Err(Unusable::NotYetValid);
        }
        if now >= leaf.not_after {
            return Err(Unusable::Expired);
        }
        if leaf.is_temporary {
            return Err(Unusable::Temporary);
        }
        let patterns = patterns(leaf, wildcards);
        if patterns.is_empty() {
            return Err(Unusable::NoDnsName);
        }
        Ok(Self {
            patterns,
            not_after: leaf.not_after,
        })
    }

    /// How well its best name covers a host, if one does.
    pub(crate) fn fit(&self, host: &Host, wildcards: Wildcards) -> Option<Fit> {
        let patterns = self.patterns.iter();
        patterns
            .filter_map(|pattern| pattern.fit(host, wildcards))
            .max()
    }
}

/// The names of a leaf that can cover a host.
pub(super) fn patterns(leaf: &Leaf, wildcards: Wildcards) -> Vec<DnsPattern> {
    let names = leaf.dns_names.iter();
    names
        .filter_map(|name| DnsPattern::parse(name, wildcards))
        .collect()
}
