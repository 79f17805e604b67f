//! What judging a Secret needs of its certificates.

use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use rstest::rstest;
use x509_cert::der::asn1::ObjectIdentifier;

use super::certificate::*;
use crate::x509::{
    CertificateError,
    chain::{ChainCertificate, Signature},
    public_key::{Curve, KeyError, PublicKey},
    server::ServerCertificate,
};

fn server(parameters: CertificateParams) -> ServerCertificate {
    let key = KeyPair::generate().unwrap();
    server_certificate(parameters.self_signed(&key).unwrap().der()).unwrap()
}

fn chained(parts: &Parts) -> ChainCertificate {
    chain_certificate(&parts.der()).unwrap()
}

#[test]
fn a_certificate_that_says_nothing_of_its_use() {
    let certificate = server(CertificateParams::new(["a.example.com".to_owned()]).unwrap());
    assert!(certificate.may_serve && certificate.may_sign);
    assert!(!certificate.is_ca && !certificate.is_of_public_ca);
    assert_eq!(certificate.dns_names, ["a.example.com"]);
}

#[rstest]
#[case::server(&[ExtendedKeyUsagePurpose::ServerAuth], true)]
#[case::any(&[ExtendedKeyUsagePurpose::Any], true)]
#[case::server_among_others(&[ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::ServerAuth], true)]
#[case::client(&[ExtendedKeyUsagePurpose::ClientAuth], false)]
#[case::another(&[ExtendedKeyUsagePurpose::Other(vec![1, 3, 6, 1, 5, 5, 7, 3, 1, 1])], false)]
fn extended_key_usage(#[case] usages: &[ExtendedKeyUsagePurpose], #[case] may_serve: bool) {
    let mut parameters = CertificateParams::default();
    parameters.extended_key_usages = usages.to_vec();
    assert_eq!(server(parameters).may_serve, may_serve);
}

#[test]
fn extended_key_usage_of_nothing() {
    let parts = Parts::with_extension(extension(EXTENDED_KEY_USAGE, sequence(&[])));
    let certificate = server_certificate(&parts.der());
    assert!(certificate.is_ok_and(|certificate| !certificate.may_serve));
}

#[rstest]
#[case::signatures(&[KeyUsagePurpose::DigitalSignature], true)]
#[case::among_others(&[KeyUsagePurpose::KeyEncipherment, KeyUsagePurpose::DigitalSignature], true)]
#[case::others(&[KeyUsagePurpose::KeyEncipherment], false)]
fn key_usage(#[case] usages: &[KeyUsagePurpose], #[case] may_sign: bool) {
    let mut parameters = CertificateParams::default();
    parameters.key_usages = usages.to_vec();
    assert_eq!(server(parameters).may_sign, may_sign);
}

#[test]
fn an_authority() {
    let mut parameters = CertificateParams::default();
    parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    assert!(server(parameters.clone()).is_ca);
    parameters.is_ca = IsCa::ExplicitNoCa;
    assert!(!server(parameters).is_ca);
}

#[rstest]
#[case::extended_validation(b"\x67\x81\x0c\x01\x01", true)]
#[case::domain_validated(b"\x67\x81\x0c\x01\x02\x01", true)]
#[case::code_signing(b"\x67\x81\x0c\x01\x04\x01", false)]
#[case::another(b"\x2a\x03", false)]
fn policies(#[case] policy: &[u8], #[case] is_of_public_ca: bool) {
    let policies = sequence(&[sequence(&[der(OID, policy)])]);
    let parts = Parts::with_extension(extension(CERTIFICATE_POLICIES, policies));
    let certificate = server_certificate(&parts.der()).unwrap();
    assert_eq!(certificate.is_of_public_ca, is_of_public_ca);
}

#[test]
fn critical_extensions_that_go_does_not_know() {
    let unknown = |parts: Parts| server_certificate(&parts.der()).unwrap().unknown_critical;
    let another = critical(b"\x2a\x03\x04", vec![]);
    assert_eq!(unknown(Parts::with_extension(another))[0].to_string(), "1.2.3.4");
    // issuerAltName.
    let of_rfc_5280 = critical(b"\x55\x1d\x12", sequence(&[]));
    assert_eq!(unknown(Parts::with_extension(of_rfc_5280))[0].to_string(), "2.5.29.18");
    let not_critical = extension(b"\x2a\x03\x04", vec![]);
    assert_eq!(unknown(Parts::with_extension(not_critical)), []);
    let known = critical(KEY_USAGE, der(BIT_STRING, &[7, 0x80]));
    assert_eq!(unknown(Parts::with_extension(known)), []);
}

/// RFC 6962, section 3.1.
#[test]
fn a_precertificate() {
    const POISON: &[u8] = b"\x2b\x06\x01\x04\x01\xd6\x79\x02\x04\x03";
    let parts = Parts::with_extension(critical(POISON, der(NULL, &[])));
    let found = server_certificate(&parts.der());
    assert_eq!(found, Err(CertificateError::Precertificate));
    let old = Parts { version: Vec::new(), ..parts };
    assert!(server_certificate(&old.der()).is_ok());
}

/// Go reads no extensions in other versions than 3.
#[test]
fn extensions_of_another_version() {
    let parts =
        Parts { version: Vec::new(), ..Parts::with_extension(extension(EXTENDED_KEY_USAGE, sequence(&[]))) };
    let certificate = server_certificate(&parts.der()).unwrap();
    assert!(certificate.may_serve);
    assert_eq!(certificate.dns_names, [] as [&str; 0]);
}

#[test]
fn names_that_are_not_ascii_are_kept_for_messages() {
    let names = [der(0x82, b"a\xff"), der(0x82, b"b.example.com")];
    let certificate = server_certificate(&Parts::with_names(&names).der()).unwrap();
    assert_eq!(certificate.dns_names, ["a\u{fffd}", "b.example.com"]);
}

fn signature(algorithm: &[Vec<u8>]) -> Signature {
    chained(&Parts::with_algorithm(&sequence(algorithm))).signature
}

#[rstest]
#[case::md2(b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x02", Some(Signature::Weak))]
#[case::md5(b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x04", Some(Signature::Weak))]
#[case::sha1(b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05", Some(Signature::Weak))]
#[case::sha1_of_the_oiw(b"\x2b\x0e\x03\x02\x1d", Some(Signature::Weak))]
#[case::dsa(b"\x2a\x86\x48\xce\x38\x04\x03", Some(Signature::Weak))]
#[case::ecdsa(b"\x2a\x86\x48\xce\x3d\x04\x01", Some(Signature::Weak))]
#[case::sha256(SHA256_WITH_RSA, Some(Signature::Usual))]
#[case::ecdsa_with_sha256(ECDSA_WITH_SHA256, Some(Signature::Usual))]
#[case::ed25519(ED25519, Some(Signature::Usual))]
#[case::ed448(b"\x2b\x65\x71", Some(Signature::Usual))]
#[case::dsa_with_sha256(b"\x60\x86\x48\x01\x65\x03\x04\x03\x02", None)]
#[case::dsa_with_sha3(b"\x60\x86\x48\x01\x65\x03\x04\x03\x08", None)]
#[case::ecdsa_with_sha3(b"\x60\x86\x48\x01\x65\x03\x04\x03\x09", Some(Signature::Usual))]
#[case::rsa_with_sha3(b"\x60\x86\x48\x01\x65\x03\x04\x03\x10", Some(Signature::Usual))]
#[case::ml_dsa_44(b"\x60\x86\x48\x01\x65\x03\x04\x03\x11", None)]
#[case::sha3(b"\x60\x86\x48\x01\x65\x03\x04\x02\x09", None)]
fn signature_algorithms(#[case] algorithm: &[u8], #[case] expected: Option<Signature>) {
    let number = ObjectIdentifier::from_bytes(algorithm).unwrap();
    let algorithm = sequence(&[der(OID, algorithm)]);
    let parts = Parts::with_algorithm(&algorithm);
    let expected = expected.unwrap_or(Signature::Unusual(number));
    assert_eq!(chained(&parts).signature, expected);
    let subject = parts.issuer.clone();
    let self_signed = Parts { subject, ..parts };
    assert_eq!(chained(&self_signed).signature, Signature::Usual);
}

#[rstest]
#[case::defaults(vec![sequence(&[])], Signature::Weak)]
#[case::sha1(vec![sequence(&[der(0xa0, &sequence(&[der(OID, b"\x2b\x0e\x03\x02\x1a")]))])], Signature::Weak)]
#[case::sha256(vec![sequence(&[der(0xa0, &sequence(&[der(OID, b"\x60\x86\x48\x01\x65\x03\x04\x02\x01")]))])], Signature::Usual)]
#[case::no_parameters(vec![], Signature::Usual)]
#[case::other_parameters(vec![der(NULL, &[])], Signature::Usual)]
fn rsa_pss(#[case] parameters: Vec<Vec<u8>>, #[case] expected: Signature) {
    let pss = vec![der(OID, b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a")];
    assert_eq!(signature(&[pss, parameters].concat()), expected);
}

#[test]
fn names_and_key_of_a_chain() {
    let key = KeyPair::generate().unwrap();
    let mut ca = CertificateParams::default();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca_der = ca.self_signed(&key).unwrap();
    let leaf_key = KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    let mut leaf = CertificateParams::new(["a.example.com".to_owned()]).unwrap();
    leaf.distinguished_name.push(rcgen::DnType::CommonName, "a");
    let leaf_der = leaf.signed_by(&leaf_key, &Issuer::new(ca, &key)).unwrap();
    let ca = chain_certificate(ca_der.der()).unwrap();
    let leaf = chain_certificate(leaf_der.der()).unwrap();
    assert_eq!(leaf.issuer, ca.subject);
    assert_eq!(ca.issuer, ca.subject);
    assert_ne!(leaf.subject, ca.subject);
    let point = key.public_key_raw().to_vec();
    assert_eq!(ca.public_key, Ok(PublicKey::Ec(Curve::P256, point)));
    let point = leaf_key.public_key_raw().to_vec();
    assert_eq!(leaf.public_key, Ok(PublicKey::Ed25519(point)));
}

/// Of an issuer no more is read than its DER.
#[test]
fn an_issuer_may_have_what_a_leaf_may_not() {
    let parts = Parts::with_extension(extension(NAME_CONSTRAINTS, sequence(&[])));
    assert!(chain_certificate(&parts.der()).is_ok());
    assert_eq!(server_certificate(&parts.der()), Err(CertificateError::CaExtension));
    let more = [parts.der(), vec![0]].concat();
    assert_eq!(chain_certificate(&more), Err(CertificateError::Malformed));
}

fn key(algorithm: &[Vec<u8>], bits: &[u8]) -> Result<PublicKey, KeyError> {
    let key = sequence(&[sequence(algorithm), der(BIT_STRING, bits)]);
    let parts = Parts { key, ..Parts::default() };
    chained(&parts).public_key
}

#[test]
fn public_keys() {
    const P224: &[u8] = b"\x2b\x81\x04\x00\x21";
    let numbers = |modulus: &[u8], exponent: &[u8]| {
        let numbers = sequence(&[der(INTEGER, modulus), der(INTEGER, exponent)]);
        [vec![0], numbers].concat()
    };
    let modulus = [[0].as_slice(), &[0x80; 256]].concat();
    let good = numbers(&modulus, &[1, 0, 1]);
    let rsa = [der(OID, RSA), der(NULL, &[])];
    assert!(key(&rsa, &good).is_ok());
    assert_eq!(key(&rsa[..1], &good), Err(KeyError::Unreadable));
    let other = [der(OID, RSA), sequence(&[])];
    assert_eq!(key(&other, &good), Err(KeyError::Unreadable));
    let more = [good, vec![0]].concat();
    assert_eq!(key(&rsa, &more), Err(KeyError::Unreadable));
    let short = numbers(&modulus[1..], &[1, 0, 1]);
    assert_eq!(key(&rsa, &short), Err(KeyError::Unreadable), "negative");
    let short = [[0].as_slice(), &modulus[2..]].concat();
    assert_eq!(key(&rsa, &numbers(&short, &[1, 0, 1])), Err(KeyError::Weak));
    for exponent in [[0].as_slice(), &[1], &[0, 0x80, 0, 0, 0], &[1, 0, 0, 0, 0]] {
        let found = key(&rsa, &numbers(&modulus, exponent));
        assert_eq!(found, Err(KeyError::Unreadable), "{exponent:?}");
    }
    assert!(key(&rsa, &numbers(&modulus, &[0x7f, 0xff, 0xff, 0xff])).is_ok());

    let ec = |name: Vec<u8>| key(&[der(OID, EC_PUBLIC_KEY), name], &[&[0], POINT].concat());
    let expected = PublicKey::Ec(Curve::P256, POINT.to_vec());
    assert_eq!(ec(der(OID, P256)), Ok(expected));
    assert_eq!(ec(der(OID, P224)), Err(KeyError::Unsupported));
    assert_eq!(ec(sequence(&[])), Err(KeyError::Unsupported));
    assert_eq!(ec(vec![]), Err(KeyError::Unreadable));

    let point = [[0].as_slice(), &[7; 32]].concat();
    let ed25519 = [der(OID, ED25519)];
    assert_eq!(key(&ed25519, &point), Ok(PublicKey::Ed25519(vec![7; 32])));
    let parameters = [der(OID, ED25519), der(NULL, &[])];
    assert_eq!(key(&parameters, &point), Err(KeyError::Unreadable));
    let seven_bits = [[1].as_slice(), &[6; 32]].concat();
    assert_eq!(key(&ed25519, &seven_bits), Err(KeyError::Unreadable));
    let dsa = [der(OID, b"\x2a\x86\x48\xce\x38\x04\x01")];
    assert_eq!(key(&dsa, &point), Err(KeyError::Unsupported));
}
