//! The pages: their links lead somewhere, and the settings and targets that they name are there.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{
    settings::{defaults, faults},
    support::*,
};

/// The lines outside fenced blocks.
fn prose(page: &str) -> String {
    let parts = page.split("\n```").step_by(2);
    parts.collect::<Vec<_>>().join("\n")
}

/// The fenced blocks of a language.
fn blocks<'a>(page: &'a str, language: &str) -> Vec<&'a str> {
    let opening = format!("\n```{language}\n");
    let blocks = page.split(opening.as_str()).skip(1);
    blocks
        .map(|block| block.split("\n```").next().unwrap())
        .collect()
}

/// The anchor that GitHub gives to a heading.
fn anchor(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = text
        .chars()
        .filter(|character| character.is_alphanumeric() || " -_".contains(*character));
    kept.collect::<String>().replace(' ', "-")
}

fn anchors(page: &str) -> BTreeSet<String> {
    prose(page)
        .lines()
        .filter(|line| line.starts_with('#'))
        .map(anchor)
        .collect()
}

#[test]
fn every_link_within_the_repository_leads_somewhere() {
    for name in documents() {
        let page = text(&name);
        let prose = prose(&page);
        let markdown = prose
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next());
        let html = ["src=\"", "href=\""]
            .into_iter()
            .flat_map(|attribute| prose.split(attribute).skip(1));
        let html = html.filter_map(|rest| rest.split('"').next());
        for link in markdown.chain(html).filter(|link| !link.contains("://")) {
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let directory = name.rsplit_once('/').map_or("", |(directory, _)| directory);
            let target = root().join(directory).join(path);
            let target = if path.is_empty() {
                root().join(&name)
            } else {
                target
            };
            assert!(target.exists(), "{name}: {link}");
            if !anchor.is_empty() {
                let page = std::fs::read_to_string(&target).unwrap();
                assert!(anchors(&page).contains(anchor), "{name}: {link}");
            }
        }
    }
}

/// No page is left alone: the README leads to each.
#[test]
fn the_readme_leads_to_every_page() {
    let readme = text("README.md");
    for name in documents().iter().filter(|name| *name != "README.md") {
        assert!(readme.contains(&format!("({name}")), "{name}");
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
    let mut named = BTreeSet::new();
    for name in documents() {
        let page = text(&name);
        for code in prose(&page).split('`').skip(1).step_by(2) {
            let setting = code.split(':').next().unwrap();
            let looks_like_one = |(section, name): (&str, &str)| {
                sections.contains(section) && name.chars().all(char::is_alphanumeric)
            };
            if setting.split_once('.').is_some_and(looks_like_one) {
                assert!(known.contains_key(setting), "{name}: {code}");
                named.insert(setting.to_owned());
            }
        }
    }
    for setting in known.keys().filter(|name| name.contains('.')) {
        assert!(named.contains(setting), "no page names {setting}");
    }
}

#[test]
fn all_yaml_in_the_pages_is_yaml_and_its_settings_are_valid() {
    for name in documents() {
        for block in blocks(&text(&name), "yaml") {
            for document in serde_yaml::Deserializer::from_str(block) {
                let document: Value = serde::Deserialize::deserialize(document)
                    .unwrap_or_else(|error| panic!("{name}: {error}: {block}"));
                for settings in [&document["settings"], &document["spec"]["settings"]] {
                    let settings = if settings.is_null() {
                        &json!({})
                    } else {
                        settings
                    };
                    assert_eq!(faults(settings), None, "{name}: {block}");
                }
            }
        }
    }
}

#[test]
fn every_target_that_is_named_is_in_the_makefile() {
    let makefile = text("Makefile");
    for name in documents() {
        let page = text(&name);
        let code = prose(&page)
            .split('`')
            .skip(1)
            .step_by(2)
            .map(str::to_owned)
            .collect::<Vec<_>>();
        let console = blocks(&page, "console").into_iter().flat_map(str::lines);
        let console = console.map(|line| line.trim_start_matches("$ ").to_owned());
        for command in code.into_iter().chain(console) {
            if let Some(target) = command.strip_prefix("make ") {
                let target = target.split_whitespace().next().unwrap();
                assert!(
                    makefile.contains(&format!("\n{target}:")),
                    "{name}: {command}"
                );
            }
        }
    }
}

/// What is applied from a page is there.
#[test]
fn every_directory_that_is_applied_is_a_kustomization() {
    let mut found = 0;
    for name in documents() {
        for rest in text(&name).split(" -k ").skip(1) {
            let mut paths = rest.split(|end: char| end.is_whitespace() || "`'\")".contains(end));
            let path = paths.find(|part| !part.is_empty()).unwrap();
            let path = path.split("//").last().unwrap().split('?').next().unwrap();
            assert!(
                root().join(path).join("kustomization.yaml").is_file(),
                "{name}: {path}"
            );
            found += 1;
        }
    }
    assert!(found >= 3, "{found}");
}
