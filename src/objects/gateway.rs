//! A Gateway or ListenerSet (`sigs.k8s.io/gateway-api/apis/v1`).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Owner, SecretUse};
use crate::{
    admission::{
        Kind,
        object::{self, MalformedField, Texts, is_dns_subdomain},
    },
    ecosystem::{self, has_other_options},
    host::Host,
    record::{Record, Replaced},
    settings::Settings,
};

/// The length of names and hostnames that the CRDs allow. The API server asks the policy before it refuses
/// longer ones.
const MAX_LENGTH: usize = 253;

/// What the policy reads of a Gateway or ListenerSet, and may change in it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Gateway {
    pub(crate) annotations: Texts,
    pub(crate) class: Option<String>,
    pub(crate) listeners: Vec<Listener>,
    /// The controlling owner.
    pub(crate) owner: Option<Owner>,
}

/// What the policy reads of one of `spec.listeners`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Listener {
    pub(crate) name: String,
    /// Empty if it is absent.
    pub(crate) hostname: String,
    /// The Secret of the object's own namespace that each reference names, if it names one.
    references: Vec<Option<String>>,
    /// Whether the policy may change its Secret.
    pub(crate) is_rewritable: bool,
    /// Whether cert-manager would order a certificate for it (`pkg/controller/certificate-shim/sync.go`,
    /// `validateGatewayListenerBlock`).
    pub(crate) gets_certificate: bool,
    /// Whether it passes TLS through to the pods.
    passes_through: bool,
    port: Option<u64>,
}

/// A listener as it is written.
#[derive(Deserialize)]
struct ListenerItem {
    name: Option<String>,
    hostname: Option<String>,
    port: Option<u64>,
    protocol: Option<String>,
    tls: Option<Tls>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tls {
    mode: Option<String>,
    options: Option<Texts>,
    certificate_refs: Option<Vec<Reference>>,
}

/// One of `tls.certificateRefs`.
#[derive(Deserialize)]
struct Reference {
    group: Option<String>,
    kind: Option<String>,
    namespace: Option<String>,
    name: Option<String>,
}

/// What the policy replaced in a Gateway or ListenerSet.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(crate) struct GatewayRecord {
    /// The Secrets of listeners, by the name of the listener.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) listeners: BTreeMap<String, Replaced<String>>,
    /// The names that were added to the list of listeners that cert-manager ignores.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) ignored_listeners: Vec<String>,
}

impl Record for GatewayRecord {
    const ANNOTATION: &'static str = "routing-secrets-policy/replaced";

    fn is_ours(&self) -> bool {
        true
    }
}

impl Gateway {
    /// Reads a Gateway or ListenerSet of this namespace. Fails if a field is of the wrong type.
    pub(crate) fn read(object: &Value, namespace: Option<&str>) -> Result<Self, MalformedField> {
        let mut listeners: Vec<_> = object::field::<Vec<ListenerItem>>(object, "spec.listeners")?
            .into_iter()
            .map(|item| Listener::new(item, namespace))
            .collect();
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for listener in &listeners {
            *counts.entry(listener.name.clone()).or_default() += 1;
        }
        // The API server refuses listeners of one name, which nothing here could tell apart.
        for listener in &mut listeners {
            listener.is_rewritable &= counts.get(&listener.name) == Some(&1);
        }
        Ok(Self {
            annotations: object::field(object, "metadata.annotations")?,
            class: object::text(object, "spec.gatewayClassName").map(str::to_owned),
            listeners,
            owner: Owner::of(object),
        })
    }

    pub(crate) fn has_class(&self, classes: &[String]) -> bool {
        self.class.as_ref().is_some_and(|class| classes.contains(class))
    }

    /// Whether it stays as its author wants it, whatever routing secrets there are: its settings or
    /// annotations say so, or cert-manager makes more from it than a certificate for routing.
    pub(crate) fn is_left_to_author(&self, settings: &Settings) -> bool {
        self.has_class(&settings.gateway.ignored_classes)
            || ecosystem::is_served_elsewhere(&self.annotations, &settings.ingress.leave_annotations)
            || ecosystem::makes_more_than_routing(&self.annotations, &settings.routing_label)
    }

    /// Whether cert-manager makes Certificates from it. A ListenerSet inherits the annotation from its Gateway,
    /// which is not read.
    pub(crate) fn is_triggered(&self, kind: Kind) -> bool {
        kind == Kind::ListenerSet || ecosystem::names_issuer(&self.annotations)
    }

    /// The triggers of other issuers than cert-manager, which cannot be told to ignore single listeners.
    pub(crate) fn other_issuers(&self, settings: &Settings) -> Vec<String> {
        ecosystem::other_issuers(&self.annotations, &settings.ingress.issuer_annotations)
    }

    /// The object with the Secrets of these listeners and these annotations. Everything else stays as it is.
    pub(crate) fn write(&self, mut object: Value, submitted: &Self) -> Value {
        for (place, (found, stored)) in submitted.listeners.iter().zip(&self.listeners).enumerate() {
            let pointer = format!("/spec/listeners/{place}/tls/certificateRefs/0");
            if found != stored
                && let Some(reference) = object.pointer_mut(&pointer)
            {
                object::set(reference, "name", json!(stored.secret()));
            }
        }
        object::set_annotations(&mut object, self.annotations.clone());
        object
    }

    /// The Secrets that it names, and for which hosts.
    pub(crate) fn secret_uses(&self) -> Vec<SecretUse> {
        let secret_uses = |listener: &Listener| {
            let hosts = Vec::from_iter(Some(listener.hostname.clone()).filter(|host| !host.is_empty()));
            // Some stay for the sake of a listener that passes TLS through.
            let is_alone = !self.listeners.iter().any(|other| other.passes_through_beside(listener));
            let secret_use = |secret: &str| SecretUse {
                secret: secret.to_owned(),
                hosts: hosts.clone(),
                serves_any_host: hosts.is_empty(),
                is_movable: listener.is_rewritable && is_alone,
            };
            listener.secrets().map(secret_use).collect::<Vec<_>>()
        };
        self.listeners.iter().flat_map(secret_uses).collect()
    }

    /// The hostnames of the listeners that name a Secret.
    pub(crate) fn hosts_of(&self, secret: &str) -> Vec<String> {
        self.listeners
            .iter()
            .filter(|listener| listener.secrets().any(|named| named == secret))
            .map(|listener| listener.hostname.clone())
            .collect()
    }
}

impl Listener {
    fn new(item: ListenerItem, namespace: Option<&str>) -> Self {
        let name = item.name.unwrap_or_default();
        let hostname = item.hostname.unwrap_or_default();
        let tls = item.tls.unwrap_or_default();
        let is_short = name.len() <= MAX_LENGTH && hostname.len() <= MAX_LENGTH;
        let references: Vec<_> = tls
            .certificate_refs
            .unwrap_or_default()
            .into_iter()
            .filter(|_| is_short)
            .map(|reference| reference.secret(namespace))
            .collect();
        let gets_certificate = tls.mode.as_deref().is_none_or(|mode| mode == "Terminate")
            && !hostname.is_empty()
            && !references.is_empty()
            && references.iter().all(Option::is_some);
        Self {
            is_rewritable: gets_certificate
                && references.len() == 1
                && matches!(item.protocol.as_deref(), Some("HTTPS" | "TLS"))
                && Host::parse(&hostname).is_some()
                && !tls.options.is_some_and(|options| has_other_options(&options))
                && is_dns_subdomain(&name),
            gets_certificate,
            passes_through: item.protocol.as_deref() == Some("TLS")
                && tls.mode.as_deref() == Some("Passthrough"),
            port: item.port,
            name,
            hostname,
            references,
        }
    }

    /// Whether it passes TLS through on the port of another one.
    pub(crate) fn passes_through_beside(&self, other: &Self) -> bool {
        self.passes_through && self.port.is_some() && self.port == other.port
    }

    /// The Secret that its single reference names.
    pub(crate) fn secret(&self) -> Option<&str> {
        match self.references.as_slice() {
            [Some(secret)] => Some(secret),
            _ => None,
        }
    }

    /// Puts another Secret into its single reference.
    pub(crate) fn set_secret(&mut self, secret: &str) {
        if let [reference] = self.references.as_mut_slice() {
            *reference = Some(secret.to_owned());
        }
    }

    /// The Secrets of the object's own namespace that it names.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &str> {
        self.references.iter().flatten().map(String::as_str)
    }
}

impl Reference {
    /// The Secret that it names, if that is in the object's own namespace.
    fn secret(self, namespace: Option<&str>) -> Option<String> {
        let is_secret = matches!(self.group.as_deref(), None | Some("" | "core"))
            && matches!(self.kind.as_deref(), None | Some("Secret"));
        let is_near = self.namespace.is_none() || self.namespace.as_deref() == namespace;
        self.name.filter(|name| is_secret && is_near && (1..=MAX_LENGTH).contains(&name.len()))
    }
}
