//! Whether the numbers of an RSA key belong together.

use crypto_bigint::{BoxedUint, ConcatenatingMul};
use pkcs1::RsaPrivateKeyRef;

/// The longest modulus that OpenSSL takes, 16384 bits (`OPENSSL_RSA_MAX_MODULUS_BITS`).
const MAX_BYTES: usize = 16384 / 8;
/// How many bits shorter than a prime the difference of the primes may be (FIPS 186-5, appendix A.1.3).
const MAX_MISSING_BITS: u32 = 100;

/// Whether Go accepts a key with two primes (`crypto/rsa`, `PrivateKey.Validate`): the modulus is the product
/// of the primes, each exponent undoes the other, the primes are not too near to each other, and the private
/// exponent is not too small.
pub(super) fn is_consistent(key: &RsaPrivateKeyRef<'_>) -> bool {
    check(key) == Some(true)
}

/// `None` if a number is too long, one of the primes is less than 2, or there are more than two primes.
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
    if lengths.any(|length| length > MAX_BYTES) || key.other_prime_infos.is_some() {
        return None;
    }
    let [n, e, d, p, q, exponent1, exponent2, coefficient] =
        numbers.map(|number| BoxedUint::from_be_slice_vartime(number.as_bytes()));
    let one = BoxedUint::one();
    if p <= one || q <= one {
        return None;
    }
    let (below_p, below_q) = (p.wrapping_sub(&one), q.wrapping_sub(&one));
    let half = n.bit_width_vartime() / 2;
    let distance = if p > q { p.wrapping_sub(&q) } else { q.wrapping_sub(&p) };
    let product = e.concatenating_mul(&d);
    Some(
        n == p.concatenating_mul(&q)
            && n.bit_vartime(0)
            && d < n
            && d.bit_width_vartime() > half
            && distance.bit_width_vartime() + MAX_MISSING_BITS > half
            && remainder(&product, &below_p)? == one
            && remainder(&product, &below_q)? == one
            && remainder(&d, &below_p)? == exponent1
            && remainder(&d, &below_q)? == exponent2
            && coefficient < p
            && remainder(&coefficient.concatenating_mul(&q), &p)? == one,
    )
}

fn remainder(number: &BoxedUint, divisor: &BoxedUint) -> Option<BoxedUint> {
    Some(number.rem_vartime(divisor.as_nz_vartime()?))
}
