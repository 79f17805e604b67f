//! A Secret as its JSON writes it, as far as the rules read it.

use serde_json::value::RawValue;

use crate::{
    json::{Object, bytes},
    metadata::{Manifest, subject},
    routing::TLS_TYPE,
};

/// The certificates, as the type `kubernetes.io/tls` names them.
pub const TLS_CRT: &str = "tls.crt";
/// The private key.
pub const TLS_KEY: &str = "tls.key";

/// A Secret: the objects it is made of.
#[derive(Debug)]
pub struct Secret<'a> {
    pub manifest: Manifest<'a>,
    data: Object<'a>,
    string_data: Object<'a>,
}

impl<'a> Secret<'a> {
    /// Reads a Secret.
    ///
    /// # Errors
    /// The name of the field that is missing or of the wrong type; nothing of its content.
    pub fn parse(root: &'a Object<'a>) -> Result<Self, &'static str> {
        let manifest = Manifest::parse(root)?;
        Ok(Self {
            data: root.object("data").ok_or("data")?,
            string_data: root.object("stringData").ok_or("stringData")?,
            manifest,
        })
    }

    /// The value of a label as it is written, if it is there.
    pub fn label(&self, name: &str) -> Option<&'a RawValue> {
        self.manifest.labels.raw(name)
    }

    /// Whether one of these annotations is there.
    pub fn has_any_annotation(&self, names: &[&str]) -> bool {
        let annotations = &self.manifest.annotations;
        names.iter().any(|name| annotations.raw(name).is_some())
    }

    /// What is said of it is said about this.
    pub fn subject(&self) -> String {
        subject("Secret", &self.manifest.metadata)
    }

    /// Whether this is a Secret for TLS.
    pub fn is_tls(&self) -> bool {
        self.manifest.root.text("type").as_deref() == Some(TLS_TYPE)
    }

    /// The content of a key, empty if it is absent; `stringData` goes before `data`, as in the API
    /// server.
    ///
    /// # Errors
    /// The name of the key if it is not base64 text.
    pub fn content(&self, key: &'static str) -> Result<Vec<u8>, &'static str> {
        if self.string_data.get(key).is_some() {
            return self
                .string_data
                .text(key)
                .map(String::into_bytes)
                .ok_or(key);
        }
        if self.data.get(key).is_none() {
            return Ok(Vec::new());
        }
        let base64 = self.data.text(key).ok_or(key)?;
        bytes(&base64).ok_or(key)
    }
}
