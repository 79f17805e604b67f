//! Look-ups in the cluster: the only file that calls the host.

use std::collections::{BTreeMap, BTreeSet};

use base64::{Engine, prelude::BASE64_STANDARD};
use k8s_openapi::{Resource, api::core::v1::Secret};
use kubewarden_policy_sdk::{
    host_capabilities::kubernetes::{GetResourceRequest, ListResourcesByNamespaceRequest},
    logging::KubewardenDrain,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use slog::{Drain, Logger, info, o};
use thiserror::Error;

use super::{
    RoutingSecret, RoutingTable, SecretUser, ServingCertificate, TLS_TYPE, Unusable, index,
    secret::patterns, users,
};
use crate::{
    admission::{Kind, Request, ReviewError},
    settings::Settings,
    x509::{leaf::Leaf, pem::first_certificate},
};

const LIST: &str = "list_resources_by_namespace";
const GET: &str = "get_resource";
/// So many Secrets without an index are read one by one.
const MOST_GETS: usize = 8;

/// What the rules ask of the cluster.
pub(crate) trait Cluster {
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

    /// The Ingresses, Gateways and ListenerSets of a namespace, by kind and name; none of a kind that the
    /// cluster does not have.
    ///
    /// # Errors
    /// If they cannot be read.
    fn secret_users(&self, namespace: &str) -> Result<Vec<SecretUser>, LookupError>;
}

/// The routing secrets of the namespace of a request.
///
/// # Errors
/// If they cannot be read.
pub(crate) fn routing_table<'a>(
    request: &Request,
    settings: &'a Settings,
    cluster: &impl Cluster,
) -> Result<RoutingTable<'a>, ReviewError> {
    let secrets = cluster.routing_secrets(request.namespace()?)?;
    Ok(RoutingTable::new(secrets, settings))
}

/// Why something in the cluster is not known.
#[derive(Debug, Error)]
#[error(
    "the look-up of {wanted} failed ({call} of {api_version} {kind}): {cause}. \
     The service account of the policy server needs {verbs} on {resources}, and the policy \
     needs {api_version} {kind} among its contextAwareResources",
    api_version = .kind.api_version(), kind = .kind.name(), resources = .kind.resources(),
    verbs = if *.kind == Kind::Secret { "get, list and watch" } else { "list and watch" }
)]
pub(crate) struct LookupError {
    wanted: String,
    call: &'static str,
    kind: Kind,
    /// What the host said, as it said it.
    cause: String,
}

impl LookupError {
    /// What fits into a warning.
    pub(crate) fn brief(&self) -> String {
        let kind = self.kind.resources();
        format!("look-up of {kind} failed: {}", self.cause)
    }
}

/// The cluster, seen through policy-server or kwctl.
#[derive(Debug)]
pub(crate) struct HostCluster<'a> {
    pub(crate) settings: &'a Settings,
    /// The second since 1970 at which certificates must be valid.
    pub(crate) now: u64,
}

impl Cluster for HostCluster<'_> {
    fn routing_secrets(&self, namespace: &str) -> Result<Vec<RoutingSecret>, LookupError> {
        let mut secrets = Vec::new();
        let mut unindexed = Vec::new();
        for item in self.list(namespace, Some(metadata_only()))? {
            match item.index() {
                Some(leaf) => secrets.push(self.routing_secret(item, Ok(leaf))),
                None => unindexed.push(item.metadata.name),
            }
        }
        if unindexed.len() > MOST_GETS {
            let items = self.list(namespace, None)?;
            secrets = items.into_iter().map(|item| self.read(item)).collect();
        } else {
            // The host keeps no watch of single Secrets, so that no keys stay in its memory.
            for name in unindexed {
                let answer = get(&get_request(namespace, &name))?;
                let item = answer.and_then(|answer| serde_json::from_slice(&answer).ok());
                secrets.extend(item.map(|item| self.read(item)));
            }
        }
        log_unusable(namespace, &secrets);
        Ok(secrets)
    }

    fn label_of(
        &self,
        namespace: &str,
        name: &str,
        label: &str,
    ) -> Result<Option<String>, LookupError> {
        let request = GetResourceRequest {
            // A mirror is written right after its source, which the cache may not have yet.
            disable_cache: true,
            field_masks: Some(metadata_only()),
            ..get_request(namespace, name)
        };
        let Some(answer) = get(&request)? else {
            return Ok(None);
        };
        let secret: LabelledItem = serde_json::from_slice(&answer)
            .map_err(|_| get_failed(&request, "the answer is not a Secret".to_owned()))?;
        let labels = secret.metadata.labels;
        Ok(labels.and_then(|mut labels| labels.remove(label)))
    }

    fn secret_users(&self, namespace: &str) -> Result<Vec<SecretUser>, LookupError> {
        let mut users = Vec::new();
        for (kind, fields) in users::KINDS {
            let fields = fields.iter().map(|field| (*field).to_owned());
            let request = ListResourcesByNamespaceRequest {
                api_version: kind.api_version(),
                kind: kind.name().to_owned(),
                namespace: namespace.to_owned(),
                label_selector: None,
                field_selector: None,
                field_masks: Some(fields.collect()),
            };
            let items: Vec<Value> = match list(&request, kind, kind.resources()) {
                // Every cluster has Ingresses.
                Err(error) if kind != Kind::Ingress && is_not_found(&error.cause) => continue,
                items => items?,
            };
            let items = items.iter();
            let read = items.filter_map(|item| SecretUser::read(kind, item, self.settings));
            let mut read: Vec<_> = read.collect();
            read.sort_by(|one, other| one.name.cmp(&other.name));
            users.append(&mut read);
        }
        Ok(users)
    }
}

impl HostCluster<'_> {
    /// The Secrets of a namespace with the routing label.
    fn list(
        &self,
        namespace: &str,
        field_masks: Option<BTreeSet<String>>,
    ) -> Result<Vec<SecretItem>, LookupError> {
        // The host keeps one watch per distinct set of arguments: only the namespace may vary.
        let request = ListResourcesByNamespaceRequest {
            api_version: Secret::API_VERSION.to_owned(),
            kind: Secret::KIND.to_owned(),
            namespace: namespace.to_owned(),
            label_selector: Some(self.settings.routing_label.clone()),
            field_selector: Some(format!("type={TLS_TYPE}")),
            field_masks,
        };
        list(&request, Kind::Secret, "routing secrets")
    }

    /// A Secret that is listed or got in full.
    fn read(&self, item: SecretItem) -> RoutingSecret {
        let leaf = item.index().map_or_else(|| item.leaf(), Ok);
        self.routing_secret(item, leaf)
    }

    fn routing_secret(&self, item: SecretItem, leaf: Result<Leaf, Unusable>) -> RoutingSecret {
        let annotations = item.metadata.annotations.unwrap_or_default();
        let is_retired = annotations.skip.as_deref() == Some("true");
        let wildcards = self.settings.wildcards;
        let certificate = match &leaf {
            _ if is_retired => Err(Unusable::Retired),
            Ok(leaf) => ServingCertificate::new(leaf, wildcards, self.now),
            Err(reason) => Err(*reason),
        };
        RoutingSecret {
            name: item.metadata.name,
            certificate_name: annotations.certificate_name,
            unused_names: match (&certificate, &leaf) {
                (Err(_), Ok(leaf)) => patterns(leaf, wildcards),
                _ => Vec::new(),
            },
            certificate,
        }
    }
}

/// The field mask that leaves the type of a Secret, and its metadata, which always comes along.
fn metadata_only() -> BTreeSet<String> {
    BTreeSet::from(["type".to_owned()])
}

/// The objects that a list call finds. Those that are not of the shape of `T` do not hide the others.
fn list<T: DeserializeOwned>(
    request: &ListResourcesByNamespaceRequest,
    kind: Kind,
    what: &str,
) -> Result<Vec<T>, LookupError> {
    let failed = |cause| LookupError {
        wanted: format!("{what} in namespace {}", request.namespace),
        call: LIST,
        kind,
        cause,
    };
    let answer = call(LIST, request).map_err(failed)?;
    if let Ok(list) = serde_json::from_slice::<List<T>>(&answer) {
        return Ok(list.items);
    }
    // serde's own message would quote the answer.
    let list: List<Value> = serde_json::from_slice(&answer)
        .map_err(|_| failed("the answer is not a list of objects".to_owned()))?;
    let items = list.items.into_iter();
    Ok(items
        .filter_map(|item| serde_json::from_value(item).ok())
        .collect())
}

/// The request for a whole Secret, which may be some seconds old.
fn get_request(namespace: &str, name: &str) -> GetResourceRequest {
    GetResourceRequest {
        api_version: Secret::API_VERSION.to_owned(),
        kind: Secret::KIND.to_owned(),
        name: name.to_owned(),
        namespace: Some(namespace.to_owned()),
        disable_cache: false,
        field_masks: None,
    }
}

/// The Secret as the host sends it; `None` if there is none of this name.
fn get(request: &GetResourceRequest) -> Result<Option<Vec<u8>>, LookupError> {
    match call(GET, request) {
        Ok(answer) => Ok(Some(answer)),
        Err(cause) if is_not_found(&cause) => Ok(None),
        Err(cause) => Err(get_failed(request, cause)),
    }
}

fn get_failed(request: &GetResourceRequest, cause: String) -> LookupError {
    let namespace = request.namespace.as_deref().unwrap_or_default();
    LookupError {
        wanted: format!("Secret {namespace}/{}", request.name),
        call: GET,
        kind: Kind::Secret,
        cause,
    }
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
    let answer = wapc_guest::host_call("kubewarden", "kubernetes", operation, &request);
    answer.map_err(|error| {
        let cause = error.to_string();
        let cause = cause.trim_start_matches("Host error: ");
        let cause = cause.trim_start_matches("Callback evaluation failure: ");
        cause.trim_end_matches('.').to_owned()
    })
}

/// Tells the operator in the log of policy-server why routing secrets are passed over.
fn log_unusable(namespace: &str, secrets: &[RoutingSecret]) {
    const MOST_NAMES: usize = 10;
    let unusable: BTreeSet<_> = secrets
        .iter()
        .filter_map(|secret| {
            Some(format!(
                "{}: {}",
                secret.name,
                secret.certificate.as_ref().err()?
            ))
        })
        .collect();
    if unusable.is_empty() {
        return;
    }
    let shown: Vec<_> = unusable.iter().take(MOST_NAMES).cloned().collect();
    let log = Logger::root(KubewardenDrain::default().ignore_res(), o!());
    info!(log, "routing secrets that are not used";
        "namespace" => namespace,
        "secrets" => shown.join("; "),
        "more" => unusable.len() - shown.len());
}

/// The answer to a list.
#[derive(Deserialize)]
struct List<T> {
    items: Vec<T>,
}

/// What matching needs of a Secret; everything else, `tls.key` too, is stepped over.
#[derive(Deserialize)]
struct SecretItem {
    metadata: ItemMetadata,
    data: Option<ItemData>,
}

#[derive(Deserialize)]
struct ItemMetadata {
    name: String,
    annotations: Option<ItemAnnotations>,
}

#[derive(Default, Deserialize)]
struct ItemAnnotations {
    #[serde(rename = "cert-manager.io/certificate-name")]
    certificate_name: Option<String>,
    #[serde(rename = "routing-secrets-policy/index")]
    index: Option<String>,
    #[serde(rename = "routing-secrets-policy/skip")]
    skip: Option<String>,
}

#[derive(Deserialize)]
struct ItemData {
    #[serde(rename = "tls.crt")]
    tls_crt: Option<String>,
}

impl SecretItem {
    /// What its index says of its certificate; `None` if it has none that can be read.
    fn index(&self) -> Option<Leaf> {
        index::read(self.metadata.annotations.as_ref()?.index.as_ref()?)
    }

    /// Its certificate.
    ///
    /// # Errors
    /// If it has none that can be decoded.
    fn leaf(&self) -> Result<Leaf, Unusable> {
        let tls_crt = self.data.as_ref().and_then(|data| data.tls_crt.as_ref());
        let tls_crt = tls_crt.and_then(|base64| BASE64_STANDARD.decode(base64).ok());
        let der = tls_crt.and_then(|pem| first_certificate(&pem));
        let der = der.ok_or(Unusable::NoCertificate)?;
        Leaf::from_der(&der).map_err(|_| Unusable::BadCertificate)
    }
}

/// The labels of a Secret.
#[derive(Deserialize)]
struct LabelledItem {
    metadata: ItemLabels,
}

#[derive(Deserialize)]
struct ItemLabels {
    labels: Option<BTreeMap<String, String>>,
}
