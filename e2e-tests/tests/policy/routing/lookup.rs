//! The one look-up, and what follows when it fails.

use rstest::rstest;
use serde_json::{Value, json};

use crate::support::*;

fn author() -> Value {
    ingress(&["a.example.com"], json!([entry(&["a.example.com"], "own")]))
}

#[test]
fn there_is_one_list_call_with_constant_arguments() {
    let many =
        ingress(&["b.example.com"], json!([entry(&["c.example.com"], "c"), entry(&["d.example.com"], "d")]));
    let expected = json!({
        "api_version": "v1",
        "kind": "Secret",
        "namespace": NAMESPACE,
        "label_selector": "epinio.io/routing",
        "field_selector": "type=kubernetes.io/tls",
        "field_masks": ["type"],
    });
    for object in [author(), many] {
        let calls = evaluate(&object, &json!({}), &indexed_cluster(&[wild()])).calls;
        assert_eq!(calls.len(), 1);
        assert_eq!(calls[0].operation, "list_resources_by_namespace");
        assert_eq!(calls[0].request, expected);
    }
}

#[test]
fn the_namespace_is_that_of_the_request() {
    let mut request = e2e_tests::request_from(author()).unwrap();
    request["namespace"] = json!("elsewhere");
    let secrets = cluster(&[wild().namespace("elsewhere")]);
    let evaluation = POLICY.validate(&request, &json!({}), &secrets).unwrap();
    assert_eq!(evaluation.calls[0].request["namespace"], "elsewhere");
    assert!(evaluation.response.mutated_object.is_some());
}

#[test]
fn a_refused_look_up_rejects_and_says_what_to_do() {
    let response = evaluate(&author(), &json!({}), &cluster(&[]).refusing("secrets is forbidden")).response;
    assert!(!response.accepted);
    let message = response.message.unwrap();
    for part in [
        NAMESPACE,
        "list_resources_by_namespace",
        "secrets is forbidden",
        "service account",
        "contextAwareResources",
    ] {
        assert!(message.contains(part), "{part} is missing in {message}");
    }
}

/// The host puts this before every cause, and API servers end theirs with a full stop.
#[test]
fn the_cause_comes_first_and_ends_once() {
    let cause = "Callback evaluation failure: secrets is forbidden.";
    let refusing = cluster(&[wild()]).refusing(cause);
    let message = evaluate(&author(), &json!({}), &refusing).response.message.unwrap();
    assert!(message.contains("): secrets is forbidden. The service account"), "{message}");
}

#[rstest]
#[case("")]
#[case("null")]
#[case("[]")]
#[case(r#"{"items": {"tls.key": "c2VjcmV0"}}"#)]
#[case(r#"{"items": [{"data": "c2VjcmV0"}"#)]
fn a_garbage_answer_rejects_without_showing_it(#[case] answer: &str) {
    let response = evaluate(&author(), &json!({}), &cluster(&[]).answering(answer)).response;
    assert!(!response.accepted);
    let message = response.message.unwrap();
    assert!(message.contains("look-up") && !message.contains("c2VjcmV0"), "{message}");
}

/// One item that is no Secret never hides the others.
#[rstest]
#[case(json!(null))]
#[case(json!(7))]
#[case(json!({}))]
#[case(json!({"metadata": null}))]
#[case(json!({"metadata": {"name": 7}}))]
#[case(json!({"metadata": {"name": "x"}, "data": []}))]
#[case(json!({"metadata": {"name": "x", "annotations": []}, "data": {}}))]
#[case(json!({"metadata": {"name": "x", "annotations": {INDEX: 7}}}))]
#[case(json!({"metadata": {"name": "x"}, "data": {"tls.crt": 7}}))]
#[case(json!({"metadata": {"name": "x"}, "data": {"tls.crt": "%"}}))]
#[case(json!({"metadata": {"name": "x"}, "data": null}))]
#[case(json!({"metadata": {"name": "x"}}))]
fn a_bad_item_never_hides_a_good_one(#[case] item: Value) {
    let answer = json!({"items": [item, indexed(&wild())]}).to_string();
    let stored = stored(&author(), &json!({}), &cluster(&[]).answering(answer));
    assert_eq!(stored["spec"]["tls"][0]["secretName"], "wild");
}

#[test]
fn the_log_says_why_a_routing_secret_is_not_used() {
    let secrets = cluster(&[
        wild(),
        routing_secret("old", &["*.example.com"]).valid(-9, -1),
        routing_secret("junk", &[]).tls_crt("c2VjcmV0 not PEM"),
    ]);
    let evaluation = evaluate(&author(), &json!({}), &secrets);
    assert_eq!(evaluation.logs.len(), 1);
    let line = evaluation.logs[0].to_string();
    for part in [NAMESPACE, "old: has expired", "junk: has no PEM block"] {
        assert!(line.contains(part), "{part} is missing in {line}");
    }
    assert!(!line.contains("c2VjcmV0"), "{line}");
    assert!(evaluate(&author(), &json!({}), &cluster(&[wild()])).logs.is_empty());
}
