//! Reading routing secrets from the cluster, through the host: the only file that calls it.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use kubewarden_policy_sdk::{
    host_capabilities::kubernetes::{GetResourceRequest, ListResourcesByNamespaceRequest},
    logging::KubewardenDrain,
    wapc_guest,
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use slog::{Drain, Logger, info, o};
use thiserror::Error;

use crate::{
    decision::Decision,
    json::{Object, bytes},
    names::Wildcards,
    request::Request,
    routing::{Offer, RoutingSecret, RoutingTable, TLS_TYPE, Unusable},
    settings::Settings,
};

const LIST: &str = "list_resources_by_namespace";
const GET: &str = "get_resource";

/// Where the rules get routing secrets from.
pub trait SecretSource {
    /// The routing secrets of a namespace, usable or not, in any order.
    ///
    /// # Errors
    /// If they cannot be read.
    fn routing_secrets(&self, namespace: &str) -> Result<Vec<RoutingSecret>, LookupError>;

    /// The value of a label of a Secret; `None` if there is no such Secret, or it lacks the label.
    ///
    /// # Errors
    /// If it cannot be read.
    fn label_of(
        &self,
        namespace: &str,
        name: &str,
        label: &str,
    ) -> Result<Option<String>, LookupError>;
}

/// The routing secrets of the namespace that an object is in.
///
/// # Errors
/// The answer to the request, if they cannot be read.
pub fn routing_table(
    request: &Request<'_>,
    metadata: &Object<'_>,
    settings: &Settings,
    secrets: &impl SecretSource,
) -> Result<RoutingTable, Decision> {
    let namespace = request
        .namespace_of(metadata)
        .ok_or_else(|| Decision::unreadable("the request", "namespace"))?;
    match secrets.routing_secrets(&namespace) {
        Ok(secrets) => Ok(RoutingTable::new(secrets, settings.wildcards)),
        Err(error) => Err(Decision::fail(error.to_string(), 500)),
    }
}

/// Why something in the cluster is not known.
#[derive(Debug, Error)]
#[error(
    "the look-up of {wanted} failed ({call} of v1 Secret): {cause}. \
     The service account of the policy server needs get, list and watch on secrets, and the policy \
     needs v1 Secret among its contextAwareResources"
)]
pub struct LookupError {
    wanted: String,
    call: &'static str,
    /// What the host said, as it said it.
    cause: String,
}

/// The cluster, seen through policy-server or kwctl.
#[derive(Debug)]
pub struct HostCluster<'a> {
    /// The label of routing secrets.
    pub routing_label: &'a str,
    /// How far `*` reaches in a certificate's name.
    pub wildcards: Wildcards,
    /// The second since 1970 at which certificates must be valid.
    pub now: u64,
}

impl SecretSource for HostCluster<'_> {
    fn routing_secrets(&self, namespace: &str) -> Result<Vec<RoutingSecret>, LookupError> {
        self.list(namespace).map_err(|cause| LookupError {
            wanted: format!("routing secrets in namespace {namespace}"),
            call: LIST,
            cause,
        })
    }

    fn label_of(
        &self,
        namespace: &str,
        name: &str,
        label: &str,
    ) -> Result<Option<String>, LookupError> {
        match get_labels(namespace, name) {
            Ok(mut labels) => Ok(labels.remove(label)),
            Err(cause) if is_not_found(&cause) => Ok(None),
            Err(cause) => Err(LookupError {
                wanted: format!("Secret {namespace}/{name}"),
                call: GET,
                cause,
            }),
        }
    }
}

impl HostCluster<'_> {
    fn list(&self, namespace: &str) -> Result<Vec<RoutingSecret>, String> {
        // The host keeps one watch per distinct set of arguments: only the namespace may vary.
        let request = ListResourcesByNamespaceRequest {
            api_version: "v1".to_owned(),
            kind: "Secret".to_owned(),
            namespace: namespace.to_owned(),
            label_selector: Some(self.routing_label.to_owned()),
            field_selector: Some(format!("type={TLS_TYPE}")),
            field_masks: None,
        };
        let answer = call(LIST, &request)?;
        // serde's own message would quote the answer.
        let list: SecretList<'_> = serde_json::from_slice(&answer)
            .map_err(|_| "the answer is not a list of Secrets".to_owned())?;
        let secrets = list.items.into_iter().filter_map(|item| self.read(item));
        let secrets: Vec<_> = secrets.collect();
        log_unusable(namespace, &secrets);
        Ok(secrets)
    }

    /// One item of a list; `None` if it has not the shape of a Secret, which must not hide the others.
    fn read(&self, item: &RawValue) -> Option<RoutingSecret> {
        let item: SecretItem<'_> = serde_json::from_str(item.get()).ok()?;
        Some(RoutingSecret {
            name: item.metadata.name,
            certificate_name: item
                .metadata
                .annotations
                .and_then(|annotations| annotations.certificate_name),
            offer: self.offer(item.data),
        })
    }

    fn offer(&self, data: Option<SecretData<'_>>) -> Result<Offer, Unusable> {
        let base64 = data
            .and_then(|data| data.certificate)
            .ok_or(Unusable::NoCertificate)?;
        let text = bytes(&base64.0).ok_or(Unusable::NoCertificate)?;
        Offer::from_pem(&String::from_utf8_lossy(&text), self.wildcards, self.now)
    }
}

/// The labels of a Secret, asked for without its data.
fn get_labels(namespace: &str, name: &str) -> Result<BTreeMap<String, String>, String> {
    #[derive(Deserialize)]
    struct Secret {
        metadata: Metadata,
    }
    #[derive(Deserialize)]
    struct Metadata {
        labels: Option<BTreeMap<String, String>>,
    }
    let request = GetResourceRequest {
        api_version: "v1".to_owned(),
        kind: "Secret".to_owned(),
        name: name.to_owned(),
        namespace: Some(namespace.to_owned()),
        // A mirror is written right after its source, which the cache may not have yet.
        disable_cache: true,
        field_masks: Some(BTreeSet::from(["type".to_owned()])),
    };
    let answer = call(GET, &request)?;
    let secret: Secret =
        serde_json::from_slice(&answer).map_err(|_| "the answer is not a Secret".to_owned())?;
    Ok(secret.metadata.labels.unwrap_or_default())
}

/// Whether the host says that there is no such object: it has no other way to say so than an error,
/// its own or that of the API server. What is forbidden may be so because a role is not found.
fn is_not_found(cause: &str) -> bool {
    let cause = cause.to_ascii_lowercase();
    let says = |words: &str| cause.contains(words);
    (says("not found") || says("notfound") || says("cannot find")) && !says("forbidden")
}

fn call(operation: &str, request: &impl Serialize) -> Result<Vec<u8>, String> {
    let request = serde_json::to_vec(request).map_err(|error| error.to_string())?;
    wapc_guest::host_call("kubewarden", "kubernetes", operation, &request)
        .map_err(|error| error.to_string())
}

/// Tells the operator in the log of policy-server why routing secrets are passed over.
fn log_unusable(namespace: &str, secrets: &[RoutingSecret]) {
    const MOST_NAMES: usize = 10;
    let unusable = secrets
        .iter()
        .filter_map(|secret| Some((&secret.name, secret.offer.as_ref().err()?)));
    let mut causes: Vec<_> = unusable
        .map(|(name, cause)| format!("{name}: {cause}"))
        .collect();
    if causes.is_empty() {
        return;
    }
    causes.sort();
    let more = causes.len().saturating_sub(MOST_NAMES);
    causes.truncate(MOST_NAMES);
    let log = Logger::root(KubewardenDrain::new().fuse(), o!());
    info!(log, "routing secrets that are not used"; "namespace" => namespace, "secrets" => causes.join("; "), "more" => more);
}

#[derive(Deserialize)]
struct SecretList<'a> {
    #[serde(borrow)]
    items: Vec<&'a RawValue>,
}

/// What matching needs of a Secret; `tls.key` is stepped over.
#[derive(Deserialize)]
struct SecretItem<'a> {
    metadata: Metadata,
    #[serde(borrow)]
    data: Option<SecretData<'a>>,
}

#[derive(Deserialize)]
struct Metadata {
    name: String,
    annotations: Option<Annotations>,
}

#[derive(Deserialize)]
struct Annotations {
    #[serde(rename = "cert-manager.io/certificate-name")]
    certificate_name: Option<String>,
}

#[derive(Deserialize)]
struct SecretData<'a> {
    #[serde(borrow, rename = "tls.crt")]
    certificate: Option<Text<'a>>,
}

/// A string, borrowed from the answer unless it has escapes.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);
