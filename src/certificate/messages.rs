//! What people are told about a Certificate.

use serde_json::Value;

use super::parking::{ISSUER, PARKED_ISSUER, issuer};
use crate::{
    admission::{Kind, object, response::join},
    routing::ServedHost,
};

/// The warning about a Certificate whose record is not ours.
pub(super) fn foreign_record() -> String {
    format!("left alone: annotation {PARKED_ISSUER} was not written by this policy; remove it")
}

/// The warnings about a Certificate that was parked, with another Secret if one is named.
pub(super) fn parked(secret: Option<&str>, served: &[ServedHost]) -> Vec<String> {
    let secret = secret.map(|secret| {
        format!("spec.secretName is {secret} now: a routing secret must not be overwritten")
    });
    let served = served.iter().map(|ServedHost { host, secret }| {
        format!("{host}: no certificate is issued, routing secret {secret} covers it")
    });
    secret.into_iter().chain(served).collect()
}

/// The warning about a parked Certificate that cannot get its Secret back.
pub(super) fn stays_parked(found: &str, original: &str) -> String {
    format!("stays parked with Secret {found}: it would overwrite routing secret {original}")
}

/// The warnings about a Certificate that is as its author wants it; the routing secrets cover its names
/// if there are any.
pub(super) fn given_back(
    submitted: &Value,
    original: &Value,
    served: &[ServedHost],
) -> Vec<String> {
    let mut warnings = Vec::new();
    let secret = |object| object::text(object, "/spec/secretName");
    for (field, found, original) in [
        ("issuerRef.name", issuer(submitted), issuer(original)),
        ("secretName", secret(submitted), secret(original)),
    ] {
        if found != original {
            let value = original.unwrap_or_default();
            warnings.push(format!("spec.{field} is {value} again"));
        }
    }
    if issuer(original) == Some(ISSUER) {
        let remedy = "name the one you want";
        warnings.push(format!(
            "no certificate is issued: {ISSUER} is no issuer, {remedy}"
        ));
    } else {
        warnings.extend(served.iter().map(|ServedHost { host, secret }| {
            format!("{host}: issued although routing secret {secret} covers it")
        }));
    }
    warnings
}

/// What is said against a Certificate that takes over a routing secret.
pub(super) fn take_over(certificate: &Value, secret: &str, producer: Option<&str>) -> String {
    let certificate = object::describe(Kind::Certificate.name(), certificate);
    let (maker, remedy) = match producer {
        Some(producer) => (
            format!("Certificate {producer} makes"),
            format!("or delete Certificate {producer} and the Secret first"),
        ),
        None => (
            "no Certificate makes".to_owned(),
            "or delete the Secret first".to_owned(),
        ),
    };
    format!(
        "{certificate} would overwrite routing secret {secret}, which {maker}: \
         name another Secret in spec.secretName, {remedy} if this Certificate is to make it"
    )
}

/// What is said against a Certificate that nobody needs.
pub(super) fn not_needed(certificate: &Value, served: &[ServedHost]) -> String {
    let certificate = object::describe(Kind::Certificate.name(), certificate);
    let names = served.iter();
    let names = names.map(|ServedHost { host, secret }| format!("{host} by Secret {secret}"));
    let names = join(names, ", ");
    format!(
        "{certificate} is not needed, routing secrets cover all of its names: {names}; \
         remove it and name the routing secret where the certificate is used"
    )
}
