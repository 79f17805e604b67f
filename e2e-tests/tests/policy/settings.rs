//! Settings, as `validate_settings` and `validate` see them.

use e2e_tests::request_from;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::*;

#[rstest]
#[case(json!({}))]
#[case(json!(null))]
#[case(json!({
    "routingLabel": "epinio.io/routing", "wildcards": "oneLabel", "ignoredHosts": [],
    "ingress": {
        "action": "mutate", "plainHosts": "secure", "partlyCovered": "leave",
        "issuerAnnotations": [], "ignoredClasses": ["istio"], "leaveAnnotations": ["*/leave", "example.com/leave"],
    },
    "gateway": {"action": "mutate", "triggered": "ignoreListeners"},
    "certificate": {"covered": "park"},
    "secret": {"minimumDaysLeft": 0, "warnDaysLeft": 21, "labelMirrors": true},
}))]
fn valid_settings(#[case] settings: Value) {
    let verdict = POLICY.validate_settings(&settings).unwrap();
    assert!(verdict.valid, "{:?}", verdict.message);
}

#[test]
fn every_fault_is_reported_at_once() {
    let settings = json!({
        "routingLabel": "not a label",
        "wildcards": "some",
        "ignoredHosts": ["*.ok", "[", 7],
        "ingress": {"action": true, "plainHosts": "", "partlyCovered": 1, "issuerAnnotations": "x", "other": 1},
        "gateway": {"action": "deny", "triggered": "yes", "class": 1},
        "certificate": {"covered": "no"},
        "secret": {"minimumDaysLeft": -1, "warnDaysLeft": "21", "labelMirrors": "yes", "days": 1},
        "strange": {},
    });
    let verdict = POLICY.validate_settings(&settings).unwrap();
    assert!(!verdict.valid);
    let message = verdict.message.unwrap();
    for field in [
        "routingLabel:",
        "wildcards:",
        "ignoredHosts[1]:",
        "ignoredHosts[2]:",
        "ingress.action:",
        "ingress.plainHosts:",
        "ingress.partlyCovered:",
        "ingress.issuerAnnotations:",
        "ingress.other:",
        "gateway.action:",
        "gateway.triggered:",
        "gateway.class:",
        "certificate.covered:",
        "secret.minimumDaysLeft:",
        "secret.warnDaysLeft:",
        "secret.labelMirrors:",
        "secret.days:",
        "strange:",
    ] {
        assert!(message.lines().any(|line| line.starts_with(field)), "{field} is missing in {message}");
    }
    assert_eq!(message.lines().count(), 18);
}

#[rstest]
#[case(json!([]), "settings: invalid type: sequence, expected a map")]
#[case(json!("a"), "settings: invalid type: string \"a\", expected a map")]
#[case(json!({"ingress": []}), "ingress: invalid type: sequence, expected a map")]
#[case(json!({"secret": {"inUse": true}}), "secret.inUse: invalid type: boolean `true`, expected a string")]
fn settings_of_the_wrong_type(#[case] settings: Value, #[case] message: &str) {
    let verdict = POLICY.validate_settings(&settings).unwrap();
    assert_eq!((verdict.valid, verdict.message.as_deref()), (false, Some(message)));
}

#[test]
fn a_request_with_wrong_settings_is_rejected() {
    let author = ingress(&["a.example.com"], json!([]));
    let response = evaluate(&author, &json!({"wildcards": 1}), &cluster(&[wild()])).response;
    assert!(!response.accepted && response.message.unwrap().contains("wildcards"));
}

/// Each glob ends as the hosts do, and matches none.
#[test]
fn ten_globs_take_no_longer_than_a_thousand_hosts() {
    let hosts: Vec<_> = (0..1_000).map(|number| format!("app-{number}.example.com")).collect();
    let hosts: Vec<_> = hosts.iter().map(String::as_str).collect();
    let author = ingress(&hosts, json!([]));
    let globs: Vec<_> = (0..10).map(|number| format!("*-{number}?.*.example.com")).collect();
    let best_time = |settings: &Value| {
        let times = (0..5).map(|_| {
            let evaluation = evaluate(&author, settings, &cluster(&[wild()]));
            assert!(evaluation.response.mutated_object.is_some());
            evaluation.elapsed
        });
        times.min().unwrap()
    };
    let without = best_time(&json!({}));
    let with_globs = best_time(&json!({"ignoredHosts": globs}));
    assert!(with_globs < 2 * without, "{with_globs:?} with globs, {without:?} without");
}

/// JSON that no number can hold, and that is nested too deeply for anything.
#[rstest]
#[case::a_number_that_is_too_big("{\"secret\": {\"warnDaysLeft\": 1E999}}")]
#[case::nested(&format!("{}{}", "[".repeat(200), "]".repeat(200)))]
fn settings_that_cannot_be_read(#[case] settings: &str) {
    let request = request_from(ingress(&["a.example.com"], json!([]))).unwrap();
    let payload = format!(r#"{{"request": {request}, "settings": {settings}}}"#);
    let answer = |operation, payload: &str| {
        let evaluation = POLICY.call(operation, payload.as_bytes(), &cluster(&[]));
        serde_json::from_slice::<Value>(&evaluation.unwrap().answer).unwrap()
    };
    let verdict = answer("validate", &payload);
    // The settings come with the request.
    let message = "the admission request cannot be parsed";
    assert_eq!((&verdict["accepted"], &verdict["message"]), (&json!(false), &json!(message)));
    let verdict = answer("validate_settings", settings);
    assert_eq!(verdict, json!({"valid": false, "message": "settings: cannot be read"}));
}
