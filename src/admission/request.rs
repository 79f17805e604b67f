//! The admission request, as far as the rules read it.

use std::time::SystemTimeError;

use k8s_openapi::{
    Resource,
    api::{core::v1::Secret, networking::v1::Ingress},
};
use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;

use super::object::{self, MalformedField};

const CERT_MANAGER: &str = "cert-manager.io";
const GATEWAY_API: &str = "gateway.networking.k8s.io";

/// The payload that the host sends to `validate`.
#[derive(Deserialize)]
pub(crate) struct Payload {
    pub(crate) request: Request,
    #[serde(default)]
    pub(crate) settings: Value,
}

/// An AdmissionRequest (`k8s.io/api/admission/v1`).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    kind: GroupVersionKind,
    operation: String,
    namespace: Option<String>,
    sub_resource: Option<String>,
    #[serde(default)]
    user_info: Value,
    #[serde(default)]
    options: Value,
    /// The object that is to be stored.
    #[serde(default)]
    pub(crate) object: Value,
    #[serde(default)]
    old_object: Value,
}

#[derive(Deserialize)]
struct GroupVersionKind {
    #[serde(default)]
    group: String,
    kind: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Ingress,
    Secret,
    Certificate,
    Gateway,
    ListenerSet,
}

/// The names of a kind in the API.
pub(crate) struct Names {
    group: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) resources: &'static str,
    /// The short name of the resource, for commands.
    pub(crate) short: &'static str,
}

impl Kind {
    const ALL: [Self; 5] = [Self::Ingress, Self::Secret, Self::Certificate, Self::Gateway, Self::ListenerSet];

    pub(crate) fn names(self) -> Names {
        let (group, kind, resources, short) = match self {
            Self::Ingress => (Ingress::GROUP, Ingress::KIND, "ingresses", "ing"),
            Self::Secret => (Secret::GROUP, Secret::KIND, "secrets", "secret"),
            Self::Certificate => (CERT_MANAGER, "Certificate", "certificates", "cert"),
            Self::Gateway => (GATEWAY_API, "Gateway", "gateways", "gtw"),
            Self::ListenerSet => (GATEWAY_API, "ListenerSet", "listenersets", "lset"),
        };
        Names { group, kind, resources, short }
    }

    /// The version in which objects are reviewed and looked up, with its group.
    pub(crate) fn api_version(self) -> String {
        match self.names().group {
            "" => Secret::API_VERSION.to_owned(),
            group => format!("{group}/v1"),
        }
    }
}

/// Why a request could not be decided. No variant quotes the request, which may hold a key.
#[derive(Debug, Error)]
pub(crate) enum ReviewError {
    #[error("the admission request cannot be parsed")]
    BadPayload,
    #[error("the {kind} cannot be read: {field}")]
    Malformed { kind: String, field: MalformedField },
    #[error("the settings of the policy are wrong: {0}")]
    BadSettings(String),
    #[error("the clock of the policy server is before 1970")]
    Clock(#[from] SystemTimeError),
    /// The cluster did not answer. The message says what to do.
    #[error("{0}")]
    Lookup(String),
    #[error("the answer cannot be written: {0}")]
    Unwritable(#[from] serde_json::Error),
}

impl ReviewError {
    /// The HTTP status of the answer, which says whose fault it is.
    pub(crate) fn status(&self) -> u16 {
        match self {
            Self::BadPayload | Self::Malformed { .. } => 400,
            Self::BadSettings(_) | Self::Clock(_) | Self::Lookup(_) | Self::Unwritable(_) => 500,
        }
    }
}

impl Request {
    /// The kind to review; `None` for other kinds, other operations and subresources.
    pub(crate) fn kind(&self) -> Option<Kind> {
        let is_write = matches!(self.operation.as_str(), "CREATE" | "UPDATE");
        let is_whole = self.sub_resource.as_ref().is_none_or(String::is_empty);
        Kind::ALL
            .into_iter()
            .find(|kind| {
                let names = kind.names();
                names.group == self.kind.group && names.kind == self.kind.kind
            })
            .filter(|kind| is_whole && (is_write || self.is_deletion() && *kind == Kind::Secret))
    }

    /// Whether the object is deleted. Only deletions of Secrets are reviewed.
    pub(crate) fn is_deletion(&self) -> bool {
        self.operation == "DELETE"
    }

    /// The object that is stored now, if this is an update.
    pub(crate) fn old_object(&self) -> Option<&Value> {
        self.stored_object().filter(|_| self.operation == "UPDATE")
    }

    /// The object that is stored now, if this is an update or a deletion.
    pub(crate) fn stored_object(&self) -> Option<&Value> {
        let is_stored = self.operation == "UPDATE" || self.is_deletion();
        Some(&self.old_object).filter(|old| is_stored && old.is_object())
    }

    pub(crate) fn user(&self) -> Option<&str> {
        object::text(&self.user_info, "username")
    }

    pub(crate) fn field_manager(&self) -> Option<&str> {
        object::text(&self.options, "fieldManager")
    }

    pub(crate) fn kind_name(&self) -> &str {
        &self.kind.kind
    }

    /// The namespace of the object. Fails if neither the request nor the object names it.
    pub(crate) fn namespace(&self) -> Result<&str, ReviewError> {
        [
            self.namespace.as_deref(),
            object::text(&self.object, "metadata.namespace"),
            object::text(&self.old_object, "metadata.namespace"),
        ]
        .into_iter()
        .flatten()
        .find(|namespace| !namespace.is_empty())
        .ok_or_else(|| self.malformed(MalformedField::at("metadata.namespace")))
    }

    /// Checks that the parts of the object that the rules read and change are maps. Only the metadata is
    /// checked if its author takes the object out of the policy's hands.
    pub(crate) fn check_maps(&self) -> Result<(), ReviewError> {
        let spec = (!object::is_skipped(&self.object)).then_some("spec");
        let mut parts = ["metadata", "metadata.annotations", "metadata.labels"].into_iter().chain(spec);
        let is_malformed = |part: &&str| match object::get(&self.object, part) {
            None | Some(Value::Null) => *part == "metadata",
            Some(value) => !value.is_object(),
        };
        match parts.find(is_malformed) {
            Some(part) if !self.is_deletion() => Err(self.malformed(MalformedField::at(part))),
            _ => Ok(()),
        }
    }

    /// Kind, namespace and name of the object, for messages.
    pub(crate) fn describe(&self) -> String {
        let (kind, name) = (&self.kind.kind, object::name(&self.object));
        match self.namespace() {
            Ok(namespace) => format!("{kind} {namespace}/{name}"),
            Err(_) => format!("{kind} {name}"),
        }
    }

    pub(crate) fn malformed(&self, field: MalformedField) -> ReviewError {
        ReviewError::Malformed { kind: self.kind.kind.clone(), field }
    }
}
