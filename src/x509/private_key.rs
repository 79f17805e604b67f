//! A private key to the public key that belongs to it.
//!
//! The public key is recomputed: the public parts that a private key may carry are optional and prove nothing, but if they are
//! there, they must agree.

use ed25519_dalek::SigningKey;
use p256::elliptic_curve::{
    self, FieldBytesSize,
    sec1::{ModulusSize, ToSec1Point},
};
use pkcs1::RsaPrivateKeyRef;
use pkcs8::{
    PrivateKeyInfoRef,
    der::{Decode, Tag, Tagged, asn1::OctetStringRef},
};
use sec1::{EcParameters, EcPrivateKey};

use super::{
    pem::Block,
    public_key::{Curve, EC, ED25519, KeyError, PublicKey, RSA},
    rsa,
};

/// Recomputes the public key of a private key in PKCS #8, PKCS #1 or SEC 1.
///
/// # Errors
/// If the key cannot be read, cannot serve TLS, or contradicts itself.
pub(crate) fn public_key(block: &Block) -> Result<PublicKey, KeyError> {
    if block.is_encrypted || block.label == "ENCRYPTED PRIVATE KEY" {
        return Err(KeyError::Encrypted);
    }
    let der = block.der.as_deref().ok_or(KeyError::Unreadable)?;
    match block.label.as_str() {
        "PRIVATE KEY" => from_pkcs8(der),
        "RSA PRIVATE KEY" => from_pkcs1(der),
        "EC PRIVATE KEY" => {
            let key = EcPrivateKey::from_der(der)?;
            let curve = key.parameters.and_then(EcParameters::named_curve);
            let curve = Curve::named(curve.ok_or(KeyError::Unreadable)?.as_bytes())?;
            from_sec1(&key, curve)
        }
        _ => Err(KeyError::Unsupported),
    }
}

/// RFC 5958.
fn from_pkcs8(der: &[u8]) -> Result<PublicKey, KeyError> {
    let info = PrivateKeyInfoRef::from_der(der)?;
    let parameters = info.algorithm.parameters;
    let content = info.private_key.as_bytes();
    let key = match info.algorithm.oid {
        RSA if parameters.is_some_and(|parameters| parameters.is_null()) => from_pkcs1(content)?,
        EC => {
            let name = parameters.ok_or(KeyError::Unreadable)?;
            if name.tag() != Tag::ObjectIdentifier {
                return Err(KeyError::Unsupported);
            }
            from_sec1(
                &EcPrivateKey::from_der(content)?,
                Curve::named(name.value())?,
            )?
        }
        ED25519 if parameters.is_none() => {
            let seed = <&OctetStringRef>::from_der(content)?.as_bytes();
            let seed = seed.try_into().map_err(|_| KeyError::Unreadable)?;
            let point = SigningKey::from_bytes(seed).verifying_key().to_bytes();
            PublicKey::Ed25519(point.to_vec())
        }
        RSA | ED25519 => return Err(KeyError::Unreadable),
        _ => return Err(KeyError::Unsupported),
    };
    let public = info.public_key.map(|public| public.as_bytes());
    match public {
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

/// The point that belongs to a scalar (SEC 1, section 3.2.1).
fn from_sec1(key: &EcPrivateKey<'_>, curve: Curve) -> Result<PublicKey, KeyError> {
    let named = key.parameters.and_then(EcParameters::named_curve);
    if named.is_some_and(|name| Curve::named(name.as_bytes()) != Ok(curve)) {
        return Err(KeyError::Unreadable);
    }
    let scalar = key.private_key;
    let point = match curve {
        Curve::P256 => p256::SecretKey::from_slice(scalar).map(|key| point(&key.public_key())),
        Curve::P384 => p384::SecretKey::from_slice(scalar).map(|key| point(&key.public_key())),
        Curve::P521 => p521::SecretKey::from_slice(scalar).map(|key| point(&key.public_key())),
    };
    let public = PublicKey::Ec(curve, point.map_err(|_| KeyError::Unreadable)?);
    match key.public_key {
        Some(point) if !public.is(point) => Err(KeyError::Unreadable),
        _ => Ok(public),
    }
}

fn point<C>(key: &impl ToSec1Point<C>) -> Vec<u8>
where
    C: elliptic_curve::Curve,
    FieldBytesSize<C>: ModulusSize,
{
    key.to_sec1_point(false).as_bytes().to_vec()
}
