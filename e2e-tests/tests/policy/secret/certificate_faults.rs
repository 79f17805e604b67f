//! The type, and what is no chain of certificates in `tls.crt`.

use e2e_tests::certificates::der;
use rstest::rstest;
use serde_json::{Value, json};

use super::{certificates::*, keys::*, support::*};

const SUBJECT_KEY_IDENTIFIER: &[u8] = b"\x55\x1d\x0e";

#[rstest]
#[case(json!("Opaque"))]
#[case(json!("kubernetes.io/tls "))]
#[case(json!(""))]
#[case(json!(null))]
fn another_type_is_refused(#[case] secret_type: Value) {
    assert_rejected(&with(good_secret(), "/type", secret_type), "wrong-type");
}

#[test]
fn no_type_is_refused() {
    assert_rejected(&without(good_secret(), "", "type"), "wrong-type");
}

#[rstest]
#[case("tls.crt", "no-tls-crt")]
#[case("tls.key", "no-tls-key")]
fn a_missing_or_empty_content_is_refused(#[case] key: &str, #[case] code: &str) {
    assert_rejected(&without(good_secret(), "/data", key), code);
    let empty = with(good_secret(), &format!("/data/{key}"), json!(""));
    assert_rejected(&empty, code);
    let overridden = with(good_secret(), "/stringData", json!({key: ""}));
    assert_rejected(&overridden, code);
}

#[rstest]
#[case(json!(null))]
#[case(json!({}))]
fn no_data_at_all_is_refused(#[case] data: Value) {
    assert_rejected(&with(good_secret(), "/data", data), "no-tls-crt");
    assert_rejected(&without(good_secret(), "", "data"), "no-tls-crt");
}

/// What is seen in the place of PEM is said.
#[rstest]
#[case::byte_order_mark(format!("\u{feff}{}", pem_of_leaf()).into(), "byte order mark")]
#[case::byte_order_mark_in_the_chain(format!("{}\u{feff}{}", pem_of_leaf(), ca("Intermediate", "Root").pem()).into(), "byte order mark")]
#[case::utf_16(pem_of_leaf().encode_utf16().fold(vec![0xff, 0xfe], |all, unit| [all, unit.to_le_bytes().to_vec()].concat()), "UTF-16")]
#[case::utf_16_without_a_mark(pem_of_leaf().encode_utf16().flat_map(u16::to_le_bytes).collect(), "UTF-16")]
#[case::short("changeme".into(), "no PEM block")]
#[case::der_with_such_bytes([leaf(&P256).der(), b"\\n".to_vec()].concat(), "binary")]
#[case::literal_line_ends(pem_of_leaf().replace('\n', "\\n").into(), r"\n")]
#[case::one_line(pem_of_leaf().replace('\n', "").into(), "without PEM lines")]
#[case::spaces_for_line_ends(pem_of_leaf().replace('\n', " ").into(), "without PEM lines")]
#[case::base64_alone(pem_of_leaf().lines().filter(|line| !line.starts_with('-')).collect::<String>().into(), "without PEM lines")]
#[case::der(leaf(&P256).der(), "binary")]
#[case::indented(pem_of_leaf().replace("-----BEGIN", "  -----BEGIN").into(), "on a line")]
#[case::indented_end(pem_of_leaf().replace("-----END", " -----END").into(), "on a line")]
#[case::two_blocks_on_a_line(pem_of_leaf().trim_end().to_owned().into_bytes().repeat(2), "on a line")]
#[case::a_broken_block(pem_of_leaf().replacen("MII", "M%I", 1).into(), "broken")]
fn what_is_seen_in_the_place_of_pem_is_said(#[case] tls_crt: Vec<u8>, #[case] seen: &str) {
    assert_rejected_for(&secret(tls_crt, P256.pem()), "not-pem", seen);
}

/// OpenSSL does not load them: ecdsa-with-SHA1 and sha1WithRSAEncryption. Of a root, nobody checks the
/// signature.
#[rstest]
#[case(b"\x2a\x86\x48\xce\x3d\x04\x01")]
#[case(b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05")]
fn weak_signatures_are_refused(#[case] algorithm: &'static [u8]) {
    assert_rejected(&secret_of(&leaf(&P256).signed_with(algorithm)), "weak-signature");
    let chain = leaf(&P256).pem() + &ca("Intermediate", "Root").signed_with(algorithm).pem();
    assert_rejected(&secret(chain, P256.pem()), "weak-signature");
    let chain = leaf(&P256).pem()
        + &ca("Intermediate", "Root").pem()
        + &ca("Root", "Root").signed_with(algorithm).pem();
    assert_good(&secret(chain, P256.pem()));
}

/// RFC 6962, section 3.1: a CA logs a precertificate, which has the poison, and issues the certificate, which
/// may have the answers of the logs.
#[test]
fn a_precertificate_is_refused() {
    const POISON: &[u8] = b"\x2b\x06\x01\x04\x01\xd6\x79\x02\x04\x03";
    const ANSWERS: &[u8] = b"\x2b\x06\x01\x04\x01\xd6\x79\x02\x04\x02";
    let null = der(0x05, &[]);
    for critical in [true, false] {
        let leaf = leaf(&P256).extension(POISON, critical, null.clone());
        assert_rejected_for(&secret_of(&leaf), "bad-certificate", "precertificate");
    }
    assert_good(&secret_of(&leaf(&P256).extension(ANSWERS, false, null)));
}

fn pem_of_leaf() -> String {
    leaf(&P256).pem()
}

#[rstest]
#[case::text("this is no certificate\n".into())]
#[case::a_line_end("\n".into())]
#[case::der(leaf(&P256).der())]
#[case::base64_without_markers(pem_of_leaf().lines().filter(|line| !line.starts_with('-')).collect::<String>().into())]
#[case::no_end(pem_of_leaf().replace("-----END CERTIFICATE-----\n", "").into())]
#[case::another_end(pem_of_leaf().replace("END CERTIFICATE", "END PUBLIC KEY").into())]
#[case::two_dashes_missing(pem_of_leaf().replace("-----", "---").into())]
#[case::not_base64(pem_of_leaf().replacen("MII", "M%I", 1).into())]
#[case::cut_off(pem_of_leaf().replacen("MII", "MI", 1).into())]
#[case::second_block_without_end((pem_of_leaf() + "-----BEGIN CERTIFICATE-----\nMAA=\n").into())]
#[case::second_block_not_base64((pem_of_leaf() + "-----BEGIN CERTIFICATE-----\n%%%%\n-----END CERTIFICATE-----\n").into())]
fn what_is_not_pem_is_refused(#[case] tls_crt: Vec<u8>) {
    assert_rejected(&secret(tls_crt, P256.pem()), "not-pem");
}

#[rstest]
#[case("PUBLIC KEY", P256.spki())]
#[case("CERTIFICATE REQUEST", leaf(&P256).der())]
#[case("X509 CRL", leaf(&P256).der())]
#[case("EC PARAMETERS", der(OID, P256_OID))]
fn blocks_that_are_no_certificates_are_refused(#[case] label: &str, #[case] content: Vec<u8>) {
    assert_rejected(&secret(pem(label, &content), P256.pem()), "no-certificate");
}

/// Certificates that Go does not parse, in whatever place.
#[rstest]
#[case::nothing(vec![])]
#[case::text(b"this is no certificate".to_vec())]
#[case::a_byte_follows([leaf(&P256).der(), vec![0]].concat())]
#[case::another_one_follows(leaf(&P256).der().repeat(2))]
#[case::cut_off(leaf(&P256).der().split_last().unwrap().1.to_vec())]
#[case::a_key(P256.spki())]
#[case::an_empty_sequence(sequence(&[]))]
#[case::a_length_past_the_end(b"\x30\x84\xff\xff\xff\xff".to_vec())]
#[case::an_indefinite_length([b"\x30\x80".as_slice(), &leaf(&P256).der()[4..], b"\0\0"].concat())]
fn what_is_no_certificate_is_refused_at_every_place(#[case] bad: Vec<u8>) {
    let bad = certificate_pem(&bad);
    let root = ca("Intermediate", "Root").pem();
    for tls_crt in [
        bad.clone(),
        bad.clone() + &pem_of_leaf(),
        pem_of_leaf() + &bad,
        pem_of_leaf() + &bad + &root,
        pem_of_leaf() + &root + &bad,
    ] {
        assert_rejected(&secret(tls_crt, P256.pem()), "bad-certificate");
    }
}

/// What is DER, but no certificate to Go (`crypto/x509`, `ParseCertificate`).
#[rstest]
#[case::negative_serial(leaf(&P256).serial(&[0xff]))]
#[case::no_serial(leaf(&P256).serial(&[]))]
#[case::two_signature_algorithms(leaf(&P256).other_signature())]
#[case::two_equal_extensions(leaf(&P256).extension(SUBJECT_KEY_IDENTIFIER, false, der(OCTET_STRING, b"id")).extension(SUBJECT_KEY_IDENTIFIER, false, der(OCTET_STRING, b"id")))]
#[case::junk_for_usages(leaf(&P256).useless().extension(b"\x55\x1d\x25", false, b"junk".to_vec()))]
#[case::junk_for_names(leaf(&P256).nameless().extension(b"\x55\x1d\x11", false, b"junk".to_vec()))]
#[case::an_address_of_five_bytes(leaf(&P256).alternative_names(&[der(0x82, b"a.example.com"), der(0x87, b"12345")], false))]
fn a_leaf_that_go_does_not_parse_is_refused(#[case] leaf: Certificate) {
    assert_rejected(&secret_of(&leaf), "bad-certificate");
}

#[rstest]
#[case::pkcs8(P256.pem())]
#[case::sec1(pem("EC PRIVATE KEY", &P256.sec1()))]
#[case::of_somebody_else(OTHER_P256.pem())]
#[case::encrypted(pem("ENCRYPTED PRIVATE KEY", b"whatever"))]
#[case::unsupported(pem("DSA PRIVATE KEY", b"whatever"))]
#[case::unreadable(pem("PRIVATE KEY", b"whatever"))]
#[case::cut_off(P256.pem().replace("-----END PRIVATE KEY-----\n", ""))]
fn a_private_key_among_the_certificates_is_refused(#[case] key: String) {
    for tls_crt in [key.clone(), key.clone() + &pem_of_leaf(), pem_of_leaf() + &key] {
        assert_rejected(&secret(&tls_crt, P256.pem()), "key-in-tls-crt");
        let text = json!({"tls.crt": tls_crt, "tls.key": tls_crt});
        assert_rejected(&with(good_secret(), "/stringData", text), "key-in-tls-crt");
    }
}

#[test]
fn a_leaf_after_its_issuers_is_refused() {
    let issuer = ca("Intermediate", "Root").pem();
    let root = ca("Root", "Root").pem();
    let leaf = pem_of_leaf();
    for tls_crt in [issuer.clone() + &leaf, root.clone() + &issuer + &leaf, issuer + &leaf + &root] {
        assert_rejected(&secret(tls_crt, P256.pem()), "leaf-not-first");
    }
}

/// A text that is no base64 is not written by any API server, but a host may be asked without one.
#[rstest]
#[case("/data", json!([1]), "data")]
#[case("/data", json!("c2VjcmV0"), "data")]
#[case("/stringData", json!(7), "stringData")]
#[case("/data/tls.crt", json!("%"), "tls.crt")]
#[case("/data/tls.crt", json!(7), "tls.crt")]
#[case("/data/tls.key", json!({"c2VjcmV0": "c2VjcmV0"}), "tls.key")]
#[case("/stringData", json!({"tls.key": 7}), "tls.key")]
#[case("/metadata/labels", json!(["c2VjcmV0"]), "metadata.labels")]
fn a_field_of_the_wrong_type_is_named_but_not_shown(
    #[case] pointer: &str,
    #[case] value: Value,
    #[case] field: &str,
) {
    let response = judged(&with(good_secret(), pointer, value), &json!({})).response;
    assert!(!response.accepted);
    let message = response.message.unwrap();
    assert!(message.contains(field) && !message.contains("c2VjcmV0"), "{message}");
}
