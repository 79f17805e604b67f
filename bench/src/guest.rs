//! A policy, run as policy-server runs one: compiled once, a fresh instance for every evaluation.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use wapc::WapcHost;
use wasmtime_provider::wasmtime::{Config, Engine};
use wasmtime_provider::{EpochDeadlines, WasmtimeEngineProviderBuilder, WasmtimeEngineProviderPre};

use crate::answers::Answers;
use crate::memory::Meter;

/// Code that can be interrupted, as policy-server has it compiled, is slower. Nothing lets the time pass here.
const DEADLINES: EpochDeadlines = EpochDeadlines {
    wapc_init: 1,
    wapc_func: 1,
};

/// A compiled policy.
pub struct Guest {
    compiled: WasmtimeEngineProviderPre,
    meter: Meter,
}

impl Guest {
    /// Compiles the policy in a file.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or is no WebAssembly module that a waPC host can link.
    pub fn load(wasm: &Path) -> Result<Self> {
        let module =
            std::fs::read(wasm).with_context(|| format!("cannot read {}", wasm.display()))?;
        let engine = Engine::new(Config::new().epoch_interruption(true))
            .map_err(|error| anyhow!("{error:#}"))?;
        let compiled = WasmtimeEngineProviderBuilder::new()
            .engine(engine.clone())
            .module_bytes(&module)
            .build_pre()
            .map_err(|error| anyhow!("{error:#}"))?;
        let meter = Meter::new(&engine, &module)?;
        Ok(Self { compiled, meter })
    }

    /// Calls `validate` in a fresh instance.
    ///
    /// # Errors
    ///
    /// The guest trapped, or answered with an error.
    pub fn validate(&self, payload: &[u8], answers: &Arc<Answers>) -> Result<Vec<u8>> {
        let answers = Arc::clone(answers);
        let callback = move |_, _: &str, namespace: &str, operation: &str, payload: &[u8]| {
            answers
                .answer(namespace, operation, payload)
                .map_err(|error| format!("{error:#}").into())
        };
        let instance = self.compiled.rehydrate(Some(DEADLINES))?;
        let host = WapcHost::new(Box::new(instance), Some(Box::new(callback)))?;
        Ok(host.call("validate", payload)?)
    }

    /// How many bytes of memory a call of `validate` leaves its instance with.
    ///
    /// # Errors
    ///
    /// As [`Guest::validate`].
    pub fn memory(&self, payload: &[u8], answers: &Arc<Answers>) -> Result<usize> {
        self.meter.memory(payload, answers)
    }
}
