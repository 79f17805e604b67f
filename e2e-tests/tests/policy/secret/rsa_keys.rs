//! RSA keys whose numbers are not those that a tool would choose, but that fit each other as far as a test
//! wants them to.

use num_bigint::BigUint;
use rsa::traits::{PrivateKeyParts, PublicKeyParts};

use super::keys::*;

/// What a private key in PKCS #1 is made of.
pub struct RsaNumbers {
    pub p: BigUint,
    pub q: BigUint,
    pub public_exponent: BigUint,
    pub private_exponent: BigUint,
    /// The inverse of `q` modulo `p`.
    pub coefficient: BigUint,
}

impl RsaNumbers {
    /// The numbers of [`RSA`].
    pub fn good() -> Self {
        let number = |number: &rsa::BoxedUint| BigUint::from_bytes_be(&number.to_be_bytes());
        let primes = RSA_NUMBERS.primes();
        let (p, q) = (number(&primes[0]), number(&primes[1]));
        Self {
            coefficient: q.modinv(&p).unwrap(),
            p,
            q,
            public_exponent: number(RSA_NUMBERS.e()),
            private_exponent: number(RSA_NUMBERS.d()),
        }
    }

    /// Numbers of which `q` is the next one after `p` with which the others can fit; it may be no prime.
    pub fn near_each_other() -> Self {
        let Self { p, public_exponent, .. } = Self::good();
        let found = (1_u32..1000).find_map(|step| {
            let q = &p + 2 * step;
            Some(Self {
                private_exponent: public_exponent.modinv(&((&p - 1_u8) * (&q - 1_u8)))?,
                coefficient: q.modinv(&p)?,
                p: p.clone(),
                q,
                public_exponent: public_exponent.clone(),
            })
        });
        found.unwrap()
    }

    /// The key, with remainders that fit the private exponent.
    pub fn key(&self) -> Key {
        let (p, q, exponent) = (&self.p, &self.q, &self.private_exponent);
        let public = [integer(&(p * q)), integer(&self.public_exponent)];
        let private = [
            integer(exponent),
            integer(p),
            integer(q),
            integer(&(exponent % (p - 1_u8))),
            integer(&(exponent % (q - 1_u8))),
            integer(&self.coefficient),
        ];
        let version = vec![integer(&BigUint::ZERO)];
        rsa_of(sequence(&[version, public.to_vec(), private.to_vec()].concat()), sequence(&public))
    }
}

/// The key of the same modulus as [`RSA`] with another exponent.
pub fn rsa_of_another_exponent() -> Key {
    let good = RsaNumbers::good();
    let below = (&good.p - 1_u8) * (&good.q - 1_u8);
    // Both are prime, so that hardly ever one of them divides p - 1 or q - 1.
    let exponents = [65539_u32, 65543].map(BigUint::from);
    let found = exponents.into_iter().find_map(|exponent| Some((exponent.modinv(&below)?, exponent)));
    let (private_exponent, public_exponent) = found.unwrap();
    RsaNumbers { public_exponent, private_exponent, ..good }.key()
}

/// An RSA key that is too long to be worth anybody's time: its numbers fit each other as far as they are
/// cheap to make, so that it takes many divisions to find out what is wrong with it.
pub fn huge_rsa_key(bytes: usize) -> Key {
    let one = BigUint::from(1_u8);
    // Of an even number of bits, so that the exponent divides what is to be divided by it.
    let p = &one << (8 * bytes + 1);
    let public_exponent = BigUint::from(3_u8);
    let remainder = ((&p << 1) - &one) / &public_exponent;
    let multiple: Vec<u8> = (0..bytes).map(|_| fastrand::u8(..)).collect();
    RsaNumbers {
        private_exponent: remainder + (&p - &one) * BigUint::from_bytes_be(&multiple),
        public_exponent,
        q: p.clone(),
        p,
        coefficient: one,
    }
    .key()
}
