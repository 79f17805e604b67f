//! What a policy can ask for, with the fields of kubewarden-policy-sdk's requests.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

/// A call to the guest's `kubernetes` namespace.
///
/// Serialized, it is the `CallbackRequestType` of Kubewarden's `policy-evaluator`, which kwctl stores and compares.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) enum LookUp {
    /// `list_resources_by_namespace`; there is a namespace.
    #[serde(rename = "KubernetesListResourceNamespace")]
    ListInNamespace(List),
    /// `list_resources_all`; there is no namespace.
    #[serde(rename = "KubernetesListResourceAll")]
    ListAll(List),
    /// `get_resource`.
    #[serde(rename = "KubernetesGetResource")]
    Get(Get),
}

/// The payload of both list operations.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) struct List {
    pub(crate) api_version: String,
    pub(crate) kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) namespace: Option<String>,
    pub(crate) label_selector: Option<String>,
    pub(crate) field_selector: Option<String>,
    pub(crate) field_masks: Option<BTreeSet<String>>,
}

/// The payload of `get_resource`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) struct Get {
    pub(crate) api_version: String,
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) namespace: Option<String>,
    pub(crate) disable_cache: bool,
    pub(crate) field_masks: Option<BTreeSet<String>>,
}

impl LookUp {
    /// The kind that is asked for.
    pub(crate) fn kind(&self) -> &str {
        match self {
            Self::ListInNamespace(list) | Self::ListAll(list) => &list.kind,
            Self::Get(get) => &get.kind,
        }
    }

    /// Reads a call as it comes from the guest.
    ///
    /// # Errors
    ///
    /// There is no such operation, or the payload is not its request.
    pub(crate) fn parse(operation: &str, payload: &[u8]) -> Result<Self> {
        let invalid = || format!("invalid {operation} request");
        match operation {
            "list_resources_by_namespace" => {
                let list: List = serde_json::from_slice(payload).with_context(invalid)?;
                let namespace = list.namespace.as_ref();
                namespace.context("there is no namespace").with_context(invalid)?;
                Ok(Self::ListInNamespace(list))
            }
            "list_resources_all" => {
                let list: List = serde_json::from_slice(payload).with_context(invalid)?;
                Ok(Self::ListAll(List { namespace: None, ..list }))
            }
            "get_resource" => Ok(Self::Get(serde_json::from_slice(payload).with_context(invalid)?)),
            _ => bail!("this host has no kubernetes operation {operation:?}"),
        }
    }
}
