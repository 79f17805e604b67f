//! What is left alone, and for what there is no look-up.

use rstest::rstest;
use serde_json::{Value, json};

use crate::support::*;

fn author() -> Value {
    ingress(&["a.example.com"], json!([entry(&["a.example.com"], "own")]))
}

fn with(pointer: &str, value: Value) -> Value {
    let mut object = author();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    object.pointer_mut(parent).unwrap()[name] = value;
    object
}

#[test]
fn the_same_ingress_is_rewritten_otherwise() {
    assert_eq!(stored(&author(), &json!({}), &cluster(&[wild()]))["spec"]["tls"][0]["secretName"], "wild");
}

#[rstest]
#[case::skipped(annotated(author(), "routing-secrets-policy/skip", "true"))]
#[case::skipped_whatever_its_shape(annotated(with("/spec", json!(7)), "routing-secrets-policy/skip", "true"))]
#[case::solver(with("/metadata/labels", json!({"acme.cert-manager.io/http01-solver": "true"})))]
#[case::being_deleted(with("/metadata/deletionTimestamp", json!("2020-01-01T00:00:00Z")))]
#[case::contour(annotated(author(), "projectcontour.io/tls-cert-namespace", "certificates"))]
#[case::istio(with("/spec/ingressClassName", json!("istio")))]
#[case::istio_by_annotation(annotated(author(), "kubernetes.io/ingress.class", "istio"))]
#[case::no_hosts(ingress(&[], json!([])))]
#[case::no_hosts_but_a_secret(ingress(&[], json!([{"secretName": "own"}])))]
#[case::no_spec(json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "app"}}))]
#[case::null_spec(with("/spec", json!(null)))]
#[case::addresses_only(ingress(&["10.0.0.1"], json!([entry(&["10.0.0.2"], "own")])))]
fn without_a_look_up(#[case] object: Value) {
    assert_left_alone(&object, &json!({}));
}

#[rstest]
#[case::ignored_hosts(author(), json!({"ignoredHosts": ["*.example.com"]}))]
#[case::plain_hosts(ingress(&["a.example.com"], json!([])), json!({"ingress": {"plainHosts": "ignore"}}))]
#[case::other_class(with("/spec/ingressClassName", json!("mesh")), json!({"ingress": {"ignoredClasses": ["istio", "mesh"]}}))]
fn without_a_look_up_by_settings(#[case] object: Value, #[case] settings: Value) {
    assert_left_alone(&object, &settings);
}

#[rstest]
#[case(annotated(author(), "routing-secrets-policy/skip", "false"), json!({}))]
#[case(with("/spec/ingressClassName", json!("nginx")), json!({}))]
#[case(with("/spec/ingressClassName", json!("istio")), json!({"ingress": {"ignoredClasses": []}}))]
#[case(with("/metadata/labels", json!({"acme.cert-manager.io/http01-solver": "false"})), json!({}))]
fn is_not_left_alone(#[case] object: Value, #[case] settings: Value) {
    let stored = stored(&object, &settings, &cluster(&[wild()]));
    assert_eq!(stored["spec"]["tls"][0]["secretName"], "wild");
}

/// An Ingress that was rewritten, and a change after which its Secrets are read from another namespace.
#[rstest]
#[case::contour("/metadata/annotations/projectcontour.io~1tls-cert-namespace", "certificates")]
#[case::istio("/spec/ingressClassName", "istio")]
#[case::istio_by_annotation("/metadata/annotations/kubernetes.io~1ingress.class", "istio")]
fn the_authors_version_comes_back_where_secrets_are_elsewhere(#[case] pointer: &str, #[case] value: &str) {
    let author = annotated(annotated(author(), ISSUER, "le"), "notes", "x");
    let change = |object: &Value| {
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let mut changed = object.clone();
        changed.pointer_mut(parent).unwrap()[name.replace("~1", "/")] = json!(value);
        changed
    };
    let rewritten = stored(&author, &json!({}), &cluster(&[wild()]));
    assert_ne!(rewritten, author);
    let evaluation = evaluate(&change(&rewritten), &json!({}), &cluster(&[wild()]));
    assert_eq!(evaluation.calls, [], "there is no need for a look-up");
    let response = evaluation.response;
    assert_eq!(response.mutated_object, Some(change(&author)));
    assert!(response.audit_annotations.is_empty());
    assert_eq!(response.warnings, ["Ingress app: a.example.com: uses Secret own again"]);
    assert_left_alone(&change(&author), &json!({}));
}

/// What is there stays with its record, whatever becomes of the routing secrets.
#[rstest]
#[case::skip("/metadata/annotations/routing-secrets-policy~1skip", json!("true"))]
#[case::deletion("/metadata/deletionTimestamp", json!("2020-01-01T00:00:00Z"))]
fn a_rewritten_ingress_is_frozen(#[case] pointer: &str, #[case] value: Value) {
    let mut rewritten = stored(&author(), &json!({}), &cluster(&[wild()]));
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    rewritten.pointer_mut(parent).unwrap()[name.replace("~1", "/")] = value;
    assert_left_alone(&rewritten, &json!({}));
    let evaluation = evaluate(&rewritten, &json!({}), &cluster(&[]).refusing("no look-up"));
    assert!(evaluation.response.accepted);
    assert_eq!(evaluation.response.mutated_object, None);
    assert!(evaluation.response.warnings.is_empty());
}

const TEMPLATE: &str = "cert-manager.io/secret-template";

#[test]
fn a_producer_by_its_secret_template_is_left_alone_without_a_look_up() {
    let producer = annotated(author(), TEMPLATE, r#"{"labels": {"epinio.io/routing": "x"}}"#);
    assert_left_alone(&annotated(producer, ISSUER, "le"), &json!({}));
}

/// A routing secret that a Certificate of its own name has made for these names.
fn made(names: &[&str]) -> e2e_tests::certificates::TlsSecret {
    routing_secret("made", names).annotation("cert-manager.io/certificate-name", "made")
}

/// The Secret `made` for one host, and one of the author's for another.
fn named_made() -> Value {
    json!([entry(&["a.example.com"], "made"), entry(&["b.example.com"], "own")])
}

/// ingress-shim names the Certificate after the Secret, so such a Secret is its own work.
#[rstest]
#[case::usable(made(&["a.example.com"]))]
#[case::expired(made(&["a.example.com"]).valid(-9, -1))]
#[case::of_more_names(made(&["a.example.com", "z.example.com"]))]
fn a_producer_by_its_secret_is_left_alone(#[case] made: e2e_tests::certificates::TlsSecret) {
    for trigger in [ISSUER, "cert-manager.io/issuer", "kubernetes.io/tls-acme"] {
        let producer = annotated(ingress(&[], named_made()), trigger, "true");
        let secrets = cluster(&[made.clone(), wild()]);
        assert_untouched(&producer, &json!({}), &secrets);
        let warnings = evaluate(&producer, &json!({}), &secrets).response.warnings;
        let mut others = warnings.iter();
        assert!(
            others.any(|warning| warning.contains("b.example.com") && warning.contains("wild")),
            "{warnings:?}"
        );
    }
}

/// What ingress-shim would make of the Ingress has other names, or another one.
#[rstest]
#[case::a_wildcard_covers_the_host(
    &[made(&["*.example.com"])],
    json!([entry(&["a.example.com", "b.example.com"], "made")])
)]
#[case::a_name_of_another_entry(
    &[made(&["b.example.com"]), wild()],
    json!([entry(&["a.example.com"], "wild"), entry(&["b.example.com"], "made")])
)]
#[case::made_from_another_certificate(
    &[made(&["a.example.com"]).annotation("cert-manager.io/certificate-name", "other"), wild()],
    json!([entry(&["a.example.com"], "made"), entry(&["b.example.com"], "wild")])
)]
#[case::made_by_hand(
    &[routing_secret("made", &["a.example.com"]), wild()],
    json!([entry(&["a.example.com"], "made"), entry(&["b.example.com"], "wild")])
)]
fn an_ingress_that_only_names_a_routing_secret_is_no_producer(
    #[case] secrets: &[e2e_tests::certificates::TlsSecret],
    #[case] expected: Value,
) {
    let author = annotated(ingress(&[], named_made()), ISSUER, "le");
    let stored = stored(&author, &json!({}), &cluster(secrets));
    assert_eq!(stored["spec"]["tls"], expected);
    assert_eq!(stored["metadata"]["annotations"].get(ISSUER), None);
    assert_stable(&author, &stored, &json!({}), &cluster(secrets));
}

/// Without a trigger nothing is made from it.
#[test]
fn an_ingress_without_a_trigger_is_no_producer() {
    let author = annotated(ingress(&[], named_made()), "kubernetes.io/tls-acme", "false");
    let secrets = cluster(&[made(&["a.example.com"]), wild()]);
    let stored = stored(&author, &json!({}), &secrets);
    assert_eq!(
        stored["spec"]["tls"],
        json!([entry(&["a.example.com"], "made"), entry(&["b.example.com"], "wild")])
    );
}

#[rstest]
#[case("DELETE", "networking.k8s.io", "Ingress", "")]
#[case("CONNECT", "networking.k8s.io", "Ingress", "")]
#[case("UPDATE", "networking.k8s.io", "Ingress", "status")]
#[case("CREATE", "extensions", "Ingress", "")]
#[case("CREATE", "", "Secret", "")]
#[case("CREATE", "cert-manager.io", "Issuer", "")]
#[case("CREATE", "networking.k8s.io", "Certificate", "")]
#[case("UPDATE", "gateway.networking.k8s.io", "HTTPRoute", "")]
#[case("CREATE", "apps", "Deployment", "")]
fn other_requests_are_accepted(
    #[case] operation: &str,
    #[case] group: &str,
    #[case] kind: &str,
    #[case] subresource: &str,
) {
    let request = json!({
        "kind": {"group": group, "version": "v1", "kind": kind},
        "operation": operation,
        "namespace": NAMESPACE,
        "subResource": subresource,
        "object": author(),
    });
    assert_passed_by(&request);
}
