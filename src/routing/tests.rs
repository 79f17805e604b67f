mod index;
mod table;

use serde_json::json;

use super::*;
use crate::{
    host::{DnsPattern, Wildcards},
    settings::Settings,
};

fn settings(wildcards: Wildcards) -> Settings {
    let wildcards = match wildcards {
        Wildcards::OneLabel => "oneLabel",
        Wildcards::AnyDepth => "anyDepth",
    };
    Settings::parse(&json!({ "wildcards": wildcards })).unwrap()
}

/// A usable routing secret.
fn secret(name: &str, sans: &[&str], not_after: u64, wildcards: Wildcards) -> RoutingSecret {
    RoutingSecret {
        name: name.to_owned(),
        certificate_name: None,
        names: sans.iter().filter_map(|san| DnsPattern::parse(*san, wildcards)).collect(),
        not_after: Ok(not_after),
    }
}
