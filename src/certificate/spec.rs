//! What the policy reads of a Certificate (cert-manager, `pkg/apis/certmanager/v1`).

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::admission::{Request, ReviewError, object};

/// The usage that makes a certificate one for servers, as cert-manager names it.
const SERVER_AUTH: &str = "server auth";
/// What makes a Certificate something that no routing secret can stand for: names that are no DNS names,
/// of which a literal subject may have some, and files that a routing secret does not have.
const MORE_THAN_ROUTING: [&str; 6] = [
    "ipAddresses",
    "uris",
    "emailAddresses",
    "otherNames",
    "literalSubject",
    "keystores",
];

/// What the policy reads of a Certificate.
pub(super) struct Certificate {
    /// `metadata.name`, which the API server makes up from `generateName` later than now.
    pub(super) name: Option<String>,
    /// `spec.secretName`
    pub(super) secret_name: Option<String>,
    /// `spec.dnsNames` and `spec.commonName`, each name once.
    pub(super) names: Vec<String>,
    /// Whether a routing secret could serve in its place: it is for a server that has DNS names.
    pub(super) is_for_routing: bool,
    /// Whether cert-manager made it for an Ingress, a Gateway or a ListenerSet
    /// (`pkg/controller/certificate-shim/sync.go`): it exists only where that was left alone.
    pub(super) is_owned_by_shim: bool,
}

/// One of `metadata.ownerReferences`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OwnerReference {
    api_version: String,
    kind: String,
    controller: Option<bool>,
}

impl Certificate {
    /// Reads a Certificate of a request.
    pub(super) fn read(object: &Value, request: &Request) -> Result<Self, ReviewError> {
        let usages: Vec<String> = read(object, request, "/spec/usages")?;
        let owners: Vec<OwnerReference> = read(object, request, "/metadata/ownerReferences")?;
        // It is replaced and given back whole.
        let _: object::Texts = read(object, request, "/spec/issuerRef")?;
        let text = |pointer| object::text(object, pointer).filter(|text| !text.is_empty());
        Ok(Self {
            name: text("/metadata/name").map(str::to_owned),
            secret_name: text("/spec/secretName").map(str::to_owned),
            names: names(object, request)?,
            is_for_routing: is_for_routing(object, &usages),
            is_owned_by_shim: owners.iter().any(OwnerReference::is_shim),
        })
    }
}

impl OwnerReference {
    fn is_shim(&self) -> bool {
        let group = self.api_version.split('/').next().unwrap_or_default();
        let is_served = matches!(
            (group, self.kind.as_str()),
            ("networking.k8s.io", "Ingress")
                | ("gateway.networking.k8s.io", "Gateway" | "ListenerSet")
        );
        is_served && self.controller == Some(true)
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
    let serves = usages.is_empty() || usages.iter().any(|usage| usage == SERVER_AUTH);
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
