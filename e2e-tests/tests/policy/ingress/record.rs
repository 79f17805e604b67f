//! The record, and what the author gets back from it.

use rstest::rstest;
use serde_json::{Value, json};

use crate::support::*;

fn author() -> Value {
    ingress(&["a.example.com"], json!([entry(&["a.example.com", "x.example.org"], "own")]))
}

fn rewritten() -> Value {
    stored(&author(), &json!({}), &cluster(&[wild()]))
}

#[test]
fn the_record_is_compact_and_has_both_lists_and_the_annotations() {
    let author = annotated(author(), ISSUER, "le");
    let secrets = cluster(&[wild(), routing_secret("exact", &["x.example.org"])]);
    let stored = stored(&author, &json!({}), &secrets);
    assert_eq!(
        record_of(&stored),
        Some(concat!(
            r#"{"tls":{"original":[{"hosts":["a.example.com","x.example.org"],"secretName":"own"}],"#,
            r#""applied":[{"hosts":["a.example.com"],"secretName":"wild"},{"hosts":["x.example.org"],"secretName":"exact"}]},"#,
            r#""annotations":{"cert-manager.io/cluster-issuer":"le"}}"#
        ))
    );
}

#[test]
fn the_list_is_recorded_also_where_only_annotations_go() {
    let secrets = cluster(&[wild()]);
    let plain = stored(&ingress(&["a.example.com"], json!([])), &json!({}), &secrets);
    assert_eq!(
        record_of(&plain),
        Some(r#"{"tls":{"original":[],"applied":[{"hosts":["a.example.com"],"secretName":"wild"}]}}"#)
    );
    let covered = ingress(&[], json!([entry(&["a.example.com"], "wild")]));
    let stored = stored(&annotated(covered, ISSUER, ""), &json!({}), &secrets);
    assert_eq!(
        record_of(&stored),
        Some(concat!(
            r#"{"tls":{"original":[{"hosts":["a.example.com"],"secretName":"wild"}],"#,
            r#""applied":[{"hosts":["a.example.com"],"secretName":"wild"}]},"#,
            r#""annotations":{"cert-manager.io/cluster-issuer":""}}"#
        ))
    );
}

#[rstest]
#[case::none(None)]
#[case::others(Some(json!({"a": "b"})))]
fn annotations_come_back_as_they_were(#[case] annotations: Option<Value>) {
    let mut author = author();
    if let Some(annotations) = annotations {
        author["metadata"]["annotations"] = annotations;
    }
    let stored = stored(&author, &json!({}), &cluster(&[wild()]));
    assert_stable(&author, &stored, &json!({}), &cluster(&[wild()]));
}

#[test]
fn other_secrets_take_over() {
    let other = routing_secret("other", &["a.example.com", "x.example.org"]);
    let stored = stored(&rewritten(), &json!({}), &cluster(&[wild(), other.clone()]));
    assert_eq!(stored["spec"]["tls"], json!([entry(&["a.example.com", "x.example.org"], "other")]));
    assert_stable(&author(), &stored, &json!({}), &cluster(&[wild(), other]));
}

/// Helm and `kubectl apply` send their own values again; the record may still be there.
#[test]
fn values_sent_again_give_the_same_result() {
    let mut sent_again = rewritten();
    sent_again["spec"] = author()["spec"].clone();
    assert_eq!(stored(&sent_again, &json!({}), &cluster(&[wild()])), rewritten());
    assert_eq!(stored(&author(), &json!({}), &cluster(&[wild()])), rewritten());
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
        json!([entry(&["x.example.org"], "exact"), entry(&["i.internal.example.com"], "deep"),])
    );
    let record = record_of(&rewritten).unwrap();
    let sent_again = annotated(author.clone(), RECORD, record);
    assert_eq!(stored(&sent_again, &json!({}), &secrets), rewritten);
    assert_stable(&author, &rewritten, &json!({}), &secrets);
    assert_eq!(stored(&sent_again, &json!({}), &cluster(&[])), author);
}

#[test]
fn what_the_author_changed_meanwhile_stays() {
    let mut changed = rewritten();
    changed["spec"]["tls"][0]["secretName"] = json!("theirs");
    changed["spec"]["tls"].as_array_mut().unwrap().push(entry(&["y.example.org"], "new"));
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
        json!([entry(&["a.example.com", "b.example.com"], "one"), entry(&["c.example.com"], "two")]),
    );
    let mut changed = stored(&author, &json!({}), &cluster(&[wild()]));
    assert_eq!(
        changed["spec"]["tls"],
        json!([entry(&["a.example.com", "b.example.com", "c.example.com"], "wild")])
    );
    changed["spec"]["tls"] = json!([entry(&["b.example.com", "d.example.com"], "wild")]);
    let stored = stored(&changed, &json!({}), &cluster(&[]));
    assert_eq!(
        stored["spec"]["tls"],
        json!([entry(&["b.example.com"], "one"), entry(&["d.example.com"], "wild")])
    );
}

#[test]
fn an_annotation_that_is_there_again_stays() {
    let covered = ingress(&[], json!([entry(&["a.example.com"], "own")]));
    let mut changed = stored(&annotated(covered, ISSUER, "old"), &json!({}), &cluster(&[wild()]));
    changed["metadata"]["annotations"][ISSUER] = json!("new");
    let stored = stored(&changed, &json!({}), &cluster(&[]));
    assert_eq!(stored["metadata"]["annotations"], json!({ISSUER: "new"}));
    assert_eq!(stored["spec"]["tls"], json!([entry(&["a.example.com"], "own")]));
}

#[test]
fn an_unknown_field_of_an_entry_comes_back() {
    let author = ingress(
        &[],
        json!([
            {"hosts": ["a.example.com", "x.example.org", "b.example.com"], "secretName": "own", "more": {"x": null}},
            {"hosts": ["c.example.com"], "less": []},
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
    assert_eq!(evaluation.response.mutated_object.unwrap()["metadata"].get("annotations"), None);
}

#[rstest]
#[case("hello")]
#[case(" ")]
#[case("[]")]
#[case("null")]
#[case(r#"{"tls":7}"#)]
#[case(r#"{"strange":true}"#)]
#[case(r#"{"tls":[{"hosts":["a"]}]}"#)]
#[case(r#"{"tls":{"original":[]}}"#)]
#[case(r#"{"tls":{"applied":[]}}"#)]
#[case(r#"{"tls":{"original":[],"applied":[],"more":1}}"#)]
#[case(r#"{"tls":{"original":[7],"applied":[]}}"#)]
#[case(r#"{"tls":{"original":[{"hosts":"a"}],"applied":[]}}"#)]
#[case(r#"{"tls":{"original":[],"applied":[{"secretName":7}]}}"#)]
#[case::annotation_of_nothing(r#"{"annotations":{"example.com/x":null}}"#)]
#[case::annotation_of_a_number(r#"{"annotations":{"example.com/x":7}}"#)]
#[case::annotation_of_an_object(r#"{"annotations":{"example.com/x":{"y":"z"}}}"#)]
#[case::annotation_of_a_list(r#"{"annotations":{"example.com/x":["y"]}}"#)]
#[case::annotation_that_skips(r#"{"annotations":{"routing-secrets-policy/skip":"true"}}"#)]
#[case::annotation_of_a_record(r#"{"annotations":{"routing-secrets-policy/replaced":"{}"}}"#)]
#[case::annotation_of_ours(r#"{"annotations":{"a":"b","routing-secrets-policy/later":""}}"#)]
fn a_record_that_is_not_ours_leaves_the_ingress_alone(#[case] record: &str) {
    let object = annotated(author(), RECORD, record);
    let evaluation = evaluate(&object, &json!({}), &cluster(&[wild()]));
    assert!(evaluation.response.accepted);
    assert_eq!(evaluation.response.mutated_object, None);
    assert_eq!(evaluation.calls, []);
    assert!(evaluation.response.warnings[0].contains(RECORD));
}

/// Of a record that is none of ours nothing is taken over when it is gone.
#[test]
fn a_record_that_was_not_ours_is_not_lost() {
    let mut old = rewritten();
    old["metadata"]["annotations"][RECORD] = json!(r#"{"strange":true}"#);
    let new = without_annotations(old.clone(), &[RECORD]);
    let secrets = cluster(&[]);
    assert_eq!(stored_update(&old, &new, &json!({}), &secrets), new);
}

#[test]
fn a_forged_record_gives_nothing_that_the_ingress_does_not_hold() {
    let record = r#"{"tls":{"original":[{"hosts":["a.example.com","b.example.com"],"secretName":"theirs"}],"applied":[{"hosts":["a.example.com"],"secretName":"other"},{"secretName":"x"}]}}"#;
    let object = annotated(ingress(&[], json!([entry(&["a.example.com"], "own")])), RECORD, record);
    let stored = stored(&object, &json!({}), &cluster(&[]));
    assert_eq!(stored["spec"]["tls"], json!([entry(&["a.example.com"], "own")]));
}

/// An Ingress whose issuer and Secrets were replaced, for the losses below.
fn replaced() -> (Value, Value) {
    let tls = json!([entry(&["a.example.com", "b.example.com"], "one"), entry(&["c.example.com"], "two"),]);
    let author = annotated(annotated(ingress(&["a.example.com"], tls), ISSUER, "le"), "notes", "x");
    let exact = routing_secret("exact", &["b.example.com"]);
    let stored = stored(&author, &json!({}), &cluster(&[wild(), exact]));
    assert_eq!(
        stored["spec"]["tls"],
        json!([entry(&["a.example.com", "c.example.com"], "wild"), entry(&["b.example.com"], "exact"),])
    );
    assert_eq!(stored["metadata"]["annotations"].get(ISSUER), None);
    (author, stored)
}

/// Server-side apply drops the annotations that nobody owns together with the last one that somebody
/// does.
fn without_record(ingress: Value) -> Value {
    without_annotations(ingress, &[RECORD, "notes"])
}

#[test]
fn a_lost_record_is_written_again() {
    let (_, rewritten) = replaced();
    let exact = routing_secret("exact", &["b.example.com"]);
    let lost = without_record(rewritten.clone());
    let mut request = e2e_tests::request_from(lost).unwrap();
    request["operation"] = json!("UPDATE");
    request["oldObject"] = rewritten.clone();
    let evaluation = POLICY.validate(&request, &json!({}), &cluster(&[wild(), exact])).unwrap();
    assert_eq!(evaluation.response.mutated_object, Some(without_annotations(rewritten, &["notes"])));
}

/// What the author changes of it stays changed, and the rest comes back.
#[rstest]
#[case::nothing(
    json!([entry(&["a.example.com", "c.example.com"], "wild"), entry(&["b.example.com"], "exact")]),
    json!([entry(&["a.example.com", "b.example.com"], "one"), entry(&["c.example.com"], "two")])
)]
#[case::the_secret_of_one_host(
    json!([entry(&["a.example.com", "c.example.com"], "wild"), entry(&["b.example.com"], "new")]),
    json!([entry(&["a.example.com"], "one"), entry(&["c.example.com"], "two"), entry(&["b.example.com"], "new")])
)]
#[case::one_host_removed(
    json!([entry(&["c.example.com"], "wild"), entry(&["b.example.com"], "exact")]),
    json!([entry(&["b.example.com"], "one"), entry(&["c.example.com"], "two")])
)]
#[case::one_entry_added(
    json!([
        entry(&["a.example.com", "c.example.com"], "wild"),
        entry(&["b.example.com"], "exact"),
        entry(&["x.example.org"], "new"),
    ]),
    json!([
        entry(&["a.example.com", "b.example.com"], "one"),
        entry(&["c.example.com"], "two"),
        entry(&["x.example.org"], "new"),
    ])
)]
#[case::only_one_host_left(
    json!([entry(&["a.example.com"], "wild")]),
    json!([entry(&["a.example.com"], "one")])
)]
fn a_lost_record_counts_while_what_was_applied_stands(#[case] tls: Value, #[case] expected: Value) {
    let (_, rewritten) = replaced();
    let mut lost = without_record(rewritten.clone());
    lost["spec"]["tls"] = tls;
    let mut request = e2e_tests::request_from(lost.clone()).unwrap();
    request["operation"] = json!("UPDATE");
    request["oldObject"] = rewritten;
    let evaluation = POLICY.validate(&request, &json!({}), &cluster(&[])).unwrap();
    let stored = evaluation.response.mutated_object.unwrap();
    assert_eq!(stored["spec"]["tls"], expected);
    assert_eq!(stored["metadata"]["annotations"], json!({ISSUER: "le"}));
    let warnings = evaluation.response.warnings.join("\n");
    assert!(warnings.contains("uses Secret"), "{warnings}");
}

/// The author's own list, sent anew without the record, is his word: so are his annotations.
#[rstest]
#[case::as_it_was(json!([
    entry(&["a.example.com", "b.example.com"], "one"),
    entry(&["c.example.com"], "two"),
]))]
#[case::changed(json!([entry(&["a.example.com"], "one"), entry(&["x.example.org"], "new")]))]
#[case::removed(json!([]))]
fn a_lost_record_does_not_count_against_the_authors_list(#[case] tls: Value) {
    let (_, rewritten) = replaced();
    let sent = ingress(&["a.example.com"], tls);
    assert_eq!(stored_update(&rewritten, &sent, &json!({}), &cluster(&[])), sent);
}

/// Only its issuer was replaced, as it named its routing secret already.
#[test]
fn a_lost_record_of_annotations_counts_too() {
    let tls = json!([entry(&["a.example.com"], "wild"), entry(&["b.example.com"], "wild"),]);
    let author = annotated(ingress(&[], tls), ISSUER, "le");
    let rewritten = stored(&author, &json!({}), &cluster(&[wild()]));
    assert_eq!(rewritten["spec"], author["spec"]);
    let mut lost = without_annotations(rewritten.clone(), &[RECORD]);
    assert_eq!(stored_update(&rewritten, &lost, &json!({}), &cluster(&[wild()])), rewritten);
    lost["spec"]["tls"][1]["secretName"] = json!("new");
    let stored = stored_update(&rewritten, &lost, &json!({}), &cluster(&[]));
    assert_eq!(stored, annotated(lost, ISSUER, "le"));
}

#[test]
fn a_record_that_is_still_there_counts_before_the_old_one() {
    let (author, rewritten) = replaced();
    let mut other = rewritten.clone();
    other["metadata"]["annotations"][RECORD] = json!(r#"{"annotations":{"a":"b"}}"#);
    assert_eq!(stored_update(&other, &rewritten, &json!({}), &cluster(&[])), author);
}

#[test]
fn a_creation_has_lost_nothing() {
    let (_, rewritten) = replaced();
    let mut request = e2e_tests::request_from(without_record(rewritten.clone())).unwrap();
    request["oldObject"] = rewritten;
    let evaluation = POLICY.validate(&request, &json!({}), &cluster(&[]));
    assert_eq!(evaluation.unwrap().response.mutated_object, None);
}

/// The way to make the policy forget: what is there is the author's from then on.
#[test]
fn an_empty_record_is_removed_and_forgotten() {
    let (_, rewritten) = replaced();
    let mut emptied = rewritten.clone();
    emptied["metadata"]["annotations"][RECORD] = json!("");
    let forgotten = without_annotations(rewritten.clone(), &[RECORD]);
    for secrets in [cluster(&[]), cluster(&[wild()])] {
        let evaluation = evaluate(&emptied, &json!({}), &secrets);
        assert!(evaluation.response.accepted);
    }
    let exact = routing_secret("exact", &["b.example.com"]);
    for secrets in [cluster(&[]), cluster(&[wild(), exact])] {
        let stored = stored_update(&rewritten, &emptied, &json!({}), &secrets);
        assert_eq!(stored, forgotten);
        // Of the old object, the empty text gives nothing back either.
        let stored = stored_update(&emptied, &forgotten, &json!({}), &secrets);
        assert_eq!(stored, forgotten);
    }
}
