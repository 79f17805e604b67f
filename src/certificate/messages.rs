//! What people are told about a Certificate.

use serde_json::Value;

use super::parking::{ISSUER, PARKED_ISSUER, issuer, secret_name};
use crate::{
    admission::{
        Kind,
        object::{self, SKIP},
        response::join,
    },
    routing::{SecretUser, ServedHost, lookup::LookupError},
};

/// The warning about a Certificate whose record is not ours.
pub(super) fn foreign_record() -> String {
    format!("left alone: annotation {PARKED_ISSUER} was not written by this policy; remove it")
}

/// The warnings about a Certificate that is parked.
pub(super) fn parked(served: &[ServedHost]) -> impl Iterator<Item = String> {
    served.iter().map(|ServedHost { host, secret }| {
        format!("{host}: no certificate is issued, routing secret {secret} covers it")
    })
}

/// The warning about one that is parked because it would take over a routing secret.
pub(super) fn out_of_the_way(secret: &str) -> String {
    format!("spec.secretName is {secret} now: a routing secret must not be overwritten")
}

/// The warning about one whose author changes the issuer while it is parked.
pub(super) fn another_issuer(original: &Value) -> String {
    let kind = object::text(original, "/spec/issuerRef/kind").unwrap_or("Issuer");
    let name = issuer(original).unwrap_or_default();
    format!("its issuer, once it is issued, is {kind} {name} now")
}

/// What comes with it: those who name its Secret now are known, but not those who will.
pub(super) fn needed_later(secret: &str) -> String {
    format!("what names Secret {secret} later needs this written again, or {SKIP}")
}

/// The warning about a Certificate that is issued because something names its Secret.
pub(super) fn needed(user: &SecretUser, secret: &str) -> String {
    let (kind, name) = (user.kind.name(), &user.name);
    let warning = format!("issued, because {kind} {name} names Secret {secret}");
    if user.is_skipped {
        return warning;
    }
    format!("{warning}; write that first")
}

/// The warnings about a Certificate of which it is not known who names its Secret.
pub(super) fn unknown_users(secret: &str, what: &str, error: &LookupError) -> Vec<String> {
    vec![
        format!("{what}, because it is not known who names Secret {secret}"),
        error.brief(),
    ]
}

/// The warning about a Certificate whose record would not be stored.
pub(super) fn oversized_record() -> String {
    format!("issued, because annotation {PARKED_ISSUER} would be more than Kubernetes stores")
}

/// The warning about a Certificate whose name makes no name of a Secret that could be written.
pub(super) fn no_parked_secret() -> String {
    "issued, because no Secret can be named like it with -parked behind".to_owned()
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
    for (field, found, original) in [
        ("issuerRef.name", issuer(submitted), issuer(original)),
        ("secretName", secret_name(submitted), secret_name(original)),
    ] {
        if found != original {
            let value = original.unwrap_or_default();
            warnings.push(format!("spec.{field} is {value} again"));
        }
    }
    if issuer(original) == Some(ISSUER) {
        warnings.push(format!(
            "its issuer is {ISSUER}, which no client trusts: name the one you want"
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
