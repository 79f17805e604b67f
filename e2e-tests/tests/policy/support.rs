//! What the tests of the policy share: the policy, objects, and a shorter way to ask.

use std::{
    path::{Path, PathBuf},
    sync::LazyLock,
};

use e2e_tests::{Cluster, Evaluation, Policy, Response, certificates::TlsSecret, request_from};
use serde_json::{Value, json};

pub const NAMESPACE: &str = "workspace";
pub const RECORD: &str = "routing-secrets-policy/replaced";
pub const INDEX: &str = "routing-secrets-policy/index";
pub const ISSUER: &str = "cert-manager.io/cluster-issuer";

/// The policy, compiled once for all tests.
pub static POLICY: LazyLock<Policy> = LazyLock::new(|| {
    Policy::load(&policy_wasm()).expect("`make policy.wasm` builds it, `make test` does so first")
});

/// Where the policy is.
pub fn policy_wasm() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../policy.wasm")
}

/// A usable routing secret in [`NAMESPACE`] whose certificate has these SANs.
pub fn routing_secret(name: &str, sans: &[&str]) -> TlsSecret {
    let secret = TlsSecret::new(name).namespace(NAMESPACE).label("epinio.io/routing", "");
    sans.iter().fold(secret, |secret, san| secret.san(san))
}

/// The routing secret `wild` for `*.example.com`.
pub fn wild() -> TlsSecret {
    routing_secret("wild", &["*.example.com"])
}

/// A cluster with these Secrets.
pub fn cluster(secrets: &[TlsSecret]) -> Cluster {
    Cluster::new(secrets.iter().map(TlsSecret::to_manifest).collect())
}

/// The Secret as it is stored once this policy has admitted it: with an index.
pub fn indexed(secret: &TlsSecret) -> Value {
    let stored = stored(&secret.to_manifest(), &json!({}), &cluster(&[]));
    assert!(stored["metadata"]["annotations"][INDEX].is_string());
    stored
}

/// A cluster with these Secrets, each with its index.
pub fn indexed_cluster(secrets: &[TlsSecret]) -> Cluster {
    Cluster::new(secrets.iter().map(indexed).collect())
}

/// An Ingress with a rule for each of these hosts and these TLS entries; without entries it has no
/// field for them, as the API server writes it.
pub fn ingress(rules: &[&str], tls: Value) -> Value {
    let rules: Vec<_> = rules.iter().map(|host| rule(host)).collect();
    let mut spec = json!({"rules": rules});
    if tls.as_array().is_none_or(|entries| !entries.is_empty()) && !tls.is_null() {
        spec["tls"] = tls;
    }
    json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": "app", "namespace": NAMESPACE},
        "spec": spec,
    })
}

pub fn rule(host: &str) -> Value {
    let service = json!({"service": {"name": "app", "port": {"number": 80}}});
    json!({"host": host, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": service}]}})
}

/// The Ingress with one more rule.
pub fn with_rule(mut ingress: Value, rule: Value) -> Value {
    ingress["spec"]["rules"].as_array_mut().unwrap().push(rule);
    ingress
}

/// The Ingress with a default backend, which is a `service` or a `resource`.
pub fn with_default_backend(mut ingress: Value, backend: &str) -> Value {
    ingress["spec"]["defaultBackend"] = match backend {
        "service" => json!({"service": {"name": "app", "port": {"number": 80}}}),
        _ => json!({"resource": {"apiGroup": "example.com", "kind": "Bucket", "name": "app"}}),
    };
    ingress
}

/// A TLS entry.
pub fn entry(hosts: &[&str], secret: &str) -> Value {
    json!({"hosts": hosts, "secretName": secret})
}

/// The object with an annotation.
pub fn annotated(mut object: Value, name: &str, value: &str) -> Value {
    object["metadata"]["annotations"][name] = json!(value);
    object
}

/// The record in an object.
pub fn record_of(object: &Value) -> Option<&str> {
    object["metadata"]["annotations"][RECORD].as_str()
}

/// Evaluates the creation of an object.
pub fn evaluate(object: &Value, settings: &Value, cluster: &Cluster) -> Evaluation {
    let request = request_from(object.clone()).unwrap();
    POLICY.validate(&request, settings, cluster).unwrap()
}

/// Evaluates the creation of an object that must be accepted; what is stored.
pub fn stored(object: &Value, settings: &Value, cluster: &Cluster) -> Value {
    let evaluation = evaluate(object, settings, cluster);
    assert!(evaluation.response.accepted, "rejected: {:?}", evaluation.response.message);
    evaluation.response.mutated_object.unwrap_or_else(|| object.clone())
}

/// What is stored of an object that is updated and must be accepted.
pub fn stored_update(old: &Value, new: &Value, settings: &Value, cluster: &Cluster) -> Value {
    let mut request = request_from(new.clone()).unwrap();
    request["operation"] = json!("UPDATE");
    request["oldObject"] = old.clone();
    let evaluation = POLICY.validate(&request, settings, cluster).unwrap();
    let response = evaluation.response;
    assert!(response.accepted, "rejected: {:?}", response.message);
    response.mutated_object.unwrap_or_else(|| new.clone())
}

/// Evaluates the creation of an object in both actions, which must agree: `require` denies just what `mutate`
/// changes, and has the same to say about what stays. The answer of `mutate`.
pub fn agreed(object: &Value, settings: &Value, cluster: &Cluster) -> Response {
    let mut require = settings.clone();
    for kind in ["ingress", "gateway"] {
        require[kind]["action"] = json!("require");
    }
    let [mutated, required] =
        [settings, &require].map(|settings| evaluate(object, settings, cluster).response);
    assert!(mutated.accepted, "rejected: {:?}", mutated.message);
    assert_eq!(required.mutated_object, None);
    let stays = mutated.mutated_object.is_none();
    assert_eq!(required.accepted, stays, "{:?}", required.message);
    if stays {
        assert_eq!(required.warnings, mutated.warnings);
    }
    mutated
}

/// Asserts that an object moves to a routing secret, and that a change has it left as its author wants it,
/// also where it has moved before. What is said then.
pub fn assert_left_by(
    change: impl Fn(Value) -> Value,
    author: &Value,
    settings: &Value,
    cluster: &Cluster,
) -> String {
    let moved = stored(author, settings, cluster);
    assert_ne!(&moved, author);
    let left = change(author.clone());
    assert_eq!(stored(&change(moved), settings, cluster), left);
    let response = agreed(&left, settings, cluster);
    assert_eq!(response.mutated_object, None);
    response.warnings.join("\n")
}

/// Asserts that a change makes no difference to whether an object moves to a routing secret.
pub fn assert_moved_with(
    change: impl Fn(Value) -> Value,
    author: &Value,
    settings: &Value,
    cluster: &Cluster,
) {
    let object = change(author.clone());
    let stored = agreed(&object, settings, cluster).mutated_object;
    assert_eq!(
        stored.map(|stored| stored["spec"].clone()),
        Some(self::stored(author, settings, cluster)["spec"].clone())
    );
}

/// Asserts that an object is stored as it is.
pub fn assert_untouched(object: &Value, settings: &Value, cluster: &Cluster) {
    let response = evaluate(object, settings, cluster).response;
    assert!(response.accepted, "rejected: {:?}", response.message);
    assert_eq!(response.mutated_object, None);
}

/// Asserts that an object is stored as it is, and that nothing is looked up for it.
pub fn assert_left_alone(object: &Value, settings: &Value) {
    let evaluation = evaluate(object, settings, &cluster(&[wild()]));
    let response = evaluation.response;
    assert!(response.accepted, "rejected: {:?}", response.message);
    assert_eq!(response.mutated_object, None);
    assert_eq!(evaluation.calls, [], "there is no need for a look-up");
}

/// Asserts that a request is accepted without a change and without a look-up.
pub fn assert_passed_by(request: &Value) {
    let evaluation = POLICY.validate(request, &json!({}), &cluster(&[wild()])).unwrap();
    assert!(evaluation.response.accepted);
    assert_eq!(evaluation.response.mutated_object, None);
    assert_eq!(evaluation.calls, []);
}

/// Asserts that a warning is one line of the length that the API server passes on.
pub fn assert_fits(warning: &str) {
    assert!(warning.chars().count() <= 256 && !warning.contains('\n'), "{warning}");
}

/// Asserts that there are as many warnings as are shown at most.
pub fn assert_ten_short(warnings: &[String]) {
    assert_eq!(warnings.len(), 10);
    warnings.iter().for_each(|warning| assert_fits(warning));
}

/// The object without these annotations; where none are left, however that is written, it has no such
/// field.
pub fn without_annotations(mut object: Value, names: &[&str]) -> Value {
    let annotations = &mut object["metadata"]["annotations"];
    if let Some(annotations) = annotations.as_object_mut() {
        annotations.retain(|name, _| !names.contains(&name.as_str()));
    }
    if annotations.is_null() || annotations == &json!({}) {
        let metadata = object["metadata"].as_object_mut().unwrap();
        metadata.remove("annotations");
    }
    object
}

/// Asserts that evaluating what is stored changes nothing, and that the author's object comes back
/// exactly when all routing secrets are gone.
pub fn assert_stable(author: &Value, stored: &Value, settings: &Value, cluster: &Cluster) {
    assert_untouched(stored, settings, cluster);
    let gone = self::stored(stored, settings, &self::cluster(&[]));
    assert_eq!(&gone, author);
}

/// The TLS entries that are stored for these, with the secrets of `cluster` and default settings;
/// that the result is stable is asserted on the way.
pub fn rewritten_tls(rules: &[&str], tls: Value, cluster: &Cluster) -> Value {
    let author = ingress(rules, tls);
    let stored = stored(&author, &json!({}), cluster);
    assert_stable(&author, &stored, &json!({}), cluster);
    stored["spec"]["tls"].clone()
}
