//! A Kubewarden policy that points Ingresses and Gateways at *routing secrets*: TLS Secrets made ahead
//! of time whose certificate, often a wildcard, covers their hosts; that has no certificate issued for
//! what they cover; and that lets no Secret be one that could not serve them.
//!
//! A request goes through these steps, each a module:
//!
//! 1. [`request`] and [`settings`] read what the host sends;
//! 2. [`lookup`] lists the routing secrets of the namespace with their [`index`]; without one, [`pem`]
//!    and [`leaf`] read the certificate; [`routing`] makes a [`routing::RoutingTable`] of them, which
//!    [`names`] teaches what a certificate covers;
//! 3. [`ingress`], [`gateway`] and [`certificate`] decide what its author meant and what it should
//!    become, [`secret`] whether a routing secret can serve TLS, for which [`private_key`] and
//!    [`public_key`] read its key; [`coverage`], [`keys`], [`record`], [`report`] and [`trigger`] are
//!    shared;
//! 4. [`decision`] writes the answer.
//!
//! Steps 2 and 3 take values and return values: the clock and the host are at the edge, here and in
//! [`lookup`].

pub mod blank;
pub mod certificate;
pub mod coverage;
pub mod decision;
pub mod der;
pub mod gateway;
pub mod globs;
pub mod index;
pub mod ingress;
pub mod json;
pub mod keys;
pub mod leaf;
pub mod lookup;
pub mod metadata;
pub mod names;
pub mod pem;
pub mod private_key;
pub mod public_key;
pub mod record;
pub mod report;
pub mod request;
pub mod routing;
pub mod secret;
pub mod settings;
#[cfg(test)]
mod test_support;
pub mod trigger;

use std::time::{SystemTime, UNIX_EPOCH};

use kubewarden_policy_sdk::{
    protocol_version_guest,
    settings::SettingsValidationResponse,
    wapc_guest::{self, CallResult},
};
use serde_json::value::RawValue;

use crate::{
    decision::Decision,
    gateway::Form,
    lookup::{Answers, HostCluster},
    request::{Kind, Payload},
    settings::Settings,
};

/// Registers what the host may call.
#[allow(unsafe_code, reason = "the host finds the function by its name")]
#[unsafe(no_mangle)]
pub extern "C" fn wapc_init() {
    wapc_guest::register_function("validate", validate);
    wapc_guest::register_function("validate_settings", validate_settings);
    wapc_guest::register_function("protocol_version", protocol_version_guest);
}

/// Judges one admission request.
///
/// # Errors
/// None: a payload that cannot be read is a rejection, because the host would show an error's text.
pub fn validate(payload: &[u8]) -> CallResult {
    Ok(decide(payload)?.to_json()?)
}

/// Checks the settings when the policy is deployed.
///
/// # Errors
/// None: a payload that cannot be read is an answer too.
pub fn validate_settings(payload: &[u8]) -> CallResult {
    let faults = Settings::read(&String::from_utf8_lossy(payload)).err();
    Ok(serde_json::to_vec(&SettingsValidationResponse {
        valid: faults.is_none(),
        message: faults.map(|faults| faults.join("\n")),
    })?)
}

fn decide(payload: &[u8]) -> serde_json::Result<Decision> {
    // serde's own message would quote the payload, which may hold a Secret's key.
    let Some(payload) = json::read::<Payload<'_>>(payload) else {
        return Ok(Decision::fail(
            "the admission request cannot be parsed",
            400,
        ));
    };
    let Some(kind) = payload.request.subject() else {
        return Ok(Decision::accept());
    };
    let settings = match Settings::read(payload.settings.map_or("null", RawValue::get)) {
        Ok(settings) => settings,
        Err(faults) => {
            let message = format!(
                "the settings of the policy are wrong: {}",
                faults.join("; ")
            );
            return Ok(Decision::fail(message, 500));
        }
    };
    let Ok(now) = SystemTime::now().duration_since(UNIX_EPOCH) else {
        return Ok(Decision::fail(
            "the clock of the policy server is before 1970",
            500,
        ));
    };
    let cluster = HostCluster {
        routing_label: &settings.routing_label,
        wildcards: settings.wildcards,
        now: now.as_secs(),
        answers: Answers::default(),
    };
    match kind {
        Kind::Ingress => ingress::review(&payload.request, &settings, &cluster),
        Kind::Gateway => gateway::review(&payload.request, Form::Gateway, &settings, &cluster),
        Kind::ListenerSet => {
            gateway::review(&payload.request, Form::ListenerSet, &settings, &cluster)
        }
        Kind::Certificate => certificate::review(&payload.request, &settings, &cluster),
        Kind::Secret => secret::review(&payload.request, &settings, &cluster, cluster.now),
    }
}
