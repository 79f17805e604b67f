//! Private keys, and certificates for them, of every kind that is accepted, and more.

use std::{collections::HashMap, sync::LazyLock};

use arbitrary::Arbitrary;
use chacha20::{ChaCha20Rng, rand_core::SeedableRng};
use p256::pkcs8::{EncodePrivateKey, EncodePublicKey};
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyUsagePurpose, PublicKeyData, SanType, SerialNumber, SignatureAlgorithm, SigningKey,
};
use rsa::pkcs1::EncodeRsaPrivateKey;

use crate::der;

/// Whose key it is.
#[derive(Arbitrary, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Owner {
    /// A server with a P-256 key.
    P256,
    /// A server with a P-384 key.
    P384,
    /// A server with a P-521 key.
    P521,
    /// A server with an Ed25519 key.
    Ed25519,
    /// A server with an RSA key.
    Rsa,
    /// Somebody else, with another P-256 key.
    Other,
}

/// All owners.
pub const OWNERS: [Owner; 6] =
    [Owner::P256, Owner::P384, Owner::P521, Owner::Ed25519, Owner::Rsa, Owner::Other];

/// What a certificate is like.
#[derive(Arbitrary, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Style {
    /// A server's, accepted without a warning.
    Server,
    /// A server's, of which every extension that is read is there.
    Extended,
    /// A CA's, for a wildcard over one label.
    Authority,
    /// cert-manager's temporary one.
    Temporary,
    /// A server's that is not valid any more.
    Expired,
    /// A server's that is not valid yet.
    Early,
}

/// All styles, first those that are accepted.
pub const STYLES: [Style; 6] =
    [Style::Server, Style::Extended, Style::Authority, Style::Temporary, Style::Expired, Style::Early];

/// How a private key is written.
#[derive(Arbitrary, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// RFC 5958.
    Pkcs8,
    /// PKCS #1 or SEC 1; PKCS #8 for Ed25519, which has no other.
    Traditional,
}

/// A private key in DER and its PEM label.
pub fn private_key(owner: Owner, format: Format) -> (&'static str, &'static [u8]) {
    let keys = &KEYS[&owner];
    let (label, der) = match format {
        Format::Pkcs8 => &keys.pkcs8,
        Format::Traditional => &keys.traditional,
    };
    (label, der)
}

/// A certificate in DER.
pub fn certificate(owner: Owner, style: Style) -> &'static [u8] {
    &CERTIFICATES[&(owner, style)]
}

struct Keys {
    public: Vec<u8>,
    pkcs8: (&'static str, Vec<u8>),
    traditional: (&'static str, Vec<u8>),
}

static KEYS: LazyLock<HashMap<Owner, Keys>> =
    LazyLock::new(|| OWNERS.map(|owner| (owner, Keys::of(owner))).into());

static CERTIFICATES: LazyLock<HashMap<(Owner, Style), Vec<u8>>> = LazyLock::new(|| {
    let kinds = OWNERS.into_iter().flat_map(|owner| STYLES.map(|style| (owner, style)));
    kinds.map(|(owner, style)| ((owner, style), issue(owner, style))).collect()
});

impl Keys {
    fn of(owner: Owner) -> Self {
        match owner {
            Owner::P256 => ec!(p256, [1; 32]),
            Owner::P384 => ec!(p384, [1; 48]),
            // The order of the curve has 521 bits.
            Owner::P521 => ec!(p521, [1; 66]),
            Owner::Other => ec!(p256, [2; 32]),
            Owner::Ed25519 => {
                let key = ed25519_dalek::SigningKey::from_bytes(&[1; 32]);
                let pkcs8 = pkcs8(&key);
                Self::new(&key.verifying_key(), pkcs8.clone(), pkcs8)
            }
            Owner::Rsa => {
                let mut random = ChaCha20Rng::seed_from_u64(1);
                let key = rsa::PrivateKey::new(&mut random, 2048).expect("a key");
                let pkcs1 = key.to_pkcs1_der().expect("PKCS #1").as_bytes().to_vec();
                Self::new(&key.to_public_key(), pkcs8(&key), ("RSA PRIVATE KEY", pkcs1))
            }
        }
    }

    fn new(
        public: &impl EncodePublicKey,
        pkcs8: (&'static str, Vec<u8>),
        traditional: (&'static str, Vec<u8>),
    ) -> Self {
        let public = public.to_public_key_der().expect("a public key").into_vec();
        Self { public, pkcs8, traditional }
    }
}

/// The curves' keys are of different types that have no trait in common.
macro_rules! ec {
    ($curve:ident, $scalar:expr) => {{
        let key = $curve::SecretKey::from_slice(&$scalar).expect("a scalar below the order");
        let sec1 = key.to_sec1_der().expect("SEC 1").to_vec();
        Keys::new(&key.public_key(), pkcs8(&key), ("EC PRIVATE KEY", sec1))
    }};
}
use ec;

fn pkcs8(key: &impl EncodePrivateKey) -> (&'static str, Vec<u8>) {
    let der = key.to_pkcs8_der().expect("PKCS #8");
    ("PRIVATE KEY", der.as_bytes().to_vec())
}

/// Most dates are rcgen's own: from 1975 to 4096.
fn issue(owner: Owner, style: Style) -> Vec<u8> {
    let mut parameters = CertificateParams::default();
    parameters.serial_number = Some(SerialNumber::from(vec![1]));
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    parameters.distinguished_name.push(DnType::CommonName, "server");
    parameters.subject_alt_names = vec![dns("a.example.com"), dns("*.example.com")];
    let mut issuer = named("issuer");
    match style {
        Style::Server => {}
        Style::Extended => {
            let names = &mut parameters.subject_alt_names;
            names.push(SanType::IpAddress([192, 0, 2, 1].into()));
            names.push(SanType::URI("spiffe://example.com/a".try_into().expect("ASCII")));
            names.push(SanType::Rfc822Name("a@example.com".try_into().expect("ASCII")));
            parameters.use_authority_key_identifier_extension = true;
            parameters.crl_distribution_points =
                vec![rcgen::CrlDistributionPoint { uris: vec!["http://example.com/crl".to_owned()] }];
            parameters.custom_extensions = extensions();
        }
        Style::Authority => {
            parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
            parameters.subject_alt_names = vec![dns("*.com")];
            parameters.distinguished_name = named("issuer").distinguished_name;
        }
        Style::Temporary => issuer = named("cert-manager.local"),
        Style::Expired => parameters.not_after = rcgen::date_time_ymd(2000, 1, 1),
        Style::Early => parameters.not_before = rcgen::date_time_ymd(4000, 1, 1),
    }
    let certificate =
        parameters.signed_by(&Stub, &Issuer::from_params(&issuer, Stub)).expect("a certificate");
    der::with_public_key(certificate.der(), &KEYS[&owner].public).expect("DER")
}

fn dns(name: &str) -> SanType {
    SanType::DnsName(name.try_into().expect("ASCII"))
}

fn named(common_name: &str) -> CertificateParams {
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name.push(DnType::CommonName, common_name);
    parameters.key_identifier_method = rcgen::KeyIdMethod::PreSpecified(vec![1; 20]);
    parameters
}

/// Extensions that rcgen does not write, or not into such a certificate.
fn extensions() -> Vec<CustomExtension> {
    // A policy (RFC 5280, section 4.2.1.4) of which only the identifier is given: 2.23.140.1.2.1.
    const POLICIES: &[u8] = b"\x30\x0a\x30\x08\x06\x06\x67\x81\x0c\x01\x02\x01";
    // Where the issuer's certificate is (section 4.2.2.1).
    const INFO_ACCESS: &[u8] =
        b"\x30\x1a\x30\x18\x06\x08\x2b\x06\x01\x05\x05\x07\x30\x02\x86\x0chttp://a.com";
    const NO_CA: &[u8] = b"\x30\x00";
    const SUBJECT_KEY: &[u8] = b"\x04\x02\x01\x02";
    [
        ([2, 5, 29, 32].as_slice(), POLICIES),
        (&[1, 3, 6, 1, 5, 5, 7, 1, 1], INFO_ACCESS),
        (&[2, 5, 29, 19], NO_CA),
        (&[2, 5, 29, 14], SUBJECT_KEY),
    ]
    .map(|(id, content)| CustomExtension::from_oid_content(id, content.to_vec()))
    .into()
}

/// The policy checks no signatures, so there need not be any; and ECDSA's are never the same twice.
struct Stub;

impl PublicKeyData for Stub {
    fn der_bytes(&self) -> &[u8] {
        &[4; 65]
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &rcgen::PKCS_ECDSA_P256_SHA256
    }
}

impl SigningKey for Stub {
    fn sign(&self, _: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        Ok(vec![0xaa; 64])
    }
}
