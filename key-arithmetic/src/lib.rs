//! The numbers of private keys: which public key belongs to them, and whether they belong together.
//!
//! A crate of its own, because it is compiled for size: it is much code, and runs when a Secret is written.

use crypto_bigint::{BoxedUint, ConcatenatingMul};
use ed25519_dalek::SigningKey;
use p256::elliptic_curve::sec1::ToSec1Point;

/// The difference of the primes has at most so many bits less than a prime (FIPS 186-5, appendix A.1.3).
const LEAST_DISTANCE_BELOW_HALF: u32 = 100;

/// The compressed point that belongs to a seed (RFC 8032, section 5.1.5).
pub fn ed25519(seed: &[u8; 32]) -> [u8; 32] {
    SigningKey::from_bytes(seed).verifying_key().to_bytes()
}

/// The uncompressed point that belongs to a scalar (SEC 1, section 3.2.1); `None` if there is none.
pub fn p256(scalar: &[u8]) -> Option<Vec<u8>> {
    let key = p256::SecretKey::from_slice(scalar).ok()?.public_key();
    Some(key.to_sec1_point(false).as_bytes().to_vec())
}

/// The same on another curve.
pub fn p384(scalar: &[u8]) -> Option<Vec<u8>> {
    let key = p384::SecretKey::from_slice(scalar).ok()?.public_key();
    Some(key.to_sec1_point(false).as_bytes().to_vec())
}

/// The same on another curve.
pub fn p521(scalar: &[u8]) -> Option<Vec<u8>> {
    let key = p521::SecretKey::from_slice(scalar).ok()?.public_key();
    Some(key.to_sec1_point(false).as_bytes().to_vec())
}

/// The numbers of an RSA key with two primes (RFC 8017, section 3.2), big-endian.
#[derive(Clone, Copy)]
pub struct RsaPrivateKey<'a> {
    /// n
    pub modulus: &'a [u8],
    /// e
    pub public_exponent: &'a [u8],
    /// d
    pub private_exponent: &'a [u8],
    /// p
    pub prime1: &'a [u8],
    /// q
    pub prime2: &'a [u8],
    /// d mod (p - 1)
    pub exponent1: &'a [u8],
    /// d mod (q - 1)
    pub exponent2: &'a [u8],
    /// The inverse of q mod p.
    pub coefficient: &'a [u8],
}

impl RsaPrivateKey<'_> {
    /// Checks them as Go does (`crypto/rsa`, `PrivateKey.Validate`): the modulus is the product of the primes,
    /// the exponents undo each other, and neither the primes are too near to each other nor the private
    /// exponent is too small.
    pub fn is_consistent(&self) -> bool {
        self.check() == Some(true)
    }

    /// `None` if one of the primes is less than 2.
    fn check(&self) -> Option<bool> {
        let [n, e, d] = [self.modulus, self.public_exponent, self.private_exponent].map(number);
        let [p, q] = [self.prime1, self.prime2].map(number);
        let [exponent1, exponent2] = [self.exponent1, self.exponent2].map(number);
        let coefficient = number(self.coefficient);
        let one = BoxedUint::one();
        if p.cmp_vartime(&one).is_le() || q.cmp_vartime(&one).is_le() {
            return None;
        }
        let (below_p, below_q) = (p.wrapping_sub(&one), q.wrapping_sub(&one));
        let half = n.bit_width_vartime() / 2;
        let distance = if p.cmp_vartime(&q).is_gt() {
            p.wrapping_sub(&q)
        } else {
            q.wrapping_sub(&p)
        };
        let product = e.concatenating_mul(&d);
        Some(
            is_same(&n, &p.concatenating_mul(&q))
                && n.bit_vartime(0)
                && d.cmp_vartime(&n).is_lt()
                && d.bit_width_vartime() > half
                && distance.bit_width_vartime() + LEAST_DISTANCE_BELOW_HALF > half
                && is_same(&remainder(&product, &below_p)?, &one)
                && is_same(&remainder(&product, &below_q)?, &one)
                && is_same(&exponent1, &remainder(&d, &below_p)?)
                && is_same(&exponent2, &remainder(&d, &below_q)?)
                && coefficient.cmp_vartime(&p).is_lt()
                && is_same(&remainder(&coefficient.concatenating_mul(&q), &p)?, &one),
        )
    }
}

fn number(bytes: &[u8]) -> BoxedUint {
    BoxedUint::from_be_slice_vartime(bytes)
}

fn is_same(one: &BoxedUint, other: &BoxedUint) -> bool {
    one.cmp_vartime(other).is_eq()
}

fn remainder(number: &BoxedUint, divisor: &BoxedUint) -> Option<BoxedUint> {
    Some(number.rem_vartime(divisor.as_nz_vartime()?))
}
