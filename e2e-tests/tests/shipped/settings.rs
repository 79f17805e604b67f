//! The settings that the README shows, as the policy judges them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::{POLICY, text};

/// What the policy has against settings.
pub fn faults(settings: &Value) -> Option<String> {
    POLICY.validate_settings(settings).unwrap().message
}

/// Settings with one of them set.
pub fn with(name: &str, value: Value) -> Value {
    match name.split_once('.') {
        Some((section, name)) => json!({section: {name: value}}),
        None => json!({name: value}),
    }
}

/// The words that a setting may be, if it is a choice: the policy lists them when it gets another one.
pub fn choices(name: &str) -> Option<Vec<String>> {
    let fault = faults(&with(name, json!("?"))).expect("no setting is a question mark");
    let (_, words) = fault.split_once("unknown variant `?`, expected ")?;
    let words = words.split('`').skip(1).step_by(2);
    Some(words.map(str::to_owned).collect())
}

/// The first block of YAML in the README's section about settings: all of them, with their defaults.
fn shown() -> Value {
    let readme = text("README.md");
    let (_, section) = readme.split_once("\n## Settings\n").unwrap();
    let (_, block) = section.split_once("```yaml\n").unwrap();
    yaml_serde::from_str(block.split_once("```").unwrap().0).unwrap()
}

/// Every setting with its default, such as `ingress.action` and `mutate`.
pub fn defaults() -> BTreeMap<String, Value> {
    let mut defaults = BTreeMap::new();
    for (name, value) in shown().as_object().unwrap() {
        if let Value::Object(section) = value {
            let settings = section.iter();
            defaults.extend(settings.map(|(below, value)| (format!("{name}.{below}"), value.clone())));
        } else {
            defaults.insert(name.clone(), value.clone());
        }
    }
    defaults
}

#[test]
fn what_the_readme_shows_is_valid() {
    assert_eq!(faults(&shown()), None);
}
