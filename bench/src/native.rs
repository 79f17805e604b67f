//! The same work without a sandbox: a lean native program, on the same bytes.
//!
//! It does what an evaluation must do that has nothing but certificates: read the request and the whole list, decode and
//! parse the leaf of every Secret, find one for every host, write the answer. What it does not need it steps over.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use anyhow::{Context, Result};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use x509_parser::extensions::GeneralName;
use x509_parser::pem::parse_x509_pem;

/// Answers a `validate` payload, given the host's answer to the look-up of all Secrets.
///
/// # Errors
///
/// The request or the list cannot be read. A Secret that cannot is passed over.
pub fn evaluate(payload: &[u8], list: &[u8]) -> Result<Vec<u8>> {
    let payload: Payload<'_> = serde_json::from_slice(payload)?;
    let list: SecretList<'_> = serde_json::from_slice(list)?;
    let secrets: Vec<_> = list.items.into_iter().filter_map(usable).collect();
    let chosen = by_name(&secrets);

    let mut object = payload.request.object;
    let spec = object.get("spec").context("the object has no spec")?;
    let mut spec: BTreeMap<String, &RawValue> = serde_json::from_str(spec.get())?;
    let tls = spec.get("tls").context("the object has no TLS entries")?;
    let tls = rewritten(serde_json::from_str(tls.get())?, &chosen);
    let tls = to_raw_value(&tls)?;
    spec.insert("tls".to_owned(), &tls);
    let spec = to_raw_value(&spec)?;
    object.insert("spec".to_owned(), &spec);
    Ok(serde_json::to_vec(&Response {
        accepted: true,
        mutated_object: object,
    })?)
}

fn rewritten(entries: Vec<Entry>, chosen: &HashMap<&str, &Secret>) -> Vec<Entry> {
    let mut rewritten = Vec::with_capacity(entries.len());
    for entry in entries {
        for host in entry.hosts {
            let secret = chosen.get(host.as_str()).or_else(|| {
                let parent = host.find('.').and_then(|dot| host.get(dot..))?;
                chosen.get(format!("*{parent}").as_str())
            });
            let secret_name = secret.map(|secret| secret.name.clone());
            rewritten.push(Entry {
                hosts: vec![host],
                secret_name: secret_name.or_else(|| entry.secret_name.clone()),
            });
        }
    }
    rewritten
}

/// The best secret for every name: the later end first, then the name.
fn by_name(secrets: &[Secret]) -> HashMap<&str, &Secret> {
    let mut chosen: HashMap<&str, &Secret> = HashMap::with_capacity(secrets.len());
    for secret in secrets {
        for name in &secret.dns_names {
            let best = chosen.entry(name).or_insert(secret);
            if secret.rank() > best.rank() {
                *best = secret;
            }
        }
    }
    chosen
}

/// What matching needs of a Secret whose leaf is valid now.
fn usable(item: Item<'_>) -> Option<Secret> {
    let pem = BASE64_STANDARD.decode(item.data.certificate).ok()?;
    let (_, pem) = parse_x509_pem(&pem).ok()?;
    let leaf = pem.parse_x509().ok()?;
    if !leaf.validity().is_valid() {
        return None;
    }
    let names = leaf.subject_alternative_name().ok()??;
    let dns_names = names
        .value
        .general_names
        .iter()
        .filter_map(|name| match name {
            GeneralName::DNSName(name) => Some(name.to_ascii_lowercase()),
            _ => None,
        });
    Some(Secret {
        name: item.metadata.name,
        dns_names: dns_names.collect(),
        not_after: leaf.validity().not_after.timestamp(),
    })
}

struct Secret {
    name: String,
    dns_names: Vec<String>,
    not_after: i64,
}

impl Secret {
    fn rank(&self) -> (i64, Reverse<&str>) {
        (self.not_after, Reverse(&self.name))
    }
}

#[derive(Deserialize)]
struct Payload<'a> {
    #[serde(borrow)]
    request: Request<'a>,
}

#[derive(Deserialize)]
struct Request<'a> {
    #[serde(borrow)]
    object: BTreeMap<String, &'a RawValue>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    hosts: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret_name: Option<String>,
}

#[derive(Deserialize)]
struct SecretList<'a> {
    #[serde(borrow)]
    items: Vec<Item<'a>>,
}

#[derive(Deserialize)]
struct Item<'a> {
    metadata: Metadata,
    #[serde(borrow)]
    data: Data<'a>,
}

#[derive(Deserialize)]
struct Metadata {
    name: String,
}

#[derive(Deserialize)]
struct Data<'a> {
    #[serde(rename = "tls.crt")]
    certificate: &'a str,
}

#[derive(Serialize)]
struct Response<'a> {
    accepted: bool,
    mutated_object: BTreeMap<String, &'a RawValue>,
}
