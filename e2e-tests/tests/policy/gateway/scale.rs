//! As many listeners as the API server never lets through: it asks the policy before it counts them.

use serde_json::{Value, json};

use super::support::*;
use crate::support::*;

#[test]
fn many_listeners_and_routing_secrets() {
    let listener = |number: usize| {
        let host = format!("h{number}.d{}.example.com", number % 100);
        self::listener(&format!("l{number}"), &host, &format!("own-{number}"))
    };
    let listeners: Value = (0..1_000).map(listener).collect();
    let secrets: Vec<_> = (0..100)
        .map(|number| {
            let san = format!("*.d{number}.example.com");
            routing_secret(&format!("s{number}"), &[&san])
        })
        .collect();
    let cluster = cluster(&secrets);
    let author = gateway(listeners);
    let stored = stored(&author, &json!({}), &cluster);
    assert_ne!(stored, author);
    assert_stable(&author, &stored, &json!({}), &cluster);
}
