//! How `spec.tls` is rewritten.

use rstest::rstest;
use serde_json::{Value, json};

use crate::support::*;

fn secrets() -> e2e_tests::Cluster {
    cluster(&[wild(), routing_secret("exact", &["a.example.com"])])
}

/// The TLS entries that are stored for an Ingress; that the result is stable is asserted on the way.
fn rewritten_tls_of(author: &Value) -> Value {
    let stored = stored(author, &json!({}), &secrets());
    assert_stable(author, &stored, &json!({}), &secrets());
    stored["spec"]["tls"].clone()
}

/// Rule 1: an entry that names a routing secret that covers it stays, even if another would be chosen.
#[rstest]
#[case(json!([entry(&["a.example.com"], "wild")]))]
#[case(json!([entry(&["b.example.com", "a.example.com"], "wild")]))]
#[case(json!([entry(&["a.example.com"], "wild"), entry(&["b.example.com"], "wild")]))]
#[case(json!([entry(&["A.EXAMPLE.com"], "exact")]))]
fn a_covering_entry_stays(#[case] tls: Value) {
    assert_untouched(&ingress(&[], tls), &json!({}), &secrets());
}

/// Rules 1 and 2, and the merging of rule 5.
#[rstest]
#[case::replaced(
    json!([entry(&["a.example.com"], "own")]),
    json!([entry(&["a.example.com"], "exact")])
)]
#[case::without_secret(
    json!([{"hosts": ["b.example.com"]}]),
    json!([entry(&["b.example.com"], "wild")])
)]
#[case::uncovered_stays(
    json!([entry(&["a.example.org"], "own"), {"hosts": ["b.example.org"]}]),
    json!([entry(&["a.example.org"], "own"), {"hosts": ["b.example.org"]}])
)]
#[case::split_in_order(
    json!([entry(&["b.example.com", "x.example.org", "a.example.com", "c.example.com"], "own")]),
    json!([entry(&["b.example.com", "c.example.com"], "wild"), entry(&["a.example.com"], "exact"), entry(&["x.example.org"], "own")])
)]
#[case::routing_secrets_first(
    json!([entry(&["x.example.org"], "one"), entry(&["c.example.com"], "wild"), entry(&["y.example.org"], "two"), entry(&["a.example.com"], "three")]),
    json!([entry(&["c.example.com"], "wild"), entry(&["a.example.com"], "exact"), entry(&["x.example.org"], "one"), entry(&["y.example.org"], "two")])
)]
#[case::order_alone_is_no_reason_to_write(
    json!([entry(&["x.example.org"], "one"), entry(&["c.example.com"], "wild")]),
    json!([entry(&["x.example.org"], "one"), entry(&["c.example.com"], "wild")])
)]
#[case::names_one_that_does_not_cover_all(
    json!([entry(&["a.example.com", "b.example.com"], "exact")]),
    json!([entry(&["a.example.com"], "exact"), entry(&["b.example.com"], "wild")])
)]
#[case::leftover_shares_the_secret(
    json!([entry(&["b.example.com", "x.example.org"], "wild")]),
    json!([entry(&["b.example.com", "x.example.org"], "wild")])
)]
#[case::leftover_takes_others_of_its_secret(
    json!([entry(&["b.example.com", "x.example.org"], "wild"), entry(&["c.example.com"], "own")]),
    json!([entry(&["b.example.com", "x.example.org", "c.example.com"], "wild")])
)]
#[case::merged(
    json!([entry(&["b.example.com"], "one"), entry(&["x.example.org"], "two"), entry(&["c.example.com"], "three")]),
    json!([entry(&["b.example.com", "c.example.com"], "wild"), entry(&["x.example.org"], "two")])
)]
#[case::merged_into_the_authors(
    json!([entry(&["b.example.com"], "own"), entry(&["c.example.com", "b.example.com"], "wild")]),
    json!([entry(&["b.example.com", "c.example.com"], "wild")])
)]
#[case::the_authors_takes_in(
    json!([entry(&["c.example.com", "b.example.com"], "wild"), entry(&["b.example.com", "d.example.com"], "own")]),
    json!([entry(&["c.example.com", "b.example.com", "d.example.com"], "wild")])
)]
#[case::same_host_twice(
    json!([entry(&["b.example.com"], "one"), entry(&["b.example.com", "b.example.com"], "two")]),
    json!([entry(&["b.example.com"], "wild")])
)]
#[case::the_authors_duplicates_stay(
    json!([entry(&["x.example.org"], "own"), entry(&["y.example.org"], "own"), entry(&["a.example.com"], "c")]),
    json!([entry(&["a.example.com"], "exact"), entry(&["x.example.org"], "own"), entry(&["y.example.org"], "own")])
)]
#[case::upper_case(
    json!([entry(&["B.Example.COM"], "one"), entry(&["b.example.com"], "two")]),
    json!([entry(&["B.Example.COM"], "wild")])
)]
fn entries_are_rewritten(#[case] tls: Value, #[case] expected: Value) {
    assert_eq!(rewritten_tls(&[], tls, &secrets()), expected);
}

/// Rule 3: an entry without hosts stands for the rule hosts that no other entry names.
#[rstest]
#[case::all_covered(
    &["b.example.com", "c.example.com"],
    json!([{"secretName": "own"}]),
    json!([entry(&["b.example.com", "c.example.com"], "wild")])
)]
#[case::one_uncovered(
    &["b.example.com", "x.example.org"],
    json!([{"secretName": "own"}]),
    json!([{"secretName": "own"}])
)]
#[case::named_by_another(
    &["b.example.com", "x.example.org"],
    json!([{"secretName": "own"}, entry(&["x.example.org"], "x")]),
    json!([entry(&["b.example.com"], "wild"), entry(&["x.example.org"], "x")])
)]
#[case::nothing_left(
    &["b.example.com"],
    json!([{"secretName": "own"}, entry(&["b.example.com"], "b")]),
    json!([entry(&["b.example.com"], "wild"), {"secretName": "own"}])
)]
#[case::names_its_routing_secret(
    &["b.example.com"],
    json!([{"secretName": "wild"}]),
    json!([{"secretName": "wild"}])
)]
#[case::takes_in_another(
    &["b.example.com", "c.example.com"],
    json!([{"secretName": "wild"}, entry(&["c.example.com"], "own")]),
    json!([entry(&["b.example.com", "c.example.com"], "wild")])
)]
#[case::split(
    &["b.example.com", "a.example.com"],
    json!([{"secretName": "own"}]),
    json!([entry(&["b.example.com"], "wild"), entry(&["a.example.com"], "exact")])
)]
fn an_entry_without_hosts(#[case] rules: &[&str], #[case] tls: Value, #[case] expected: Value) {
    assert_eq!(rewritten_tls(rules, tls, &secrets()), expected);
}

/// An Ingress in which requests for any host are served.
#[rstest]
#[case::rule_without_host(|object| with_rule(object, json!({"http": {"paths": []}})))]
#[case::rule_with_an_empty_host(|object| with_rule(object, rule("")))]
#[case::default_backend(|object| with_default_backend(object, "service"))]
#[case::default_resource(|object| with_default_backend(object, "resource"))]
fn an_entry_without_hosts_stays_where_any_host_is_served(#[case] any_host: fn(Value) -> Value) {
    for tls in [
        json!([{"secretName": "own"}]),
        json!([{"secretName": "wild"}]),
        json!([{"secretName": "own"}, {"secretName": "other"}]),
        json!([{}]),
    ] {
        let author = any_host(ingress(&["b.example.com"], tls));
        assert_untouched(&author, &json!({}), &secrets());
    }
    let tls = json!([{"secretName": "own"}, entry(&["a.example.com"], "a")]);
    assert_eq!(
        rewritten_tls_of(&any_host(ingress(&["b.example.com"], tls))),
        json!([entry(&["a.example.com"], "exact"), {"secretName": "own"}])
    );
}

/// Controllers serve it by the names in its Secret, so no entry with hosts can stand for it.
#[rstest]
#[case::before(json!([{"secretName": "wild"}, entry(&["c.example.com"], "own")]))]
#[case::behind(json!([entry(&["c.example.com"], "own"), {"secretName": "wild"}]))]
#[case::of_the_same_secret(json!([entry(&["c.example.com"], "wild"), {"secretName": "wild"}, entry(&["d.example.com"], "own")]))]
fn an_entry_without_hosts_is_not_merged_where_any_host_is_served(#[case] tls: Value) {
    let named_by_default = json!({"secretName": "wild"});
    let rules = ["b.example.com", "c.example.com", "d.example.com"];
    for author in [
        with_rule(ingress(&rules, tls.clone()), rule("")),
        with_default_backend(ingress(&rules, tls.clone()), "service"),
    ] {
        let tls = rewritten_tls_of(&author);
        let count = |tls: &Value, secret: &str| {
            let entries = tls.as_array().unwrap().iter();
            entries.filter(|entry| entry["secretName"] == secret).count()
        };
        assert!(tls.as_array().unwrap().contains(&named_by_default), "{tls}");
        assert!(count(&tls, "wild") <= count(&author["spec"]["tls"], "wild"), "{tls}");
    }
}

/// Rule 5: routing secrets first, then the author's in their order, also the one without hosts.
#[rstest]
#[case::first(
    json!([{"secretName": "own"}, entry(&["x.example.org"], "x"), entry(&["b.example.com"], "b")]),
    json!([entry(&["b.example.com"], "wild"), {"secretName": "own"}, entry(&["x.example.org"], "x")])
)]
#[case::between(
    json!([entry(&["x.example.org"], "x"), {"secretName": "own"}, entry(&["y.example.org"], "y"), entry(&["b.example.com"], "b")]),
    json!([entry(&["b.example.com"], "wild"), entry(&["x.example.org"], "x"), {"secretName": "own"}, entry(&["y.example.org"], "y")])
)]
#[case::last(
    json!([entry(&["b.example.com"], "b"), entry(&["x.example.org"], "x"), {"secretName": "own"}]),
    json!([entry(&["b.example.com"], "wild"), entry(&["x.example.org"], "x"), {"secretName": "own"}])
)]
fn an_entry_without_hosts_keeps_its_place(#[case] tls: Value, #[case] expected: Value) {
    let author = with_default_backend(ingress(&["x.example.org"], tls), "service");
    assert_eq!(rewritten_tls_of(&author), expected);
}

/// None of several stands for hosts: each is served by the names in its Secret.
#[rstest]
#[case::all_covered(
    &["b.example.com", "c.example.com"],
    json!([{"secretName": "one"}, {"secretName": "two"}, {}]),
    json!([{"secretName": "one"}, {"secretName": "two"}, {}])
)]
#[case::of_one_secret(
    &["b.example.com"],
    json!([{"secretName": "one"}, {"secretName": "one"}]),
    json!([{"secretName": "one"}, {"secretName": "one"}])
)]
#[case::beside_an_entry_that_stays(
    &["a.example.com", "b.example.com"],
    json!([{"secretName": "one"}, entry(&["x.example.org"], "x"), {"secretName": "two"}]),
    json!([{"secretName": "one"}, entry(&["x.example.org"], "x"), {"secretName": "two"}])
)]
#[case::beside_an_entry_that_moves(
    &["a.example.com", "b.example.com"],
    json!([{"secretName": "one"}, entry(&["b.example.com"], "b"), {"secretName": "two"}]),
    json!([entry(&["b.example.com"], "wild"), {"secretName": "one"}, {"secretName": "two"}])
)]
#[case::one_uncovered(
    &["b.example.com", "x.example.org"],
    json!([{"secretName": "one"}, {"secretName": "two"}]),
    json!([{"secretName": "one"}, {"secretName": "two"}])
)]
#[case::the_first_is_right(
    &["b.example.com"],
    json!([{"secretName": "wild"}, {"secretName": "two"}]),
    json!([{"secretName": "wild"}, {"secretName": "two"}])
)]
#[case::the_second_is_right(
    &["b.example.com"],
    json!([{"secretName": "one"}, {"secretName": "wild"}]),
    json!([{"secretName": "one"}, {"secretName": "wild"}])
)]
#[case::no_hosts_left(
    &["b.example.com"],
    json!([{"secretName": "one"}, {"secretName": "two"}, entry(&["b.example.com"], "own")]),
    json!([entry(&["b.example.com"], "wild"), {"secretName": "one"}, {"secretName": "two"}])
)]
fn several_entries_without_hosts_stay(#[case] rules: &[&str], #[case] tls: Value, #[case] expected: Value) {
    assert_eq!(rewritten_tls(rules, tls, &secrets()), expected);
}

/// Rule 4: hosts of rules that no entry names.
#[rstest]
#[case(&["b.example.com", "a.example.com"], json!(null), json!([entry(&["b.example.com"], "wild"), entry(&["a.example.com"], "exact")]))]
#[case(&["b.example.com"], json!([entry(&["x.example.org"], "own")]), json!([entry(&["b.example.com"], "wild"), entry(&["x.example.org"], "own")]))]
#[case(&["b.example.com", "x.example.org"], json!([entry(&["x.example.org"], "own")]), json!([entry(&["b.example.com"], "wild"), entry(&["x.example.org"], "own")]))]
#[case(&["b.example.com", "c.example.com"], json!([entry(&["c.example.com"], "wild")]), json!([entry(&["c.example.com", "b.example.com"], "wild")]))]
#[case(&["b.example.com", "b.example.com"], json!(null), json!([entry(&["b.example.com"], "wild")]))]
#[case(&["*.example.com"], json!(null), json!([entry(&["*.example.com"], "wild")]))]
fn plain_hosts_are_secured(#[case] rules: &[&str], #[case] tls: Value, #[case] expected: Value) {
    assert_eq!(rewritten_tls(rules, tls, &secrets()), expected);
}

/// ingress-nginx redirects each host of an Ingress that has any entry, and serves its default certificate.
#[rstest]
#[case::one_uncovered(ingress(&["b.example.com", "x.example.org"], json!(null)), "x.example.org")]
#[case::one_uncovered_beside_an_entry(
    ingress(&["b.example.com", "x.example.org"], json!([entry(&["y.example.org"], "own")])),
    "x.example.org"
)]
#[case::one_wildcard(ingress(&["b.example.com", "*.b.example.com"], json!(null)), "*.b.example.com")]
#[case::one_ignored(ingress(&["b.example.com", "i.example.com"], json!(null)), "i.example.com")]
#[case::a_rule_without_host(with_rule(ingress(&["b.example.com"], json!(null)), json!({"http": {"paths": []}})), "")]
#[case::a_rule_with_an_empty_host(with_rule(ingress(&["b.example.com"], json!(null)), rule("")), "")]
fn plain_hosts_are_secured_all_or_none(#[case] author: Value, #[case] other: &str) {
    let settings = json!({"ignoredHosts": ["i.*"]});
    let response = agreed(&author, &settings, &secrets());
    assert_eq!(response.mutated_object, None);
    let said = response.warnings.join("\n");
    assert!(said.contains("b.example.com") && said.contains(other), "{said}");
    // What entries name moves all the same.
    let mut with_entry = author.clone();
    with_entry["spec"]["tls"] = json!([entry(&["a.example.com"], "own")]);
    let stored = agreed(&with_entry, &settings, &secrets()).mutated_object;
    assert_eq!(stored.unwrap()["spec"]["tls"], json!([entry(&["a.example.com"], "exact")]));
    // What was added while all of them were covered goes again.
    let everything = cluster(&[
        wild(),
        routing_secret("exact", &["a.example.com"]),
        routing_secret("more", &["x.example.org", "*.b.example.com"]),
    ]);
    let secured = self::stored(&author, &json!({}), &everything);
    assert_eq!(self::stored(&secured, &settings, &secrets()), author);
}

/// No host, or none that is covered: nothing is to be said.
#[rstest]
#[case::not_covered(ingress(&["x.example.org"], json!(null)), json!({}))]
#[case::ignored(ingress(&["b.example.com", "x.example.org"], json!(null)), json!({"ingress": {"plainHosts": "ignore"}}))]
#[case::only_a_rule_without_host(with_rule(ingress(&[], json!(null)), rule("")), json!({}))]
fn plain_hosts_of_which_none_is_covered_are_no_news(#[case] author: Value, #[case] settings: Value) {
    let response = agreed(&author, &settings, &secrets());
    assert_eq!((response.mutated_object, response.warnings), (None, vec![]));
}

/// A default backend serves no host that a rule names.
#[test]
fn plain_hosts_are_secured_beside_a_default_backend() {
    let author = with_default_backend(ingress(&["b.example.com"], json!(null)), "service");
    assert_eq!(rewritten_tls_of(&author), json!([entry(&["b.example.com"], "wild")]));
}

#[test]
fn an_ingress_without_the_field_tls_gets_it_and_loses_it_again() {
    let author = ingress(&["b.example.com"], json!(null));
    assert_eq!(author["spec"].get("tls"), None);
    let stored = stored(&author, &json!({}), &secrets());
    assert_eq!(stored["spec"]["tls"], json!([entry(&["b.example.com"], "wild")]));
    assert_stable(&author, &stored, &json!({}), &secrets());
}

#[test]
fn plain_hosts_can_be_ignored() {
    let settings = json!({"ingress": {"plainHosts": "ignore"}});
    assert_untouched(&ingress(&["b.example.com"], json!(null)), &settings, &secrets());
    let author = ingress(&["b.example.com", "c.example.com"], json!([entry(&["c.example.com"], "own")]));
    let stored = stored(&author, &settings, &secrets());
    assert_eq!(stored["spec"]["tls"], json!([entry(&["c.example.com"], "wild")]));
}

/// Rule 7: what is not ours stays the same value.
#[test]
fn everything_else_stays() {
    let mut author =
        ingress(&["b.example.com"], json!([{"hosts": ["b.example.com"], "secretName": "own", "extra": 0.1}]));
    author["unknown"] = json!([1.5, null, 1e300, {"deep": 12_345_678_901_234_567_890_u64}, [], {}]);
    author["metadata"]["labels"] = json!({"a": "b"});
    author["metadata"]["managedFields"] = json!([{"x": null}]);
    author["spec"]["x"] = json!({"y": -0.0, "z": ""});
    author["spec"]["defaultBackend"] = json!(null);
    author["status"] = json!({"loadBalancer": {}});
    let stored = stored(&author, &json!({}), &secrets());
    let mut expected = author.clone();
    expected["spec"]["tls"][0]["secretName"] = json!("wild");
    assert_eq!(without_annotations(stored.clone(), &[RECORD]), expected);
    assert_stable(&author, &stored, &json!({}), &secrets());
}
