mod host;
mod index;
mod table;

use serde_json::json;

use super::*;
use crate::settings::Settings;

fn settings(wildcards: Wildcards) -> Settings {
    let wildcards = match wildcards {
        Wildcards::OneLabel => "oneLabel",
        Wildcards::AnyDepth => "anyDepth",
    };
    Settings::parse(&json!({ "wildcards": wildcards })).unwrap()
}

/// A usable routing secret.
fn secret(name: &str, sans: &[&str], not_after: u64, wildcards: Wildcards) -> RoutingSecret {
    let patterns = sans
        .iter()
        .filter_map(|san| DnsPattern::parse(san, wildcards))
        .collect();
    RoutingSecret {
        name: name.to_owned(),
        certificate_name: None,
        unused_names: Vec::new(),
        certificate: Ok(ServingCertificate {
            patterns,
            not_after,
        }),
    }
}
