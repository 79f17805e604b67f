//! A Certificate (cert-manager, `pkg/apis/certmanager/v1`).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::Owner;
use crate::{
    admission::object::{self, MalformedField, Texts},
    ecosystem::serves_only,
};

/// Fields of a Certificate in whose place no routing secret can serve: names that are no DNS names, of which
/// a literal subject may have some, and files that a routing secret does not have.
const MORE_THAN_ROUTING: [&str; 7] = [
    "spec.ipAddresses",
    "spec.uris",
    "spec.emailAddresses",
    "spec.otherNames",
    "spec.literalSubject",
    "spec.keystores",
    "spec.additionalOutputFormats",
];

/// What the policy reads of a Certificate.
#[derive(Debug)]
pub(crate) struct Certificate {
    /// `metadata.name`, which the API server makes from `generateName` only after admission.
    pub(crate) name: Option<String>,
    pub(crate) secret_name: Option<String>,
    /// `spec.issuerRef.name`
    pub(crate) issuer: Option<String>,
    /// `spec.dnsNames` and `spec.commonName`, each name once.
    pub(crate) names: Vec<String>,
    pub(crate) secret_labels: Texts,
    /// Whether a routing secret could serve in its place: it is for a server that has DNS names, and for
    /// nobody else.
    pub(crate) is_for_routing: bool,
    /// Whether a controller would write its own version back: cert-manager's for an Ingress, a Gateway or a
    /// ListenerSet (`pkg/controller/certificate-shim/sync.go`), which made it because that was left alone, or
    /// another one, such as Knative's.
    pub(crate) is_controlled: bool,
    pub(crate) is_issued: bool,
}

impl Certificate {
    /// Reads a Certificate. Fails if a field is of the wrong type.
    pub(crate) fn read(object: &Value) -> Result<Self, MalformedField> {
        let usages: Vec<String> = object::field(object, "spec.usages")?;
        let secret_annotations: Texts = object::field(object, "spec.secretTemplate.annotations")?;
        // It is replaced and restored whole.
        object::field::<Texts>(object, "spec.issuerRef")?;
        let text = |path| object::text(object, path).filter(|text| !text.is_empty()).map(str::to_owned);
        let nothing = [json!(null), json!([]), json!({}), json!("")];
        let is_filled = |path: &&str| object::get(object, path).is_some_and(|value| !nothing.contains(value));
        Ok(Self {
            name: text("metadata.name"),
            secret_name: text("spec.secretName"),
            issuer: text("spec.issuerRef.name"),
            names: names(object)?,
            secret_labels: object::field(object, "spec.secretTemplate.labels").unwrap_or_default(),
            is_for_routing: (usages.is_empty() || serves_only(usages.iter().map(String::as_str)))
                && secret_annotations.is_empty()
                && object::get(object, "spec.isCA") != Some(&Value::Bool(true))
                && !MORE_THAN_ROUTING.iter().any(is_filled),
            is_controlled: Owner::of(object).is_some(),
            is_issued: object::get(object, "status.revision").is_some(),
        })
    }

    /// Its names in lower case.
    pub(crate) fn name_set(&self) -> BTreeSet<String> {
        self.names.iter().map(|name| name.to_ascii_lowercase()).collect()
    }
}

fn names(object: &Value) -> Result<Vec<String>, MalformedField> {
    let mut names: Vec<String> = object::field(object, "spec.dnsNames")?;
    names.push(object::field(object, "spec.commonName")?);
    let mut seen = BTreeSet::new();
    names.retain(|name| !name.is_empty() && seen.insert(name.to_ascii_lowercase()));
    Ok(names)
}
