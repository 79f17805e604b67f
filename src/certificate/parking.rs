//! Parking: what a Certificate becomes that is not to be issued, and what its author gets back.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::admission::object::{self, Texts};

/// The annotation that holds what was replaced, as compact JSON.
pub(super) const PARKED_ISSUER: &str = "routing-secrets-policy/parked-issuer";
/// The issuer of parked Certificates, which does not exist.
pub(super) const ISSUER: &str = "covered-by-routing-secret";

/// The name of the Secret of a parked Certificate, if its own one is a routing secret.
pub(super) fn parked_secret_name(certificate: &str) -> String {
    format!("{certificate}-parked")
}

/// What its author wrote into a Certificate that was parked.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Original {
    /// `spec.issuerRef`
    issuer_ref: Texts,
    /// `spec.secretName`, if it was replaced too.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret_name: Option<String>,
}

impl Original {
    /// Reads the text of the annotation; `None` if this policy did not write it.
    fn parse(text: &str) -> Option<Self> {
        let original: Self = serde_json::from_str(text).ok()?;
        let issuer = original.issuer_ref.get("name");
        let is_of_author = issuer.is_none_or(|name| name.is_string() && name != ISSUER);
        // Serde takes an array for a struct, too; the policy writes none.
        (text.starts_with('{') && is_of_author).then_some(original)
    }
}

/// The Certificate as its author wants it: what still holds the policy's values goes back. `None` if the
/// record was not written by this policy.
pub(super) fn restore(submitted: &Value, old: Option<&Value>) -> Option<Value> {
    let recorded = match object::annotation(submitted, PARKED_ISSUER) {
        // An author who empties it makes the policy forget.
        Some("") => None,
        Some(text) => Some(Original::parse(text)?),
        // Server-side apply drops the annotations that nobody owns together with the last one that
        // somebody does.
        None if issuer(submitted) == Some(ISSUER) => {
            let lost = old.and_then(|old| object::annotation(old, PARKED_ISSUER));
            lost.and_then(Original::parse)
        }
        None => None,
    };
    let mut restored = submitted.clone();
    if let Some(mut annotations) = object::field::<Texts>(submitted, "/metadata/annotations")
        && annotations.remove(PARKED_ISSUER).is_some()
    {
        object::set_annotations(&mut restored, annotations);
    }
    let Some((recorded, spec)) = recorded.zip(restored.get_mut("spec")) else {
        return Some(restored);
    };
    if issuer(submitted) == Some(ISSUER) {
        object::set(spec, "issuerRef", Value::Object(recorded.issuer_ref));
    }
    let name = object::text(submitted, "/metadata/name").unwrap_or_default();
    let parked_secret = parked_secret_name(name);
    if let Some(secret) = recorded.secret_name
        && object::text(submitted, "/spec/secretName") == Some(&parked_secret)
    {
        object::set(spec, "secretName", Value::String(secret));
    }
    Some(restored)
}

/// The name of the issuer of a Certificate.
pub(super) fn issuer(object: &Value) -> Option<&str> {
    object::text(object, "/spec/issuerRef/name")
}

/// The Certificate parked, with another Secret if one is named.
pub(super) fn park(original: &Value, secret: Option<&str>) -> serde_json::Result<Value> {
    let own = object::text(original, "/spec/secretName").map(str::to_owned);
    let record = Original {
        issuer_ref: object::field(original, "/spec/issuerRef").unwrap_or_default(),
        secret_name: own.filter(|_| secret.is_some()),
    };
    let mut parked = original.clone();
    if let Some(spec) = parked.get_mut("spec") {
        if let Some(secret) = secret {
            object::set(spec, "secretName", json!(secret));
        }
        if let Some(reference) = spec.get_mut("issuerRef") {
            object::set(reference, "name", json!(ISSUER));
        }
    }
    let annotations = object::field(original, "/metadata/annotations");
    let mut annotations: Texts = annotations.unwrap_or_default();
    annotations.insert(
        PARKED_ISSUER.to_owned(),
        json!(serde_json::to_string(&record)?),
    );
    object::set_annotations(&mut parked, annotations);
    Ok(parked)
}
