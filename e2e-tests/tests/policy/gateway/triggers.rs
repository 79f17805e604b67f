//! Objects for which cert-manager orders certificates.

use e2e_tests::certificates::TlsSecret;
use rstest::rstest;
use serde_json::{Value, json};

use super::support::*;
use crate::support::*;

const NAMESAKE: &str = "cert-manager.io/certificate-name";

fn leave() -> Value {
    json!({"gateway": {"triggered": "leave"}})
}

fn covered() -> Value {
    json!([listener("a", "a.example.com", "one"), listener("b", "b.example.com", "two")])
}

/// Two listeners that share a Secret, one of them not covered.
fn shared() -> Value {
    json!([listener("a", "a.example.com", "own"), listener("x", "x.example.org", "own")])
}

#[rstest]
#[case("cert-manager.io/issuer", "le")]
#[case("cert-manager.io/cluster-issuer", "")]
fn a_covered_gateway_keeps_its_triggers_and_lists_its_listeners(#[case] trigger: &str, #[case] value: &str) {
    let stored = rewritten(&annotated(gateway(covered()), trigger, value));
    assert_eq!(secrets(&stored), ["wild", "wild"]);
    assert_eq!(stored["metadata"]["annotations"][trigger], value);
    assert_eq!(ignored(&stored), Some("a,b"));
}

#[test]
fn every_listener_set_is_triggered() {
    let stored = rewritten(&listener_set(covered()));
    assert_eq!(secrets(&stored), ["wild", "wild"]);
    assert_eq!(ignored(&stored), Some("a,b"));
}

#[rstest]
#[case("kubernetes.io/tls-acme", "true")]
#[case("cert-manager.io/issuer-kind", "ClusterIssuer")]
fn other_annotations_trigger_nothing_here(#[case] name: &str, #[case] value: &str) {
    let author = annotated(gateway(shared()), name, value);
    let stored = stored(&author, &json!({}), &cluster(&[wild()]));
    assert_eq!(secrets(&stored), ["wild", "own"]);
    assert_eq!(ignored(&stored), None);
    assert_eq!(stored["metadata"]["annotations"][name], value);
}

#[test]
fn of_two_listeners_that_shared_a_secret_neither_is_touched_if_one_is_not_covered() {
    for author in [triggered(shared()), listener_set(shared())] {
        let warnings = warnings_of_untouched(&author, &json!({}));
        assert_names(
            &warnings,
            &["own", "a.example.com (wild)", "no routing secret covers", "x.example.org"],
        );
    }
}

/// A warning is cut at its end, and the name of a Secret may be longer than a warning.
#[test]
fn both_hosts_are_named_however_long_the_secrets_name_is() {
    let secret = "s".repeat(253);
    let author =
        triggered(json!([listener("a", "a.example.com", &secret), listener("x", "x.example.org", &secret)]));
    let warnings = warnings_of_untouched(&author, &json!({}));
    assert_names(&warnings, &["a.example.com (wild)", "x.example.org"]);
}

#[test]
fn an_ignored_host_is_not_covered() {
    let author =
        triggered(json!([listener("a", "a.example.com", "own"), listener("b", "b.example.com", "own")]));
    let warnings = warnings_of_untouched(&author, &json!({"ignoredHosts": ["b.*"]}));
    assert_names(&warnings, &["a.example.com (wild)", "b.example.com"]);
}

#[test]
fn other_groups_are_rewritten_beside_it() {
    let mut listeners = shared();
    let more = [listener("b", "b.example.com", "two"), listener("c", "c.example.com", "two")];
    listeners.as_array_mut().unwrap().extend(more);
    let stored = rewritten(&triggered(listeners));
    assert_eq!(secrets(&stored), ["own", "own", "wild", "wild"]);
    assert_eq!(ignored(&stored), Some("b,c"));
}

/// cert-manager orders for these too, so the Certificate would shrink.
#[rstest]
#[case::options(mutual("x", "x.example.org", "own"))]
#[case::two_references({
    let mut two = listener("x", "x.example.org", "more");
    two["tls"]["certificateRefs"] = json!([{"name": "more"}, {"name": "own"}]);
    two
})]
#[case::address(listener("x", "10.0.0.1", "own"))]
fn a_listener_that_is_not_ours_holds_back_too_if_a_certificate_is_ordered_for_it(#[case] other: Value) {
    let listeners = json!([listener("a", "a.example.com", "own"), other]);
    let warnings = warnings_of_untouched(&triggered(listeners.clone()), &json!({}));
    assert_names(&warnings, &["a.example.com (wild)", other["hostname"].as_str().unwrap()]);
    assert_eq!(secrets(&rewritten(&gateway(listeners.clone())))[0], "wild");
    let ignored_already = annotated(triggered(listeners), IGNORED, "x");
    let stored = rewritten(&ignored_already);
    assert_eq!((secrets(&stored)[0], ignored(&stored)), ("wild", Some("x,a")));
}

#[rstest]
#[case::passthrough({
    let mut other = listener("x", "x.example.org", "own");
    other["tls"]["mode"] = json!("Passthrough");
    other
})]
#[case::no_hostname(json!({"name": "x", "protocol": "HTTPS", "tls": {"certificateRefs": [{"name": "own"}]}}))]
#[case::other_namespace(json!({"name": "x", "hostname": "x.example.org", "protocol": "HTTPS",
    "tls": {"certificateRefs": [{"name": "own", "namespace": "other"}]}}))]
fn a_listener_for_which_nothing_is_ordered_holds_nothing_back(#[case] other: Value) {
    let stored = rewritten(&triggered(json!([listener("a", "a.example.com", "own"), other])));
    assert_eq!((secrets(&stored), ignored(&stored)), (vec!["wild", "own"], Some("a")));
}

#[test]
fn an_unchanged_listener_that_names_its_routing_secret_is_listed() {
    let author = triggered(json!([listener("a", "a.example.com", "wild")]));
    let stored = rewritten(&author);
    assert_eq!(stored["spec"], author["spec"]);
    assert_eq!(ignored(&stored), Some("a"));
}

/// A routing secret that a Certificate of its own name has made for these names.
fn made(names: &[&str]) -> TlsSecret {
    routing_secret("made", names).annotation(NAMESAKE, "made")
}

#[rstest]
fn the_producer_of_a_routing_secret_is_not_listed(#[values(0, 1)] form: usize) {
    let named = json!([listener("a", "a.example.com", "made"), listener("b", "b.example.com", "own")]);
    let author = [triggered(named.clone()), listener_set(named)][form].clone();
    let secrets = cluster(&[made(&["a.example.com"]), wild()]);
    let stored = stored(&author, &json!({}), &secrets);
    assert_eq!((self::secrets(&stored), ignored(&stored)), (vec!["made", "wild"], Some("b")));
    assert_stable(&author, &stored, &json!({}), &secrets);
}

/// Moving it would make cert-manager delete the Certificate from which the routing secret is made.
#[test]
fn the_producer_of_a_routing_secret_stays_while_that_is_not_usable() {
    let expired = made(&["a.example.com"]).valid(-9, -1);
    let author = triggered(json!([listener("a", "a.example.com", "made")]));
    assert_untouched(&author, &json!({}), &cluster(&[expired, wild()]));
}

/// What the shim would make of the Gateway has other names, or another one.
#[rstest]
#[case::a_wildcard_covers_the_host(made(&["*.example.com"]))]
#[case::made_from_another_certificate(made(&["a.example.com"]).annotation(NAMESAKE, "other"))]
#[case::made_by_hand(routing_secret("made", &["a.example.com"]))]
fn a_gateway_that_only_names_a_routing_secret_is_no_producer(#[case] secret: TlsSecret) {
    let named = json!([listener("a", "a.example.com", "made")]);
    for author in [triggered(named.clone()), listener_set(named)] {
        let stored = stored(&author, &json!({}), &cluster(std::slice::from_ref(&secret)));
        assert_eq!((secrets(&stored), ignored(&stored)), (vec!["made"], Some("a")));
    }
}

/// The author's text stays letter by letter, trimmed entries count, and nothing is listed twice.
#[rstest]
#[case("x", "x,a,b")]
#[case("a", "a,b")]
#[case(" b , x,", " b , x,,a")]
#[case("\ta\t,b", "\ta\t,b")]
#[case("", ",a,b")]
#[case(",", ",,a,b")]
#[case("A", "A,a,b")]
#[case("ab , x y", "ab , x y,a,b")]
fn the_authors_list_is_only_added_to(#[case] list: &str, #[case] expected: &str) {
    let author = annotated(triggered(covered()), IGNORED, list);
    assert_eq!(ignored(&rewritten(&author)), Some(expected));
    let record = &rewritten(&author)["metadata"]["annotations"][RECORD];
    let mut again = author.clone();
    again["metadata"]["annotations"][RECORD] = record.clone();
    assert_eq!(stored(&again, &json!({}), &cluster(&[wild()])), rewritten(&author));
    assert_eq!(stored(&again, &json!({}), &cluster(&[])), author);
}

#[rstest]
#[case::not_covered(listener("x", "x.example.org", "wild"), "x.example.org: cert-manager may overwrite wild")]
#[case::not_ours(mutual("x", "a.example.com", "wild"), "a.example.com: cert-manager may overwrite wild")]
#[case::passthrough({
    let mut other = listener("x", "x.example.org", "wild");
    other["tls"]["mode"] = json!("Passthrough");
    other
}, "x.example.org: keeps routing secret wild")]
fn a_listener_that_names_a_routing_secret_wrongly_stays_with_a_warning(
    #[case] other: Value,
    #[case] more: &str,
) {
    let author = triggered(json!([other, listener("h", "h.example.org", "own")]));
    let warnings = warnings_of_untouched(&author, &json!({}));
    assert_names(&warnings, &[more]);
}

/// Nothing is ordered for it, but clients get a certificate for other names.
#[test]
fn a_listener_that_names_a_routing_secret_for_others_is_told() {
    let author = gateway(json!([listener("x", "x.example.org", "wild")]));
    assert_names(
        &warnings_of_untouched(&author, &json!({})),
        &["x.example.org: routing secret wild does not cover it"],
    );
    let author =
        gateway(json!([listener("x", "a.example.com", "wild"), mutual("y", "y.example.org", "wild"),]));
    assert_eq!(warnings_of_untouched(&author, &json!({})), "");
}

#[rstest]
#[case::untriggered(gateway(json!([listener("a", "a.example.com", "old"), listener("b", "B.example.com", "own")])), &[])]
#[case::triggered(triggered(json!([listener("a", "a.example.com", "old"), listener("b", "B.example.com", "own")])), &["Gateway app: a.example.com: cert-manager may overwrite old"])]
fn a_routing_secret_that_is_not_usable_is_told(#[case] author: Value, #[case] more: &[&str]) {
    let old = routing_secret("old", &["*.example.com"]).valid(-9, -1);
    let response = evaluate(&author, &json!({}), &cluster(&[old])).response;
    assert_eq!(response.mutated_object, None);
    let expired =
        ["a", "B"].map(|host| format!("Gateway app: {host}.example.com: routing secret old has expired"));
    let [first, second] = expired.each_ref().map(String::as_str);
    assert_eq!(response.warnings, [&[first], more, &[second]].concat());
}

#[test]
fn nothing_is_told_about_a_routing_secret_to_its_producer() {
    let author = triggered(json!([listener("a", "A.example.com", "made")]));
    let secrets = cluster(&[made(&["a.example.com"])]);
    let response = evaluate(&author, &json!({}), &secrets).response;
    assert_eq!(response.mutated_object, None);
    assert!(response.warnings.is_empty(), "{:?}", response.warnings);
}

#[test]
fn leave_changes_no_triggered_object_and_warns() {
    for author in [triggered(covered()), listener_set(covered())] {
        let warnings = warnings_of_untouched(&author, &leave());
        assert_names(&warnings, &["not rewritten", "a.example.com (wild)", "b.example.com (wild)"]);
    }
    assert_eq!(secrets(&stored(&gateway(covered()), &leave(), &cluster(&[wild()]))), ["wild", "wild"]);
    let named = triggered(json!([listener("a", "a.example.com", "wild")]));
    assert_names(&warnings_of_untouched(&named, &leave()), &["cert-manager may overwrite wild"]);
}

#[test]
fn leave_has_nothing_to_say_where_nothing_is_covered() {
    let author = listener_set(json!([listener("x", "x.example.org", "own")]));
    assert_eq!(warnings_of_untouched(&author, &leave()), "");
}

#[test]
fn leave_gives_back_what_was_rewritten_before() {
    let author = triggered(covered());
    assert_eq!(stored(&rewritten(&author), &leave(), &cluster(&[wild()])), author);
}

#[test]
fn a_gateway_that_loses_its_triggers_loses_our_names_in_the_list() {
    let author = annotated(triggered(covered()), IGNORED, "x");
    let mut changed = rewritten(&author);
    changed["metadata"]["annotations"].as_object_mut().unwrap().remove(ISSUER);
    let stored = stored(&changed, &json!({}), &cluster(&[wild()]));
    assert_eq!((secrets(&stored), ignored(&stored)), (vec!["wild", "wild"], Some("x")));
}

/// Its controller would write a certificate for the host into the routing secret.
#[test]
fn another_issuer_beside_a_routing_secret_is_a_warning() {
    let author = gateway(json!([listener("https", "a.example.org", "wild")]));
    let author = annotated(author, "cert.gardener.cloud/purpose", "managed");
    let response = evaluate(&author, &json!({}), &cluster(&[wild()])).response;
    assert_eq!(response.mutated_object, None);
    let said = response.warnings.join("; ");
    assert!(said.contains("may overwrite wild"), "{said}");
}
