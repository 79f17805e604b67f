//! A host that answers look-ups.
//!
//! The policy calls its host through functions that waPC imports into the wasm. Outside of wasm the
//! SDK defines them, so that tests can be linked, and refuses every call. `build.rs` has the linker
//! call these here instead. The function that is to be called is named by `--wrap`, so that there
//! are not two of the same name.
#![allow(unsafe_code, reason = "the functions have the signatures of waPC")]

use std::{cell::RefCell, slice};

use serde_json::Value;

use crate::payload::{self, Conduct};

thread_local! {
    static ANSWER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Looks something up, and keeps the answer until it is fetched.
///
/// # Safety
/// The pointers are to as many bytes as the lengths say.
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap___host_call(
    _binding: *const u8,
    _binding_len: usize,
    _namespace: *const u8,
    _namespace_len: usize,
    operation: *const u8,
    operation_len: usize,
    message: *const u8,
    message_len: usize,
) -> usize {
    let (operation, message) = unsafe {
        (slice::from_raw_parts(operation, operation_len), slice::from_raw_parts(message, message_len))
    };
    let (is_answered, answer) = match look_up(operation, message) {
        Ok(answer) => (1, answer),
        Err(cause) => (0, cause.as_bytes().to_vec()),
    };
    ANSWER.set(answer);
    is_answered
}

#[unsafe(no_mangle)]
extern "C" fn __wrap___host_response_len() -> usize {
    ANSWER.with_borrow(Vec::len)
}

/// # Safety
/// There is room for as many bytes as the length said.
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap___host_response(room: *mut u8) {
    ANSWER.with_borrow(|answer| unsafe { room.copy_from(answer.as_ptr(), answer.len()) });
}

#[unsafe(no_mangle)]
extern "C" fn __wrap___host_error_len() -> usize {
    __wrap___host_response_len()
}

/// # Safety
/// There is room for as many bytes as the length said.
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap___host_error(room: *mut u8) {
    unsafe { __wrap___host_response(room) }
}

/// The namespace that is asked for says how the host behaves, so that the fuzzer can choose it.
fn look_up(operation: &[u8], message: &[u8]) -> Result<Vec<u8>, &'static str> {
    let request: Value = serde_json::from_slice(message).map_err(|_| "not a request")?;
    let answer = match (Conduct::of(request["namespace"].as_str().unwrap_or_default()), operation) {
        (Conduct::Refuse, _) => return Err("secrets is forbidden"),
        (Conduct::Echo, _) => message,
        (Conduct::Empty, b"get_resource") => return Err("cannot find v1/Secret"),
        (Conduct::Empty, _) => br#"{"items":[]}"#,
        (Conduct::Answer, b"get_resource") => payload::source(),
        (Conduct::Answer, _) if request["kind"] == "Secret" => payload::routing_secrets(),
        (Conduct::Answer, _) => payload::users(),
    };
    Ok(answer.to_vec())
}
