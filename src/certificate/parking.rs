//! Parking: what a Certificate becomes that is not to be issued, and what its author gets back.

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::{
    blank::Blank,
    certificate::object::Certificate,
    json::{Edits, Object, set},
};

/// The annotation that holds what was replaced.
pub const RECORD: &str = "routing-secrets-policy/parked-issuer";
/// The issuer of parked Certificates, which does not exist.
pub const ISSUER: &str = "covered-by-routing-secret";

/// The name of the Secret of a parked Certificate, if its own one is a routing secret.
pub fn refuge(certificate: &str) -> String {
    format!("{certificate}-parked")
}

/// What was replaced, as the annotation writes it: compact JSON.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    /// `spec.issuerRef.name`
    issuer: String,
    /// `spec.secretName`, if it was replaced too.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret_name: Option<String>,
    /// How `metadata.annotations` is written if the author has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    annotations: Option<Blank>,
}

impl Record {
    /// Reads the text of the annotation; `None` if this policy did not write it.
    fn parse(text: &str) -> Option<Self> {
        let record = Object::from_text(text)?;
        let known = ["issuer", "secretName", "annotations"];
        // White space would do for JSON, but we do not write that.
        (text.starts_with('{') && record.has_only(&known)).then_some(Self {
            issuer: record.text("issuer")?,
            secret_name: record.optional_text("secretName")?,
            annotations: Blank::recorded(&record, "annotations")?,
        })
    }
}

/// What the author of a Certificate wants, as far as it is ours to change.
#[derive(Debug)]
pub struct Author {
    /// `spec.issuerRef.name`
    pub issuer: Option<String>,
    /// `spec.secretName`
    pub secret: Option<String>,
    blank: Option<Blank>,
}

impl Author {
    /// Undoes what was done to a Certificate, as far as its fields still hold our values; `None` if
    /// the record was not written by this policy.
    pub fn of(certificate: &Certificate<'_>) -> Option<Self> {
        let (issuer, secret) = (certificate.issuer(), certificate.secret.clone());
        if certificate.manifest.annotations.raw(RECORD).is_none() {
            let is_blank = certificate.manifest.annotations.is_empty();
            let blank =
                is_blank.then(|| Blank::of(certificate.manifest.metadata.raw("annotations")));
            return Some(Self {
                issuer,
                secret,
                blank: blank.flatten(),
            });
        }
        let text = certificate.manifest.annotations.text(RECORD)?;
        let record = Record::parse(&text)?;
        let is_moved = certificate.name.as_deref().map(refuge) == secret;
        Some(Self {
            issuer: match issuer.as_deref() {
                Some(ISSUER) => Some(record.issuer),
                _ => issuer,
            },
            secret: match record.secret_name {
                Some(was) if is_moved => Some(was),
                _ => secret,
            },
            blank: record.annotations,
        })
    }

    /// The Certificate as its author wants it; `None` if it is that already.
    ///
    /// # Errors
    /// None that is known: what is written was read before.
    pub fn given_back(
        &self,
        certificate: &Certificate<'_>,
    ) -> serde_json::Result<Option<Box<RawValue>>> {
        let (issuer, secret) = (self.issuer.as_deref(), self.secret.as_deref());
        write(certificate, issuer, secret, None, self.blank)
    }

    /// The Certificate parked, with another Secret if `refuge` names one; `None` if it is that
    /// already.
    ///
    /// # Errors
    /// None that is known: what is written was read before.
    pub fn parked(
        &self,
        certificate: &Certificate<'_>,
        refuge: Option<&str>,
    ) -> serde_json::Result<Option<Box<RawValue>>> {
        let record = Record {
            issuer: self.issuer.clone().unwrap_or_default(),
            secret_name: refuge.and(self.secret.clone()),
            annotations: self.blank,
        };
        let record = serde_json::to_string(&record)?;
        let secret = refuge.or(self.secret.as_deref());
        write(certificate, Some(ISSUER), secret, Some(&record), self.blank)
    }
}

/// The Certificate with these values; `None` if it has them already.
fn write(
    certificate: &Certificate<'_>,
    issuer: Option<&str>,
    secret: Option<&str>,
    record: Option<&str>,
    blank: Option<Blank>,
) -> serde_json::Result<Option<Box<RawValue>>> {
    let mut spec = Edits::new();
    if issuer != certificate.issuer().as_deref() {
        let name = issuer.map(to_raw_value).transpose()?;
        let reference = set(&certificate.issuer_ref, "name", name)?;
        spec.push(("issuerRef".to_owned(), Some(reference)));
    }
    if secret != certificate.secret.as_deref() {
        let secret = secret.map(to_raw_value).transpose()?;
        spec.push(("secretName".to_owned(), secret));
    }
    let mut root = Edits::new();
    if !spec.is_empty() {
        let spec = to_raw_value(&certificate.spec.edited(&spec))?;
        root.push(("spec".to_owned(), Some(spec)));
    }
    if record != certificate.manifest.annotations.text(RECORD).as_deref() {
        let record = record.map(to_raw_value).transpose()?;
        let edits = vec![(RECORD.to_owned(), record)];
        let metadata = certificate.manifest.with_annotations(&edits, blank)?;
        root.push(("metadata".to_owned(), Some(metadata)));
    }
    certificate.manifest.edited(&root)
}
