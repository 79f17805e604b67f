//! What judging a Secret needs of the certificates in it.

use x509_parser::{
    certificate::X509Certificate,
    der_parser::oid,
    extensions::{CertificatePolicies, ParsedExtension, PolicyInformation, X509Extension},
    oid_registry::{
        OID_HASH_SHA1, OID_PKCS1_MD2WITHRSAENC, OID_PKCS1_MD5WITHRSAENC, OID_PKCS1_SHA1WITHRSA, Oid,
    },
    prelude::FromDer,
    signature_algorithm::SignatureAlgorithm,
    x509::{AlgorithmIdentifier, X509Version},
};

use super::{
    CertificateError, go_rules,
    leaf::{Leaf, dns_names, parse, validity, whole},
    public_key::{KeyError, PublicKey},
};

/// Signature algorithms with MD2, MD5 or SHA-1: those of PKCS #1, of the OIW (3, 15, 27 and 29 below 1.3.14.3.2), and DSA and
/// ECDSA (RFC 3279, section 2.2).
const WEAK_SIGNATURES: [Oid<'_>; 9] = [
    OID_PKCS1_MD2WITHRSAENC,
    OID_PKCS1_MD5WITHRSAENC,
    OID_PKCS1_SHA1WITHRSA,
    oid!(1.3.14.3.2.3),
    oid!(1.3.14.3.2.15),
    oid!(1.3.14.3.2.27),
    oid!(1.3.14.3.2.29),
    oid!(1.2.840.10040.4.3),
    oid!(1.2.840.10045.4.1),
];
/// The policies of a certificate for servers from a public CA: extended validation, and the others (CA/Browser Forum,
/// Baseline Requirements, section 7.1.6.1).
const EXTENDED_VALIDATION: Oid<'_> = oid!(2.23.140.1.1);
const BASELINE_REQUIREMENTS: Oid<'_> = oid!(2.23.140.1.2);

/// A certificate of a chain, be it the leaf or an issuer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ChainCertificate {
    /// The name of whoever signed it, as DER.
    pub(crate) issuer: Vec<u8>,
    /// The name of whom it is about, as DER.
    pub(crate) subject: Vec<u8>,
    /// The first second, since 1970, in which it is valid.
    pub(crate) not_before: u64,
    /// The second, since 1970, from which on it is not valid any more.
    pub(crate) not_after: u64,
    /// The key that it certifies, or why that cannot serve TLS.
    pub(crate) public_key: Result<PublicKey, KeyError>,
    /// Whether it is signed with MD2, MD5 or SHA-1 by another certificate: OpenSSL does not load it then (`ssl_security_cert`).
    pub(crate) is_weakly_signed: bool,
}

/// The first certificate of a chain, which a server presents as its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServerCertificate {
    /// What matching needs of it.
    pub(crate) leaf: Leaf,
    /// All DNS SANs, in their order; bytes that are no UTF-8 are replaced.
    pub(crate) dns_names: Vec<String>,
    /// Whether it may serve TLS: it has no extended key usage, or one with serverAuth or anyExtendedKeyUsage.
    pub(crate) may_serve: bool,
    /// Whether it may make signatures, as in a handshake: it has no key usage, or one with digitalSignature.
    pub(crate) may_sign: bool,
    /// Whether it may sign other certificates (RFC 5280, section 4.2.1.9).
    pub(crate) is_ca: bool,
    /// Whether one of its policies is that of public CAs.
    pub(crate) is_of_public_ca: bool,
}

impl ChainCertificate {
    /// Reads a certificate at any place of a chain, of which servers read no more than its DER.
    ///
    /// # Errors
    /// If `der` is not one certificate in DER, is followed by anything, or names a time before 1970.
    pub(crate) fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        let certificate = parse(der)?;
        let (not_before, not_after) = validity(&certificate)?;
        let issuer = certificate.issuer().as_raw().to_vec();
        let subject = certificate.subject().as_raw().to_vec();
        Ok(Self {
            not_before,
            not_after,
            public_key: certificate.public_key().try_into(),
            is_weakly_signed: issuer != subject && is_weak(&certificate.signature_algorithm),
            issuer,
            subject,
        })
    }
}

impl ServerCertificate {
    /// Reads the leaf of a chain as strictly as the ingress controllers do.
    ///
    /// # Errors
    /// If `der` is not one certificate in DER, is followed by anything, names a time before 1970, or is refused by Go's
    /// `x509.ParseCertificate`.
    pub(crate) fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        go_rules::check(der)?;
        let certificate = whole(X509Certificate::from_der(der))?;
        let unrestricted = Self {
            leaf: Leaf::of(&certificate)?,
            dns_names: dns_names(&certificate)?,
            may_serve: true,
            may_sign: true,
            is_ca: false,
            is_of_public_ca: false,
        };
        // Go reads no extensions in older versions.
        if certificate.version() != X509Version::V3 {
            return Ok(unrestricted);
        }
        let malformed = |_| CertificateError::Malformed;
        let extended_usage = certificate.extended_key_usage().map_err(malformed)?;
        let usage = certificate.key_usage().map_err(malformed)?;
        let mut policies = certificate.extensions().iter().filter_map(policies);
        Ok(Self {
            may_serve: extended_usage
                .is_none_or(|usage| usage.value.any || usage.value.server_auth),
            may_sign: usage.is_none_or(|usage| usage.value.digital_signature()),
            is_ca: certificate.is_ca(),
            is_of_public_ca: policies.any(|policies| policies.iter().any(is_of_public_ca)),
            ..unrestricted
        })
    }
}

fn policies<'a>(extension: &'a X509Extension<'_>) -> Option<&'a CertificatePolicies<'a>> {
    match extension.parsed_extension() {
        ParsedExtension::CertificatePolicies(policies) => Some(policies),
        _ => None,
    }
}

fn is_of_public_ca(policy: &PolicyInformation<'_>) -> bool {
    let policy = &policy.policy_id;
    *policy == EXTENDED_VALIDATION || policy.starts_with(&BASELINE_REQUIREMENTS)
}

fn is_weak(algorithm: &AlgorithmIdentifier<'_>) -> bool {
    match SignatureAlgorithm::try_from(algorithm) {
        Ok(SignatureAlgorithm::RSASSA_PSS(parameters)) => {
            *parameters.hash_algorithm_oid() == OID_HASH_SHA1
        }
        _ => WEAK_SIGNATURES.contains(&algorithm.algorithm),
    }
}
