//! Puts our host in the place of the one that the SDK has for tests, which refuses every call.

fn main() {
    for function in
        ["__host_call", "__host_response_len", "__host_response", "__host_error_len", "__host_error"]
    {
        // The linker then sends calls of the function to `__wrap_` and its name (src/host.rs).
        println!("cargo:rustc-link-arg-bins=-Wl,--wrap={function}");
    }
    println!("cargo:rerun-if-changed=build.rs");
}
