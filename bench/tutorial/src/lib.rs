//! The yardstick: the core of the policy, written the way Kubewarden's tutorials write one.
//!
//! Objects are the typed ones of k8s-openapi, the request is read by the SDK, `Secret`s are listed whole,
//! every certificate in them is parsed into the typed one of x509-cert, and the build has cargo's own release profile.
//! Nothing in it is slow on purpose. It knows exact names and wildcards of one label, the order of preference among certificates, and
//! Ingresses with TLS entries; the rest of the policy's rules it does not have.

use std::cmp::Reverse;
use std::sync::LazyLock;
use std::time::SystemTime;

use k8s_openapi::Resource;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::api::networking::v1::{Ingress, IngressTLS};
use kubewarden_policy_sdk::host_capabilities::kubernetes::{
    ListResourcesByNamespaceRequest, list_resources_by_namespace,
};
use kubewarden_policy_sdk::request::ValidationRequest;
use kubewarden_policy_sdk::settings::Validatable;
use kubewarden_policy_sdk::wapc_guest::{CallResult, register_function};
use kubewarden_policy_sdk::{
    accept_request, logging, mutate_request, protocol_version_guest, reject_request, validate_settings,
};
use serde::{Deserialize, Serialize};
use slog::{Logger, info, o};
use x509_cert::Certificate;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

static LOG: LazyLock<Logger> =
    LazyLock::new(|| Logger::root(logging::KubewardenDrain::new(), o!("policy" => "tutorial")));

/// There are none.
#[derive(Default, Deserialize, Serialize)]
struct Settings {}

impl Validatable for Settings {
    fn validate(&self) -> Result<(), String> {
        Ok(())
    }
}

/// Registers what the host may call.
#[allow(unsafe_code, reason = "the host finds the function by its name")]
#[unsafe(no_mangle)]
pub extern "C" fn wapc_init() {
    register_function("validate", validate);
    register_function("validate_settings", validate_settings::<Settings>);
    register_function("protocol_version", protocol_version_guest);
}

fn validate(payload: &[u8]) -> CallResult {
    let validation: ValidationRequest<Settings> = ValidationRequest::new(payload)?;
    info!(LOG, "starting validation");
    let request = validation.request;
    if request.kind.kind != Ingress::KIND {
        return accept_request();
    }
    let Ok(ingress) = serde_json::from_value::<Ingress>(request.object) else {
        return reject_request(Some("this is no Ingress".to_owned()), None, None, None);
    };
    let listed = list_resources_by_namespace::<Secret>(&ListResourcesByNamespaceRequest {
        api_version: "v1".to_owned(),
        kind: "Secret".to_owned(),
        namespace: request.namespace,
        label_selector: Some("epinio.io/routing".to_owned()),
        field_selector: Some("type=kubernetes.io/tls".to_owned()),
        field_masks: None,
    })?;
    let secrets: Vec<_> = listed.items.iter().filter_map(RoutingSecret::read).collect();
    match rewritten(ingress, &secrets) {
        Some(ingress) => mutate_request(serde_json::to_value(ingress)?),
        None => accept_request(),
    }
}

/// The Ingress with a TLS entry for each host that a secret covers; `None` if there is no such host.
fn rewritten(mut ingress: Ingress, secrets: &[RoutingSecret]) -> Option<Ingress> {
    let spec = ingress.spec.as_mut()?;
    let mut changed = false;
    let mut entries = Vec::new();
    for entry in spec.tls.take().unwrap_or_default() {
        for host in entry.hosts.unwrap_or_default() {
            let chosen = choose(secrets, &host).map(|secret| secret.name.clone());
            changed |= chosen.is_some() && chosen != entry.secret_name;
            entries.push(IngressTLS {
                hosts: Some(vec![host]),
                secret_name: chosen.or_else(|| entry.secret_name.clone()),
            });
        }
    }
    spec.tls = Some(entries);
    changed.then_some(ingress)
}

/// Exact before wildcard, then the longer wildcard, then the later end, then the name.
fn choose<'a>(secrets: &'a [RoutingSecret], host: &str) -> Option<&'a RoutingSecret> {
    let covering = secrets.iter().filter_map(|secret| {
        let names = secret.dns_names.iter().filter(|name| covers(name, host));
        let best = names.max_by_key(|name| (!name.starts_with("*."), name.len()))?;
        let preference = (!best.starts_with("*."), best.len(), secret.not_after);
        Some((preference, Reverse(&secret.name), secret))
    });
    covering.max_by_key(|(preference, name, _)| (*preference, *name)).map(|(_, _, secret)| secret)
}

fn covers(name: &str, host: &str) -> bool {
    match name.strip_prefix("*.") {
        Some(parent) => host.split_once('.').is_some_and(|(_, rest)| rest == parent),
        None => name == host,
    }
}

struct RoutingSecret {
    name: String,
    dns_names: Vec<String>,
    not_after: u64,
}

impl RoutingSecret {
    /// Reads a Secret; `None` if one of its certificates cannot be read, or its leaf is not valid now.
    fn read(secret: &Secret) -> Option<Self> {
        let pem = secret.data.as_ref()?.get("tls.crt")?;
        let chain = Certificate::load_pem_chain(&pem.0).ok()?;
        let leaf = chain.first()?.tbs_certificate();
        let validity = leaf.validity();
        let now = SystemTime::now();
        if now < validity.not_before.to_system_time() || now >= validity.not_after.to_system_time() {
            return None;
        }
        let (_, names) = leaf.get_extension::<SubjectAltName>().ok()??;
        let dns_names = names.0.iter().filter_map(|name| match name {
            GeneralName::DnsName(name) => Some(name.as_str().to_ascii_lowercase()),
            _ => None,
        });
        Some(Self {
            name: secret.metadata.name.clone()?,
            dns_names: dns_names.collect(),
            not_after: validity.not_after.to_unix_duration().as_secs(),
        })
    }
}
