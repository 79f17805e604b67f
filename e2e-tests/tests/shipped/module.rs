//! The module itself.

use crate::support::root;

/// What every policy server fetches, keeps and compiles. `make size` tells what it is made of.
#[test]
fn the_module_is_small() {
    let bytes = std::fs::metadata(root().join("policy.wasm")).unwrap().len();
    assert!(bytes <= 700 * 1024, "{bytes} bytes");
}
