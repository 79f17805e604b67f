//! Wherever a file names a version, or something that is deployed, it is the one that is meant.

use std::collections::BTreeSet;

use rstest::rstest;
use serde_json::Value;

use crate::{
    manifests::{files, manifests, only},
    markdown::{Page, pages},
    settings::defaults,
    support::*,
};

/// The files that name such things. Older versions are in the changelog.
fn mentioning() -> Vec<String> {
    let mut names = root_files();
    names.retain(|name| !["CHANGELOG.md", "Cargo.lock", "LICENSE"].contains(&name.as_str()));
    names.extend(
        ["docs", "deploy", ".github", "examples", "e2e-tests/cases"]
            .into_iter()
            .flat_map(files),
    );
    names
}

/// What follows these words anywhere, with the file.
fn after(words: &str) -> Vec<(String, String)> {
    let is_part =
        |character: char| character.is_ascii_alphanumeric() || ".-+:/".contains(character);
    let mut found = Vec::new();
    for name in mentioning() {
        for rest in text(&name).split(words).skip(1) {
            let word = rest.split(|character| !is_part(character)).next().unwrap();
            let word = word.trim_end_matches(['.', ':', '-', '/']);
            found.push((name.clone(), word.to_owned()));
        }
    }
    assert!(!found.is_empty(), "nothing names {words}");
    found
}

fn name(kind: &str) -> String {
    only(kind)["metadata"]["name"].as_str().unwrap().to_owned()
}

/// The version of Kubewarden that is deployed, which is also that of kwctl in the tests.
fn kubewarden() -> String {
    let server = only("PolicyServer");
    let image = server["spec"]["image"].as_str().unwrap();
    let (_, version) = image.rsplit_once(":v").unwrap();
    version.to_owned()
}

/// The routing label of the domain of Epinio.
fn label() -> String {
    let label = &defaults()["routingLabel"];
    label
        .as_str()
        .unwrap()
        .trim_start_matches("epinio.io/")
        .to_owned()
}

/// The account of the policy server, as the API server names it.
fn account() -> String {
    let account = only("ServiceAccount");
    let namespace = account["metadata"]["namespace"].as_str().unwrap();
    format!("{namespace}:{}", name("ServiceAccount"))
}

/// Without the last number.
fn minor(version: &str) -> &str {
    version.rsplit_once('.').unwrap().0
}

#[rstest]
#[case::module(&image().replace(VERSION, ""), VERSION)]
#[case::tag("?ref=v", VERSION)]
#[case::branch("--branch v", VERSION)]
#[case::signature("refs/tags/v", VERSION)]
#[case::toolchain("rustup toolchain install ", env!("CARGO_PKG_RUST_VERSION"))]
#[case::toolchain_in_use("rustup override set ", env!("CARGO_PKG_RUST_VERSION"))]
#[case::policy_server("policy-server:v", kubewarden())]
#[case::kwctl("kwctl-version: v", kubewarden())]
#[case::label("epinio.io/", label())]
#[case::account("system:serviceaccount:", account())]
#[case::server("kubewarden/policy-server=", name("PolicyServer"))]
fn what_follows_is_always(#[case] words: &str, #[case] expected: impl AsRef<str>) {
    for (file, word) in after(words) {
        assert_eq!(word, expected.as_ref(), "{file}: {words}{word}");
    }
}

/// In prose, other words may follow.
#[rstest]
#[case::rust("Rust ", env!("CARGO_PKG_RUST_VERSION"))]
#[case::kubewarden("Kubewarden ", minor(&kubewarden()).to_owned())]
#[case::kubernetes("Kubernetes ", compatible("Kubernetes"))]
#[case::gateway_api("Gateway API ", compatible("Gateway API"))]
#[case::cert_manager("cert-manager (", compatible("cert-manager"))]
#[case::older_cert_manager("cert-manager before ", compatible("cert-manager"))]
fn a_version_that_follows_is_always(#[case] words: &str, #[case] expected: impl AsRef<str>) {
    let versions = after(words).into_iter();
    let mut versions = versions
        .filter(|(_, word)| word.starts_with(char::is_numeric))
        .peekable();
    assert!(versions.peek().is_some(), "no version after {words}");
    for (file, version) in versions {
        assert_eq!(version, expected.as_ref(), "{file}: {words}{version}");
    }
}

/// What the quick start installs is what the policy is at its best with.
#[test]
fn cert_manager_is_one_version() {
    for (file, version) in after("https://charts.jetstack.io --version v") {
        assert_eq!(minor(&version), compatible("cert-manager"), "{file}");
    }
}

/// The versions in the first row for this in the table of compatibility, up to the first word.
fn compatible(with: &str) -> String {
    let versions = compatibility(with).remove(0);
    versions.split(' ').next().unwrap().to_owned()
}

/// The versions in the rows for this.
fn compatibility(with: &str) -> Vec<String> {
    let page = Page::read("README.md");
    let rows = page.rows("With").into_iter().filter(|row| row[0] == with);
    rows.map(|row| row[1].to_owned()).collect()
}

#[test]
fn the_table_of_compatibility_begins_where_the_metadata_does() {
    let minimum = minor(METADATA["minimumKubewardenVersion"].as_str().unwrap());
    let versions = compatibility("Kubewarden");
    assert_eq!(versions[0], minor(&kubewarden()));
    assert!(
        versions
            .iter()
            .any(|row| row.starts_with(&format!("{minimum} to "))),
        "{versions:?}"
    );
    assert!(
        versions.contains(&format!("before {minimum}")),
        "{versions:?}"
    );
}

/// What is applied or cloned from somewhere is of the repository of the metadata.
#[rstest]
#[case("//deploy")]
#[case("/.github/workflows/release.yml@")]
#[case("/releases/")]
fn what_comes_before_is_this_repository(#[case] words: &str) {
    let source = annotation("io.kubewarden.policy.source");
    for name in mentioning() {
        let text = text(&name);
        let ends = text.match_indices(words).map(|(end, _)| &text[..end]);
        for before in ends {
            assert!(before.ends_with(source), "{name}: something else{words}");
        }
    }
}

/// Policies that the pages name, other than the policy itself.
#[test]
fn every_policy_that_is_named_is_deployed() {
    let policies = manifests("ClusterAdmissionPolicy").into_iter();
    let policies: BTreeSet<String> = policies
        .map(|(_, policy)| policy["metadata"]["name"].as_str().unwrap().to_owned())
        .collect();
    for page in pages() {
        let blocks = page.blocks("sh").flat_map(str::split_whitespace);
        let words = page.code().flat_map(str::split_whitespace).chain(blocks);
        for word in words.filter(|word| word.starts_with("routing-secrets-")) {
            let is_known = policies.contains(word) || word.starts_with("routing-secrets-policy");
            assert!(is_known, "{}: {word}", page.name);
        }
    }
}

/// The lock files of the fuzz targets and of the measurements are not written by a build of the policy.
#[rstest]
#[case("Cargo.lock", "routing-secrets-policy")]
#[case("fuzz/Cargo.lock", "routing-secrets-policy")]
#[case("bench/Cargo.lock", "e2e-tests")]
fn the_lock_files_have_this_version(#[case] file: &str, #[case] package: &str) {
    let entry = format!("name = \"{package}\"\nversion = \"{VERSION}\"\n");
    assert!(text(file).contains(&entry), "{file}");
}

#[test]
fn the_host_of_the_tests_is_the_one_that_is_named() {
    let lock = text("Cargo.lock");
    let (_, package) = lock
        .split_once("name = \"wasmtime\"\nversion = \"")
        .unwrap();
    let major = package.split('.').next().unwrap();
    let said = format!("wasmtime {major},");
    assert!(text("README.md").contains(&said), "{said}");
}

/// Renovate leaves alone what Cargo.toml pins.
#[test]
fn what_is_not_renovated_is_pinned() {
    let renovate: Value = serde_json::from_str(&text("renovate.json")).unwrap();
    let rules = renovate["packageRules"].as_array().unwrap().iter();
    let left: Vec<_> = rules
        .filter(|rule| rule["enabled"] == false)
        .flat_map(|rule| strings(&rule["matchPackageNames"]))
        .collect();
    let pinned = text("e2e-tests/Cargo.toml");
    let pinned = pinned
        .lines()
        .filter(|line| line.contains("\"="))
        .map(|line| line.split(' ').next().unwrap());
    assert_eq!(left, pinned.collect::<Vec<_>>());
}
