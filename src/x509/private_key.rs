//! The public key that belongs to a private key.
//!
//! It is recomputed: the public parts that a private key may carry are optional and prove nothing, but those
//! that are there must agree.

use ed25519_dalek::SigningKey;
use p256::elliptic_curve::{
    self, FieldBytesSize,
    sec1::{ModulusSize, ToSec1Point},
};
use pkcs1::RsaPrivateKeyRef;
use pkcs8::{
    PrivateKeyInfoRef,
    der::{Decode, asn1::OctetStringRef},
};
use sec1::{EcParameters, EcPrivateKey};

use super::{
    pem::Block,
    public_key::{Algorithm, Curve, KeyError, PublicKey},
    rsa,
};

/// Recomputes the public key of a private key in PKCS #8, PKCS #1 or SEC 1. Fails if the key cannot be read,
/// cannot serve TLS, or contradicts itself.
pub(crate) fn public_key(block: &Block) -> Result<PublicKey, KeyError> {
    if block.is_encrypted || block.label == "ENCRYPTED PRIVATE KEY" {
        return Err(KeyError::Encrypted);
    }
    let der = block.der.as_deref().ok_or(KeyError::Unreadable)?;
    match block.label.as_str() {
        "PRIVATE KEY" => from_pkcs8(der),
        "RSA PRIVATE KEY" => from_pkcs1(der),
        "EC PRIVATE KEY" => from_sec1(der, None),
        "OPENSSH PRIVATE KEY" => Err(KeyError::OpenSsh),
        _ => Err(KeyError::Unsupported),
    }
}

/// RFC 5958.
fn from_pkcs8(der: &[u8]) -> Result<PublicKey, KeyError> {
    let info = PrivateKeyInfoRef::from_der(der)?;
    let content = info.private_key.as_bytes();
    let key = match info.algorithm.try_into()? {
        Algorithm::Rsa => from_pkcs1(content)?,
        Algorithm::Ec(curve) => from_sec1(content, Some(curve))?,
        Algorithm::Ed25519 => {
            let seed = <&OctetStringRef>::from_der(content)?
                .as_bytes()
                .try_into()
                .map_err(|_| KeyError::Unreadable)?;
            let point = SigningKey::from_bytes(seed).verifying_key().to_bytes();
            PublicKey::Ed25519(point.to_vec())
        }
    };
    match info.public_key.map(|public| public.as_bytes()) {
        Some(public) if !public.is_some_and(|public| key.is(public)) => Err(KeyError::Unreadable),
        _ => Ok(key),
    }
}

/// RFC 8017, appendix A.1.2.
fn from_pkcs1(der: &[u8]) -> Result<PublicKey, KeyError> {
    let key = RsaPrivateKeyRef::from_der(der)?;
    if rsa::is_consistent(&key) {
        PublicKey::rsa(key.modulus, key.public_exponent)
    } else {
        Err(KeyError::Unreadable)
    }
}

/// RFC 5915; the point is computed from the scalar (SEC 1, section 3.2.1). PKCS #8 names the curve outside
/// the key.
fn from_sec1(der: &[u8], outside: Option<Curve>) -> Result<PublicKey, KeyError> {
    let key = EcPrivateKey::from_der(der)?;
    let inside = key.parameters.and_then(EcParameters::named_curve).map(Curve::named).transpose()?;
    let curve = outside.or(inside).ok_or(KeyError::Unreadable)?;
    let scalar = key.private_key;
    let point = match curve {
        Curve::P256 => p256::SecretKey::from_slice(scalar).map(|key| point(&key.public_key())),
        Curve::P384 => p384::SecretKey::from_slice(scalar).map(|key| point(&key.public_key())),
        Curve::P521 => p521::SecretKey::from_slice(scalar).map(|key| point(&key.public_key())),
    };
    let public = PublicKey::Ec(curve, point.map_err(|_| KeyError::Unreadable)?);
    let agrees =
        inside.is_none_or(|inside| inside == curve) && key.public_key.is_none_or(|point| public.is(point));
    agrees.then_some(public).ok_or(KeyError::Unreadable)
}

fn point<C>(key: &impl ToSec1Point<C>) -> Vec<u8>
where
    C: elliptic_curve::Curve,
    FieldBytesSize<C>: ModulusSize,
{
    key.to_sec1_point(false).as_bytes().to_vec()
}
