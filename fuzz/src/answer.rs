//! What must hold of the policy's answer to any payload.

use std::collections::HashSet;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::de::IgnoredAny;
use serde_json::Value;

const MAX_WARNINGS: usize = 10;
const MAX_WARNING_LENGTH: usize = 256;
/// How much of a key may be told: less than that many characters of its base64 in a row.
const TELLING: usize = 16;

/// The policy's answer.
#[derive(Debug)]
pub struct Answer {
    /// Whether the object may be stored.
    pub accepted: bool,
    /// Why not.
    pub message: Option<String>,
    /// In which form it may be stored instead.
    pub mutated: Option<Value>,
}

/// Has the policy judge a payload, and checks the answer.
///
/// # Panics
/// If the answer is not as the contract has it: this is what the fuzzer looks for.
pub fn judge(payload: &[u8]) -> Answer {
    let answer = call(payload);
    let text = answer.to_string();
    let warnings = match &answer["warnings"] {
        Value::Null => &[],
        Value::Array(warnings) => warnings.as_slice(),
        _ => panic!("warnings are no list: {text}"),
    };
    assert!(warnings.len() <= MAX_WARNINGS, "too many warnings: {text}");
    for warning in warnings {
        let warning = warning.as_str().expect("a warning should be text");
        let length = warning.chars().count();
        assert!(length <= MAX_WARNING_LENGTH, "a long warning: {warning}");
        let is_line = !warning.chars().any(char::is_control);
        assert!(is_line, "a warning of several lines: {warning:?}");
    }
    let accepted = answer["accepted"].as_bool();
    let answer = Answer {
        accepted: accepted.expect("accepted should be a bool"),
        message: answer["message"].as_str().map(str::to_owned),
        mutated: Some(answer["mutated_object"].clone()).filter(|object| !object.is_null()),
    };
    assert_ne!(answer.accepted, answer.message.is_some(), "{text}");
    if let Some(object) = &answer.mutated {
        assert!(answer.accepted, "rejected, but mutated: {text}");
        assert!(object.is_object(), "no object: {text}");
    }
    let payload = match serde_json::from_slice::<Value>(payload) {
        Ok(payload) => payload,
        Err(_) => {
            if serde_json::from_slice::<IgnoredAny>(payload).is_err() {
                assert_eq!(call(payload), call(b""), "what is no JSON is told about");
            }
            return answer;
        }
    };
    check_secrecy(payload.clone(), &text, answer.mutated.as_ref());
    if answer.mutated.is_some() {
        check_stability(payload);
    }
    answer
}

fn call(payload: &[u8]) -> Value {
    let answer = routing_secrets_policy::validate(payload).expect("there should be an answer");
    serde_json::from_slice(&answer).expect("the answer should be JSON")
}

/// What is said, other than the mutated object, holds nothing of `tls.key`, unless it can be known
/// from other parts of the payload.
fn check_secrecy(mut payload: Value, answer: &str, mutated: Option<&Value>) {
    let mut keys = Vec::new();
    for object in ["object", "oldObject"] {
        for (field, is_base64) in [("data", true), ("stringData", false)] {
            let key = payload.pointer_mut(&format!("/request/{object}/{field}/tls.key"));
            let Some(Value::String(key)) = key.map(Value::take) else {
                continue;
            };
            let other = if is_base64 {
                let text = STANDARD.decode(&key).unwrap_or_default();
                String::from_utf8_lossy(&text).into_owned()
            } else {
                STANDARD.encode(&key)
            };
            keys.extend([key, other]);
        }
    }
    if keys.is_empty() {
        return;
    }
    let said = match mutated {
        Some(object) => answer.replace(&object.to_string(), ""),
        None => answer.to_owned(),
    };
    let said: HashSet<&[u8]> = said.as_bytes().windows(TELLING).collect();
    let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=".contains(byte);
    let mut told = keys
        .iter()
        .flat_map(|key| key.as_bytes().windows(TELLING))
        .filter(|part| part.iter().all(is_base64) && said.contains(part))
        .map(String::from_utf8_lossy)
        .peekable();
    if told.peek().is_some() {
        let public = payload.to_string();
        let told = told.find(|part| !public.contains(part.as_ref()));
        assert_eq!(told, None, "a part of the key is told");
    }
}

/// Writing a mutated object once more changes nothing.
fn check_stability(mut payload: Value) {
    // It names the namespace of every request; without it, the one of the old object counts.
    if !payload["request"]["namespace"].is_string() {
        return;
    }
    // Written anew, as the API server does: members are not repeated.
    let Value::Object(answer) = call(payload.to_string().as_bytes()) else {
        return;
    };
    let object = answer.get("mutated_object").filter(|new| !new.is_null());
    if let (Some(new), Some(request)) = (object, payload.pointer_mut("/request")) {
        request["object"] = new.clone();
        // A record that the old object has and the new one lacks would count as lost. Of a mirror from which somebody takes
        // the label, the next write gets it back.
        if request["operation"] == "UPDATE" && request["kind"]["kind"] != "Secret" {
            request["oldObject"] = new.clone();
        }
        let again = call(payload.to_string().as_bytes());
        // A mirror gets its label whatever its content is, and with the label it is judged.
        if payload["request"]["kind"]["kind"] != "Secret" {
            assert_eq!(again["accepted"], true, "accepted, but not again: {new}");
        }
        assert_eq!(again["mutated_object"], Value::Null, "from {new}");
    }
}
