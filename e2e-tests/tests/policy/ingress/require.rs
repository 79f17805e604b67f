//! `ingress.action: require`.

use rstest::rstest;
use serde_json::{Value, json};

use crate::support::*;

fn require() -> Value {
    json!({"ingress": {"action": "require"}})
}

#[test]
fn what_would_be_rewritten_is_rejected() {
    let author = ingress(&["b.example.com"], json!([entry(&["a.example.com"], "own")]));
    let response = evaluate(&annotated(author, ISSUER, "le"), &require(), &cluster(&[wild()])).response;
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
    let author = ingress(&["a.example.com"], json!([entry(&["a.example.com"], "wild")]));
    assert_untouched(&author, &require(), &cluster(&[wild()]));
    let uncovered = ingress(&["a.example.org"], json!([entry(&["a.example.org"], "own")]));
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
    let author = ingress(&["a.example.com"], json!([entry(&["a.example.com"], "own")]));
    let rewritten = stored(&author, &json!({}), &cluster(&[wild()]));
    assert_untouched(&rewritten, &require(), &cluster(&[wild()]));
    let response = evaluate(&rewritten, &require(), &cluster(&[])).response;
    assert!(!response.accepted);
    assert!(response.message.unwrap().contains("a.example.com names Secret wild, expected Secret own"));
}

#[test]
fn a_record_of_nothing_is_no_reason_to_reject() {
    let object = annotated(ingress(&["x.example.org"], json!([])), RECORD, "{}");
    assert_untouched(&object, &require(), &cluster(&[wild()]));
}

#[test]
fn hosts_that_would_be_omitted_are_a_fault() {
    let tls = json!([entry(&["a.example.com"], "wild"), entry(&["x.example.org"], "own")]);
    let author = annotated(ingress(&[], tls), ISSUER, "le");
    let settings = json!({"ingress": {"action": "require", "partlyCovered": "omitHosts"}});
    let response = evaluate(&author, &settings, &cluster(&[wild()])).response;
    assert!(!response.accepted);
    let message = response.message.unwrap();
    assert!(message.contains("remove the hosts from the entry of routing secret wild"), "{message}");
}

#[test]
fn a_long_list_of_faults_is_cut() {
    let hosts: Vec<_> = (0..80).map(|number| format!("h{number}.example.com")).collect();
    let hosts: Vec<_> = hosts.iter().map(String::as_str).collect();
    let author = ingress(&[], json!([entry(&hosts, "own")]));
    let message = evaluate(&author, &require(), &cluster(&[wild()])).response.message.unwrap();
    assert!(message.ends_with("and 30 more"), "{message}");
}

fn author() -> Value {
    ingress(&["a.example.com"], json!([entry(&["a.example.com"], "own")]))
}

#[test]
fn a_rejection_is_audited_like_a_change() {
    let author = ingress(&["b.example.com"], json!([entry(&["a.example.com", "x.example.org"], "own")]));
    let cluster = cluster(&[wild()]);
    let rejected = evaluate(&author, &require(), &cluster).response;
    assert!(!rejected.accepted);
    assert_eq!(rejected.audit_annotations["routing-secrets"], "a.example.com=wild,b.example.com=wild");
    let changed = evaluate(&author, &json!({}), &cluster).response;
    assert_eq!(rejected.audit_annotations, changed.audit_annotations);
    // Where no routing secret serves a host, there is nothing to audit.
    let rewritten = stored(&author, &json!({}), &cluster);
    let lost = evaluate(&rewritten, &require(), &self::cluster(&[])).response;
    assert!(!lost.accepted && lost.audit_annotations.is_empty());
}

#[rstest]
#[case::skip(annotated(author(), "routing-secrets-policy/skip", "true"), json!([]))]
#[case::template(
    annotated(
        annotated(author(), "cert-manager.io/secret-template", r#"{"labels":{"epinio.io/routing":""}}"#),
        ISSUER,
        "le"
    ),
    json!([])
)]
#[case::ignored_host(author(), json!(["a.example.com"]))]
#[case::ignored_hosts(author(), json!(["*.EXAMPLE.com"]))]
fn what_is_left_alone_is_accepted(#[case] object: Value, #[case] ignored_hosts: Value) {
    let settings = json!({"ignoredHosts": ignored_hosts, "ingress": {"action": "require"}});
    let evaluation = evaluate(&object, &settings, &cluster(&[wild()]));
    assert!(evaluation.response.accepted, "{:?}", evaluation.response.message);
    assert!(evaluation.response.warnings.is_empty());
    assert_eq!(evaluation.response.mutated_object, None);
    assert_eq!(evaluation.calls, []);
}

#[test]
fn a_producer_is_accepted() {
    let made =
        routing_secret("own", &["a.example.com"]).annotation("cert-manager.io/certificate-name", "own");
    let producer = annotated(author(), ISSUER, "le");
    let other = routing_secret("exact", &["a.example.com"]);
    assert_untouched(&producer, &require(), &cluster(&[made, other.clone()]));
    let response = evaluate(&producer, &require(), &cluster(&[other])).response;
    assert!(!response.accepted);
}

/// There is no room for the record, so `mutate` leaves it as well.
#[test]
fn an_ingress_of_too_many_annotations_is_accepted_with_the_warning() {
    let full = annotated(author(), "notes", &"x".repeat(256 * 1024 - 20));
    let [required, mutated] =
        [require(), json!({})].map(|settings| evaluate(&full, &settings, &cluster(&[wild()])).response);
    assert!(required.accepted, "{:?}", required.message);
    assert!(required.warnings[0].contains("256 KiB"));
    assert_eq!(required, mutated);
}

/// Kubernetes counts the text, which can be shorter than its JSON.
#[test]
fn an_ingress_of_annotations_that_are_long_in_json_only_is_rejected() {
    let escaped = annotated(author(), "notes", &"\n".repeat(200 * 1024));
    let response = evaluate(&escaped, &require(), &cluster(&[wild()])).response;
    assert!(!response.accepted);
    assert_eq!(response.warnings, Vec::<String>::new());
}

/// Names of any text are part of what people and logs are told.
#[test]
fn what_is_said_is_clean_and_short() {
    let odd = "own\r\nmessage: all is well\u{7}\u{1b}[2J\u{9b}31m\u{0}";
    let mut object = ingress(&[], json!([entry(&["a.example.com"], odd)]));
    object["metadata"]["name"] = json!(odd);
    let issuer = "le\u{1b}[2J";
    let settings = json!({"ingress": {"action": "require"}});
    let message = evaluate(&annotated(object, ISSUER, issuer), &settings, &cluster(&[wild()]))
        .response
        .message
        .unwrap();
    assert!(message.contains("a.example.com names Secret own"), "{message:?}");
    assert!(!message.contains(char::is_control), "{message:?}");

    let long = "s".repeat(100_000);
    for (host, secret) in [("a.example.com", long.as_str()), ("b.example.com", "own")] {
        let mut object = ingress(&[], json!([entry(&[host], secret)]));
        object["metadata"]["name"] = json!(long);
        let response = evaluate(&object, &require(), &cluster(&[wild()])).response;
        let message = response.message.unwrap();
        assert!(message.len() <= 16 * 1024, "{} bytes", message.len());
    }
}

#[rstest]
#[case::mutate(json!({}))]
#[case::require(require())]
fn without_a_namespace_nothing_is_looked_up(#[case] settings: Value) {
    for namespace in [json!(""), json!(null)] {
        let mut request = e2e_tests::request_from(author()).unwrap();
        request["namespace"] = namespace.clone();
        request["object"]["metadata"]["namespace"] = namespace;
        let evaluation = POLICY.validate(&request, &settings, &cluster(&[wild()])).unwrap();
        assert_eq!(evaluation.calls, []);
        let response = evaluation.response;
        assert!(!response.accepted);
        assert_eq!(response.code, Some(400));
        let message = response.message.unwrap();
        assert!(message.contains("namespace is missing"), "{message}");
    }
}

/// An entry of the author that names a routing secret for more hosts than it covers stays in both.
#[test]
fn what_is_stored_with_omitted_hosts_passes() {
    let half = routing_secret("half", &["b.example.com"]);
    let exact = routing_secret("exact", &["a.example.com"]);
    let tls = json!([entry(&["b.example.com", "x.example.org"], "half"), entry(&["a.example.com"], "own")]);
    let author = annotated(ingress(&[], tls), ISSUER, "le");
    let secrets = cluster(&[half, exact]);
    let stored = stored(&author, &json!({"ingress": {"partlyCovered": "omitHosts"}}), &secrets);
    assert_ne!(stored, author);
    let settings = json!({"ingress": {"action": "require", "partlyCovered": "omitHosts"}});
    let response = evaluate(&stored, &settings, &secrets).response;
    assert!(response.accepted, "{:?}", response.message);
}
