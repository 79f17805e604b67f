//! A leaf that cannot serve now, or no host. What look-ups call unusable is
//! not chosen either, should it have come into the cluster without being asked about.

use e2e_tests::certificates::der;
use rstest::rstest;
use serde_json::{Value, json};
use time::Duration;

use super::{certificates::*, keys::*, support::*};

/// Asserts that a certificate for `a.example.com` is neither accepted nor chosen.
fn assert_unusable(certificate: &Certificate, code: &str) {
    assert_rejected(&secret_of(certificate), code);
    assert!(!is_chosen("a.example.com", &secret_of(certificate), &json!({})));
}

#[rstest]
#[case::long_ago(Duration::days(-90), Duration::days(-30))]
#[case::a_second_ago(Duration::days(-1), Duration::seconds(-1))]
fn an_expired_certificate_is_refused(#[case] from: Duration, #[case] until: Duration) {
    assert_unusable(&leaf(&P256).valid(from, until), "expired");
}

#[rstest]
#[case::in_a_month(Duration::days(30), Duration::days(90))]
#[case::in_a_minute(Duration::minutes(1), Duration::days(90))]
fn a_certificate_that_is_not_valid_yet_is_refused(#[case] from: Duration, #[case] until: Duration) {
    assert_unusable(&leaf(&P256).valid(from, until), "not-yet-valid");
}

/// A certificate that ends in these hours, and the setting.
#[rstest]
#[case(24 * 30 - 1, 30, Some("ends-too-soon"))]
#[case(24 * 30 + 1, 30, None)]
#[case(24 * 90, 91, Some("ends-too-soon"))]
#[case(1, 0, None)]
#[case(1, 1, Some("ends-too-soon"))]
#[case(24 * 90, u64::MAX, Some("ends-too-soon"))]
#[case(-1, 30, Some("expired"))]
fn the_least_number_of_days_is_a_setting(#[case] hours: i64, #[case] days: u64, #[case] code: Option<&str>) {
    let certificate = leaf(&P256).valid(Duration::days(-1), Duration::hours(hours));
    let settings = json!({"secret": {"minimumDaysLeft": days, "warnDaysLeft": 0}});
    let evaluation = judged(&secret_of(&certificate), &settings);
    match code {
        Some(code) => assert_refused(&evaluation, code),
        None => assert_silent(&evaluation),
    }
}

#[test]
fn by_default_a_minute_is_enough() {
    let certificate = leaf(&P256).valid(Duration::days(-1), Duration::minutes(1));
    let response = judged(&secret_of(&certificate), &json!({})).response;
    assert!(response.accepted, "{:?}", response.message);
}

#[rstest]
#[case::only_a_common_name(leaf(&P256).subject(Some("a.example.com")).nameless())]
#[case::no_names(leaf(&P256).names(&[]))]
#[case::only_other_kinds(leaf(&P256).alternative_names(
    &[der(0x87, &[10, 0, 0, 1]), der(0x81, b"a@example.com"), der(0x86, b"https://a.example.com")], false))]
fn a_certificate_without_dns_names_is_refused(#[case] certificate: Certificate) {
    assert_unusable(&certificate, "no-dns-name");
}

#[rstest]
#[case::empty("")]
#[case::a_dot(".")]
#[case::empty_label("a..example.com")]
#[case::empty_first_label(".example.com")]
#[case::absolute("a.example.com.")]
#[case::a_space("a b.example.com")]
#[case::a_line_end("a.example.com\n")]
#[case::a_zero("a.example.com\0")]
#[case::a_port("a.example.com:443")]
#[case::a_url("https://a.example.com")]
#[case::hyphen_first("-a.example.com")]
#[case::no_ascii("bücher.example.com")]
#[case::an_address("10.0.0.1")]
#[case::wildcard_part("f*.example.com")]
#[case::wildcard_end("*f.example.com")]
#[case::wildcard_within("a.*.example.com")]
#[case::wildcard_last("a.example.*")]
#[case::two_wildcards("*.*.example.com")]
#[case::wildcard_alone("*")]
#[case::wildcard_and_dot("*.")]
#[case::wildcard_twice("**.example.com")]
fn a_name_that_can_never_match_is_refused(#[case] name: &str) {
    let alone = secret_of(&leaf(&P256).names(&[name]));
    assert_rejected(&alone, "bad-dns-name");
    for host in ["a.example.com", "fa.example.com", "a.b.example.com"] {
        assert!(!is_chosen(host, &alone, &json!({})), "chosen for {host}");
    }
    for names in [[name, "a.example.com"], ["a.example.com", name]] {
        let beside_a_good_one = secret_of(&leaf(&P256).names(&names));
        let response = judged(&beside_a_good_one, &json!({})).response;
        // Go refuses the whole certificate for a name that is not ASCII.
        assert_eq!(response.accepted, name.is_ascii(), "{:?}", response.message);
        // A malformed name never hides a good one.
        assert_chosen("a.example.com", &beside_a_good_one, &json!({}));
    }
}

#[test]
fn a_name_that_is_no_text_is_refused() {
    for name in [b"\xff.example.com".as_slice(), b"a\xc3.example.com"] {
        assert_unusable(&leaf(&P256).raw_names(&[name]), "bad-dns-name");
    }
}

/// What can match depends on how far `*` reaches.
#[rstest]
#[case("f*.example.com", "foo.example.com")]
#[case("a.*.example.com", "a.b.example.com")]
#[case("*.*.example.com", "a.b.example.com")]
#[case("*", "a.example.com")]
fn a_glob_is_good_where_it_can_match(#[case] name: &str, #[case] host: &str) {
    let secret = secret_of(&leaf(&P256).names(&[name]));
    let settings = json!({"wildcards": "anyDepth"});
    assert_silent(&judged(&secret, &settings));
    assert_chosen(host, &secret, &settings);
    assert_rejected(&secret, "bad-dns-name");
}

#[rstest]
#[case::clients(&[CLIENT_AUTH])]
#[case::code(&[b"\x2b\x06\x01\x05\x05\x07\x03\x03".as_slice()])]
#[case::two(&[CLIENT_AUTH, b"\x2b\x06\x01\x05\x05\x07\x03\x04"])]
fn a_certificate_for_other_usages_is_refused(#[case] usages: &[&[u8]]) {
    assert_rejected(&secret_of(&leaf(&P256).usages(usages)), "not-for-servers");
}

/// Broken Secrets of the look-up's kind.
#[rstest]
#[case::text(secret("this is no certificate", P256.pem()))]
#[case::trailing_bytes(secret(certificate_pem(&[leaf(&P256).der(), vec![0]].concat()), P256.pem()))]
#[case::cut_off(secret(leaf(&P256).pem().replace("-----END CERTIFICATE-----\n", ""), P256.pem()))]
#[case::nothing(secret("", ""))]
fn a_broken_secret_is_not_chosen(#[case] secret: Value) {
    assert!(!judged(&secret, &json!({})).response.accepted);
    assert!(!is_chosen("a.example.com", &secret, &json!({})));
}
