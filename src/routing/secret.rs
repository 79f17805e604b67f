//! A routing secret, and why one cannot be used.

use thiserror::Error;

use crate::{
    host::{DnsPattern, Fit, Host, Wildcards},
    x509::leaf::Leaf,
};

/// A Secret of type `kubernetes.io/tls` with the routing label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RoutingSecret {
    pub(crate) name: String,
    /// The cert-manager Certificate that makes it (annotation `cert-manager.io/certificate-name`).
    pub(crate) certificate_name: Option<String>,
    /// The names of its certificate that can cover a host.
    pub(crate) names: Vec<DnsPattern>,
    /// The second since 1970 at which its certificate ends, or why it is never chosen.
    pub(crate) not_after: Result<u64, Unusable>,
}

/// Why a routing secret is not usable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum Unusable {
    /// There is no whole PEM block with a certificate in `tls.crt`.
    #[error("has no PEM block")]
    NoCertificate,
    /// The first certificate is not valid DER.
    #[error("is not readable")]
    BadCertificate,
    #[error("is not valid yet")]
    NotYetValid,
    #[error("has expired")]
    Expired,
    /// cert-manager replaces it as soon as the real one is issued.
    #[error("is temporary")]
    Temporary,
    /// The Secret has annotation `routing-secrets-policy/skip`.
    #[error("is being retired")]
    Retired,
    /// No DNS SAN can cover a host; the Common Name never counts (RFC 9525, section 2).
    #[error("has no DNS SAN")]
    NoDnsName,
}

impl RoutingSecret {
    /// The routing secret of this name at the second `now` since 1970, with its leaf or why that cannot be
    /// read.
    pub(crate) fn new(name: String, leaf: Result<Leaf, Unusable>, wildcards: Wildcards, now: u64) -> Self {
        let mut names = Vec::new();
        let not_after = leaf.and_then(|leaf| {
            names.extend(leaf.dns_names.into_iter().filter_map(|name| DnsPattern::parse(name, wildcards)));
            if now < leaf.not_before {
                Err(Unusable::NotYetValid)
            } else if now >= leaf.not_after {
                Err(Unusable::Expired)
            } else if leaf.is_temporary {
                Err(Unusable::Temporary)
            } else if names.is_empty() {
                Err(Unusable::NoDnsName)
            } else {
                Ok(leaf.not_after)
            }
        });
        Self { name, certificate_name: None, names, not_after }
    }

    /// How well its best name covers a host, if one does.
    pub(crate) fn fit(&self, host: &Host) -> Option<Fit> {
        self.names.iter().filter_map(|name| name.fit(host)).max()
    }
}
