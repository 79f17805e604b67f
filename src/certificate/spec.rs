//! What the policy reads of a Certificate (cert-manager, `pkg/apis/certmanager/v1`).

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    admission::{
        Request, ReviewError,
        object::{self, Texts},
    },
    cert_manager::copies_secrets,
};

/// The usage that makes a certificate one for servers, as cert-manager names it.
const SERVER_AUTH: &str = "server auth";
/// What a certificate for servers may be used for besides; what else it is for, a routing secret is not.
const OTHER_USAGES: [&str; 3] = ["digital signature", "key encipherment", "key agreement"];
/// What makes a Certificate something that no routing secret can stand for: names that are no DNS names,
/// of which a literal subject may have some, and files that a routing secret does not have.
const MORE_THAN_ROUTING: [&str; 7] = [
    "ipAddresses",
    "uris",
    "emailAddresses",
    "otherNames",
    "literalSubject",
    "keystores",
    "additionalOutputFormats",
];

/// What the policy reads of a Certificate.
pub(super) struct Certificate {
    /// `metadata.name`, which the API server makes up from `generateName` later than now.
    pub(super) name: Option<String>,
    /// `spec.secretName`
    pub(super) secret_name: Option<String>,
    /// `spec.dnsNames` and `spec.commonName`, each name once.
    pub(super) names: Vec<String>,
    /// Whether a routing secret could serve in its place: it is for a server that has DNS names, and for
    /// nobody else.
    pub(super) is_for_routing: bool,
    /// Whether a controller would write its own version back: cert-manager's for an Ingress, a Gateway or
    /// a ListenerSet (`pkg/controller/certificate-shim/sync.go`), which made it because that was left
    /// alone, or another one, such as Knative's.
    pub(super) is_controlled: bool,
}

/// One of `metadata.ownerReferences`.
#[derive(Deserialize)]
struct OwnerReference {
    controller: Option<bool>,
}

impl Certificate {
    /// Reads a Certificate of a request.
    pub(super) fn read(object: &Value, request: &Request) -> Result<Self, ReviewError> {
        let usages: Vec<String> = read(object, request, "/spec/usages")?;
        let owners: Vec<OwnerReference> = read(object, request, "/metadata/ownerReferences")?;
        let annotations: Texts = read(object, request, "/spec/secretTemplate/annotations")?;
        // It is replaced and given back whole.
        let _: Texts = read(object, request, "/spec/issuerRef")?;
        let text = |pointer| object::text(object, pointer).filter(|text| !text.is_empty());
        Ok(Self {
            name: text("/metadata/name").map(str::to_owned),
            secret_name: text("/spec/secretName").map(str::to_owned),
            names: names(object, request)?,
            is_for_routing: is_for_routing(object, &usages) && !copies_secrets(&annotations),
            is_controlled: owners.iter().any(|owner| owner.controller == Some(true)),
        })
    }

    /// Its names, whatever their letters' case.
    pub(super) fn name_set(&self) -> BTreeSet<String> {
        let names = self.names.iter();
        names.map(|name| name.to_ascii_lowercase()).collect()
    }
}

/// Whether the Secret that cert-manager makes from a Certificate gets this label.
pub(super) fn makes_secret_with_label(object: &Value, label: &str) -> bool {
    let labels = object.pointer("/spec/secretTemplate/labels");
    labels.is_some_and(|labels| labels.get(label).is_some())
}

fn names(object: &Value, request: &Request) -> Result<Vec<String>, ReviewError> {
    let mut names: Vec<String> = read(object, request, "/spec/dnsNames")?;
    names.push(read(object, request, "/spec/commonName")?);
    let mut seen = BTreeSet::new();
    names.retain(|name| !name.is_empty() && seen.insert(name.to_ascii_lowercase()));
    Ok(names)
}

fn is_for_routing(object: &Value, usages: &[String]) -> bool {
    let nothing = [json!(null), json!([]), json!({}), json!("")];
    let is_filled = |field: &&str| {
        let value = object.pointer(&format!("/spec/{field}"));
        value.is_some_and(|value| !nothing.contains(value))
    };
    let is_server_auth = |usage: &String| usage == SERVER_AUTH;
    let is_of_servers =
        |usage: &String| is_server_auth(usage) || OTHER_USAGES.contains(&usage.as_str());
    let serves =
        usages.is_empty() || usages.iter().any(is_server_auth) && usages.iter().all(is_of_servers);
    let is_ca = object.pointer("/spec/isCA") == Some(&Value::Bool(true));
    serves && !is_ca && !MORE_THAN_ROUTING.iter().any(is_filled)
}

/// Reads a field of the object of a request; what is absent is the default.
fn read<'a, T>(object: &'a Value, request: &Request, pointer: &str) -> Result<T, ReviewError>
where
    T: Deserialize<'a> + Default,
{
    object::field(object, pointer).ok_or_else(|| request.malformed(pointer))
}
