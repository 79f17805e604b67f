//! Wherever a file names a version of the policy, or of Rust, it is this one.

use rstest::rstest;

use crate::{manifests::files, support::*};

fn texts() -> Vec<(String, String)> {
    let mut names = documents();
    for directory in ["deploy", ".github"] {
        names.extend(files(directory));
    }
    names.extend(["metadata.yml", "artifacthub-pkg.yml"].map(str::to_owned));
    names
        .into_iter()
        .map(|name| (name.clone(), text(&name)))
        .collect()
}

/// What comes after each of these is a version, up to what cannot be part of one.
#[rstest]
#[case::module(&format!("{}:v", annotation("io.kubewarden.policy.ociUrl")), VERSION, 5)]
#[case::tag("?ref=v", VERSION, 4)]
#[case::signature("refs/tags/v", VERSION, 1)]
#[case::rust("Rust ", env!("CARGO_PKG_RUST_VERSION"), 2)]
#[case::toolchain("rustup toolchain install ", env!("CARGO_PKG_RUST_VERSION"), 3)]
#[case::toolchain_in_use("rustup override set ", env!("CARGO_PKG_RUST_VERSION"), 3)]
fn every_version_is_this_one(#[case] before: &str, #[case] version: &str, #[case] at_least: usize) {
    let mut found = 0;
    for (name, text) in texts() {
        for rest in text.split(before).skip(1) {
            let is_part =
                |character: char| character.is_ascii_alphanumeric() || ".-+".contains(character);
            let named = rest.split(|character| !is_part(character)).next().unwrap();
            let named = named.trim_end_matches('.');
            if named.starts_with(|character: char| character.is_ascii_digit()) {
                assert_eq!(named, version, "{name}: {before}{named}");
                found += 1;
            }
        }
    }
    assert!(found >= at_least, "{before}: found {found}");
}

/// The policy server that is deployed is the one whose kwctl runs the tests.
#[test]
fn kubewarden_is_one_version() {
    let server = crate::manifests::only("PolicyServer");
    let (_, version) = server["spec"]["image"]
        .as_str()
        .unwrap()
        .rsplit_once(':')
        .unwrap();
    for workflow in [
        ".github/workflows/test.yml",
        ".github/workflows/release.yml",
    ] {
        let line = format!("kwctl-version: {version} # renovate: ");
        assert!(text(workflow).contains(&line), "{workflow}: {line}");
    }
}
