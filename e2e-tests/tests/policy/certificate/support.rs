//! What the tests of Certificates share.

use e2e_tests::{Cluster, Evaluation, request_from};
use serde_json::{Value, json};

use crate::support::*;

pub const PARKED: &str = "covered-by-routing-secret";
pub const PARKED_RECORD: &str = "routing-secrets-policy/parked-issuer";
pub const MODES: [&str; 3] = ["park", "reject", "allow"];

/// The Certificate `app` that Epinio's application chart would write for these names.
pub fn certificate(names: &[&str]) -> Value {
    json!({
        "apiVersion": "cert-manager.io/v1",
        "kind": "Certificate",
        "metadata": {"name": "app", "namespace": NAMESPACE},
        "spec": {
            "secretName": "app-tls",
            "dnsNames": names,
            "issuerRef": {"kind": "ClusterIssuer", "name": "letsencrypt", "group": "cert-manager.io"},
            "privateKey": {"rotationPolicy": "Always", "unknown": [null, 1.50]},
        },
    })
}

/// `spec.issuerRef` of a parked Certificate.
pub fn parked_issuer() -> Value {
    json!({"group": "cert-manager.io", "kind": "ClusterIssuer", "name": PARKED})
}

pub fn is_parked(object: &Value) -> bool {
    object["spec"]["issuerRef"]["name"] == PARKED
}

/// The settings for a mode of `certificate.covered`.
pub fn covered(mode: &str) -> Value {
    json!({"certificate": {"covered": mode}})
}

/// A cluster with `wild` for `*.example.com`, made by hand.
pub fn with_wild() -> Cluster {
    cluster(&[wild()])
}

/// Evaluates an update from one object to another.
pub fn update(old: &Value, new: &Value, settings: &Value, cluster: &Cluster) -> Evaluation {
    let mut request = request_from(new.clone()).unwrap();
    request["operation"] = json!("UPDATE");
    request["oldObject"] = old.clone();
    POLICY.validate(&request, settings, cluster).unwrap()
}

/// Asserts that an object is rejected; what is said against it.
pub fn rejection(object: &Value, settings: &Value, cluster: &Cluster) -> String {
    let response = evaluate(object, settings, cluster).response;
    assert!(!response.accepted, "accepted: {object}");
    assert_eq!(response.mutated_object, None);
    response.message.unwrap()
}

/// Sets a field of `spec`.
pub fn with(mut object: Value, field: &str, value: Value) -> Value {
    object["spec"][field] = value;
    object
}

/// The Certificate as ingress-shim makes it for an owner.
pub fn owned_by(mut object: Value, api_version: &str, kind: &str, controller: Value) -> Value {
    object["metadata"]["ownerReferences"] = json!([
        {"apiVersion": "v1", "kind": "ConfigMap", "name": "other", "uid": "1"},
        {"apiVersion": api_version, "kind": kind, "name": "app", "uid": "2",
            "controller": controller, "blockOwnerDeletion": true},
    ]);
    object
}
