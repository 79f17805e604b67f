//! How much memory an evaluation takes.
//!
//! The linear memory of WebAssembly never shrinks, so its size at the end is the most that was used. The waPC
//! provider keeps the instance to itself; this host, which knows the little of waPC that a guest needs
//! (<https://wapc.io/docs/spec/>), does not.

use std::sync::Arc;

use anyhow::{Result, anyhow};
use wasi_common::WasiCtx;
use wasi_common::sync::WasiCtxBuilder;
use wasmtime_provider::wasmtime::{
    self, Caller, Engine, Extern, InstancePre, Linker, Memory, Module, Store,
};

use crate::answers::Answers;

const OPERATION: &[u8] = b"validate";

/// A policy in a host that looks at its memory.
pub struct Meter(InstancePre<State>);

struct State {
    wasi: WasiCtx,
    payload: Vec<u8>,
    answers: Arc<Answers>,
    answer: Result<Vec<u8>, String>,
}

type Guest<'a> = Caller<'a, State>;

impl Meter {
    /// Prepares a module.
    ///
    /// # Errors
    ///
    /// It is no WebAssembly module, or imports what this host does not have.
    pub fn new(engine: &Engine, module: &[u8]) -> Result<Self> {
        Self::link(engine, module).map_err(|error| anyhow!("{error:#}"))
    }

    fn link(engine: &Engine, module: &[u8]) -> wasmtime::Result<Self> {
        let module = Module::new(engine, module)?;
        let mut linker = Linker::new(engine);
        wasi_common::sync::add_to_linker(&mut linker, |state: &mut State| &mut state.wasi)?;
        let request = |mut guest: Guest<'_>, operation: u32, payload: u32| {
            write(&mut guest, operation, |_| OPERATION)?;
            write(&mut guest, payload, |state| &state.payload)
        };
        linker.func_wrap("wapc", "__guest_request", request)?;
        linker.func_wrap("wapc", "__host_call", host_call)?;
        let response = |mut guest: Guest<'_>, at: u32| {
            write(&mut guest, at, |state| {
                state.answer.as_deref().unwrap_or_default()
            })
        };
        linker.func_wrap("wapc", "__host_response", response)?;
        let length = |guest: Guest<'_>| guest.data().answer.as_ref().map_or(0, Vec::len) as u32;
        linker.func_wrap("wapc", "__host_response_len", length)?;
        let error =
            |mut guest: Guest<'_>, at: u32| write(&mut guest, at, |state| state.error().as_bytes());
        linker.func_wrap("wapc", "__host_error", error)?;
        let length = |guest: Guest<'_>| guest.data().error().len() as u32;
        linker.func_wrap("wapc", "__host_error_len", length)?;
        // What the guest says is not looked at here.
        for ignored in ["__guest_response", "__guest_error", "__console_log"] {
            linker.func_wrap("wapc", ignored, |_: u32, _: u32| {})?;
        }
        Ok(Self(linker.instantiate_pre(&module)?))
    }

    /// Calls `validate` in a fresh instance and returns the bytes of its memory.
    ///
    /// # Errors
    ///
    /// The guest trapped, or answered with an error.
    pub fn memory(&self, payload: &[u8], answers: &Arc<Answers>) -> Result<usize> {
        let state = State {
            wasi: WasiCtxBuilder::new().build(),
            payload: payload.to_vec(),
            answers: Arc::clone(answers),
            answer: Ok(Vec::new()),
        };
        self.run(state).map_err(|error| anyhow!("{error:#}"))
    }

    fn run(&self, state: State) -> wasmtime::Result<usize> {
        let lengths = (OPERATION.len() as u32, state.payload.len() as u32);
        let mut store = Store::new(self.0.module().engine(), state);
        store.set_epoch_deadline(1);
        let instance = self.0.instantiate(&mut store)?;
        for start in ["_start", "_initialize", "wapc_init"] {
            if let Ok(start) = instance.get_typed_func::<(), ()>(&mut store, start) {
                start.call(&mut store, ())?;
            }
        }
        let call = instance.get_typed_func::<(u32, u32), u32>(&mut store, "__guest_call")?;
        if call.call(&mut store, lengths)? == 0 {
            return Err(wasmtime::format_err!("the guest answered with an error"));
        }
        let memory = instance
            .get_memory(&mut store, "memory")
            .ok_or_else(|| wasmtime::format_err!("the guest has no memory"))?;
        Ok(memory.data_size(&store))
    }
}

impl State {
    fn error(&self) -> &str {
        self.answer.as_ref().err().map_or("", String::as_str)
    }
}

#[allow(clippy::too_many_arguments, reason = "waPC has it so")]
fn host_call(
    mut guest: Guest<'_>,
    _: u32,
    _: u32,
    namespace: u32,
    namespace_length: u32,
    operation: u32,
    operation_length: u32,
    payload: u32,
    payload_length: u32,
) -> wasmtime::Result<u32> {
    let memory = memory_of(&mut guest)?;
    let (data, state) = memory.data_and_store_mut(&mut guest);
    let read = |at: u32, length: u32| {
        let start = at as usize;
        data.get(start..start.saturating_add(length as usize))
            .ok_or_else(|| wasmtime::format_err!("out of bounds"))
    };
    let namespace = str::from_utf8(read(namespace, namespace_length)?)?;
    let operation = str::from_utf8(read(operation, operation_length)?)?;
    let answer = state
        .answers
        .answer(namespace, operation, read(payload, payload_length)?);
    state.answer = answer.map_err(|error| format!("{error:#}"));
    Ok(u32::from(state.answer.is_ok()))
}

fn write(guest: &mut Guest<'_>, at: u32, bytes: impl Fn(&State) -> &[u8]) -> wasmtime::Result<()> {
    let memory = memory_of(guest)?;
    let (data, state) = memory.data_and_store_mut(guest);
    let bytes = bytes(state);
    let start = at as usize;
    data.get_mut(start..start.saturating_add(bytes.len()))
        .ok_or_else(|| wasmtime::format_err!("out of bounds"))?
        .copy_from_slice(bytes);
    Ok(())
}

fn memory_of(guest: &mut Guest<'_>) -> wasmtime::Result<Memory> {
    guest
        .get_export("memory")
        .and_then(Extern::into_memory)
        .ok_or_else(|| wasmtime::format_err!("the guest has no memory"))
}
