//! Private keys of every kind and in every form, written byte by byte: a library writes only the form that it
//! thinks best, and none that lies.

use rstest::rstest;

use super::certificate::*;
use crate::x509::{
    pem::Block,
    private_key::public_key,
    public_key::{Curve, KeyError, PublicKey},
};

const SEC1: &str = "EC PRIVATE KEY";
const PKCS8: &str = "PRIVATE KEY";
const P384: &[u8] = b"\x2b\x81\x04\x00\x22";
const P224: &[u8] = b"\x2b\x81\x04\x00\x21";
/// The order of P-256 (SEC 2, section 2.4.2); scalars are below.
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa,
    0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

fn read(label: &str, der: Vec<u8>) -> Result<PublicKey, KeyError> {
    public_key(&Block { label: label.to_owned(), is_encrypted: false, der: Some(der) })
}

/// The scalar of which the point is the generator.
fn one() -> Vec<u8> {
    [vec![0; 31], vec![1]].concat()
}

fn compressed() -> Vec<u8> {
    [&[3], &POINT[1..33]].concat()
}

/// `ECPrivateKey` of RFC 5915.
fn sec1(scalar: &[u8], curve: Option<&[u8]>, point: Option<&[u8]>) -> Vec<u8> {
    let curve = curve.map(|curve| der(0xa0, &der(OID, curve)));
    let point = point.map(|point| der(0xa1, &der(BIT_STRING, &[&[0], point].concat())));
    sequence(&[
        der(INTEGER, &[1]),
        der(OCTET_STRING, scalar),
        curve.unwrap_or_default(),
        point.unwrap_or_default(),
    ])
}

/// `OneAsymmetricKey` of RFC 5958.
fn pkcs8(algorithm: &[Vec<u8>], key: &[u8], public: Option<&[u8]>) -> Vec<u8> {
    let public_key = public.map(|public| der(0x81, &[&[0], public].concat()));
    sequence(&[
        der(INTEGER, &[public.is_some().into()]),
        sequence(algorithm),
        der(OCTET_STRING, key),
        public_key.unwrap_or_default(),
    ])
}

fn ec(curve: &[u8]) -> [Vec<u8>; 2] {
    [der(OID, EC_PUBLIC_KEY), der(OID, curve)]
}

fn p256() -> PublicKey {
    PublicKey::Ec(Curve::P256, POINT.to_vec())
}

#[rstest]
#[case::sec1(SEC1, sec1(&one(), Some(P256), None))]
#[case::sec1_with_point(SEC1, sec1(&one(), Some(P256), Some(POINT)))]
#[case::sec1_with_compressed_point(SEC1, sec1(&one(), Some(P256), Some(&compressed())))]
#[case::pkcs8(PKCS8, pkcs8(&ec(P256), &sec1(&one(), None, None), None))]
#[case::pkcs8_with_curve(PKCS8, pkcs8(&ec(P256), &sec1(&one(), Some(P256), None), None))]
#[case::pkcs8_with_point(PKCS8, pkcs8(&ec(P256), &sec1(&one(), None, Some(POINT)), None))]
#[case::pkcs8_with_public_key(PKCS8, pkcs8(&ec(P256), &sec1(&one(), None, None), Some(POINT)))]
fn forms_of_an_ec_key(#[case] label: &str, #[case] key: Vec<u8>) {
    assert_eq!(read(label, key), Ok(p256()));
}

#[rstest]
#[case::p384(P384, 48, Curve::P384)]
#[case::p521(b"\x2b\x81\x04\x00\x23", 66, Curve::P521)]
fn other_curves(#[case] name: &[u8], #[case] length: usize, #[case] curve: Curve) {
    let scalar = [vec![0; length - 1], vec![7]].concat();
    let found = read(PKCS8, pkcs8(&ec(name), &sec1(&scalar, None, None), None));
    let Ok(PublicKey::Ec(found_curve, point)) = &found else {
        panic!("{found:?}");
    };
    assert_eq!((*found_curve, point.len()), (curve, 1 + 2 * length));
    let with_point = sec1(&scalar, Some(name), Some(point));
    assert_eq!(read(SEC1, with_point), found);
}

#[rstest]
#[case::nothing(PKCS8, vec![])]
#[case::text(PKCS8, b"this is no key".to_vec())]
#[case::a_byte_follows(SEC1, [sec1(&one(), Some(P256), None), vec![0]].concat())]
#[case::a_byte_follows_in_pkcs8(PKCS8, [pkcs8(&ec(P256), &sec1(&one(), None, None), None), vec![0]].concat())]
#[case::a_byte_follows_within(PKCS8, pkcs8(&ec(P256), &[sec1(&one(), None, None), vec![0]].concat(), None))]
#[case::a_length_past_the_end(PKCS8, b"\x30\x84\xff\xff\xff\xff".to_vec())]
#[case::no_curve(SEC1, sec1(&one(), None, None))]
#[case::no_parameters(PKCS8, pkcs8(&ec(P256)[..1], &sec1(&one(), Some(P256), None), None))]
#[case::two_curves(PKCS8, pkcs8(&ec(P256), &sec1(&one(), Some(P384), None), None))]
#[case::scalar_zero(SEC1, sec1(&[0; 32], Some(P256), None))]
#[case::scalar_of_the_order(SEC1, sec1(&ORDER, Some(P256), None))]
#[case::scalar_too_long(SEC1, sec1(&[7; 48], Some(P256), None))]
#[case::no_scalar(SEC1, sec1(&[], Some(P256), None))]
#[case::no_point(SEC1, sec1(&one(), Some(P256), Some(&[])))]
#[case::opposite_point(SEC1, sec1(&one(), Some(P256), Some(&[&[2], &compressed()[1..]].concat())))]
#[case::half_a_point(SEC1, sec1(&one(), Some(P256), Some(&POINT[..33])))]
#[case::another_point(PKCS8, pkcs8(&ec(P256), &sec1(&one(), None, Some(&[4; 65])), None))]
#[case::another_public_key(PKCS8, pkcs8(&ec(P256), &sec1(&one(), None, None), Some(&[4; 65])))]
#[case::no_rsa_key("RSA PRIVATE KEY", sequence(&[der(INTEGER, &[0])]))]
fn keys_that_cannot_be_read(#[case] label: &str, #[case] key: Vec<u8>) {
    assert_eq!(read(label, key), Err(KeyError::Unreadable));
}

#[rstest]
#[case::p224(SEC1, sec1(&[7; 28], Some(P224), None))]
#[case::p224_in_pkcs8(PKCS8, pkcs8(&ec(P224), &sec1(&[7; 28], None, None), None))]
#[case::curve_of_parameters(PKCS8, pkcs8(&[der(OID, EC_PUBLIC_KEY), sequence(&[])], &sec1(&one(), None, None), None))]
#[case::x25519(PKCS8, pkcs8(&[der(OID, b"\x2b\x65\x6e")], &der(OCTET_STRING, &[7; 32]), None))]
#[case::dsa("DSA PRIVATE KEY", b"whatever".to_vec())]
fn kinds_that_cannot_serve(#[case] label: &str, #[case] key: Vec<u8>) {
    assert_eq!(read(label, key), Err(KeyError::Unsupported));
}

#[test]
fn openssh_has_a_format_of_its_own() {
    let found = read("OPENSSH PRIVATE KEY", b"openssh-key-v1\0".to_vec());
    assert_eq!(found, Err(KeyError::OpenSsh));
}

/// The first key of RFC 8032, section 7.1.
const SEED: [u8; 32] = [
    0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4, 0x44,
    0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60,
];

#[test]
fn ed25519_keys() {
    let algorithm = [der(OID, ED25519)];
    let key = der(OCTET_STRING, &SEED);
    let found = read(PKCS8, pkcs8(&algorithm, &key, None));
    let Ok(PublicKey::Ed25519(point)) = &found else {
        panic!("{found:?}");
    };
    assert_eq!(point[..4], [0xd7, 0x5a, 0x98, 0x01]);
    assert_eq!(read(PKCS8, pkcs8(&algorithm, &key, Some(point))), found);
    let unreadable = [
        pkcs8(&algorithm, &key, Some(&[7; 32])),
        pkcs8(&algorithm, &der(OCTET_STRING, &SEED[1..]), None),
        pkcs8(&algorithm, &SEED, None),
        pkcs8(&[der(OID, ED25519), der(NULL, &[])], &key, None),
    ];
    for key in unreadable {
        assert_eq!(read(PKCS8, key), Err(KeyError::Unreadable));
    }
}

#[test]
fn encrypted_and_broken_blocks() {
    let good =
        Block { label: SEC1.to_owned(), is_encrypted: false, der: Some(sec1(&one(), Some(P256), None)) };
    let encrypted = Block { is_encrypted: true, ..good.clone() };
    assert_eq!(public_key(&encrypted), Err(KeyError::Encrypted));
    let encrypted = Block { label: "ENCRYPTED PRIVATE KEY".to_owned(), der: None, ..good.clone() };
    assert_eq!(public_key(&encrypted), Err(KeyError::Encrypted));
    let broken = Block { der: None, ..good };
    assert_eq!(public_key(&broken), Err(KeyError::Unreadable));
}
