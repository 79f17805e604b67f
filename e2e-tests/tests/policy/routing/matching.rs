//! Which routing secret covers a host, and which is chosen.

use e2e_tests::certificates::TlsSecret;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::*;

/// The Secret that a TLS host gets from these routing secrets.
fn secret_of(host: &str, settings: &Value, secrets: &[TlsSecret]) -> String {
    let author = ingress(&[], json!([entry(&[host], "own")]));
    let stored = stored(&author, settings, &cluster(secrets));
    stored["spec"]["tls"][0]["secretName"].as_str().unwrap().to_owned()
}

#[rstest]
#[case("a.example.com", "a.example.com", true)]
#[case("A.Example.COM", "a.example.com", true)]
#[case("*.example.com", "a.example.com", true)]
#[case("*.example.com", "*.example.com", true)]
#[case("*.com", "example.com", true)]
#[case("under_score.example.com", "under_score.example.com", true)]
#[case("*.example.com", "example.com", false)]
#[case("*.example.com", "a.b.example.com", false)]
#[case("*.example.com", "*.b.example.com", false)]
#[case("a.example.com", "*.example.com", false)]
#[case("*", "example", false)]
#[case("*", "a.example.com", false)]
#[case("f*.example.com", "foo.example.com", false)]
#[case("a.*.com", "a.example.com", false)]
#[case("*.*.com", "a.example.com", false)]
#[case("*.*.com", "*.*.com", false)]
#[case("a.example.com.", "a.example.com", false)]
#[case(".example.com", "a.example.com", false)]
#[case("10.0.0.1", "10.0.0.1", false)]
fn one_label_wildcards(#[case] san: &str, #[case] host: &str, #[case] covered: bool) {
    let expected = if covered { "routing" } else { "own" };
    assert_eq!(secret_of(host, &json!({}), &[routing_secret("routing", &[san])]), expected);
}

#[rstest]
#[case("*.example.com", "a.b.example.com", true)]
#[case("*.example.com", "a.example.com", true)]
#[case("*.com", "*.example.com", true)]
#[case("*", "a.example.com", true)]
#[case("f*.com", "foo.example.com", true)]
#[case("a.*.com", "a.b.c.com", true)]
#[case("*.example.com", "example.com", false)]
#[case("f*.com", "bar.example.com", false)]
fn any_depth_wildcards(#[case] san: &str, #[case] host: &str, #[case] covered: bool) {
    let expected = if covered { "routing" } else { "own" };
    let settings = json!({"wildcards": "anyDepth"});
    assert_eq!(secret_of(host, &settings, &[routing_secret("routing", &[san])]), expected);
}

#[test]
fn a_bad_san_never_hides_a_good_one() {
    let secret = routing_secret("routing", &["a..b", "*", "a.example.com", "-x-.*"])
        .raw_san([0xff, 0xfe])
        .raw_san([0])
        .san("b.example.com");
    for host in ["a.example.com", "b.example.com"] {
        assert_eq!(secret_of(host, &json!({}), std::slice::from_ref(&secret)), "routing");
    }
}

#[test]
fn a_bad_secret_never_hides_a_good_one() {
    let named = |name: &str| routing_secret(name, &["*.example.com"]);
    let secrets = [
        named("a-junk").tls_crt("not PEM"),
        named("b-empty").tls_crt(""),
        named("c-binary").tls_crt([0, 159, 146, 150]),
        named("d-bad-der").tls_crt("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
        wild(),
    ];
    assert_eq!(secret_of("a.example.com", &json!({}), &secrets), "wild");
}

#[rstest]
#[case::expired(wild().valid(-10, -1))]
#[case::not_yet_valid(wild().valid(1, 10))]
#[case::temporary(wild().issuer_cn("cert-manager.local"))]
#[case::without_san(routing_secret("wild", &[]))]
#[case::with_bad_sans_only(routing_secret("wild", &["*", "a..b"]))]
#[case::other_type(wild().secret_type("Opaque"))]
#[case::other_namespace(wild().namespace("elsewhere"))]
#[case::without_label(TlsSecret::new("wild").namespace(NAMESPACE).san("*.example.com"))]
#[case::common_name_only(routing_secret("a.example.com", &["other.example.org"]))]
fn is_never_selected(#[case] secret: TlsSecret) {
    assert_eq!(secret_of("a.example.com", &json!({}), &[secret]), "own");
}

#[test]
fn another_label_can_mark_routing_secrets() {
    let secret =
        TlsSecret::new("wild").namespace(NAMESPACE).label("example.org/tls", "x").san("*.example.com");
    let settings = json!({"routingLabel": "example.org/tls"});
    assert_eq!(secret_of("a.example.com", &settings, &[secret]), "wild");
}

#[test]
fn the_choice_is_exact_then_longer_then_later_then_by_name() {
    let exact = routing_secret("z-exact", &["a.b.example.com"]).valid(-1, 5);
    let long = routing_secret("y-long", &["*.b.example.com"]).valid(-1, 10);
    let short_late_b = routing_secret("b", &["*.example.com"]).valid(-1, 30);
    let short_late_c = routing_secret("c", &["*.example.com"]).valid(-1, 30);
    let short_early = routing_secret("a", &["*.example.com"]).valid(-1, 20);
    let settings = json!({"wildcards": "anyDepth"});
    // The host lists in random order every time.
    for _ in 0..5 {
        let secrets = [&exact, &long, &short_early, &short_late_c, &short_late_b].map(Clone::clone);
        let expected = ["z-exact", "y-long", "b", "c", "a"];
        let mut left = secrets.to_vec();
        for expected in expected {
            assert_eq!(secret_of("a.b.example.com", &settings, &left), expected);
            left.retain(|secret| secret.to_manifest()["metadata"]["name"] != expected);
        }
    }
}

#[test]
fn ignored_hosts_are_never_touched() {
    let settings = json!({"ignoredHosts": ["*.internal.example.com", "b?.example.com"]});
    let secrets = [routing_secret("wild", &["*.example.com", "*.internal.example.com"])];
    assert_eq!(secret_of("x.internal.example.com", &settings, &secrets), "own");
    assert_eq!(secret_of("b1.example.com", &settings, &secrets), "own");
    assert_eq!(secret_of("b12.example.com", &settings, &secrets), "wild");
    let author = ingress(&["x.internal.example.com"], json!(null));
    assert_untouched(&author, &settings, &cluster(&secrets));
}
