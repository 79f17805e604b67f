//! A listener of a Gateway or ListenerSet.

use serde::Deserialize;

use crate::{
    admission::object::{Texts, is_dns_subdomain},
    routing::Host,
};

/// Options with which the Secret is not what decides who serves TLS: Istio's way to ask clients for
/// certificates, for which it must hold a CA too (`pilot/pkg/config/kube/gateway/conversion.go`,
/// `gatewayTLSTerminateModeKey`), and certificates that AKS and GKE bring.
const OTHER_CERTIFICATES: [&str; 3] = [
    "gateway.istio.io/tls-terminate-mode",
    "kubernetes.azure.com/tls-cert-keyvault-uri",
    "networking.gke.io/pre-shared-certs",
];
/// What the CRDs allow of names and hostnames; the API server refuses what is longer, but asks the
/// policy first.
const LONGEST: usize = 253;

/// What the policy reads of one of `spec.listeners`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Listener {
    pub(super) name: String,
    /// Empty if it is absent.
    pub(super) hostname: String,
    /// The Secret of the object's own namespace that each reference names, if it names one.
    references: Vec<Option<String>>,
    /// Whether the policy may change its Secret.
    pub(super) is_rewritable: bool,
    /// Whether cert-manager would order a certificate for it
    /// (`pkg/controller/certificate-shim/sync.go`, `validateGatewayListenerBlock`).
    pub(super) gets_certificate: bool,
    /// Whether it passes TLS through to the pods.
    passes_through: bool,
    port: Option<u64>,
}

impl Listener {
    pub(super) fn new(item: ListenerItem, namespace: Option<&str>) -> Self {
        let name = item.name.unwrap_or_default();
        let hostname = item.hostname.unwrap_or_default();
        let tls = item.tls.unwrap_or_default();
        let mut references = tls.certificate_refs.unwrap_or_default();
        if name.len() > LONGEST || hostname.len() > LONGEST {
            references.clear();
        }
        let references = references.into_iter();
        let references: Vec<_> = references.map(|one| one.secret(namespace)).collect();
        let gets_certificate = tls.mode.as_deref().is_none_or(|mode| mode == "Terminate")
            && !hostname.is_empty()
            && !references.is_empty()
            && references.iter().all(Option::is_some);
        Self {
            is_rewritable: gets_certificate
                && references.len() == 1
                && matches!(item.protocol.as_deref(), Some("HTTPS" | "TLS"))
                && Host::parse(&hostname).is_some()
                && !tls.options.is_some_and(|all| {
                    let mut others = OTHER_CERTIFICATES.iter();
                    others.any(|option| all.contains_key(*option))
                })
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

    /// Whether this passes TLS through on the port of another one.
    pub(super) fn passes_through_beside(&self, other: &Self) -> bool {
        self.passes_through && self.port.is_some() && self.port == other.port
    }

    /// The Secret that its single reference names.
    pub(super) fn secret(&self) -> Option<&str> {
        match self.references.as_slice() {
            [Some(secret)] => Some(secret),
            _ => None,
        }
    }

    /// Puts another Secret into its single reference.
    pub(super) fn set_secret(&mut self, secret: &str) {
        if let [reference] = self.references.as_mut_slice() {
            *reference = Some(secret.to_owned());
        }
    }

    /// The Secrets of the object's own namespace that it names.
    pub(super) fn secrets(&self) -> impl Iterator<Item = &str> {
        self.references.iter().flatten().map(String::as_str)
    }
}

/// A listener as it is written (`sigs.k8s.io/gateway-api/apis/v1`, `Listener` and `ListenerEntry`).
#[derive(Deserialize)]
pub(super) struct ListenerItem {
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

impl Reference {
    /// The Secret that it names, if that is in the object's own namespace.
    fn secret(self, namespace: Option<&str>) -> Option<String> {
        let is_secret = matches!(self.group.as_deref(), None | Some("" | "core"))
            && matches!(self.kind.as_deref(), None | Some("Secret"));
        let is_near = self.namespace.is_none() || self.namespace.as_deref() == namespace;
        let is_name = |name: &String| !name.is_empty() && name.len() <= LONGEST;
        self.name
            .filter(|name| is_secret && is_near && is_name(name))
    }
}
