//! A private key to the public key that belongs to it.
//!
//! The public key is recomputed: the public parts that a private key may carry are optional and prove
//! nothing, but if they are there, they must agree.

use key_arithmetic::{RsaPrivateKey, ed25519, p256, p384, p521};

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
            PublicKey::Ed25519(ed25519(seed).to_vec())
        }
        ED25519 => return Err(KeyFault::Unreadable),
        _ => return Err(KeyFault::Unsupported),
    };
    match public {
        Some(public) if !key.is(whole_bytes(public)?) => Err(KeyFault::Unreadable),
        _ => Ok(key),
    }
}

/// RFC 8017, appendix A.1.2.
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
        Ok(number)
    };
    let numbers = RsaPrivateKey {
        modulus: number()?,
        public_exponent: number()?,
        private_exponent: number()?,
        prime1: number()?,
        prime2: number()?,
        exponent1: number()?,
        exponent2: number()?,
        coefficient: number()?,
    };
    key.finish()?;
    if !numbers.is_consistent() {
        return Err(KeyFault::Unreadable);
    }
    PublicKey::rsa(numbers.modulus, numbers.public_exponent)
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
        Curve::P256 => p256(key.scalar),
        Curve::P384 => p384(key.scalar),
        Curve::P521 => p521(key.scalar),
    };
    let public = PublicKey::Ec(curve, point.ok_or(KeyFault::Unreadable)?);
    match key.public_key {
        Some(point) if !public.is(point) => Err(KeyFault::Unreadable),
        _ => Ok(public),
    }
}

#[cfg(test)]
#[path = "private_key_tests.rs"]
mod tests;
