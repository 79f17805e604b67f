//! Ten thousand hosts and a thousand routing secrets within the evaluation limit of policy-server,
//! which the host enforces: an evaluation that takes longer is an error here.

use rstest::rstest;
use serde_json::{Value, json};

use crate::support::*;

const HOSTS: usize = 10_000;
const SECRETS: usize = 1_000;

fn host(number: usize) -> String {
    format!("h{number}.d{}.example.com", number % SECRETS)
}

fn secrets() -> e2e_tests::Cluster {
    let secrets: Vec<_> = (0..SECRETS)
        .map(|number| {
            routing_secret(
                &format!("s{number}"),
                &[&format!("*.d{number}.example.com")],
            )
        })
        .collect();
    cluster(&secrets)
}

fn one_entry() -> Value {
    let hosts: Vec<_> = (0..HOSTS).map(host).collect();
    json!([{"hosts": hosts, "secretName": "own"}])
}

fn entry_by_entry() -> Value {
    (0..HOSTS)
        .map(|number| entry(&[&host(number)], &format!("own-{number}")))
        .collect()
}

#[rstest]
#[case::one_entry(one_entry(), json!({}))]
#[case::entry_by_entry(entry_by_entry(), json!({}))]
#[case::plain(json!(null), json!({}))]
#[case::without_hosts(json!([{"secretName": "own"}]), json!({}))]
#[case::any_depth(one_entry(), json!({"wildcards": "anyDepth"}))]
fn many_hosts(#[case] tls: Value, #[case] settings: Value) {
    let hosts: Vec<_> = (0..HOSTS).map(host).collect();
    let hosts: Vec<_> = hosts.iter().map(String::as_str).collect();
    let author = ingress(&hosts, tls);
    let cluster = secrets();
    let evaluation = evaluate(&author, &settings, &cluster);
    let stored = evaluation.response.mutated_object.unwrap();
    assert_eq!(stored["spec"]["tls"].as_array().unwrap().len(), SECRETS);
    assert_eq!(stored["spec"]["tls"][7]["secretName"], "s7");
    let record = stored["metadata"]["annotations"][RECORD].as_str().unwrap();
    println!("{} bytes, {:?}", record.len(), evaluation.elapsed);
    assert!(record.len() < 256 * 1024, "Kubernetes stores no more");
    assert_stable(&author, &stored, &settings, &cluster);
}

#[test]
fn an_ingress_whose_record_would_not_be_stored_is_left_with_a_warning() {
    let author = ingress(&[], json!([entry(&["a.example.com"], "own")]));
    let author = annotated(author, "notes", &"x".repeat(256 * 1024 - 20));
    let response = evaluate(&author, &json!({}), &cluster(&[wild()])).response;
    assert!(response.accepted);
    assert_eq!(response.mutated_object, None);
    assert!(
        response.warnings[0].contains(RECORD),
        "{:?}",
        response.warnings
    );
}
