//! What look-ups answer, as far as it is read; `tls.key` is stepped over.

use std::{borrow::Cow, collections::BTreeMap};

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    index,
    json::{Text, bytes},
    leaf::Leaf,
    pem,
    routing::{Unusable, leaf},
};

/// So much base64 has a leaf of 1.7 KB in it, which is more than most have. It stands for whole bytes.
const BEGINNING: usize = 3072;

/// A list.
#[derive(Deserialize)]
pub struct List<T> {
    pub items: Vec<T>,
}

/// What matching needs of a Secret.
#[derive(Deserialize)]
pub struct SecretItem<'a> {
    #[serde(borrow)]
    metadata: Metadata<'a>,
    data: Option<Data<'a>>,
}

#[derive(Deserialize)]
pub struct Metadata<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow)]
    annotations: Option<Annotations<'a>>,
}

#[derive(Deserialize)]
struct Annotations<'a> {
    #[serde(borrow, rename = "cert-manager.io/certificate-name")]
    certificate_name: Option<Text<'a>>,
    #[serde(borrow, rename = "routing-secrets-policy/index")]
    index: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Data<'a> {
    #[serde(borrow, rename = "tls.crt")]
    certificate: Option<Text<'a>>,
}

impl<'a> SecretItem<'a> {
    /// Its name.
    pub fn name(&self) -> &Cow<'a, str> {
        &self.metadata.name.0
    }

    /// The Certificate from which cert-manager makes it.
    pub fn certificate_name(&self) -> Option<&Cow<'a, str>> {
        let annotations = self.metadata.annotations.as_ref()?;
        Some(&annotations.certificate_name.as_ref()?.0)
    }

    /// What its index says of its certificate; `None` if it has none that can be read.
    pub fn index(&self) -> Option<Leaf<'a>> {
        index::read(self.metadata.annotations.as_ref()?.index?)
    }

    /// Its certificate.
    ///
    /// # Errors
    /// If it has none that can be decoded.
    pub fn leaf(&self) -> Result<Leaf<'static>, Unusable> {
        let base64 = self
            .data
            .as_ref()
            .and_then(|data| data.certificate.as_ref());
        leaf(base64.and_then(|base64| {
            first_of_beginning(&base64.0).or_else(|| first_certificate(&base64.0))
        }))
    }
}

/// The first certificate in base64 of PEM text.
fn first_certificate(base64: &str) -> Option<Vec<u8>> {
    pem::first_certificate(&pem::text(&bytes(base64)?))
}

/// The first certificate, if it is in the beginning of a longer text: the rest, mostly a chain, need not
/// be decoded then.
fn first_of_beginning(base64: &str) -> Option<Vec<u8>> {
    let text = bytes(base64.get(..BEGINNING)?)?;
    // What is read of a text of whole lines does not depend on what follows.
    let end = text.iter().rposition(|byte| *byte == b'\n')?;
    pem::first_certificate(&pem::text(text.get(..=end)?))
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

#[cfg(test)]
#[path = "item_tests.rs"]
mod tests;
