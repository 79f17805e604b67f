//! Annotations that make cert-manager issue certificates.

use rstest::rstest;
use serde_json::{Value, json};

use crate::support::*;

fn covered() -> Value {
    ingress(&["a.example.com"], json!([entry(&["a.example.com"], "own")]))
}

fn partly() -> Value {
    let tls = json!([entry(&["a.example.com", "x.example.org"], "own"), entry(&["b.example.com"], "wild")]);
    ingress(&["a.example.com", "x.example.org", "b.example.com"], tls)
}

fn omit_hosts() -> Value {
    json!({"ingress": {"partlyCovered": "omitHosts"}})
}

#[rstest]
#[case("cert-manager.io/issuer", "le")]
#[case("cert-manager.io/issuer", "")]
#[case("cert-manager.io/cluster-issuer", "le")]
#[case("kubernetes.io/tls-acme", "true")]
#[case("kubernetes.io/tls-acme", "1")]
#[case("kubernetes.io/tls-acme", "T")]
#[case("example.org/issue", "x")]
fn a_trigger_is_removed_when_every_tls_host_is_covered(#[case] name: &str, #[case] value: &str) {
    let settings = json!({"ingress": {"issuerAnnotations": ["example.org/issue"]}});
    let author = annotated(annotated(covered(), name, value), "other", "stays");
    let stored = stored(&author, &settings, &cluster(&[wild()]));
    assert_eq!(stored["spec"]["tls"], json!([entry(&["a.example.com"], "wild")]));
    assert_eq!(stored["metadata"]["annotations"].get(name), None);
    assert_eq!(stored["metadata"]["annotations"]["other"], "stays");
    assert_stable(&author, &stored, &settings, &cluster(&[wild()]));
}

#[rstest]
#[case("kubernetes.io/tls-acme", "false")]
#[case("kubernetes.io/tls-acme", "yes")]
#[case("cert-manager.io/issuer-kind", "ClusterIssuer")]
#[case("example.org/issue", "x")]
fn no_trigger(#[case] name: &str, #[case] value: &str) {
    let author = annotated(covered(), name, value);
    let stored = stored(&author, &json!({}), &cluster(&[wild()]));
    assert_eq!(stored["spec"]["tls"], json!([entry(&["a.example.com"], "wild")]));
    assert_eq!(stored["metadata"]["annotations"][name], value);
}

#[test]
fn a_trigger_is_removed_from_an_ingress_that_names_its_routing_secret_already() {
    let author = annotated(ingress(&[], json!([entry(&["a.example.com"], "wild")])), ISSUER, "le");
    let stored = stored(&author, &json!({}), &cluster(&[wild()]));
    assert_eq!(stored["spec"], author["spec"]);
    assert_eq!(stored["metadata"]["annotations"].get(ISSUER), None);
    assert_stable(&author, &stored, &json!({}), &cluster(&[wild()]));
}

#[test]
fn a_trigger_stays_where_there_is_nothing_to_cover() {
    let author =
        annotated(ingress(&["x.example.org"], json!([entry(&["x.example.org"], "own")])), ISSUER, "le");
    assert_untouched(&author, &json!({}), &cluster(&[wild()]));
    let plain = annotated(ingress(&["x.example.org"], json!([])), ISSUER, "le");
    assert_untouched(&plain, &json!({}), &cluster(&[wild()]));
}

#[test]
fn a_partly_covered_ingress_is_left_with_a_warning_that_names_both_sides() {
    let author = annotated(partly(), ISSUER, "le");
    let response = evaluate(&author, &json!({}), &cluster(&[wild()])).response;
    assert!(response.accepted);
    assert_eq!(response.mutated_object, None);
    let warnings = response.warnings.join("\n");
    for part in
        ["a.example.com (wild)", "b.example.com (wild)", "no routing secret covers x.example.org", ISSUER]
    {
        assert!(warnings.contains(part), "{part} is missing in {warnings}");
    }
}

#[test]
fn a_partly_covered_ingress_without_trigger_is_rewritten() {
    let stored = stored(&partly(), &json!({}), &cluster(&[wild()]));
    let expected =
        json!([entry(&["a.example.com", "b.example.com"], "wild"), entry(&["x.example.org"], "own")]);
    assert_eq!(stored["spec"]["tls"], expected);
    assert_stable(&partly(), &stored, &json!({}), &cluster(&[wild()]));
}

#[test]
fn hosts_can_be_omitted_from_the_entries_of_routing_secrets() {
    let author = annotated(partly(), ISSUER, "le");
    let stored = stored(&author, &omit_hosts(), &cluster(&[wild()]));
    let expected = json!([{"secretName": "wild"}, entry(&["x.example.org"], "own")]);
    assert_eq!(stored["spec"]["tls"], expected);
    assert_eq!(stored["metadata"]["annotations"][ISSUER], "le");
    assert_stable(&author, &stored, &omit_hosts(), &cluster(&[wild()]));
}

#[test]
fn omitted_hosts_come_back_when_everything_is_covered() {
    let author = annotated(partly(), ISSUER, "le");
    let omitted = stored(&author, &omit_hosts(), &cluster(&[wild()]));
    let both = cluster(&[wild(), routing_secret("org", &["*.example.org"])]);
    let complete = stored(&omitted, &omit_hosts(), &both);
    let expected =
        json!([entry(&["a.example.com", "b.example.com"], "wild"), entry(&["x.example.org"], "org")]);
    assert_eq!(complete["spec"]["tls"], expected);
    assert_eq!(complete["metadata"]["annotations"].get(ISSUER), None);
    assert_stable(&author, &complete, &omit_hosts(), &both);
}

#[test]
fn an_entry_without_hosts_that_names_its_routing_secret_needs_no_record() {
    let tls = json!([{"secretName": "wild"}, entry(&["x.example.org"], "own")]);
    let author = annotated(ingress(&["a.example.com", "x.example.org"], tls), ISSUER, "le");
    assert_untouched(&author, &omit_hosts(), &cluster(&[wild()]));
}

#[test]
fn losing_one_of_two_routing_secrets_brings_the_trigger_back() {
    let author =
        annotated(ingress(&[], json!([entry(&["a.example.com", "b.example.org"], "own")])), ISSUER, "le");
    let both = cluster(&[wild(), routing_secret("org", &["*.example.org"])]);
    let rewritten = stored(&author, &json!({}), &both);
    assert_eq!(rewritten["metadata"]["annotations"].get(ISSUER), None);
    assert_eq!(stored(&rewritten, &json!({}), &cluster(&[wild()])), author);
}

#[test]
fn certificates_that_keep_renewing_are_mentioned_on_update() {
    let mut request = e2e_tests::request_from(annotated(covered(), ISSUER, "le")).unwrap();
    let warnings = |request: &Value| {
        let evaluation = POLICY.validate(request, &json!({}), &cluster(&[wild()])).unwrap();
        evaluation.response.warnings.join("\n")
    };
    assert!(!warnings(&request).contains("keep renewing"));
    request["operation"] = json!("UPDATE");
    request["oldObject"] = covered();
    assert!(!warnings(&request).contains("keep renewing"));
    request["oldObject"] = annotated(covered(), ISSUER, "le");
    assert!(warnings(&request).contains("keep renewing"));
}

/// Entries that name two routing secrets become one when their hosts are omitted.
#[test]
fn omitted_hosts_never_leave_two_entries_of_one_secret() {
    let tls = json!([
        {"secretName": "wild"},
        entry(&["a.example.com"], "wild"),
        entry(&["x.example.org"], "own"),
    ]);
    let author = annotated(ingress(&["y.example.org"], tls), ISSUER, "le");
    let stored = stored(&author, &omit_hosts(), &cluster(&[wild()]));
    let expected = json!([{"secretName": "wild"}, entry(&["x.example.org"], "own")]);
    assert_eq!(stored["spec"]["tls"], expected);
    assert_stable(&author, &stored, &omit_hosts(), &cluster(&[wild()]));
}

#[test]
fn what_is_left_after_a_host_was_added_is_announced_as_it_is() {
    let author = annotated(covered(), ISSUER, "le");
    let mut changed = stored(&author, &json!({}), &cluster(&[wild()]));
    let more = entry(&["x.example.org"], "other");
    changed["spec"]["tls"].as_array_mut().unwrap().push(more.clone());
    let response = evaluate(&changed, &json!({}), &cluster(&[wild()])).response;
    let stored = response.mutated_object.unwrap();
    assert_eq!(stored["spec"]["tls"], json!([entry(&["a.example.com"], "own"), more]));
    assert_eq!(stored["metadata"]["annotations"], json!({ISSUER: "le"}));
    let warnings = response.warnings.join("\n");
    assert!(warnings.contains("a.example.com (wild)"), "{warnings}");
    assert!(warnings.contains("a.example.com: uses Secret own again"), "{warnings}");
}

/// An author can tell cert-manager to overwrite a routing secret; we can only say so.
#[rstest]
#[case::covered_in_part(json!([entry(&["a.example.com"], "wild"), entry(&["x.example.org"], "own")]), "wild")]
#[case::not_covered(json!([entry(&["x.example.org"], "wild")]), "wild")]
#[case::expired(json!([entry(&["x.example.org"], "old")]), "old")]
fn an_endangered_routing_secret_is_named(#[case] tls: Value, #[case] secret: &str) {
    let author = annotated(ingress(&[], tls), ISSUER, "le");
    let secrets = cluster(&[wild(), routing_secret("old", &["*.example.org"]).valid(-9, -1)]);
    for settings in [json!({}), json!({"ingress": {"action": "require"}})] {
        let response = evaluate(&author, &settings, &secrets).response;
        assert!(response.accepted);
        let warning = response.warnings.iter().find(|warning| warning.contains("overwrite"));
        assert!(warning.is_some_and(|warning| warning.contains(secret)), "{:?}", response.warnings);
    }
}

/// An entry that is split must not leave a routing secret named beside the trigger.
#[rstest]
#[case(json!([{"secretName": "exact"}, entry(&["x.example.org"], "own")]))]
#[case(json!([entry(&["a.example.com", "b.example.com"], "exact"), entry(&["x.example.org"], "own")]))]
fn hosts_that_keep_their_routing_secret_are_omitted_too(#[case] tls: Value) {
    let author = annotated(ingress(&["a.example.com", "b.example.com"], tls), ISSUER, "le");
    let secrets = cluster(&[wild(), routing_secret("exact", &["a.example.com"])]);
    let stored = stored(&author, &omit_hosts(), &secrets);
    let expected = json!([{"secretName": "exact"}, {"secretName": "wild"}, entry(&["x.example.org"], "own")]);
    assert_eq!(stored["spec"]["tls"], expected);
    assert_stable(&author, &stored, &omit_hosts(), &secrets);
}

/// A routing secret that the author names beside a trigger is not made by it.
#[test]
fn only_secrets_that_were_made_are_not_made_any_more() {
    let tls = json!([entry(&["a.example.com"], "wild"), entry(&["b.example.com"], "own")]);
    let author = annotated(ingress(&[], tls), ISSUER, "le");
    let said = evaluate(&author, &json!({}), &cluster(&[wild()])).response.warnings.join("; ");
    assert!(said.contains("Secret own is not made any more"), "{said}");
    assert!(!said.contains("Secret wild is not made"), "{said}");
}
