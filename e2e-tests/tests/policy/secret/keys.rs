//! Private keys of every kind and in every form, written byte by byte: a library writes only the form
//! that it thinks best, and none that lies.

use std::sync::LazyLock;

use base64::{Engine, prelude::BASE64_STANDARD};
use e2e_tests::certificates::der;
use getrandom::SysRng;
use num_bigint::BigUint;
use p256::elliptic_curve::sec1::ToSec1Point;
use rsa::pkcs1::{EncodeRsaPrivateKey, EncodeRsaPublicKey};

pub const P256_OID: &[u8] = b"\x2a\x86\x48\xce\x3d\x03\x01\x07";
const P384_OID: &[u8] = b"\x2b\x81\x04\x00\x22";
const P521_OID: &[u8] = b"\x2b\x81\x04\x00\x23";
const P224_OID: &[u8] = b"\x2b\x81\x04\x00\x21";
const SECP256K1_OID: &[u8] = b"\x2b\x81\x04\x00\x0a";
const EC_OID: &[u8] = b"\x2a\x86\x48\xce\x3d\x02\x01";
const RSA_OID: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01";
const ED25519_OID: &[u8] = b"\x2b\x65\x70";

pub const INTEGER: u8 = 0x02;
pub const BIT_STRING: u8 = 0x03;
pub const OCTET_STRING: u8 = 0x04;
pub const OID: u8 = 0x06;
pub const SEQUENCE: u8 = 0x30;

/// Keys are made once: those for RSA take long.
pub static P256: LazyLock<Key> = LazyLock::new(p256);
pub static OTHER_P256: LazyLock<Key> = LazyLock::new(p256);
pub static P384: LazyLock<Key> = LazyLock::new(p384);
pub static OTHER_P384: LazyLock<Key> = LazyLock::new(p384);
pub static P521: LazyLock<Key> = LazyLock::new(p521);
pub static OTHER_P521: LazyLock<Key> = LazyLock::new(p521);
pub static ED25519: LazyLock<Key> = LazyLock::new(ed25519);
pub static OTHER_ED25519: LazyLock<Key> = LazyLock::new(ed25519);
pub static RSA: LazyLock<Key> = LazyLock::new(|| rsa_key(&RSA_NUMBERS));
pub static OTHER_RSA: LazyLock<Key> = LazyLock::new(|| rsa(2048));
pub static RSA_3072: LazyLock<Key> = LazyLock::new(|| rsa(3072));
pub static RSA_1024: LazyLock<Key> = LazyLock::new(|| rsa(1024));
/// The numbers of [`RSA`].
pub static RSA_NUMBERS: LazyLock<rsa::PrivateKey> =
    LazyLock::new(|| rsa::PrivateKey::new(&mut SysRng, 2048).unwrap());
/// Curves of which only the name matters, so the point may be anywhere.
pub static P224: LazyLock<Key> = LazyLock::new(|| ec(P224_OID, scalar(28), vec![4; 57]));
pub static SECP256K1: LazyLock<Key> = LazyLock::new(|| ec(SECP256K1_OID, scalar(32), vec![4; 65]));

/// A private key and what belongs to it.
pub struct Key {
    /// The content of an `AlgorithmIdentifier`.
    algorithm: Vec<u8>,
    /// What a certificate holds of it.
    pub public: Vec<u8>,
    private: Private,
}

enum Private {
    Ec {
        curve: &'static [u8],
        scalar: Vec<u8>,
    },
    Ed25519(Vec<u8>),
    /// In PKCS #1.
    Rsa(Vec<u8>),
}

impl Key {
    /// `SubjectPublicKeyInfo` (RFC 5280, section 4.1).
    pub fn spki(&self) -> Vec<u8> {
        sequence(&[der(SEQUENCE, &self.algorithm), bit_string(BIT_STRING, &self.public)])
    }

    /// The bytes that nobody must see, and that must be there for this to be the key: for RSA all
    /// numbers, because each of them is checked.
    pub fn private(&self) -> &[u8] {
        match &self.private {
            Private::Ec { scalar: bytes, .. } | Private::Ed25519(bytes) | Private::Rsa(bytes) => bytes,
        }
    }

    /// PKCS #8 without anything optional (RFC 5958).
    pub fn pkcs8(&self) -> Vec<u8> {
        self.pkcs8_around(&self.plain())
    }

    /// PKCS #8 as OpenSSL writes it for a curve: with the point in the SEC 1 part.
    pub fn pkcs8_with_point(&self, point: &[u8]) -> Vec<u8> {
        self.pkcs8_around(&self.sec1_of(None, Some(point)))
    }

    /// PKCS #8 whose SEC 1 part names the curve once more.
    pub fn pkcs8_with_curve(&self, curve: &[u8]) -> Vec<u8> {
        self.pkcs8_around(&self.sec1_of(Some(curve), None))
    }

    /// PKCS #8, version 2, with the public key after the private one (RFC 5958, section 2).
    pub fn pkcs8_with_public(&self, public: &[u8]) -> Vec<u8> {
        sequence(&[
            der(INTEGER, &[1]),
            der(SEQUENCE, &self.algorithm),
            der(OCTET_STRING, &self.plain()),
            bit_string(0x81, public),
        ])
    }

    /// SEC 1 without the optional point (RFC 5915).
    pub fn sec1(&self) -> Vec<u8> {
        self.sec1_of(Some(self.curve()), None)
    }

    /// SEC 1 as OpenSSL writes it: with a point.
    pub fn sec1_with_point(&self, point: &[u8]) -> Vec<u8> {
        self.sec1_of(Some(self.curve()), Some(point))
    }

    /// SEC 1 that does not say which curve it is of.
    pub fn sec1_without_curve(&self) -> Vec<u8> {
        self.sec1_of(None, Some(&self.public))
    }

    /// PKCS #1 (RFC 8017, appendix A.1.2).
    pub fn pkcs1(&self) -> Vec<u8> {
        match &self.private {
            Private::Rsa(pkcs1) => pkcs1.clone(),
            _ => panic!("not an RSA key"),
        }
    }

    /// The point in half of its length (SEC 1, section 2.3.3).
    pub fn compressed_point(&self) -> Vec<u8> {
        let sign = 2 + (self.public.last().unwrap() & 1);
        let x = &self.public[1..=self.public.len() / 2];
        [&[sign], x].concat()
    }

    /// The key in the form of which most tools make it.
    pub fn pem(&self) -> String {
        pem("PRIVATE KEY", &self.pkcs8())
    }

    fn pkcs8_around(&self, content: &[u8]) -> Vec<u8> {
        sequence(&[der(INTEGER, &[0]), der(SEQUENCE, &self.algorithm), der(OCTET_STRING, content)])
    }

    /// The content of the octet string in PKCS #8.
    fn plain(&self) -> Vec<u8> {
        match &self.private {
            Private::Ec { .. } => self.sec1_of(None, None),
            Private::Ed25519(seed) => der(OCTET_STRING, seed),
            Private::Rsa(pkcs1) => pkcs1.clone(),
        }
    }

    fn sec1_of(&self, curve: Option<&[u8]>, point: Option<&[u8]>) -> Vec<u8> {
        let mut parts = vec![der(INTEGER, &[1]), der(OCTET_STRING, self.private())];
        parts.extend(curve.map(|curve| der(0xa0, &der(OID, curve))));
        parts.extend(point.map(|point| der(0xa1, &bit_string(BIT_STRING, point))));
        sequence(&parts)
    }

    fn curve(&self) -> &'static [u8] {
        match self.private {
            Private::Ec { curve, .. } => curve,
            _ => panic!("a key without a curve"),
        }
    }
}

/// An elliptic curve key, whether or not these are a scalar and its point.
pub fn ec(curve: &'static [u8], scalar: Vec<u8>, point: Vec<u8>) -> Key {
    Key {
        algorithm: [der(OID, EC_OID), der(OID, curve)].concat(),
        public: point,
        private: Private::Ec { curve, scalar },
    }
}

/// An RSA key in these encodings of PKCS #1, whether or not they belong together.
pub fn rsa_of(private: Vec<u8>, public: Vec<u8>) -> Key {
    Key { algorithm: [der(OID, RSA_OID), der(0x05, &[])].concat(), public, private: Private::Rsa(private) }
}

pub fn rsa(bits: usize) -> Key {
    rsa_key(&rsa::PrivateKey::new(&mut SysRng, bits).unwrap())
}

pub fn rsa_key(key: &rsa::PrivateKey) -> Key {
    rsa_of(
        key.to_pkcs1_der().unwrap().as_bytes().to_vec(),
        key.to_public_key().to_pkcs1_der().unwrap().into_vec(),
    )
}

fn p256() -> Key {
    let scalar = scalar(32);
    let key = p256::SecretKey::from_slice(&scalar).unwrap();
    let point = key.public_key().to_sec1_point(false);
    ec(P256_OID, scalar, point.as_bytes().to_vec())
}

fn p384() -> Key {
    let scalar = scalar(48);
    let key = p384::SecretKey::from_slice(&scalar).unwrap();
    let point = key.public_key().to_sec1_point(false);
    ec(P384_OID, scalar, point.as_bytes().to_vec())
}

fn p521() -> Key {
    let scalar = scalar(66);
    let key = p521::SecretKey::from_slice(&scalar).unwrap();
    let point = key.public_key().to_sec1_point(false);
    ec(P521_OID, scalar, point.as_bytes().to_vec())
}

fn ed25519() -> Key {
    let seed = scalar(32);
    let key = ed25519_dalek::SigningKey::from_bytes(seed.as_slice().try_into().unwrap());
    Key {
        algorithm: der(OID, ED25519_OID),
        public: key.verifying_key().to_bytes().to_vec(),
        private: Private::Ed25519(seed),
    }
}

/// Random bytes below the order of every curve.
fn scalar(length: usize) -> Vec<u8> {
    let mut bytes: Vec<u8> = (0..length).map(|_| fastrand::u8(..)).collect();
    bytes[0] = 0;
    bytes
}

pub fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    der(SEQUENCE, &parts.concat())
}

/// An integer that is not negative: its first bit is the sign.
pub fn integer(number: &BigUint) -> Vec<u8> {
    let bytes = number.to_bytes_be();
    let sign: &[u8] = if bytes[0] < 0x80 { &[] } else { &[0] };
    der(INTEGER, &[sign, &bytes].concat())
}

/// Bits in whole bytes.
pub fn bit_string(tag: u8, bytes: &[u8]) -> Vec<u8> {
    der(tag, &[&[0], bytes].concat())
}

/// A block of PEM text (RFC 7468).
pub fn pem(label: &str, der: &[u8]) -> String {
    let base64 = BASE64_STANDARD.encode(der);
    let lines = base64.as_bytes().chunks(64).map(|line| str::from_utf8(line).unwrap());
    let body: String = lines.flat_map(|line| [line, "\n"]).collect();
    format!("-----BEGIN {label}-----\n{body}-----END {label}-----\n")
}
