//! The admission request, as far as the rules need it.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::json::Object;

/// What the host sends to `validate`.
#[derive(Deserialize)]
pub struct Payload<'a> {
    /// The request to judge.
    #[serde(borrow)]
    pub request: Request<'a>,
    /// The settings of the policy, which may be absent.
    #[serde(borrow)]
    pub settings: Option<&'a RawValue>,
}

/// An AdmissionRequest (`k8s.io/api/admission/v1`).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request<'a> {
    kind: GroupVersionKind,
    operation: String,
    namespace: Option<String>,
    sub_resource: Option<String>,
    #[serde(borrow)]
    object: Option<&'a RawValue>,
    #[serde(borrow)]
    old_object: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct GroupVersionKind {
    #[serde(default)]
    group: String,
    kind: String,
}

/// The kinds that have a reviewer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `networking.k8s.io` Ingress.
    Ingress,
    /// Core Secret.
    Secret,
    /// `cert-manager.io` Certificate.
    Certificate,
    /// `gateway.networking.k8s.io` Gateway.
    Gateway,
    /// `gateway.networking.k8s.io` ListenerSet.
    ListenerSet,
}

impl<'a> Request<'a> {
    /// What is to be judged, if anything is: a kind of ours that is created or updated.
    pub fn subject(&self) -> Option<Kind> {
        let is_write = matches!(self.operation.as_str(), "CREATE" | "UPDATE");
        let is_whole = self.sub_resource.as_deref().unwrap_or_default().is_empty();
        let kind = match (self.kind.group.as_str(), self.kind.kind.as_str()) {
            ("networking.k8s.io", "Ingress") => Kind::Ingress,
            ("", "Secret") => Kind::Secret,
            ("cert-manager.io", "Certificate") => Kind::Certificate,
            ("gateway.networking.k8s.io", "Gateway") => Kind::Gateway,
            ("gateway.networking.k8s.io", "ListenerSet") => Kind::ListenerSet,
            _ => return None,
        };
        (is_write && is_whole).then_some(kind)
    }

    /// Whether the object was there before.
    pub fn is_update(&self) -> bool {
        self.operation == "UPDATE"
    }

    /// The namespace of the object.
    pub fn namespace(&self) -> Option<&str> {
        self.namespace
            .as_deref()
            .filter(|namespace| !namespace.is_empty())
    }

    /// The namespace of the object with this metadata, which names it too.
    pub fn namespace_of(&self, metadata: &Object<'_>) -> Option<String> {
        let namespace = self.namespace().map(str::to_owned);
        namespace
            .or_else(|| metadata.text("namespace"))
            .filter(|namespace| !namespace.is_empty())
    }

    /// The object that is stored now, if it is updated.
    pub fn old_object(&self) -> Option<&'a RawValue> {
        self.old_object.filter(|_| self.is_update())
    }

    /// The object that is to be stored.
    pub fn object(&self) -> Option<&'a RawValue> {
        self.object
    }
}
