//! The annotation with what was replaced: its text, and which texts are none of ours.

use proptest::prelude::*;
use rstest::rstest;
use serde_json::{Value, json};

use crate::admission::{
    object::{Texts, annotation},
    record::{Found, RECORD, Record, Replaced},
};

/// A record of everything that a record can have.
const FULL: &str = r#"{"tls":{"original":[{"hosts":["a.example.com"],"secretName":"own"},{"secretName":"b"}],"applied":[{"hosts":["a.example.com"],"secretName":"wild"},{"hosts":["b"]}]},"listeners":{"https":{"original":"own","applied":"wild"}},"ignoredListeners":["https"],"annotations":{"cert-manager.io/cluster-issuer":"letsencrypt"}}"#;

/// An object with this text in the annotation.
fn object(text: &str) -> Value {
    json!({"metadata": {"name": "web", "annotations": {RECORD: text}}})
}

fn parse(text: &str) -> Option<Record> {
    match Found::of(&object(text)) {
        Found::Ours(record) => Some(record),
        _ => None,
    }
}

/// The text of the annotation.
fn written(record: &Record) -> Option<String> {
    let mut annotations = Texts::new();
    record.write(&mut annotations).unwrap();
    let object = json!({"metadata": {"annotations": annotations}});
    annotation(&object, RECORD).map(str::to_owned)
}

#[test]
fn everything_is_written_and_read_again() {
    let record = parse(FULL).unwrap();
    let tls = record.tls.as_ref().unwrap();
    assert_eq!(tls.original[0].secret_name.as_deref(), Some("own"));
    assert_eq!(tls.original[1].hosts, [""; 0]);
    assert_eq!(tls.applied[0].hosts, ["a.example.com"]);
    assert_eq!(tls.applied[1].secret_name, None);
    let listener = Replaced {
        original: "own".to_owned(),
        applied: "wild".to_owned(),
    };
    assert_eq!(record.listeners["https"], listener);
    assert_eq!(record.ignored_listeners, ["https"]);
    assert_eq!(
        record.annotations["cert-manager.io/cluster-issuer"],
        "letsencrypt"
    );
    assert_eq!(written(&record).as_deref(), Some(FULL));
}

#[rstest]
#[case::an_ingress(
    r#"{"tls":{"original":[{"hosts":["a"],"secretName":"own"}],"applied":[{"hosts":["a"],"secretName":"wild"}]}}"#
)]
#[case::nothing_was_there(
    r#"{"tls":{"original":[],"applied":[{"hosts":["a"],"secretName":"wild"}]}}"#
)]
#[case::only_annotations(r#"{"annotations":{"cert-manager.io/issuer":""}}"#)]
#[case::a_gateway(r#"{"listeners":{"a":{"original":"own","applied":"wild"}}}"#)]
#[case::only_ignored(r#"{"ignoredListeners":["a","b"]}"#)]
fn what_is_not_there_is_not_written(#[case] text: &str) {
    assert_eq!(written(&parse(text).unwrap()).as_deref(), Some(text));
}

#[test]
fn nothing_replaced_is_no_annotation() {
    assert_eq!(written(&Record::default()), None);
    assert_eq!(parse("{}"), Some(Record::default()));
}

#[test]
fn other_annotations_stay() {
    let mut annotations = Texts::from_iter([("a".to_owned(), json!("b"))]);
    parse(FULL).unwrap().write(&mut annotations).unwrap();
    assert_eq!(json!(annotations), json!({"a": "b", RECORD: FULL}));
}

#[rstest]
#[case::no_metadata(json!({}))]
#[case::no_annotations(json!({"metadata": {"name": "web"}}))]
#[case::another_annotation(json!({"metadata": {"annotations": {"a": "{}"}}}))]
fn an_absent_record(#[case] object: Value) {
    assert_eq!(Found::of(&object), Found::Absent);
    assert_eq!(Record::of_old(Some(&object)), None);
}

#[test]
fn an_empty_text_makes_the_policy_forget() {
    assert_eq!(Found::of(&object("")), Found::Forgotten);
    assert_eq!(Record::of_old(Some(&object(""))), None);
}

#[rstest]
#[case::a_blank(" ")]
#[case::blank_before(" {}")]
#[case::text("x")]
#[case::null("null")]
#[case::list("[]")]
#[case::list_of_fields("[null,{},[],{}]")]
#[case::two("{}{}")]
#[case::cut_off(r#"{"annotations":{"a":"b""#)]
#[case::unknown_member(r#"{"x":1}"#)]
#[case::unknown_member_beside_ours(r#"{"annotations":{"a":"b"},"x":1}"#)]
#[case::unknown_member_of_tls(r#"{"tls":{"original":[],"applied":[],"x":1}}"#)]
#[case::unknown_member_of_a_listener(r#"{"listeners":{"a":{"original":"b","applied":"c","x":1}}}"#)]
#[case::no_original(r#"{"tls":{"applied":[]}}"#)]
#[case::no_applied(r#"{"tls":{"original":[]}}"#)]
#[case::list_for_tls(r#"{"tls":[{"hosts":["a"]}]}"#)]
#[case::entry_as_text(r#"{"tls":{"original":["a"],"applied":[]}}"#)]
#[case::hosts_as_text(r#"{"tls":{"original":[{"hosts":"a"}],"applied":[]}}"#)]
#[case::host_as_number(r#"{"tls":{"original":[{"hosts":[1]}],"applied":[]}}"#)]
#[case::secret_as_number(r#"{"tls":{"original":[],"applied":[{"secretName":1}]}}"#)]
#[case::listener_as_text(r#"{"listeners":{"a":"b"}}"#)]
#[case::ignored_as_text(r#"{"ignoredListeners":"a"}"#)]
#[case::member_twice(r#"{"annotations":{"a":"b"},"annotations":{"a":"b"}}"#)]
#[case::annotation_as_null(r#"{"annotations":{"a":null}}"#)]
#[case::annotation_as_number(r#"{"annotations":{"a":1}}"#)]
#[case::annotation_as_object(r#"{"annotations":{"a":{}}}"#)]
#[case::one_of_two_annotations(r#"{"annotations":{"a":"b","c":1}}"#)]
#[case::skip(r#"{"annotations":{"routing-secrets-policy/skip":"true"}}"#)]
#[case::itself(r#"{"annotations":{"routing-secrets-policy/replaced":"{}"}}"#)]
#[case::escaped_prefix(r#"{"annotations":{"routing\u002dsecrets-policy/skip":"true"}}"#)]
fn a_foreign_record(#[case] text: &str) {
    assert_eq!(Found::of(&object(text)), Found::Foreign);
    assert_eq!(Record::of_old(Some(&object(text))), None);
}

#[rstest]
#[case(json!(null))]
#[case(json!(5))]
#[case(json!({"tls": {"original": [], "applied": []}}))]
fn an_annotation_that_is_no_text_is_foreign(#[case] value: Value) {
    let object = json!({"metadata": {"annotations": {RECORD: value}}});
    assert_eq!(Found::of(&object), Found::Foreign);
    assert_eq!(Record::of_old(Some(&object)), None);
}

#[rstest]
#[case::a_name_that_begins_alike(r#"{"annotations":{"routing-secrets-policy":"b"}}"#)]
#[case::escapes(r#"{"annotations":{"a":"\u0022\\"}}"#)]
#[case::white_space("{ \"annotations\" :\n{ \"a\" : \"b\" } }")]
#[case::unknown_field_of_an_entry(r#"{"tls":{"original":[{"x":1}],"applied":[]}}"#)]
fn our_record(#[case] text: &str) {
    let record = parse(text).unwrap();
    assert_eq!(Record::of_old(Some(&object(text))), Some(record.clone()));
    assert_eq!(parse(&written(&record).unwrap()), Some(record));
}

#[test]
fn a_creation_has_no_old_record() {
    assert_eq!(Record::of_old(None), None);
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in any::<String>(), beginning in 0..FULL.len()) {
        parse(&text);
        parse(&format!("{}{text}", FULL.get(..beginning).unwrap_or(FULL)));
    }
}
