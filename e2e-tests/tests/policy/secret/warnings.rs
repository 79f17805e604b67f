//! What is accepted with a warning.

use e2e_tests::certificates::der;
use rstest::rstest;
use serde_json::{Value, json};
use time::Duration;

use super::{certificates::*, keys::*, support::*};
use crate::support::assert_fits;

const HOST: Option<&str> = Some("a.example.com");

/// A certificate that was valid for more than a year already.
fn ending_in(left: Duration) -> Value {
    secret_of(&leaf(&P256).valid(Duration::days(-400), left))
}

/// A certificate that ends in these hours, and the setting.
#[rstest]
#[case::default(24 * 21 - 1, None, true)]
#[case::default(24 * 21 + 1, None, false)]
#[case::longer(24 * 30 - 1, Some(30), true)]
#[case::longer(24 * 30 + 1, Some(30), false)]
#[case::shorter(24 * 7 + 1, Some(7), false)]
#[case::shorter(24 * 7 - 1, Some(7), true)]
#[case::never(1, Some(0), false)]
#[case::always(24 * 90, Some(u64::MAX), true)]
fn few_days_left(#[case] hours: i64, #[case] setting: Option<u64>, #[case] warns: bool) {
    let secret = ending_in(Duration::hours(hours));
    let settings = setting.map_or(json!({}), |days| json!({"secret": {"warnDaysLeft": days}}));
    let response = judged(&secret, &settings).response;
    assert!(response.accepted, "{:?}", response.message);
    assert_eq!(response.warnings.len(), usize::from(warns), "{:?}", response.warnings);
}

#[test]
fn the_days_that_are_left_are_told() {
    for (left, days) in [
        (Duration::hours(24 * 10 + 1), "10 days"),
        (Duration::hours(24 * 2 + 1), "2 days"),
        (Duration::minutes(47 * 60 + 30), "47 hours"),
        (Duration::minutes(90), "1 hours"),
    ] {
        assert_warned(&ending_in(left), &[days], HOST);
    }
}

/// A certificate for a few days is renewed when a third of them is left.
#[rstest]
#[case::fresh_for_six_days(-1, 24 * 6, false)]
#[case::a_third_is_left(-24 * 4 + 1, 24 * 2 + 1, false)]
#[case::less_than_a_third_is_left(-24 * 4 - 1, 24 * 2 - 1, true)]
fn the_days_left_count_by_the_lifetime(#[case] from: i64, #[case] until: i64, #[case] warns: bool) {
    let certificate = leaf(&P256).valid(Duration::hours(from), Duration::hours(until));
    let response = judged(&secret_of(&certificate), &json!({})).response;
    assert_eq!(response.warnings.len(), usize::from(warns), "{:?}", response.warnings);
}

/// A name that can never match is named where another one can.
#[rstest]
#[case::an_address("10.0.0.1", "10.0.0.1")]
#[case::wildcard_within("a.*.example.com", "a.*.example.com")]
#[case::a_line_end("b.example.com\n", "b.example.com\\n")]
#[case::long(&"x y".repeat(40), "x yx y")]
fn a_name_that_can_never_match(#[case] name: &str, #[case] told: &str) {
    for names in [[name, "a.example.com"], ["a.example.com", name]] {
        assert_warned(&secret_of(&leaf(&P256).names(&names)), &[told, "never match"], HOST);
    }
}

/// RFC 5280, section 4.2.1.3: the bits of digitalSignature and keyEncipherment.
#[rstest]
#[case::signature(&[3, 2, 7, 0x80], false)]
#[case::both(&[3, 2, 5, 0xa0], false)]
#[case::encipherment(&[3, 2, 5, 0x20], true)]
#[case::no_bits(&[3, 1, 0], true)]
fn a_key_usage_without_signatures(#[case] bits: &[u8], #[case] warns: bool) {
    let secret = secret_of(&leaf(&P256).extension(b"\x55\x1d\x0f", true, bits.to_vec()));
    match warns {
        true => assert_warned(&secret, &["digitalSignature", "Chrome"], HOST),
        false => assert_good(&secret),
    }
}

/// Those that OpenSSL loads since long, and ML-DSA-65. Of a root, nobody checks the signature.
#[rstest]
#[case::rsa(b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b", None)]
#[case::rsa_pss(b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a", None)]
#[case::ecdsa(b"\x2a\x86\x48\xce\x3d\x04\x03\x03", None)]
#[case::ed25519(b"\x2b\x65\x70", None)]
#[case::ed448(b"\x2b\x65\x71", None)]
#[case::ml_dsa(b"\x60\x86\x48\x01\x65\x03\x04\x03\x12", Some("2.16.840.1.101.3.4.3.18"))]
fn a_signature_of_another_kind(#[case] algorithm: &'static [u8], #[case] number: Option<&str>) {
    let [intermediate, root] = [ca("Intermediate", "Root"), ca("Root", "Root")];
    let of_leaf = secret_of(&leaf(&P256).signed_with(algorithm));
    let chain = leaf(&P256).pem() + &intermediate.clone().signed_with(algorithm).pem();
    let of_issuer = secret(chain, P256.pem());
    match number {
        Some(number) => {
            assert_warned(&of_leaf, &["certificate 1", "OpenSSL", number], HOST);
            assert_warned(&of_issuer, &["certificate 2", "OpenSSL", number], HOST);
        }
        None => {
            assert_good(&of_leaf);
            assert_good(&of_issuer);
        }
    }
    let chain = leaf(&P256).pem() + &intermediate.pem() + &root.signed_with(algorithm).pem();
    assert_good(&secret(chain, P256.pem()));
}

/// 2.5.29.18 is issuerAltName, 1.2.3.4 anything. Extensions of issuers are not read.
#[rstest]
#[case::of_rfc_5280(b"\x55\x1d\x12", "2.5.29.18")]
#[case::another(b"\x2a\x03\x04", "1.2.3.4")]
fn a_critical_extension_that_nobody_knows(#[case] id: &'static [u8], #[case] number: &str) {
    let extended = |critical| leaf(&P256).extension(id, critical, sequence(&[]));
    let parts = ["critical extension", number];
    assert_warned(&secret_of(&extended(true)), &parts, HOST);
    assert_good(&secret_of(&extended(false)));
    let issuer = ca("Intermediate", "Root").extension(id, true, sequence(&[]));
    assert_good(&secret(leaf(&P256).pem() + &issuer.pem(), P256.pem()));
}

#[test]
fn an_issuer_that_has_expired() {
    let expired = ca("Root", "Root").valid(Duration::days(-90), Duration::days(-1));
    let tls_crt = leaf(&P256).pem() + &ca("Intermediate", "Root").pem() + &expired.pem();
    assert_warned(&secret(tls_crt, P256.pem()), &["certificate 3", "expired"], HOST);
}

/// 2.23.140.1.2.1 is that of the Baseline Requirements for validated domains.
#[test]
fn a_public_leaf_without_its_issuer() {
    let policy = der(0x06, b"\x67\x81\x0c\x01\x02\x01");
    let policies = der(0x30, &der(0x30, &policy));
    let public = leaf(&P256).extension(b"\x55\x1d\x20", false, policies);
    assert_warned(&secret_of(&public), &["issuer", "lacks"], HOST);
    let tls_crt = public.pem() + &ca("Intermediate", "Root").pem();
    assert_good(&secret(tls_crt, P256.pem()));
}

#[test]
fn a_certificate_of_a_ca() {
    assert_warned(&secret_of(&leaf(&P256).ca()), &["CA"], HOST);
}

#[rstest]
#[case::out_of_order([("Root", "Root"), ("Intermediate", "Root")].as_slice())]
#[case::of_another_issuer(&[("Other", "Root")])]
#[case::of_another_issuer_further_up(&[("Intermediate", "Root"), ("Other", "Other")])]
#[case::one_is_missing(&[("Root", "Root")])]
#[case::one_is_there_twice(&[("Intermediate", "Root"), ("Intermediate", "Root")])]
fn a_chain_that_is_none(#[case] issuers: &[(&str, &str)]) {
    let issuers = issuers.iter().map(|(subject, issuer)| ca(subject, issuer).pem());
    let tls_crt = leaf(&P256).pem() + &issuers.collect::<String>();
    assert_warned(&secret(tls_crt, P256.pem()), &["chain"], HOST);
}

#[test]
fn the_leaf_twice() {
    let tls_crt = leaf(&P256).pem().repeat(2);
    assert_warned(&secret(tls_crt, P256.pem()), &["chain"], HOST);
}

#[rstest]
#[case(&["*.com"])]
#[case(&["*.COM"])]
#[case(&["a.example.com", "*.com"])]
#[case(&["*.xn--p1ai", "b.com"])]
fn a_wildcard_over_one_label(#[case] names: &[&str]) {
    let wildcard = names.iter().find(|name| name.starts_with('*')).unwrap();
    let secret = secret_of(&leaf(&P256).names(names));
    let host = wildcard.to_ascii_lowercase().replace('*', "b");
    assert_warned(&secret, &[wildcard], Some(&host));
}

#[test]
fn keys_that_browsers_refuse() {
    for (key, name) in [(&ED25519, "Ed25519"), (&P521, "P-521")] {
        let secret = secret(leaf(key).pem(), key.pem());
        assert_warned(&secret, &["browsers", name], HOST);
    }
}

#[test]
fn a_temporary_certificate_of_cert_manager() {
    let secret = secret_of(&leaf(&P256).issuer("cert-manager.local"));
    assert_warned(&secret, &["temporary", "cert-manager"], None);
    assert!(!is_chosen("a.example.com", &secret, &json!({})));
}

#[test]
fn an_issuer_that_only_looks_like_it() {
    for issuer in ["cert-manager.local.example.com", "Cert-Manager.local ", "cert-manager"] {
        assert_good(&secret_of(&leaf(&P256).issuer(issuer)));
    }
}

#[test]
fn everything_at_once() {
    let certificate = leaf(&P521)
        .names(&["*.com"])
        .issuer("cert-manager.local")
        .ca()
        .valid(Duration::days(-30), Duration::days(3));
    let tls_crt = certificate.pem() + &ca("Other", "Root").pem();
    let response = judged(&secret(tls_crt, P521.pem()), &json!({})).response;
    assert!(response.accepted && response.mutated_object.is_none());
    assert_eq!(response.warnings.len(), 6, "{:?}", response.warnings);
    for warning in response.warnings {
        assert_fits(&warning);
        assert!(warning.starts_with("Secret tls: "), "{warning}");
    }
}

/// However long the name of the object is, the warning fits and says what it has to.
#[test]
fn a_warning_is_never_too_long() {
    let secret = ending_in(Duration::hours(24 * 3 + 1));
    let secret = with(secret, "/metadata/name", json!("n".repeat(253)));
    let warnings = judged(&secret, &json!({})).response.warnings;
    let [warning] = warnings.as_slice() else { panic!("not one warning: {warnings:?}") };
    assert_fits(warning);
    assert!(warning.starts_with("Secret nnn"), "{warning}");
    assert!(warning.contains("3 days"), "{warning}");
}

/// What is written by nobody in particular is named by what its name begins with.
#[test]
fn a_secret_whose_name_is_made_up_later() {
    let secret = without(ending_in(Duration::days(3)), "/metadata", "name");
    let secret = with(secret, "/metadata/generateName", json!("tls-"));
    let warnings = judged(&secret, &json!({})).response.warnings;
    assert!(warnings[0].starts_with("Secret tls-"), "{warnings:?}");
}
