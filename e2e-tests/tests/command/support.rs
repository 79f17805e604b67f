//! Running the command.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::LazyLock,
    thread,
};

use e2e_tests::Policy;

/// The module is compiled once, into wasmtime's cache, before the commands need it all at once.
static COMPILED: LazyLock<()> = LazyLock::new(|| drop(Policy::load(&root().join("policy.wasm")).unwrap()));

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Runs the command with nothing in its standard input.
pub fn command(arguments: &[&str]) -> Output {
    command_with_input(arguments, "")
}

pub fn command_with_input(arguments: &[&str], input: &str) -> Output {
    LazyLock::force(&COMPILED);
    let mut child = Command::new(env!("CARGO_BIN_EXE_e2e-tests"))
        .current_dir(root())
        .env("RUST_BACKTRACE", "0")
        .env_remove("NO_COLOR")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    thread::scope(|threads| {
        // The command need not read it.
        threads.spawn(move || _ = stdin.write_all(input.as_bytes()));
        child.wait_with_output().unwrap()
    })
}

pub fn stdout(output: &Output) -> &str {
    str::from_utf8(&output.stdout).unwrap()
}

pub fn stderr(output: &Output) -> &str {
    str::from_utf8(&output.stderr).unwrap()
}

pub fn assert_contains(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part} is missing in {text}");
    }
}

/// A directory for the files of one test.
pub fn directory(name: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&directory).unwrap();
    directory
}
