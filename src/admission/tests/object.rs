//! What is read of an object, and how it is changed.

use rstest::rstest;
use serde_json::{Value, json};

use crate::admission::object::{
    self, Texts, field, fit, is_being_deleted, is_dns_subdomain, is_skipped, set_annotations,
};

fn texts(value: Value) -> Texts {
    serde_json::from_value(value).unwrap()
}

#[test]
fn members_are_read_by_their_whole_name() {
    let ingress = json!({"metadata": {
        "annotations": {"a/b": "1", "a~1b": "2", "number": 3},
        "labels": {"a/b": "4"},
    }});
    assert_eq!(object::annotation(&ingress, "a/b"), Some("1"));
    assert_eq!(object::annotation(&ingress, "a~1b"), Some("2"));
    assert_eq!(object::annotation(&ingress, "number"), None);
    assert_eq!(object::annotation(&ingress, "absent"), None);
    assert_eq!(object::label(&ingress, "a/b"), Some("4"));
    assert_eq!(object::label(&ingress, "number"), None);
    for other in [json!(null), json!({}), json!({"metadata": []}), json!("metadata")] {
        assert_eq!(object::annotation(&other, "a/b"), None, "{other}");
        assert_eq!(object::label(&other, "a/b"), None, "{other}");
    }
}

#[rstest]
#[case::a_list(json!({"hosts": ["a", "b"]}), Some(vec!["a", "b"]))]
#[case::absent(json!({}), Some(vec![]))]
#[case::null(json!({"hosts": null}), Some(vec![]))]
#[case::another_type(json!({"hosts": "a"}), None)]
#[case::another_type_inside(json!({"hosts": ["a", 1]}), None)]
fn a_field(#[case] object: Value, #[case] expected: Option<Vec<&str>>) {
    assert_eq!(field::<Vec<&str>>(&object, "hosts").ok(), expected);
}

#[rstest]
#[case::nothing(json!({}), false, false)]
#[case::being_deleted(json!({"deletionTimestamp": "2026-01-01T00:00:00Z"}), true, false)]
#[case::skipped(json!({"annotations": {"routing-secrets-policy/skip": "true"}}), false, true)]
#[case::not_skipped(json!({"annotations": {"routing-secrets-policy/skip": "false"}}), false, false)]
#[case::no_text(json!({"annotations": {"routing-secrets-policy/skip": true}}), false, false)]
fn objects_out_of_our_hands(#[case] metadata: Value, #[case] deleted: bool, #[case] skipped: bool) {
    let object = json!({ "metadata": metadata });
    assert_eq!(is_being_deleted(&object), deleted);
    assert_eq!(is_skipped(&object), skipped);
}

#[rstest]
#[case::set(json!({"a": 1}), json!({"a": 1, "tls": [2]}), json!([2]))]
#[case::replaced(json!({"tls": [1]}), json!({"tls": [2]}), json!([2]))]
#[case::emptied_list(json!({"a": 1, "tls": [1]}), json!({"a": 1}), json!([]))]
#[case::emptied_map(json!({"tls": {"a": 1}}), json!({}), json!({}))]
#[case::removed(json!({"tls": 1}), json!({}), json!(null))]
#[case::no_map([1].into(), [1].into(), json!([2]))]
fn a_member_is_set(#[case] mut parent: Value, #[case] expected: Value, #[case] value: Value) {
    object::set(&mut parent, "tls", value);
    assert_eq!(parent, expected);
}

#[rstest]
#[case::others(json!({"annotations": {"a": "1"}}), json!({"b": "2"}), json!({"annotations": {"b": "2"}}))]
#[case::first(json!({"name": "a"}), json!({"b": "2"}), json!({"name": "a", "annotations": {"b": "2"}}))]
#[case::none_any_more(json!({"annotations": {"a": "1"}}), json!({}), json!({}))]
#[case::still_none(json!({"name": "a"}), json!({}), json!({"name": "a"}))]
#[case::the_same(json!({"annotations": {"a": "1"}}), json!({"a": "1"}), json!({"annotations": {"a": "1"}}))]
fn annotations_are_set(#[case] metadata: Value, #[case] set: Value, #[case] expected: Value) {
    let mut object = json!({"metadata": metadata, "spec": {"a": 1}});
    set_annotations(&mut object, texts(set));
    assert_eq!(object, json!({"metadata": expected, "spec": {"a": 1}}));
}

#[rstest]
#[case::nothing(0, 0, true)]
#[case::as_much_as_is_stored(1, 256 * 1024 - 1, true)]
#[case::more(1, 256 * 1024, false)]
#[case::long_name(256 * 1024 + 1, 0, false)]
fn annotations_that_are_stored(#[case] name: usize, #[case] value: usize, #[case] expected: bool) {
    let annotations = Texts::from_iter([("n".repeat(name), json!("v".repeat(value)))]);
    assert_eq!(fit(&annotations), expected);
}

#[test]
fn all_annotations_count_together() {
    let half = json!("v".repeat(128 * 1024));
    let both = Texts::from_iter([("a".to_owned(), half.clone()), ("b".to_owned(), half)]);
    assert!(!fit(&both));
}

#[rstest]
#[case("a", true)]
#[case("a-b.c1", true)]
#[case("1", true)]
#[case::longest(&format!("{}a", "a.".repeat(126)), true)]
#[case::too_long(&"a".repeat(254), false)]
#[case("", false)]
#[case(".", false)]
#[case("a..b", false)]
#[case("a.", false)]
#[case("-a", false)]
#[case("a-", false)]
#[case("a.-b", false)]
#[case("A", false)]
#[case("a_b", false)]
#[case("a/b", false)]
#[case("ü", false)]
#[case("a\n", false)]
fn names_of_objects(#[case] text: &str, #[case] expected: bool) {
    assert_eq!(is_dns_subdomain(text), expected);
}
