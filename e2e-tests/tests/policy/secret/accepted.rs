//! What is accepted without a word; it is chosen then.

use base64::{Engine, prelude::BASE64_STANDARD};
use e2e_tests::certificates::der;
use rstest::rstest;
use serde_json::json;
use time::{Date, Duration, Month, OffsetDateTime, Time};

use super::{certificates::*, keys::*, support::*};
use crate::support::*;

#[rstest]
#[case::rsa(&*RSA)]
#[case::rsa_3072(&*RSA_3072)]
fn rsa_keys_in_every_form(#[case] key: &Key) {
    let certificate = full_chain(&leaf(key));
    for (label, content) in [
        ("PRIVATE KEY", key.pkcs8()),
        ("PRIVATE KEY", key.pkcs8_with_public(&key.public)),
        ("RSA PRIVATE KEY", key.pkcs1()),
    ] {
        assert_good(&secret(&certificate, pem(label, &content)));
    }
}

fn forms_of_a_curve(key: &Key) -> Vec<String> {
    let compressed = key.compressed_point();
    [
        ("PRIVATE KEY", key.pkcs8()),
        ("PRIVATE KEY", key.pkcs8_with_point(&key.public)),
        ("PRIVATE KEY", key.pkcs8_with_point(&compressed)),
        ("PRIVATE KEY", key.pkcs8_with_public(&key.public)),
        ("EC PRIVATE KEY", key.sec1()),
        ("EC PRIVATE KEY", key.sec1_with_point(&key.public)),
        ("EC PRIVATE KEY", key.sec1_with_point(&compressed)),
    ]
    .map(|(label, content)| pem(label, &content))
    .to_vec()
}

#[rstest]
#[case::p256(&*P256)]
#[case::p384(&*P384)]
fn keys_of_a_curve_in_every_form(#[case] key: &Key) {
    for tls_key in forms_of_a_curve(key) {
        assert_good(&secret(full_chain(&leaf(key)), tls_key));
    }
}

#[test]
fn a_curve_that_is_named_twice() {
    let tls_key = pem("PRIVATE KEY", &P256.pkcs8_with_curve(P256_OID));
    assert_good(&secret(leaf(&P256).pem(), tls_key));
}

/// They work, but not in browsers.
#[test]
fn p521_keys_in_every_form() {
    for tls_key in forms_of_a_curve(&P521) {
        let secret = secret(full_chain(&leaf(&P521)), tls_key);
        assert_warned(&secret, &["browsers", "P-521"], Some("a.example.com"));
    }
}

/// They work, but not in browsers.
#[test]
fn ed25519_keys_in_every_form() {
    for content in [ED25519.pkcs8(), ED25519.pkcs8_with_public(&ED25519.public)] {
        let secret = secret(full_chain(&leaf(&ED25519)), pem("PRIVATE KEY", &content));
        assert_warned(&secret, &["browsers", "Ed25519"], Some("a.example.com"));
    }
}

/// What another tool writes, rather than this test.
#[test]
fn a_self_signed_certificate_of_a_library() {
    assert_good(&routing_secret(NAME, &["a.example.com"]).to_manifest());
}

fn one_line(text: &str) -> String {
    let (mut lines, mut body): (Vec<&str>, String) = (text.lines().collect(), String::new());
    let end = lines.pop().unwrap();
    for line in &lines[1..] {
        body += line;
    }
    format!("{}\n{body}\n{end}\n", lines[0])
}

/// The same text, as it passes through editors, mails and other tools.
#[rstest]
#[case::as_it_is(str::to_owned)]
#[case::crlf(|text: &str| text.replace('\n', "\r\n"))]
#[case::no_final_line_end(|text: &str| text.trim_end().to_owned())]
#[case::crlf_but_the_last(|text: &str| text.trim_end().replace('\n', "\r\n"))]
#[case::empty_lines_around(|text: &str| format!("\n\n{text}\n\n"))]
#[case::text_before(|text: &str| format!("Bag Attributes\n    friendlyName: a\nsubject=CN = a, O = b: c\n{text}"))]
#[case::text_after(|text: &str| format!("{text}# the end, --- really\n"))]
#[case::text_between(|text: &str| text.replace("-----BEGIN", "issuer: Größe\n-----BEGIN"))]
#[case::trailing_spaces(|text: &str| text.replace('\n', " \t\n"))]
#[case::one_line(one_line)]
#[case::lines_of_76(|text: &str| {
    let one = one_line(text);
    let mut lines = one.lines();
    let (begin, body, end) = (lines.next().unwrap(), lines.next().unwrap(), lines.next().unwrap());
    let lines: Vec<_> = body.as_bytes().chunks(76).map(|line| str::from_utf8(line).unwrap()).collect();
    format!("{begin}\n{}\n{end}\n", lines.join("\n"))
})]
fn any_layout_of_pem(#[case] layout: fn(&str) -> String) {
    let (tls_crt, tls_key) = (leaf(&P256).pem(), P256.pem());
    assert_good(&secret(layout(&tls_crt), layout(&tls_key)));
    let traditional = pem("EC PRIVATE KEY", &P256.sec1_with_point(&P256.public));
    assert_good(&secret(layout(&tls_crt), layout(&traditional)));
}

#[rstest]
#[case::crlf(|text: &str| text.replace('\n', "\r\n"))]
#[case::text_between(|text: &str| text.replace("-----BEGIN", " 1 s:CN = a\n   i:CN = b\n-----BEGIN"))]
#[case::no_final_line_end(|text: &str| text.trim_end().to_owned())]
fn any_layout_of_a_chain(#[case] layout: fn(&str) -> String) {
    assert_good(&secret(layout(&full_chain(&leaf(&P256))), P256.pem()));
}

#[test]
fn parameters_before_the_key() {
    let parameters = pem("EC PARAMETERS", &der(OID, P256_OID));
    let key = pem("EC PRIVATE KEY", &P256.sec1_with_point(&P256.public));
    assert_good(&secret(leaf(&P256).pem(), parameters.clone() + &key));
    let crlf = (parameters + &key).replace('\n', "\r\n");
    assert_good(&secret(leaf(&P256).pem(), crlf));
}

#[test]
fn other_blocks_beside_the_key() {
    let blocks = leaf(&P256).pem() + &pem("PUBLIC KEY", &P256.spki()) + &P256.pem();
    assert_good(&secret(leaf(&P256).pem(), blocks));
}

#[rstest]
#[case::alone(leaf(&P256).pem())]
#[case::with_its_issuer(leaf(&P256).pem() + &ca("Intermediate", "Root").pem())]
#[case::with_the_root(full_chain(&leaf(&P256)))]
#[case::by_the_root(leaf(&P256).issuer("Root").pem() + &ca("Root", "Root").pem())]
fn chains_of_any_length(#[case] tls_crt: String) {
    assert_good(&secret(tls_crt, P256.pem()));
}

#[test]
fn a_hundred_names() {
    let names: Vec<_> = (0..100).map(|number| format!("h{number}.example.com")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let secret = secret_of(&leaf(&P256).names(&names));
    assert_good_for("h0.example.com", &secret);
    assert_good_for("h99.example.com", &secret);
}

#[rstest]
#[case::upper_case("A.EXAMPLE.COM", "a.example.com")]
#[case::mixed_case("a.Example.Com", "A.example.COM")]
#[case::wildcard("*.example.com", "a.example.com")]
#[case::upper_case_wildcard("*.EXAMPLE.com", "a.example.com")]
#[case::wildcard_host("*.example.com", "*.example.com")]
#[case::a_label_of_idn("xn--bcher-kva.example.com", "xn--bcher-kva.example.com")]
#[case::wildcard_below_idn("*.xn--bcher-kva.example", "a.xn--bcher-kva.example")]
#[case::idn_top_level("a.xn--p1ai", "a.xn--p1ai")]
#[case::underscore("_a.b_c.example.com", "_a.b_c.example.com")]
#[case::one_label("localhost", "localhost")]
#[case::digits("1.2.3.example.com", "1.2.3.example.com")]
#[case::hyphens("a--b-.example.com", "a--b-.example.com")]
#[case::deep("a.b.c.d.e.f.g.h.example.com", "a.b.c.d.e.f.g.h.example.com")]
fn any_name_that_can_match(#[case] name: &str, #[case] host: &str) {
    assert_good_for(host, &secret_of(&leaf(&P256).names(&[name])));
}

#[rstest]
#[case::no_common_name(leaf(&P256).subject(None))]
#[case::critical_names_and_no_subject(leaf(&P256).subject(None).alternative_names(&[der(0x82, b"a.example.com")], true))]
#[case::other_kinds_of_names(leaf(&P256).alternative_names(
    &[der(0x87, &[10, 0, 0, 1]), der(0x81, b"a@example.com"), der(0x82, b"a.example.com")], false))]
#[case::another_common_name(leaf(&P256).subject(Some("not a host, *.*")))]
#[case::no_usages(leaf(&P256).useless())]
#[case::any_usage(leaf(&P256).usages(&[ANY_USAGE]))]
#[case::servers_and_clients(leaf(&P256).usages(&[CLIENT_AUTH, SERVER_AUTH]))]
#[case::any_usage_beside_others(leaf(&P256).usages(&[CLIENT_AUTH, ANY_USAGE]))]
#[case::expressly_no_ca(leaf(&P256).extension(b"\x55\x1d\x13", true, sequence(&[])))]
#[case::unknown_extension(leaf(&P256).extension(b"\x2b\x06\x01\x04\x01\x82\x37\x15\x07", false, b"junk".to_vec()))]
#[case::long_serial(leaf(&P256).serial(&[0x7f; 20]))]
#[case::valid_since_now(leaf(&P256).valid(Duration::seconds(-1), Duration::days(90)))]
fn any_leaf_that_can_serve(#[case] certificate: Certificate) {
    assert_good(&secret_of(&certificate));
}

/// `GeneralizedTime`, and "no well-defined expiration date" (RFC 5280, section 4.1.2.5).
#[rstest]
#[case(2050, Month::January, 1)]
#[case(9999, Month::December, 31)]
fn any_end_far_away(#[case] year: i32, #[case] month: Month, #[case] day: u8) {
    let day = Date::from_calendar_date(year, month, day).unwrap();
    let end = OffsetDateTime::new_utc(day, Time::from_hms(23, 59, 59).unwrap());
    let begin = OffsetDateTime::now_utc() - Duration::days(1);
    assert_good(&secret_of(&leaf(&P256).valid_between(begin, end)));
}

#[rstest]
#[case::both(json!({}))]
#[case::instead_of_null(json!(null))]
#[case::over_junk(json!({"tls.crt": "anVuaw==", "tls.key": "anVuaw=="}))]
fn text_instead_of_data(#[case] data: serde_json::Value) {
    let text = json!({"tls.crt": leaf(&P256).pem(), "tls.key": P256.pem()});
    let secret = with(with(good_secret(), "/data", data.clone()), "/stringData", text);
    assert_silent(&judged(&secret, &json!({})));
    if data.is_object() {
        assert_good(&secret);
    }
}

#[test]
fn text_beside_data() {
    let tls_key = json!({"tls.key": P256.pem(), "more": "anything"});
    let secret = with(without(good_secret(), "/data", "tls.key"), "/stringData", tls_key);
    assert_good(&secret);
    let rejected = with(good_secret(), "/stringData", json!({"tls.key": OTHER_P256.pem()}));
    assert_rejected(&rejected, "key-mismatch");
}

#[test]
fn more_than_the_two_contents() {
    let root = BASE64_STANDARD.encode(ca("Root", "Root").pem());
    let more = with(good_secret(), "/data/ca.crt", json!(root));
    assert_good(&with(more, "/data/keystore.p12", json!("anVuaw==")));
}

#[test]
fn any_label_value_and_another_label() {
    for value in ["", "true", "false", "x"] {
        let labels = json!({LABEL: value, "app": "x"});
        assert_good(&with(good_secret(), "/metadata/labels", labels));
    }
    let other = with(good_secret(), "/metadata/labels", json!({"tls.example.com/use": ""}));
    let settings = json!({"routingLabel": "tls.example.com/use"});
    assert_silent(&judged(&other, &settings));
    assert_chosen("a.example.com", &other, &settings);
}
