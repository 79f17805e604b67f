//! What is no private key, or not the one of the leaf.

use e2e_tests::certificates::der;
use rstest::rstest;

use super::{certificates::*, keys::*, rsa_keys::*, support::*};

/// A Secret with a good certificate for [`P256`] and this key.
fn assert_key_rejected(tls_key: impl AsRef<[u8]>, code: &str) {
    assert_rejected(&secret(leaf(&P256).pem(), tls_key), code);
}

#[rstest]
#[case::text("this is no key\n".into())]
#[case::a_line_end("\n".into())]
#[case::der(P256.pkcs8())]
#[case::base64_without_markers(P256.pem().lines().filter(|line| !line.starts_with('-')).collect::<String>().into())]
#[case::only_the_certificate(leaf(&P256).pem().into())]
#[case::only_the_public_key(pem("PUBLIC KEY", &P256.spki()).into())]
#[case::only_parameters(pem("EC PARAMETERS", &der(OID, P256_OID)).into())]
fn a_content_without_a_private_key_is_refused(#[case] tls_key: Vec<u8>) {
    assert_key_rejected(tls_key, "no-key");
}

#[rstest]
#[case::byte_order_mark(format!("\u{feff}{}", P256.pem()), "byte order mark")]
#[case::indented(format!("  {}", P256.pem()), "on a line")]
#[case::literal_newlines(P256.pem().replace('\n', "\\n"), r"\n")]
fn what_is_seen_in_the_place_of_a_key_is_said(#[case] tls_key: String, #[case] seen: &str) {
    assert_rejected_for(&secret(leaf(&P256).pem(), tls_key), "no-key", seen);
}

#[rstest]
#[case::the_same_twice(P256.pem().repeat(2))]
#[case::in_two_forms(P256.pem() + &pem("EC PRIVATE KEY", &P256.sec1()))]
#[case::another_one_follows(P256.pem() + &OTHER_P256.pem())]
#[case::another_one_is_first(OTHER_P256.pem() + &P256.pem())]
#[case::an_encrypted_one_follows(P256.pem() + &pem("ENCRYPTED PRIVATE KEY", b"whatever"))]
#[case::with_a_certificate_between(P256.pem() + &leaf(&P256).pem() + &RSA.pem())]
fn several_private_keys_are_refused(#[case] tls_key: String) {
    assert_key_rejected(tls_key, "several-keys");
}

fn with_header(label: &str, content: &[u8]) -> String {
    let header = "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00112233445566778899AABBCCDDEEFF\n\n";
    let begin = format!("-----BEGIN {label}-----\n");
    pem(label, content).replace(&begin, &format!("{begin}{header}"))
}

#[rstest]
#[case::pkcs8(pem("ENCRYPTED PRIVATE KEY", &sequence(&[der(OCTET_STRING, &[7; 200])])))]
#[case::pkcs8_of_anything(pem("ENCRYPTED PRIVATE KEY", b"whatever"))]
#[case::traditional_rsa(with_header("RSA PRIVATE KEY", &[7; 200]))]
#[case::traditional_ec(with_header("EC PRIVATE KEY", &[7; 64]))]
#[case::crlf(with_header("EC PRIVATE KEY", &[7; 64]).replace('\n', "\r\n"))]
fn an_encrypted_key_is_refused(#[case] tls_key: String) {
    assert_key_rejected(tls_key, "encrypted-key");
}

fn flipped(mut bytes: Vec<u8>, at: usize) -> Vec<u8> {
    bytes[at] ^= 0x40;
    bytes
}

/// The order of P-256 (SEC 2, section 2.4.2); scalars are below.
const P256_ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa,
    0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

fn p256_of(scalar: &[u8]) -> Key {
    ec(P256_OID, scalar.to_vec(), P256.public.clone())
}

#[rstest]
#[case::nothing("PRIVATE KEY", vec![])]
#[case::text("PRIVATE KEY", b"this is no key".to_vec())]
#[case::cut_off("PRIVATE KEY", P256.pkcs8().split_last().unwrap().1.to_vec())]
#[case::a_byte_follows("PRIVATE KEY", [P256.pkcs8(), vec![0]].concat())]
#[case::a_byte_follows_in_sec1("EC PRIVATE KEY", [P256.sec1(), vec![0]].concat())]
#[case::a_byte_follows_in_pkcs1("RSA PRIVATE KEY", [RSA.pkcs1(), vec![0]].concat())]
#[case::a_length_past_the_end("PRIVATE KEY", b"\x30\x84\xff\xff\xff\xff".to_vec())]
#[case::no_curve("EC PRIVATE KEY", P256.sec1_without_curve())]
#[case::two_curves("PRIVATE KEY", P256.pkcs8_with_curve(b"\x2b\x81\x04\x00\x22"))]
#[case::scalar_zero("PRIVATE KEY", p256_of(&[0; 32]).pkcs8())]
#[case::scalar_of_the_order("PRIVATE KEY", p256_of(&P256_ORDER).pkcs8())]
#[case::scalar_too_long("EC PRIVATE KEY", p256_of(&[7; 48]).sec1())]
#[case::no_scalar("EC PRIVATE KEY", p256_of(&[]).sec1())]
#[case::short_seed("PRIVATE KEY", ED25519.pkcs8().split_last().unwrap().1.to_vec())]
#[case::rsa_modulus_is_no_product("RSA PRIVATE KEY", flipped(RSA.pkcs1(), 100))]
#[case::rsa_coefficient_is_wrong("RSA PRIVATE KEY", flipped(RSA.pkcs1(), RSA.pkcs1().len() - 20))]
#[case::rsa_in_pkcs8("PRIVATE KEY", rsa_of(flipped(RSA.pkcs1(), 100), vec![]).pkcs8())]
fn a_key_that_cannot_be_read_is_refused(#[case] label: &str, #[case] content: Vec<u8>) {
    assert_key_rejected(pem(label, &content), "bad-key");
}

/// Every number of PKCS #1 must fit the others, which Go checks too (`crypto/rsa`, `Validate`).
#[test]
fn an_rsa_key_that_contradicts_itself_is_refused_wherever_it_does() {
    let certificate = leaf(&RSA).pem();
    let good = RSA.pkcs1();
    assert_good(&secret(&certificate, pem("RSA PRIVATE KEY", &good)));
    // Lengths of 2 048 bits: version, n, e, d, p, q, d mod (p - 1), d mod (q - 1), 1/q mod p.
    for at in [100, 272, 400, 580, 720, 850, 980, 1100] {
        let text = pem("RSA PRIVATE KEY", &flipped(good.clone(), at));
        assert_rejected(&secret(&certificate, text), "bad-key");
    }
}

/// Numbers of a key for [`RSA`] that fit each other but for one thing, which Go does not take.
#[rstest]
#[case::exponent_fits_one_prime(|key: &mut RsaNumbers| key.private_exponent += &key.p - 1_u8)]
#[case::exponent_fits_the_other_prime(|key: &mut RsaNumbers| key.private_exponent += &key.q - 1_u8)]
#[case::exponent_beyond_the_modulus(|key: &mut RsaNumbers| key.private_exponent += (&key.p - 1_u8) * (&key.q - 1_u8) * 2_u8)]
#[case::coefficient_beyond_the_prime(|key: &mut RsaNumbers| key.coefficient += &key.p)]
fn an_rsa_key_with_one_odd_number_is_refused(#[case] change: fn(&mut RsaNumbers)) {
    let mut numbers = RsaNumbers::good();
    let secret =
        |numbers: &RsaNumbers| secret(leaf(&RSA).pem(), pem("RSA PRIVATE KEY", &numbers.key().pkcs1()));
    assert_good(&secret(&numbers));
    change(&mut numbers);
    assert_rejected(&secret(&numbers), "bad-key");
}

/// Such a modulus is factored at once (FIPS 186-5, appendix A.1.3).
#[test]
fn an_rsa_key_of_primes_that_are_near_each_other_is_refused() {
    let key = RsaNumbers::near_each_other().key();
    assert_rejected(&secret(leaf(&key).pem(), key.pem()), "bad-key");
}

#[rstest]
#[case::not_base64(P256.pem().replacen("-----\nM", "-----\n%", 1))]
#[case::no_end(P256.pem().replace("-----END PRIVATE KEY-----\n", ""))]
#[case::another_end(P256.pem().replace("END PRIVATE KEY", "END EC PRIVATE KEY"))]
fn a_broken_block_is_refused(#[case] tls_key: String) {
    assert_key_rejected(tls_key, "bad-key");
}

/// The kind of the key may be a good one, so the format is named, and how to leave it.
#[test]
fn a_key_in_the_format_of_openssh_is_refused() {
    let tls_key = pem("OPENSSH PRIVATE KEY", b"openssh-key-v1\0none");
    let secret = secret(leaf(&P256).pem(), tls_key);
    assert_rejected_for(&secret, "bad-key", "ssh-keygen -p -N '' -m PKCS8 -f FILE");
}

#[rstest]
#[case::dsa(pem("DSA PRIVATE KEY", b"whatever"))]
#[case::p224(P224.pem())]
#[case::p224_in_sec1(pem("EC PRIVATE KEY", &P224.sec1()))]
#[case::secp256k1(SECP256K1.pem())]
#[case::secp256k1_in_sec1(pem("EC PRIVATE KEY", &SECP256K1.sec1()))]
fn a_key_of_a_kind_that_cannot_serve_is_refused(#[case] tls_key: String) {
    assert_key_rejected(tls_key, "unsupported-key");
}

#[rstest]
#[case::p224(&*P224)]
#[case::secp256k1(&*SECP256K1)]
fn a_certificate_of_such_a_kind_is_refused(#[case] key: &Key) {
    assert_rejected(&secret(leaf(key).pem(), key.pem()), "unsupported-key");
}

#[rstest]
#[case::half(RSA_1024.pem())]
#[case::half_in_pkcs1(pem("RSA PRIVATE KEY", &RSA_1024.pkcs1()))]
fn a_short_rsa_key_is_refused(#[case] tls_key: String) {
    assert_rejected(&secret(leaf(&RSA_1024).pem(), tls_key), "weak-key");
}

#[test]
fn an_rsa_key_one_bit_too_short_is_refused() {
    let key = rsa(2047);
    assert_rejected(&secret(leaf(&key).pem(), key.pem()), "weak-key");
}

#[rstest]
#[case::p256(&*P256, &*OTHER_P256)]
#[case::p384(&*P384, &*OTHER_P384)]
#[case::p521(&*P521, &*OTHER_P521)]
#[case::ed25519(&*ED25519, &*OTHER_ED25519)]
#[case::rsa(&*RSA, &*OTHER_RSA)]
#[case::rsa_of_another_length(&*RSA, &*RSA_3072)]
#[case::longer_curve(&*P256, &*P384)]
#[case::shorter_curve(&*P521, &*P256)]
#[case::rsa_for_a_curve(&*P256, &*RSA)]
#[case::a_curve_for_rsa(&*RSA, &*P256)]
#[case::ed25519_for_a_curve(&*P256, &*ED25519)]
#[case::a_curve_for_ed25519(&*ED25519, &*P256)]
fn a_key_of_another_certificate_is_refused(#[case] certified: &Key, #[case] other: &Key) {
    let chain = full_chain(&leaf(certified));
    assert_rejected(&secret(leaf(certified).pem(), other.pem()), "key-mismatch");
    if other.public != OTHER_P256.public {
        assert_rejected(&secret(chain, other.pem()), "key-mismatch");
    }
}

#[test]
fn an_rsa_key_of_the_same_modulus_with_another_exponent_is_refused() {
    let other = rsa_of_another_exponent();
    assert_good(&secret(leaf(&other).pem(), other.pem()));
    assert_rejected(&secret(leaf(&RSA).pem(), other.pem()), "key-mismatch");
    assert_rejected(&secret(leaf(&other).pem(), RSA.pem()), "key-mismatch");
}

/// A key that says which public key it belongs to proves nothing; one that says so wrongly is broken.
#[rstest]
#[case::p256(&*P256, &*OTHER_P256)]
#[case::p384(&*P384, &*OTHER_P384)]
#[case::p521(&*P521, &*OTHER_P521)]
fn a_key_with_the_point_of_another_is_refused(#[case] key: &Key, #[case] other: &Key) {
    for certificate in [leaf(key).pem(), leaf(other).pem()] {
        for (label, content) in [
            ("EC PRIVATE KEY", other.sec1_with_point(&key.public)),
            ("PRIVATE KEY", other.pkcs8_with_point(&key.public)),
            ("PRIVATE KEY", other.pkcs8_with_public(&key.public)),
            ("EC PRIVATE KEY", other.sec1_with_point(&key.compressed_point())),
            ("EC PRIVATE KEY", other.sec1_with_point(&[])),
        ] {
            assert_rejected(&secret(&certificate, pem(label, &content)), "bad-key");
        }
    }
}

/// The first byte of a compressed point says which of two it is.
#[rstest]
#[case::the_other_point(1)]
#[case::no_point(4)]
fn a_key_with_the_opposite_point_is_refused(#[case] change: u8) {
    let mut point = P256.compressed_point();
    point[0] ^= change;
    let content = P256.sec1_with_point(&point);
    assert_key_rejected(pem("EC PRIVATE KEY", &content), "bad-key");
    let content = P256.pkcs8_with_public(&point);
    assert_key_rejected(pem("PRIVATE KEY", &content), "bad-key");
}

#[rstest]
#[case::ed25519(&*ED25519, &*OTHER_ED25519)]
#[case::rsa(&*RSA, &*OTHER_RSA)]
fn a_key_with_the_public_key_of_another_is_refused(#[case] key: &Key, #[case] other: &Key) {
    for certificate in [leaf(key).pem(), leaf(other).pem()] {
        let content = other.pkcs8_with_public(&key.public);
        assert_rejected(&secret(&certificate, pem("PRIVATE KEY", &content)), "bad-key");
    }
}
