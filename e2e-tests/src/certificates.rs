//! Certificates, and Secrets of them, made at run time so that none expires in the repository.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use anyhow::{Context, Result, anyhow};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rcgen::{
    CertificateParams, CustomExtension, DnType, ExtendedKeyUsagePurpose, Issuer, KeyPair, KeyUsagePurpose,
};
use serde_json::{Map, Value, json};
use time::{Duration, OffsetDateTime};

/// One key for all certificates of a process: a thousand Secrets would wait for a thousand keys otherwise.
static KEY: LazyLock<Result<KeyPair, String>> =
    LazyLock::new(|| KeyPair::generate().map_err(|error| error.to_string()));

/// `id-ce-subjectAltName`, RFC 5280 section 4.2.1.6.
const SUBJECT_ALT_NAME: [u64; 4] = [2, 5, 29, 17];

/// Builds a Secret with a certificate for an ECDSA P-256 key, self-signed and valid from yesterday for 90 days
/// unless told otherwise.
#[derive(Clone, Debug)]
pub struct TlsSecret {
    name: String,
    namespace: String,
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
    secret_type: String,
    sans: Vec<Vec<u8>>,
    days: (i64, i64),
    issuer_cn: Option<String>,
    tls_crt: Option<Vec<u8>>,
    tls_key: Option<Vec<u8>>,
}

impl TlsSecret {
    /// A `kubernetes.io/tls` Secret in namespace `default`.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            namespace: "default".to_owned(),
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
            secret_type: "kubernetes.io/tls".to_owned(),
            sans: Vec::new(),
            days: (-1, 90),
            issuer_cn: None,
            tls_crt: None,
            tls_key: None,
        }
    }

    /// Puts the Secret into a namespace.
    #[must_use]
    pub fn namespace(self, namespace: impl Into<String>) -> Self {
        Self { namespace: namespace.into(), ..self }
    }

    /// Adds a label.
    #[must_use]
    pub fn label(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.labels.insert(key.into(), value.into());
        self
    }

    /// Adds an annotation.
    #[must_use]
    pub fn annotation(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.annotations.insert(key.into(), value.into());
        self
    }

    /// Sets the Secret's type.
    #[must_use]
    pub fn secret_type(self, secret_type: impl Into<String>) -> Self {
        Self { secret_type: secret_type.into(), ..self }
    }

    /// Adds a DNS name to the certificate.
    #[must_use]
    pub fn san(self, name: &str) -> Self {
        self.raw_san(name)
    }

    /// Adds a DNS name of any bytes, even those that a DNS name cannot have.
    #[must_use]
    pub fn raw_san(mut self, name: impl Into<Vec<u8>>) -> Self {
        self.sans.push(name.into());
        self
    }

    /// Sets when the certificate begins and ends to be valid, in days from now.
    #[must_use]
    pub fn valid(self, from: i64, until: i64) -> Self {
        Self { days: (from, until), ..self }
    }

    /// Has the certificate signed by a CA of this Common Name.
    #[must_use]
    pub fn issuer_cn(self, name: impl Into<String>) -> Self {
        Self { issuer_cn: Some(name.into()), ..self }
    }

    /// Puts something else in place of the certificate.
    #[must_use]
    pub fn tls_crt(self, content: impl Into<Vec<u8>>) -> Self {
        Self { tls_crt: Some(content.into()), ..self }
    }

    /// Puts something else in place of the private key.
    #[must_use]
    pub fn tls_key(self, content: impl Into<Vec<u8>>) -> Self {
        Self { tls_key: Some(content.into()), ..self }
    }

    /// The Secret's manifest, for tests.
    ///
    /// # Panics
    ///
    /// When [`TlsSecret::try_to_manifest`] fails.
    #[must_use]
    #[allow(clippy::expect_used, reason = "a builder for tests, which would unwrap every result")]
    pub fn to_manifest(&self) -> Value {
        self.try_to_manifest().expect("a certificate should be made")
    }

    /// The Secret's manifest.
    ///
    /// # Errors
    ///
    /// The dates are out of range, or the system has no randomness for a key.
    pub fn try_to_manifest(&self) -> Result<Value> {
        let mut metadata = Map::new();
        metadata.insert("name".to_owned(), json!(self.name));
        metadata.insert("namespace".to_owned(), json!(self.namespace));
        if !self.labels.is_empty() {
            metadata.insert("labels".to_owned(), json!(self.labels));
        }
        if !self.annotations.is_empty() {
            metadata.insert("annotations".to_owned(), json!(self.annotations));
        }
        Ok(json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": metadata,
            "type": self.secret_type,
            "data": self.data()?,
        }))
    }

    /// The Secret's `data`.
    pub(crate) fn data(&self) -> Result<Value> {
        let key = KEY.as_ref().map_err(|error| anyhow!("cannot make a key: {error}"))?;
        let certificate = match &self.tls_crt {
            Some(content) => content.clone(),
            None => self.certificate(key)?.into_bytes(),
        };
        let private_key = self.tls_key.clone().unwrap_or_else(|| key.serialize_pem().into_bytes());
        Ok(json!({
            "tls.crt": BASE64_STANDARD.encode(certificate),
            "tls.key": BASE64_STANDARD.encode(private_key),
        }))
    }

    fn certificate(&self, key: &KeyPair) -> Result<String> {
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name.push(DnType::CommonName, self.name.as_str());
        parameters.not_before = in_days(self.days.0)?;
        parameters.not_after = in_days(self.days.1)?;
        parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        if !self.sans.is_empty() {
            let extension =
                CustomExtension::from_oid_content(&SUBJECT_ALT_NAME, subject_alt_name(&self.sans));
            parameters.custom_extensions = vec![extension];
        }
        let certificate = match &self.issuer_cn {
            None => parameters.self_signed(key)?,
            Some(name) => {
                let mut ca = CertificateParams::default();
                ca.distinguished_name.push(DnType::CommonName, name.as_str());
                parameters.signed_by(key, &Issuer::from_params(&ca, key))?
            }
        };
        Ok(certificate.pem())
    }
}

fn in_days(days: i64) -> Result<OffsetDateTime> {
    let seconds = days.checked_mul(24 * 60 * 60).context("too many days")?;
    OffsetDateTime::now_utc().checked_add(Duration::seconds(seconds)).context("too many days")
}

/// The extension's value, by hand because rcgen takes only names that are ASCII: a SEQUENCE of `[2] dNSName`.
fn subject_alt_name(names: &[Vec<u8>]) -> Vec<u8> {
    let names: Vec<u8> = names.iter().flat_map(|name| der(0x82, name)).collect();
    der(0x30, &names)
}

/// One DER element: tag, length, content (ITU-T X.690, 8.1).
#[must_use]
pub fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes().into_iter().skip_while(|&byte| byte == 0);
    let mut element = vec![tag];
    match u8::try_from(content.len()) {
        Ok(short) if short < 0x80 => element.push(short),
        _ => {
            element.push(0x80 | length.clone().map(|_| 1).sum::<u8>());
            element.extend(length);
        }
    }
    element.extend_from_slice(content);
    element
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn decoded(manifest: &Value, field: &str) -> String {
        let bytes = BASE64_STANDARD.decode(manifest["data"][field].as_str().unwrap()).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    fn der_of(manifest: &Value) -> Vec<u8> {
        let pem = decoded(manifest, "tls.crt");
        let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
        BASE64_STANDARD.decode(body).unwrap()
    }

    fn contains(haystack: &[u8], needle: &[u8]) -> bool {
        haystack.windows(needle.len()).any(|window| window == needle)
    }

    #[test]
    fn a_manifest_has_everything_asked_for() {
        let manifest = TlsSecret::new("wildcard")
            .namespace("workspace")
            .san("*.apps.example.com")
            .label("epinio.io/routing", "true")
            .annotation("a", "b")
            .to_manifest();
        let expected = json!({"name": "wildcard", "namespace": "workspace",
            "labels": {"epinio.io/routing": "true"}, "annotations": {"a": "b"}});
        assert_eq!(manifest["metadata"], expected);
        assert_eq!(manifest["type"], "kubernetes.io/tls");
        assert!(decoded(&manifest, "tls.key").starts_with("-----BEGIN PRIVATE KEY-----"));
        assert!(contains(&der_of(&manifest), b"\x82\x12*.apps.example.com"));
    }

    #[test]
    fn an_issuer_is_named_in_the_certificate() {
        let secret = TlsSecret::new("temporary").san("a.example.com");
        assert!(!contains(&der_of(&secret.to_manifest()), b"cert-manager.local"));
        assert!(contains(
            &der_of(&secret.issuer_cn("cert-manager.local").to_manifest()),
            b"cert-manager.local"
        ));
    }

    #[test]
    fn names_can_be_of_any_bytes() {
        let manifest = TlsSecret::new("odd").raw_san(*b"\xff\x00\n").san("good.example.com").to_manifest();
        let der = der_of(&manifest);
        assert!(contains(&der, b"\x82\x03\xff\x00\n"));
        assert!(contains(&der, b"good.example.com"));
    }

    #[test]
    fn contents_can_be_replaced() {
        let manifest =
            TlsSecret::new("junk").secret_type("Opaque").tls_crt("junk").tls_key("other").to_manifest();
        assert_eq!(manifest["type"], "Opaque");
        assert_eq!(
            (decoded(&manifest, "tls.crt"), decoded(&manifest, "tls.key")),
            ("junk".into(), "other".into())
        );
    }

    #[test]
    fn impossible_dates_are_errors() {
        assert!(TlsSecret::new("late").valid(0, i64::MAX).try_to_manifest().is_err());
    }

    #[rstest]
    #[case(0, &[0x30, 0])]
    #[case(127, &[0x30, 127])]
    #[case(128, &[0x30, 0x81, 128])]
    #[case(256, &[0x30, 0x82, 1, 0])]
    fn lengths_are_der(#[case] length: usize, #[case] head: &[u8]) {
        let element = der(0x30, &vec![0; length]);
        assert_eq!(element.len(), head.len() + length);
        assert!(element.starts_with(head));
    }
}
