//! Which writes are judged, and placeholders.

use rstest::rstest;
use serde_json::{Value, json};

use super::{certificates::*, keys::*, support::*};
use crate::support::*;

const REFLECTS: &str = "reflector.v1.k8s.emberstack.com/reflects";
const REPLICATES: &str = "replicator.v1.mittwald.de/replicate-from";
const JUNK: &str = "anVuaw==";

fn unlabelled(secret: Value) -> Value {
    without(secret, "/metadata", "labels")
}

fn assert_unjudged(old: &Value, new: &Value) {
    assert_silent(&updated(old, new));
}

/// It was good when it was written, and time alone is nothing that a writer could help.
#[test]
fn what_was_accepted_once_is_not_judged_again() {
    let old = expired_secret();
    assert_unjudged(&old, &old);
    assert_rejected(&old, "expired");
}

#[rstest]
#[case::annotation("/metadata/annotations", json!({"notes": "x"}))]
#[case::other_label("/metadata/labels", json!({LABEL: "", "app": "x"}))]
#[case::other_content("/data/ca.crt", json!(JUNK))]
#[case::immutable("/immutable", json!(true))]
#[case::finalizers("/metadata/finalizers", json!(["example.com/x"]))]
#[case::deletion("/metadata/deletionTimestamp", json!("2024-01-01T00:00:00Z"))]
#[case::unknown("/unknown", json!({"deep": [null]}))]
#[case::other_text("/stringData", json!({"notes": "x"}))]
fn what_does_not_matter_may_change(#[case] pointer: &str, #[case] value: Value) {
    let old = expired_secret();
    let new = with(old.clone(), pointer, value);
    assert_unjudged(&old, &new);
    assert_unjudged(&new, &old);
    assert_rejected(&new, "expired");
}

#[test]
fn the_same_contents_as_text_are_no_change() {
    let (old, certificate) = (good_secret(), leaf(&P256));
    let expired = certificate.valid(time::Duration::days(-9), time::Duration::days(-1)).pem();
    let old = as_stored(with(old, "/stringData", json!({"tls.crt": expired})));
    let new = with(old.clone(), "/stringData", json!({"tls.crt": expired, "tls.key": P256.pem()}));
    assert_unjudged(&old, &new);
}

#[rstest]
#[case::certificate("/data/tls.crt", json!(JUNK), "not-pem")]
#[case::key("/data/tls.key", json!(JUNK), "no-key")]
#[case::certificate_as_text("/stringData", json!({"tls.crt": "junk"}), "not-pem")]
#[case::key_as_text("/stringData", json!({"tls.key": "junk"}), "no-key")]
#[case::no_certificate("/data/tls.crt", json!(""), "no-tls-crt")]
#[case::no_data("/data", json!(null), "no-tls-crt")]
#[case::secret_type("/type", json!("Opaque"), "wrong-type")]
fn what_matters_is_judged(#[case] pointer: &str, #[case] value: Value, #[case] code: &str) {
    let old = good_secret();
    let new = with(old.clone(), pointer, value);
    assert_refused(&updated(&old, &new), code);
    // It may be put right, whatever it was.
    assert_silent(&updated(&new, &old));
}

/// A change of one is a reason to look at everything.
#[rstest]
#[case::key("/data/tls.key")]
#[case::certificate("/data/tls.crt")]
fn a_change_that_is_good_in_itself_is_judged(#[case] pointer: &str) {
    let old = expired_secret();
    let other = secret(
        leaf(&OTHER_P256).valid(time::Duration::days(-9), time::Duration::days(-2)).pem(),
        OTHER_P256.pem(),
    );
    let new = with(old.clone(), pointer, other.pointer(pointer).unwrap().clone());
    assert_refused(&updated(&old, &new), "key-mismatch");
    assert_refused(&updated(&old, &other), "expired");
}

#[test]
fn a_label_that_is_added_or_changed_is_judged() {
    let old = expired_secret();
    let changed = with(old.clone(), "/metadata/labels", json!({LABEL: "x"}));
    assert_refused(&updated(&old, &changed), "expired");
    assert_refused(&updated(&changed, &old), "expired");
    assert_refused(&updated(&unlabelled(old.clone()), &old), "expired");
    let good = good_secret();
    assert_silent(&updated(&unlabelled(good.clone()), &good));
}

#[rstest]
#[case::unknown(json!(null))]
#[case::unreadable(json!({"metadata": 7}))]
#[case::of_another_shape(json!([]))]
fn an_update_of_nobody_knows_what_is_judged(#[case] old: Value) {
    assert_refused(&updated(&old, &expired_secret()), "expired");
}

/// The old object of a creation is nobody's.
#[test]
fn a_creation_is_judged() {
    let secret = expired_secret();
    let mut request = update(&secret, &secret);
    request["operation"] = json!("CREATE");
    let response = POLICY.validate(&request, &json!({}), &closed()).unwrap();
    assert_refused(&response, "expired");
}

#[rstest]
#[case::expired(expired_secret())]
#[case::junk(secret("junk", "junk"))]
#[case::empty(secret("", ""))]
#[case::another_type(with(secret("junk", "junk"), "/type", json!("Opaque")))]
#[case::no_data(without(good_secret(), "", "data"))]
fn the_label_may_always_go(#[case] old: Value) {
    assert_unjudged(&old, &unlabelled(old.clone()));
    let other = with(old.clone(), "/metadata/labels", json!({"app": "x"}));
    assert_unjudged(&old, &other);
    let junk = with(unlabelled(old.clone()), "/stringData", json!({"tls.crt": "other junk"}));
    assert_unjudged(&old, &junk);
}

#[rstest]
#[case::expired(expired_secret())]
#[case::junk(secret("junk", "junk"))]
#[case::another_type(with(secret("junk", "junk"), "/type", json!("Opaque")))]
fn what_has_no_label_is_nobodys_business(#[case] labelled: Value) {
    let secret = unlabelled(labelled);
    assert_silent(&judged(&secret, &json!({})));
    let other = with(secret.clone(), "/data/tls.crt", json!(JUNK));
    assert_unjudged(&secret, &other);
    let similar = with(secret.clone(), "/metadata/labels", json!({"epinio.io/routing2": ""}));
    assert_silent(&judged(&similar, &json!({})));
    let elsewhere = with(secret, "/metadata/annotations", json!({LABEL: ""}));
    assert_silent(&judged(&elsewhere, &json!({})));
}

#[test]
fn only_the_label_of_the_settings_counts() {
    let settings = json!({"routingLabel": "tls.example.com/use"});
    assert_silent(&judged(&expired_secret(), &settings));
    let other = with(expired_secret(), "/metadata/labels", json!({"tls.example.com/use": ""}));
    assert_refused(&judged(&other, &settings), "expired");
    let request = update(&other, &expired_secret());
    assert_silent(&judged_request(&request, &settings));
    let request = update(&expired_secret(), &other);
    assert_refused(&judged_request(&request, &settings), "expired");
}

#[rstest]
#[case("DELETE", json!(null))]
#[case("CONNECT", json!(null))]
#[case("UPDATE", json!("status"))]
fn other_requests_are_accepted(#[case] operation: &str, #[case] subresource: Value) {
    let mut request = update(&expired_secret(), &secret("junk", "junk"));
    request["operation"] = json!(operation);
    request["subResource"] = subresource;
    assert_silent(&judged_request(&request, &json!({})));
}

fn placeholder(annotation: &str, tls_crt: &str, tls_key: &str) -> Value {
    annotated(secret(tls_crt, tls_key), annotation, "workspace/source")
}

#[rstest]
fn a_placeholder_waits_for_its_contents(#[values(REFLECTS, REPLICATES)] annotation: &str) {
    let empty = placeholder(annotation, "", "");
    assert_silent(&judged(&empty, &json!({})));
    for data in [json!({}), json!(null), json!({"tls.crt": ""}), json!({"other": JUNK})] {
        assert_silent(&judged(&with(empty.clone(), "/data", data), &json!({})));
    }
    let text = json!({"tls.crt": "", "tls.key": ""});
    assert_silent(&judged(&with(empty.clone(), "/stringData", text), &json!({})));
    assert_unjudged(&good_secret(), &empty);
    assert!(!is_chosen("a.example.com", &empty, &json!({})));
    assert_silent(&updated(&empty, &good_secret()));
    assert_refused(&updated(&empty, &expired_secret()), "expired");
}

#[rstest]
fn half_a_placeholder_is_refused(#[values(REFLECTS, REPLICATES)] annotation: &str) {
    let certificate = leaf(&P256).pem();
    assert_rejected(&placeholder(annotation, "", &P256.pem()), "no-tls-crt");
    assert_rejected(&placeholder(annotation, &certificate, ""), "no-tls-key");
    assert_rejected(&placeholder(annotation, &certificate, &RSA.pem()), "key-mismatch");
    assert_rejected(&placeholder(annotation, "\n", ""), "no-tls-key");
}

#[test]
fn emptiness_without_a_reason_is_refused() {
    assert_rejected(&secret("", ""), "no-tls-crt");
    for annotation in [
        "reflector.v1.k8s.emberstack.com/reflection-allowed",
        "replicator.v1.mittwald.de/replicate-to",
        "notes",
    ] {
        assert_rejected(&placeholder(annotation, "", ""), "no-tls-crt");
    }
    let labelled = with(secret("", ""), "/metadata/labels", json!({LABEL: "", REFLECTS: "x"}));
    assert_rejected(&labelled, "no-tls-crt");
}
