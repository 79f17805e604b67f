//! Certificates and private keys, read with the libraries of the field: `x509-parser` for certificates, `pkcs8`, `pkcs1` and
//! `sec1` for private keys, RustCrypto's curves and `crypto-bigint` for the public key that belongs to a private key.
//!
//! - [`pem`] finds the blocks of a PEM text.
//! - [`leaf`] reads what matching needs; look-ups use it, and the index is written from it.
//! - [`chain`] reads what judging a Secret needs; [`go_rules`] refuses what Go refuses and `x509-parser` accepts.
//! - [`public_key`] and [`private_key`] read keys; [`rsa`] checks the numbers of an RSA key.

pub(crate) mod chain;
mod go_rules;
pub(crate) mod leaf;
pub(crate) mod pem;
pub(crate) mod private_key;
pub(crate) mod public_key;
mod rsa;

use thiserror::Error;

/// Why a certificate cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum CertificateError {
    #[error("the certificate is not valid DER, or something follows it")]
    Malformed,
    /// Such a time is a mistake: certificates are younger.
    #[error("the certificate names a time before 1970")]
    BeforeEpoch,
    #[error("Go's crypto/x509 refuses the certificate")]
    RefusedByGo,
}

#[cfg(test)]
mod tests;
