//! A Secret of type `kubernetes.io/tls`, or one that should be.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Map, Value};

use crate::{
    admission::object::{self, MalformedField, Texts},
    ecosystem,
    x509::{leaf::Leaf, pem::first_certificate},
};

/// The type of routing secrets.
pub(crate) const TLS_TYPE: &str = "kubernetes.io/tls";

/// What the policy reads of a Secret.
#[derive(Debug)]
pub(crate) struct Secret {
    pub(crate) name: String,
    pub(crate) annotations: Texts,
    pub(crate) is_tls: bool,
    /// The value of the routing label.
    pub(crate) label: Option<String>,
    pub(crate) tls_crt: Vec<u8>,
    pub(crate) tls_key: Vec<u8>,
    /// The first certificate, if it can be read.
    pub(crate) leaf: Option<Leaf>,
}

impl Secret {
    /// Reads a Secret, and the contents of one that has the label of routing secrets or is a mirror. Fails if
    /// a field is of the wrong type, or a content is no base64.
    pub(crate) fn read(object: &Value, routing_label: &str) -> Result<Self, MalformedField> {
        let mut secret = Self {
            name: object::name(object).to_owned(),
            annotations: object::field(object, "metadata.annotations")?,
            is_tls: object::text(object, "type") == Some(TLS_TYPE),
            label: object::label(object, routing_label).map(str::to_owned),
            tls_crt: Vec::new(),
            tls_key: Vec::new(),
            leaf: None,
        };
        if secret.label.is_some() || secret.is_mirror() {
            secret.tls_crt = content(object, "tls.crt")?;
            secret.tls_key = content(object, "tls.key")?;
            secret.leaf = first_certificate(&secret.tls_crt).and_then(|der| Leaf::from_der(&der));
        }
        Ok(secret)
    }

    /// Whether it has the type and the label of routing secrets.
    pub(crate) fn is_routing_secret(&self) -> bool {
        self.is_tls && self.label.is_some()
    }

    pub(crate) fn is_mirror(&self) -> bool {
        ecosystem::is_mirror(&self.annotations)
    }

    /// Whether it is a mirror that is not filled yet.
    pub(crate) fn is_placeholder(&self) -> bool {
        self.tls_crt.is_empty() && self.tls_key.is_empty() && self.is_mirror()
    }

    /// Whether type, label and contents are the same, by which a routing secret is validated.
    pub(crate) fn is_judged_like(&self, other: &Self) -> bool {
        self.is_tls == other.is_tls
            && self.label == other.label
            && self.tls_crt == other.tls_crt
            && self.tls_key == other.tls_key
    }
}

/// The content of a key, empty if it is absent; `stringData` wins over `data`, as in the API server.
fn content(object: &Value, key: &str) -> Result<Vec<u8>, MalformedField> {
    let malformed = || MalformedField::at(&format!("/data/{key}"));
    let values = |field| object::field::<Map<_, _>>(object, field);
    if let Some(text) = values("stringData")?.get(key) {
        return text.as_str().map(|text| text.as_bytes().to_vec()).ok_or_else(malformed);
    }
    let Some(base64) = values("data")?.remove(key) else {
        return Ok(Vec::new());
    };
    // Go's encoding/base64 steps over the ends of lines.
    base64
        .as_str()
        .and_then(|base64| BASE64_STANDARD.decode(base64.replace(['\r', '\n'], "")).ok())
        .ok_or_else(malformed)
}
