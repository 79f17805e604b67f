//! What is read of a listed Secret. Everything else, `tls.key` too, is stepped over.

use std::collections::BTreeMap;

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::Deserialize;

use crate::{
    ecosystem::SecretAnnotations,
    host::Wildcards,
    routing::{RoutingSecret, Unusable, index},
    x509::{leaf::Leaf, pem::first_certificate},
};

/// A Secret with the routing label.
#[derive(Deserialize)]
pub(super) struct SecretItem {
    metadata: Metadata,
    data: Option<Data>,
}

#[derive(Deserialize)]
struct Metadata {
    name: String,
    annotations: Option<SecretAnnotations>,
}

#[derive(Deserialize)]
struct Data {
    #[serde(rename = "tls.crt")]
    tls_crt: Option<String>,
}

impl SecretItem {
    /// The routing secret that its index tells, at the second `now` since 1970.
    ///
    /// # Errors
    /// The name of the Secret, if it has no index that can be read.
    pub(super) fn read_index(self, wildcards: Wildcards, now: u64) -> Result<RoutingSecret, String> {
        match self.index() {
            Some(leaf) => Ok(self.routing_secret(Ok(leaf), wildcards, now)),
            None => Err(self.metadata.name),
        }
    }

    /// The routing secret that its index or its certificate tells, at the second `now` since 1970.
    pub(super) fn read(self, wildcards: Wildcards, now: u64) -> RoutingSecret {
        let leaf = self.index().map_or_else(|| self.leaf(), Ok);
        self.routing_secret(leaf, wildcards, now)
    }

    fn routing_secret(self, leaf: Result<Leaf, Unusable>, wildcards: Wildcards, now: u64) -> RoutingSecret {
        let annotations = self.metadata.annotations.unwrap_or_default();
        let mut secret = RoutingSecret::new(self.metadata.name, leaf, wildcards, now);
        secret.certificate_name = annotations.certificate_name;
        if annotations.skip.as_deref() == Some("true") {
            secret.not_after = Err(Unusable::Retired);
        }
        secret
    }

    fn index(&self) -> Option<Leaf> {
        index::read(self.metadata.annotations.as_ref()?.index.as_ref()?)
    }

    /// Its certificate. Fails if it has none that can be decoded.
    fn leaf(&self) -> Result<Leaf, Unusable> {
        let tls_crt = self.data.as_ref().and_then(|data| data.tls_crt.as_ref());
        let der = tls_crt
            .and_then(|base64| BASE64_STANDARD.decode(base64).ok())
            .and_then(|pem| first_certificate(&pem))
            .ok_or(Unusable::NoCertificate)?;
        Leaf::from_der(&der).ok_or(Unusable::BadCertificate)
    }
}

/// The labels of a Secret.
#[derive(Deserialize)]
pub(super) struct LabelledItem {
    metadata: Labels,
}

#[derive(Deserialize)]
struct Labels {
    labels: Option<BTreeMap<String, String>>,
}

impl LabelledItem {
    pub(super) fn label(self, name: &str) -> Option<String> {
        self.metadata.labels?.remove(name)
    }
}
