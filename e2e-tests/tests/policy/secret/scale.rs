//! As much junk as a Secret can hold is refused within the evaluation limit of policy-server, which the
//! host enforces: an evaluation that takes longer is an error here.

use e2e_tests::certificates::der;
use rstest::rstest;
use serde_json::{Value, json};

use super::{certificates::*, keys::*, rsa_keys::*, support::*};
use crate::support::*;

/// What Kubernetes stores at most (`core/v1`, `MaxSecretSize`).
const MOST: usize = 1024 * 1024;

/// As many copies as fit.
fn filled(part: impl AsRef<[u8]>) -> Vec<u8> {
    let part = part.as_ref();
    part.repeat(MOST / part.len())
}

fn block(label: &str, body: &[u8]) -> Vec<u8> {
    let begin = format!("-----BEGIN {label}-----\n");
    let end = format!("\n-----END {label}-----\n");
    [begin.as_bytes(), &body[..MOST - 100], end.as_bytes()].concat()
}

/// DER of the size that fills a Secret when it is written in base64.
const MOST_DER: usize = MOST / 4 * 3 - 20_000;

fn elements(element: Vec<u8>) -> Vec<u8> {
    element.repeat(MOST_DER / element.len())
}

/// Sequences within sequences; each says that it goes on to the end.
fn nested() -> Vec<u8> {
    let levels = MOST_DER / 5;
    let heads = (0..levels).map(|level| {
        let length = u32::try_from((levels - 1 - level) * 5).unwrap();
        [&[SEQUENCE, 0x83 + 1], length.to_be_bytes().as_slice()].concat()
    });
    // The head has six bytes, so every length is too small or too big for what follows.
    heads.flatten().take(MOST_DER).collect()
}

fn refuse(secret: &Value) {
    let request = e2e_tests::request_from(secret.clone()).unwrap();
    let evaluation = POLICY.validate(&request, &json!({}), &closed()).unwrap();
    let message = evaluation.response.message.unwrap_or_default();
    println!("{:?} {message}", evaluation.elapsed);
    assert!(!evaluation.response.accepted);
    assert!(message.len() < 300 && message.ends_with(']'), "{message}");
    assert_eq!(evaluation.calls, []);
}

#[rstest]
#[case::base64_lines(filled("MIIBszCCAVmgAwIBAgIUYWFhYWFhYWFhYWFhYWFhYWFhYWEwCgYIKoZIzj0EAwIw\n"))]
#[case::one_endless_line(filled("A"))]
#[case::line_ends(filled("\n"))]
#[case::dashes(filled("-"))]
#[case::no_text(filled(b"\xff\x00"))]
#[case::headers(filled("Proc-Type: 4,ENCRYPTED\n"))]
#[case::beginnings(filled("-----BEGIN CERTIFICATE-----\n"))]
#[case::beginnings_of_keys(filled("-----BEGIN PRIVATE KEY-----\n"))]
#[case::ends(filled("-----END CERTIFICATE-----\n"))]
#[case::one_beginning_and_ends([b"-----BEGIN A-----\n".as_slice(), &filled("-----END CERTIFICATE-----\n")[..MOST - 100]].concat())]
#[case::beginnings_without_line_ends(filled("-----BEGIN CERTIFICATE-----"))]
#[case::empty_blocks(filled("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"))]
#[case::empty_keys(filled("-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n"))]
#[case::other_empty_blocks(filled("-----BEGIN A-----\n-----END A-----\n"))]
#[case::a_block_of_one_line(block("CERTIFICATE", &filled("A")))]
#[case::a_block_of_short_lines(block("CERTIFICATE", &filled("A\n")))]
#[case::a_block_of_headers(block("CERTIFICATE", &filled(":\n")))]
#[case::a_block_of_spaces(block("CERTIFICATE", &filled(" \n")))]
#[case::a_key_of_one_line(block("PRIVATE KEY", &filled("A")))]
fn text(#[case] junk: Vec<u8>) {
    refuse(&secret(&junk, "x"));
    refuse(&secret(leaf(&P256).pem(), &junk));
    let beside_a_good_key = [P256.pem().into_bytes(), junk[..MOST - 1000].to_vec()].concat();
    refuse(&secret(&junk, beside_a_good_key));
}

#[rstest]
#[case::zeros(vec![0; MOST_DER])]
#[case::one_element(der(SEQUENCE, &vec![0; MOST_DER]))]
#[case::small_elements(der(SEQUENCE, &elements(der(0x05, &[]))))]
#[case::small_sequences(der(SEQUENCE, &elements(der(SEQUENCE, &[]))))]
#[case::nested(nested())]
#[case::lengths_past_the_end(elements(b"\x30\x84\x7f\xff\xff\xff".to_vec()))]
#[case::a_big_number(sequence(&[der(INTEGER, &[0]), der(INTEGER, &vec![0x7f; MOST_DER])]))]
fn der_in_any_block(#[case] content: Vec<u8>) {
    refuse(&secret(certificate_pem(&content), P256.pem()));
    refuse(&secret(leaf(&P256).pem() + &certificate_pem(&content), "x"));
    for label in ["PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY"] {
        refuse(&secret(leaf(&P256).pem(), pem(label, &content)));
        refuse(&secret(leaf(&RSA).pem(), pem(label, &content)));
    }
}

/// Certificates that are well-formed as far as their size goes.
#[rstest]
#[case::of_many_names(leaf(&P256).alternative_names(&[elements(der(0x82, b"a.example.com"))], false))]
#[case::of_many_bad_names(leaf(&P256).alternative_names(&[elements(der(0x82, b"*"))], false))]
#[case::of_many_empty_names(leaf(&P256).alternative_names(&[elements(der(0x82, b""))], false))]
#[case::of_one_long_name(leaf(&P256).raw_names(&[&elements(b"a.".to_vec())]))]
#[case::of_a_long_subject(leaf(&P256).subject(Some(&"a".repeat(MOST_DER))))]
#[case::of_many_usages(leaf(&P256).useless().extension(b"\x55\x1d\x25", false, sequence(&[elements(der(OID, CLIENT_AUTH))])))]
#[case::of_a_long_serial(leaf(&P256).serial(&vec![0x7f; MOST_DER]))]
#[case::of_a_long_extension(leaf(&P256).extension(b"\x2b\x06", false, vec![0; MOST_DER]))]
fn a_certificate(#[case] certificate: Certificate) {
    refuse(&secret(certificate.pem(), OTHER_P256.pem()));
    // What is good but for its size may be accepted, but not late.
    judged_in_time(&secret(certificate.pem(), P256.pem()));
}

fn judged_in_time(secret: &Value) {
    let request = e2e_tests::request_from(secret.clone()).unwrap();
    let evaluation = POLICY.validate(&request, &json!({}), &closed()).unwrap();
    println!("{:?} {:?}", evaluation.elapsed, evaluation.response.message);
}

#[test]
fn a_chain() {
    for key in [&P256, &RSA] {
        let chain = leaf(key).pem() + &ca("Intermediate", "Root").pem().repeat(MOST / 700);
        refuse(&secret(chain, OTHER_RSA.pem()));
        refuse(&secret(filled(leaf(key).pem()), OTHER_RSA.pem()));
    }
}

#[rstest]
#[case::of_64_thousand_bits(4)]
#[case::of_as_many_bits_as_fit(90)]
fn an_rsa_key_of_huge_numbers(#[case] kibibytes: usize) {
    let huge = huge_rsa_key(kibibytes * 1024);
    for tls_key in [huge.pem(), pem("RSA PRIVATE KEY", &huge.pkcs1())] {
        assert!(tls_key.len() < MOST);
        refuse(&secret(leaf(&RSA).pem(), &tls_key));
        refuse(&secret(leaf(&P256).pem(), &tls_key));
        refuse(&secret(leaf(&huge).pem(), &tls_key));
    }
    refuse(&secret(leaf(&huge).pem(), RSA.pem()));
}

/// Nothing needs to be read where nothing is judged.
#[test]
fn what_is_not_judged() {
    let junk = secret(filled("-----BEGIN CERTIFICATE-----\n"), "x");
    let unlabelled = without(junk.clone(), "/metadata", "labels");
    assert_silent(&updated(&junk, &junk));
    assert_silent(&updated(&junk, &unlabelled));
}
