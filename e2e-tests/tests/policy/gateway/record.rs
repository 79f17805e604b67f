//! The record, what the author gets back, `require`, and what people are
//! told.

use std::time::Instant;

use rstest::rstest;
use serde_json::{Value, json};

use super::support::*;
use crate::support::*;

fn author() -> Value {
    annotated(
        triggered(json!([
            listener("a", "a.example.com", "one"),
            listener("b", "b.example.com", "two")
        ])),
        IGNORED,
        "x ",
    )
}

fn require() -> Value {
    json!({"gateway": {"action": "require"}})
}

fn gone(object: &Value) -> Value {
    stored(object, &json!({}), &cluster(&[]))
}

#[test]
fn the_record_is_compact_and_names_what_was_replaced() {
    let stored = rewritten(&author());
    assert_eq!(
        stored["metadata"]["annotations"][RECORD],
        r#"{"listeners":{"a":{"was":"one","now":"wild"},"b":{"was":"two","now":"wild"}},"ignored":["a","b"]}"#
    );
}

#[rstest]
#[case::absent(None)]
#[case::null(Some(json!(null)))]
#[case::empty(Some(json!({})))]
#[case::others(Some(json!({"a": "b"})))]
fn annotations_come_back_as_they_were(#[case] annotations: Option<Value>) {
    let mut author = listener_set(json!([listener("a", "a.example.com", "own")]));
    if let Some(annotations) = annotations {
        author["metadata"]["annotations"] = annotations;
    }
    rewritten(&author);
}

#[test]
fn values_sent_again_give_the_same_result() {
    let mut again = rewritten(&author());
    again["spec"] = author()["spec"].clone();
    again["metadata"]["annotations"][IGNORED] = json!("x ");
    assert_eq!(
        stored(&again, &json!({}), &cluster(&[wild()])),
        rewritten(&author())
    );
    assert_eq!(gone(&again), author());
}

#[test]
fn only_what_still_holds_our_value_is_restored() {
    let mut changed = rewritten(&author());
    changed["spec"]["listeners"][0]["tls"]["certificateRefs"][0]["name"] = json!("theirs");
    changed["metadata"]["annotations"][IGNORED] = json!("b, y ,x");
    let stored = gone(&changed);
    assert_eq!(secrets(&stored), ["theirs", "two"]);
    assert_eq!(ignored(&stored), Some(" y ,x"));
    assert_eq!(stored["metadata"]["annotations"].get(RECORD), None);
}

#[test]
fn a_listener_with_more_references_or_another_name_is_not_restored() {
    let mut changed = rewritten(&author());
    let references = &mut changed["spec"]["listeners"][0]["tls"]["certificateRefs"];
    references
        .as_array_mut()
        .unwrap()
        .push(json!({"name": "rsa"}));
    changed["spec"]["listeners"][1]["name"] = json!("c");
    assert_eq!(secrets(&gone(&changed)), ["wild", "wild"]);
}

#[test]
fn a_listener_that_is_no_longer_ours_is_restored() {
    let mut changed = rewritten(&author());
    changed["spec"]["listeners"][0]["tls"]["mode"] = json!("Passthrough");
    let stored = stored(&changed, &json!({}), &cluster(&[wild()]));
    assert_eq!(
        (secrets(&stored), ignored(&stored)),
        (vec!["one", "wild"], Some("x ,b"))
    );
}

/// Ours were appended, so an entry that the author has put in front meanwhile is the author's.
#[test]
fn the_last_entry_of_a_name_is_ours() {
    let mut changed = rewritten(&author());
    changed["metadata"]["annotations"][IGNORED] = json!(" a,x ,a,b");
    assert_eq!(ignored(&gone(&changed)), Some(" a,x "));
}

#[test]
fn the_annotation_goes_when_nothing_remains_of_it() {
    let mut changed = rewritten(&author());
    changed["metadata"]["annotations"][IGNORED] = json!("a,b");
    assert_eq!(ignored(&gone(&changed)), None);
}

#[test]
fn the_record_is_undone_without_a_look_up_where_no_listener_is_ours() {
    let mut emptied = rewritten(&author());
    emptied["spec"]["listeners"] = json!([]);
    let evaluation = evaluate(&emptied, &json!({}), &cluster(&[wild()]));
    assert_eq!(evaluation.calls, []);
    assert_eq!(
        evaluation.response.mutated_object.unwrap()["metadata"],
        author()["metadata"]
    );
}

#[test]
fn other_secrets_take_over() {
    let other = routing_secret("other", &["a.example.com"]);
    let stored = stored(
        &rewritten(&author()),
        &json!({}),
        &cluster(std::slice::from_ref(&other)),
    );
    assert_eq!(
        (secrets(&stored), ignored(&stored)),
        (vec!["other", "two"], Some("x ,a"))
    );
    assert_stable(&author(), &stored, &json!({}), &cluster(&[other]));
}

#[rstest]
#[case("")]
#[case("hello")]
#[case("[]")]
#[case("null")]
#[case("gzip:AAAA")]
#[case(r#"{"tls":[]}"#)]
#[case(r#"{"listeners":7}"#)]
#[case(r#"{"listeners":{"a":"wild"}}"#)]
#[case(r#"{"listeners":{"a":{"was":"own"}}}"#)]
#[case(r#"{"ignored":"a"}"#)]
#[case(r#"{"listeners":{"a":{"was":"","now":"one"}}}"#)]
#[case(&format!(r#"{{"listeners":{{"a":{{"was":"{}","now":"one"}}}}}}"#, "s".repeat(254)))]
#[case(r#"{"listeners":{"a":{"was":"x","was":"y","now":"one"}}}"#)]
#[case(r#"{"listeners":{},"spec":{}}"#)]
fn a_record_that_is_not_ours_leaves_the_object_alone(#[case] record: &str) {
    for kind in FORMS {
        let mut object = annotated(author(), RECORD, record);
        object["kind"] = json!(kind);
        let evaluation = evaluate(&object, &json!({}), &cluster(&[wild()]));
        assert_eq!(evaluation.response.mutated_object, None);
        assert_eq!(evaluation.calls, []);
        let expected =
            format!("left alone: annotation {RECORD} was not written by this policy; remove it");
        assert_eq!(evaluation.response.warnings, [expected]);
    }
}

#[test]
fn a_forged_record_gives_nothing_that_the_object_does_not_hold() {
    let record = r#"{"listeners":{"a":{"was":"theirs","now":"other"},"":{"was":"x","now":"y"}},"ignored":["y","y",""]}"#;
    assert_eq!(gone(&annotated(author(), RECORD, record)), author());
}

#[test]
fn an_object_whose_record_would_not_be_stored_is_left_with_a_warning() {
    let author = annotated(author(), "notes", &"x".repeat(256 * 1024 - 90));
    let warnings = warnings_of_untouched(&author, &json!({}));
    assert_names(&warnings, &[RECORD, "more than Kubernetes stores"]);
}

#[test]
fn require_rejects_what_would_be_changed() {
    let response = evaluate(&author(), &require(), &cluster(&[wild()])).response;
    assert!(!response.accepted);
    assert_eq!(response.mutated_object, None);
    let parts = [
        "Gateway workspace/app does not use its routing secrets",
        "listener a (a.example.com) names Secret one, expected Secret wild",
        "listener b (b.example.com) names Secret two, expected Secret wild",
        "annotation cert-manager.io/ignore-tls-listeners must list a",
    ];
    assert_names(&response.message.unwrap(), &parts);
    let unlisted = listener_set(json!([listener("a", "a.example.com", "wild")]));
    let response = evaluate(&unlisted, &require(), &cluster(&[wild()])).response;
    assert_names(
        &response.message.unwrap(),
        &["ListenerSet workspace/app", "must list a"],
    );
}

#[test]
fn require_accepts_what_stays() {
    let shared = triggered(json!([
        listener("a", "a.example.com", "own"),
        listener("x", "x.example.org", "own")
    ]));
    assert_names(
        &warnings_of_untouched(&shared, &require()),
        &["a.example.com", "x.example.org"],
    );
    assert_untouched(
        &gateway(json!([listener("x", "x.example.org", "own")])),
        &require(),
        &cluster(&[wild()]),
    );
    assert_untouched(&rewritten(&author()), &require(), &cluster(&[wild()]));
    let leave = json!({"gateway": {"action": "require", "triggered": "leave"}});
    assert_names(
        &warnings_of_untouched(&author(), &leave),
        &["left as it is"],
    );
    assert_untouched(
        &annotated(gateway(json!([])), RECORD, "{}"),
        &require(),
        &cluster(&[wild()]),
    );
}

#[test]
fn require_expects_the_authors_secret_when_the_routing_secret_is_gone() {
    let response = evaluate(&rewritten(&author()), &require(), &cluster(&[])).response;
    assert!(!response.accepted);
    let parts = [
        "listener a (a.example.com) names Secret wild, expected Secret one",
        "must not list b",
    ];
    assert_names(&response.message.unwrap(), &parts);
}

#[test]
fn changes_are_announced() {
    let response = evaluate(&author(), &json!({}), &cluster(&[wild()])).response;
    let expected = [
        "a.example.com: served by routing secret wild",
        "b.example.com: served by routing secret wild",
        "cert-manager ignores listeners: a, b",
    ];
    assert_eq!(response.warnings, expected);
    assert_eq!(
        response.audit_annotations["routing-secrets"],
        "a.example.com=wild,b.example.com=wild"
    );
    let back = evaluate(&rewritten(&author()), &json!({}), &cluster(&[])).response;
    let expected = [
        "a.example.com: back to Secret one of its author",
        "b.example.com: back to Secret two of its author",
        "cert-manager no longer ignores listeners: a, b",
    ];
    assert_eq!(back.warnings, expected);
    let again = evaluate(&rewritten(&author()), &json!({}), &cluster(&[wild()])).response;
    assert!(again.warnings.is_empty() && again.audit_annotations.is_empty());
}

#[test]
fn there_are_ten_short_warnings_at_most() {
    let listeners: Value = (0..30)
        .map(|number| {
            listener(
                &format!("l{number}"),
                &format!("h{number}.example.com"),
                &"s".repeat(200),
            )
        })
        .chain([listener("x", "x.example.org", "wild")])
        .collect();
    let warnings = evaluate(&triggered(listeners), &json!({}), &cluster(&[wild()]))
        .response
        .warnings;
    assert_ten_short(&warnings);
    assert!(warnings[0].contains("listener x"), "{warnings:?}");
}

fn many(count: usize, secrets: usize) -> Value {
    let listener = |number: usize| {
        let host = format!("h{number}.d{}.example.com", number % secrets);
        self::listener(&format!("l{number}"), &host, &format!("own-{}", number / 2))
    };
    (0..count).map(listener).collect()
}

/// An evaluation that takes longer than policy-server allows is an error here.
#[rstest]
#[case::gateway(gateway(many(10_000, 1_000)))]
#[case::listener_set(listener_set(many(2_000, 1_000)))]
#[case::shared_by_an_uncovered_one({
    let mut listeners = many(2_000, 1_000);
    for listener in listeners.as_array_mut().unwrap().iter_mut() {
        listener["tls"]["certificateRefs"][0]["name"] = json!("own");
    }
    listeners[7]["hostname"] = json!("x.example.org");
    triggered(listeners)
})]
fn many_listeners_and_secrets(#[case] author: Value) {
    let secrets: Vec<_> = (0..1_000)
        .map(|number| {
            routing_secret(
                &format!("s{number}"),
                &[&format!("*.d{number}.example.com")],
            )
        })
        .collect();
    let cluster = cluster(&secrets);
    let start = Instant::now();
    let stored = stored(&author, &json!({}), &cluster);
    println!("{:?}", start.elapsed());
    assert_stable(&author, &stored, &json!({}), &cluster);
}

#[test]
fn a_forged_record_of_any_size_costs_little() {
    let listeners: serde_json::Map<_, _> = (0..20_000)
        .map(|number| (format!("l{number}"), json!({"was": "x", "now": "own-1"})))
        .collect();
    let ignored: Vec<_> = (0..20_000)
        .map(|number| format!("l{}", number % 7))
        .collect();
    let list = ignored.join(" ,");
    let record = json!({"listeners": listeners, "ignored": ignored}).to_string();
    let object = annotated(
        annotated(triggered(many(10_000, 1_000)), RECORD, &record),
        IGNORED,
        &list,
    );
    let stored = gone(&object);
    assert_eq!(stored["metadata"]["annotations"].get(IGNORED), None);
}

/// The API server refuses such listeners, but asks the policy first.
#[rstest]
#[case::host("hostname")]
#[case::name("name")]
fn a_listener_of_any_size_costs_little(#[case] field: &str) {
    let references: Vec<_> = (0..50_000)
        .map(|number| json!({"name": format!("s{}", number % 1_000)}))
        .collect();
    let mut endless = listener("x", "x.example.org", "own");
    endless[field] = json!("x".repeat(1_000_000));
    endless["tls"]["certificateRefs"] = json!(references);
    let author = triggered(json!([listener("a", "a.example.com", "own"), endless]));
    let secrets: Vec<_> = (0..1_000)
        .map(|number| routing_secret(&format!("s{number}"), &["*.example.com"]))
        .collect();
    let stored = stored(&author, &json!({}), &cluster(&secrets));
    assert_eq!(
        stored["spec"]["listeners"][1],
        author["spec"]["listeners"][1]
    );
}

/// More annotations than Kubernetes stores: the author's own list, which nothing is appended to.
#[test]
fn a_list_of_any_size_costs_little_and_stays() {
    let list = "x ,".repeat(350_000);
    let author = annotated(
        triggered(json!([listener("a", "a.example.com", "own")])),
        IGNORED,
        &list,
    );
    let warnings = warnings_of_untouched(&author, &json!({}));
    assert_names(&warnings, &[RECORD, "more than Kubernetes stores"]);
}
