//! Public keys, from a certificate or recomputed from a private key, so that the two can be compared.

use pkcs1::{RsaPublicKeyRef, UintRef};
use pkcs8::{ObjectIdentifier, der::Decode};
use thiserror::Error;
use x509_parser::{
    asn1_rs::{Any, Tag},
    x509::SubjectPublicKeyInfo,
};

/// `id-Ed25519` (RFC 8410, section 3).
pub(super) const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
pub(super) use pkcs1::ALGORITHM_OID as RSA;
pub(super) use sec1::ALGORITHM_OID as EC;

/// The names of the curves (RFC 5480, section 2.1.1.1).
const CURVES: [(ObjectIdentifier, Curve); 3] = [
    (
        ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7"),
        Curve::P256,
    ),
    (ObjectIdentifier::new_unwrap("1.3.132.0.34"), Curve::P384),
    (ObjectIdentifier::new_unwrap("1.3.132.0.35"), Curve::P521),
];

/// The least length of an RSA modulus that TLS clients still accept.
const LEAST_RSA_BITS: usize = 2048;

/// A public key of a kind that can serve TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PublicKey {
    /// Both numbers are big-endian, without leading zeros.
    Rsa { modulus: Vec<u8>, exponent: Vec<u8> },
    /// A point, uncompressed (SEC 1, section 2.3.3).
    Ec(Curve, Vec<u8>),
    /// A compressed point (RFC 8032, section 5.1.2).
    Ed25519(Vec<u8>),
}

/// The curves that Go's `crypto/tls` knows, less P-224.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Curve {
    P256,
    P384,
    P521,
}

/// Why a key, public or private, cannot serve TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum KeyError {
    /// DSA, RSA-PSS, another curve.
    #[error("the key is none of RSA, P-256, P-384, P-521 and Ed25519")]
    Unsupported,
    #[error("the RSA key has less than {LEAST_RSA_BITS} bits")]
    Weak,
    #[error("the key is not valid DER, or its parts do not belong together")]
    Unreadable,
    #[error("the key is encrypted")]
    Encrypted,
}

impl From<pkcs8::der::Error> for KeyError {
    fn from(_: pkcs8::der::Error) -> Self {
        Self::Unreadable
    }
}

impl Curve {
    /// The curve whose name is the object identifier of these bytes.
    ///
    /// # Errors
    /// If it is another one.
    pub(super) fn named(name: &[u8]) -> Result<Self, KeyError> {
        let found = CURVES.iter().find(|(known, _)| known.as_bytes() == name);
        found.map(|(_, curve)| *curve).ok_or(KeyError::Unsupported)
    }
}

impl PublicKey {
    /// An RSA key.
    ///
    /// # Errors
    /// If the modulus is too short, or the exponent is one that Go refuses (`crypto/rsa`, `checkPublicKey`).
    pub(super) fn rsa(modulus: UintRef<'_>, exponent: UintRef<'_>) -> Result<Self, KeyError> {
        let (modulus, exponent) = (modulus.as_bytes(), exponent.as_bytes());
        let bits = modulus.first().map_or(0, |first| {
            modulus.len() * 8 - first.leading_zeros() as usize
        });
        if bits < LEAST_RSA_BITS {
            return Err(KeyError::Weak);
        }
        // From 2 to 2^31 - 1.
        let is_small = match exponent {
            [0 | 1] | [0x80..=0xff, _, _, _] => false,
            _ => exponent.len() <= 4,
        };
        if !is_small {
            return Err(KeyError::Unreadable);
        }
        Ok(Self::Rsa {
            modulus: modulus.to_vec(),
            exponent: exponent.to_vec(),
        })
    }

    /// Whether these bytes are this key, as a bit string in a private key writes it: an EC point may also be compressed
    /// (SEC 1, section 2.3.3).
    pub(super) fn is(&self, bytes: &[u8]) -> bool {
        match self {
            Self::Rsa { .. } => read_rsa(bytes).as_ref() == Ok(self),
            Self::Ec(_, point) => {
                let x = point.get(1..=point.len() / 2);
                let sign = point.last().map(|last| 2 + (last & 1));
                let is_compressed = bytes.first() == sign.as_ref() && bytes.get(1..) == x;
                bytes == point || (is_compressed && bytes.len() > 1)
            }
            Self::Ed25519(point) => bytes == point,
        }
    }
}

/// The key of a certificate, read as strictly as Go does (`crypto/x509`, `parsePublicKey`). Whether a point is on its curve is
/// left open: it has to be the one of the private key.
impl TryFrom<&SubjectPublicKeyInfo<'_>> for PublicKey {
    type Error = KeyError;

    fn try_from(info: &SubjectPublicKeyInfo<'_>) -> Result<Self, KeyError> {
        let key = &info.subject_public_key;
        if key.unused_bits != 0 {
            return Err(KeyError::Unreadable);
        }
        let kind = info.algorithm.algorithm.as_bytes();
        let parameters = info.algorithm.parameters.as_ref();
        if kind == RSA.as_bytes() {
            // RFC 3279, section 2.3.1.
            match parameters {
                Some(null) if is_a(null, Tag::Null) && null.data.is_empty() => read_rsa(&key.data),
                _ => Err(KeyError::Unreadable),
            }
        } else if kind == EC.as_bytes() {
            let name = parameters.ok_or(KeyError::Unreadable)?;
            if is_a(name, Tag::Oid) {
                Ok(Self::Ec(Curve::named(name.data)?, key.data.to_vec()))
            } else {
                Err(KeyError::Unsupported)
            }
        } else if kind == ED25519.as_bytes() {
            let has_none = parameters.is_none();
            has_none
                .then(|| Self::Ed25519(key.data.to_vec()))
                .ok_or(KeyError::Unreadable)
        } else {
            Err(KeyError::Unsupported)
        }
    }
}

/// Whether this is an element of a simple type; asn1-rs, asked for the type, does not mind the other bits of the tag.
fn is_a(element: &Any<'_>, tag: Tag) -> bool {
    let header = &element.header;
    header.is_universal() && header.is_primitive() && header.tag() == tag
}

/// `RSAPublicKey` of RFC 8017, appendix A.1.1.
fn read_rsa(der: &[u8]) -> Result<PublicKey, KeyError> {
    let key = RsaPublicKeyRef::from_der(der)?;
    PublicKey::rsa(key.modulus, key.public_exponent)
}
