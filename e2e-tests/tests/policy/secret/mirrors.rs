//! A mirror of a routing secret, made by Reflector, which copies no labels.

use std::sync::LazyLock;

use e2e_tests::{Cluster, Evaluation, request_from};
use rstest::rstest;
use serde_json::{Value, json};

use super::{certificates::*, keys::*, support::*};
use crate::support::*;

const REFLECTS: &str = "reflector.v1.k8s.emberstack.com/reflects";

/// The Secret `epinio/source`, with or without the label, and with more data than any look-up for a
/// label may bring.
fn source(labels: Value) -> Cluster {
    let mut source = good_secret();
    source["metadata"] = json!({"name": "source", "namespace": "epinio", "labels": labels});
    source["data"]["padding"] = json!("A".repeat(10_000));
    Cluster::new(vec![source])
}

fn labelled_source() -> Cluster {
    source(json!({LABEL: "public"}))
}

/// What all mirrors hold, made once: no two signatures are the same.
static CONTENTS: LazyLock<Value> = LazyLock::new(good_secret);

/// An unlabelled `workspace/tls` that is a copy of what the annotation says.
fn mirror_of(reflects: impl Into<Value>) -> Value {
    let mut mirror = without(CONTENTS.clone(), "/metadata", "labels");
    mirror["metadata"]["annotations"] = json!({
        REFLECTS: reflects.into(),
        "reflector.v1.k8s.emberstack.com/reflected-version": "17",
    });
    mirror
}

fn mirror() -> Value {
    mirror_of("epinio/source")
}

fn evaluated(secret: &Value, cluster: &Cluster) -> Evaluation {
    evaluated_with(secret, &json!({}), cluster)
}

fn evaluated_with(secret: &Value, settings: &Value, cluster: &Cluster) -> Evaluation {
    let evaluation = apart_from_index(evaluate(secret, settings, cluster), secret);
    assert_discreet(&evaluation, secret);
    evaluation
}

fn labelled(mirror: Value, value: &str) -> Value {
    let mut labelled = mirror;
    labelled["metadata"]["labels"][LABEL] = json!(value);
    labelled
}

#[rstest]
#[case("public")]
#[case("")]
fn a_mirror_gets_the_label_of_its_source(#[case] value: &str) {
    let cluster = source(json!({LABEL: value, "app": "epinio"}));
    let response = evaluated(&mirror(), &cluster).response;
    assert!(response.accepted && response.message.is_none());
    let stored = response.mutated_object.unwrap();
    assert_eq!(stored, labelled(mirror(), value));
    // Now it is a routing secret like any other.
    assert_silent(&judged(&stored, &json!({})));
    assert_chosen("a.example.com", &stored, &json!({}));
    assert_silent(&updated(&stored, &stored));
}

#[test]
fn everything_else_stays_as_it_is() {
    let mut mirror = mirror();
    mirror["metadata"]["labels"] = json!({"app": "x", "b": null});
    mirror["metadata"]["unknown"] = json!({"deep": [1e100, null]});
    mirror["unknown"] = json!(12_345_678_901_234_567_890_u64);
    mirror["immutable"] = json!(true);
    let stored = evaluated(&mirror, &labelled_source()).response.mutated_object;
    assert_eq!(stored, Some(labelled(mirror, "public")));
}

#[rstest]
#[case::null(json!(null))]
#[case::empty(json!({}))]
fn labels_that_are_none_make_no_difference(#[case] labels: Value) {
    let mirror = with(mirror(), "/metadata/labels", labels);
    let stored = evaluated(&mirror, &labelled_source()).response.mutated_object;
    assert_eq!(stored, Some(with(mirror, "/metadata/labels", json!({LABEL: "public"}))));
}

#[test]
fn a_mirror_that_is_updated_gets_the_label_too() {
    let old = mirror();
    let new = with(mirror(), "/metadata/annotations/notes", json!("x"));
    let evaluation = POLICY.validate(&update(&old, &new), &json!({}), &labelled_source());
    let stored = apart_from_index(evaluation.unwrap(), &new).response.mutated_object;
    assert_eq!(stored, Some(labelled(new, "public")));
}

#[test]
fn there_is_one_look_up_and_no_data_comes_with_it() {
    let calls = evaluated(&mirror(), &labelled_source()).calls;
    let [call] = calls.as_slice() else { panic!("not one call: {calls:?}") };
    assert_eq!(call.operation, "get_resource");
    let expected = json!({
        "api_version": "v1", "kind": "Secret", "namespace": "epinio", "name": "source",
        "field_masks": ["type"],
    });
    for (field, value) in expected.as_object().unwrap() {
        assert_eq!(&call.request[field], value);
    }
    assert!(call.bytes < 500, "{} bytes", call.bytes);
}

#[rstest]
#[case::unlabelled(mirror(), source(json!({})))]
#[case::no_labels(mirror(), source(json!(null)))]
#[case::other_label(mirror(), source(json!({"epinio.io/routing2": ""})))]
#[case::absent(mirror_of("epinio/absent"), labelled_source())]
#[case::in_another_namespace(mirror_of("workspace/source"), labelled_source())]
fn a_mirror_of_nothing_to_copy_stays_as_it_is(#[case] mirror: Value, #[case] cluster: Cluster) {
    let evaluation = evaluated(&mirror, &cluster);
    assert_silent(&evaluation);
    assert_eq!(evaluation.calls.len(), 1);
}

/// As the API server says it, and as the host says it.
#[rstest]
#[case(r#"secrets "source" not found"#)]
#[case(r#"Cannot find v1/Secret named 'source' inside of namespace 'epinio'"#)]
fn a_source_that_is_absent_is_no_failure(#[case] cause: &str) {
    assert_silent(&evaluated(&mirror(), &cluster(&[]).refusing(cause)));
}

/// A value that can name no Secret is not asked about either.
#[rstest]
#[case(json!(""))]
#[case(json!("source"))]
#[case(json!("/"))]
#[case(json!("/source"))]
#[case(json!("epinio/"))]
#[case(json!("epinio/source/more"))]
#[case(json!("epinio/../source"))]
#[case(json!("epinio /source"))]
#[case(json!("Epinio/source"))]
#[case(json!("epinio/source?x=y"))]
#[case(json!(null))]
#[case(json!(7))]
#[case(json!(["epinio/source"]))]
#[case::a_key_that_came_here_by_mistake(json!(P256.pem()))]
fn an_odd_annotation_is_left_alone(#[case] reflects: Value) {
    let mirror = mirror_of(reflects);
    assert_silent(&evaluated(&mirror, &labelled_source()));
    let evaluation = evaluated(&mirror, &closed());
    assert_silent(&evaluation);
    assert_eq!(evaluation.calls, []);
}

/// A mirror controller must not be blocked by what an administrator has forgotten.
#[rstest]
#[case("secrets is forbidden")]
#[case(r#"secrets "source" is forbidden: RBAC: clusterrole "reader" not found"#)]
fn a_refused_look_up_is_a_warning(#[case] cause: &str) {
    let response = evaluated(&mirror(), &cluster(&[]).refusing(cause)).response;
    assert!(response.accepted);
    assert_eq!((response.mutated_object, response.message), (None, None));
    let warnings = response.warnings.join("\n");
    for part in ["Secret tls: ", "epinio/source"] {
        assert!(warnings.contains(part), "{part} is missing in {warnings}");
    }
    assert!(!response.warnings.is_empty() && response.warnings.len() <= 10);
    response.warnings.iter().for_each(|warning| assert_fits(warning));
}

/// An answer that makes no sense is none.
#[rstest]
#[case("")]
#[case("null")]
#[case("[]")]
#[case("{}")]
#[case(r#"{"metadata": {"labels": ["epinio.io/routing"]}}"#)]
#[case(r#"{"metadata": {"labels": {"epinio.io/routing": 7}}, "data": "c2VjcmV0"}"#)]
fn a_garbage_answer_is_a_warning(#[case] answer: &str) {
    let response = evaluated(&mirror(), &cluster(&[]).answering(answer)).response;
    assert!(response.accepted && response.mutated_object.is_none());
    assert!(!response.warnings.is_empty());
    assert!(!response.warnings.join("\n").contains("c2VjcmV0"));
}

#[test]
fn the_setting_turns_it_off() {
    let settings = json!({"secret": {"labelMirrors": false}});
    let evaluation = evaluated_with(&mirror(), &settings, &labelled_source());
    assert_silent(&evaluation);
    assert_eq!(evaluation.calls, []);
    let evaluation =
        evaluated_with(&mirror(), &json!({"secret": {"labelMirrors": true}}), &labelled_source());
    assert_eq!(evaluation.response.mutated_object, Some(labelled(mirror(), "public")));
}

#[test]
fn a_mirror_that_has_the_label_is_judged_without_a_look_up() {
    assert_silent(&judged(&labelled(mirror(), "own"), &json!({})));
    let mut expired = expired_secret();
    expired["metadata"]["annotations"] = mirror()["metadata"]["annotations"].clone();
    assert_rejected(&expired, "expired");
}

#[test]
fn a_secret_that_is_no_mirror_needs_no_look_up() {
    let secret = without(good_secret(), "/metadata", "labels");
    assert_silent(&judged(&secret, &json!({})));
    let allowed = annotated(secret, "reflector.v1.k8s.emberstack.com/reflection-allowed", "true");
    assert_silent(&judged(&allowed, &json!({})));
}

#[test]
fn the_label_is_that_of_the_settings() {
    let settings = json!({"routingLabel": "tls.example.com/use"});
    let cluster = source(json!({LABEL: "old", "tls.example.com/use": "new"}));
    let stored = evaluated_with(&mirror(), &settings, &cluster).response.mutated_object;
    let expected = with(mirror(), "/metadata/labels", json!({"tls.example.com/use": "new"}));
    assert_eq!(stored, Some(expected));
    let evaluation = evaluated_with(&mirror(), &settings, &labelled_source());
    assert_silent(&evaluation);
    // The default label means nothing then.
    let stored = evaluated_with(&labelled(mirror(), "x"), &settings, &cluster).response.mutated_object;
    let expected = json!({LABEL: "x", "tls.example.com/use": "new"});
    assert_eq!(stored, Some(with(mirror(), "/metadata/labels", expected)));
}

/// What is being deleted, or of another version of the API, is a Secret all the same.
#[test]
fn a_request_without_a_namespace_is_no_reason_to_fail() {
    let mut request = request_from(mirror()).unwrap();
    request.as_object_mut().unwrap().remove("namespace");
    let evaluation = POLICY.validate(&request, &json!({}), &labelled_source());
    let evaluation = apart_from_index(evaluation.unwrap(), &request["object"]);
    assert_eq!(evaluation.response.mutated_object, Some(labelled(mirror(), "public")));
}

/// The mirror `workspace/tls` with what another Secret holds.
fn mirror_with(contents: &Value) -> Value {
    let mut mirror = mirror();
    for field in ["data", "type"] {
        mirror[field] = contents[field].clone();
    }
    mirror
}

fn mismatch() -> Value {
    secret(leaf(&P256).pem(), OTHER_P256.pem())
}

fn opaque() -> Value {
    with(good_secret(), "/type", json!("Opaque"))
}

/// What is wrong in the source is no reason to refuse its mirror, nor to have it chosen.
#[rstest]
#[case::expired(expired_secret())]
#[case::no_certificate(secret("junk", P256.pem()))]
#[case::another_key(mismatch())]
#[case::half_empty(secret(leaf(&P256).pem(), ""))]
#[case::of_another_type(opaque())]
fn a_mirror_that_would_be_refused_is_stored_without_the_label(#[case] contents: Value) {
    let mirror = mirror_with(&contents);
    let response = evaluated(&mirror, &labelled_source()).response;
    assert!(response.accepted, "{:?}", response.message);
    assert_eq!(response.mutated_object, None);
    let warnings = response.warnings.join("\n");
    assert!(warnings.contains("Secret tls: "), "{warnings}");
    // A source without the label makes no routing secret, whatever it holds.
    assert_silent(&evaluated(&mirror, &source(json!({}))));
    // Reflector's next write of good contents brings the label.
    let mended = mirror_with(&CONTENTS);
    let request = update(&mirror, &mended);
    let evaluation = POLICY.validate(&request, &json!({}), &labelled_source());
    let stored = apart_from_index(evaluation.unwrap(), &mended).response.mutated_object;
    assert_eq!(stored, Some(labelled(mended, "public")));
}

#[test]
fn a_mirror_is_judged_by_the_settings() {
    let settings = json!({"secret": {"minimumDaysLeft": 100}});
    let response = evaluated_with(&mirror(), &settings, &labelled_source()).response;
    assert!(response.accepted && response.mutated_object.is_none());
    assert!(!response.warnings.is_empty());
}

/// What is worth a warning in a labelled Secret is no reason against the label.
#[test]
fn a_mirror_with_a_warning_gets_the_label() {
    let mirror = mirror_with(&secret_of(&leaf(&P256).names(&["a.example.com", "10.0.0.1"])));
    let response = evaluated(&mirror, &labelled_source()).response;
    assert_eq!(response.mutated_object, Some(labelled(mirror, "public")));
}

/// Reflector keeps the label of a mirror, and copies what its source holds.
#[rstest]
#[case::expired(expired_secret())]
#[case::no_certificate(secret("junk", P256.pem()))]
#[case::another_key(mismatch())]
fn a_labelled_mirror_loses_the_label_with_contents_that_would_be_refused(#[case] contents: Value) {
    let old = labelled(mirror(), "public");
    let new = labelled(mirror_with(&contents), "public");
    let users = Cluster::new(vec![ingress(&["a.example.com"], json!([entry(&["a.example.com"], NAME)]))]);
    for in_use in ["ignore", "warn", "deny"] {
        let settings = json!({"secret": {"inUse": in_use}});
        let request = update(&old, &new);
        let response = POLICY.validate(&request, &settings, &users).unwrap().response;
        assert!(response.accepted, "{in_use}: {:?}", response.message);
        let stored = response.mutated_object.unwrap();
        assert_eq!(stored["metadata"]["labels"].get(LABEL), None, "{in_use}");
        assert_eq!(stored["metadata"]["annotations"].get(INDEX), None, "{in_use}");
        assert_eq!(stored["data"], new["data"]);
        assert!(response.warnings.join("\n").contains("Secret tls: "));
    }
    // Nobody else's Secret may be stored so.
    let plain = without_annotations(new.clone(), &[REFLECTS]);
    assert!(!updated(&old, &plain).response.accepted);
    // Nor a new one that brings the label itself.
    assert!(!judged(&new, &json!({})).response.accepted);
}

#[test]
fn a_labelled_mirror_keeps_its_label_with_good_contents() {
    let old = labelled(mirror(), "public");
    let new = labelled(mirror_with(&good_secret()), "public");
    assert_silent(&updated(&old, &new));
}
