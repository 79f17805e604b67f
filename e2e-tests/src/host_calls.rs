//! What the guest can call, and the record of what it called.

use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Result, bail};
use serde_json::Value;

use crate::cluster::Progress;
use crate::{Answer, Cluster, HostCall};

/// Answers the host calls of one evaluation.
pub(crate) struct HostCalls {
    cluster: Cluster,
    state: Mutex<State>,
}

struct State {
    progress: Progress,
    record: Record,
}

/// What the guest did.
#[derive(Default)]
pub(crate) struct Record {
    pub(crate) calls: Vec<HostCall>,
    pub(crate) logs: Vec<Value>,
}

impl HostCalls {
    pub(crate) fn new(cluster: &Cluster) -> Self {
        let state = State { progress: cluster.begin(), record: Record::default() };
        Self { cluster: cluster.clone(), state: Mutex::new(state) }
    }

    /// Answers one waPC host call; bindings as in the Kubewarden host capabilities specification.
    /// Log lines are collected apart, all other calls are recorded, the failed ones too.
    pub(crate) fn answer(
        &self,
        binding: &str,
        namespace: &str,
        operation: &str,
        payload: &[u8],
    ) -> Result<Vec<u8>> {
        let mut state = self.state();
        let request = serde_json::from_slice(payload).unwrap_or_default();
        let answer = match (binding, namespace, operation) {
            ("kubewarden", "tracing", "log") => {
                state.record.logs.push(request);
                return Ok(Vec::new());
            }
            ("kubewarden", "kubernetes", operation) => {
                self.cluster.look_up(operation, payload, &mut state.progress)
            }
            _ => refuse(binding, namespace, operation),
        };
        state.record.calls.push(HostCall {
            operation: operation.to_owned(),
            request,
            bytes: answer.as_ref().map_or(0, Vec::len),
            answer: Answer(match &answer {
                Ok(payload) => Ok(payload.clone()),
                Err(error) => Err(format!("{error:#}")),
            }),
        });
        answer
    }

    /// What the guest did, once it is done.
    ///
    /// # Errors
    ///
    /// It is not what the cluster expects.
    pub(crate) fn finish(&self) -> Result<Record> {
        let record = mem::take(&mut self.state().record);
        self.cluster.check(&record.calls)?;
        Ok(record)
    }

    /// A panic in one call leaves nothing half-done that another could trip over.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn refuse(binding: &str, namespace: &str, operation: &str) -> Result<Vec<u8>> {
    bail!("this host does not answer {binding}/{namespace}/{operation}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn logs_are_apart_and_every_other_call_is_recorded() {
        let calls = HostCalls::new(&Cluster::new(vec![]));
        assert!(calls.answer("kubewarden", "tracing", "log", br#"{"message":"hello"}"#).unwrap().is_empty());
        let list = json!({"api_version": "v1", "kind": "Secret"});
        let answer = calls
            .answer("kubewarden", "kubernetes", "list_resources_all", list.to_string().as_bytes())
            .unwrap();
        let error = calls.answer("kubewarden", "net", "lookup_host", b"example.com").unwrap_err();
        assert!(error.to_string().contains("kubewarden/net/lookup_host"));

        let record = calls.finish().unwrap();
        assert_eq!(record.logs, [json!({"message": "hello"})]);
        assert_eq!(
            record.calls,
            [
                HostCall {
                    operation: "list_resources_all".into(),
                    request: list,
                    bytes: answer.len(),
                    answer: Answer(Ok(answer)),
                },
                HostCall {
                    operation: "lookup_host".into(),
                    request: Value::Null,
                    bytes: 0,
                    answer: Answer(Err(error.to_string())),
                },
            ]
        );
    }
}
