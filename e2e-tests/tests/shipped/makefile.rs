//! The Makefile says which tool is missing, and where to get it.

use std::process::Command;

use rstest::rstest;

use crate::support::root;

/// Without any tool; what else the target needs counts as made.
#[rstest]
#[case(&["-o", "policy.wasm", "-W", "metadata.yml", "annotated-policy.wasm"], "kwctl")]
#[case(&["-o", "annotated-policy.wasm", "e2e-tests"], "kwctl")]
#[case(&["deny"], "cargo-deny")]
fn a_missing_tool_is_named(#[case] arguments: &[&str], #[case] tool: &str) {
    let mut make = Command::new("sh");
    make.args([
        "-c",
        r#"make=$(command -v make); PATH= exec "$make" "$@""#,
        "make",
    ]);
    let output = make.args(arguments).current_dir(root()).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    let target = arguments.last().unwrap();
    let sentence = format!("make {target} needs {tool}, which is not installed: https://");
    assert!(
        said.lines().any(|line| line.starts_with(&sentence)),
        "{said}"
    );
    assert!(!output.status.success());
}
