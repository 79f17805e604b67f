//! A private key to the public key that belongs to it.
//!
//! The public key is recomputed: the public parts that a private key may carry are optional and prove
//! nothing, but if they are there, they must agree.

use crypto_bigint::{BoxedUint, ConcatenatingMul};
use ed25519_dalek::SigningKey;
use p256::elliptic_curve::sec1::ToSec1Point;

use crate::{
    der::{
        BIT_STRING, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, Reader, SEQUENCE, only, unsigned,
        whole_bytes,
    },
    pem::Block,
    public_key::{Algorithm, Curve, EC, ED25519, KeyFault, PublicKey, RSA, check_rsa_parameters},
};

/// 16384 bits, the longest modulus that OpenSSL takes (`OPENSSL_RSA_MAX_MODULUS_BITS`).
const MOST_RSA_BYTES: usize = 16384 / 8;
/// The difference of the primes has at most so many bits less than a prime (FIPS 186-5, appendix A.1.3).
const LEAST_DISTANCE_BELOW_HALF: u32 = 100;

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
            from_sec1(&key, Curve::named(key.curve.ok_or(KeyFault::Unreadable)?)?)
        }
        _ => Err(KeyFault::Unsupported),
    }
}

/// RFC 5958.
fn from_pkcs8(der: &[u8]) -> Result<PublicKey, KeyFault> {
    const ATTRIBUTES: u8 = 0xa0;
    const PUBLIC_KEY: u8 = 0x81;
    let mut info = Reader::new(only(der, SEQUENCE)?);
    let version = info.read(INTEGER)?;
    let algorithm = Algorithm::read(info.read(SEQUENCE)?)?;
    let content = info.read(OCTET_STRING)?;
    info.optional(ATTRIBUTES)?;
    let public = info.optional(PUBLIC_KEY)?;
    info.finish()?;
    let is_right_version = match version {
        [0] => public.is_none(),
        [1] => public.is_some(),
        _ => false,
    };
    if !is_right_version {
        return Err(KeyFault::Unreadable);
    }
    let key = match algorithm.identifier {
        RSA => {
            check_rsa_parameters(&algorithm)?;
            from_pkcs1(content)?
        }
        EC => {
            let curve = Curve::of(algorithm.parameters)?;
            from_sec1(&EcPrivateKey::from_der(content)?, curve)?
        }
        ED25519 if algorithm.parameters.is_none() => {
            let seed = only(content, OCTET_STRING)?;
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
    match public {
        Some(public) if !key.is(whole_bytes(public)?) => Err(KeyFault::Unreadable),
        _ => Ok(key),
    }
}

/// RFC 8017, appendix A.1.2, checked as Go does (`crypto/rsa`, `PrivateKey.Validate`): the modulus is
/// the product of the primes, the exponents undo each other, and neither the primes are too near to
/// each other nor the private exponent is too small.
fn from_pkcs1(der: &[u8]) -> Result<PublicKey, KeyFault> {
    let mut key = Reader::new(only(der, SEQUENCE)?);
    // The other version has more than two primes, which Go refuses.
    if key.read(INTEGER)? != [0] {
        return Err(KeyFault::Unreadable);
    }
    let mut number = || {
        let number = unsigned(key.read(INTEGER)?)?;
        if number.len() > MOST_RSA_BYTES {
            return Err(KeyFault::Unreadable);
        }
        Ok((number, BoxedUint::from_be_slice_vartime(number)))
    };
    let ((modulus, n), (exponent, e), (_, d)) = (number()?, number()?, number()?);
    let ((_, p), (_, q)) = (number()?, number()?);
    let ((_, exponent1), (_, exponent2), (_, coefficient)) = (number()?, number()?, number()?);
    key.finish()?;
    let one = BoxedUint::one();
    if p.cmp_vartime(&one).is_le() || q.cmp_vartime(&one).is_le() {
        return Err(KeyFault::Unreadable);
    }
    let (below_p, below_q) = (p.wrapping_sub(&one), q.wrapping_sub(&one));
    let half = n.bit_width_vartime() / 2;
    let distance = if p.cmp_vartime(&q).is_gt() {
        p.wrapping_sub(&q)
    } else {
        q.wrapping_sub(&p)
    };
    let is_same = |one: &BoxedUint, other: &BoxedUint| one.cmp_vartime(other).is_eq();
    let product = e.concatenating_mul(&d);
    let is_consistent = is_same(&n, &p.concatenating_mul(&q))
        && n.bit_vartime(0)
        && d.cmp_vartime(&n).is_lt()
        && d.bit_width_vartime() > half
        && distance.bit_width_vartime() + LEAST_DISTANCE_BELOW_HALF > half
        && is_same(&remainder(&product, &below_p)?, &one)
        && is_same(&remainder(&product, &below_q)?, &one)
        && is_same(&exponent1, &remainder(&d, &below_p)?)
        && is_same(&exponent2, &remainder(&d, &below_q)?)
        && coefficient.cmp_vartime(&p).is_lt()
        && is_same(&remainder(&coefficient.concatenating_mul(&q), &p)?, &one);
    if !is_consistent {
        return Err(KeyFault::Unreadable);
    }
    PublicKey::rsa(modulus, exponent)
}

fn remainder(number: &BoxedUint, divisor: &BoxedUint) -> Result<BoxedUint, KeyFault> {
    let divisor = divisor.as_nz_vartime().ok_or(KeyFault::Unreadable)?;
    Ok(number.rem_vartime(divisor))
}

/// `ECPrivateKey` of RFC 5915.
struct EcPrivateKey<'a> {
    scalar: &'a [u8],
    curve: Option<&'a [u8]>,
    public_key: Option<&'a [u8]>,
}

impl<'a> EcPrivateKey<'a> {
    fn from_der(der: &'a [u8]) -> Result<Self, KeyFault> {
        const PARAMETERS: u8 = 0xa0;
        const PUBLIC_KEY: u8 = 0xa1;
        let mut key = Reader::new(only(der, SEQUENCE)?);
        if key.read(INTEGER)? != [1] {
            return Err(KeyFault::Unreadable);
        }
        let scalar = key.read(OCTET_STRING)?;
        let curve = key.optional(PARAMETERS)?;
        let curve = curve
            .map(|name| only(name, OBJECT_IDENTIFIER))
            .transpose()?;
        let public_key = key.optional(PUBLIC_KEY)?;
        let public_key = public_key.map(|key| whole_bytes(only(key, BIT_STRING)?));
        key.finish()?;
        Ok(Self {
            scalar,
            curve,
            public_key: public_key.transpose()?,
        })
    }
}

/// The point that belongs to a scalar (SEC 1, section 3.2.1).
fn from_sec1(key: &EcPrivateKey<'_>, curve: Curve) -> Result<PublicKey, KeyFault> {
    if key
        .curve
        .is_some_and(|name| Curve::named(name) != Ok(curve))
    {
        return Err(KeyFault::Unreadable);
    }
    let point = match curve {
        Curve::P256 => p256::SecretKey::from_slice(key.scalar)
            .map(|key| key.public_key().to_sec1_point(false).as_bytes().to_vec()),
        Curve::P384 => p384::SecretKey::from_slice(key.scalar)
            .map(|key| key.public_key().to_sec1_point(false).as_bytes().to_vec()),
        Curve::P521 => p521::SecretKey::from_slice(key.scalar)
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
