//! Certificates and private keys, read with the libraries of the field.
//!
//! - [`pem`] finds the blocks of a PEM text.
//! - [`leaf`] reads what matching needs, with `x509-parser`, which is lenient; look-ups use it, and the index
//!   is written from it.
//! - [`chain`] and [`server`] read what validating a Secret needs, with `x509-cert`, which takes nothing but
//!   DER; [`go_rules`] has what Go refuses in valid DER.
//! - [`public_key`] and [`private_key`] read keys; [`rsa`] checks the numbers of an RSA key.

pub(crate) mod chain;
mod go_rules;
pub(crate) mod leaf;
pub(crate) mod pem;
pub(crate) mod private_key;
pub(crate) mod public_key;
mod rsa;
pub(crate) mod server;

use thiserror::Error;
use x509_cert::{
    certificate::{CertificateInner, Raw},
    der::Decode,
};

/// A certificate in DER; the profile `Raw` takes the long serial numbers that Go takes.
pub(crate) type Certificate = CertificateInner<Raw>;

/// Why a certificate cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum CertificateError {
    /// A time before 1970 counts as malformed: certificates are younger.
    #[error(
        "a certificate is not valid DER, or something follows it; export or issue it anew [bad-certificate]"
    )]
    Malformed,
    #[error("Go's crypto/x509 refuses the first certificate; issue it anew [bad-certificate]")]
    RefusedByGo,
    #[error(
        "the first certificate has an extension that only a CA may have; issue it anew [bad-certificate]"
    )]
    CaExtension,
    /// RFC 6962, section 3.1.
    #[error(
        "the first certificate is a precertificate; store the certificate that its CA issued [bad-certificate]"
    )]
    Precertificate,
}

/// Reads a certificate at any position of a chain. Fails if `der` is not one certificate in DER, or is
/// followed by anything.
pub(crate) fn read_certificate(der: &[u8]) -> Result<Certificate, CertificateError> {
    Ok(Certificate::from_der(der)?)
}

impl From<x509_cert::der::Error> for CertificateError {
    fn from(_: x509_cert::der::Error) -> Self {
        Self::Malformed
    }
}

#[cfg(test)]
mod tests;
