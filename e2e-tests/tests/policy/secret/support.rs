//! What the tests of Secrets share: a Secret, questions about it, and what every answer must keep to.

use std::collections::HashSet;

use base64::{Engine, prelude::BASE64_STANDARD};
use e2e_tests::{Cluster, Evaluation, request_from};
use serde_json::{Value, json};

use super::{certificates::*, keys::*};
use crate::support::*;

pub const LABEL: &str = "epinio.io/routing";
pub const NAME: &str = "tls";

/// A labelled Secret `workspace/tls` with these contents.
pub fn secret(tls_crt: impl AsRef<[u8]>, tls_key: impl AsRef<[u8]>) -> Value {
    routing_secret(NAME, &[]).tls_crt(tls_crt.as_ref()).tls_key(tls_key.as_ref()).to_manifest()
}

/// A labelled Secret of a good key and this certificate for it.
pub fn secret_of(certificate: &Certificate) -> Value {
    secret(certificate.pem(), P256.pem())
}

/// A labelled Secret in which nothing is wrong.
pub fn good_secret() -> Value {
    secret_of(&leaf(&P256))
}

/// A labelled Secret that would be rejected if it were judged.
pub fn expired_secret() -> Value {
    secret_of(&leaf(&P256).valid(time::Duration::days(-9), time::Duration::days(-1)))
}

/// The Secret without a field that a pointer names.
pub fn without(mut secret: Value, parent: &str, field: &str) -> Value {
    let fields = secret.pointer_mut(parent).unwrap();
    fields.as_object_mut().unwrap().remove(field);
    secret
}

/// The Secret with another value at a pointer.
pub fn with(mut secret: Value, pointer: &str, value: Value) -> Value {
    let (parent, field) = pointer.rsplit_once('/').unwrap();
    let field = field.replace("~1", "/");
    secret.pointer_mut(parent).unwrap()[field] = value;
    secret
}

/// The Secret as the API server stores it.
pub fn as_stored(mut secret: Value) -> Value {
    let texts = secret.as_object_mut().unwrap().remove("stringData");
    for (key, text) in texts.iter().flat_map(|texts| texts.as_object().unwrap()) {
        secret["data"][key] = json!(BASE64_STANDARD.encode(text.as_str().unwrap()));
    }
    secret
}

/// A cluster in which no look-up is answered, for what must do without.
pub fn closed() -> Cluster {
    cluster(&[]).refusing("no look-up is expected")
}

/// Evaluates the creation of a Secret; it must do without look-ups and not disclose anything.
pub fn judged(secret: &Value, settings: &Value) -> Evaluation {
    let request = request_from(secret.clone()).unwrap();
    judged_request(&request, settings)
}

/// Evaluates the update of a Secret in the same way; who names it has tests of its own ([`crate::secret::in_use`]).
pub fn updated(old: &Value, new: &Value) -> Evaluation {
    judged_request(&update(old, new), &nobody_is_asked())
}

/// The settings with which nobody is asked who names a Secret that goes.
pub fn nobody_is_asked() -> Value {
    json!({"secret": {"inUse": "ignore"}})
}

pub fn update(old: &Value, new: &Value) -> Value {
    let mut request = request_from(new.clone()).unwrap();
    request["operation"] = json!("UPDATE");
    request["oldObject"] = old.clone();
    request
}

pub fn judged_request(request: &Value, settings: &Value) -> Evaluation {
    let evaluation = POLICY.validate(request, settings, &closed()).unwrap();
    let evaluation = apart_from_index(evaluation, &request["object"]);
    assert_eq!(evaluation.calls, []);
    assert_discreet(&evaluation, &request["object"]);
    evaluation
}

/// The evaluation without what it does to the index of this Secret, which has tests of its own
/// ([`crate::secret::index`]).
pub fn apart_from_index(mut evaluation: Evaluation, secret: &Value) -> Evaluation {
    if let Some(mut stored) = evaluation.response.mutated_object.take() {
        let original = secret["metadata"].get("annotations");
        stored["metadata"]["annotations"][INDEX] = json!(null);
        let annotations = stored["metadata"]["annotations"].as_object_mut().unwrap();
        annotations.remove(INDEX);
        if annotations.is_empty() {
            let metadata = stored["metadata"].as_object_mut().unwrap();
            metadata.remove("annotations");
            metadata.extend(original.map(|blank| ("annotations".to_owned(), blank.clone())));
        } else if let Some(index) = original.and_then(|annotations| annotations.get(INDEX)) {
            annotations.insert(INDEX.to_owned(), index.clone());
        }
        evaluation.response.mutated_object = Some(stored).filter(|stored| stored != secret);
    }
    evaluation
}

/// Asserts that a Secret is stored as it is, without a word, and is then chosen for this host.
pub fn assert_good_for(host: &str, secret: &Value) {
    assert_silent(&judged(secret, &json!({})));
    assert_chosen(host, secret, &json!({}));
}

/// Asserts that a Secret for `a.example.com` is stored as it is, without a word, and is then chosen.
pub fn assert_good(secret: &Value) {
    assert_good_for("a.example.com", secret);
}

/// Asserts that an object is stored as it is, and that nobody hears about it.
pub fn assert_silent(evaluation: &Evaluation) {
    let response = &evaluation.response;
    assert!(response.accepted, "rejected: {:?}", response.message);
    assert_eq!((&response.message, response.code), (&None, None));
    assert!(response.warnings.is_empty(), "{:?}", response.warnings);
    assert!(response.audit_annotations.is_empty());
    assert_eq!(response.mutated_object, None);
    assert!(evaluation.logs.is_empty(), "{:?}", evaluation.logs);
}

/// Asserts that an object is rejected with this code.
pub fn assert_refused(evaluation: &Evaluation, code: &str) {
    let response = &evaluation.response;
    assert!(!response.accepted, "accepted, not [{code}]");
    let message = response.message.as_deref().unwrap();
    assert!(message.ends_with(&format!(" [{code}]")), "not [{code}]: {message}");
    assert!(message.contains("Secret workspace/tls "), "{message}");
    assert!(!message.contains('\n'), "{message}");
    assert!(response.warnings.is_empty(), "{:?}", response.warnings);
    assert_eq!(response.mutated_object, None);
}

/// Asserts that the creation of a Secret is rejected with this code.
pub fn assert_rejected(secret: &Value, code: &str) {
    assert_refused(&judged(secret, &json!({})), code);
}

/// Asserts the same, and that the message names what was seen.
pub fn assert_rejected_for(secret: &Value, code: &str, seen: &str) {
    let evaluation = judged(secret, &json!({}));
    assert_refused(&evaluation, code);
    let message = evaluation.response.message.unwrap();
    assert!(message.contains(seen), "{message}");
}

/// Asserts that a Secret is stored as it is, with one warning that has these parts, and is then
/// chosen for this host, if there is one.
pub fn assert_warned(secret: &Value, parts: &[&str], host: Option<&str>) {
    let evaluation = judged(secret, &json!({}));
    let response = &evaluation.response;
    assert!(response.accepted, "rejected: {:?}", response.message);
    assert_eq!(response.mutated_object, None);
    let [warning] = response.warnings.as_slice() else { panic!("not one warning: {:?}", response.warnings) };
    assert_fits(warning);
    for part in parts.iter().chain(&["Secret tls: "]) {
        assert!(warning.contains(part), "{part} is missing in {warning}");
    }
    if let Some(host) = host {
        assert_chosen(host, secret, &json!({}));
    }
}

/// Whether an Ingress for this host is pointed at the Secret.
pub fn is_chosen(host: &str, secret: &Value, settings: &Value) -> bool {
    let author = ingress(&[], json!([entry(&[host], "own")]));
    let cluster = Cluster::new(vec![as_stored(secret.clone())]);
    stored(&author, settings, &cluster)["spec"]["tls"] == json!([entry(&[host], NAME)])
}

pub fn assert_chosen(host: &str, secret: &Value, settings: &Value) {
    assert!(is_chosen(host, secret, settings), "not chosen for {host}");
}

/// Asserts that no 16 characters of the base64 of what should be the key are said to anybody. The
/// object that is to be stored is not said: it is what came.
pub fn assert_discreet(evaluation: &Evaluation, secret: &Value) {
    let response = &evaluation.response;
    let said = response.message.iter().chain(&response.warnings);
    let audited = response.audit_annotations.values();
    let logged: Vec<_> = evaluation.logs.iter().map(Value::to_string).collect();
    let said: HashSet<_> =
        said.chain(audited).chain(&logged).flat_map(|text| text.as_bytes().windows(16)).collect();
    let kept = |text: &str| text.as_bytes().windows(16).any(|part| said.contains(part));
    let fields = [("data", "tls.key"), ("stringData", "tls.key")];
    for text in fields.iter().filter_map(|(map, key)| secret[map][key].as_str()) {
        assert!(!kept(text), "the key is disclosed: {response:?} {logged:?}");
        let decoded = BASE64_STANDARD.decode(text).unwrap_or(text.as_bytes().to_vec());
        let decoded = String::from_utf8_lossy(&decoded);
        let lines = decoded.lines().filter(|line| !line.starts_with("-----"));
        let body: String = lines.map(str::trim).collect();
        assert!(!kept(&body), "the key is disclosed: {response:?} {logged:?}");
    }
}
