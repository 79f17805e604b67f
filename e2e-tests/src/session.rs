//! Recorded sessions: what a policy asked its host during one evaluation, and what it was told.
//!
//! The format is that of `kwctl run --record-host-capabilities-interactions` and
//! `--replay-host-capabilities-interactions`, a YAML list of exchanges:
//! <https://github.com/kubewarden/kubewarden-controller/blob/main/crates/kwctl/src/callback_handler/proxy.rs>

use std::fmt;

use anyhow::{Context, Result, anyhow, bail, ensure};
use serde::{Deserialize, Serialize};

use crate::HostCall;
use crate::look_up::LookUp;

/// The look-ups of one evaluation, in order, with their answers. These are whole objects, private keys included.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(transparent)]
pub struct Session(Vec<Exchange>);

#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(tag = "type")]
struct Exchange {
    #[serde(with = "yaml_in_yaml")]
    request: LookUp,
    response: Response,
}

#[derive(Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(tag = "type")]
enum Response {
    Success { payload: String },
    Error { message: String },
}

impl Session {
    /// The session that these calls were.
    ///
    /// # Errors
    ///
    /// One is not among the look-ups that this host knows, or its answer is no text.
    pub fn of(calls: &[HostCall]) -> Result<Self> {
        let exchanges = calls.iter().map(|call| {
            let cannot = || format!("cannot record the call of {}", call.operation);
            Ok(Exchange {
                request: look_up(call).with_context(cannot)?,
                response: match &call.answer.0 {
                    Ok(payload) => Response::Success {
                        payload: String::from_utf8(payload.clone()).with_context(cannot)?,
                    },
                    Err(message) => Response::Error { message: message.clone() },
                },
            })
        });
        exchanges.collect::<Result<_>>().map(Self)
    }

    /// Reads a session that this host or kwctl recorded.
    ///
    /// # Errors
    ///
    /// The text is no session, or has an exchange that is none of this host's look-ups.
    pub fn parse(yaml: &str) -> Result<Self> {
        yaml_serde::from_str(yaml).context("this is no recorded session")
    }

    /// The text that kwctl reads.
    ///
    /// # Errors
    ///
    /// It cannot be written as YAML.
    pub fn to_yaml(&self) -> Result<String> {
        Ok(yaml_serde::to_string(self)?)
    }

    /// What was recorded for the look-up at this place of the evaluation. If it is another one, the policy gets an
    /// error, as from kwctl.
    pub(crate) fn answer(&self, position: usize, asked: &LookUp) -> Result<Vec<u8>> {
        match &self.recorded(position, asked)?.response {
            Response::Success { payload } => Ok(payload.clone().into_bytes()),
            Response::Error { message } => bail!("{message}"),
        }
    }

    /// Whether these calls are the recorded ones. A policy can take the error for that of a cluster, and kwctl only warns
    /// of exchanges that are left over; a test must not pass so.
    pub(crate) fn check(&self, calls: &[HostCall]) -> Result<()> {
        for (position, call) in calls.iter().enumerate() {
            let asked =
                look_up(call).with_context(|| format!("cannot replay the call of {}", call.operation))?;
            self.recorded(position, &asked)?;
        }
        ensure!(
            calls.len() == self.0.len(),
            "the policy made {} of the {} look-ups that the session has",
            calls.len(),
            self.0.len()
        );
        Ok(())
    }

    fn recorded(&self, position: usize, asked: &LookUp) -> Result<&Exchange> {
        let number = position + 1;
        let exchange = self.0.get(position).ok_or_else(|| {
            let asked = one_line(asked);
            anyhow!("look-up {number} is not in the session: the policy asked {asked}")
        })?;
        ensure!(
            exchange.request == *asked,
            "look-up {number} is another one than in the session: the policy asked {}, recorded is {}",
            one_line(asked),
            one_line(&exchange.request)
        );
        Ok(exchange)
    }
}

/// Sizes instead of answers, for the same reason as in [`crate::Answer`].
impl fmt::Debug for Response {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Success { payload } => write!(formatter, "{} bytes", payload.len()),
            Self::Error { message } => write!(formatter, "{message:?}"),
        }
    }
}

fn look_up(call: &HostCall) -> Result<LookUp> {
    LookUp::parse(&call.operation, call.request.to_string().as_bytes())
}

fn one_line(look_up: &LookUp) -> String {
    serde_json::to_string(look_up).unwrap_or_else(|error| error.to_string())
}

/// kwctl keeps a request as YAML text inside the YAML of the session.
mod yaml_in_yaml {
    use serde::de::{Deserialize, Deserializer, Error as _};
    use serde::ser::{Error as _, Serializer};

    use super::LookUp;

    pub(super) fn serialize<S: Serializer>(request: &LookUp, serializer: S) -> Result<S::Ok, S::Error> {
        let text = yaml_serde::to_string(request).map_err(S::Error::custom)?;
        serializer.serialize_str(&text)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<LookUp, D::Error> {
        yaml_serde::from_str(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::Answer;

    /// What kwctl 1.36 writes for these look-ups.
    const RECORDED: &str = r#"- type: Exchange
  request: |
    !KubernetesListResourceNamespace
    api_version: v1
    kind: Secret
    namespace: workspace
    label_selector: epinio.io/routing
    field_selector: type=kubernetes.io/tls
    field_masks:
    - metadata.name
    - type
  response:
    type: Success
    payload: '{"items":[]}'
- type: Exchange
  request: |
    !KubernetesGetResource
    api_version: v1
    kind: Secret
    name: a
    namespace: null
    disable_cache: true
    field_masks: null
  response:
    type: Error
    message: cannot find v1/Secret named "a"
- type: Exchange
  request: |
    !KubernetesListResourceAll
    api_version: v1
    kind: Secret
    label_selector: null
    field_selector: null
    field_masks: null
  response:
    type: Success
    payload: '{}'
"#;

    fn call(operation: &str, request: Value, answer: Result<&str, &str>) -> HostCall {
        HostCall {
            operation: operation.to_owned(),
            request,
            bytes: answer.map_or(0, str::len),
            answer: Answer(answer.map(Into::into).map_err(Into::into)),
        }
    }

    fn calls() -> Vec<HostCall> {
        let list = json!({"api_version": "v1", "kind": "Secret", "namespace": "workspace", "label_selector": "epinio.io/routing",
            "field_selector": "type=kubernetes.io/tls", "field_masks": ["type", "metadata.name"]});
        let get = json!({"api_version": "v1", "kind": "Secret", "name": "a", "namespace": null, "disable_cache": true,
            "field_masks": null});
        let all = json!({"api_version": "v1", "kind": "Secret", "label_selector": null, "field_selector": null,
            "field_masks": null});
        vec![
            call("list_resources_by_namespace", list, Ok(r#"{"items":[]}"#)),
            call("get_resource", get, Err(r#"cannot find v1/Secret named "a""#)),
            call("list_resources_all", all, Ok("{}")),
        ]
    }

    fn session() -> Session {
        Session::parse(RECORDED).unwrap()
    }

    #[test]
    fn writes_what_kwctl_writes() {
        let session = Session::of(&calls()).unwrap();
        assert_eq!(session.to_yaml().unwrap(), RECORDED);
        assert_eq!(session, self::session());
        assert_eq!(Session::of(&[]).unwrap().to_yaml().unwrap(), "[]\n");
    }

    /// From before there were field masks; written by hand, as in the tests of kwctl.
    #[test]
    fn reads_older_sessions() {
        let text = "- type: Exchange\n  request: |\n    !KubernetesGetResource\n    api_version: v1\n    kind: Namespace\n    \
            name: a\n    namespace: null\n    disable_cache: false\n  response:\n    type: Success\n    payload: |\n      \
            {\n        \"kind\": \"Namespace\"\n      }\n";
        let get = json!({"api_version": "v1", "kind": "Namespace", "name": "a", "namespace": null, "disable_cache": false,
            "field_masks": null});
        let get = LookUp::parse("get_resource", get.to_string().as_bytes()).unwrap();
        let answer = Session::parse(text).unwrap().answer(0, &get).unwrap();
        assert_eq!(answer, b"{\n  \"kind\": \"Namespace\"\n}\n");
    }

    #[test]
    fn replays_in_order() {
        let (session, calls) = (session(), calls());
        for (position, call) in calls.iter().enumerate() {
            let answer = session.answer(position, &look_up(call).unwrap());
            let answer = answer.map_err(|error| error.to_string());
            assert_eq!(Answer(answer), call.answer);
        }
        session.check(&calls).unwrap();
    }

    #[test]
    fn other_look_ups_are_errors() {
        let (session, mut calls) = (session(), calls());
        let failure = |calls: &[HostCall]| session.check(calls).unwrap_err().to_string();
        assert_eq!(failure(&calls[..2]), "the policy made 2 of the 3 look-ups that the session has");
        calls.push(calls[2].clone());
        assert!(failure(&calls).starts_with("look-up 4 is not in the session: the policy asked {"));
        calls[1].request["name"] = json!("b");
        let failure = failure(&calls);
        assert!(failure.starts_with("look-up 2 is another one than in the session: "));
        assert!(failure.contains(r#""name":"b""#) && failure.contains(r#""name":"a""#), "{failure}");
        assert!(session.answer(3, &look_up(&calls[2]).unwrap()).is_err());
        assert!(session.answer(0, &look_up(&calls[2]).unwrap()).is_err());
    }

    #[test]
    fn what_has_no_place_in_a_session_is_an_error() {
        let unknown = call("lookup_host", json!(null), Err("no"));
        let error = Session::of(std::slice::from_ref(&unknown)).unwrap_err();
        assert!(error.to_string().contains("lookup_host"));
        assert!(session().check(&[unknown]).is_err());
        let mut calls = calls();
        calls[0].answer = Answer(Ok(vec![0xff]));
        assert!(Session::of(&calls).is_err());
        for text in [
            "{}",
            "- a",
            "- {type: Exchange, request: '!DNSLookupHost {host: a}', response: {type: Error, message: a}}",
        ] {
            assert!(Session::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn answers_are_not_shown() {
        let shown = format!("{:?} {:?}", session(), calls());
        assert!(shown.contains("12 bytes") && !shown.contains("items"));
    }
}
