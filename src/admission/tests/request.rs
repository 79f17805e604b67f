//! Which requests are reviewed, and what is read of them.

use proptest::prelude::*;
use rstest::rstest;
use serde_json::{Value, json};

use crate::admission::{Kind, Payload, Request, ReviewError, object};

fn request(request: Value) -> Request {
    serde_json::from_value(request).unwrap()
}

/// A request about an object of a kind such as `v1 Secret`.
fn of_kind(group: &str, kind: &str, operation: &str) -> Request {
    request(json!({
        "kind": {"group": group, "version": "v1", "kind": kind},
        "operation": operation,
        "namespace": "default",
        "object": {"metadata": {"name": "a"}},
    }))
}

#[rstest]
#[case("networking.k8s.io", "Ingress", Some(Kind::Ingress))]
#[case("", "Secret", Some(Kind::Secret))]
#[case("cert-manager.io", "Certificate", Some(Kind::Certificate))]
#[case("gateway.networking.k8s.io", "Gateway", Some(Kind::Gateway))]
#[case("gateway.networking.k8s.io", "ListenerSet", Some(Kind::ListenerSet))]
#[case::other_group("extensions", "Ingress", None)]
#[case::other_gateway("networking.istio.io", "Gateway", None)]
#[case::other_certificate("networking.internal.knative.dev", "Certificate", None)]
#[case::other_kind("", "ConfigMap", None)]
#[case::letter_case("", "secret", None)]
fn kinds(#[case] group: &str, #[case] kind: &str, #[case] expected: Option<Kind>) {
    assert_eq!(of_kind(group, kind, "CREATE").kind(), expected);
    assert_eq!(of_kind(group, kind, "UPDATE").kind(), expected);
    let deleted = expected.filter(|kind| *kind == Kind::Secret);
    assert_eq!(of_kind(group, kind, "DELETE").kind(), deleted);
    for other in ["CONNECT", "create", ""] {
        assert_eq!(of_kind(group, kind, other).kind(), None, "{other}");
    }
}

#[rstest]
#[case(json!({"name": "web", "namespace": "shop"}), "Ingress shop/web")]
#[case(json!({"generateName": "web-", "namespace": "shop"}), "Ingress shop/web-")]
#[case(json!({"name": "", "generateName": "web-", "namespace": ""}), "Ingress web-")]
#[case(json!({}), "Ingress ")]
fn a_description(#[case] metadata: Value, #[case] expected: &str) {
    let kind = json!({"group": "networking.k8s.io", "kind": "Ingress"});
    let request = request(json!({"kind": kind, "operation": "CREATE", "object": {"metadata": metadata}}));
    assert_eq!(request.describe(), expected);
}

#[test]
fn the_group_of_a_secret_may_be_absent() {
    let request = request(json!({"kind": {"kind": "Secret"}, "operation": "CREATE"}));
    assert_eq!(request.kind(), Some(Kind::Secret));
}

#[rstest]
#[case::absent(json!(null), true)]
#[case::empty(json!(""), true)]
#[case::status(json!("status"), false)]
fn subresources_are_not_reviewed(#[case] sub_resource: Value, #[case] is_reviewed: bool) {
    let request = request(json!({
        "kind": {"group": "cert-manager.io", "kind": "Certificate"},
        "operation": "UPDATE",
        "subResource": sub_resource,
    }));
    assert_eq!(request.kind().is_some(), is_reviewed);
}

#[rstest]
#[case("UPDATE", json!({"a": 1}), Some(json!({"a": 1})))]
#[case::of_a_creation("CREATE", json!({"a": 1}), None)]
#[case("UPDATE", json!(null), None)]
fn the_old_object(#[case] operation: &str, #[case] old: Value, #[case] expected: Option<Value>) {
    let request = request(json!({
        "kind": {"kind": "Secret"},
        "operation": operation,
        "oldObject": old,
    }));
    assert_eq!(request.old_object(), expected.as_ref());
}

#[rstest]
#[case::of_the_request(json!("a"), json!({"metadata": {"namespace": "b"}}), Some("a"))]
#[case::of_the_object(json!(null), json!({"metadata": {"namespace": "b"}}), Some("b"))]
#[case::empty_in_the_request(json!(""), json!({"metadata": {"namespace": "b"}}), Some("b"))]
#[case::nowhere(json!(null), json!({"metadata": {"name": "b"}}), None)]
#[case::empty_everywhere(json!(""), json!({"metadata": {"namespace": ""}}), None)]
fn the_namespace(#[case] named: Value, #[case] object: Value, #[case] expected: Option<&str>) {
    let request = request(json!({
        "kind": {"kind": "Secret"},
        "operation": "CREATE",
        "namespace": named,
        "object": object,
    }));
    assert_eq!(request.namespace().ok(), expected);
}

#[test]
fn a_field_of_the_wrong_type_is_named_without_its_value() {
    let mut request = of_kind("", "Secret", "CREATE");
    request.object = json!({"data": {"key": "hidden"}, "type": null});
    let field = |pointer| object::field::<Vec<String>>(&request.object, pointer);
    let error = request.malformed(field("data.key").unwrap_err());
    assert_eq!(error.to_string(), "the Secret cannot be read: data.key is missing or of the wrong type");
    assert_eq!(error.status(), 400);
    // What is absent is the default.
    for absent in ["type", "stringData", "data.a.b"] {
        assert_eq!(field(absent).unwrap(), [""; 0]);
    }
}

#[rstest]
#[case::whole(json!({"metadata": {"annotations": {}, "labels": {}}, "spec": {}}), None)]
#[case::absent(json!({"metadata": {}}), None)]
#[case::null(json!({"metadata": {"annotations": null, "labels": null}, "spec": null}), None)]
#[case::no_object(json!("a"), Some("metadata"))]
#[case::no_metadata(json!({"spec": {}}), Some("metadata"))]
#[case::null_metadata(json!({"metadata": null}), Some("metadata"))]
#[case::list_of_metadata(json!({"metadata": []}), Some("metadata"))]
#[case::annotations(json!({"metadata": {"annotations": ["a"]}}), Some("metadata.annotations"))]
#[case::labels(json!({"metadata": {"labels": "a"}}), Some("metadata.labels"))]
#[case::spec(json!({"metadata": {}, "spec": 7}), Some("spec"))]
#[case::spec_of_what_is_skipped(
    json!({"metadata": {"annotations": {"routing-secrets-policy/skip": "true"}}, "spec": 7}), None
)]
fn the_parts_of_an_object(#[case] object: Value, #[case] malformed: Option<&str>) {
    let mut request = of_kind("", "Secret", "CREATE");
    request.object = object;
    let message = |part: &str| format!("the Secret cannot be read: {part} is missing or of the wrong type");
    assert_eq!(request.check_maps().err().map(|error| error.to_string()), malformed.map(message));
}

#[test]
fn a_namespace_that_is_missing_is_the_fault_of_the_request() {
    let request = request(json!({"kind": {"kind": "Secret"}, "operation": "CREATE"}));
    let error = request.namespace().unwrap_err();
    assert!(matches!(error, ReviewError::Malformed { .. }), "{error}");
    assert_eq!(error.status(), 400);
}

proptest! {
    #[test]
    fn no_payload_makes_it_panic(
        text in any::<String>(),
        kind in "[a-zA-Z]{0,12}",
        operation in "CREATE|UPDATE|[A-Z]{0,6}",
    ) {
        let payloads = [
            text.clone(),
            json!({"request": text}).to_string(),
            json!({"request": {"kind": {"kind": kind}, "operation": operation, "object": text}})
                .to_string(),
        ];
        for payload in payloads {
            if let Ok(payload) = serde_json::from_str::<Payload>(&payload) {
                payload.request.kind();
                payload.request.old_object();
                prop_assert!(payload.request.namespace().is_err());
            }
        }
    }
}
