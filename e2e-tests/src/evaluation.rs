//! What an evaluation gives back: the guest's answer, and what it did on the way.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// A policy's answer to `validate`, the `ValidationResponse` of kubewarden-policy-sdk.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Response {
    /// Whether the object may be written.
    pub accepted: bool,
    /// Why it may not.
    #[serde(default)]
    pub message: Option<String>,
    /// The HTTP status a rejection is reported with.
    #[serde(default)]
    pub code: Option<u16>,
    /// The object as the policy wants it written; the host makes a JSON patch of it.
    #[serde(default)]
    pub mutated_object: Option<Value>,
    /// Facts for the audit log of the API server.
    #[serde(default, deserialize_with = "null_as_empty")]
    pub audit_annotations: BTreeMap<String, String>,
    /// Lines shown to whoever made the request.
    #[serde(default, deserialize_with = "null_as_empty")]
    pub warnings: Vec<String>,
}

/// A policy's answer to `validate_settings`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct SettingsVerdict {
    /// Whether the policy can run with these settings.
    pub valid: bool,
    /// Why it cannot.
    #[serde(default)]
    pub message: Option<String>,
}

/// One look-up of the guest, answered or refused.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HostCall {
    /// The waPC operation, such as `list_resources_by_namespace`.
    pub operation: String,
    /// The guest's request; `null` when it was no JSON.
    pub request: Value,
    /// The size of the answer, 0 when there was an error instead.
    pub bytes: usize,
    /// The answer itself; a report has only its size.
    #[serde(skip)]
    pub answer: Answer,
}

/// What the guest got for a look-up: bytes, or why there are none.
#[derive(Clone, PartialEq)]
pub struct Answer(pub Result<Vec<u8>, String>);

/// A test that fails shows its look-ups, and is no place for the private keys in them.
impl fmt::Debug for Answer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Ok(payload) => write!(formatter, "{} bytes", payload.len()),
            Err(cause) => write!(formatter, "{cause:?}"),
        }
    }
}

/// A `validate` call with its answer understood.
#[derive(Clone, Debug)]
pub struct Evaluation {
    /// The verdict.
    pub response: Response,
    /// The guest's look-ups, in order.
    pub calls: Vec<HostCall>,
    /// The guest's log lines, in order.
    pub logs: Vec<Value>,
    /// From the instantiation of the guest to its answer, look-ups included.
    pub elapsed: Duration,
}

/// A call with the bytes it was answered with.
#[derive(Clone, Debug)]
pub struct RawEvaluation {
    /// The answer, as the guest gave it.
    pub answer: Vec<u8>,
    /// The guest's look-ups, in order.
    pub calls: Vec<HostCall>,
    /// The guest's log lines, in order.
    pub logs: Vec<Value>,
    /// From the instantiation of the guest to its answer, look-ups included.
    pub elapsed: Duration,
}

/// The SDK writes `null` for what a policy did not set.
fn null_as_empty<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_an_answer_of_the_sdk() {
        let answer = r#"{"accepted":false,"message":"no","code":null,"mutated_object":null,
            "audit_annotations":null,"warnings":null}"#;
        let response: Response = serde_json::from_str(answer).unwrap();
        assert_eq!(response.message.as_deref(), Some("no"));
        assert_eq!(response.mutated_object, None);
        assert!(response.warnings.is_empty() && response.audit_annotations.is_empty());
    }
}
