use proptest::{collection::vec, prelude::*};
use rstest::rstest;
use serde_json::value::to_raw_value;

use super::*;

fn leaf(dns_names: &[&str]) -> Leaf<'static> {
    let names = dns_names.iter().map(|name| Cow::Owned((*name).to_owned()));
    Leaf {
        dns_names: names.collect(),
        not_before: 1,
        not_after: 2,
        temporary: false,
    }
}

/// What is read of an annotation with this text.
fn read_text(text: &str) -> Option<Leaf<'static>> {
    let annotation = to_raw_value(text).unwrap();
    let leaf = read(&annotation)?;
    let names = leaf.dns_names.into_iter();
    Some(Leaf {
        dns_names: names.map(|name| Cow::Owned(name.into_owned())).collect(),
        ..leaf
    })
}

#[test]
fn the_format_is_json_with_a_version() {
    assert_eq!(
        write(&leaf(&["a.example.com", "*.example.com"])).unwrap(),
        r#"{"version":1,"dnsNames":["a.example.com","*.example.com"],"notBefore":1,"notAfter":2,"selectable":true}"#,
    );
}

#[rstest]
#[case::nothing("")]
#[case::another_version(
    r#"{"version":2,"dnsNames":["a"],"notBefore":1,"notAfter":2,"selectable":true}"#
)]
#[case::a_version_that_begins_like_ours(
    r#"{"version":12,"dnsNames":["a"],"notBefore":1,"notAfter":2,"selectable":true}"#
)]
#[case::cut_off(r#"{"version":1,"dnsNames":["a"],"notBefore":1,"notAfter":2,"selectable":true"#)]
#[case::more(
    r#"{"version":1,"dnsNames":["a"],"notBefore":1,"notAfter":2,"selectable":true,"more":1}"#
)]
#[case::no_end(r#"{"version":1,"dnsNames":["a"],"notBefore":1,"selectable":true}"#)]
#[case::no_strings(r#"{"version":1,"dnsNames":[a],"notBefore":1,"notAfter":2,"selectable":true}"#)]
#[case::no_names_between_commas(
    r#"{"version":1,"dnsNames":["a",,"b"],"notBefore":1,"notAfter":2,"selectable":true}"#
)]
#[case::no_list(r#"{"version":1,"dnsNames":"a","notBefore":1,"notAfter":2,"selectable":true}"#)]
#[case::before_1970(
    r#"{"version":1,"dnsNames":["a"],"notBefore":-1,"notAfter":2,"selectable":true}"#
)]
#[case::a_fraction(
    r#"{"version":1,"dnsNames":["a"],"notBefore":1,"notAfter":2.5,"selectable":true}"#
)]
#[case::no_truth(r#"{"version":1,"dnsNames":["a"],"notBefore":1,"notAfter":2,"selectable":1}"#)]
#[case::an_array(r#"[1,["a"],1,2,true]"#)]
fn another_text_is_not_read(#[case] text: &str) {
    assert_eq!(read_text(text), None);
}

#[rstest]
#[case::in_another_order(
    r#"{"dnsNames":["a"],"notAfter":2,"notBefore":1,"selectable":true,"version":1}"#
)]
#[case::with_white_space(
    r#"{ "version": 1, "dnsNames": [ "a" ], "notBefore": 1, "notAfter": 2, "selectable": true }"#
)]
#[case::with_an_escape(
    r#"{"version":1,"dnsNames":["\u0061"],"notBefore":1,"notAfter":2,"selectable":true}"#
)]
fn an_index_may_be_written_in_other_ways(#[case] text: &str) {
    assert_eq!(read_text(text), Some(leaf(&["a"])));
}

#[rstest]
#[case("5")]
#[case("null")]
#[case(r#"{"version":1,"dnsNames":["a"],"notBefore":1,"notAfter":2,"selectable":true}"#)]
fn an_annotation_that_is_no_string_is_not_read(#[case] json: &str) {
    let annotation = RawValue::from_string(json.to_owned()).unwrap();
    assert_eq!(read(&annotation), None);
}

proptest! {
    /// With names that cover nothing left out.
    #[test]
    fn what_is_written_is_read(
        names in vec("[a-z*][-a-zA-Z0-9_.*]{0,12}", 0..4),
        odd in vec(r#"[\\"\],{}: é]{1,4}"#, 0..3),
        not_before: u64,
        not_after: u64,
        temporary: bool,
    ) {
        let names = names.into_iter().chain(odd).map(Cow::Owned).collect();
        let leaf = Leaf { dns_names: names, not_before, not_after, temporary };
        let names = leaf.dns_names.iter().cloned();
        let names = names.filter(|name| DnsPattern::parse(name.as_ref(), Wildcards::AnyDepth).is_some());
        let expected = Leaf { dns_names: names.collect(), ..leaf.clone() };
        prop_assert_eq!(read_text(&write(&leaf).unwrap()), Some(expected));
    }

    #[test]
    fn no_text_makes_it_panic(text in any::<String>(), beginning in 0..110_usize) {
        let written = write(&leaf(&["a.example.com"])).unwrap();
        read_text(&text);
        read_text(&format!("{}{text}", written.get(..beginning).unwrap_or(&written)));
    }
}
