//! The record, what the author gets back, `require`, and what people are
//! told.

use rstest::rstest;
use serde_json::{Value, json};

use super::support::*;
use crate::support::*;

fn author() -> Value {
    annotated(
        triggered(json!([listener("a", "a.example.com", "one"), listener("b", "b.example.com", "two")])),
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
        r#"{"listeners":{"a":{"original":"one","applied":"wild"},"b":{"original":"two","applied":"wild"}},"ignoredListeners":["a","b"]}"#
    );
}

#[rstest]
#[case::absent(None)]
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
    assert_eq!(stored(&again, &json!({}), &cluster(&[wild()])), rewritten(&author()));
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
    references.as_array_mut().unwrap().push(json!({"name": "rsa"}));
    changed["spec"]["listeners"][1]["name"] = json!("c");
    assert_eq!(secrets(&gone(&changed)), ["wild", "wild"]);
}

#[test]
fn a_listener_that_is_no_longer_ours_is_restored() {
    let mut changed = rewritten(&author());
    changed["spec"]["listeners"][0]["tls"]["mode"] = json!("Passthrough");
    let stored = stored(&changed, &json!({}), &cluster(&[wild()]));
    assert_eq!((secrets(&stored), ignored(&stored)), (vec!["one", "wild"], Some("x ,b")));
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
    assert_eq!(evaluation.response.mutated_object.unwrap()["metadata"], author()["metadata"]);
}

#[test]
fn other_secrets_take_over() {
    let other = routing_secret("other", &["a.example.com"]);
    let stored = stored(&rewritten(&author()), &json!({}), &cluster(std::slice::from_ref(&other)));
    assert_eq!((secrets(&stored), ignored(&stored)), (vec!["other", "two"], Some("x ,a")));
    assert_stable(&author(), &stored, &json!({}), &cluster(&[other]));
}

#[rstest]
#[case("hello")]
#[case("[]")]
#[case("null")]
#[case(r#"{"tls":[]}"#)]
#[case(r#"{"listeners":7}"#)]
#[case(r#"{"listeners":{"a":"wild"}}"#)]
#[case(r#"{"listeners":{"a":{"original":"own"}}}"#)]
#[case(r#"{"listeners":{"a":{"original":"own","applied":"wild","more":1}}}"#)]
#[case(r#"{"listeners":{"a":{"original":"x","original":"y","applied":"one"}}}"#)]
#[case(r#"{"listeners":{"a":{"was":"own","now":"wild"}}}"#)]
#[case(r#"{"ignoredListeners":"a"}"#)]
#[case(r#"{"listeners":{},"spec":{}}"#)]
fn a_record_that_is_not_ours_leaves_the_object_alone(#[case] record: &str) {
    for kind in FORMS {
        let mut object = annotated(author(), RECORD, record);
        object["kind"] = json!(kind);
        let evaluation = evaluate(&object, &json!({}), &cluster(&[wild()]));
        assert_eq!(evaluation.response.mutated_object, None);
        assert_eq!(evaluation.calls, []);
        let expected = format!("{kind} app: unchanged: annotation {RECORD} is invalid; remove it");
        assert_eq!(evaluation.response.warnings, [expected]);
    }
}

/// Whoever empties it makes the policy forget: what is there is the author's from then on.
#[test]
fn an_emptied_record_is_forgotten() {
    let rewritten = rewritten(&author());
    let emptied = annotated(rewritten.clone(), RECORD, "");
    let forgotten = updated(&rewritten, &emptied, &cluster(&[]));
    assert_eq!(forgotten, without_annotations(emptied, &[RECORD]));
}

/// Server-side apply drops the annotations that nobody owns together with the last one that somebody
/// does.
#[rstest]
#[case::the_record(&[RECORD])]
#[case::all_annotations(&[RECORD, IGNORED])]
fn a_record_that_is_lost_counts_while_listeners_say_what_was_applied(#[case] lost: &[&str]) {
    let author =
        listener_set(json!([listener("a", "a.example.com", "one"), listener("x", "x.example.org", "two")]));
    let rewritten = rewritten(&author);
    let lost = without_annotations(rewritten.clone(), lost);
    assert_eq!(updated(&rewritten, &lost, &cluster(&[wild()])), rewritten);
    assert_eq!(updated(&rewritten, &lost, &cluster(&[])), author);
    let mut changed = lost;
    changed["spec"]["listeners"][1]["tls"]["certificateRefs"][0]["name"] = json!("theirs");
    let back = updated(&rewritten, &changed, &cluster(&[]));
    assert_eq!(secrets(&back), ["one", "theirs"]);
}

#[test]
fn a_record_that_is_lost_counts_while_its_listeners_are_ignored() {
    let author = annotated(triggered(json!([listener("a", "a.example.com", "wild")])), IGNORED, "x ");
    let rewritten = rewritten(&author);
    let lost = without_annotations(rewritten.clone(), &[RECORD]);
    assert_eq!(updated(&rewritten, &lost, &cluster(&[wild()])), rewritten);
    assert_eq!(updated(&rewritten, &lost, &cluster(&[])), author);
}

#[test]
fn what_is_sent_anew_without_the_record_is_the_authors() {
    let mut anew = author();
    anew["spec"]["listeners"][0]["tls"]["certificateRefs"][0]["name"] = json!("theirs");
    let rewritten = rewritten(&author());
    assert_eq!(updated(&rewritten, &anew, &cluster(&[])), anew);
}

#[test]
fn a_lost_record_that_is_not_ours_does_not_count() {
    let rewritten = rewritten(&author());
    let lost = without_annotations(rewritten.clone(), &[RECORD]);
    let old = annotated(rewritten, RECORD, "hello");
    assert_eq!(updated(&old, &lost, &cluster(&[])), lost);
}

#[test]
fn a_forged_record_gives_nothing_that_the_object_does_not_hold() {
    let record = r#"{"listeners":{"a":{"original":"theirs","applied":"other"},"":{"original":"x","applied":"y"}},"ignoredListeners":["y","y",""]}"#;
    assert_eq!(gone(&annotated(author(), RECORD, record)), author());
}

#[test]
fn an_object_whose_record_would_not_be_stored_is_left_with_a_warning() {
    let author = annotated(author(), "notes", &"x".repeat(256 * 1024 - 90));
    let warnings = warnings_of_untouched(&author, &json!({}));
    assert_names(&warnings, &[RECORD, "256 KiB"]);
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
        "add a to annotation cert-manager.io/ignore-tls-listeners",
    ];
    assert_names(&response.message.unwrap(), &parts);
    let unlisted = listener_set(json!([listener("a", "a.example.com", "wild")]));
    let response = evaluate(&unlisted, &require(), &cluster(&[wild()])).response;
    assert_names(&response.message.unwrap(), &["ListenerSet workspace/app", "add a to annotation"]);
}

#[test]
fn require_accepts_what_stays() {
    let shared =
        triggered(json!([listener("a", "a.example.com", "own"), listener("x", "x.example.org", "own")]));
    assert_names(&warnings_of_untouched(&shared, &require()), &["a.example.com", "x.example.org"]);
    assert_untouched(
        &gateway(json!([listener("x", "x.example.org", "own")])),
        &require(),
        &cluster(&[wild()]),
    );
    assert_untouched(&rewritten(&author()), &require(), &cluster(&[wild()]));
    let leave = json!({"gateway": {"action": "require", "triggered": "leave"}});
    assert_names(&warnings_of_untouched(&author(), &leave), &["not rewritten"]);
    assert_untouched(&annotated(gateway(json!([])), RECORD, "{}"), &require(), &cluster(&[wild()]));
}

#[test]
fn require_expects_the_authors_secret_when_the_routing_secret_is_gone() {
    let response = evaluate(&rewritten(&author()), &require(), &cluster(&[])).response;
    assert!(!response.accepted);
    let parts =
        ["listener a (a.example.com) names Secret wild, expected Secret one", "remove b from annotation"];
    assert_names(&response.message.unwrap(), &parts);
}

#[test]
fn changes_are_announced() {
    let response = evaluate(&author(), &json!({}), &cluster(&[wild()])).response;
    let expected = [
        "Gateway app: a.example.com: uses routing secret wild",
        "Gateway app: b.example.com: uses routing secret wild",
        "Gateway app: cert-manager ignores listeners: a, b",
    ];
    assert_eq!(response.warnings, expected);
    assert_eq!(response.audit_annotations["routing-secrets"], "a.example.com=wild,b.example.com=wild");
    let back = evaluate(&rewritten(&author()), &json!({}), &cluster(&[])).response;
    let expected = [
        "Gateway app: a.example.com: uses Secret one again",
        "Gateway app: b.example.com: uses Secret two again",
        "Gateway app: cert-manager no longer ignores listeners: a, b",
    ];
    assert_eq!(back.warnings, expected);
    let again = evaluate(&rewritten(&author()), &json!({}), &cluster(&[wild()])).response;
    assert!(again.warnings.is_empty() && again.audit_annotations.is_empty());
}

#[test]
fn there_are_ten_short_warnings_at_most() {
    let listeners: Value = (0..30)
        .map(|number| listener(&format!("l{number}"), &format!("h{number}.example.com"), &"s".repeat(200)))
        .chain([listener("x", "x.example.org", "wild")])
        .collect();
    let warnings = evaluate(&triggered(listeners), &json!({}), &cluster(&[wild()])).response.warnings;
    assert_ten_short(&warnings);
    assert!(warnings[0].contains("x.example.org"), "{warnings:?}");
}
