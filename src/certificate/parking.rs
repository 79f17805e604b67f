//! Parking: what a Certificate becomes that is not to be issued, and what its author gets back.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    admission::{
        ReviewError,
        object::{self, Texts},
    },
    record::{self, Record},
};

/// The ClusterIssuer of parked Certificates, which is self-signed (`deploy/certificates`).
pub(super) const ISSUER: &str = "covered-by-routing-secret";
/// The end of the names of parked Certificates' Secrets.
const PARKED: &str = "-parked";

/// What the policy replaced in a Certificate.
#[derive(Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct CertificateRecord {
    /// `spec.issuerRef`
    pub(super) issuer_ref: Texts,
    /// `spec.secretName`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) secret_name: Option<String>,
}

impl Record for CertificateRecord {
    const ANNOTATION: &'static str = "routing-secrets-policy/parked-issuer";

    fn is_ours(&self) -> bool {
        let issuer = self.issuer_ref.get("name");
        issuer.is_some_and(|name| name.is_string() && name != ISSUER)
    }
}

/// The name of the Secret of a parked Certificate, which nobody reads.
pub(super) fn parked_secret_name(certificate: &str) -> String {
    format!("{certificate}{PARKED}")
}

fn parked_issuer() -> Texts {
    let kind = ("kind".to_owned(), json!("ClusterIssuer"));
    let group = ("group".to_owned(), json!("cert-manager.io"));
    Texts::from_iter([kind, group, ("name".to_owned(), json!(ISSUER))])
}

pub(super) fn issuer(object: &Value) -> Option<&str> {
    object::text(object, "spec.issuerRef.name")
}

pub(super) fn secret_name(object: &Value) -> Option<&str> {
    object::text(object, "spec.secretName")
}

/// Whether a Certificate is parked, and it is known what it was before.
pub(super) fn is_parked(object: &Value) -> bool {
    issuer(object) == Some(ISSUER) && record::of_old::<CertificateRecord>(Some(object)).is_some()
}

/// The Certificate as its author wants it: what still holds the policy's values goes back. `None` if the
/// record was not written by this policy.
pub(super) fn restore(submitted: &Value, old: Option<&Value>) -> Option<Value> {
    let has_parked_issuer = issuer(submitted) == Some(ISSUER);
    // A copy under another name still has the Secret of the one that it was copied from.
    let has_parked_secret = secret_name(submitted).is_some_and(|secret| {
        secret == parked_secret_name(object::name(submitted)) || has_parked_issuer && secret.ends_with(PARKED)
    });
    let lost = || {
        record::of_old(old).filter(|lost: &CertificateRecord| {
            let author = lost.issuer_ref.get("name").and_then(Value::as_str);
            has_parked_issuer || has_parked_secret || issuer(submitted) == author
        })
    };
    let record = record::read(submitted, lost)?;
    let mut restored = submitted.clone();
    let mut annotations: Texts = object::field(submitted, "metadata.annotations").unwrap_or_default();
    if annotations.remove(CertificateRecord::ANNOTATION).is_some() {
        object::set_annotations(&mut restored, annotations);
    }
    let Some(spec) = restored.get_mut("spec").filter(|_| record != CertificateRecord::default()) else {
        return Some(restored);
    };
    if let Some(found) = spec.get_mut("issuerRef").and_then(Value::as_object_mut) {
        let applied = parked_issuer();
        if has_parked_issuer {
            found.retain(|member, value| applied.get(member) != Some(value));
            for (member, value) in record.issuer_ref {
                found.entry(member).or_insert(value);
            }
        } else {
            // `kubectl apply` sends the name again, and leaves what the author never wrote.
            found.retain(|member, value| {
                applied.get(member) != Some(value) || record.issuer_ref.contains_key(member)
            });
        }
    }
    if has_parked_secret {
        object::set(spec, "secretName", json!(record.secret_name));
    }
    Some(restored)
}

/// The Certificate parked with another Secret; `None` if the API server would not store its record. Fails if
/// the record cannot be written as JSON.
pub(super) fn park(original: &Value, secret: &str) -> Result<Option<Value>, ReviewError> {
    let record = CertificateRecord {
        issuer_ref: object::field(original, "spec.issuerRef").unwrap_or_default(),
        secret_name: secret_name(original).map(str::to_owned),
    };
    let mut parked = original.clone();
    if let Some(spec) = parked.get_mut("spec") {
        object::set(spec, "secretName", json!(secret));
        object::set(spec, "issuerRef", Value::Object(parked_issuer()));
    }
    let annotations = object::field(original, "metadata.annotations").unwrap_or_default();
    Ok(record::write(&record, annotations)?.map(|annotations| {
        object::set_annotations(&mut parked, annotations);
        parked
    }))
}
