//! The package on Artifact Hub, which a release makes of `metadata.yml`, `questions-ui.yml`, the changelog, the README and
//! what is in `.github/artifacthub/`.

use std::{path::Path, process::Command};

use serde_json::{Value, json};

use crate::support::*;

const CATEGORIES: [&str; 8] = [
    "ai-machine-learning",
    "database",
    "integration-delivery",
    "monitoring-logging",
    "networking",
    "security",
    "storage",
    "streaming-messaging",
];

/// What a command prints, which is run in the root of the repository.
fn output(command: &mut Command) -> String {
    let output = command.current_dir(root()).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{stderr}");
    String::from_utf8(output.stdout).unwrap()
}

/// `kwctl scaffold artifacthub` reads the others.
#[test]
fn what_is_added_is_what_kwctl_does_not_know() {
    let package = yaml(".github/artifacthub/package.yml");
    let fields: Vec<_> = package.as_object().unwrap().keys().collect();
    assert_eq!(fields, ["category", "install", "provider", "recommendations"]);
    assert!(CATEGORIES.contains(&package["category"].as_str().unwrap()));
    let install = package["install"].as_str().unwrap();
    for part in [format!("registry://{}\n", image()), format!("//deploy?ref=v{VERSION}'\n")] {
        assert!(install.contains(&part), "{part}: {install}");
    }
    for name in ["displayName", "keywords", "resources"] {
        annotation(&format!("io.artifacthub.{name}"));
    }
}

#[test]
fn its_owner_is_the_author_of_the_policy() {
    let (name, email) =
        annotation("io.kubewarden.policy.author").trim_end_matches('>').split_once(" <").unwrap();
    let owners = json!([{"name": name, "email": email}]);
    assert_eq!(yaml("artifacthub-repo.yml")["owners"], owners);
}

/// The changes of one version, as the release writes them.
fn changes(version: &str, changelog: &Path) -> Value {
    let mut awk = Command::new("awk");
    awk.args(["-v", &format!("version={version}")]);
    awk.args(["-f", ".github/artifacthub/changes.awk"]);
    yaml_serde::from_str(&output(awk.arg(changelog))).unwrap()
}

#[test]
fn the_changes_are_those_of_one_version() {
    let changelog = "# Changelog\n\n- Not this.\n\n## [0.2.0] - unreleased\n\n### Added\n\n- It's one,\n  in two lines.\n\
        - `key: value`.\n\n### Fixed\n\n- A fault.\n\n## [0.1.0] - 2026-01-01\n\n### Added\n\n- All.\n\n[0.2.0]: https://x\n";
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("CHANGELOG.md");
    std::fs::write(&file, changelog).unwrap();
    let expected = json!({"changes": [
        {"kind": "added", "description": "It's one, in two lines."},
        {"kind": "added", "description": "`key: value`."},
        {"kind": "fixed", "description": "A fault."},
    ]});
    assert_eq!(changes("0.2.0", &file), expected);
    let expected = json!({"changes": [{"kind": "added", "description": "All."}]});
    assert_eq!(changes("0.1.0", &file), expected);
}

#[test]
fn the_changelog_is_of_that_form() {
    let version = VERSION.split('-').next().unwrap();
    let changes = changes(version, &root().join("CHANGELOG.md"))["changes"].take();
    let kinds = ["added", "changed", "deprecated", "removed", "fixed", "security"];
    assert!(!changes.as_array().unwrap().is_empty());
    for change in changes.as_array().unwrap() {
        assert!(kinds.contains(&change["kind"].as_str().unwrap()), "{change}");
    }
}

/// No file lies beside the README there, nor in the module, so its links lead to this version.
#[test]
fn the_usage_has_absolute_links_only() {
    let mut make = Command::new("make");
    make.args(["--silent", "usage.md"]).env_remove("MAKEFLAGS");
    output(&mut make);
    let usage = text("usage.md");
    let source = annotation("io.kubewarden.policy.source");
    let mut own = 0;
    let links = usage.split("](").skip(1).map(|rest| rest.split(')').next().unwrap());
    let attributes = ["src=\"", "href=\""].into_iter().flat_map(|name| usage.split(name).skip(1));
    let attributes = attributes.map(|rest| rest.split('"').next().unwrap());
    for link in links.chain(attributes) {
        assert!(link.starts_with("https://") || link.starts_with('#'), "{link}");
        if let Some(path) = link.strip_prefix(&format!("{source}/")) {
            let (_, path) = path.split_once(&format!("/v{VERSION}/")).unwrap_or_else(|| panic!("{link}"));
            let file = path.split('#').next().unwrap();
            assert!(root().join(file).exists(), "{link}");
            own += 1;
        }
    }
    assert!(own > 0);
}
