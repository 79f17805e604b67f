//! `e2e-tests run`, on the examples.

use std::process::Output;

use rstest::rstest;
use serde_json::Value;

use crate::support::*;

const APPLICATION: &str = "examples/epinio-app.yaml";
const EXPIRED: &str = "examples/expired-secret.yaml";
const NEW: &str = "examples/new-secret.yaml";

/// Runs the command with the policy and the example's cluster.
fn run(arguments: &[&str]) -> Output {
    let usual = ["--policy", "policy.wasm", "--cluster", "examples/cluster.yaml"];
    run_only(&[usual.as_slice(), arguments].concat())
}

fn run_only(arguments: &[&str]) -> Output {
    command(&[&["run"], arguments].concat())
}

#[test]
fn a_new_routing_secret_gets_its_index() {
    let output = run_only(&["--policy", "policy.wasm", "--request", NEW]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_contains(
        stdout(&output),
        &[
            "Secret workspace/new-wildcard, CREATE\nACCEPTED and MUTATED\n",
            "+    routing-secrets-policy/index: v1 issued ",
        ],
    );
}

#[test]
fn what_is_accepted_is_shown_with_its_changes() {
    let output = run(&["--request", APPLICATION]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_contains(
        stdout(&output),
        &[
            "Certificate workspace/shop-4c1b7e0a, CREATE\n",
            "Ingress workspace/shop-4c1b7e0a, CREATE\nACCEPTED and MUTATED\n\
             looked up: 4 routing secrets in namespace workspace\n",
            "warning: Ingress shop-4c1b7e0a: shop.apps.example.com: uses routing secret shop-exact\n",
            "audit annotation: routing-secrets: shop.apps.example.com=shop-exact\n",
            "--- before\n+++ after\n",
            "\n-    secretName: shop-4c1b7e0a-tls\n+    secretName: shop-exact\n",
        ],
    );
    assert_eq!(stderr(&output), "");
}

#[test]
fn what_is_rejected_is_explained() {
    let output = run(&["--request", EXPIRED]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert_contains(
        stdout(&output),
        &[
            "Secret workspace/old-wildcard, CREATE\nREJECTED\nmessage: Secret workspace/old-wildcard ",
            "[expired]\n",
        ],
    );
}

#[test]
fn one_rejection_among_several_counts() {
    for requests in [[EXPIRED, APPLICATION], [APPLICATION, EXPIRED]] {
        let output = run(&["--request", requests[0], "--request", requests[1]]);
        assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
        assert_contains(stdout(&output), &["REJECTED\n", "ACCEPTED and MUTATED\n"]);
    }
}

#[rstest]
#[case::no_policy(&["--policy", "nothing.wasm", "--request", APPLICATION], "nothing.wasm")]
#[case::policy_is_no_module(&["--policy", APPLICATION, "--request", APPLICATION], APPLICATION)]
#[case::no_request_file(&["--policy", "policy.wasm", "--request", "nothing.yaml"], "nothing.yaml")]
#[case::request_is_no_manifest(&["--policy", "policy.wasm", "--request", "LICENSE"], "LICENSE")]
#[case::no_cluster_file(&["--policy", "policy.wasm", "--request", APPLICATION, "--cluster", "nothing"], "nothing")]
#[case::wrong_settings(&["--policy", "policy.wasm", "--request", APPLICATION, "--settings", APPLICATION], "more than one")]
#[case::unknown_settings(&["--policy", "policy.wasm", "--request", APPLICATION, "--settings", EXPIRED], "apiVersion: unknown field")]
#[case::two_requests_recorded(&["--policy", "policy.wasm", "--request", APPLICATION, "--record", "target/no.yaml"], "one request")]
#[case::two_requests_replayed(&["--policy", "policy.wasm", "--request", APPLICATION, "--replay", "nothing.yaml"], "one request")]
#[case::no_session_file(&["--policy", "policy.wasm", "--request", EXPIRED, "--replay", "nothing.yaml"], "nothing.yaml")]
#[case::session_is_none(&["--policy", "policy.wasm", "--request", EXPIRED, "--replay", EXPIRED], "no recorded session")]
#[case::replay_and_cluster(&["--policy", "policy.wasm", "--request", EXPIRED, "--replay", EXPIRED, "--cluster", EXPIRED], "cannot be used with")]
#[case::standard_input_twice(&["--policy", "policy.wasm", "--request", "-", "--settings", "-"], "standard input")]
#[case::nothing_in_standard_input(&["--policy", "policy.wasm", "--request", "-"], "no manifest in standard input")]
#[case::no_request(&["--policy", "policy.wasm"], "--request")]
#[case::unknown_option(&["--policy", "policy.wasm", "--request", APPLICATION, "--what"], "--what")]
fn what_cannot_run_is_an_error(#[case] arguments: &[&str], #[case] cause: &str) {
    let output = run_only(arguments);
    assert_eq!(output.status.code(), Some(2), "{}", stdout(&output));
    assert_contains(stderr(&output), &["error: ", cause]);
    assert_eq!(stdout(&output), "");
}

#[test]
fn requests_and_settings_come_from_standard_input_too() {
    let request = std::fs::read_to_string(root().join(EXPIRED)).unwrap();
    let policy = ["run", "--policy", "policy.wasm"];
    let output = command_with_input(&[policy.as_slice(), &["--request", "-"]].concat(), &request);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert_contains(stdout(&output), &["Secret workspace/old-wildcard, CREATE\nREJECTED\n"]);
    let with_settings = ["--request", EXPIRED, "--settings", "-"];
    let arguments = [policy.as_slice(), &with_settings].concat();
    let output = command_with_input(&arguments, "unknown: true\n");
    assert_eq!(output.status.code(), Some(2), "{}", stdout(&output));
    assert_contains(stderr(&output), &["error: the settings are not valid: ", "unknown"]);
}

/// A policy as it is deployed has its settings.
#[test]
fn a_policy_can_stand_for_its_settings() {
    let settings = ["--request", APPLICATION, "--settings"];
    let with = |file: &str| run(&[settings.as_slice(), &[file]].concat());
    let changes = with("deploy/ingresses/policy.yaml");
    assert_eq!(changes.status.code(), Some(0), "{}", stderr(&changes));
    let reports = with("deploy/audit/ingresses.yaml");
    assert_eq!(reports.status.code(), Some(1), "{}", stderr(&reports));
    assert_contains(stdout(&reports), &["does not use its routing secrets"]);
}

#[test]
fn machines_get_one_json_document_for_each_request() {
    let output = run(&["--request", APPLICATION, "--request", EXPIRED, "--output", "json"]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let documents = serde_json::Deserializer::from_slice(&output.stdout).into_iter();
    let documents: Vec<Value> = documents.collect::<Result<_, _>>().unwrap();
    let [_, ingress, secret] = documents.as_slice() else { panic!("not three documents: {documents:?}") };
    assert_eq!(ingress["accepted"], true);
    assert_eq!(ingress["mutated_object"]["spec"]["tls"][0]["secretName"], "shop-exact");
    assert_eq!(ingress["calls"][0]["operation"], "list_resources_by_namespace");
    assert_eq!(secret["accepted"], false);
    assert!(secret["message"].as_str().unwrap().ends_with("[expired]"));
    assert_eq!(secret["calls"], serde_json::json!([]));
}

/// Here, nothing is a terminal.
#[test]
fn there_is_no_colour_in_a_pipe() {
    for request in [APPLICATION, EXPIRED] {
        let output = run(&["--request", request]);
        assert!(!stdout(&output).contains('\u{1b}'), "{}", stdout(&output));
        assert!(!stderr(&output).contains('\u{1b}'), "{}", stderr(&output));
    }
}

#[test]
fn look_ups_can_be_refused() {
    let output = run(&["--request", APPLICATION, "--refuse", "secrets is forbidden"]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert_contains(
        stdout(&output),
        &[
            "\nlooked up: routing secrets in namespace workspace failed: secrets is forbidden\n",
            "\nmessage: the look-up of routing secrets in namespace workspace failed",
            "secrets is forbidden",
        ],
    );
}

#[test]
fn look_ups_can_be_recorded_and_replayed() {
    let directory = directory("look_ups_can_be_recorded");
    let file = |name: &str| directory.join(name).to_str().unwrap().to_owned();
    let output = command(&[
        "write-cases",
        "--policy",
        "policy.wasm",
        "--cases",
        "e2e-tests/cases",
        "--into",
        directory.to_str().unwrap(),
    ]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let request = file("ingress-rewritten-request.json");
    let replay = |request: &str, session: &str| {
        let policy = ["--policy", "policy.wasm", "--request", request];
        run_only(&[policy.as_slice(), &["--replay", session]].concat())
    };
    let replayed = replay(&request, &file("ingress-rewritten-session.yaml"));
    assert_eq!(replayed.status.code(), Some(0), "{}", stderr(&replayed));
    assert_contains(stdout(&replayed), &["uses routing secret apps-wildcard\n"]);

    let session = file("recorded.yaml");
    let recorded = run(&["--request", &request, "--record", &session]);
    assert_eq!(recorded.status.code(), Some(0), "{}", stderr(&recorded));
    assert_contains(stdout(&recorded), &["uses routing secret shop-exact\n"]);
    assert_eq!(replay(&request, &session), recorded);

    let other = replay(EXPIRED, &session);
    assert_eq!(other.status.code(), Some(2), "{}", stdout(&other));
    assert_contains(stderr(&other), &["error: the policy made 0 of the ", " look-ups"]);
}
