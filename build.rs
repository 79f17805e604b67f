//! What the linker is told about the module.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // It leaves room for the greatest number wherever the compiler has it fill one in; that room was a fifteenth of
    // policy.wasm.
    if std::env::var("CARGO_CFG_TARGET_FAMILY").is_ok_and(|family| family == "wasm") {
        println!("cargo::rustc-link-arg-cdylib=--compress-relocations");
    }
}
