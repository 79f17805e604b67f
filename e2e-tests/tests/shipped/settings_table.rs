//! The table of settings in the README has every setting, its default and its values.

use serde_json::Value;

use crate::{
    markdown::Page,
    settings::{choices, defaults},
    support::unique,
};

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
    let readme = Page::read("README.md");
    let rows = readme.rows("Setting").into_iter();
    let written = unique(rows.map(|row| (row[0].to_owned(), row[1].to_owned())));
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
    let readme = Page::read("README.md");
    for row in readme.rows("Setting") {
        let name = row[0].trim_matches('`');
        if let Some(words) = choices(name) {
            let words: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
            assert_eq!(row[2], words.join(", "), "{name}");
        }
        assert!(!row[3].is_empty(), "{name}");
    }
}
