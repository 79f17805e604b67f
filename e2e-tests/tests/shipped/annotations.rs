//! The page on the annotations of other projects has the rows of the table in the source.

use crate::support::text;

/// The words in quotation marks of a text, such as the names of annotations.
fn quoted(source: &str) -> impl Iterator<Item = &str> {
    source.split('"').skip(1).step_by(2)
}

#[test]
fn the_page_has_every_row_of_the_table() {
    let page = text("docs/annotations.md");
    let source = text("src/ecosystem.rs");
    // A row begins with the name of an annotation: `("*/ssl-passthrough", TrueOrEnabled)`.
    let table = source.split("pub(crate) fn").next().unwrap();
    let rows: Vec<_> = table.lines().filter(|line| line.contains("(\"")).flat_map(quoted).collect();
    assert!(rows.len() > 15, "{rows:?}");
    for row in rows {
        assert!(page.contains(&format!("`{row}`")), "{row} is missing");
    }
}

#[test]
fn the_page_has_every_word_of_a_rule() {
    let page = text("docs/annotations.md");
    let source = text("src/ecosystem.rs");
    let lists: Vec<_> = source.split("_WORDS: [").skip(1).collect();
    assert_eq!(lists.len(), 3);
    for word in lists.iter().flat_map(|list| quoted(list.split(';').nth(1).unwrap())) {
        assert!(page.contains(&format!("`{word}`")), "{word} is missing");
    }
}
