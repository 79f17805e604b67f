//! The waPC side: a policy compiled once, a fresh instance for every call.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use serde_json::{Value, json};
use wapc::WapcHost;
use wasmtime_provider::wasmtime::{Cache, Config, Engine};
use wasmtime_provider::{EpochDeadlines, WasmtimeEngineProviderBuilder, WasmtimeEngineProviderPre};

use crate::host_calls::HostCalls;
use crate::{Cluster, Evaluation, RawEvaluation, SettingsVerdict};

/// How long a call may take, policy-server's default (`--policy-timeout 2`).
pub const EVALUATION_LIMIT: Duration = Duration::from_secs(2);

/// How often running guests are asked whether their time is up.
const TICK: Duration = Duration::from_millis(10);

/// A compiled policy.
pub struct Policy {
    guest: WasmtimeEngineProviderPre,
    deadlines: EpochDeadlines,
    /// The clock thread ends when this is dropped.
    _clock: Sender<()>,
}

impl Policy {
    /// Compiles the policy in a file.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or is no WebAssembly module that a waPC host can link.
    pub fn load(wasm: &Path) -> Result<Self> {
        let module = std::fs::read(wasm).with_context(|| format!("cannot read {}", wasm.display()))?;
        Self::compile(&module, EVALUATION_LIMIT).with_context(|| format!("cannot load {}", wasm.display()))
    }

    fn compile(module: &[u8], limit: Duration) -> Result<Self> {
        let mut config = Config::new();
        config.epoch_interruption(true);
        // The cache of the `wasmtime` command: all tests and commands compile the same module once.
        config.cache(Cache::from_file(None).ok());
        let engine = Engine::new(&config).map_err(|error| anyhow!("{error:#}"))?;
        let guest = WasmtimeEngineProviderBuilder::new()
            .engine(engine.clone())
            .module_bytes(module)
            .build_pre()
            .map_err(|error| anyhow!("{error:#}"))?;
        // A tick may come at once, so one more than the limit holds.
        let ticks = u64::try_from(limit.as_millis() / TICK.as_millis())? + 1;
        let deadlines = EpochDeadlines { wapc_init: ticks, wapc_func: ticks };
        Ok(Self { guest, deadlines, _clock: start_clock(engine) })
    }

    /// Calls `operation` with any payload in a fresh instance, as policy-server does for every request.
    ///
    /// # Errors
    ///
    /// `could not run`: the guest trapped, took too long, or answered with a waPC error. In a replay, it did not make
    /// the recorded look-ups.
    pub fn call(&self, operation: &str, payload: &[u8], cluster: &Cluster) -> Result<RawEvaluation> {
        let started = Instant::now();
        let host_calls = Arc::new(HostCalls::new(cluster));
        let answer = self
            .answer(operation, payload, Arc::clone(&host_calls))
            .map_err(|error| anyhow!("could not run {operation}: {error:#}"))?;
        let elapsed = started.elapsed();
        let record = host_calls.finish()?;
        Ok(RawEvaluation { answer, calls: record.calls, logs: record.logs, elapsed })
    }

    fn answer(&self, operation: &str, payload: &[u8], host_calls: Arc<HostCalls>) -> Result<Vec<u8>> {
        let instance = self.guest.rehydrate(Some(self.deadlines))?;
        let callback = move |_, binding: &str, namespace: &str, operation: &str, payload: &[u8]| {
            host_calls
                .answer(binding, namespace, operation, payload)
                .map_err(|error| format!("{error:#}").into())
        };
        Ok(WapcHost::new(Box::new(instance), Some(Box::new(callback)))?.call(operation, payload)?)
    }

    /// Has the policy judge an `AdmissionRequest`.
    ///
    /// # Errors
    ///
    /// As [`Policy::call`], or the answer is no `ValidationResponse`.
    pub fn validate(&self, request: &Value, settings: &Value, cluster: &Cluster) -> Result<Evaluation> {
        let payload = serde_json::to_vec(&json!({"request": request, "settings": settings}))?;
        let RawEvaluation { answer, calls, logs, elapsed } = self.call("validate", &payload, cluster)?;
        let response =
            serde_json::from_slice(&answer).context("the policy's answer is no ValidationResponse")?;
        Ok(Evaluation { response, calls, logs, elapsed })
    }

    /// Asks the policy whether it can run with these settings.
    ///
    /// # Errors
    ///
    /// As [`Policy::call`], or the answer is no `SettingsValidationResponse`.
    pub fn validate_settings(&self, settings: &Value) -> Result<SettingsVerdict> {
        let payload = serde_json::to_vec(settings)?;
        let answer = self.call("validate_settings", &payload, &Cluster::new(Vec::new()))?.answer;
        serde_json::from_slice(&answer).context("the policy's answer is no SettingsValidationResponse")
    }
}

/// Lets the engine's time pass until the returned handle is dropped. Guests compare it with their deadline:
/// <https://docs.rs/wasmtime/latest/wasmtime/struct.Config.html#method.epoch_interruption>
fn start_clock(engine: Engine) -> Sender<()> {
    let (clock, stopped) = mpsc::channel();
    thread::spawn(move || {
        while stopped.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
            engine.increment_epoch();
        }
    });
    clock
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers `{"accepted":true}` to everything.
    const ACCEPTING: &str = r#"(module
        (import "wapc" "__guest_response" (func $answer (param i32 i32)))
        (memory (export "memory") 1)
        (data (i32.const 0) "{\"accepted\":true}")
        (func (export "__guest_call") (param i32 i32) (result i32)
            (call $answer (i32.const 0) (i32.const 17))
            (i32.const 1)))"#;

    /// Makes every call a look-up of the same name and payload, and hands back what the host said.
    const FORWARDING: &str = r#"(module
        (import "wapc" "__guest_request" (func $request (param i32 i32)))
        (import "wapc" "__guest_response" (func $answer (param i32 i32)))
        (import "wapc" "__guest_error" (func $fail (param i32 i32)))
        (import "wapc" "__host_call" (func $host_call (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
        (import "wapc" "__host_response" (func $host_response (param i32)))
        (import "wapc" "__host_response_len" (func $host_response_len (result i32)))
        (import "wapc" "__host_error" (func $host_error (param i32)))
        (import "wapc" "__host_error_len" (func $host_error_len (result i32)))
        (memory (export "memory") 2)
        (data (i32.const 0) "kubewardenkubernetes")
        (func (export "__guest_call") (param $op_len i32) (param $len i32) (result i32)
            (call $request (i32.const 100) (i32.const 1000))
            (if (result i32) (call $host_call (i32.const 0) (i32.const 10) (i32.const 10) (i32.const 10)
                    (i32.const 100) (local.get $op_len) (i32.const 1000) (local.get $len))
                (then (call $host_response (i32.const 65536))
                    (call $answer (i32.const 65536) (call $host_response_len))
                    (i32.const 1))
                (else (call $host_error (i32.const 65536))
                    (call $fail (i32.const 65536) (call $host_error_len))
                    (i32.const 0)))))"#;

    const ENDLESS: &str = r#"(module (memory (export "memory") 1)
        (func (export "__guest_call") (param i32 i32) (result i32) (loop (br 0)) (i32.const 1)))"#;

    const TRAPPING: &str = r#"(module (memory (export "memory") 1)
        (func (export "__guest_call") (param i32 i32) (result i32) unreachable))"#;

    fn policy(text: &str) -> Policy {
        Policy::compile(text.as_bytes(), Duration::from_millis(50)).unwrap()
    }

    fn empty() -> Cluster {
        Cluster::new(vec![])
    }

    #[test]
    fn understands_an_answer() {
        let policy = policy(ACCEPTING);
        let evaluation = policy.validate(&json!({}), &json!({}), &empty()).unwrap();
        assert!(evaluation.response.accepted && evaluation.calls.is_empty() && evaluation.logs.is_empty());
        assert!(
            policy
                .validate_settings(&json!({}))
                .unwrap_err()
                .to_string()
                .contains("SettingsValidationResponse")
        );
    }

    #[test]
    fn answers_and_records_look_ups() {
        let secret =
            json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a", "namespace": "n"}});
        let cluster = Cluster::new(vec![secret.clone()]);
        let get = json!({"api_version": "v1", "kind": "Secret", "name": "a", "namespace": "n", "disable_cache": false});
        let policy = policy(FORWARDING);

        let found = policy.call("get_resource", get.to_string().as_bytes(), &cluster).unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&found.answer).unwrap(), secret);
        assert_eq!(found.calls.len(), 1);
        assert_eq!((&found.calls[0].request, found.calls[0].bytes), (&get, found.answer.len()));

        let refused =
            policy.call("get_resource", get.to_string().as_bytes(), &cluster.refusing("forbidden: RBAC"));
        assert!(refused.unwrap_err().to_string().contains("forbidden: RBAC"));
    }

    #[test]
    fn ends_a_guest_that_takes_too_long() {
        let started = Instant::now();
        let error = policy(ENDLESS).validate(&json!({}), &json!({}), &empty()).unwrap_err().to_string();
        assert!(
            error.starts_with("could not run validate") && error.contains("deadline exceeded"),
            "{error}"
        );
        assert!(started.elapsed() < EVALUATION_LIMIT);
    }

    #[test]
    fn a_trap_is_an_error_and_does_not_spoil_the_next_call() {
        let policy = policy(TRAPPING);
        for _ in 0..2 {
            let error = policy.call("validate", b"", &empty()).unwrap_err().to_string();
            assert!(error.starts_with("could not run validate"), "{error}");
        }
    }

    #[test]
    fn one_policy_serves_many_threads() {
        let policy = policy(ACCEPTING);
        thread::scope(|threads| {
            for _ in 0..4 {
                threads.spawn(|| policy.validate(&json!({}), &json!({}), &empty()).unwrap());
            }
        });
    }

    #[test]
    fn junk_cannot_be_loaded() {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        assert!(Policy::load(&manifest).is_err());
        assert!(Policy::load(Path::new("no such file")).is_err());
    }
}
