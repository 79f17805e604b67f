//! Reading routing secrets from the cluster, through the host: the only file that calls it.

mod answers;
mod item;

use std::collections::BTreeSet;

use kubewarden_policy_sdk::{
    host_capabilities::kubernetes::{GetResourceRequest, ListResourcesByNamespaceRequest},
    wapc_guest,
};
use serde::Serialize;
use serde_json::value::RawValue;
use thiserror::Error;

pub use self::answers::Answers;
use self::item::{Labels, List, SecretItem};
use crate::{
    decision::Decision,
    json::{self, Object},
    keys::{Keys, text},
    leaf::Leaf,
    names::Wildcards,
    request::Request,
    routing::{Offer, RoutingSecret, RoutingTable, TLS_TYPE, Unusable},
    settings::Settings,
};

const LIST: &str = "list_resources_by_namespace";
const GET: &str = "get_resource";
/// So many Secrets without an index are read one by one.
const MOST_GETS: usize = 8;

/// Where the rules get routing secrets from.
pub trait SecretSource {
    /// The routing secrets of a namespace, usable or not, in any order.
    ///
    /// # Errors
    /// If they cannot be read.
    fn routing_secrets(&self, namespace: &str) -> Result<Vec<RoutingSecret<'_>>, LookupError>;

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
pub fn routing_table<'a>(
    request: &Request<'_>,
    metadata: &Object<'_>,
    settings: &Settings,
    secrets: &'a impl SecretSource,
) -> Result<RoutingTable<'a>, Decision> {
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
    /// What it said until now.
    pub answers: Answers,
}

impl SecretSource for HostCluster<'_> {
    fn routing_secrets(&self, namespace: &str) -> Result<Vec<RoutingSecret<'_>>, LookupError> {
        let secrets = self.indexed(namespace)?;
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
            field_masks: Some(without_data()),
            ..get_request(namespace, name)
        };
        let Some(answer) = get(namespace, name, &request)? else {
            return Ok(None);
        };
        match json::read::<Labels>(&answer) {
            Some(labels) => Ok(labels.of(label)),
            None => Err(failed_get(
                namespace,
                name,
                "the answer is not a Secret".to_owned(),
            )),
        }
    }
}

impl HostCluster<'_> {
    /// The routing secrets of a namespace: their certificates are asked for only where there is no
    /// index, one by one if they are few, so that the host need not watch their keys.
    fn indexed(&self, namespace: &str) -> Result<Vec<RoutingSecret<'_>>, LookupError> {
        let answer = self.list(namespace, Some(without_data()))?;
        let items = items(namespace, answer)?;
        let mut secrets = Vec::with_capacity(items.len());
        let mut missing = Vec::new();
        for item in &items {
            match item.index() {
                Some(leaf) => secrets.push(self.routing_secret(item, Ok(leaf))),
                None => missing.push(item.name().clone()),
            }
        }
        if missing.len() > MOST_GETS {
            return self.unindexed(namespace);
        }
        for name in missing {
            let request = get_request(namespace, &name);
            // It may have gone in the meantime, or not have the shape of a Secret.
            let answer = get(namespace, &name, &request)?;
            let item = answer.and_then(|answer| json::read(self.answers.keep(answer)));
            let item = item.map(|item| self.unlisted(&item));
            secrets.extend(item);
        }
        Ok(secrets)
    }

    /// The routing secrets of a namespace, with all that they hold.
    fn unindexed(&self, namespace: &str) -> Result<Vec<RoutingSecret<'_>>, LookupError> {
        let items = items(namespace, self.list(namespace, None)?)?;
        Ok(items.iter().map(|item| self.unlisted(item)).collect())
    }

    fn unlisted<'a>(&self, item: &SecretItem<'a>) -> RoutingSecret<'a> {
        let leaf = item.index().map_or_else(|| item.leaf(), Ok);
        self.routing_secret(item, leaf)
    }

    fn routing_secret<'a>(
        &self,
        item: &SecretItem<'a>,
        leaf: Result<Leaf<'a>, Unusable>,
    ) -> RoutingSecret<'a> {
        RoutingSecret {
            offer: leaf.and_then(|leaf| Offer::of(leaf, self.wildcards, self.now)),
            certificate_name: item.certificate_name().cloned(),
            name: item.name().clone(),
        }
    }

    fn list(
        &self,
        namespace: &str,
        field_masks: Option<BTreeSet<String>>,
    ) -> Result<&[u8], LookupError> {
        // The host keeps one watch per distinct set of arguments: only the namespace may vary.
        let request = ListResourcesByNamespaceRequest {
            api_version: "v1".to_owned(),
            kind: "Secret".to_owned(),
            namespace: namespace.to_owned(),
            label_selector: Some(self.routing_label.to_owned()),
            field_selector: Some(format!("type={TLS_TYPE}")),
            field_masks,
        };
        match call(LIST, &request) {
            Ok(answer) => Ok(self.answers.keep(answer)),
            Err(cause) => Err(failed_list(namespace, cause)),
        }
    }
}

/// What is left of the fields of a Secret is its type; metadata always comes along.
fn without_data() -> BTreeSet<String> {
    BTreeSet::from(["type".to_owned()])
}

/// The request for a whole Secret, which may be some seconds old.
fn get_request(namespace: &str, name: &str) -> GetResourceRequest {
    GetResourceRequest {
        api_version: "v1".to_owned(),
        kind: "Secret".to_owned(),
        name: name.to_owned(),
        namespace: Some(namespace.to_owned()),
        disable_cache: false,
        field_masks: None,
    }
}

/// A Secret; `None` if there is none of this name.
fn get(
    namespace: &str,
    name: &str,
    request: &GetResourceRequest,
) -> Result<Option<Vec<u8>>, LookupError> {
    match call(GET, request) {
        Ok(answer) => Ok(Some(answer)),
        Err(cause) if is_not_found(&cause) => Ok(None),
        Err(cause) => Err(failed_get(namespace, name, cause)),
    }
}

/// The Secrets of a list. Those that have not the shape of one must not hide the others.
fn items<'a>(namespace: &str, list: &'a [u8]) -> Result<Vec<SecretItem<'a>>, LookupError> {
    let items = json::read::<List<_>>(list).map(|list| list.items);
    let items = items.or_else(|| {
        let list: List<&RawValue> = json::read(list)?;
        let items = list.items.into_iter();
        Some(
            items
                .filter_map(|item| serde_json::from_str(item.get()).ok())
                .collect(),
        )
    });
    // serde's own message would quote the answer.
    items.ok_or_else(|| failed_list(namespace, "the answer is not a list of Secrets".to_owned()))
}

fn failed_list(namespace: &str, cause: String) -> LookupError {
    LookupError {
        wanted: format!("routing secrets in namespace {namespace}"),
        call: LIST,
        cause,
    }
}

fn failed_get(namespace: &str, name: &str, cause: String) -> LookupError {
    LookupError {
        wanted: format!("Secret {namespace}/{name}"),
        call: GET,
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
    wapc_guest::host_call("kubewarden", "kubernetes", operation, &request)
        .map_err(|error| error.to_string())
}

/// Tells the operator in the log of policy-server why routing secrets are passed over.
fn log_unusable(namespace: &str, secrets: &[RoutingSecret<'_>]) {
    const MOST_NAMES: usize = 10;
    let unusable = secrets
        .iter()
        .filter_map(|secret| Some((&secret.name, secret.offer.as_ref().err()?)));
    let causes: Keys<'_> = unusable
        .map(|(name, cause)| text(format!("{name}: {cause}")))
        .collect();
    if causes.is_empty() {
        return;
    }
    let shown: Vec<_> = causes.texts().take(MOST_NAMES).collect();
    let line = serde_json::to_vec(&LogLine {
        level: "info",
        message: "routing secrets that are not used",
        namespace,
        secrets: shown.join("; "),
        more: causes.len() - shown.len(),
    });
    // It is not worth a rejection if the host does not take it.
    if let Ok(line) = line {
        wapc_guest::host_call("kubewarden", "tracing", "log", &line).ok();
    }
}

/// A line of the log, as the SDK's `KubewardenDrain` writes it; with that, it would be 15 KB more of policy.wasm.
#[derive(Serialize)]
struct LogLine<'a> {
    level: &'static str,
    message: &'static str,
    namespace: &'a str,
    secrets: String,
    more: usize,
}
