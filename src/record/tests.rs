//! The annotation with what was replaced: its text, and which texts are none of ours.

use std::collections::BTreeMap;

use proptest::prelude::*;
use rstest::rstest;
use serde_json::{Value, json};

use super::*;

/// A record with a list and with texts, as the kinds have them.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
struct Example {
    list: Replaced<Vec<String>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    texts: BTreeMap<String, String>,
}

impl Record for Example {
    const ANNOTATION: &'static str = "routing-secrets-policy/example";

    fn is_ours(&self) -> bool {
        !self.texts.contains_key("foreign")
    }
}

const FULL: &str = r#"{"list":{"original":["a"],"applied":["b","c"]},"texts":{"d":"e"}}"#;

/// An object with this value in the annotation.
fn object(value: impl Into<Value>) -> Value {
    let value = value.into();
    json!({"metadata": {"name": "web", "annotations": {Example::ANNOTATION: value}}})
}

fn read(value: impl Into<Value>) -> Option<Example> {
    match find(&object(value)) {
        Found::Ours(record) => Some(record),
        _ => None,
    }
}

/// The text of the annotation.
fn written(record: &Example) -> Option<String> {
    let annotations = write(record, Texts::new()).unwrap().unwrap();
    let object = json!({"metadata": {"annotations": annotations}});
    object::annotation(&object, Example::ANNOTATION).map(str::to_owned)
}

#[test]
fn everything_is_written_and_read_again() {
    let record = read(FULL).unwrap();
    assert_eq!(record.list.original, ["a"]);
    assert_eq!(record.list.applied, ["b", "c"]);
    assert_eq!(record.texts["d"], "e");
    assert_eq!(written(&record).as_deref(), Some(FULL));
    assert_eq!(of_old(Some(&object(FULL))), Some(record));
}

#[test]
fn nothing_replaced_is_no_annotation() {
    assert_eq!(written(&Example::default()), None);
    assert_eq!(read("{}"), Some(Example::default()));
}

#[test]
fn other_annotations_stay() {
    let annotations = Texts::from_iter([("a".to_owned(), json!("b"))]);
    let annotations = write(&read(FULL).unwrap(), annotations).unwrap();
    assert_eq!(json!(annotations), json!({"a": "b", Example::ANNOTATION: FULL}));
}

#[test]
fn a_record_that_would_not_be_stored_is_not_written() {
    let with = |bytes: usize| Texts::from_iter([("a".to_owned(), json!("b".repeat(bytes)))]);
    let room = 256 * 1024 - Example::ANNOTATION.len() - FULL.len() - 1;
    let record = read(FULL).unwrap();
    assert!(write(&record, with(room)).unwrap().is_some());
    assert_eq!(write(&record, with(room + 1)).unwrap(), None);
    assert!(write(&Example::default(), with(room + 1)).unwrap().is_some());
}

#[rstest]
#[case::no_metadata(json!({}))]
#[case::no_annotations(json!({"metadata": {"name": "web"}}))]
#[case::another_annotation(json!({"metadata": {"annotations": {"a": "{}"}}}))]
fn an_absent_record(#[case] object: Value) {
    assert_eq!(find::<Example>(&object), Found::Absent);
    assert_eq!(of_old::<Example>(Some(&object)), None);
    assert_eq!(of_old::<Example>(None), None);
}

#[test]
fn an_empty_text_makes_the_policy_forget() {
    assert_eq!(find::<Example>(&object("")), Found::Forgotten);
    assert_eq!(of_old::<Example>(Some(&object(""))), None);
}

#[rstest]
#[case::a_blank(json!(" "))]
#[case::blank_before(json!(" {}"))]
#[case::text(json!("x"))]
#[case::null(json!("null"))]
#[case::list(json!("[]"))]
#[case::list_of_fields(json!(r#"[{"original":[],"applied":[]},{}]"#))]
#[case::two(json!("{}{}"))]
#[case::cut_off(json!(r#"{"texts":{"a":"b""#))]
#[case::unknown_member(json!(r#"{"x":1}"#))]
#[case::unknown_member_beside_ours(json!(r#"{"texts":{"a":"b"},"x":1}"#))]
#[case::unknown_member_of_what_was_replaced(json!(r#"{"list":{"original":[],"applied":[],"x":1}}"#))]
#[case::no_original(json!(r#"{"list":{"applied":[]}}"#))]
#[case::no_applied(json!(r#"{"list":{"original":[]}}"#))]
#[case::member_twice(json!(r#"{"texts":{"a":"b"},"texts":{"a":"b"}}"#))]
#[case::text_as_null(json!(r#"{"texts":{"a":null}}"#))]
#[case::one_of_two_texts(json!(r#"{"texts":{"a":"b","c":1}}"#))]
#[case::what_we_do_not_write(json!(r#"{"texts":{"foreign":""}}"#))]
#[case::no_text(json!(null))]
#[case::number(json!(5))]
#[case::object(json!({"list": {"original": [], "applied": []}}))]
fn a_foreign_record(#[case] value: Value) {
    assert_eq!(find::<Example>(&object(value.clone())), Found::Foreign);
    assert_eq!(of_old::<Example>(Some(&object(value))), None);
}

#[rstest]
#[case::escapes(r#"{"texts":{"a":"\u0022\\"}}"#)]
#[case::white_space("{ \"texts\" :\n{ \"a\" : \"b\" } }")]
fn our_record(#[case] text: &str) {
    let record = read(text).unwrap();
    assert_eq!(read(written(&record).unwrap()), Some(record));
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in any::<String>(), beginning in 0..FULL.len()) {
        read(text.as_str());
        read(format!("{}{text}", FULL.get(..beginning).unwrap_or(FULL)));
    }
}
