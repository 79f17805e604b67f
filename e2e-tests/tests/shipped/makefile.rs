//! The Makefile tests what the workflows leave to it, and says which tool is missing, and where to get it.

use std::process::Command;

use rstest::rstest;

use crate::support::{root, text};

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

#[test]
fn to_test_is_to_check_the_format_and_the_lints_too() {
    let makefile = text("Makefile");
    let (_, recipe) = makefile.split_once("\ntest: policy.wasm\n").unwrap();
    let commands = recipe
        .lines()
        .map_while(|line| line.strip_prefix("\tcargo "));
    let commands: Vec<_> = commands
        .filter_map(|command| command.split(' ').next())
        .collect();
    assert_eq!(commands, ["fmt", "clippy", "test"]);
}
