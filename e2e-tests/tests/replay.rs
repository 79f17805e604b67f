//! The cases in `cases/`: evaluated, recorded, and replayed from what kwctl replays, too.

use std::path::Path;

use e2e_tests::{
    Cluster, Evaluation, Policy, Session,
    cases::{self, Case},
};
use rstest::{fixture, rstest};

fn directory() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[fixture]
#[once]
fn policy() -> Policy {
    Policy::load(&directory().join("../policy.wasm")).expect("`make policy.wasm` builds it")
}

/// Every case, with its answer and what was recorded.
#[fixture]
#[once]
fn recorded(policy: &Policy) -> Vec<(Case, Evaluation, String)> {
    let cases = cases::load(&directory().join("cases")).unwrap();
    let record = |case: Case| {
        let evaluation = policy.validate(&case.request, &case.settings, &case.cluster).unwrap();
        let session = Session::of(&evaluation.calls).unwrap().to_yaml().unwrap();
        (case, evaluation, session)
    };
    cases.into_iter().map(record).collect()
}

fn replay(policy: &Policy, case: &Case, session: &str) -> anyhow::Result<Evaluation> {
    let cluster = Cluster::replaying(Session::parse(session)?);
    policy.validate(&case.request, &case.settings, &cluster)
}

#[rstest]
fn every_case_ends_as_expected(recorded: &[(Case, Evaluation, String)]) {
    for (case, evaluation, _) in recorded {
        let verdict = case.expected.check(&evaluation.response);
        verdict.unwrap_or_else(|error| panic!("{}: {error}", case.name));
    }
}

#[rstest]
fn a_replay_gives_the_same_answer(policy: &Policy, recorded: &[(Case, Evaluation, String)]) {
    for (case, evaluation, session) in recorded {
        let replayed = replay(policy, case, session).unwrap();
        assert_eq!(replayed.response, evaluation.response, "{}", case.name);
        assert_eq!(replayed.calls, evaluation.calls, "{}", case.name);
    }
}

/// The cases that look something up.
fn with_look_ups(recorded: &[(Case, Evaluation, String)]) -> Vec<(&Case, &str)> {
    let cases = recorded.iter().filter(|(_, evaluation, _)| !evaluation.calls.is_empty());
    let cases: Vec<_> = cases.map(|(case, _, session)| (case, session.as_str())).collect();
    assert!(cases.len() > 1);
    cases
}

#[rstest]
fn another_request_does_not_fit_the_session(policy: &Policy, recorded: &[(Case, Evaluation, String)]) {
    for (case, session) in with_look_ups(recorded) {
        let request = case.request.to_string();
        let request = request
            .replace(r#""namespace":"workspace""#, r#""namespace":"elsewhere""#)
            .replace("certificates/apps-wildcard", "elsewhere/apps-wildcard");
        let other = Case { request: serde_json::from_str(&request).unwrap(), ..case.clone() };
        let error = replay(policy, &other, session).unwrap_err().to_string();
        let start = "look-up 1 is another one than in the session: the policy asked {";
        assert!(error.starts_with(start), "{}: {error}", case.name);
        assert!(error.contains(r#""namespace":"elsewhere""#) && error.contains("recorded is {"), "{error}");
    }
}

#[rstest]
fn missing_exchanges_are_an_error(policy: &Policy, recorded: &[(Case, Evaluation, String)]) {
    for (case, _) in with_look_ups(recorded) {
        let error = replay(policy, case, "[]").unwrap_err().to_string();
        assert!(
            error.starts_with("look-up 1 is not in the session: the policy asked {"),
            "{}: {error}",
            case.name
        );
    }
}

#[rstest]
fn exchanges_that_are_left_over_are_an_error(policy: &Policy, recorded: &[(Case, Evaluation, String)]) {
    let (_, one_more) = with_look_ups(recorded)[0];
    for (case, evaluation, session) in recorded {
        let session = match evaluation.calls.len() {
            0 => one_more.to_owned(),
            _ => format!("{session}{one_more}"),
        };
        let error = replay(policy, case, &session).unwrap_err().to_string();
        let start = format!("the policy made {} of the ", evaluation.calls.len());
        assert!(error.starts_with(&start), "{}: {error}", case.name);
    }
}

/// kwctl compares every field of the requests, which it keeps as text.
#[rstest]
#[case::list(
    "ingress-rewritten",
    "- type: Exchange\n  request: |\n    !KubernetesListResourceNamespace\n    api_version: v1\n    kind: Secret\n    \
     namespace: workspace\n    label_selector: epinio.io/routing\n    field_selector: type=kubernetes.io/tls\n    \
     field_masks:",
    "\n  response:\n    type: Success\n    payload: '{\"apiVersion\":\"v1\",\"items\":["
)]
#[case::get(
    "secret-mirror-labelled",
    "- type: Exchange\n  request: |\n    !KubernetesGetResource\n    api_version: v1\n    kind: Secret\n    \
     name: apps-wildcard\n    namespace: certificates\n    disable_cache: true\n    field_masks:\n    - type\n",
    "\n  response:\n    type: Success\n    payload: '{\"apiVersion\":\"v1\",\"kind\":\"Secret\","
)]
#[case::failed(
    "ingress-look-up-failed",
    "- type: Exchange\n  request: |\n    !KubernetesListResourceNamespace\n",
    "\n  response:\n    type: Error\n    message: secrets is forbidden\n"
)]
fn the_session_has_the_form_of_kwctl(
    recorded: &[(Case, Evaluation, String)],
    #[case] name: &str,
    #[case] request: &str,
    #[case] response: &str,
) {
    let (_, _, session) = recorded.iter().find(|(case, ..)| case.name == name).unwrap();
    assert!(session.starts_with(request) && session.contains(response), "{session}");
}

#[rstest]
fn kwctl_gets_every_case(recorded: &[(Case, Evaluation, String)]) {
    let bats = std::fs::read_to_string(directory().join("e2e.bats")).unwrap();
    let evaluated: Vec<_> = bats.lines().filter_map(|line| line.trim().strip_prefix("evaluate ")).collect();
    assert_eq!(evaluated.len(), recorded.len());
    for (case, ..) in recorded {
        assert!(evaluated.contains(&case.name.as_str()), "{}", case.name);
    }
}
