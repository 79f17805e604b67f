//! The admission request, as far as the rules need it.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::json::{Object, Text};

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
    #[serde(borrow)]
    kind: GroupVersionKind<'a>,
    #[serde(borrow)]
    operation: Text<'a>,
    #[serde(borrow)]
    namespace: Option<Text<'a>>,
    #[serde(borrow)]
    sub_resource: Option<Text<'a>>,
    #[serde(borrow)]
    object: Option<Object<'a>>,
    #[serde(borrow)]
    old_object: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct GroupVersionKind<'a> {
    #[serde(borrow, default)]
    group: Text<'a>,
    #[serde(borrow)]
    kind: Text<'a>,
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
        let sub_resource = self.sub_resource.as_ref().map(Text::as_str);
        let is_whole = sub_resource.unwrap_or_default().is_empty();
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
        self.operation.as_str() == "UPDATE"
    }

    /// The namespace of the object.
    pub fn namespace(&self) -> Option<&str> {
        let namespace = self.namespace.as_ref().map(Text::as_str);
        namespace.filter(|namespace| !namespace.is_empty())
    }

    /// The namespace of the object with this metadata, which names it too.
    pub fn namespace_of(&self, metadata: &Object<'_>) -> Option<String> {
        let namespace = self.namespace().map(str::to_owned);
        namespace
            .or_else(|| metadata.text("namespace"))
            .filter(|namespace| !namespace.is_empty())
    }

    /// The object that is stored now, if it is updated and is an object.
    pub fn old_object(&self) -> Option<Object<'a>> {
        let old = self.old_object.filter(|_| self.is_update());
        old.and_then(Object::parse)
    }

    /// The object that is to be stored.
    ///
    /// # Errors
    /// The name of the field, if there is none.
    pub fn object(&self) -> Result<&Object<'a>, &'static str> {
        self.object.as_ref().ok_or("object")
    }
}
