//! The table of settings in the README has every setting, its default and its values.

use serde_json::Value;

use crate::{
    settings::{choices, defaults},
    support::{text, unique},
};

/// The cells of the rows in the section `Settings`.
fn rows() -> Vec<Vec<String>> {
    let readme = text("README.md");
    let (_, section) = readme.split_once("\n## Settings\n").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    let cells = |row: &str| {
        let cells = row.trim_matches('|').split('|');
        cells.map(|cell| cell.trim().to_owned()).collect()
    };
    rows.map(cells).collect()
}

/// Text as it stands between backticks.
fn code(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            let items: Vec<_> = items.iter().filter_map(Value::as_str).collect();
            format!("`[{}]`", items.join(", "))
        }
        Value::String(text) => format!("`{text}`"),
        value => format!("`{value}`"),
    }
}

#[test]
fn every_setting_has_a_row_with_its_default() {
    let rows = rows();
    let written = unique(rows.iter().map(|row| (row[0].clone(), row[1].clone())));
    let expected = defaults();
    let expected = unique(
        expected
            .iter()
            .map(|(name, default)| (format!("`{name}`"), code(default))),
    );
    assert_eq!(written, expected);
}

#[test]
fn every_choice_is_in_the_table() {
    for row in rows() {
        let name = row[0].trim_matches('`');
        if let Some(words) = choices(name) {
            let words: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
            assert_eq!(row[2], words.join(", "), "{name}");
        }
        assert!(!row[3].is_empty(), "{name}");
    }
}
