//! What is read of each kind, once, into a type.

pub(crate) mod certificate;
pub(crate) mod gateway;
pub(crate) mod ingress;
pub(crate) mod secret;

pub(crate) use self::{
    certificate::Certificate,
    gateway::{Gateway, GatewayRecord, Listener},
    ingress::{Ingress, IngressRecord, TlsEntry},
    secret::Secret,
};

use serde::Deserialize;
use serde_json::Value;

use crate::admission::object;

/// The name of a TLS Secret in an object, and the hosts that it is named for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SecretUse {
    pub(crate) secret: String,
    pub(crate) hosts: Vec<String>,
    /// Whether it is named for every name of its certificate.
    pub(crate) serves_any_host: bool,
    /// Whether the policy may put another one in its place.
    pub(crate) is_movable: bool,
}

/// An owner in `metadata.ownerReferences`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Owner {
    kind: String,
    name: String,
    #[serde(default)]
    controller: bool,
}

impl Owner {
    /// The controlling owner of an object, which writes its own version back. Owners that cannot be read
    /// count as absent.
    pub(crate) fn of(object: &Value) -> Option<Self> {
        object::get(object, "metadata.ownerReferences")?
            .as_array()?
            .iter()
            .filter_map(|owner| Self::deserialize(owner).ok())
            .find(|owner| owner.controller)
    }

    pub(crate) fn describe(&self) -> String {
        format!("{} {}", self.kind, self.name)
    }
}
