//! cert-manager's Certificates: none may overwrite a routing secret, and none is issued for names that
//! routing secrets cover.
//!
//! A Certificate that is not needed is *parked*: a self-signed issuer fills a Secret that nobody reads,
//! so that no CA is asked and whoever waits for the Certificate sees it ready.

mod messages;
mod parking;
mod spec;

#[cfg(test)]
mod tests;

use serde_json::Value;

use self::spec::Certificate;
use crate::{
    admission::{Decision, Request, ReviewError, object},
    routing::{Cluster, RoutingTable, SecretUser, ServedHost, routing_table},
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
    // It is not if the record is lost or somebody else's.
    let is_issuer_known = restored.is_some()
        && parking::issuer(original).is_some_and(|issuer| issuer != parking::ISSUER);
    let can_be_parked = covered == Covered::Park && !served.is_empty() && is_issuer_known;
    let parked_secret = parked_secret_name(&certificate, &table).filter(|_| is_issuer_known);
    if let Some(secret) = certificate.secret_name.as_deref()
        && takes_over(secret, &certificate, &table)
    {
        return match parked_secret {
            Some(name) if can_be_parked => {
                let warnings = vec![messages::out_of_the_way(&name)];
                let warnings = warnings.into_iter().chain(messages::parked(&served));
                park(request, original, &name, warnings.collect(), served)
            }
            parked_secret => keep_away(
                request,
                original,
                secret,
                parked_secret,
                &certificate,
                &table,
            ),
        };
    }
    if covered == Covered::Reject && !served.is_empty() && has_new_names(&certificate, request) {
        let message = messages::not_needed(&request.object, &served);
        return Ok(Decision::deny(message).audit(served));
    }
    if restored.is_none() {
        return Ok(Decision::accept().warn([messages::foreign_record()]));
    }
    let parking = if can_be_parked {
        Parking::of_covered(&certificate, parked_secret, request, cluster)?
    } else {
        Parking::Issued(Vec::new())
    };
    match parking {
        Parking::Parked(secret, warnings) => {
            let own = certificate.secret_name.as_deref().unwrap_or_default();
            let told = [messages::needed_later(own)].into_iter();
            let told = told.chain(messages::parked(&served)).collect();
            Ok(park(request, original, &secret, told, served)?.warn(warnings))
        }
        Parking::Issued(warnings) => Ok(Decision::store(&request.object, original.clone())
            .warn(warnings)
            .warn(messages::given_back(&request.object, original, &served))),
    }
}

/// Whether a Certificate must be issued although routing secrets cover its names: its author says so, it
/// makes a routing secret itself, it is for something else than routing, or a controller made it, which
/// would write it back.
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
        || certificate.is_controlled
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
    let is_own = certificate.secret_name.as_ref() == Some(&name);
    let is_free = !is_own && !table.is_routing_secret(&name);
    (object::is_dns_subdomain(&name) && is_free).then_some(name)
}

/// Whether names of a Certificate are others than before, whatever their letters' case.
fn has_new_names(certificate: &Certificate, request: &Request) -> bool {
    let old = request.old_object();
    let old = old.and_then(|old| Certificate::read(old, request).ok());
    old.is_none_or(|old| old.name_set() != certificate.name_set())
}

/// Whether a Certificate was never issued in its present form. What was issued goes on: its Secret may be
/// in use by something that is not seen, and would not be renewed.
fn is_new(certificate: &Certificate, request: &Request) -> bool {
    let Some(old) = request.old_object() else {
        return true;
    };
    let restored = parking::restore(old, None);
    let secret_name = parking::secret_name(restored.as_ref().unwrap_or(old));
    old.pointer("/status/revision").is_none()
        || secret_name != certificate.secret_name.as_deref()
        || has_new_names(certificate, request)
}

/// What becomes of a covered Certificate, with warnings.
enum Parking {
    /// It is parked, with this Secret.
    Parked(String, Vec<String>),
    /// It is as its author wants it.
    Issued(Vec<String>),
}

impl Parking {
    /// Parks what is new or parked already, while nobody needs its Secret.
    fn of_covered(
        certificate: &Certificate,
        parked_secret: Option<String>,
        request: &Request,
        cluster: &impl Cluster,
    ) -> Result<Self, ReviewError> {
        let was_parked = request.old_object().is_some_and(parking::is_parked);
        if !was_parked && !is_new(certificate, request) {
            return Ok(Self::Issued(Vec::new()));
        }
        let Some(name) = parked_secret else {
            return Ok(Self::Issued(vec![messages::no_parked_secret()]));
        };
        let secret = certificate.secret_name.as_deref().unwrap_or_default();
        Ok(match cluster.secret_users(request.namespace()?) {
            Ok(users) => {
                // Nor must a self-signed certificate lie where somebody reads.
                let needed = |user| {
                    let mut secrets = [secret, &name].into_iter();
                    let secret = secrets.find(|secret| SecretUser::names(user, secret))?;
                    Some(messages::needed(user, secret))
                };
                let needed: Vec<_> = users.iter().filter_map(needed).collect();
                if needed.is_empty() {
                    Self::Parked(name, Vec::new())
                } else {
                    Self::Issued(needed)
                }
            }
            Err(error) if was_parked => Self::Parked(
                name,
                messages::unknown_users(secret, "stays parked", &error),
            ),
            Err(error) => Self::Issued(messages::unknown_users(secret, "issued", &error)),
        })
    }
}

/// Lets a Certificate be stored, but not be issued; its author is told if that is new.
fn park(
    request: &Request,
    original: &Value,
    secret: &str,
    told: Vec<String>,
    served: Vec<ServedHost>,
) -> Result<Decision, ReviewError> {
    let parked = parking::park(original, secret)?;
    if parked == request.object {
        return Ok(Decision::accept());
    }
    let annotations = object::field(&parked, "/metadata/annotations");
    if !annotations.is_some_and(|annotations| object::fit(&annotations)) {
        let decision = Decision::store(&request.object, original.clone());
        return Ok(decision.warn([messages::oversized_record()]));
    }
    let old_issuer = request.old_object().and_then(parking::recorded_issuer);
    let is_changed =
        old_issuer.is_some_and(|old| Some(old) != object::field(original, "/spec/issuerRef"));
    let changed = is_changed.then(|| messages::another_issuer(original));
    Ok(Decision::store(&request.object, parked)
        .warn(changed)
        .warn(told)
        .audit(served))
}

/// Refuses a Certificate that takes over a routing secret, unless it is out of its way already: one that
/// was parked stays so while it cannot get its Secret back.
fn keep_away(
    request: &Request,
    original: &Value,
    secret: &str,
    parked_secret: Option<String>,
    certificate: &Certificate,
    table: &RoutingTable<'_>,
) -> Result<Decision, ReviewError> {
    let found = parking::secret_name(&request.object).unwrap_or_default();
    let was_parked = request.old_object().is_some_and(parking::is_parked);
    let secret_away = match parked_secret.filter(|_| was_parked) {
        Some(parked_secret) => parked_secret,
        None if takes_over(found, certificate, table) => {
            let message = messages::take_over(&request.object, found, table.producer(found));
            return Ok(Decision::deny(message));
        }
        None => found.to_owned(),
    };
    let parked = parking::park(original, &secret_away)?;
    let warning = messages::stays_parked(&secret_away, secret);
    Ok(Decision::store(&request.object, parked).warn([warning]))
}
