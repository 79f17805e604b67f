//! The cluster: what the rules ask of it, and what is told if it does not answer.

pub(crate) mod kubewarden;
mod secrets;

use serde_json::Value;
use thiserror::Error;

use crate::{
    admission::{Kind, Request, ReviewError},
    routing::{RoutingSecret, RoutingTable},
    settings::Settings,
};

/// What the rules ask of the cluster.
pub(crate) trait Cluster {
    /// The routing secrets of a namespace, usable or not, in any order. Fails if they cannot be read.
    fn routing_secrets(&self, namespace: &str) -> Result<Vec<RoutingSecret>, LookupError>;

    /// The value of a label of a Secret; `None` if there is no such Secret, or it lacks the label. Fails if
    /// it cannot be read.
    fn label_of(&self, namespace: &str, name: &str, label: &str) -> Result<Option<String>, LookupError>;

    /// The objects of a kind in a namespace, in any order, with their metadata and these fields; none of a
    /// kind that the cluster does not have. Fails if they cannot be read.
    fn list(&self, kind: Kind, namespace: &str, fields: &[&str]) -> Result<Vec<Value>, LookupError>;
}

/// The routing secrets of the namespace of a request. Fails if they cannot be read.
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
    api_version = .kind.api_version(), kind = .kind.names().kind, resources = .kind.names().resources,
    verbs = if *.kind == Kind::Secret { "get, list and watch" } else { "list and watch" }
)]
pub(crate) struct LookupError {
    wanted: String,
    call: &'static str,
    kind: Kind,
    /// The words of the host.
    cause: String,
}

impl LookupError {
    /// The same for a warning.
    pub(crate) fn brief(&self) -> String {
        let kind = self.kind.names().resources;
        format!("look-up of {kind} failed: {}", self.cause)
    }

    /// Whether the host says that there is no such object or kind: it has no other way to say so than an
    /// error, its own or that of the API server. What is forbidden may be so because a role is not found.
    fn is_not_found(&self) -> bool {
        let cause = self.cause.to_ascii_lowercase();
        ["not found", "notfound", "cannot find"].iter().any(|words| cause.contains(words))
            && !cause.contains("forbidden")
    }
}

impl From<LookupError> for ReviewError {
    fn from(error: LookupError) -> Self {
        Self::Lookup(error.to_string())
    }
}
