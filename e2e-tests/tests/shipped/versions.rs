//! Whatever names a version of the policy names this one: commands of the docs are copied.

use std::path::Path;

use crate::{manifests::files, support::*};

/// What stands before a version.
const BEFORE: [&str; 7] = [
    "?ref=v",
    "--branch v",
    "policies/routing-secrets:v",
    "releases/download/v",
    "refs/tags/v",
    "blob/v",
    "raw/v",
];

/// The files that people read or apply. The changelog names older versions too.
fn read_files() -> Vec<String> {
    let directories = ["deploy", "docs", "examples", "e2e-tests/cluster", ".github"];
    let below = directories.into_iter().flat_map(files);
    let beside = std::fs::read_dir(root()).unwrap().map(|entry| {
        let entry = entry.unwrap();
        entry.file_name().into_string().unwrap()
    });
    let texts = ["md", "yml", "yaml", "bats"];
    below
        .chain(beside)
        .filter(|file| {
            let extension = Path::new(file).extension().and_then(|it| it.to_str());
            file != "CHANGELOG.md" && extension.is_some_and(|it| texts.contains(&it))
        })
        .collect()
}

#[test]
fn every_version_of_the_policy_is_that_of_the_crate() {
    let mut count = 0;
    for file in read_files() {
        let text = text(&file);
        for before in BEFORE {
            for after in text.split(before).skip(1) {
                let is_end = |c: char| !c.is_ascii_alphanumeric() && !".-".contains(c);
                let version = after.split(is_end).next().unwrap().trim_end_matches('.');
                assert_eq!(version, VERSION, "{file}: {before}{version}");
                count += 1;
            }
        }
    }
    assert!(count >= 10, "{count}");
}

/// It is dated at its release, and a prerelease has its section. What comes after it is `Unreleased`.
#[test]
fn the_newest_version_of_the_changelog_is_this_one() {
    let changelog = text("CHANGELOG.md");
    let mut headings = changelog.lines().filter(|line| line.starts_with("## ") && *line != "## [Unreleased]");
    let heading = headings.next().unwrap();
    let (version, date) = heading
        .strip_prefix("## [")
        .and_then(|rest| rest.split_once("] - "))
        .unwrap_or_else(|| panic!("{heading}"));
    assert_eq!(version, VERSION.split('-').next().unwrap());
    let is_date = date.len() == 10 && date.split('-').all(|part| part.parse::<u16>().is_ok());
    assert!(date == "Unreleased" || is_date, "{heading}");
}
