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

/// What is read from an object with this text in the annotation.
fn read_text(text: &str) -> Option<Example> {
    read(&object(text), || panic!("the annotation is there"))
}

/// The text of the annotation.
fn written(record: &Example) -> Option<String> {
    let annotations = write(record, Texts::new()).unwrap().unwrap();
    let object = json!({"metadata": {"annotations": annotations}});
    object::annotation(&object, Example::ANNOTATION).map(str::to_owned)
}

#[test]
fn everything_is_written_and_read_again() {
    let record = read_text(FULL).unwrap();
    assert_eq!(record.list.original, ["a"]);
    assert_eq!(record.list.applied, ["b", "c"]);
    assert_eq!(record.texts["d"], "e");
    assert_eq!(written(&record).as_deref(), Some(FULL));
    assert_eq!(of_old(Some(&object(FULL))), Some(record));
}

#[test]
fn nothing_replaced_is_no_annotation() {
    assert_eq!(written(&Example::default()), None);
    assert_eq!(read_text("{}"), Some(Example::default()));
}

#[test]
fn other_annotations_stay() {
    let annotations = Texts::from_iter([("a".to_owned(), json!("b"))]);
    let annotations = write(&read_text(FULL).unwrap(), annotations).unwrap();
    assert_eq!(json!(annotations), json!({"a": "b", Example::ANNOTATION: FULL}));
}

#[test]
fn a_record_that_would_not_be_stored_is_not_written() {
    let with = |bytes: usize| Texts::from_iter([("a".to_owned(), json!("b".repeat(bytes)))]);
    let room = 256 * 1024 - Example::ANNOTATION.len() - FULL.len() - 1;
    let record = read_text(FULL).unwrap();
    assert!(write(&record, with(room)).unwrap().is_some());
    assert_eq!(write(&record, with(room + 1)).unwrap(), None);
    assert!(write(&Example::default(), with(room + 1)).unwrap().is_some());
}

#[rstest]
#[case::no_metadata(json!({}))]
#[case::no_annotations(json!({"metadata": {"name": "web"}}))]
#[case::another_annotation(json!({"metadata": {"annotations": {"a": "{}"}}}))]
fn an_absent_record(#[case] object: Value) {
    assert_eq!(read(&object, || None), Some(Example::default()));
    assert_eq!(read(&object, || read_text(FULL)), read_text(FULL));
    assert_eq!(of_old::<Example>(Some(&object)), None);
    assert_eq!(of_old::<Example>(None), None);
}

#[test]
fn an_empty_text_makes_the_policy_forget() {
    assert_eq!(read_text(""), Some(Example::default()));
    assert_eq!(of_old::<Example>(Some(&object(""))), None);
}

#[rstest]
#[case::a_blank(" ")]
#[case::blank_before(" {}")]
#[case::text("x")]
#[case::null("null")]
#[case::list("[]")]
#[case::list_of_fields(r#"[{"original":[],"applied":[]},{}]"#)]
#[case::two("{}{}")]
#[case::cut_off(r#"{"texts":{"a":"b""#)]
#[case::unknown_member(r#"{"x":1}"#)]
#[case::unknown_member_beside_ours(r#"{"texts":{"a":"b"},"x":1}"#)]
#[case::unknown_member_of_what_was_replaced(r#"{"list":{"original":[],"applied":[],"x":1}}"#)]
#[case::no_original(r#"{"list":{"applied":[]}}"#)]
#[case::no_applied(r#"{"list":{"original":[]}}"#)]
#[case::member_twice(r#"{"texts":{"a":"b"},"texts":{"a":"b"}}"#)]
#[case::text_as_null(r#"{"texts":{"a":null}}"#)]
#[case::one_of_two_texts(r#"{"texts":{"a":"b","c":1}}"#)]
#[case::what_we_do_not_write(r#"{"texts":{"foreign":""}}"#)]
#[case::number(5)]
#[case::object(json!({"list": {"original": [], "applied": []}}))]
fn a_foreign_record(#[case] value: impl Into<Value>) {
    let object = object(value);
    assert!(is_foreign::<Example>(&object));
    assert_eq!(of_old::<Example>(Some(&object)), None);
}

#[rstest]
#[case::escapes(r#"{"texts":{"a":"\u0022\\"}}"#)]
#[case::white_space("{ \"texts\" :\n{ \"a\" : \"b\" } }")]
fn our_record(#[case] text: &str) {
    let record = read_text(text).unwrap();
    assert_eq!(read_text(&written(&record).unwrap()), Some(record));
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in any::<String>(), beginning in 0..FULL.len()) {
        read_text(&text);
        read_text(&format!("{}{text}", FULL.get(..beginning).unwrap_or(FULL)));
    }
}
