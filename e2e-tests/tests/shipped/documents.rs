//! The pages: what they lead to, name and have typed is there.

use std::{collections::BTreeSet, process::Command};

use serde_json::Value;

use crate::{
    manifests::files,
    markdown::{Page, pages},
    settings::{defaults, faults},
    support::*,
};

/// The anchors that GitHub gives to the headings of a page.
fn anchors(page: &Page) -> BTreeSet<String> {
    let headings = page.prose.lines().filter(|line| line.starts_with('#'));
    let anchors = headings.map(|heading| {
        let text = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = text
            .chars()
            .filter(|character| character.is_alphanumeric() || " -_".contains(*character));
        kept.collect::<String>().replace(' ', "-")
    });
    anchors.collect()
}

#[test]
fn every_link_within_the_repository_leads_somewhere() {
    for page in pages() {
        let links = page.prose.split("](").skip(1);
        let links = links.filter_map(|rest| rest.split(')').next());
        for link in links.filter(|link| !link.contains("://")) {
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let (directory, own) = page.name.rsplit_once('/').unwrap_or(("", &page.name));
            let path = if path.is_empty() { own } else { path };
            let target = format!("{directory}/{path}");
            let target = target.trim_start_matches('/');
            assert!(root().join(target).exists(), "{}: {link}", page.name);
            if !anchor.is_empty() {
                let anchors = anchors(&Page::read(target));
                assert!(anchors.contains(anchor), "{}: {link}", page.name);
            }
        }
    }
}

/// No page is left alone: the README leads to each.
#[test]
fn the_readme_leads_to_every_page() {
    let readme = text("README.md");
    for page in pages().iter().filter(|page| page.name != "README.md") {
        let link = format!("({}", page.name);
        assert!(readme.contains(&link), "{}", page.name);
    }
}

/// The paths of other projects begin otherwise.
#[test]
fn every_path_that_a_page_names_is_there() {
    let ours = ["src/", "deploy/", "examples/", "e2e-tests/", "fuzz/"];
    for page in pages() {
        let paths = page.code().filter(|code| !code.contains(['*', ' ']));
        for path in paths.filter(|path| ours.iter().any(|start| path.starts_with(start))) {
            assert!(root().join(path).exists(), "{}: {path}", page.name);
        }
    }
}

/// The code says in which page a rule stands.
#[test]
fn every_page_that_the_code_names_is_there() {
    let sources = files("src").into_iter();
    let sources: Vec<_> = sources.map(|file| (text(&file), file)).collect();
    let names = sources.iter().flat_map(|(text, file)| {
        let rests = text.split("`docs/").skip(1);
        rests.map(move |rest| (file, rest.split('`').next().unwrap()))
    });
    let names: Vec<_> = names.collect();
    assert!(!names.is_empty());
    for (file, name) in names {
        assert!(root().join("docs").join(name).is_file(), "{file}: {name}");
    }
}

/// Settings in prose stand between backticks, such as `ingress.action`, some with their value.
#[test]
fn every_setting_that_is_named_is_one() {
    let known = defaults();
    let sections: BTreeSet<_> = known
        .keys()
        .filter_map(|name| Some(name.split_once('.')?.0))
        .collect();
    for page in pages() {
        for code in page.code() {
            let (setting, value) = code.split_once(": ").unwrap_or((code, ""));
            let is_setting = match setting.split_once('.') {
                Some((section, name)) => {
                    sections.contains(section) && name.chars().all(char::is_alphanumeric)
                }
                None => known.contains_key(setting),
            };
            if is_setting {
                assert!(known.contains_key(setting), "{}: {code}", page.name);
                if !value.is_empty() {
                    let value = serde_yaml::from_str(value).unwrap();
                    let settings = crate::settings::with(setting, value);
                    assert_eq!(faults(&settings), None, "{}: {code}", page.name);
                }
            }
        }
    }
}

#[test]
fn all_yaml_in_the_pages_is_yaml_and_its_settings_are_valid() {
    for page in pages() {
        for block in page.blocks("yaml") {
            for document in serde_yaml::Deserializer::from_str(block) {
                let document: Value = serde::Deserialize::deserialize(document)
                    .unwrap_or_else(|error| panic!("{}: {error}: {block}", page.name));
                assert_valid_settings(&page, &document);
                let patches = document["patches"].as_array().into_iter().flatten();
                for patch in patches.filter_map(|patch| patch["patch"].as_str()) {
                    assert_valid_settings(&page, &serde_yaml::from_str(patch).unwrap());
                }
            }
        }
    }
}

fn assert_valid_settings(page: &Page, manifest: &Value) {
    if let Some(settings) = manifest["spec"].get("settings") {
        assert_eq!(faults(settings), None, "{}", page.name);
    }
}

#[test]
fn every_target_that_is_named_is_in_the_makefile() {
    let makefile = text("Makefile");
    for page in pages() {
        for command in page.commands() {
            if let Some(target) = command.strip_prefix("make ") {
                let target = target.split_whitespace().next().unwrap();
                let rule = format!("\n{target}:");
                assert!(makefile.contains(&rule), "{}: {command}", page.name);
            }
        }
    }
}

/// What is applied is there, and so is what is applied from this repository at a tag.
#[test]
fn every_directory_that_is_applied_is_a_kustomization() {
    let mut found = 0;
    for page in pages() {
        for command in page.commands() {
            for rest in command.split(" -k ").skip(1) {
                let path = rest.split_whitespace().next().unwrap().trim_matches('\'');
                let path = path.rsplit("//").next().unwrap().split('?').next().unwrap();
                let file = root().join(path).join("kustomization.yaml");
                assert!(file.is_file(), "{}: {command}", page.name);
                found += 1;
            }
        }
    }
    assert!(found >= 3, "{found}");
}

#[test]
fn every_option_of_the_host_that_is_named_is_one() {
    let command = env!("CARGO_BIN_EXE_e2e-tests");
    let help = Command::new(command)
        .args(["run", "--help"])
        .output()
        .unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let mut found = 0;
    for page in pages() {
        for command in page.commands() {
            let Some((_, arguments)) = command.split_once("e2e-tests -- run ") else {
                continue;
            };
            for option in arguments
                .split_whitespace()
                .filter(|word| word.starts_with("--"))
            {
                assert!(
                    help.contains(&format!("{option} <")),
                    "{}: {option}",
                    page.name
                );
                found += 1;
            }
        }
    }
    assert!(found >= 3, "{found}");
}

/// An annotation of ours that a page names is one of the code.
#[test]
fn every_annotation_that_is_named_is_one() {
    let sources: String = files("src").iter().map(|file| text(file)).collect();
    for page in pages() {
        for code in page.commands() {
            for rest in code.split("routing-secrets-policy/").skip(1) {
                let name = rest.split(|end: char| !end.is_ascii_lowercase() && end != '-');
                let name = name.map(|name| name.trim_end_matches('-')).next().unwrap();
                // The repository has the same name.
                if !code.contains("://") {
                    let annotation = format!("\"routing-secrets-policy/{name}\"");
                    assert!(sources.contains(&annotation), "{}: {code}", page.name);
                }
            }
        }
    }
}
