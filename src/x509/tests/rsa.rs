//! RSA keys of numbers that fit each other, but for one thing. No number need be prime: what is refused
//! is refused for what the test changes.

use num_bigint::BigUint;
use rstest::rstest;

use crate::{
    x509::tests::der_element as element,
    x509::{
        pem::Block,
        private_key::public_key,
        public_key::{KeyError, PublicKey},
    },
};

fn big(number: u64) -> BigUint {
    BigUint::from(number)
}

/// What a private key in PKCS #1 is made of.
#[derive(Clone)]
struct Numbers {
    p: BigUint,
    q: BigUint,
    e: BigUint,
    d: BigUint,
    coefficient: BigUint,
}

impl Numbers {
    /// Numbers in the place of primes of so many bits, which differ early enough.
    fn of_bits(bits: u64) -> Self {
        Self::of(&(big(3) << (bits - 2)), &(big(7) << (bits - 3)))
    }

    /// The next numbers from these on that fit each other.
    fn of(p: &BigUint, q: &BigUint) -> Self {
        let e = big(65537);
        let found = (1_u64..1000).step_by(2).find_map(|step| {
            let (p, q) = (p + big(step), q + big(step));
            Some(Self {
                d: e.modinv(&((&p - 1_u8) * (&q - 1_u8)))?,
                coefficient: q.modinv(&p)?,
                e: e.clone(),
                p,
                q,
            })
        });
        found.unwrap()
    }

    fn modulus(&self) -> BigUint {
        &self.p * &self.q
    }

    /// The private exponent, as short as it can be for a prime.
    fn remainder(&self, prime: &BigUint) -> BigUint {
        if *prime > big(1) { &self.d % (prime - 1_u8) } else { self.d.clone() }
    }

    /// The key, with remainders that fit the private exponent.
    fn pkcs1(&self) -> Vec<u8> {
        let numbers = [
            self.modulus(),
            self.e.clone(),
            self.d.clone(),
            self.p.clone(),
            self.q.clone(),
            self.remainder(&self.p),
            self.remainder(&self.q),
            self.coefficient.clone(),
        ];
        let version = element(0x02, &[0]);
        let numbers = numbers.iter().flat_map(|number| {
            // A leading zero where the number would be negative otherwise.
            let bytes = number.to_bytes_be();
            let zero = bytes.first().is_some_and(|first| *first >= 0x80);
            element(0x02, &[vec![0; zero.into()], bytes].concat())
        });
        element(0x30, &version.into_iter().chain(numbers).collect::<Vec<_>>())
    }

    fn public_key(&self) -> Result<PublicKey, KeyError> {
        public_key(&Block {
            label: "RSA PRIVATE KEY".to_owned(),
            is_encrypted: false,
            der: Some(self.pkcs1()),
        })
    }
}

#[rstest]
#[case::usual(1024)]
#[case::long(4096)]
fn numbers_that_fit(#[case] bits: u64) {
    let numbers = Numbers::of_bits(bits);
    let expected = PublicKey::Rsa { modulus: numbers.modulus().to_bytes_be(), exponent: vec![1, 0, 1] };
    assert_eq!(numbers.public_key(), Ok(expected));
}

/// They are the longest that OpenSSL takes.
#[test]
fn the_longest_modulus() {
    let longest = Numbers::of_bits(8192);
    assert_eq!(longest.modulus().bits(), 16384);
    assert!(longest.public_key().is_ok());
    let longer = Numbers::of_bits(8196);
    assert_eq!(longer.public_key(), Err(KeyError::Unreadable));
}

#[test]
fn the_shortest_modulus() {
    let shorter = Numbers::of(&(big(1) << 1023), &((big(1) << 1023) + (big(1) << 1000)));
    assert_eq!(shorter.modulus().bits(), 2047);
    assert_eq!(shorter.public_key(), Err(KeyError::Weak));
}

/// Another private exponent less than the modulus, which is the same modulo this prime less one.
fn shifted(key: &Numbers, prime: &BigUint) -> BigUint {
    let step = prime - 1_u8;
    if &key.d + &step < key.modulus() { &key.d + step } else { &key.d - step }
}

/// All else still fits.
#[rstest]
#[case::exponent_of_the_modulus(|key: &mut Numbers| {
    let step = (&key.p - 1_u8) * (&key.q - 1_u8);
    while key.d < key.modulus() {
        key.d += &step;
    }
})]
#[case::coefficient_of_the_prime(|key: &mut Numbers| key.coefficient += &key.p)]
#[case::another_coefficient(|key: &mut Numbers| key.coefficient += 1_u8)]
#[case::another_exponent(|key: &mut Numbers| key.d += 2_u8)]
#[case::exponent_that_fits_one_prime(|key: &mut Numbers| key.d = shifted(key, &key.p))]
#[case::exponent_that_fits_the_other_prime(|key: &mut Numbers| key.d = shifted(key, &key.q))]
#[case::exponent_of_zero(|key: &mut Numbers| key.d = big(0))]
#[case::public_exponent_of_one(|key: &mut Numbers| (key.e, key.d) = (big(1), big(1)))]
#[case::small_private_exponent(|key: &mut Numbers| std::mem::swap(&mut key.e, &mut key.d))]
#[case::prime_of_one(|key: &mut Numbers| (key.p, key.d) = (big(1), &key.q - 2_u8))]
#[case::other_prime_of_one(|key: &mut Numbers| (key.q, key.d) = (big(1), &key.p - 2_u8))]
#[case::prime_of_zero(|key: &mut Numbers| key.p = big(0))]
#[case::other_prime_of_zero(|key: &mut Numbers| key.q = big(0))]
fn one_thing_is_wrong(#[case] change: fn(&mut Numbers)) {
    let mut numbers = Numbers::of_bits(1024);
    change(&mut numbers);
    assert_eq!(numbers.public_key(), Err(KeyError::Unreadable));
}

/// Wiener's attack finds an exponent that is much shorter than the modulus; Go wants half of its bits.
/// With primes that have much in common, such an exponent may fit.
#[test]
fn a_private_exponent_that_is_too_short() {
    let start = big(1) << 1023;
    let found = (1_u64..10_000).find_map(|step| {
        let common: BigUint = &start + big(2 * step);
        let (p, q): (BigUint, BigUint) = (&common + 1_u8, &common * 2_u8 + 1_u8);
        let e = big(65537);
        let d = e.modinv(&(common * 2_u8))?;
        (d.bits() < (&p * &q).bits() / 2).then_some(())?;
        let coefficient = q.modinv(&p)?;
        Some(Numbers { p, q, e, d, coefficient })
    });
    let mut numbers = found.unwrap();
    assert_eq!(numbers.public_key(), Err(KeyError::Unreadable));
    numbers.d += (&numbers.p - 1_u8) * 2_u8;
    assert!(numbers.public_key().is_ok());
}

/// Some tools make the exponent shorter, by what p - 1 and q - 1 have in common; it is the same key.
#[test]
fn a_shorter_exponent() {
    let mut numbers = Numbers::of_bits(1024);
    let expected = numbers.public_key();
    let step = (&numbers.p - 1_u8) * (&numbers.q - 1_u8) / 2_u8;
    numbers.d %= &step;
    assert_eq!(numbers.public_key(), expected);
}

/// FIPS 186-5 wants primes of 1024 bits to differ by more than 2^924.
#[rstest]
#[case::too_near(920, false)]
#[case::far_enough(930, true)]
fn primes_near_each_other(#[case] bits: u64, #[case] is_fine: bool) {
    let p = (big(1) << 1023) + (big(1) << 1022);
    let numbers = Numbers::of(&p, &(&p + (big(1) << bits)));
    assert_eq!(numbers.public_key().is_ok(), is_fine);
}

#[test]
fn an_even_modulus() {
    // Of a power of two, the numbers below are odd, and whatever is odd has an inverse.
    let p = big(1) << 1100;
    let found = (1_u64..1000).step_by(2).find_map(|step| {
        let (q, e): (BigUint, _) = ((big(3) << 1022) + big(step), big(65537));
        let numbers = Numbers {
            d: e.modinv(&((&p - 1_u8) * (&q - 1_u8)))?,
            coefficient: q.modinv(&p)?,
            p: p.clone(),
            q,
            e,
        };
        Some(numbers)
    });
    assert_eq!(found.unwrap().public_key(), Err(KeyError::Unreadable));
}
