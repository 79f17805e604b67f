mod plan;
mod restore;

use serde_json::Value;

use super::*;
use crate::objects::TlsEntry;

/// Reads entries such as `a b=own | =default | c`: hosts, and the Secret behind `=` if there is one.
fn tls(text: &str) -> Vec<TlsEntry> {
    let entries = text.split('|').map(str::trim);
    let entries = entries.filter(|entry| !entry.is_empty());
    entries
        .map(|entry| {
            let (hosts, secret) = match entry.split_once('=') {
                Some((hosts, secret)) => (hosts, Some(secret.to_owned())),
                None => (entry, None),
            };
            TlsEntry {
                hosts: hosts.split_whitespace().map(str::to_owned).collect(),
                secret_name: secret,
                ..TlsEntry::default()
            }
        })
        .collect()
}

fn ingress(tls: Vec<TlsEntry>, annotations: Value) -> Ingress {
    Ingress { annotations: serde_json::from_value(annotations).unwrap(), tls, ..Ingress::default() }
}
