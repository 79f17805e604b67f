//! The host's answers to look-ups, made once and then repeated.
//!
//! What the host does for an answer is not the policy's work, and with manifests it is not what a policy-server
//! does: it must not be in the time.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use anyhow::{Result, bail};
use e2e_tests::Cluster;

/// Answers the host calls of evaluations.
pub struct Answers {
    cluster: Cluster,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    prepared: HashMap<(String, Vec<u8>), Vec<u8>>,
    traffic: Traffic,
}

/// What went into the sandbox.
#[derive(Clone, Copy, Default)]
pub struct Traffic {
    /// The calls of the guest, log lines among them.
    pub calls: usize,
    /// The size of their answers.
    pub bytes: usize,
}

impl Answers {
    /// Answers from the objects of a cluster.
    #[must_use]
    pub fn new(cluster: Cluster) -> Self {
        Self {
            cluster,
            state: Mutex::default(),
        }
    }

    /// Answers one waPC host call.
    ///
    /// # Errors
    ///
    /// It is none that this host answers, or the cluster refuses it.
    pub fn answer(&self, namespace: &str, operation: &str, payload: &[u8]) -> Result<Vec<u8>> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.traffic.calls += 1;
        let answer = match namespace {
            "tracing" => Vec::new(),
            "kubernetes" => {
                let call = (operation.to_owned(), payload.to_vec());
                match state.prepared.get(&call) {
                    Some(answer) => answer.clone(),
                    None => {
                        let answer = self.cluster.answer_to(operation, payload)?;
                        state.prepared.insert(call, answer.clone());
                        answer
                    }
                }
            }
            _ => bail!("this host does not answer {namespace}/{operation}"),
        };
        state.traffic.bytes += answer.len();
        Ok(answer)
    }

    /// What was answered since the last time this was asked.
    pub fn take_traffic(&self) -> Traffic {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut state.traffic)
    }
}
