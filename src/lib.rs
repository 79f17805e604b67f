//! A Kubewarden policy that points Ingresses and Gateways at *routing secrets*: TLS Secrets made ahead of
//! time whose certificate, often a wildcard, covers their hosts; that has no certificate issued for what they
//! cover; and that lets no Secret be one that could not serve them.
//!
//! Here are the entry points that the host calls through waPC, and the dispatch by kind; the rules are in the
//! modules. `docs/development.md` is the map.

mod admission;
mod certificate;
mod cluster;
mod ecosystem;
mod gateway;
mod host;
mod ingress;
mod objects;
mod record;
mod routing;
mod secret;
mod settings;
mod users;
mod x509;

use std::time::SystemTime;

use kubewarden_policy_sdk::{
    protocol_version_guest, response::ValidationResponse, settings::SettingsValidationResponse,
};
use wapc_guest::{CallResult, register_function};

use crate::{
    admission::{Decision, Kind, Payload, ReviewError, object},
    cluster::kubewarden::HostCluster,
    settings::Settings,
};

/// Registers what the host may call.
#[allow(unsafe_code, reason = "the host finds the function by its name")]
#[unsafe(no_mangle)]
pub extern "C" fn wapc_init() {
    register_function("validate", validate);
    register_function("validate_settings", validate_settings);
    register_function("protocol_version", protocol_version_guest);
}

/// Answers one admission request: `{"request": AdmissionRequest, "settings": {...}}` in, a
/// `ValidationResponse` out.
///
/// # Errors
/// If the answer cannot be written; a payload that cannot be read is a denial.
pub fn validate(payload: &[u8]) -> CallResult {
    let decision = decide(payload).unwrap_or_else(Decision::from);
    Ok(serde_json::to_vec(&ValidationResponse::from(decision))?)
}

/// Checks the settings when the policy is deployed: settings in, a `SettingsValidationResponse` out.
///
/// # Errors
/// If the answer cannot be written; settings that cannot be read are invalid.
pub fn validate_settings(payload: &[u8]) -> CallResult {
    let faults = Settings::read(payload).err();
    Ok(serde_json::to_vec(&SettingsValidationResponse {
        valid: faults.is_none(),
        message: faults.map(|faults| faults.join("\n")),
    })?)
}

fn decide(payload: &[u8]) -> Result<Decision, ReviewError> {
    // serde's own message would quote the payload, which may hold a Secret's key.
    let payload = str::from_utf8(payload).ok().and_then(|json| serde_json::from_str(json).ok());
    let Payload { request, settings } = payload.ok_or(ReviewError::BadPayload)?;
    let Some(kind) = request.kind() else {
        return Ok(Decision::accept());
    };
    request.check_maps()?;
    let settings =
        Settings::parse(&settings).map_err(|faults| ReviewError::BadSettings(faults.join("; ")))?;
    let now = SystemTime::UNIX_EPOCH.elapsed()?.as_secs();
    let cluster = HostCluster { settings: &settings, now };
    let about = format!("{} {}", kind.names().kind, object::name(&request.object));
    let decision = match kind {
        Kind::Ingress => ingress::review(request, &settings, &cluster)?,
        Kind::Gateway | Kind::ListenerSet => gateway::review(request, kind, &settings, &cluster)?,
        Kind::Certificate => certificate::review(&request, &settings, &cluster)?,
        // Its warnings are about others, too.
        Kind::Secret => return secret::review(&request, &settings, &cluster, now),
    };
    Ok(decision.about(&about))
}
