//! Warnings, the audit annotation, and requests that cannot be read.

use rstest::rstest;
use serde_json::{Value, json};

use crate::support::*;

#[test]
fn every_rewritten_host_is_announced() {
    let author = ingress(
        &["b.example.com"],
        json!([entry(&["a.example.com"], "own"), entry(&["c.example.com"], "wild")]),
    );
    let response = evaluate(&author, &json!({}), &cluster(&[wild()])).response;
    let warned: Vec<_> = response.warnings.iter().filter(|warning| warning.contains("wild")).collect();
    assert_eq!(warned.len(), 2, "{warned:?}");
    assert!(warned[0].contains("a.example.com") && warned[1].contains("b.example.com"));
    let mut pairs: Vec<_> = response.audit_annotations["routing-secrets"].split(',').collect();
    pairs.sort_unstable();
    assert_eq!(pairs, ["a.example.com=wild", "b.example.com=wild", "c.example.com=wild"]);
}

#[test]
fn a_host_that_lost_its_routing_secret_is_announced() {
    let author = ingress(&[], json!([entry(&["a.example.com"], "own")]));
    let rewritten = stored(&author, &json!({}), &cluster(&[wild()]));
    let warnings = evaluate(&rewritten, &json!({}), &cluster(&[])).response.warnings;
    assert!(warnings[0].contains("a.example.com") && warnings[0].contains("own"), "{warnings:?}");
}

#[test]
fn a_plain_accept_says_nothing() {
    let author = ingress(&[], json!([entry(&["a.example.com"], "wild")]));
    let response = evaluate(&author, &json!({}), &cluster(&[wild()])).response;
    assert!(
        response.warnings.is_empty() && response.audit_annotations.is_empty() && response.message.is_none()
    );
}

#[test]
fn there_are_ten_short_warnings_at_most() {
    let long = format!("{}.example.com", "a".repeat(200));
    let mut hosts: Vec<_> = (0..30).map(|number| format!("h{number}.example.com")).collect();
    hosts.insert(0, long);
    let hosts: Vec<_> = hosts.iter().map(String::as_str).collect();
    let author = ingress(&[], json!([entry(&hosts, "own")]));
    let warnings = evaluate(&author, &json!({}), &cluster(&[wild()])).response.warnings;
    assert_ten_short(&warnings);
    assert!(warnings[9].contains("22 more"), "{}", warnings[9]);
}

const KEY: &str = "LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0t";

#[rstest]
#[case(json!({}))]
#[case(json!({"request": KEY}))]
#[case(json!({"request": {"kind": {"kind": "Secret"}, "operation": 7, "object": {"data": {"tls.key": KEY}}}}))]
#[case(json!({"request": {"kind": KEY, "operation": "CREATE"}}))]
#[case(json!([KEY]))]
fn a_request_that_cannot_be_parsed_is_rejected_without_echo(#[case] payload: Value) {
    let answer = POLICY.call("validate", payload.to_string().as_bytes(), &cluster(&[])).unwrap();
    let text = String::from_utf8(answer.answer).unwrap();
    let response: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(response["accepted"], false);
    assert!(!text.contains(KEY), "{text}");
    assert!(answer.logs.iter().all(|line| !line.to_string().contains(KEY)));
}

#[rstest]
#[case(b"")]
#[case(b"{")]
#[case(b"\xff\xfe")]
#[case(b"null")]
fn a_payload_that_is_not_json_is_rejected(#[case] payload: &[u8]) {
    for operation in ["validate", "validate_settings"] {
        let answer = POLICY.call(operation, payload, &cluster(&[])).unwrap().answer;
        let response: Value = serde_json::from_slice(&answer).unwrap();
        assert!(response["accepted"] == false || response["valid"] == false || payload == b"null");
    }
}

#[rstest]
#[case("/metadata", json!(null), "metadata")]
#[case("/metadata", json!([]), "metadata")]
#[case("/metadata", json!(KEY), "metadata")]
#[case("/metadata/annotations", json!([KEY]), "metadata.annotations")]
#[case("/metadata/labels", json!(KEY), "metadata.labels")]
#[case("/spec", json!(KEY), "spec")]
#[case("/spec/tls", json!({}), "spec.tls")]
#[case("/spec/tls", json!([null]), "spec.tls")]
#[case("/spec/tls", json!([[["a"], "b"]]), "spec.tls")]
#[case("/spec/tls/0/hosts", json!(KEY), "spec.tls")]
#[case("/spec/tls/0/hosts/0", json!(null), "spec.tls")]
#[case("/spec/tls/0/secretName", json!([KEY]), "spec.tls")]
#[case("/spec/rules", json!(KEY), "spec.rules")]
#[case("/spec/rules/0", json!(7), "spec.rules")]
#[case("/spec/rules/0/host", json!({KEY: KEY}), "spec.rules")]
fn a_wrong_type_is_rejected_by_its_field(#[case] pointer: &str, #[case] value: Value, #[case] field: &str) {
    let mut object = ingress(&["a.example.com"], json!([entry(&["a.example.com"], "own")]));
    object["metadata"]["annotations"] = json!({});
    object["metadata"]["labels"] = json!({});
    *object.pointer_mut(pointer).unwrap() = value;
    let request = json!({
        "kind": {"group": "networking.k8s.io", "version": "v1", "kind": "Ingress"},
        "operation": "CREATE", "namespace": NAMESPACE, "object": object,
    });
    let evaluation = POLICY.validate(&request, &json!({}), &cluster(&[wild()])).unwrap();
    assert!(!evaluation.response.accepted);
    let message = evaluation.response.message.unwrap();
    assert!(message.contains(field) && !message.contains(KEY), "{message}");
    assert_eq!(evaluation.calls, []);
}

#[rstest]
#[case(json!(null))]
#[case(json!(7))]
fn an_object_that_is_none_is_rejected(#[case] object: Value) {
    let request = json!({
        "kind": {"group": "networking.k8s.io", "version": "v1", "kind": "Ingress"},
        "operation": "UPDATE", "namespace": NAMESPACE, "object": object,
    });
    let response = POLICY.validate(&request, &json!({}), &cluster(&[])).unwrap().response;
    assert!(!response.accepted);
}

#[test]
fn an_annotation_of_the_wrong_type_is_nobodys_trigger_but_stays() {
    let mut author = ingress(&[], json!([entry(&["a.example.com"], "own")]));
    author["metadata"]["annotations"] = json!({"a": 7, "kubernetes.io/tls-acme": true, ISSUER: null});
    let stored = stored(&author, &json!({}), &cluster(&[wild()]));
    assert_eq!(stored["metadata"]["annotations"]["a"], 7);
    assert_stable(&author, &stored, &json!({}), &cluster(&[wild()]));
}

#[test]
fn the_protocol_version_is_the_one_that_hosts_expect() {
    let answer = POLICY.call("protocol_version", b"", &cluster(&[])).unwrap().answer;
    assert_eq!(answer, br#""v1""#);
}

/// An audit log is no place for thousands of hosts.
#[test]
fn the_audit_annotation_is_short() {
    let hosts: Vec<_> = (0..300).map(|number| format!("h{number}.example.com")).collect();
    let hosts: Vec<_> = hosts.iter().map(String::as_str).collect();
    let author = ingress(&hosts, json!([entry(&hosts, "own")]));
    let response = evaluate(&author, &json!({}), &cluster(&[wild()])).response;
    let audit = &response.audit_annotations["routing-secrets"];
    assert!(audit.len() <= 4096, "{}", audit.len());
    let pairs = audit.matches('=').count();
    assert!(audit.ends_with(&format!(",and {} more", 300 - pairs)), "{audit}");
    assert!(audit.len() > 4000, "{}", audit.len());
}
