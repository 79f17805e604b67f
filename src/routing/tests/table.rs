//! The choice of the routing secret for a host.

use std::cmp::Reverse;

use proptest::{
    collection::vec,
    prelude::*,
    sample::{select, subsequence},
};
use rstest::rstest;
use serde_json::json;

use super::{Maker, RoutingSecret, RoutingTable, Unusable, Wildcards, secret, settings};
use crate::{host::DnsPattern, settings::Settings, x509::leaf::Leaf};

fn unusable(name: &str) -> RoutingSecret {
    RoutingSecret {
        name: name.to_owned(),
        certificate_name: None,
        names: vec![DnsPattern::Exact("a.example.com".to_owned())],
        not_after: Err(Unusable::Expired),
    }
}

/// The name of a secret, its SANs with spaces between them, and its `notAfter`.
type Row = (&'static str, &'static str, u64);

/// What is chosen, whether the list is read forwards or backwards.
fn choose(rows: &[Row], wildcards: Wildcards, wanted: &str) -> Option<String> {
    let mut secrets: Vec<_> = rows
        .iter()
        .map(|(name, sans, not_after)| {
            let sans: Vec<_> = sans.split_whitespace().collect();
            secret(name, &sans, *not_after, wildcards)
        })
        .collect();
    let settings = settings(wildcards);
    let forwards = RoutingTable::new(secrets.clone(), &settings);
    secrets.reverse();
    let backwards = RoutingTable::new(secrets, &settings);
    let chosen = forwards.choose(wanted);
    assert_eq!(backwards.choose(wanted), chosen);
    chosen.map(str::to_owned)
}

#[rstest]
#[case::exact_before_wildcard(
    &[("exact", "a.example.com", 1), ("wild", "*.example.com", 9)], "a.example.com", Some("exact"),
)]
#[case::exact_among_other_names(
    &[("a", "*.example.com", 9), ("b", "x.org a.example.com y.org", 1)], "a.example.com", Some("b"),
)]
#[case::exact_only_for_its_host(
    &[("exact", "a.example.com", 9), ("wild", "*.example.com", 1)], "b.example.com", Some("wild"),
)]
#[case::wildcard_host_by_its_wildcard(
    &[("exact", "a.example.com", 9), ("wild", "*.example.com", 1)], "*.example.com", Some("wild"),
)]
#[case::later_end_of_exact_names(
    &[("a", "a.example.com", 1), ("b", "a.example.com", 2)], "a.example.com", Some("b"),
)]
#[case::later_end_of_wildcards(
    &[("a", "*.example.com", 1), ("b", "*.example.com", 2)], "a.example.com", Some("b"),
)]
#[case::later_end_before_name_and_case(
    &[("a", "*.example.com", 1), ("b", "*.EXAMPLE.com", 2)], "A.example.com", Some("b"),
)]
#[case::name_in_byte_order(
    &[("a-10", "*.example.com", 1), ("a-9", "*.example.com", 1), ("a.1", "*.example.com", 1)],
    "a.example.com", Some("a-10"),
)]
#[case::name_in_byte_order_of_exact_names(
    &[("b", "a.example.com", 1), ("a", "a.example.com", 1)], "a.example.com", Some("a"),
)]
#[case::absolute_and_relative_names_are_equally_exact(
    &[("a", "a.example.com.", 1), ("b", "a.example.com", 2)], "a.example.com.", Some("b"),
)]
#[case::one_name_twice(
    &[("a", "a.example.com a.example.com *.example.com", 1)], "a.example.com", Some("a"),
)]
#[case::no_secret(&[], "a.example.com", None)]
#[case::no_name(&[("a", "", 1)], "a.example.com", None)]
#[case::no_cover(&[("a", "example.com *.org", 1)], "a.example.com", None)]
fn chooses_by_rank(#[case] rows: &[Row], #[case] wanted: &str, #[case] chosen: Option<&str>) {
    for wildcards in [Wildcards::OneLabel, Wildcards::AnyDepth] {
        assert_eq!(choose(rows, wildcards, wanted).as_deref(), chosen);
    }
}

#[rstest]
#[case::nearer_domain(
    &[("a", "*.com", 9), ("b", "*.example.com", 5), ("c", "*.b.example.com", 1)],
    "a.b.example.com", Some("c"),
)]
#[case::nearest_that_covers(
    &[("a", "*.com", 9), ("b", "*.example.com", 1), ("c", "*.c.example.com", 9)],
    "a.b.example.com", Some("b"),
)]
#[case::exact_before_longer_wildcard(
    &[("a", "a.b", 1), ("b", "****a.b", 9)], "a.b", Some("a"),
)]
#[case::longer_glob(
    &[("a", "*.example.com", 9), ("b", "ab*.example.com", 1)], "abc.example.com", Some("b"),
)]
#[case::wildcard_longer_than_glob(
    &[("a", "*.example.com", 1), ("b", "a*.com", 9)], "a.example.com", Some("a"),
)]
#[case::everything_is_the_last_resort(
    &[("a", "*", 9), ("b", "*.com", 1)], "a.example.com", Some("b"),
)]
#[case::equal_lengths_by_end(
    &[("a", "a*.com", 1), ("b", "*b.com", 2)], "ab.com", Some("b"),
)]
#[case::equal_lengths_by_name(
    &[("b", "a*.com", 1), ("a", "*b.com", 1)], "ab.com", Some("a"),
)]
#[case::wildcard_as_long_as_glob(
    &[("a", "*.com", 1), ("b", "*acom a*com", 2)], "a.com", Some("b"),
)]
#[case::best_of_several_names(
    &[("a", "* *.b.com", 1), ("b", "*.com", 2)], "a.b.com", Some("a"),
)]
fn any_depth_chooses_the_longer_wildcard(
    #[case] rows: &[Row],
    #[case] wanted: &str,
    #[case] chosen: Option<&str>,
) {
    assert_eq!(choose(rows, Wildcards::AnyDepth, wanted).as_deref(), chosen);
}

#[test]
fn one_label_has_no_choice_of_wildcards() {
    let rows: &[Row] = &[
        ("a", "*.com", 9),
        ("b", "*.example.com", 9),
        ("c", "*.b.example.com", 1),
        ("d", "* a*.example.com *a.b.example.com", 9),
    ];
    assert_eq!(choose(rows, Wildcards::OneLabel, "a.b.example.com").as_deref(), Some("c"));
}

#[test]
fn unusable_secrets_are_never_chosen() {
    let good = secret("good", &["a.example.com"], 1, Wildcards::OneLabel);
    let settings = settings(Wildcards::OneLabel);
    let table = RoutingTable::new(vec![unusable("bad"), good, unusable("worse")], &settings);
    let host = "a.example.com".to_owned();
    assert_eq!(table.choose(&host), Some("good"));
    assert!(!table.covers_all("bad", std::slice::from_ref(&host)));
    assert!(!table.covers_all("worse", &[host]));
}

#[rstest]
#[case("both", "a.example.com", true)]
#[case("both", "A.example.com.", true)]
#[case("both", "b.example.org", true)]
#[case("both", "*.example.org", true)]
#[case("both", "b.example.com", false)]
#[case::all_of_several("both", "a.example.com b.example.org c.example.org", true)]
#[case::not_all_of_several("both", "a.example.com b.example.com", false)]
#[case::one_that_is_no_host("both", "a.example.com a..example.org", false)]
#[case::also_the_one_that_is_not_chosen("wild", "a.example.com", true)]
#[case("wild", "*.example.com", true)]
#[case("wild", "example.com", false)]
#[case("wild", "b.example.org", false)]
#[case::expired("expired", "a.example.com", false)]
#[case::no_routing_secret("unknown", "a.example.com", false)]
#[case::prefix_of_a_name("wil", "a.example.com", false)]
#[case::no_name("", "a.example.com", false)]
fn covers_asks_one_secret(#[case] name: &str, #[case] wanted: &str, #[case] covered: bool) {
    for wildcards in [Wildcards::OneLabel, Wildcards::AnyDepth] {
        let settings = settings(wildcards);
        let secrets = vec![
            secret("wild", &["*.example.com"], 1, wildcards),
            unusable("expired"),
            secret("both", &["a.example.com", "*.example.org"], 2, wildcards),
            secret("other", &["a.example.com", "*.example.com"], 3, wildcards),
        ];
        let table = RoutingTable::new(secrets, &settings);
        let hosts: Vec<_> = wanted.split(' ').map(str::to_owned).collect();
        assert_eq!(table.covers_all(name, &hosts), covered);
    }
}

#[rstest]
#[case::usable("own", true, &["a.example.com"], true)]
#[case::in_other_letters("own", true, &["A.Example.com"], true)]
#[case::expired("own", false, &["a.example.com"], true)]
#[case::among_others("own", true, &["x.org", "a.example.com"], true)]
#[case::a_wildcard_is_a_name("own", true, &["*.example.com"], true)]
#[case::covered_is_no_name("own", true, &["b.example.com"], false)]
#[case::no_host("own", true, &[], false)]
#[case::other_certificate("other", true, &["a.example.com"], false)]
#[case::other_letter_case("Own", true, &["a.example.com"], false)]
fn a_routing_secret_is_made_from_what_names_it_for_a_name_of_its(
    #[case] certificate: &str,
    #[case] is_usable: bool,
    #[case] hosts: &[&str],
    #[case] expected: bool,
) {
    let mut made = secret("own", &["a.example.com", "*.example.com"], 1, Wildcards::OneLabel);
    made.certificate_name = Some(certificate.to_owned());
    if !is_usable {
        made.not_after = Err(Unusable::Retired);
    }
    let other = secret("by-hand", &["a.example.com"], 1, Wildcards::OneLabel);
    let settings = settings(Wildcards::OneLabel);
    let table = RoutingTable::new(vec![other, made], &settings);
    let hosts: Vec<_> = hosts.iter().map(|host| (*host).to_owned()).collect();
    let triggered = Maker::Triggered(&hosts);
    assert_eq!(table.is_made_from("own", triggered), expected);
    assert!(table.is_made_from("own", Maker::Certificate(certificate)));
    assert!(!table.is_made_from("own", Maker::Certificate("by-hand")));
    for other in ["by-hand", "unknown"] {
        assert!(!table.is_made_from(other, triggered));
        assert!(!table.is_made_from(other, Maker::Certificate(other)));
    }
}

#[test]
fn no_hosts_are_covered_by_none() {
    let settings = settings(Wildcards::OneLabel);
    let wild = secret("wild", &["*.example.com"], 1, Wildcards::OneLabel);
    assert!(!RoutingTable::new(vec![wild], &settings).covers_all("wild", &[]));
}

#[rstest]
#[case("a.example.com", true)]
#[case("a.internal.example.com", false)]
#[case("A.Internal.example.com.", false)]
#[case("legacy.example.com", false)]
fn ignored_hosts_have_no_routing_secret(#[case] host: &str, #[case] is_covered: bool) {
    let ignored = json!({
        "wildcards": "anyDepth",
        "ignoredHosts": ["*.internal.example.com", "legacy.example.com"],
    });
    let settings = Settings::parse(&ignored).unwrap();
    let names = ["*.example.com", "a.internal.example.com"];
    let wild = secret("wild", &names, 1, Wildcards::AnyDepth);
    let table = RoutingTable::new(vec![wild], &settings);
    assert_eq!(table.choose(host).is_some(), is_covered);
    assert_eq!(table.covers_all("wild", &[host.to_owned()]), is_covered);
}

#[rstest]
#[case::usable(leaf(10, 20, false, &["a..b", "*.example.com"]), Ok(()))]
#[case::from_the_first_second(leaf(15, 20, false, &["a"]), Ok(()))]
#[case::to_the_last_second(leaf(10, 16, false, &["a"]), Ok(()))]
#[case::not_yet_valid(leaf(16, 20, true, &[]), Err(Unusable::NotYetValid))]
#[case::expired(leaf(10, 15, true, &[]), Err(Unusable::Expired))]
#[case::temporary(leaf(10, 20, true, &[]), Err(Unusable::Temporary))]
#[case::no_name(leaf(10, 20, false, &[]), Err(Unusable::NoDnsName))]
#[case::no_name_that_covers(leaf(10, 20, false, &["*", "a..b"]), Err(Unusable::NoDnsName))]
fn a_leaf_is_usable(#[case] leaf: Leaf, #[case] expected: Result<(), Unusable>) {
    let secret = RoutingSecret::new("a".to_owned(), Ok(leaf), Wildcards::OneLabel, 15);
    assert_eq!(secret.not_after.map(|_| ()), expected);
}

fn leaf(not_before: u64, not_after: u64, is_temporary: bool, dns_names: &[&str]) -> Leaf {
    Leaf {
        dns_names: dns_names.iter().map(|name| (*name).to_owned()).collect(),
        not_before,
        not_after,
        is_temporary,
    }
}

const SANS: [&str; 13] = [
    "a.example.com",
    "b.example.com",
    "a.b.example.com",
    "a.example.com.",
    "*.example.com",
    "*.b.example.com",
    "*.com",
    "*",
    "a*.com",
    "*a.example.com",
    "*b.example.com",
    "not a name",
    "*..com",
];
const HOSTS: [&str; 8] = [
    "a.example.com",
    "A.Example.com.",
    "b.example.com",
    "c.example.com",
    "a.b.example.com",
    "c.b.example.com",
    "*.b.example.com",
    "example.com",
];

/// What a secret of the property below is made of: its SANs, its `notAfter`, and whether it is usable.
type Content = (Vec<&'static str>, u64, bool);

fn build(name: &str, (sans, not_after, is_usable): &Content, wildcards: Wildcards) -> RoutingSecret {
    if *is_usable { secret(name, sans, *not_after, wildcards) } else { unusable(name) }
}

/// The best secret by the words of the specification, looking at every SAN of every secret.
fn best(secrets: &[(String, Content)], wildcards: Wildcards, wanted: &str) -> Option<String> {
    let settings = settings(wildcards);
    let wanted_hosts = [wanted.to_owned()];
    let mut covering = Vec::new();
    for (name, (sans, not_after, is_usable)) in secrets {
        for san in sans {
            let alone = secret(name, &[san], *not_after, wildcards);
            let table = RoutingTable::new(vec![alone], &settings);
            if *is_usable && table.covers_all(name, &wanted_hosts) {
                let wildcard = san.contains('*').then_some(Reverse(san.len()));
                covering.push((wildcard, Reverse(*not_after), name));
            }
        }
    }
    covering.sort();
    covering.first().map(|(_, _, name)| (*name).clone())
}

fn contents() -> impl Strategy<Value = Vec<(String, Content)>> {
    let sans = subsequence(SANS.to_vec(), 0..5);
    let content = (sans, 1_u64..4, prop::bool::weighted(0.9));
    vec(content, 0..12).prop_map(|contents| {
        let names = (0..).map(|number| format!("secret-{number}"));
        names.zip(contents).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn chooses_the_best_in_whatever_order_secrets_are_listed(
        (contents, shuffled) in contents().prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle())),
        wildcards in select([Wildcards::OneLabel, Wildcards::AnyDepth].as_slice()),
    ) {
        let secrets = shuffled.iter().map(|(name, content)| build(name, content, wildcards));
        let settings = settings(wildcards);
        let table = RoutingTable::new(secrets.collect(), &settings);
        for wanted in HOSTS {
            let chosen = table.choose(wanted).map(str::to_owned);
            prop_assert_eq!(&chosen, &best(&contents, wildcards, wanted), "{:?}", wanted);
            let hosts = [wanted.to_owned()];
            for (name, content) in &contents {
                let alone = vec![build(name, content, wildcards)];
                let alone = RoutingTable::new(alone, &settings);
                prop_assert_eq!(
                    table.covers_all(name, &hosts),
                    alone.covers_all(name, &hosts),
                    "{} {:?}", name, wanted
                );
            }
        }
    }
}
