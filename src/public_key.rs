//! Public keys, from a certificate or recomputed from a private key, so that the two can be compared.

use thiserror::Error;

use crate::der::{
    BIT_STRING, Element, INTEGER, Malformed, NULL, OBJECT_IDENTIFIER, Reader, Result, SEQUENCE,
    bits, only, unsigned, whole_bytes,
};

/// RFC 8017, appendix C, `rsaEncryption` (1.2.840.113549.1.1.1).
pub const RSA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01";
/// RFC 5480, section 2.1.1, `id-ecPublicKey` (1.2.840.10045.2.1).
pub const EC: &[u8] = b"\x2a\x86\x48\xce\x3d\x02\x01";
/// RFC 8410, section 3, `id-Ed25519` (1.3.101.112).
pub const ED25519: &[u8] = b"\x2b\x65\x70";

/// The least length of an RSA modulus that TLS clients still accept.
const LEAST_RSA_BITS: usize = 2048;

/// A public key of a kind that can serve TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicKey {
    /// Modulus and exponent, big-endian without leading zeros.
    Rsa {
        /// The product of the primes.
        modulus: Vec<u8>,
        /// The public exponent.
        exponent: Vec<u8>,
    },
    /// A point, uncompressed (SEC 1, section 2.3.3).
    Ec(Curve, Vec<u8>),
    /// A compressed point (RFC 8032, section 5.1.2).
    Ed25519(Vec<u8>),
}

/// The curves that Go's `crypto/tls` knows, less P-224.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Curve {
    /// `secp256r1`
    P256,
    /// `secp384r1`
    P384,
    /// `secp521r1`
    P521,
}

/// Why a key cannot serve TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum KeyFault {
    /// DSA, RSA-PSS, another curve.
    #[error("the key is none of RSA, P-256, P-384, P-521 and Ed25519")]
    Unsupported,
    /// An RSA modulus of less than 2048 bits.
    #[error("the RSA key has less than {LEAST_RSA_BITS} bits")]
    Weak,
    /// It is not valid DER, or its parts do not belong together.
    #[error("the key cannot be read")]
    Unreadable,
    /// A passphrase is needed.
    #[error("the key is encrypted")]
    Encrypted,
}

/// `AlgorithmIdentifier` of RFC 5280, section 4.1.1.2.
#[derive(Clone, Copy, Debug)]
pub struct Algorithm<'a> {
    /// What it is.
    pub identifier: &'a [u8],
    /// What else it depends on.
    pub parameters: Option<Element<'a>>,
}

impl<'a> Algorithm<'a> {
    /// Reads the content of the SEQUENCE.
    ///
    /// # Errors
    /// If it is something else.
    pub fn read(content: &'a [u8]) -> Result<Self> {
        let mut reader = Reader::new(content);
        let identifier = reader.read(OBJECT_IDENTIFIER)?;
        let parameters = if reader.is_finished() {
            None
        } else {
            Some(reader.any()?)
        };
        reader.finish()?;
        Ok(Self {
            identifier,
            parameters,
        })
    }
}

/// `SubjectPublicKeyInfo` of RFC 5280, section 4.1.
#[derive(Clone, Copy, Debug)]
pub struct PublicKeyInfo<'a> {
    algorithm: Algorithm<'a>,
    /// The content of the BIT STRING.
    key: &'a [u8],
}

impl<'a> PublicKeyInfo<'a> {
    /// Reads the content of the SEQUENCE.
    ///
    /// # Errors
    /// If it is something else.
    pub fn read(content: &'a [u8]) -> Result<Self> {
        let mut reader = Reader::new(content);
        let algorithm = Algorithm::read(reader.read(SEQUENCE)?)?;
        let key = reader.read(BIT_STRING)?;
        bits(key)?;
        reader.finish()?;
        Ok(Self { algorithm, key })
    }
}

impl From<Malformed> for KeyFault {
    fn from(_: Malformed) -> Self {
        Self::Unreadable
    }
}

impl Curve {
    /// Reads the name of a curve (RFC 5480, section 2.1.1.1).
    ///
    /// # Errors
    /// If it is another one, or is given by its parameters.
    pub fn of(parameters: Option<Element<'_>>) -> Result<Self, KeyFault> {
        let name = parameters.ok_or(KeyFault::Unreadable)?;
        let name = name.of(OBJECT_IDENTIFIER);
        Self::named(name.map_err(|_| KeyFault::Unsupported)?)
    }

    /// The curve of this name.
    ///
    /// # Errors
    /// If it is another one.
    pub fn named(name: &[u8]) -> Result<Self, KeyFault> {
        // 1.2.840.10045.3.1.7, 1.3.132.0.34 and 1.3.132.0.35.
        const P256: &[u8] = b"\x2a\x86\x48\xce\x3d\x03\x01\x07";
        const P384: &[u8] = b"\x2b\x81\x04\x00\x22";
        const P521: &[u8] = b"\x2b\x81\x04\x00\x23";
        match name {
            P256 => Ok(Self::P256),
            P384 => Ok(Self::P384),
            P521 => Ok(Self::P521),
            _ => Err(KeyFault::Unsupported),
        }
    }
}

impl PublicKey {
    /// An RSA key of numbers without leading zeros.
    ///
    /// # Errors
    /// If the modulus is too short, or the exponent is one that Go refuses.
    pub fn rsa(modulus: &[u8], exponent: &[u8]) -> Result<Self, KeyFault> {
        let bits = modulus.first().map_or(0, |first| {
            modulus.len() * 8 - first.leading_zeros() as usize
        });
        if bits < LEAST_RSA_BITS {
            return Err(KeyFault::Weak);
        }
        // crypto/rsa: from 2 to 2^31 - 1.
        let is_small = exponent.len() < 4
            || (exponent.len() == 4 && exponent.first().is_some_and(|first| *first < 0x80));
        if !is_small || matches!(exponent, [] | [1]) {
            return Err(KeyFault::Unreadable);
        }
        Ok(Self::Rsa {
            modulus: modulus.to_vec(),
            exponent: exponent.to_vec(),
        })
    }

    /// Whether these bytes are this key, as a bit string in a private key writes it: an EC point may
    /// also be compressed (SEC 1, section 2.3.3).
    pub fn is(&self, bytes: &[u8]) -> bool {
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

/// The key of a certificate, read as strictly as Go does (`crypto/x509`, `parsePublicKey`).
impl TryFrom<&PublicKeyInfo<'_>> for PublicKey {
    type Error = KeyFault;

    fn try_from(info: &PublicKeyInfo<'_>) -> Result<Self, KeyFault> {
        let key = whole_bytes(info.key)?;
        match info.algorithm.identifier {
            RSA => {
                check_rsa_parameters(&info.algorithm)?;
                read_rsa(key)
            }
            EC => Ok(Self::Ec(
                Curve::of(info.algorithm.parameters)?,
                key.to_vec(),
            )),
            ED25519 if info.algorithm.parameters.is_none() => Ok(Self::Ed25519(key.to_vec())),
            ED25519 => Err(KeyFault::Unreadable),
            _ => Err(KeyFault::Unsupported),
        }
    }
}

/// `RSAPublicKey` of RFC 8017, appendix A.1.1.
fn read_rsa(der: &[u8]) -> Result<PublicKey, KeyFault> {
    let mut reader = Reader::new(only(der, SEQUENCE)?);
    let modulus = unsigned(reader.read(INTEGER)?)?;
    let exponent = unsigned(reader.read(INTEGER)?)?;
    reader.finish()?;
    PublicKey::rsa(modulus, exponent)
}

/// The parameters of an RSA key are NULL (RFC 3279, section 2.3.1).
///
/// # Errors
/// If they are not.
pub fn check_rsa_parameters(algorithm: &Algorithm<'_>) -> Result<(), KeyFault> {
    let null = Element {
        tag: NULL,
        content: &[],
    };
    if algorithm.parameters == Some(null) {
        Ok(())
    } else {
        Err(KeyFault::Unreadable)
    }
}
