//! The text of a record, and which texts are none of ours.

use rstest::rstest;

use super::*;
use crate::record::LONGEST_PLAIN;

fn raw(json: &str) -> Box<RawValue> {
    RawValue::from_string(json.to_owned()).unwrap()
}

/// A record with everything that a record can have.
fn full() -> Record {
    Record {
        tls: vec![
            Replaced {
                at: 0,
                was: raw(r#"{"hosts":["a"],"secretName":"own","x":1e400}"#),
                hosts: Vec::new(),
                now: Now::All("wild".to_owned()),
                left: None,
            },
            Replaced {
                at: 2,
                was: raw(r#"{"secretName":null}"#),
                hosts: vec!["b".to_owned(), "c".to_owned()],
                now: Now::Each(vec![Some("exact".to_owned()), None]),
                left: Some(1),
            },
        ],
        added: vec![("wild".to_owned(), vec!["d".to_owned()])],
        omitted: true,
        annotations: vec![
            ("a/b".to_owned(), raw(r#""\u0041\n""#)),
            ("c".to_owned(), raw("null")),
        ],
        blank: Blanks {
            tls: Some(Blank::Null),
            annotations: Some(Blank::Empty),
        },
    }
}

const FULL: &str = r#"{"tls":[{"at":0,"was":{"hosts":["a"],"secretName":"own","x":1e400},"now":"wild"},{"at":2,"was":{"secretName":null},"hosts":["b","c"],"now":["exact",null],"left":1}],"added":{"wild":["d"]},"omitted":true,"annotations":{"a/b":"\u0041\n","c":null},"blank":{"tls":"null","annotations":"empty"}}"#;

fn rewritten(text: &str) -> Option<String> {
    Record::parse(text).map(|record| record.to_text().unwrap())
}

/// A record whose JSON has this many bytes.
fn of_length(bytes: usize) -> Record {
    let of_text = |length| Record {
        annotations: vec![("a".to_owned(), raw(&format!("\"{}\"", "x".repeat(length))))],
        ..Record::default()
    };
    let rest = serde_json::to_string(&of_text(0)).unwrap().len();
    of_text(bytes - rest)
}

#[test]
fn everything_is_written_and_read_again() {
    assert_eq!(full().to_text().unwrap(), FULL);
    assert_eq!(rewritten(FULL).as_deref(), Some(FULL));
}

#[test]
fn what_is_not_there_is_not_written() {
    assert_eq!(Record::default().to_text().unwrap(), "{}");
    assert_eq!(rewritten("{}").as_deref(), Some("{}"));
    assert!(Record::default().is_empty());
    for change in ["tls", "added", "annotations"] {
        let mut record = Record::default();
        match change {
            "tls" => record.tls = full().tls,
            "added" => record.added = full().added,
            _ => record.annotations = full().annotations,
        }
        assert!(!record.is_empty(), "{change}");
    }
    // These alone are nothing to give back.
    let record = Record {
        omitted: true,
        blank: full().blank,
        ..Record::default()
    };
    assert!(record.is_empty());
}

#[rstest]
#[case::longest_plain(LONGEST_PLAIN, false)]
#[case::shortest_packed(LONGEST_PLAIN + 1, true)]
#[case::longest_unpacked(4 * 1024 * 1024, true)]
fn a_long_record_is_packed(#[case] bytes: usize, #[case] is_packed: bool) {
    let text = of_length(bytes).to_text().unwrap();
    assert_eq!(text.starts_with("gzip:"), is_packed);
    let read = Record::parse(&text).unwrap();
    assert_eq!(
        read.annotations[0].1.get(),
        of_length(bytes).annotations[0].1.get()
    );
    assert_eq!(read.to_text().unwrap(), text);
}

#[test]
fn a_record_is_unpacked_up_to_its_limit() {
    let text = of_length(4 * 1024 * 1024 + 1).to_text().unwrap();
    assert!(Record::parse(&text).is_none());
    // Little text of which a lot could be made.
    let text = of_length(256 * 1024 * 1024).to_text().unwrap();
    assert!(text.len() < 512 * 1024, "{} bytes", text.len());
    assert!(Record::parse(&text).is_none());
}

#[rstest]
#[case::nothing("")]
#[case::blank(" {}")]
#[case::text("x")]
#[case::null("null")]
#[case::list("[]")]
#[case::list_of_fields("[[],{},false,{},{}]")]
#[case::two("{}{}")]
#[case::unknown_field(r#"{"x":1}"#)]
#[case::unknown_field_of_an_entry(r#"{"tls":[{"at":0,"was":{},"now":"a","x":1}]}"#)]
#[case::unknown_blank(r#"{"blank":{"x":"null"}}"#)]
#[case::blank_of_another_kind(r#"{"blank":{"tls":"absent"}}"#)]
#[case::null_for_a_list(r#"{"tls":null}"#)]
#[case::null_for_an_object(r#"{"added":null}"#)]
#[case::no_position(r#"{"tls":[{"was":{},"now":"a"}]}"#)]
#[case::negative_position(r#"{"tls":[{"at":-1,"was":{},"now":"a"}]}"#)]
#[case::position_that_is_no_number(r#"{"tls":[{"at":"0","was":{},"now":"a"}]}"#)]
#[case::no_entry(r#"{"tls":[{"at":0,"now":"a"}]}"#)]
#[case::no_secrets(r#"{"tls":[{"at":0,"was":{}}]}"#)]
#[case::secrets_are_null(r#"{"tls":[{"at":0,"was":{},"now":null}]}"#)]
#[case::secrets_of_another_type(r#"{"tls":[{"at":0,"was":{},"now":[1]}]}"#)]
#[case::omitted_of_another_type(r#"{"omitted":"yes"}"#)]
#[case::field_twice(r#"{"omitted":true,"omitted":true}"#)]
#[case::packed_nothing("gzip:")]
#[case::packed_twice("gzip:gzip:")]
#[case::packed_text("gzip:aGVsbG8=")]
#[case::upper_case("GZIP:e30=")]
fn not_ours(#[case] text: &str) {
    assert!(Record::parse(text).is_none());
}

#[rstest]
#[case::text(r#"{"annotations":{"a":"b"}}"#, true)]
#[case::text_with_escapes(r#"{"annotations":{"a":"\u0022\\"}}"#, true)]
#[case::null(r#"{"annotations":{"a":null}}"#, true)]
#[case::of_a_name_that_begins_alike(r#"{"annotations":{"routing-secrets-policy":"b"}}"#, true)]
#[case::number(r#"{"annotations":{"a":1}}"#, false)]
#[case::yes(r#"{"annotations":{"a":true}}"#, false)]
#[case::object(r#"{"annotations":{"a":{}}}"#, false)]
#[case::list(r#"{"annotations":{"a":["b"]}}"#, false)]
#[case::one_of_two(r#"{"annotations":{"a":"b","c":1}}"#, false)]
#[case::skip(r#"{"annotations":{"routing-secrets-policy/skip":"true"}}"#, false)]
#[case::the_record(r#"{"annotations":{"routing-secrets-policy/replaced":"{}"}}"#, false)]
#[case::escaped_prefix(
    r#"{"annotations":{"routing\u002dsecrets-policy/skip":"true"}}"#,
    false
)]
fn annotations_that_could_be_ours(#[case] text: &str, #[case] expected: bool) {
    assert_eq!(Record::parse(text).is_some(), expected);
}

#[rstest]
#[case(100, true)]
#[case(101, false)]
fn more_annotations_than_anybody_has(#[case] count: usize, #[case] expected: bool) {
    let names = (0..count).map(|number| format!("a{number}"));
    let record = Record {
        annotations: names.map(|name| (name, raw("\"\""))).collect(),
        ..Record::default()
    };
    let text = record.to_text().unwrap();
    assert_eq!(Record::parse(&text).is_some(), expected);
}

/// The Secrets of hosts in words: `-` for none.
#[rstest]
#[case::one("a", None, r#""a""#)]
#[case::all_the_same("a a a", None, r#""a""#)]
#[case::different("a b", None, r#"["a","b"]"#)]
#[case::one_stays("a - a", None, r#"["a",null,"a"]"#)]
#[case::the_first_stays("- a", None, r#"[null,"a"]"#)]
#[case::all_stay("- -", Some("a"), "[null,null]")]
#[case::no_hosts("", Some("a"), r#""a""#)]
#[case::no_hosts_and_no_secret("", None, "[]")]
fn the_shortest_way_to_write_secrets(
    #[case] secrets: &str,
    #[case] last: Option<&str>,
    #[case] expected: &str,
) {
    let secrets = secrets.split_whitespace();
    let secrets = secrets.map(|secret| (secret != "-").then(|| secret.to_owned()));
    let now = Now::of(secrets.collect(), last);
    assert_eq!(serde_json::to_string(&now).unwrap(), expected);
}
