//! Public keys, from a certificate or recomputed from a private key, so that the two can be compared.

use pkcs1::{RsaPublicKeyRef, UintRef};
use pkcs8::{AlgorithmIdentifierRef, ObjectIdentifier, der::Decode};
use thiserror::Error;
use x509_cert::{
    der::{
        oid::db::{
            rfc5912::{self, ID_EC_PUBLIC_KEY, RSA_ENCRYPTION},
            rfc8410::ID_ED_25519,
        },
        referenced::OwnedToRef,
    },
    spki::SubjectPublicKeyInfoOwned,
};

/// The shortest RSA modulus that TLS clients still accept.
const MIN_RSA_BITS: usize = 2048;

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

/// The curves that Go's `crypto/tls` knows, without P-224.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Curve {
    P256,
    P384,
    P521,
}

/// The kind of a key, public or private.
pub(super) enum Algorithm {
    Rsa,
    Ec(Curve),
    Ed25519,
}

/// Why a key, public or private, cannot serve TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum KeyError {
    /// Such as DSA, RSA-PSS, or another curve.
    #[error(
        "the key is not RSA, P-256, P-384, P-521 or Ed25519; issue a certificate for such a key [unsupported-key]"
    )]
    Unsupported,
    #[error("the RSA key has less than {MIN_RSA_BITS} bits; issue a certificate for a longer one [weak-key]")]
    Weak,
    #[error("the key cannot be read, or its parts contradict each other; export it anew [bad-key]")]
    Unreadable,
    #[error(
        "the private key is encrypted; store it decrypted, no server can ask for a passphrase [encrypted-key]"
    )]
    Encrypted,
    #[error(
        "the private key is in OpenSSH's format; convert it: ssh-keygen -p -N '' -m PKCS8 -f FILE [bad-key]"
    )]
    OpenSsh,
}

impl From<pkcs8::der::Error> for KeyError {
    fn from(_: pkcs8::der::Error) -> Self {
        Self::Unreadable
    }
}

impl Curve {
    /// The curve of this name (RFC 5480, section 2.1.1.1). Fails if it is another one.
    pub(super) fn named(name: ObjectIdentifier) -> Result<Self, KeyError> {
        match name {
            rfc5912::SECP_256_R_1 => Ok(Self::P256),
            rfc5912::SECP_384_R_1 => Ok(Self::P384),
            rfc5912::SECP_521_R_1 => Ok(Self::P521),
            _ => Err(KeyError::Unsupported),
        }
    }
}

/// The parameters are those of RFC 3279, section 2.3.1 (RSA), RFC 5480, section 2.1.1 (EC), and RFC 8410,
/// section 3 (Ed25519).
impl TryFrom<AlgorithmIdentifierRef<'_>> for Algorithm {
    type Error = KeyError;

    fn try_from(algorithm: AlgorithmIdentifierRef<'_>) -> Result<Self, KeyError> {
        match (algorithm.oid, algorithm.parameters) {
            (RSA_ENCRYPTION, Some(parameters)) if parameters.is_null() => Ok(Self::Rsa),
            (ID_EC_PUBLIC_KEY, Some(parameters)) => {
                let name = parameters.decode_as().map_err(|_| KeyError::Unsupported)?;
                Curve::named(name).map(Self::Ec)
            }
            (ID_ED_25519, None) => Ok(Self::Ed25519),
            (RSA_ENCRYPTION | ID_EC_PUBLIC_KEY | ID_ED_25519, _) => Err(KeyError::Unreadable),
            _ => Err(KeyError::Unsupported),
        }
    }
}

impl PublicKey {
    /// An RSA key. Fails if the modulus is too short, or the exponent is one that Go refuses (`crypto/rsa`,
    /// `checkPublicKey`).
    pub(super) fn rsa(modulus: UintRef<'_>, exponent: UintRef<'_>) -> Result<Self, KeyError> {
        let (modulus, exponent) = (modulus.as_bytes(), exponent.as_bytes());
        let bits = modulus.first().map_or(0, |first| modulus.len() * 8 - first.leading_zeros() as usize);
        if bits < MIN_RSA_BITS {
            return Err(KeyError::Weak);
        }
        // From 2 to 2^31 - 1.
        match exponent {
            [0 | 1] | [0x80..=0xff, _, _, _] | [_, _, _, _, _, ..] => Err(KeyError::Unreadable),
            _ => Ok(Self::Rsa { modulus: modulus.to_vec(), exponent: exponent.to_vec() }),
        }
    }

    /// Whether these bytes are this key, as a bit string in a private key writes it: an EC point may also be
    /// compressed (SEC 1, section 2.3.3).
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

/// The key of a certificate, as Go reads it (`crypto/x509`, `parsePublicKey`). Whether a point is on its
/// curve is not checked: it must be equal to that of the private key.
impl TryFrom<&SubjectPublicKeyInfoOwned> for PublicKey {
    type Error = KeyError;

    fn try_from(info: &SubjectPublicKeyInfoOwned) -> Result<Self, KeyError> {
        let key = info.subject_public_key.as_bytes().ok_or(KeyError::Unreadable)?;
        match info.algorithm.owned_to_ref().try_into()? {
            Algorithm::Rsa => read_rsa(key),
            Algorithm::Ec(curve) => Ok(Self::Ec(curve, key.to_vec())),
            Algorithm::Ed25519 => Ok(Self::Ed25519(key.to_vec())),
        }
    }
}

/// `RSAPublicKey` of RFC 8017, appendix A.1.1.
fn read_rsa(der: &[u8]) -> Result<PublicKey, KeyError> {
    let key = RsaPublicKeyRef::from_der(der)?;
    PublicKey::rsa(key.modulus, key.public_exponent)
}
