//! cert-manager's Certificates: none may overwrite a routing secret, and none is issued for names that
//! routing secrets cover.
//!
//! A Certificate that is not needed is *parked* by the name of an issuer that does not exist, so that no
//! CA is asked and its status says why.

mod messages;
mod parking;
mod spec;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use serde_json::Value;

use self::spec::Certificate;
use crate::{
    admission::{Decision, Request, ReviewError, object},
    routing::{Cluster, RoutingTable, ServedHost, routing_table},
    settings::{Covered, Settings},
};

/// Reviews a Certificate that is created or updated.
///
/// # Errors
/// If it cannot be read, or the look-up of routing secrets fails.
pub(crate) fn review(
    request: &Request,
    settings: &Settings,
    cluster: &impl Cluster,
) -> Result<Decision, ReviewError> {
    if object::is_being_deleted(&request.object) {
        return Ok(Decision::accept());
    }
    let restored = parking::restore(&request.object, request.old_object());
    let original = restored.as_ref().unwrap_or(&request.object);
    let certificate = Certificate::read(original, request)?;
    let table = routing_table(request, settings, cluster)?;
    let served = if is_needed(&certificate, original, &table, settings) {
        Vec::new()
    } else {
        serve_all(&certificate.names, &table)
    };
    let covered = settings.certificate.covered;
    let can_be_parked = covered == Covered::Park
        && restored.is_some()
        && !served.is_empty()
        && parking::issuer(original).is_some_and(|issuer| issuer != parking::ISSUER);
    if let Some(secret) = certificate.secret_name.as_deref()
        && takes_over(secret, &certificate, &table)
    {
        return match parked_secret_name(&certificate, &table).filter(|_| can_be_parked) {
            Some(name) => park(request, original, Some(&name), served),
            None => keep_away(request, original, secret, &certificate, &table),
        };
    }
    if covered == Covered::Reject && !served.is_empty() && has_new_names(&certificate, request) {
        let message = messages::not_needed(&request.object, &served);
        return Ok(Decision::deny(message).audit(served));
    }
    if restored.is_none() {
        return Ok(Decision::accept().warn([messages::foreign_record()]));
    }
    if can_be_parked {
        return park(request, original, None, served);
    }
    let warnings = messages::given_back(&request.object, original, &served);
    Ok(Decision::store(&request.object, original.clone()).warn(warnings))
}

/// Whether a Certificate must be issued although routing secrets cover its names: its author says so, it
/// makes a routing secret itself, it is for something else than routing, or cert-manager made it for an
/// Ingress or Gateway that was left as it is.
fn is_needed(
    certificate: &Certificate,
    original: &Value,
    table: &RoutingTable<'_>,
    settings: &Settings,
) -> bool {
    let secret = certificate.secret_name.as_deref();
    object::is_skipped(original)
        || spec::makes_secret_with_label(original, &settings.routing_label)
        || secret.is_some_and(|secret| makes(certificate, secret, table))
        || !certificate.is_for_routing
        || certificate.is_owned_by_shim
}

/// Every name with the routing secret that covers it; empty if one is not covered.
fn serve_all(names: &[String], table: &RoutingTable<'_>) -> Vec<ServedHost> {
    let served = names
        .iter()
        .map(|name| Some(ServedHost::new(name, table.choose(name)?)));
    served.collect::<Option<_>>().unwrap_or_default()
}

/// Whether cert-manager makes a routing secret from this Certificate.
fn makes(certificate: &Certificate, secret: &str, table: &RoutingTable<'_>) -> bool {
    let producer = table.producer(secret);
    producer.is_some() && producer == certificate.name.as_deref()
}

/// Whether cert-manager would write this Certificate into a routing secret that is not its own
/// (`pkg/controller/certificates/issuing/internal/secret.go` overwrites whatever is there).
fn takes_over(secret: &str, certificate: &Certificate, table: &RoutingTable<'_>) -> bool {
    table.is_routing_secret(secret) && !makes(certificate, secret, table)
}

/// The name of a Secret into which a parked Certificate can be written without harm.
fn parked_secret_name(certificate: &Certificate, table: &RoutingTable<'_>) -> Option<String> {
    let name = parking::parked_secret_name(certificate.name.as_ref()?);
    (object::is_dns_subdomain(&name) && !table.is_routing_secret(&name)).then_some(name)
}

/// Whether names of a Certificate are others than before, whatever their letters' case.
fn has_new_names(certificate: &Certificate, request: &Request) -> bool {
    let keys = |certificate: &Certificate| -> BTreeSet<_> {
        let names = certificate.names.iter();
        names.map(|name| name.to_ascii_lowercase()).collect()
    };
    let old = request.old_object();
    let old = old.and_then(|old| Certificate::read(old, request).ok());
    old.is_none_or(|old| keys(&old) != keys(certificate))
}

/// Lets a Certificate be stored, but not be issued.
fn park(
    request: &Request,
    original: &Value,
    secret: Option<&str>,
    served: Vec<ServedHost>,
) -> Result<Decision, ReviewError> {
    let parked = parking::park(original, secret)?;
    if parked == request.object {
        return Ok(Decision::accept());
    }
    Ok(Decision::store(&request.object, parked)
        .warn(messages::parked(secret, &served))
        .audit(served))
}

/// Refuses a Certificate that takes over a routing secret, unless it is out of its way already: one that
/// was parked stays so while it cannot get its Secret back.
fn keep_away(
    request: &Request,
    original: &Value,
    secret: &str,
    certificate: &Certificate,
    table: &RoutingTable<'_>,
) -> Result<Decision, ReviewError> {
    let found = object::text(&request.object, "/spec/secretName").unwrap_or_default();
    if takes_over(found, certificate, table) {
        let message = messages::take_over(&request.object, found, table.producer(found));
        return Ok(Decision::deny(message));
    }
    let parked = parking::park(original, Some(found))?;
    let warning = messages::stays_parked(found, secret);
    Ok(Decision::store(&request.object, parked).warn([warning]))
}
