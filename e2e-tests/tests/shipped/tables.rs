//! The tables of the pages say what the code says.

use std::collections::BTreeSet;

use e2e_tests::{Cluster, certificates::TlsSecret, request_from};
use serde_json::{Value, json};

use crate::{
    manifests::files,
    markdown::{Page, code},
    settings::{choices, defaults},
    support::*,
};

/// A value as it stands between backticks.
fn quoted(value: &Value) -> String {
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
            .map(|(name, default)| (format!("`{name}`"), quoted(default))),
    );
    assert_eq!(written, expected);
}

#[test]
fn every_choice_of_a_setting_is_in_its_row() {
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

/// The list of codes is complete, and has no others.
#[test]
fn every_code_of_a_refusal_is_in_the_table() {
    let faults = text("src/secret/fault.rs");
    let (_, codes) = faults.split_once("fn code(self)").unwrap();
    let codes: BTreeSet<_> = codes.split('"').skip(1).step_by(2).collect();
    let page = Page::read("docs/routing-secrets.md");
    let rows = page.rows("Code");
    let listed = rows.iter().flat_map(|row| code(row[0]));
    assert_eq!(listed.collect::<BTreeSet<_>>(), codes);
}

/// What a table says somebody sees is what the policy says.
#[test]
fn every_message_that_is_quoted_is_one() {
    let mut sources = files("src");
    sources.retain(|file| !file.contains("test"));
    let sources: String = sources.iter().map(|file| text(file)).collect();
    let is_comment = |line: &&str| line.trim_start().starts_with("//");
    let lines: Vec<_> = sources.lines().filter(|line| !is_comment(line)).collect();
    // Long texts go on in the next line.
    let lines = lines.join("\n");
    let source: String = lines.split("\\\n").map(str::trim_start).collect();
    let mut found = 0;
    for (page, heading) in [
        ("README.md", "Symptom"),
        ("docs/troubleshooting.md", "Symptom"),
        ("docs/gateways.md", "Warning or message"),
    ] {
        let page = Page::read(page);
        // Messages of others come after words that say whose they are.
        let rows = page.rows(heading).into_iter();
        for row in rows.filter(|row| row[0].starts_with('`')) {
            for message in code(row[0]) {
                for part in constant_parts(message) {
                    assert!(source.contains(&part), "{}: {message}: {part}", page.name);
                    found += 1;
                }
            }
        }
    }
    assert!(found > 20, "{found}");
}

/// A message without what stands for something else: `...`, names in capitals, annotations, the name of no
/// issuer, and a code.
fn constant_parts(message: &str) -> Vec<String> {
    let is_variable = |word: &&str| {
        let word = word.trim_end_matches([':', ',']);
        word.ends_with("...")
            || word.contains('/')
            || ["covered-by-routing-secret", "[code]"].contains(&word)
            || (word.len() > 1 && word.chars().all(|letter| letter.is_ascii_uppercase()))
    };
    // What comes after a colon may be put in, too.
    let clauses = message
        .split(": ")
        .map(|clause| clause.split(' ').collect::<Vec<_>>());
    let parts = clauses.flat_map(|words| {
        let parts = words.split(is_variable).map(|part| part.join(" "));
        parts.collect::<Vec<_>>()
    });
    parts.filter(|part| part.len() > 3).collect()
}

/// The table of hosts and SANs says what is covered.
#[test]
fn every_row_of_the_table_of_hosts_is_true() {
    let page = Page::read("docs/matching.md");
    for row in page.rows("Host") {
        let host = row[0].trim_matches('`');
        for san in code(row[1]) {
            let secret = TlsSecret::new("routing").namespace("workspace").san(san);
            let secret = secret.label("epinio.io/routing", "").to_manifest();
            let ingress = json!({
                "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
                "metadata": {"name": "web", "namespace": "workspace"},
                "spec": {"tls": [{"hosts": [host], "secretName": "own"}]},
            });
            let request = request_from(ingress).unwrap();
            for (wildcards, covered) in [("oneLabel", row[2]), ("anyDepth", row[3])] {
                let settings = json!({"wildcards": wildcards});
                let cluster = Cluster::new(vec![secret.clone()]);
                let evaluation = POLICY.validate(&request, &settings, &cluster).unwrap();
                let is_covered = evaluation.response.mutated_object.is_some();
                assert_eq!(is_covered, covered == "yes", "{host}, {san}, {wildcards}");
            }
        }
    }
}
