//! A Certificate for as many names as routing secrets may have to cover.

use serde_json::json;

use super::support::*;
use crate::support::*;

#[test]
fn many_names_and_routing_secrets() {
    let names: Vec<_> = (0..1_000).map(|number| format!("h{number}.d{}.example.com", number % 100)).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let secrets: Vec<_> = (0..100)
        .map(|number| {
            let san = format!("*.d{number}.example.com");
            routing_secret(&format!("s{number}"), &[&san])
        })
        .collect();
    let stored = stored(&certificate(&names), &json!({}), &cluster(&secrets));
    assert_eq!(stored["spec"]["issuerRef"]["name"], PARKED);
}
