//! The floor: a policy that accepts everything and reads nothing. What it costs is the sandbox.

use wapc_guest::{CallResult, register_function};

/// Registers what the host may call.
#[allow(unsafe_code, reason = "the host finds the function by its name")]
#[unsafe(no_mangle)]
pub extern "C" fn wapc_init() {
    register_function("validate", validate);
}

fn validate(_payload: &[u8]) -> CallResult {
    Ok(br#"{"accepted":true}"#.to_vec())
}
