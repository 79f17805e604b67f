//! What the tests of Gateways and ListenerSets share.

use e2e_tests::Cluster;
use serde_json::{Value, json};

use super::crd::crd_faults;
use crate::{certificate::support::update, support::*};

pub const IGNORED: &str = "cert-manager.io/ignore-tls-listeners";
pub const FORMS: [&str; 2] = ["Gateway", "ListenerSet"];

/// A Gateway with these listeners.
pub fn gateway(listeners: Value) -> Value {
    json!({
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "Gateway",
        "metadata": {"name": "app", "namespace": NAMESPACE},
        "spec": {"gatewayClassName": "traefik", "listeners": listeners},
    })
}

/// A ListenerSet with these listeners.
pub fn listener_set(listeners: Value) -> Value {
    json!({
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "ListenerSet",
        "metadata": {"name": "app", "namespace": NAMESPACE},
        "spec": {"parentRef": {"name": "shared", "namespace": "gateways"}, "listeners": listeners},
    })
}

/// A Gateway for which cert-manager orders certificates.
pub fn triggered(listeners: Value) -> Value {
    annotated(gateway(listeners), ISSUER, "le")
}

/// An HTTPS listener that names a Secret.
pub fn listener(name: &str, host: &str, secret: &str) -> Value {
    json!({
        "name": name,
        "hostname": host,
        "port": 443,
        "protocol": "HTTPS",
        "tls": {
            "mode": "Terminate",
            "certificateRefs": [{"group": "", "kind": "Secret", "name": secret}],
        },
        "allowedRoutes": {"namespaces": {"from": "Same"}},
    })
}

/// A listener that is none of ours for its tls options, and is otherwise like [`listener`].
pub fn mutual(name: &str, host: &str, secret: &str) -> Value {
    let mut listener = listener(name, host, secret);
    listener["tls"]["options"] = json!({"gateway.istio.io/tls-terminate-mode": "MUTUAL"});
    listener
}

pub fn listeners(object: &Value) -> &Vec<Value> {
    object["spec"]["listeners"].as_array().unwrap()
}

/// The Secret that each listener names.
pub fn secrets(object: &Value) -> Vec<&str> {
    let names = listeners(object).iter().map(|listener| &listener["tls"]["certificateRefs"][0]["name"]);
    names.map(|name| name.as_str().unwrap_or_default()).collect()
}

/// The annotation that makes cert-manager ignore listeners.
pub fn ignored(object: &Value) -> Option<&str> {
    object["metadata"]["annotations"].get(IGNORED)?.as_str()
}

/// Evaluates with default settings and the routing secret `wild`, and asserts that the result is
/// stable and that the API server has nothing against it that it did not have before.
pub fn rewritten(author: &Value) -> Value {
    let stored = stored(author, &json!({}), &cluster(&[wild()]));
    assert_stable(author, &stored, &json!({}), &cluster(&[wild()]));
    let (before, after) = (crd_faults(author), crd_faults(&stored));
    assert!(after.is_subset(&before), "{after:?}, {before:?}");
    stored
}

/// What is stored when an object that is stored already is updated.
pub fn updated(old: &Value, new: &Value, cluster: &Cluster) -> Value {
    let response = update(old, new, &json!({}), cluster).response;
    assert!(response.accepted, "rejected: {:?}", response.message);
    response.mutated_object.unwrap_or_else(|| new.clone())
}

/// The warnings about an object that must be stored as it is, with the routing secret `wild`.
pub fn warnings_of_untouched(author: &Value, settings: &Value) -> String {
    let response = evaluate(author, settings, &cluster(&[wild()])).response;
    assert!(response.accepted, "rejected: {:?}", response.message);
    assert_eq!(response.mutated_object, None);
    response.warnings.join("\n")
}

/// Asserts that a text has all of these parts.
pub fn assert_names(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part} is missing in {text}");
    }
}
