//! The index: one line of words.

use proptest::{collection::vec, prelude::*};
use rstest::rstest;

use super::{DnsPattern, Wildcards};
use crate::{
    routing::index::{read, write},
    x509::leaf::Leaf,
};

fn leaf(dns_names: &[&str]) -> Leaf {
    Leaf {
        dns_names: dns_names.iter().map(|name| (*name).to_owned()).collect(),
        not_before: 1_764_201_600,
        not_after: 1_795_737_600,
        is_temporary: false,
    }
}

#[rstest]
#[case::issued(
    leaf(&["*.apps.example.com", "apps.example.com"]),
    "v1 issued 1764201600 1795737600 *.apps.example.com apps.example.com",
)]
#[case::temporary(
    Leaf { is_temporary: true, ..leaf(&["a"]) }, "v1 temporary 1764201600 1795737600 a",
)]
#[case::names_for_any_depth(leaf(&["f*.x", "*"]), "v1 issued 1764201600 1795737600 f*.x *")]
#[case::no_names(leaf(&[]), "v1 issued 1764201600 1795737600")]
#[case::ends_of_time(
    Leaf { not_before: 0, not_after: u64::MAX, ..leaf(&["a"]) },
    "v1 issued 0 18446744073709551615 a",
)]
#[case::as_the_certificate_writes_them(
    leaf(&["A.Example.COM."]), "v1 issued 1764201600 1795737600 A.Example.COM.",
)]
fn the_format(#[case] leaf: Leaf, #[case] index: &str) {
    assert_eq!(write(&leaf), index);
    assert_eq!(read(index), Some(leaf));
}

#[rstest]
#[case::blank(leaf(&["a b", "a"]))]
#[case::line_break(leaf(&["a\nb", "a"]))]
#[case::only_a_blank(leaf(&[" ", "a"]))]
#[case::empty(leaf(&["", "a"]))]
#[case::not_ascii(leaf(&["b\u{fc}cher", "a"]))]
#[case::empty_label(leaf(&["a..b", "a"]))]
fn names_that_cover_nothing_are_left_out(#[case] leaf: Leaf) {
    assert_eq!(write(&leaf), "v1 issued 1764201600 1795737600 a");
}

#[rstest]
#[case::nothing("")]
#[case::a_blank(" ")]
#[case::only_the_version("v1")]
#[case::another_version("v2 issued 1 2 a")]
#[case::a_version_that_begins_like_ours("v12 issued 1 2 a")]
#[case::letter_case("V1 issued 1 2 a")]
#[case::no_version("issued 1 2 a")]
#[case::another_kind("v1 selectable 1 2 a")]
#[case::no_kind("v1 1 2 a")]
#[case::no_end("v1 issued 1")]
#[case::a_name_for_the_end("v1 issued 1 a")]
#[case::before_1970("v1 issued -1 2 a")]
#[case::a_fraction("v1 issued 1 2.5 a")]
#[case::too_late("v1 issued 1 18446744073709551616 a")]
#[case::two_blanks("v1 issued 1 2 a  b")]
#[case::a_blank_before(" v1 issued 1 2 a")]
#[case::a_blank_after("v1 issued 1 2 a ")]
#[case::a_tabulator("v1\tissued\t1\t2\ta")]
#[case::line_after("v1 issued 1 2\n")]
#[case::json(r#"{"version":1,"dnsNames":["a"],"notBefore":1,"notAfter":2,"selectable":true}"#)]
fn another_text_is_not_read(#[case] text: &str) {
    assert_eq!(read(text), None);
}

proptest! {
    /// With names that cover nothing left out.
    #[test]
    fn what_is_written_is_read(
        names in vec("[a-z*][-a-zA-Z0-9_.*]{0,12}", 0..4),
        odd in vec(r#"[\\"\],{}: \n\u{e9}]{1,4}"#, 0..3),
        not_before: u64,
        not_after: u64,
        is_temporary: bool,
    ) {
        let dns_names = names.into_iter().chain(odd).collect();
        let leaf = Leaf { dns_names, not_before, not_after, is_temporary };
        let written = write(&leaf);
        prop_assert!(!written.contains('\n'));
        let names = leaf.dns_names.iter().cloned();
        let names = names.filter(|name| DnsPattern::parse(name, Wildcards::AnyDepth).is_some());
        let expected = Leaf { dns_names: names.collect(), ..leaf.clone() };
        prop_assert_eq!(read(&written), Some(expected));
    }

    #[test]
    fn no_text_makes_it_panic(text in any::<String>(), beginning in 0..50_usize) {
        let written = write(&leaf(&["a.example.com"]));
        read(&text);
        read(&format!("{}{text}", written.get(..beginning).unwrap_or(&written)));
    }
}
