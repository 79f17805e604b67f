//! What settings there are, taken from the policy itself.

use std::collections::BTreeMap;

use routing_secrets_policy::settings::Settings;
use serde_json::{Value, json};

use crate::support::POLICY;

/// Every setting with its default, such as `ingress.action` and `mutate`.
///
/// No list of them is written down here: it would be one more file to hold to the type. What `Debug` shows of the
/// defaults has every field of the type, one a line, indented by its depth.
pub fn defaults() -> BTreeMap<String, Value> {
    let settings = Settings::parse(&json!({})).expect("no setting is required");
    let shown = format!("{settings:#?}");
    let mut defaults = BTreeMap::new();
    let mut path: Vec<String> = Vec::new();
    for line in shown.lines() {
        let depth = (line.len() - line.trim_start().len()) / 4;
        let line = line.trim().trim_end_matches(',');
        if let Some((name, value)) = line.split_once(": ") {
            path.truncate(depth - 1);
            path.push(camel_case(name));
            if !value.ends_with("Settings {")
                && !path
                    .iter()
                    .rev()
                    .skip(1)
                    .any(|name| defaults.contains_key(name))
            {
                defaults.insert(path.join("."), default(value));
            }
        } else if let Ok(item) = serde_json::from_str::<Value>(line)
            && let Some(Value::Array(list)) = defaults.get_mut(&path.join("."))
        {
            list.push(item);
        }
    }
    defaults
}

/// A default as it is written in settings; what stands on more than one line begins as an empty list.
fn default(shown: &str) -> Value {
    match serde_json::from_str(shown) {
        Ok(value) => value,
        Err(_) if shown.ends_with(['[', '(']) => json!([]),
        Err(_) => json!(first_lower(shown)),
    }
}

fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |name, word| {
        let (initial, rest) = word.split_at(1);
        name + &initial.to_uppercase() + rest
    })
}

fn first_lower(name: &str) -> String {
    let (initial, rest) = name.split_at(1);
    initial.to_lowercase() + rest
}

/// Settings with one of them set.
pub fn with(name: &str, value: Value) -> Value {
    match name.split_once('.') {
        Some((section, name)) => json!({section: {name: value}}),
        None => json!({name: value}),
    }
}

/// What the policy has against settings.
pub fn faults(settings: &Value) -> Option<String> {
    POLICY.validate_settings(settings).unwrap().message
}

/// The words that a setting may be, if it is a choice: the policy lists them when it gets something else.
pub fn choices(name: &str) -> Option<Vec<String>> {
    let fault = faults(&with(name, json!({}))).expect("no setting but a section is an object");
    let words = fault.strip_prefix(&format!("{name}: must be one of "))?;
    Some(words.split(", ").map(str::to_owned).collect())
}

#[test]
fn the_defaults_are_valid_and_complete() {
    let defaults = defaults();
    for (name, default) in &defaults {
        assert_eq!(faults(&with(name, default.clone())), None, "{name}");
    }
    for (name, default) in [
        ("routingLabel", json!("epinio.io/routing")),
        ("ignoredHosts", json!([])),
        ("ingress.ignoredClasses", json!(["istio"])),
        ("ingress.partlyCovered", json!("leave")),
        ("secret.warnDaysLeft", json!(21)),
        ("secret.labelMirrors", json!(true)),
    ] {
        assert_eq!(defaults.get(name), Some(&default), "{name}");
    }
}
