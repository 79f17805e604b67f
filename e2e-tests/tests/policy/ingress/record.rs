//! The record, and what the author gets back from it.

use rstest::rstest;
use serde_json::{Value, json};

use crate::support::*;

fn author() -> Value {
    ingress(
        &["a.example.com"],
        json!([entry(&["a.example.com", "x.example.org"], "own")]),
    )
}

fn rewritten() -> Value {
    stored(&author(), &json!({}), &cluster(&[wild()]))
}

#[test]
fn the_record_is_compact_and_names_what_was_replaced() {
    let record = rewritten()["metadata"]["annotations"][RECORD]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(!record.contains(' '), "{record}");
    assert!(
        record.contains("own") && record.contains("a.example.com") && record.contains("wild"),
        "{record}"
    );
}

#[rstest]
#[case::null(json!(null))]
#[case::empty(json!({}))]
#[case::others(json!({"a": "b"}))]
fn annotations_come_back_as_they_were(#[case] annotations: Value) {
    let mut author = author();
    author["metadata"]["annotations"] = annotations;
    let stored = stored(&author, &json!({}), &cluster(&[wild()]));
    assert_stable(&author, &stored, &json!({}), &cluster(&[wild()]));
}

#[test]
fn other_secrets_take_over() {
    let other = routing_secret("other", &["a.example.com", "x.example.org"]);
    let stored = stored(&rewritten(), &json!({}), &cluster(&[wild(), other.clone()]));
    assert_eq!(
        stored["spec"]["tls"],
        json!([entry(&["a.example.com", "x.example.org"], "other")])
    );
    assert_stable(&author(), &stored, &json!({}), &cluster(&[wild(), other]));
}

/// Helm and `kubectl apply` send their own values again; the record may still be there.
#[test]
fn values_sent_again_give_the_same_result() {
    let mut sent_again = rewritten();
    sent_again["spec"] = author()["spec"].clone();
    assert_eq!(
        stored(&sent_again, &json!({}), &cluster(&[wild()])),
        rewritten()
    );
    assert_eq!(
        stored(&author(), &json!({}), &cluster(&[wild()])),
        rewritten()
    );
}

/// The author's own entry names the routing secret that it keeps in part, so that it could be taken for ours.
#[test]
fn an_entry_that_names_a_routing_secret_is_sent_again() {
    let exact = routing_secret("exact", &["x.example.org"]);
    let deep = routing_secret("deep", &["*.internal.example.com"]);
    let secrets = cluster(&[exact, deep]);
    let tls = json!([entry(&["x.example.org", "i.internal.example.com"], "exact")]);
    let author = annotated(ingress(&[], tls), ISSUER, "le");
    let rewritten = stored(&author, &json!({}), &secrets);
    assert_eq!(
        rewritten["spec"]["tls"],
        json!([
            entry(&["x.example.org"], "exact"),
            entry(&["i.internal.example.com"], "deep"),
        ])
    );
    let record = rewritten["metadata"]["annotations"][RECORD]
        .as_str()
        .unwrap();
    let sent_again = annotated(author.clone(), RECORD, record);
    assert_eq!(stored(&sent_again, &json!({}), &secrets), rewritten);
    assert_stable(&author, &rewritten, &json!({}), &secrets);
    assert_eq!(stored(&sent_again, &json!({}), &cluster(&[])), author);
}

#[test]
fn what_the_author_changed_meanwhile_stays() {
    let mut changed = rewritten();
    changed["spec"]["tls"][0]["secretName"] = json!("theirs");
    changed["spec"]["tls"]
        .as_array_mut()
        .unwrap()
        .push(entry(&["y.example.org"], "new"));
    let expected = json!([
        entry(&["a.example.com"], "theirs"),
        entry(&["x.example.org"], "own"),
        entry(&["y.example.org"], "new"),
    ]);
    let stored = stored(&changed, &json!({}), &cluster(&[]));
    let mut tls = stored["spec"]["tls"].as_array().unwrap().clone();
    tls.sort_by_key(Value::to_string);
    assert_eq!(json!(tls), expected);
    assert_eq!(stored["metadata"].get("annotations"), None);
}

#[test]
fn hosts_that_the_author_removed_meanwhile_do_not_come_back() {
    let author = ingress(
        &[],
        json!([
            entry(&["a.example.com", "b.example.com"], "one"),
            entry(&["c.example.com"], "two")
        ]),
    );
    let mut changed = stored(&author, &json!({}), &cluster(&[wild()]));
    assert_eq!(
        changed["spec"]["tls"],
        json!([entry(
            &["a.example.com", "b.example.com", "c.example.com"],
            "wild"
        )])
    );
    changed["spec"]["tls"] = json!([entry(&["b.example.com", "d.example.com"], "wild")]);
    let stored = stored(&changed, &json!({}), &cluster(&[]));
    assert_eq!(
        stored["spec"]["tls"],
        json!([
            entry(&["b.example.com"], "one"),
            entry(&["d.example.com"], "wild")
        ])
    );
}

#[test]
fn an_annotation_that_is_there_again_stays() {
    let covered = ingress(&[], json!([entry(&["a.example.com"], "own")]));
    let mut changed = stored(
        &annotated(covered, ISSUER, "old"),
        &json!({}),
        &cluster(&[wild()]),
    );
    changed["metadata"]["annotations"][ISSUER] = json!("new");
    let stored = stored(&changed, &json!({}), &cluster(&[]));
    assert_eq!(stored["metadata"]["annotations"], json!({ISSUER: "new"}));
    assert_eq!(
        stored["spec"]["tls"],
        json!([entry(&["a.example.com"], "own")])
    );
}

#[test]
fn an_unknown_field_of_an_entry_comes_back() {
    let author = ingress(
        &[],
        json!([
            {"hosts": ["a.example.com", "x.example.org", "b.example.com"], "secretName": "own", "more": {"x": null}},
            {"hosts": ["c.example.com"], "secretName": null, "less": []},
        ]),
    );
    let stored = stored(&author, &json!({}), &cluster(&[wild()]));
    assert_stable(&author, &stored, &json!({}), &cluster(&[wild()]));
}

#[test]
fn the_record_is_undone_without_a_look_up_where_no_host_is_left() {
    let mut emptied = rewritten();
    emptied["spec"] = json!({"rules": []});
    let evaluation = evaluate(&emptied, &json!({}), &cluster(&[wild()]));
    assert_eq!(evaluation.calls, []);
    assert_eq!(
        evaluation.response.mutated_object.unwrap()["metadata"].get("annotations"),
        None
    );
}

/// A record of so many removed annotations.
fn record_of_annotations(count: usize) -> String {
    let annotations: Vec<_> = (0..count)
        .map(|number| format!(r#""example.com/{number}":"x""#))
        .collect();
    format!(r#"{{"annotations":{{{}}}}}"#, annotations.join(","))
}

#[rstest]
#[case::plain(record_of_annotations(100))]
#[case::packed(packed(&record_of_annotations(100)))]
fn annotations_of_a_record_come_back(#[case] record: String) {
    let object = annotated(author(), RECORD, &record);
    let stored = stored(&object, &json!({}), &cluster(&[]));
    let annotations = stored["metadata"]["annotations"].as_object().unwrap();
    assert_eq!(annotations.len(), 100);
    assert!(annotations.values().all(|value| value == "x"));
    assert_eq!(stored["spec"], author()["spec"]);
}

#[rstest]
#[case("")]
#[case("hello")]
#[case("[]")]
#[case("null")]
#[case(r#"{"tls":7}"#)]
#[case(r#"{"strange":true}"#)]
#[case(r#"{"tls":[{"at":0,"was":7,"now":"wild"}]}"#)]
#[case(r#"{"tls":[{"at":0,"was":{"hosts":["a"]},"now":[]}]}"#)]
#[case(r#"{"tls":[{"at":-1,"was":{},"now":"wild"}]}"#)]
#[case::annotation_of_a_number(r#"{"annotations":{"example.com/x":7}}"#)]
#[case::annotation_of_an_object(r#"{"annotations":{"example.com/x":{"y":"z"}}}"#)]
#[case::annotation_of_a_list(r#"{"annotations":{"example.com/x":["y"]}}"#)]
#[case::annotation_that_skips(r#"{"annotations":{"routing-secrets-policy/skip":"true"}}"#)]
#[case::annotation_of_a_record(r#"{"annotations":{"routing-secrets-policy/replaced":"{}"}}"#)]
#[case::annotation_of_ours(r#"{"annotations":{"a":"b","routing-secrets-policy/later":null}}"#)]
#[case::many_annotations(&record_of_annotations(101))]
#[case::packed_nothing("gzip:")]
#[case::packed_without_base64("gzip:{}")]
#[case::packed_without_gzip("gzip:e30=")]
#[case::packed_and_cut(&packed(r#"{"tls":[]}"#)[..24])]
#[case::packed_text(&packed("hello"))]
#[case::packed_list(&packed("[]"))]
#[case::packed_twice(&packed(&packed("{}")))]
#[case::packed_annotation_that_skips(&packed(r#"{"annotations":{"routing-secrets-policy/skip":"true"}}"#))]
#[case::packed_and_too_long(&packed(&format!(r#"{{"annotations":{{"a":"{}"}}}}"#, "x".repeat(4 * 1024 * 1024))))]
fn a_record_that_is_not_ours_leaves_the_ingress_alone(#[case] record: &str) {
    let object = annotated(author(), RECORD, record);
    let evaluation = evaluate(&object, &json!({}), &cluster(&[wild()]));
    assert!(evaluation.response.accepted);
    assert_eq!(evaluation.response.mutated_object, None);
    assert_eq!(evaluation.calls, []);
    assert!(evaluation.response.warnings[0].contains(RECORD));
}

#[test]
fn a_forged_record_gives_nothing_that_the_ingress_does_not_hold() {
    let record = r#"{"tls":[{"at":99999999999,"was":{"hosts":["a.example.com"],"secretName":"theirs"},"now":"other"}],"added":{"x":["y"]}}"#;
    let object = annotated(
        ingress(&[], json!([entry(&["a.example.com"], "own")])),
        RECORD,
        record,
    );
    let stored = stored(&object, &json!({}), &cluster(&[]));
    assert_eq!(
        stored["spec"]["tls"],
        json!([entry(&["a.example.com"], "own")])
    );
}
