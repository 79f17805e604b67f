//! Cases: what a policy is asked, what it finds in the cluster, and what comes of it. They are evaluated by the tests of
//! this crate and, with sessions that are recorded from them, by kwctl.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{Cluster, Response, certificate_annotation, manifests, request_from};

/// One evaluation.
#[derive(Clone, Debug)]
pub struct Case {
    /// The name of the file, without its extension.
    pub name: String,
    /// An `AdmissionRequest`.
    pub request: Value,
    /// The policy's settings.
    pub settings: Value,
    /// What look-ups find.
    pub cluster: Cluster,
    /// What the policy answers.
    pub expected: Expected,
}

/// What is expected of an answer.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    accepted: bool,
    mutated: Option<bool>,
    /// Texts in the message, the warnings or the audit annotations.
    #[serde(default)]
    says: Vec<String>,
}

/// A case as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// As for [`request_from`].
    request: Value,
    #[serde(default)]
    settings: Map<String, Value>,
    /// Manifests.
    #[serde(default)]
    cluster: Vec<Value>,
    /// All look-ups fail with this text.
    refuse: Option<String>,
    expected: Expected,
}

/// Reads the cases in the files of a directory, in order of name. Secrets in them get the certificates that annotation
/// `e2e-tests/certificate` describes.
///
/// # Errors
///
/// A file cannot be read, or is no case.
pub fn load(directory: &Path) -> Result<Vec<Case>> {
    let cases = manifests::files(directory)?.into_iter().map(|file| {
        let cannot_use = || format!("cannot use {}", file.display());
        let text = std::fs::read_to_string(&file).with_context(cannot_use)?;
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        parse(&name, &text).with_context(cannot_use)
    });
    cases.collect()
}

fn parse(name: &str, text: &str) -> Result<Case> {
    let mut file: File = yaml_serde::from_str(text)?;
    certificate_annotation::fulfil(&mut file.request)?;
    file.cluster.iter_mut().try_for_each(certificate_annotation::fulfil)?;
    let cluster = Cluster::new(file.cluster);
    Ok(Case {
        name: name.to_owned(),
        request: request_from(file.request)?,
        settings: Value::Object(file.settings),
        cluster: match file.refuse {
            Some(cause) => cluster.refusing(cause),
            None => cluster,
        },
        expected: file.expected,
    })
}

impl Expected {
    /// Whether an answer is as expected.
    ///
    /// # Errors
    ///
    /// It is not; the error says in what respect.
    pub fn check(&self, response: &Response) -> Result<()> {
        let mutated = response.mutated_object.is_some();
        let answer = Response { mutated_object: None, ..response.clone() };
        let answer = serde_json::to_string(&answer)?;
        ensure!(
            response.accepted == self.accepted && self.mutated.is_none_or(|expected| mutated == expected),
            "expected is {self:?}, the answer is {answer}, mutated: {mutated}"
        );
        for text in &self.says {
            ensure!(answer.contains(text), "{text:?} is missing in {answer}");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const CASE: &str = "request: {apiVersion: v1, kind: Secret, metadata: {name: a, annotations: {e2e-tests/certificate: '{}'}}}\n\
        cluster: [{apiVersion: v1, kind: Secret, metadata: {name: b, annotations: {e2e-tests/certificate: '{}'}}}]\n";

    #[test]
    fn secrets_get_their_certificates() {
        let case = parse("some", &format!("{CASE}expected: {{accepted: true}}")).unwrap();
        assert!(case.request["object"]["data"]["tls.crt"].is_string());
        assert_eq!((case.name.as_str(), &case.settings), ("some", &json!({})));
        let get = json!({"api_version": "v1", "kind": "Secret", "name": "b", "namespace": "default", "disable_cache": true});
        let secret =
            case.cluster.look_up("get_resource", get.to_string().as_bytes(), &mut case.cluster.begin());
        assert!(String::from_utf8_lossy(&secret.unwrap()).contains("tls.crt"));
    }

    #[test]
    fn what_is_no_case_is_an_error() {
        for rest in [
            "",
            "expected: {}",
            "expected: {accepted: true, reason: a}",
            "expected: {accepted: true}\nsetting: {}",
        ] {
            assert!(parse("some", &format!("{CASE}{rest}")).is_err(), "{rest}");
        }
    }

    #[test]
    fn answers_are_checked_in_every_respect() {
        let response = json!({"accepted": true, "mutated_object": {"a": "hidden"}, "warnings": ["careful"]});
        let response: Response = serde_json::from_value(response).unwrap();
        let check = |expected: Value| {
            let expected: Expected = serde_json::from_value(expected).unwrap();
            expected.check(&response).is_ok()
        };
        assert!(check(json!({"accepted": true})));
        assert!(check(json!({"accepted": true, "mutated": true, "says": ["careful"]})));
        assert!(!check(json!({"accepted": false})));
        assert!(!check(json!({"accepted": true, "mutated": false})));
        assert!(!check(json!({"accepted": true, "says": ["hidden"]})));
    }
}
