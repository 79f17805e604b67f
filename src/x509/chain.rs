//! What validating a Secret needs of each certificate in it.

use pkcs1::RsaPssParamsOwned;
use x509_cert::{
    der::{
        asn1::ObjectIdentifier,
        oid::db::{rfc5912, rfc8410},
    },
    name::Name,
    spki::AlgorithmIdentifierOwned,
};

use super::{
    Certificate,
    public_key::{KeyError, PublicKey},
};

/// Signature algorithms with MD2, MD5 or SHA-1: those of PKCS #1, of the OIW, and DSA and ECDSA (RFC 3279,
/// section 2.2).
const WEAK_SIGNATURES: [ObjectIdentifier; 9] = [
    rfc5912::MD_2_WITH_RSA_ENCRYPTION,
    rfc5912::MD_5_WITH_RSA_ENCRYPTION,
    rfc5912::SHA_1_WITH_RSA_ENCRYPTION,
    ObjectIdentifier::new_unwrap("1.3.14.3.2.3"),
    ObjectIdentifier::new_unwrap("1.3.14.3.2.15"),
    ObjectIdentifier::new_unwrap("1.3.14.3.2.27"),
    ObjectIdentifier::new_unwrap("1.3.14.3.2.29"),
    rfc5912::DSA_WITH_SHA_1,
    ObjectIdentifier::new_unwrap("1.2.840.10045.4.1"),
];
/// The signature algorithms that every server loads, unless they are weak: RSA (PKCS #1 and PSS), ECDSA and
/// EdDSA.
const USUAL_SIGNATURES: [ObjectIdentifier; 4] = [
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.1"),
    ObjectIdentifier::new_unwrap("1.2.840.10045.4"),
    rfc8410::ID_ED_25519,
    rfc8410::ID_ED_448,
];
/// Signature algorithms of NIST: 9 to 16 below it are ECDSA and RSA with SHA-3.
const NIST_SIGNATURES: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3");

/// What kind of signature a certificate has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signature {
    /// RSA, ECDSA or EdDSA; or any signature of a self-signed certificate, because nobody verifies it.
    Usual,
    /// With MD2, MD5 or SHA-1: OpenSSL does not load the certificate (`ssl_security_cert`).
    Weak,
    /// Another algorithm, such as ML-DSA, which OpenSSL before 3.5 does not load.
    Unusual(ObjectIdentifier),
}

/// A certificate of a chain: the leaf or an issuer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ChainCertificate {
    pub(crate) issuer: Name,
    pub(crate) subject: Name,
    /// The first second, since 1970, in which it is valid.
    pub(crate) not_before: u64,
    /// The first second, since 1970, in which it is no longer valid.
    pub(crate) not_after: u64,
    /// The key that it certifies, or why that key cannot serve TLS.
    pub(crate) public_key: Result<PublicKey, KeyError>,
    pub(crate) signature: Signature,
}

impl From<&Certificate> for ChainCertificate {
    fn from(certificate: &Certificate) -> Self {
        let body = certificate.tbs_certificate();
        let validity = body.validity();
        Self {
            issuer: body.issuer().clone(),
            subject: body.subject().clone(),
            not_before: validity.not_before.to_unix_duration().as_secs(),
            not_after: validity.not_after.to_unix_duration().as_secs(),
            public_key: body.subject_public_key_info().try_into(),
            signature: Signature::of(certificate),
        }
    }
}

impl Signature {
    fn of(certificate: &Certificate) -> Self {
        let body = certificate.tbs_certificate();
        let AlgorithmIdentifierOwned { oid, parameters } = certificate.signature_algorithm();
        let is_weak = match parameters {
            Some(parameters) if *oid == rfc5912::ID_RSASSA_PSS => parameters
                .decode_as::<RsaPssParamsOwned>()
                .is_ok_and(|parameters| parameters.hash.oid == rfc5912::ID_SHA_1),
            _ => WEAK_SIGNATURES.contains(oid),
        };
        let is_sha_3 = oid.parent() == Some(NIST_SIGNATURES) && matches!(oid.arcs().last(), Some(9..=16));
        if body.issuer() == body.subject() {
            Self::Usual
        } else if is_weak {
            Self::Weak
        } else if is_sha_3 || USUAL_SIGNATURES.iter().any(|usual| oid.starts_with(*usual)) {
            Self::Usual
        } else {
            Self::Unusual(*oid)
        }
    }
}
