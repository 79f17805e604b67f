//! What look-ups answer, as far as it is read; `tls.key` is stepped over.

use std::{borrow::Cow, collections::BTreeMap};

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    index,
    json::bytes,
    leaf::Leaf,
    routing::{Unusable, leaf},
};

/// A list of Secrets.
#[derive(Deserialize)]
pub struct SecretList<'a> {
    #[serde(borrow)]
    pub items: Vec<&'a RawValue>,
}

/// What matching needs of a Secret.
#[derive(Deserialize)]
pub struct SecretItem<'a> {
    #[serde(borrow)]
    pub metadata: Metadata<'a>,
    data: Option<Data<'a>>,
}

#[derive(Deserialize)]
pub struct Metadata<'a> {
    pub name: String,
    #[serde(borrow)]
    annotations: Option<Annotations<'a>>,
}

#[derive(Deserialize)]
struct Annotations<'a> {
    #[serde(rename = "cert-manager.io/certificate-name")]
    certificate_name: Option<String>,
    #[serde(borrow, rename = "routing-secrets-policy/index")]
    index: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct Data<'a> {
    #[serde(borrow, rename = "tls.crt")]
    certificate: Option<Text<'a>>,
}

/// A string, borrowed from the answer unless it has escapes.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl SecretItem<'_> {
    /// The Certificate from which cert-manager makes it.
    pub fn certificate_name(&self) -> Option<String> {
        self.metadata.annotations.as_ref()?.certificate_name.clone()
    }

    /// What its index says of its certificate; `None` if it has none that can be read.
    pub fn index(&self) -> Option<Leaf> {
        index::read(&self.metadata.annotations.as_ref()?.index.as_ref()?.0)
    }

    /// Its certificate.
    ///
    /// # Errors
    /// If it has none that can be decoded.
    pub fn leaf(&self) -> Result<Leaf, Unusable> {
        let base64 = self
            .data
            .as_ref()
            .and_then(|data| data.certificate.as_ref());
        let text = base64.and_then(|base64| bytes(&base64.0));
        leaf(&String::from_utf8_lossy(
            &text.ok_or(Unusable::NoCertificate)?,
        ))
    }
}

/// The labels of a Secret.
#[derive(Deserialize)]
pub struct Labels {
    metadata: LabelsOnly,
}

#[derive(Deserialize)]
struct LabelsOnly {
    labels: Option<BTreeMap<String, String>>,
}

impl Labels {
    /// The value of one.
    pub fn of(self, label: &str) -> Option<String> {
        self.metadata.labels?.remove(label)
    }
}
