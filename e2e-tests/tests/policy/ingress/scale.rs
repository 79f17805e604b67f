//! What is big is evaluated within the limit of policy-server: the host enforces it, so that an evaluation that takes
//! longer is an error here.

use serde_json::json;

use crate::support::*;

const HOSTS: usize = 1_000;
const SECRETS: usize = 100;

#[test]
fn many_hosts_and_routing_secrets() {
    let hosts: Vec<_> =
        (0..HOSTS).map(|number| format!("h{number}.d{}.example.com", number % SECRETS)).collect();
    let hosts: Vec<_> = hosts.iter().map(String::as_str).collect();
    let secrets: Vec<_> = (0..SECRETS)
        .map(|number| {
            let san = format!("*.d{number}.example.com");
            routing_secret(&format!("s{number}"), &[&san])
        })
        .collect();
    let cluster = cluster(&secrets);
    let author = ingress(&hosts, json!([entry(&hosts, "own")]));
    let stored = stored(&author, &json!({}), &cluster);
    let entries = stored["spec"]["tls"].as_array().unwrap();
    assert_eq!(entries.len(), SECRETS);
    assert_eq!(entries[7]["secretName"], "s7");
    assert_stable(&author, &stored, &json!({}), &cluster);
}

#[test]
fn an_ingress_whose_record_would_not_be_stored_is_left_with_a_warning() {
    let author = ingress(&[], json!([entry(&["a.example.com"], "own")]));
    let author = annotated(author, "notes", &"x".repeat(256 * 1024 - 20));
    let response = evaluate(&author, &json!({}), &cluster(&[wild()])).response;
    assert!(response.accepted);
    assert_eq!(response.mutated_object, None);
    assert!(response.warnings[0].contains(RECORD), "{:?}", response.warnings);
}
