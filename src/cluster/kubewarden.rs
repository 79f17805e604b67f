//! Look-ups through policy-server or kwctl: the only calls to the host.

use std::collections::BTreeSet;

use k8s_openapi::{Resource, api::core::v1::Secret};
use kubewarden_policy_sdk::{
    host_capabilities::kubernetes::{GetResourceRequest, ListResourcesByNamespaceRequest},
    logging::KubewardenDrain,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use slog::{Drain, Logger, info, o};

use super::{
    Cluster, LookupError,
    secrets::{LabelledItem, SecretItem},
};
use crate::{admission::Kind, objects::secret::TLS_TYPE, routing::RoutingSecret, settings::Settings};

const LIST: &str = "list_resources_by_namespace";
const GET: &str = "get_resource";
/// At most this many Secrets without an index are read one by one; more are listed.
const MAX_GETS: usize = 8;

/// The cluster that the host sees.
#[derive(Debug)]
pub(crate) struct HostCluster<'a> {
    pub(crate) settings: &'a Settings,
    /// The second since 1970 at which certificates must be valid.
    pub(crate) now: u64,
}

impl Cluster for HostCluster<'_> {
    fn routing_secrets(&self, namespace: &str) -> Result<Vec<RoutingSecret>, LookupError> {
        let (wildcards, now) = (self.settings.wildcards, self.now);
        let mut secrets = Vec::new();
        let mut unindexed = Vec::new();
        for item in self.list_secrets(namespace, metadata_only())? {
            match item.read_index(wildcards, now) {
                Ok(secret) => secrets.push(secret),
                Err(name) => unindexed.push(name),
            }
        }
        if unindexed.len() > MAX_GETS {
            let items = self.list_secrets(namespace, None)?.into_iter();
            secrets = items.map(|item| item.read(wildcards, now)).collect();
        } else {
            // The host keeps no watch of single Secrets, so that no keys stay in its memory.
            for name in unindexed {
                let answer = get_secret(namespace, &name, false, None)?;
                let item = answer.and_then(|answer| serde_json::from_slice::<SecretItem>(&answer).ok());
                secrets.extend(item.map(|item| item.read(wildcards, now)));
            }
        }
        log_unusable(namespace, &secrets);
        Ok(secrets)
    }

    fn label_of(&self, namespace: &str, name: &str, label: &str) -> Result<Option<String>, LookupError> {
        // A mirror is written right after its source, which the cache may not have yet.
        let Some(answer) = get_secret(namespace, name, true, metadata_only())? else {
            return Ok(None);
        };
        let no_secret = |_| get_failed(namespace, name, "the answer is not a Secret".to_owned());
        let item: LabelledItem = serde_json::from_slice(&answer).map_err(no_secret)?;
        Ok(item.label(label))
    }

    fn list(&self, kind: Kind, namespace: &str, fields: &[&str]) -> Result<Vec<Value>, LookupError> {
        let request = ListResourcesByNamespaceRequest {
            api_version: kind.api_version(),
            kind: kind.names().kind.to_owned(),
            namespace: namespace.to_owned(),
            label_selector: None,
            field_selector: None,
            field_masks: Some(fields.iter().map(|field| (*field).to_owned()).collect()),
        };
        match list(&request, kind, kind.names().resources) {
            // Every cluster has Ingresses.
            Err(error) if kind != Kind::Ingress && error.is_not_found() => Ok(Vec::new()),
            items => items,
        }
    }
}

impl HostCluster<'_> {
    /// The Secrets of a namespace with the routing label.
    fn list_secrets(
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
}

/// The field mask that leaves the type of a Secret, and its metadata, which always comes along.
fn metadata_only() -> Option<BTreeSet<String>> {
    Some(BTreeSet::from(["type".to_owned()]))
}

#[derive(Deserialize)]
struct List<T> {
    items: Vec<T>,
}

/// The objects that a list call finds. Those that are not of the shape of `T` do not hide the others.
fn list<T: DeserializeOwned>(
    request: &ListResourcesByNamespaceRequest,
    kind: Kind,
    wanted: &str,
) -> Result<Vec<T>, LookupError> {
    let failed = |cause| LookupError {
        wanted: format!("{wanted} in namespace {}", request.namespace),
        call: LIST,
        kind,
        cause,
    };
    let answer = call(LIST, request).map_err(&failed)?;
    // serde's own message would quote the answer.
    let no_list = || failed("the answer is not a list of objects".to_owned());
    let json = str::from_utf8(&answer).map_err(|_| no_list())?;
    if let Ok(list) = serde_json::from_str::<List<T>>(json) {
        return Ok(list.items);
    }
    let list: List<Value> = serde_json::from_str(json).map_err(|_| no_list())?;
    Ok(list.items.into_iter().filter_map(|item| serde_json::from_value(item).ok()).collect())
}

/// A Secret as the host sends it; `None` if there is none of this name. From the cache of the host it may be
/// some seconds old.
fn get_secret(
    namespace: &str,
    name: &str,
    disable_cache: bool,
    field_masks: Option<BTreeSet<String>>,
) -> Result<Option<Vec<u8>>, LookupError> {
    let request = GetResourceRequest {
        api_version: Secret::API_VERSION.to_owned(),
        kind: Secret::KIND.to_owned(),
        name: name.to_owned(),
        namespace: Some(namespace.to_owned()),
        disable_cache,
        field_masks,
    };
    match call(GET, &request).map_err(|cause| get_failed(namespace, name, cause)) {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

fn get_failed(namespace: &str, name: &str, cause: String) -> LookupError {
    LookupError { wanted: format!("Secret {namespace}/{name}"), call: GET, kind: Kind::Secret, cause }
}

fn call(operation: &str, request: &impl Serialize) -> Result<Vec<u8>, String> {
    let request = serde_json::to_vec(request).map_err(|error| error.to_string())?;
    wapc_guest::host_call("kubewarden", "kubernetes", operation, &request).map_err(|error| {
        error
            .to_string()
            .trim_start_matches("Host error: ")
            .trim_start_matches("Callback evaluation failure: ")
            .trim_end_matches('.')
            .to_owned()
    })
}

/// Logs on policy-server why routing secrets are not used.
fn log_unusable(namespace: &str, secrets: &[RoutingSecret]) {
    const MAX_NAMES: usize = 10;
    let unusable: BTreeSet<_> = secrets
        .iter()
        .filter_map(|secret| Some(format!("{}: {}", secret.name, secret.not_after.err()?)))
        .collect();
    if unusable.is_empty() {
        return;
    }
    let shown: Vec<_> = unusable.iter().map(String::as_str).take(MAX_NAMES).collect();
    let log = Logger::root(KubewardenDrain::default().ignore_res(), o!());
    info!(log, "routing secrets that are not used";
        "namespace" => namespace,
        "secrets" => shown.join("; "),
        "more" => unusable.len() - shown.len());
}
