//! The admission request, as far as the rules read it.

use k8s_openapi::{
    Resource,
    api::{core::v1::Secret, networking::v1::Ingress},
};
use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;

use super::object;
use crate::routing::lookup::LookupError;

const CERT_MANAGER: &str = "cert-manager.io";
const GATEWAY_API: &str = "gateway.networking.k8s.io";

/// What the host sends to `validate`.
#[derive(Deserialize)]
pub(crate) struct Payload {
    pub(crate) request: Request,
    /// The settings of the policy, which may be absent.
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
    user_info: Option<UserInfo>,
    /// The object that is to be stored.
    #[serde(default)]
    pub(crate) object: Value,
    #[serde(default)]
    old_object: Value,
}

/// Who sends it (`k8s.io/api/authentication/v1`).
#[derive(Deserialize)]
struct UserInfo {
    username: Option<String>,
}

#[derive(Deserialize)]
struct GroupVersionKind {
    #[serde(default)]
    group: String,
    kind: String,
}

/// The kinds that are reviewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Ingress,
    Secret,
    Certificate,
    Gateway,
    ListenerSet,
}

impl Kind {
    /// The name of the kind.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ingress => Ingress::KIND,
            Self::Secret => Secret::KIND,
            Self::Certificate => "Certificate",
            Self::Gateway => "Gateway",
            Self::ListenerSet => "ListenerSet",
        }
    }

    /// The name of the resource, for rights.
    pub(crate) fn resources(self) -> &'static str {
        match self {
            Self::Ingress => "ingresses",
            Self::Secret => "secrets",
            Self::Certificate => "certificates",
            Self::Gateway => "gateways",
            Self::ListenerSet => "listenersets",
        }
    }

    /// The version in which objects are reviewed and looked up, with its group.
    pub(crate) fn api_version(self) -> String {
        match self.group() {
            "" => Secret::API_VERSION.to_owned(),
            group => format!("{group}/v1"),
        }
    }

    fn group(self) -> &'static str {
        match self {
            Self::Ingress => Ingress::GROUP,
            Self::Secret => Secret::GROUP,
            Self::Certificate => CERT_MANAGER,
            Self::Gateway | Self::ListenerSet => GATEWAY_API,
        }
    }
}

/// Why a request could not be decided. No variant quotes the request, which may hold a key.
#[derive(Debug, Error)]
pub(crate) enum ReviewError {
    /// A field is missing or of the wrong type.
    #[error("{object} cannot be read: {field} is missing or of the wrong type")]
    Malformed {
        /// What was read, such as `the Ingress`.
        object: String,
        /// The path of the field, such as `spec.tls`.
        field: String,
    },
    /// The cluster did not answer.
    #[error(transparent)]
    Lookup(#[from] LookupError),
    /// A record could not be written as JSON.
    #[error("the answer cannot be written: {0}")]
    Unwritable(#[from] serde_json::Error),
}

impl ReviewError {
    /// The HTTP status that says whose fault it is.
    pub(crate) fn status(&self) -> u16 {
        match self {
            Self::Malformed { .. } => 400,
            Self::Lookup(_) | Self::Unwritable(_) => 500,
        }
    }
}

impl Request {
    /// The kind to review; `None` if there is nothing to do: another kind, another operation, a
    /// subresource.
    pub(crate) fn kind(&self) -> Option<Kind> {
        let is_write = matches!(self.operation.as_str(), "CREATE" | "UPDATE");
        let is_whole = self.sub_resource.as_ref().is_none_or(String::is_empty);
        let kinds = [
            Kind::Ingress,
            Kind::Secret,
            Kind::Certificate,
            Kind::Gateway,
            Kind::ListenerSet,
        ];
        let mut kinds = kinds.into_iter();
        kinds
            .find(|kind| (kind.group(), kind.name()) == (&self.kind.group, &self.kind.kind))
            .filter(|kind| is_whole && (is_write || self.is_deletion() && *kind == Kind::Secret))
    }

    /// Whether the object is deleted; only Secrets are asked about then.
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

    /// The name of the user who sends the request.
    pub(crate) fn user(&self) -> Option<&str> {
        self.user_info.as_ref()?.username.as_deref()
    }

    /// The namespace of the object.
    ///
    /// # Errors
    /// If neither the request nor the object names it.
    pub(crate) fn namespace(&self) -> Result<&str, ReviewError> {
        let named = [
            self.namespace.as_deref(),
            object::text(&self.object, "/metadata/namespace"),
            object::text(&self.old_object, "/metadata/namespace"),
        ];
        let mut named = named.into_iter().flatten();
        named
            .find(|namespace| !namespace.is_empty())
            .ok_or_else(|| ReviewError::Malformed {
                object: "the request".to_owned(),
                field: "namespace".to_owned(),
            })
    }

    /// Reads a field of the object; what is absent is the default.
    ///
    /// # Errors
    /// If it is of the wrong type.
    pub(crate) fn field<'a, T>(&'a self, pointer: &str) -> Result<T, ReviewError>
    where
        T: Deserialize<'a> + Default,
    {
        object::field(&self.object, pointer).ok_or_else(|| self.malformed(pointer))
    }

    /// The part of the object that is not the map that the rules read and change, if there is one. Nothing
    /// but the metadata is read of an object that its author takes out of the policy's hands.
    pub(crate) fn malformed_part(&self) -> Option<&'static str> {
        if self.is_deletion() {
            return None;
        }
        let is_map = |part: &str| match self.object.pointer(part) {
            None | Some(Value::Null) => part != "/metadata",
            Some(value) => value.is_object(),
        };
        let parts = ["/metadata", "/metadata/annotations", "/metadata/labels"];
        let spec = (!object::is_skipped(&self.object)).then_some("/spec");
        let mut parts = parts.into_iter().chain(spec);
        parts.find(|part| !is_map(part))
    }

    /// The error about a field of the object.
    pub(crate) fn malformed(&self, pointer: &str) -> ReviewError {
        ReviewError::Malformed {
            object: format!("the {}", self.kind.kind),
            field: pointer.trim_start_matches('/').replace('/', "."),
        }
    }
}
