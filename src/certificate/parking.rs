//! Parking: what a Certificate becomes that is not to be issued, and what its author gets back.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::admission::object::{self, Texts};

/// The annotation that holds what was replaced, as compact JSON.
pub(super) const PARKED_ISSUER: &str = "routing-secrets-policy/parked-issuer";
/// The ClusterIssuer of parked Certificates, which is self-signed (`deploy/certificates`).
pub(super) const ISSUER: &str = "covered-by-routing-secret";

/// How the Secrets of parked Certificates end.
const PARKED: &str = "-parked";

/// The name of the Secret of a parked Certificate, which nobody reads.
pub(super) fn parked_secret_name(certificate: &str) -> String {
    format!("{certificate}{PARKED}")
}

/// What its author wrote into a Certificate that was parked.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Original {
    /// `spec.issuerRef`
    issuer_ref: Texts,
    /// `spec.secretName`
    #[serde(skip_serializing_if = "Option::is_none")]
    secret_name: Option<String>,
}

impl Original {
    /// Reads the text of the annotation; `None` if this policy did not write it.
    fn parse(text: &str) -> Option<Self> {
        let original: Self = serde_json::from_str(text).ok()?;
        let issuer = original.issuer_ref.get("name");
        let is_of_author = issuer.is_some_and(|name| name.is_string() && name != ISSUER);
        // Serde takes an array for a struct, too; the policy writes none.
        (text.starts_with('{') && is_of_author).then_some(original)
    }

    /// The record that an object carries.
    fn of(object: &Value) -> Option<Self> {
        Self::parse(object::annotation(object, PARKED_ISSUER)?)
    }
}

/// `spec.issuerRef` of parked Certificates.
fn parked_issuer() -> Texts {
    let kind = ("kind".to_owned(), json!("ClusterIssuer"));
    let group = ("group".to_owned(), json!("cert-manager.io"));
    Texts::from_iter([kind, group, ("name".to_owned(), json!(ISSUER))])
}

/// `spec.issuerRef` of its author, in the record of a Certificate.
pub(super) fn recorded_issuer(object: &Value) -> Option<Texts> {
    Some(Original::of(object)?.issuer_ref)
}

/// Whether a Certificate is parked, and it is known what it was before.
pub(super) fn is_parked(object: &Value) -> bool {
    issuer(object) == Some(ISSUER) && Original::of(object).is_some()
}

/// The Certificate as its author wants it: what still holds the policy's values goes back. `None` if the
/// record was not written by this policy.
pub(super) fn restore(submitted: &Value, old: Option<&Value>) -> Option<Value> {
    let name = object::text(submitted, "/metadata/name").unwrap_or_default();
    let has_parked_issuer = issuer(submitted) == Some(ISSUER);
    // A copy under another name still has the Secret of the one that it was copied from.
    let has_parked_secret = secret_name(submitted).is_some_and(|secret| {
        secret == parked_secret_name(name) || has_parked_issuer && secret.ends_with(PARKED)
    });
    let recorded = match object::annotation(submitted, PARKED_ISSUER) {
        // An author who empties it makes the policy forget.
        Some("") => None,
        Some(text) => Some(Original::parse(text)?),
        // Server-side apply drops the annotations that nobody owns together with the last one that
        // somebody does.
        None => old.and_then(Original::of).filter(|recorded| {
            let author = recorded.issuer_ref.get("name").and_then(Value::as_str);
            has_parked_issuer || has_parked_secret || issuer(submitted) == author
        }),
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
    if let Some(found) = spec.get_mut("issuerRef").and_then(Value::as_object_mut) {
        let applied = parked_issuer();
        if has_parked_issuer {
            found.retain(|member, value| applied.get(member) != Some(value));
            for (member, value) in recorded.issuer_ref {
                found.entry(member).or_insert(value);
            }
        } else {
            // `kubectl apply` sends the name again, and leaves what the author never wrote.
            found.retain(|member, value| {
                applied.get(member) != Some(value) || recorded.issuer_ref.contains_key(member)
            });
        }
    }
    if has_parked_secret {
        object::set(spec, "secretName", json!(recorded.secret_name));
    }
    Some(restored)
}

/// The name of the issuer of a Certificate.
pub(super) fn issuer(object: &Value) -> Option<&str> {
    object::text(object, "/spec/issuerRef/name")
}

/// The name of the Secret of a Certificate.
pub(super) fn secret_name(object: &Value) -> Option<&str> {
    object::text(object, "/spec/secretName")
}

/// The Certificate parked with another Secret.
pub(super) fn park(original: &Value, secret: &str) -> serde_json::Result<Value> {
    let record = Original {
        issuer_ref: object::field(original, "/spec/issuerRef").unwrap_or_default(),
        secret_name: secret_name(original).map(str::to_owned),
    };
    let mut parked = original.clone();
    if let Some(spec) = parked.get_mut("spec") {
        object::set(spec, "secretName", json!(secret));
        object::set(spec, "issuerRef", Value::Object(parked_issuer()));
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
