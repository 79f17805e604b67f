//! docs/messages.md has every message as it is printed.
//!
//! Each string literal of the source that is no test is split at its placeholders. A piece of three words or more is
//! taken for a message, and must stand on the page.

use std::{iter::Peekable, str::Chars};

use crate::{manifests::files, support::text};

const PAGE: &str = "docs/messages.md";
/// Faults of settings, and names of PEM blocks.
const OTHER_FILES: [&str; 3] = ["src/host.rs", "src/settings.rs", "src/x509/private_key.rs"];
/// What is no message: the reason of an attribute, and words of the host.
const OTHER_TEXTS: [&str; 2] = ["the host finds the function by its name", "Callback evaluation failure:"];
const MIN_WORDS: usize = 3;

/// The string literals of Rust source, as they are at run time. It has no raw strings with messages.
fn literals(source: &str) -> Vec<String> {
    let mut literals = Vec::new();
    let mut chars = source.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '"' => literals.push(literal(&mut chars)),
            '/' if chars.peek() == Some(&'/') => while chars.next().is_some_and(|char| char != '\n') {},
            // A character, which may be a quotation mark, or a lifetime.
            '\'' => {
                chars.next_if_eq(&'\\');
                chars.next();
            }
            _ => {}
        }
    }
    literals
}

/// The rest of a literal, without the line ends that are escaped.
fn literal(chars: &mut Peekable<Chars<'_>>) -> String {
    let mut text = String::new();
    while let Some(char) = chars.next().filter(|char| *char != '"') {
        match (char, chars.peek()) {
            ('\\', Some('\n')) => while chars.next_if(|char| char.is_whitespace()).is_some() {},
            ('\\', Some(_)) => text.extend(chars.next()),
            _ => text.push(char),
        }
    }
    text
}

/// The pieces of a literal between its placeholders that are long enough.
fn pieces(literal: &str) -> Vec<String> {
    literal
        .split('{')
        .map(|rest| rest.split_once('}').map_or(rest, |(_, piece)| piece))
        .map(words)
        .filter(|piece| piece.split(' ').count() >= MIN_WORDS)
        .collect()
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn every_message_stands_on_the_page() {
    let page = words(&text(PAGE));
    let is_source = |file: &String| {
        file.ends_with(".rs") && !file.contains("tests") && !OTHER_FILES.contains(&file.as_str())
    };
    let mut count = 0;
    let mut missing = Vec::new();
    for file in files("src").into_iter().filter(is_source) {
        for piece in literals(&text(&file)).iter().flat_map(|literal| pieces(literal)) {
            count += 1;
            if !page.contains(&piece) && !OTHER_TEXTS.contains(&piece.as_str()) {
                missing.push(format!("{file}: {piece}"));
            }
        }
    }
    assert!(count > 100, "{count}");
    assert!(missing.is_empty(), "not in {PAGE}: {missing:#?}");
}

#[test]
fn literals_are_found() {
    let source = "// a \"comment\"\nlet (a, b): (&'a str, char) = (\"one \\\"two\\\" {} three\", '\"'); x(\"four \\\n   five\")";
    assert_eq!(literals(source), ["one \"two\" {} three", "four five"]);
    assert_eq!(pieces("a b c {d:?} e {f}, g h i"), ["a b c", ", g h i"]);
}
