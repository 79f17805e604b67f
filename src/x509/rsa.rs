//! The numbers of an RSA key: whether they belong together.

use crypto_bigint::{BoxedUint, ConcatenatingMul};
use pkcs1::{RsaPrivateKeyRef, UintRef};

/// 16384 bits, the longest modulus that OpenSSL takes (`OPENSSL_RSA_MAX_MODULUS_BITS`).
const MOST_BYTES: usize = 16384 / 8;
/// The difference of the primes has at most so many bits less than a prime (FIPS 186-5, appendix A.1.3).
const LEAST_DISTANCE_BELOW_HALF: u32 = 100;

/// Whether Go accepts a key with two primes (`crypto/rsa`, `PrivateKey.Validate`): the modulus is the product of the primes,
/// the exponents undo each other, and neither the primes are too near to each other nor the private exponent is too small.
pub(super) fn is_consistent(key: &RsaPrivateKeyRef<'_>) -> bool {
    check(key) == Some(true)
}

/// `None` if one of the primes is less than 2, or there are more than two, which Go does not take.
fn check(key: &RsaPrivateKeyRef<'_>) -> Option<bool> {
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
    let mut lengths = numbers.iter().map(|number| number.as_bytes().len());
    if lengths.any(|length| length > MOST_BYTES) || key.other_prime_infos.is_some() {
        return None;
    }
    let [n, e, d, p, q, exponent1, exponent2, coefficient] = numbers.map(number);
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

fn number(integer: UintRef<'_>) -> BoxedUint {
    BoxedUint::from_be_slice_vartime(integer.as_bytes())
}

fn is_same(one: &BoxedUint, other: &BoxedUint) -> bool {
    one.cmp_vartime(other).is_eq()
}

fn remainder(number: &BoxedUint, divisor: &BoxedUint) -> Option<BoxedUint> {
    Some(number.rem_vartime(divisor.as_nz_vartime()?))
}
