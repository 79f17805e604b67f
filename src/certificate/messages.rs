//! What people are told about a Certificate.

use serde_json::Value;

use super::parking::{ISSUER, issuer, secret_name};
use crate::{
    admission::{Kind, object, response::message_list},
    routing::ServedHost,
    settings::Settings,
    users::SecretUser,
};

/// The warnings about a Certificate that is parked.
pub(super) fn parked(served: &[ServedHost]) -> Vec<String> {
    served
        .iter()
        .map(|ServedHost { host, secret }| {
            format!("{host}: no certificate is issued, routing secret {secret} covers it")
        })
        .collect()
}

/// The warnings about a Certificate that is issued because objects name one of these Secrets.
pub(super) fn needed(users: &[SecretUser], secrets: &[&str], settings: &Settings) -> Vec<String> {
    users
        .iter()
        .filter_map(|user| {
            let secret = secrets.iter().find(|secret| user.needs(secret, settings))?;
            let then = if user.is_skipped { "" } else { "; write that first" };
            Some(format!("issued, because {} names Secret {secret}{then}", user.describe()))
        })
        .collect()
}

/// The warnings about a Certificate that is as its author wants it; the routing secrets cover its names if
/// there are any.
pub(super) fn restored(submitted: &Value, original: &Value, served: &[ServedHost]) -> Vec<String> {
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
        warnings.push(format!("its issuer is {ISSUER}, which no client trusts: name the one you want"));
    } else {
        warnings.extend(served.iter().map(|ServedHost { host, secret }| {
            format!("{host}: issued although routing secret {secret} covers it")
        }));
    }
    warnings
}

/// What is said against a Certificate that takes over a routing secret, which another Certificate may make.
pub(super) fn take_over(certificate: &Value, secret: &str, maker: Option<&str>) -> String {
    let certificate = object::describe(Kind::Certificate.names().kind, certificate);
    let (made, remedy) = match maker {
        Some(maker) => (
            format!("Certificate {maker} makes"),
            format!("or delete Certificate {maker} and the Secret first"),
        ),
        None => ("no Certificate makes".to_owned(), "or delete the Secret first".to_owned()),
    };
    format!(
        "{certificate} would overwrite routing secret {secret}, which {made}: \
         name another Secret in spec.secretName, {remedy} if this Certificate is to make it"
    )
}

/// What is said against a Certificate that nobody needs.
pub(super) fn not_needed(certificate: &Value, served: &[ServedHost]) -> String {
    let certificate = object::describe(Kind::Certificate.names().kind, certificate);
    let names: Vec<_> =
        served.iter().map(|ServedHost { host, secret }| format!("{host} by Secret {secret}")).collect();
    let names = message_list(&names);
    format!(
        "{certificate} is not needed, routing secrets cover all of its names: {names}; \
         remove it and name the routing secret where the certificate is used"
    )
}
