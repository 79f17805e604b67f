//! A private key to the public key that belongs to it.
//!
//! The public key is recomputed: the public parts that a private key may carry are optional and prove
//! nothing, but if they are there, they must agree.

use der::{
    Decode,
    asn1::{OctetStringRef, UintRef},
};
use ed25519_dalek::SigningKey;
use num_bigint::BigUint;
use p256::elliptic_curve::sec1::ToSec1Point;
use pkcs8::PrivateKeyInfoRef;
use sec1::{EcParameters, EcPrivateKey};

use crate::{
    pem::Block,
    public_key::{Curve, EC, ED25519, KeyFault, PublicKey, RSA, check_rsa_parameters},
};

/// 16384 bits, the longest modulus that OpenSSL takes (`OPENSSL_RSA_MAX_MODULUS_BITS`).
const MOST_RSA_BYTES: usize = 16384 / 8;
/// The difference of the primes has at most so many bits less than a prime (FIPS 186-5, appendix A.1.3).
const LEAST_DISTANCE_BELOW_HALF: u64 = 100;

/// Whether a block of PEM text is a private key of any kind.
pub fn is_private_key(block: &Block<'_>) -> bool {
    block.label.ends_with("PRIVATE KEY")
}

/// Recomputes the public key of a private key in PKCS #8, PKCS #1 or SEC 1.
///
/// # Errors
/// If the key cannot be read, cannot serve TLS, or contradicts itself.
pub fn public_key(block: &Block<'_>) -> Result<PublicKey, KeyFault> {
    if block.is_encrypted || block.label == "ENCRYPTED PRIVATE KEY" {
        return Err(KeyFault::Encrypted);
    }
    let der = block.der.as_deref().ok_or(KeyFault::Unreadable)?;
    match block.label {
        "PRIVATE KEY" => from_pkcs8(der),
        "RSA PRIVATE KEY" => from_pkcs1(der),
        "EC PRIVATE KEY" => {
            let key = EcPrivateKey::from_der(der)?;
            let curve = key.parameters.and_then(EcParameters::named_curve);
            from_sec1(&key, Curve::named(curve.ok_or(KeyFault::Unreadable)?)?)
        }
        _ => Err(KeyFault::Unsupported),
    }
}

/// RFC 5958.
fn from_pkcs8(der: &[u8]) -> Result<PublicKey, KeyFault> {
    let info = PrivateKeyInfoRef::from_der(der).map_err(|_| KeyFault::Unreadable)?;
    let content = info.private_key.as_bytes();
    let key = match info.algorithm.oid {
        RSA => {
            check_rsa_parameters(&info.algorithm)?;
            from_pkcs1(content)?
        }
        EC => {
            let curve = Curve::of(info.algorithm.parameters)?;
            from_sec1(&EcPrivateKey::from_der(content)?, curve)?
        }
        ED25519 if info.algorithm.parameters.is_none() => {
            let seed = <&OctetStringRef>::from_der(content)?.as_bytes();
            let seed = seed.try_into().map_err(|_| KeyFault::Unreadable)?;
            PublicKey::Ed25519(
                SigningKey::from_bytes(seed)
                    .verifying_key()
                    .to_bytes()
                    .to_vec(),
            )
        }
        ED25519 => return Err(KeyFault::Unreadable),
        _ => return Err(KeyFault::Unsupported),
    };
    match info.public_key.map(|public| public.as_bytes()) {
        None => Ok(key),
        Some(Some(public)) if key.is(public) => Ok(key),
        Some(_) => Err(KeyFault::Unreadable),
    }
}

/// RFC 8017, appendix A.1.2, checked as Go does (`crypto/rsa`, `PrivateKey.Validate`): the modulus is
/// the product of the primes, the exponents undo each other, and neither the primes are too near to
/// each other nor the private exponent is too small.
fn from_pkcs1(der: &[u8]) -> Result<PublicKey, KeyFault> {
    let key = pkcs1::RsaPrivateKeyRef::from_der(der).map_err(|_| KeyFault::Unreadable)?;
    check_lengths(&key)?;
    let number = |number: UintRef<'_>| BigUint::from_bytes_be(number.as_bytes());
    let (p, q) = (number(key.prime1), number(key.prime2));
    let (e, d) = (number(key.public_exponent), number(key.private_exponent));
    let one = BigUint::from(1_u8);
    if p <= one || q <= one {
        return Err(KeyFault::Unreadable);
    }
    let (below_p, below_q) = (&p - &one, &q - &one);
    let modulus = &p * &q;
    let half = modulus.bits() / 2;
    let distance = if p > q { &p - &q } else { &q - &p };
    let coefficient = number(key.coefficient);
    let is_consistent = modulus == number(key.modulus)
        && modulus.bit(0)
        && d < modulus
        && d.bits() > half
        && distance.bits() + LEAST_DISTANCE_BELOW_HALF > half
        && (&e * &d) % &below_p == one
        && (&e * &d) % &below_q == one
        && number(key.exponent1) == &d % &below_p
        && number(key.exponent2) == &d % &below_q
        && coefficient < p
        && (coefficient * &q) % &p == one;
    if !is_consistent {
        return Err(KeyFault::Unreadable);
    }
    PublicKey::rsa(&modulus.to_bytes_be(), &e.to_bytes_be())
}

/// No number is longer than a modulus can be, so that nobody waits for calculations with them.
fn check_lengths(key: &pkcs1::RsaPrivateKeyRef<'_>) -> Result<(), KeyFault> {
    let numbers = [
        key.modulus,
        key.public_exponent,
        key.private_exponent,
        key.prime1,
        key.prime2,
        key.exponent1,
        key.exponent2,
        key.coefficient,
    ];
    let is_short = |number: &UintRef<'_>| number.as_bytes().len() <= MOST_RSA_BYTES;
    if numbers.iter().all(is_short) {
        Ok(())
    } else {
        Err(KeyFault::Unreadable)
    }
}

/// RFC 5915.
fn from_sec1(key: &EcPrivateKey<'_>, curve: Curve) -> Result<PublicKey, KeyFault> {
    let named = key.parameters.and_then(EcParameters::named_curve);
    if named.is_some_and(|named| Curve::named(named) != Ok(curve)) {
        return Err(KeyFault::Unreadable);
    }
    let point = match curve {
        Curve::P256 => p256::SecretKey::from_slice(key.private_key)
            .map(|key| key.public_key().to_sec1_point(false).as_bytes().to_vec()),
        Curve::P384 => p384::SecretKey::from_slice(key.private_key)
            .map(|key| key.public_key().to_sec1_point(false).as_bytes().to_vec()),
        Curve::P521 => p521::SecretKey::from_slice(key.private_key)
            .map(|key| key.public_key().to_sec1_point(false).as_bytes().to_vec()),
    };
    let public = PublicKey::Ec(curve, point.map_err(|_| KeyFault::Unreadable)?);
    match key.public_key {
        Some(point) if !public.is(point) => Err(KeyFault::Unreadable),
        _ => Ok(public),
    }
}

#[cfg(test)]
#[path = "private_key_tests.rs"]
mod tests;
