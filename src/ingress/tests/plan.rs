//! What `spec.tls` becomes.

use rstest::rstest;
use serde_json::json;

use super::{Ingress, TlsEntry, ingress, tls};
use crate::{
    host::{DnsPattern, Wildcards},
    ingress::plan::Plan,
    routing::{RoutingSecret, RoutingTable},
    settings::Settings,
};

/// A namespace with the routing secrets `wild`, which covers `*.a`, and `exact`, which covers `x.b` and
/// `y.b`.
fn table(settings: &Settings) -> RoutingTable<'_> {
    let secrets = [("wild", vec!["*.a"]), ("exact", vec!["x.b", "y.b"])];
    let secrets = secrets.map(|(name, sans)| RoutingSecret {
        name: name.to_owned(),
        certificate_name: None,
        names: sans.into_iter().filter_map(|san| DnsPattern::parse(san, Wildcards::OneLabel)).collect(),
        not_after: Ok(1),
    });
    RoutingTable::new(secrets.into(), settings)
}

fn planned(original: &Ingress, omit_hosts: bool) -> Vec<TlsEntry> {
    let settings = Settings::parse(&json!({})).unwrap();
    let plan = Plan::new(original, &table(&settings), &settings);
    plan.tls(original, omit_hosts)
}

#[rstest]
#[case::replaced("1.a 2.a=own", "1.a 2.a=wild")]
#[case::no_secret_before("1.a", "1.a=wild")]
#[case::split("1.a x.b other=own", "1.a=wild | x.b=exact | other=own")]
#[case::joined("1.a=one | 2.a=two", "1.a 2.a=wild")]
#[case::joined_without_doubles("1.a=one | 2.a 1.A=two", "1.a 2.a=wild")]
#[case::joined_with_the_authors("1.a=wild | 2.a=own", "1.a 2.a=wild")]
#[case::first_what_routing_secrets_serve("other=own | 1.a=two", "1.a=wild | other=own")]
#[case::first_in_the_order_of_their_hosts(
    "other=one | y.b=two | more=three | 1.a=four",
    "y.b=exact | 1.a=wild | other=one | more=three"
)]
#[case::first_those_of_the_author_too("other=one | x.b=exact | 1.a=two", "x.b=exact | 1.a=wild | other=one")]
#[case::default_entry_in_its_place(
    "other=one | =two | more=three | 1.a=four",
    "1.a=wild | other=one | =two | more=three"
)]
#[case::not_first_what_a_routing_secret_does_not_serve("other=exact | 1.a=own", "1.a=wild | other=exact")]
fn a_list_is_rewritten(#[case] original: &str, #[case] expected: &str) {
    assert_eq!(planned(&ingress(tls(original), json!({})), false), tls(expected));
}

#[rstest]
#[case::not_covered("other=own | =two")]
#[case::the_authors_own("1.a=wild")]
#[case::order_alone("other=own | 1.a=wild")]
#[case::order_alone_of_several("x.b=exact | other=own | 1.a=wild | =two")]
#[case::one_secret_twice("1.a=wild | 2.a=wild")]
#[case::not_the_best_but_covered("1.a 1.A=wild")]
fn a_list_stays(#[case] original: &str) {
    assert_eq!(planned(&ingress(tls(original), json!({})), false), tls(original));
}

#[rstest]
#[case("1.a other=own", "=wild | other=own")]
#[case("other=own | 1.a=own | x.b=two", "=wild | =exact | other=own")]
#[case("other=own | 1.a=wild", "=wild | other=own")]
fn hosts_are_omitted(#[case] original: &str, #[case] expected: &str) {
    assert_eq!(planned(&ingress(tls(original), json!({})), true), tls(expected));
}

#[rstest]
#[case::all_covered("=own", &["1.a", "2.a"], "1.a 2.a=wild")]
#[case::of_several_secrets("=own", &["1.a", "x.b"], "1.a=wild | x.b=exact")]
#[case::not_all_covered("=own", &["1.a", "other"], "=own")]
#[case::one_of_several("=one | =two | =three", &["1.a"], "=one | =two | =three")]
#[case::beside_what_a_default_entry_names("=wild | =two | 1.a=own", &[], "=wild | =two | 1.a=own")]
#[case::further_ones_stay_with_the_first("=one | =two", &["other"], "=one | =two")]
#[case::named_by_others("other=one | =own", &["1.a", "OTHER"], "1.a=wild | other=one")]
#[case::no_hosts("=own", &[], "=own")]
#[case::stands_for_what_it_covers("=wild", &["1.a", "2.a"], "=wild")]
#[case::hosts_without_tls("", &["1.a", "other", "x.b", "2.a"], "")]
#[case::hosts_without_tls_that_are_all_covered("", &["1.a", "x.b", "2.a"], "1.a 2.a=wild | x.b=exact")]
#[case::hosts_without_tls_beside_others("other=own", &["1.a", "1.A"], "1.a=wild | other=own")]
fn hosts_of_rules_count(#[case] original: &str, #[case] hosts: &[&str], #[case] expected: &str) {
    let mut original = ingress(tls(original), json!({}));
    original.rule_hosts = hosts.iter().map(|host| (*host).to_owned()).collect();
    assert_eq!(planned(&original, false), tls(expected));
}

/// Hosts that no rule names are served by what its Secret covers.
#[test]
fn a_default_entry_stays_where_other_hosts_are_served() {
    let mut original = ingress(tls("=own"), json!({}));
    original.rule_hosts = vec!["1.a".to_owned()];
    original.has_rule_without_host = true;
    assert_eq!(planned(&original, false), tls("=own"));
}
