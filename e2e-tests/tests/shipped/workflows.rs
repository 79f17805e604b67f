//! The workflows use what cannot change under them, and publish where the metadata says.

use serde_json::{Value, json};

use crate::{manifests::files, support::*};

/// The action with which workflows install Rust.
const RUST: &str = "./.github/actions/rust";

fn workflows() -> Vec<(String, Value)> {
    files(".github/workflows").into_iter().map(|file| (file.clone(), yaml(&file))).collect()
}

fn steps(workflow: &Value) -> Vec<&Value> {
    let jobs = workflow["jobs"].as_object().unwrap().values();
    jobs.flat_map(|job| job["steps"].as_array().unwrap()).collect()
}

fn scripts(workflow: &Value) -> impl Iterator<Item = &str> {
    steps(workflow).into_iter().filter_map(|step| step["run"].as_str())
}

/// A tag can be moved; the comment says which one it was.
#[test]
fn actions_are_pinned_by_their_commit() {
    let all = [files(".github/workflows"), files(".github/actions")].concat();
    for file in all {
        let text = text(&file);
        let lines = text.lines().filter(|line| line.contains("uses:"));
        for line in lines.filter(|line| !line.ends_with(&format!("uses: {RUST}"))) {
            let (action, version) = line.split_once(" # v").unwrap_or_else(|| panic!("{file}: {line}"));
            let (_, commit) = action.split_once('@').unwrap();
            assert!(commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit()), "{line}");
            assert_eq!(version.split('.').count(), 3, "{line}");
        }
    }
}

/// What an expression gives becomes part of the script, whatever it is.
#[test]
fn scripts_have_no_expressions() {
    for (file, workflow) in workflows() {
        for script in scripts(&workflow) {
            assert!(!script.contains("${{"), "{file}: {script}");
        }
    }
}

/// Without, a token may do what the repository allows by default.
#[test]
fn rights_are_named() {
    for (file, workflow) in workflows() {
        assert!(workflow["permissions"].is_object(), "{file}");
    }
}

/// Cargo.toml names the version, and nothing else does.
#[test]
fn rust_is_installed_in_one_place() {
    let version = env!("CARGO_PKG_RUST_VERSION");
    for file in files(".github") {
        let text = text(&file);
        assert!(!text.contains(version), "{file}");
        let installs = text.contains("rustup toolchain install");
        assert_eq!(installs, file == format!("{}/action.yml", &RUST[2..]), "{file}");
    }
    for (file, workflow) in workflows() {
        for (name, job) in workflow["jobs"].as_object().unwrap() {
            let steps = job["steps"].as_array().unwrap();
            let makes = |step: &&Value| step["run"].as_str().is_some_and(|run| run.contains("make "));
            if steps.iter().any(|step| makes(&step)) {
                assert!(steps.iter().any(|step| step["uses"] == RUST), "{file}: {name}");
            }
        }
    }
}

/// Once for a push to a pull request, not once more for its branch.
#[test]
fn a_pull_request_is_tested_once() {
    let on = yaml(".github/workflows/test.yml")["on"].take();
    assert!(on.get("pull_request").is_some());
    assert_eq!(on["push"], json!({"branches": ["main"]}));
}

/// The commands that install charts, each on one line.
fn charts(text: &str) -> Vec<String> {
    let text = text.replace("\\\n", "");
    text.lines()
        .filter(|line| line.trim_start().starts_with("helm install "))
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect()
}

#[test]
fn the_tests_in_a_cluster_run_with_the_charts_of_the_quick_start() {
    let workflow = yaml(".github/workflows/test.yml");
    let installed: Vec<_> = scripts(&workflow).flat_map(charts).collect();
    assert_eq!(installed, charts(&text("README.md")));
    assert_eq!(installed.len(), 2);
}

#[test]
fn the_release_publishes_where_the_metadata_says() {
    let release = yaml(".github/workflows/release.yml");
    let module = annotation("io.kubewarden.policy.ociUrl");
    let module = format!("{module}:${{{{ github.ref_name }}}}");
    assert_eq!(release["jobs"]["release"]["env"]["MODULE"], module);
}
