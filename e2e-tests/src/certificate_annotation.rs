//! Annotation `e2e-tests/certificate`: a manifest that says which certificate it wants instead of having one.

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::Value;

use crate::certificates::TlsSecret;

const ANNOTATION: &str = "e2e-tests/certificate";

/// Where Secrets are in a document: the manifest itself, or the objects of an `AdmissionRequest` or `AdmissionReview`.
const SECRETS: [&str; 5] = ["", "/object", "/oldObject", "/request/object", "/request/oldObject"];

/// The annotation's value.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Wanted {
    dns_names: Vec<String>,
    not_before_days: i64,
    not_after_days: i64,
    broken: bool,
}

impl Default for Wanted {
    fn default() -> Self {
        Self { dns_names: Vec::new(), not_before_days: -1, not_after_days: 90, broken: false }
    }
}

/// Makes the certificates that the document's Secrets want and removes the annotation.
///
/// # Errors
///
/// The annotation cannot be read, or the certificate cannot be made.
pub(crate) fn fulfil(document: &mut Value) -> Result<()> {
    for pointer in SECRETS {
        let secret = document
            .pointer_mut(pointer)
            .filter(|object| object.get("kind").is_some_and(|kind| kind == "Secret"));
        if let Some(secret) = secret {
            fulfil_secret(secret)?;
        }
    }
    Ok(())
}

fn fulfil_secret(secret: &mut Value) -> Result<()> {
    let Some(wanted) = take_annotation(secret) else {
        return Ok(());
    };
    let name = secret.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
    let data =
        certificate(name, &wanted).with_context(|| format!("annotation {ANNOTATION} of Secret {name:?}"))?;
    if let Some(fields) = secret.as_object_mut() {
        fields.insert("data".to_owned(), data);
    }
    Ok(())
}

fn take_annotation(secret: &mut Value) -> Option<Value> {
    let metadata = secret.get_mut("metadata")?.as_object_mut()?;
    let annotations = metadata.get_mut("annotations")?.as_object_mut()?;
    let value = annotations.remove(ANNOTATION)?;
    if annotations.is_empty() {
        metadata.remove("annotations");
    }
    Some(value)
}

fn certificate(name: &str, wanted: &Value) -> Result<Value> {
    let text = wanted.as_str().context("an annotation is a string")?;
    let wanted: Wanted = yaml_serde::from_str(text)?;
    let mut secret = TlsSecret::new(name).valid(wanted.not_before_days, wanted.not_after_days);
    for name in &wanted.dns_names {
        secret = secret.san(name);
    }
    if wanted.broken {
        secret = secret.tls_crt("this is no certificate\n");
    }
    secret.data()
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::prelude::BASE64_STANDARD;
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn secret(wanted: &str) -> Value {
        json!({"kind": "Secret", "metadata": {"name": "a", "annotations": {(ANNOTATION): wanted}}})
    }

    fn certificate_of(secret: &Value) -> String {
        let bytes = BASE64_STANDARD.decode(secret["data"]["tls.crt"].as_str().unwrap()).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[rstest]
    #[case(
        "{dnsNames: ['*.apps.example.com'], notBeforeDays: -1, notAfterDays: 90}",
        "-----BEGIN CERTIFICATE-----"
    )]
    #[case(r#"{"dnsNames": ["a.example.com"]}"#, "-----BEGIN CERTIFICATE-----")]
    #[case("broken: true", "this is no certificate")]
    fn makes_what_is_wanted(#[case] wanted: &str, #[case] expected: &str) {
        let mut document = secret(wanted);
        fulfil(&mut document).unwrap();
        assert_eq!(document["metadata"], json!({"name": "a"}));
        assert!(certificate_of(&document).starts_with(expected));
        assert!(document["data"]["tls.key"].is_string());
    }

    #[test]
    fn looks_into_requests_and_keeps_other_annotations() {
        let mut new = secret("{}");
        new["metadata"]["annotations"]["kept"] = json!("yes");
        let mut review =
            json!({"kind": "AdmissionReview", "request": {"object": new, "oldObject": secret("{}")}});
        fulfil(&mut review).unwrap();
        assert_eq!(review["request"]["object"]["metadata"]["annotations"], json!({"kept": "yes"}));
        assert!(review["request"]["oldObject"]["data"].is_object());
    }

    #[test]
    fn leaves_all_else_alone() {
        let config_map = json!({"kind": "ConfigMap", "metadata": {"annotations": {(ANNOTATION): "{}"}}});
        let plain = json!({"kind": "Secret", "metadata": {"name": "a"}, "data": {"tls.crt": "eA=="}});
        for document in [config_map, plain, json!(null), json!([1])] {
            let mut fulfilled = document.clone();
            fulfil(&mut fulfilled).unwrap();
            assert_eq!(fulfilled, document);
        }
    }

    #[test]
    fn a_typo_is_an_error_that_names_the_secret() {
        let error = format!("{:#}", fulfil(&mut secret("{dnsName: a}")).unwrap_err());
        assert!(error.contains("\"a\"") && error.contains("dnsName"), "{error}");
    }
}
