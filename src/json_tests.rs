use base64::{Engine, engine::general_purpose::STANDARD};
use proptest::{collection::vec, prelude::*, sample::select};
use rstest::rstest;

use super::*;

fn raw(json: &str) -> Box<RawValue> {
    RawValue::from_string(json.to_owned()).unwrap()
}

/// An object after edits, as text.
fn edited(json: &str, edits: &[(&str, Option<&str>)]) -> String {
    let edits: Edits = edits
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.map(raw)))
        .collect();
    let json = raw(json);
    let object = Object::parse(&json).unwrap();
    serde_json::to_string(&object.edited(&edits)).unwrap()
}

const MEMBERS: &str = concat!(
    r#"{"z":null,"a":1e400,"big":123456789012345678901234567890,"float":1.0,"exp":1E+2,"minus":-0,"#,
    r#""more":{"b":[ 1 , {"x" : null} ],"a":""},"text":"\u00e9\/ é","":[],"é":true}"#,
);

#[test]
fn unchanged_members_keep_their_text_and_order() {
    assert_eq!(edited(MEMBERS, &[]), MEMBERS);
}

#[test]
fn a_changed_member_leaves_the_others_byte_for_byte() {
    assert_eq!(
        edited(MEMBERS, &[("float", Some("2.50"))]),
        MEMBERS.replace("1.0", "2.50")
    );
}

#[rstest]
#[case::nothing(&[], r#"{"a":1,"b":null,"c":{}}"#)]
#[case::set_in_place(&[("b", Some("[ 2 ]"))], r#"{"a":1,"b":[ 2 ],"c":{}}"#)]
#[case::set_to_null(&[("a", Some("null"))], r#"{"a":null,"b":null,"c":{}}"#)]
#[case::append(&[("d", Some("4")), ("0", Some("5"))], r#"{"a":1,"b":null,"c":{},"d":4,"0":5}"#)]
#[case::append_name_with_quotes(&[("x\"\n", Some("4"))], r#"{"a":1,"b":null,"c":{},"x\"\n":4}"#)]
#[case::remove_first(&[("a", None)], r#"{"b":null,"c":{}}"#)]
#[case::remove_null(&[("b", None)], r#"{"a":1,"c":{}}"#)]
#[case::remove_all(&[("c", None), ("a", None), ("b", None)], "{}")]
#[case::remove_unknown(&[("d", None), ("A", None)], r#"{"a":1,"b":null,"c":{}}"#)]
#[case::all_at_once(
    &[("c", Some("3")), ("a", None), ("d", Some("4"))], r#"{"b":null,"c":3,"d":4}"#,
)]
#[case::last_edit_of_a_member_counts(&[("a", Some("2")), ("a", Some("3"))], r#"{"a":3,"b":null,"c":{}}"#)]
#[case::set_then_remove(&[("d", Some("4")), ("d", None)], r#"{"a":1,"b":null,"c":{}}"#)]
fn edits_apply_one_after_another(#[case] edits: &[(&str, Option<&str>)], #[case] expected: &str) {
    assert_eq!(edited(r#"{"a":1,"b":null,"c":{}}"#, edits), expected);
}

#[test]
fn the_original_is_not_changed_by_edits() {
    let json = raw(r#"{"a":1}"#);
    let object = Object::parse(&json).unwrap();
    let edits = vec![("a".to_owned(), None)];
    assert!(object.edited(&edits).is_empty());
    assert_eq!(object.raw("a").unwrap().get(), "1");
}

#[rstest]
#[case("[]")]
#[case("null")]
#[case("\"{}\"")]
#[case("1")]
#[case("true")]
fn other_types_are_no_objects(#[case] json: &str) {
    assert!(Object::parse(&raw(json)).is_none());
}

#[test]
fn members_are_read_by_name() {
    let json = raw(
        r#"{ "null": null, "text": "a\n\"b\"", "number": 1.0, "object": {"a": 1}, "list": [], "\u0061/b": 7 }"#,
    );
    let object = Object::parse(&json).unwrap();
    assert_eq!(object.get("number").unwrap().get(), "1.0");
    assert_eq!(object.get("a/b").unwrap().get(), "7");
    assert!(object.get("null").is_none());
    assert_eq!(object.raw("null").unwrap().get(), "null");
    assert!(object.raw("absent").is_none());

    assert_eq!(object.text("text").unwrap(), "a\n\"b\"");
    for other in ["null", "number", "object", "list", "absent"] {
        assert_eq!(object.text(other), None, "{other}");
    }

    assert_eq!(
        object.object("object").unwrap().get("a").unwrap().get(),
        "1"
    );
    assert!(object.object("absent").unwrap().is_empty());
    assert!(object.object("null").unwrap().is_empty());
    for other in ["text", "number", "list"] {
        assert!(object.object(other).is_none(), "{other}");
    }

    let names: Vec<_> = object.members().map(|(name, _)| name.to_owned()).collect();
    assert_eq!(names, ["null", "text", "number", "object", "list", "a/b"]);
}

#[test]
fn of_two_members_of_a_name_the_last_counts() {
    let json = raw(r#"{"a":1,"b":2,"a":3}"#);
    assert_eq!(Object::parse(&json).unwrap().get("a").unwrap().get(), "3");
    let set = edited(json.get(), &[("a", Some("4"))]);
    let set = raw(&set);
    assert_eq!(Object::parse(&set).unwrap().get("a").unwrap().get(), "4");
    assert_eq!(edited(json.get(), &[("a", None)]), r#"{"b":2}"#);
}

#[rstest]
#[case(r#"{ "a" : [ 1 , 2 ] }"#, r#"{"a":[1,2]}"#)]
#[case("{\n\t\"a\":\r\n true }", r#"{"a":true}"#)]
#[case::spaces_in_strings(r#"[ "a  b" , " c " ]"#, r#"["a  b"," c "]"#)]
#[case::spaces_in_names(r#"{ "a b" : 1 }"#, r#"{"a b":1}"#)]
#[case::quotes(r#"[ "a \" b" , " \" " ]"#, r#"["a \" b"," \" "]"#)]
#[case::backslash_before_the_end(r#"[ "a \\" , " b" ]"#, r#"["a \\"," b"]"#)]
#[case::backslashes_before_a_quote(r#"[ "a \\\" b" , " c" ]"#, r#"["a \\\" b"," c"]"#)]
#[case::escapes(r#"[ "\u0020 \n \/" ]"#, r#"["\u0020 \n \/"]"#)]
#[case::other_white_space_is_text("[ \"a\u{a0} b\u{2003}\" ]", "[\"a\u{a0} b\u{2003}\"]")]
#[case::numbers_as_they_are(
    r#"[ 1.0 , 1e400 , 123456789012345678901234567890 ]"#,
    "[1.0,1e400,123456789012345678901234567890]"
)]
#[case::text_alone(r#"" ""#, r#"" ""#)]
fn compact_leaves_out_white_space_between_parts(#[case] json: &str, #[case] expected: &str) {
    assert_eq!(compact(&raw(json)).unwrap().get(), expected);
}

#[rstest]
#[case("1", "1", true)]
#[case(r#"{"a":1,"b":2}"#, r#"{ "b": 2, "a": 1 }"#, true)]
#[case(r#""a""#, r#""\u0061""#, true)]
#[case("[1, 2]", "[1,2]", true)]
#[case("[1,2]", "[2,1]", false)]
#[case("[1]", "[1,1]", false)]
#[case("null", "null", true)]
#[case("null", "{}", false)]
#[case(r#"{"a":null}"#, "{}", false)]
#[case(r#""1""#, "1", false)]
#[case(r#""a""#, r#""A""#, false)]
#[case("[]", "{}", false)]
#[case::too_big_to_be_read("1e400", "1e400", true)]
#[case::too_big_to_be_read_and_other("1e400", "1", false)]
#[case::other_texts_of_an_unreadable_number("[1e400]", "[1e401]", false)]
fn is_same_compares_values(#[case] one: &str, #[case] other: &str, #[case] same: bool) {
    assert_eq!(is_same(&raw(one), &raw(other)), same);
    assert_eq!(is_same(&raw(other), &raw(one)), same);
}

/// Values written in unusual ways.
fn value() -> impl Strategy<Value = String> {
    const PLAIN: [&str; 12] = [
        "null",
        "true",
        "0",
        "-0",
        "1.0",
        "1e400",
        "1E-2",
        "123456789012345678901234567890",
        "[ ]",
        "{ \"a\" : null }",
        "\"\\u0061\"",
        "[[ \"a b\" ],2.50]",
    ];
    prop_oneof![
        select(PLAIN.as_slice()).prop_map(str::to_owned),
        any::<String>().prop_map(|text| serde_json::to_string(&text).unwrap()),
    ]
}

proptest! {
    #[test]
    fn members_survive_edits_of_others(members in vec(value(), 0..8), new in value(), at in 0_usize..10) {
        let write = |members: &[String]| {
            let members: Vec<_> = members.iter().enumerate().map(|(name, value)| format!("\"{name}\":{value}")).collect();
            format!("{{{}}}", members.join(","))
        };
        let mut expected = members.clone();
        let at = at.min(members.len());
        if at < members.len() {
            expected[at].clone_from(&new);
        } else {
            expected.push(new.clone());
        }
        let name = at.to_string();
        prop_assert_eq!(edited(&write(&members), &[(name.as_str(), Some(new.as_str()))]), write(&expected));
    }

    #[test]
    fn compact_keeps_the_value(texts in vec(any::<String>(), 0..6)) {
        let pretty = serde_json::to_string_pretty(&texts).unwrap();
        let short = serde_json::to_string(&texts).unwrap();
        let compacted = compact(&raw(&pretty)).unwrap();
        prop_assert_eq!(compacted.get(), short);
    }

    /// As another decoder reads it, whatever is wrong with it.
    #[test]
    fn base64_is_padded_and_canonical(
        content in vec(any::<u8>(), 0..100),
        edits in vec((0..140_usize, select(&["", "A", "/", "-", "=", "==", "\n", "\r\n", " ", "_", "\0"][..])), 0..3),
    ) {
        let mut text = STANDARD.encode(content);
        for (place, piece) in edits {
            text.replace_range(place.min(text.len())..(place + 1).min(text.len()), piece);
        }
        let expected = STANDARD.decode(text.replace(['\r', '\n'], "")).ok();
        prop_assert_eq!(bytes(&text), expected, "{}", text);
    }
}
