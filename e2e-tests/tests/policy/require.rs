//! Section 4 of the contract: `ingress.action: require`.

use serde_json::{Value, json};

use crate::support::*;

fn require() -> Value {
    json!({"ingress": {"action": "require"}})
}

#[test]
fn what_would_be_rewritten_is_rejected() {
    let author = ingress(
        &["b.example.com"],
        json!([entry(&["a.example.com"], "own")]),
    );
    let response = evaluate(
        &annotated(author, ISSUER, "le"),
        &require(),
        &cluster(&[wild()]),
    )
    .response;
    assert!(!response.accepted);
    assert_eq!(response.mutated_object, None);
    let message = response.message.unwrap();
    for part in [
        "Ingress workspace/app",
        "a.example.com names Secret own, expected Secret wild",
        "b.example.com names no Secret, expected Secret wild",
        ISSUER,
    ] {
        assert!(message.contains(part), "{part} is missing in {message}");
    }
}

#[test]
fn what_is_right_is_accepted() {
    let author = ingress(
        &["a.example.com"],
        json!([entry(&["a.example.com"], "wild")]),
    );
    assert_untouched(&author, &require(), &cluster(&[wild()]));
    let uncovered = ingress(
        &["a.example.org"],
        json!([entry(&["a.example.org"], "own")]),
    );
    assert_untouched(&uncovered, &require(), &cluster(&[wild()]));
}

#[test]
fn what_would_be_left_is_accepted_with_the_warning() {
    let tls = json!([entry(&["a.example.com", "x.example.org"], "own")]);
    let author = annotated(ingress(&[], tls), ISSUER, "le");
    let response = evaluate(&author, &require(), &cluster(&[wild()])).response;
    assert!(response.accepted);
    assert_eq!(response.mutated_object, None);
    assert!(!response.warnings.is_empty());
}

#[test]
fn what_was_rewritten_is_accepted_until_its_secret_is_gone() {
    let author = ingress(
        &["a.example.com"],
        json!([entry(&["a.example.com"], "own")]),
    );
    let rewritten = stored(&author, &json!({}), &cluster(&[wild()]));
    assert_untouched(&rewritten, &require(), &cluster(&[wild()]));
    let response = evaluate(&rewritten, &require(), &cluster(&[])).response;
    assert!(!response.accepted);
    assert!(
        response
            .message
            .unwrap()
            .contains("a.example.com names Secret wild, expected Secret own")
    );
}

#[test]
fn a_record_of_nothing_is_no_reason_to_reject() {
    let object = annotated(ingress(&["x.example.org"], json!([])), RECORD, "{}");
    assert_untouched(&object, &require(), &cluster(&[wild()]));
}

#[test]
fn hosts_that_would_be_omitted_are_a_fault() {
    let tls = json!([
        entry(&["a.example.com"], "wild"),
        entry(&["x.example.org"], "own")
    ]);
    let author = annotated(ingress(&[], tls), ISSUER, "le");
    let settings = json!({"ingress": {"action": "require", "partlyCovered": "omitHosts"}});
    let response = evaluate(&author, &settings, &cluster(&[wild()])).response;
    assert!(!response.accepted);
    let message = response.message.unwrap();
    assert!(
        message.contains("routing secret wild must not list its hosts"),
        "{message}"
    );
}

#[test]
fn a_long_list_of_faults_is_cut() {
    let hosts: Vec<_> = (0..80)
        .map(|number| format!("h{number}.example.com"))
        .collect();
    let hosts: Vec<_> = hosts.iter().map(String::as_str).collect();
    let author = ingress(&[], json!([entry(&hosts, "own")]));
    let message = evaluate(&author, &require(), &cluster(&[wild()]))
        .response
        .message
        .unwrap();
    assert!(message.ends_with("and 30 more"), "{message}");
}
