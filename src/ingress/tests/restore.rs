//! How the author's intent is found in an Ingress of which something was replaced before.

use proptest::{
    collection::vec,
    prelude::*,
    sample::{select, subsequence},
};
use rstest::rstest;
use serde_json::{Value, json};

use super::{Ingress, IngressRecord, Replaced, Settings, Texts, TlsEntry, ingress, tls};
use crate::{
    ingress::restore::{self, Tls, lost_record},
    record::{Record, write},
};

fn record(original: Vec<TlsEntry>, applied: Vec<TlsEntry>) -> IngressRecord {
    IngressRecord { tls: Replaced { original, applied }, ..IngressRecord::default() }
}

/// What is found of an object that had this record once.
fn old_object(record: &IngressRecord) -> Value {
    let annotations = write(record, Texts::new()).unwrap();
    json!({"metadata": {"annotations": annotations}, "spec": {"tls": record.tls.applied}})
}

fn restore(submitted: &Ingress, record: &IngressRecord) -> Ingress {
    restore::restore(submitted, record, &Settings::parse(&json!({})).unwrap())
}

/// The original list, the one that was applied, and the one that is found.
fn restored(original: &str, applied: &str, found: &str) -> Vec<TlsEntry> {
    let submitted = ingress(tls(found), json!({}));
    restore(&submitted, &record(tls(original), tls(applied))).tls
}

#[rstest]
#[case::one_entry("a=own", "a=wild")]
#[case::split("a b c=own", "a=wild | b=exact | c=own")]
#[case::joined("a=one | b=two", "a b=wild")]
#[case::added("", "a=wild")]
#[case::no_secret("a", "a=wild")]
#[case::default_entry_made_explicit("=own", "a b=wild")]
#[case::default_entry_beside_others("=own | a=two", "a=wild | =own")]
#[case::hosts_omitted("a b=own", "=wild | b=own")]
#[case::all_hosts_omitted("a=one | b=two | c=three", "=wild | c=three")]
#[case::letter_case("A=own", "A=wild")]
#[case::one_host_twice("a=one | a=two", "a=wild")]
#[case::one_secret_twice("a=own | b=own", "a=wild | b=own")]
#[case::twice_the_same_entry("a=own | a=own", "a=wild")]
fn what_was_applied_goes_back_to_the_original(#[case] original: &str, #[case] applied: &str) {
    assert_eq!(restored(original, applied, applied), tls(original));
}

#[rstest]
#[case::the_original("a=own", "a=wild", "a=own")]
#[case::the_original_split("a b c=own", "a=wild | b=exact | c=own", "a b c=own")]
#[case::the_original_of_a_default_entry("=own", "a=wild", "=own")]
#[case::the_original_of_omitted_hosts("a b=own", "=wild | b=own", "a b=own")]
#[case::the_original_without_tls("", "a=wild", "")]
#[case::the_original_that_names_a_routing_secret("a b=exact", "a=exact | b=deep", "a b=exact")]
#[case::another_secret("a=own", "a=wild", "a=new")]
#[case::another_host("a=own", "a=wild", "b=own")]
#[case::more_hosts("a=own", "a=wild", "a b=own")]
#[case::fewer_hosts("a b=own", "a b=wild", "a=own")]
#[case::only_what_stayed("a b=own", "a=wild | b=own", "b=own")]
#[case::another_order("a=one | b=two", "a b=wild", "b=two | a=one")]
#[case::nothing("a=own", "a=wild", "")]
#[case::a_default_entry("a=own", "a=wild", "=new")]
#[case::no_secret("a=own", "a=wild", "a")]
fn a_list_sent_anew_is_what_the_author_wants(
    #[case] original: &str,
    #[case] applied: &str,
    #[case] found: &str,
) {
    assert_eq!(restored(original, applied, found), tls(found));
}

#[rstest]
// Entries added.
#[case::entry_added("a=own", "a=wild", "a=wild | x=new", "a=own | x=new")]
#[case::entry_added_in_front("a=own", "a=wild", "x=new | a=wild", "a=own | x=new")]
#[case::entry_added_between(
    "a=one | b=two",
    "a=wild | b=two",
    "a=wild | x=new | b=two",
    "a=one | b=two | x=new"
)]
#[case::entry_added_where_nothing_was("", "a=wild", "a=wild | x=new", "x=new")]
#[case::entry_without_a_secret_added("a=own", "a=wild", "a=wild | x", "a=own | x")]
// Hosts added.
#[case::host_added("a=own", "a=wild", "a x=wild", "a=own | x=wild")]
#[case::host_added_to_what_stayed("a b=own", "a=wild | b=own", "a=wild | b x=own", "a b x=own")]
#[case::host_added_under_the_authors_secret("a=own", "a=wild", "a=wild | x=own", "a x=own")]
// Hosts removed.
#[case::host_removed("a b=own", "a b=wild", "a=wild", "a=own")]
#[case::host_of_two_entries_removed("a=one | b=two", "a b=wild", "b=wild", "b=two")]
#[case::host_that_stayed_removed("a b=own", "a=wild | b=own", "a=wild", "a=own")]
#[case::entry_removed("a=one | b=two | c=three", "a b=wild | c=three", "a b=wild", "a=one | b=two")]
#[case::one_of_two_secrets_removed("a b=own", "a=wild | b=exact", "b=exact", "b=own")]
// Secrets changed.
#[case::secret_of_one_host_changed("a b=own", "a=wild | b=exact", "a=new | b=exact", "b=own | a=new")]
#[case::secret_of_what_stayed_changed("a b=own", "a=wild | b=own", "a=wild | b=new", "a=own | b=new")]
#[case::secret_taken_away("a b=own", "a=wild | b=exact", "a | b=exact", "b=own | a")]
#[case::back_to_the_original_by_hand("a=one | b=two", "a b=wild", "a=one | b=wild", "a=one | b=two")]
#[case::moved_to_a_routing_secret_by_hand("a b=own", "a=wild | b=own", "a b=wild", "a=own | b=wild")]
#[case::order_changed(
    "a=one | b=two | c=three",
    "a=wild | b=two | c=exact",
    "c=exact | b=two | a=wild",
    "a=one | b=two | c=three"
)]
#[case::host_in_other_letters("a b=own", "a b=wild", "A=wild | b=wild", "a b=own")]
#[case::host_twice_the_first_counts("a=own", "a=wild", "a=wild | a=new", "a=own")]
// Default entries.
#[case::default_entry_explicit_and_edited("=own", "a b=wild", "a b=wild | x=new", "=own | x=new")]
#[case::default_entry_beside_an_edit(
    "=own | a=two",
    "a=wild | =own",
    "a=wild | =own | x=new",
    "=own | a=two | x=new"
)]
#[case::default_entry_removed("=own | a=two", "a=wild | =own", "a=wild", "a=two")]
#[case::default_entry_changed("=own | a=two", "a=wild | =own", "a=wild | =new", "=new | a=two")]
#[case::default_entry_added("a=own", "a=wild", "a=wild | =new", "a=own | =new")]
#[case::default_entry_sent_again("=own", "a=wild", "a=wild | =own", "=own")]
#[case::default_entry_without_a_secret("= | a=two", "a=wild | =", "a=wild | = | x=new", "= | a=two | x=new")]
// Hosts omitted from our entries.
#[case::omitted_and_entry_added("a b=own", "=wild | b=own", "=wild | b=own | x=new", "a b=own | x=new")]
#[case::omitted_and_host_removed(
    "a b=own | c=two",
    "=wild | b=own | c=two",
    "=wild | c=two",
    "a=own | c=two"
)]
#[case::omitted_and_secret_changed("a b=own", "=wild | b=own", "=wild | b=new", "a=own | b=new")]
#[case::omitted_and_only_ours_left("a b=own", "=wild | b=own", "=wild", "a=own")]
#[case::omitted_and_host_given_back("a b=own", "=wild | b=own", "=wild | a b=own", "b a=own")]
fn an_edit_is_merged_host_by_host(
    #[case] original: &str,
    #[case] applied: &str,
    #[case] found: &str,
    #[case] expected: &str,
) {
    assert_eq!(restored(original, applied, found), tls(expected));
}

#[test]
fn unknown_fields_of_an_entry_come_back() {
    let entry = |value| serde_json::from_value::<TlsEntry>(value).unwrap();
    let original = entry(json!({"hosts": ["a", "b"], "secretName": "own", "more": {"x": [1.5]}}));
    let applied = entry(json!({"hosts": ["a", "b"], "secretName": "wild", "more": {"x": [1.5]}}));
    let added = entry(json!({"hosts": ["c"], "secretName": "new", "less": true}));
    let record = record(vec![original.clone()], vec![applied.clone()]);
    let found = ingress(vec![applied, added.clone()], json!({}));
    assert_eq!(restore(&found, &record).tls, [original, added]);
}

#[rstest]
#[case::removed(json!({}), json!({"issuer": "le", "acme": "true"}))]
#[case::set_again(json!({"issuer": "other"}), json!({"issuer": "other", "acme": "true"}))]
#[case::set_again_and_empty(json!({"issuer": ""}), json!({"issuer": "", "acme": "true"}))]
#[case::beside_others(json!({"a": "b"}), json!({"a": "b", "issuer": "le", "acme": "true"}))]
fn removed_annotations_come_back(#[case] found: Value, #[case] expected: Value) {
    let record = IngressRecord {
        annotations: [("issuer", "le"), ("acme", "true")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        ..record(tls("a=wild"), tls("a=wild"))
    };
    let found = write(&record, serde_json::from_value(found).unwrap()).unwrap();
    let submitted = ingress(tls("a=wild"), json!(found));
    let restored = restore(&submitted, &record);
    assert_eq!(json!(restored.annotations), expected);
    assert_eq!(restored.tls, submitted.tls);
}

#[rstest]
#[case::as_it_was_applied("a b=own", "a=wild | b=own", "a=wild | b=own", true)]
#[case::edited("a b=own", "a=wild | b=own", "a=wild | b=new | x=new", true)]
#[case::one_host_left("a b=own", "a b=wild", "b=wild", true)]
#[case::hosts_omitted("a b=own", "=wild | b=own", "=wild | b=own | x=new", true)]
#[case::added("", "a=wild", "a=wild", true)]
#[case::default_entry_made_explicit("=own", "a=wild", "a=wild", true)]
#[case::sent_anew("a b=own", "a=wild | b=own", "a b=own", false)]
#[case::sent_anew_and_changed("a b=own", "a=wild | b=own", "a b=new", false)]
#[case::sent_anew_without_tls("a b=own", "a=wild | b=own", "", false)]
#[case::only_what_stayed("a b=own", "a=wild | b=own", "b=own", false)]
#[case::default_entry_sent_anew("=own", "a=wild", "=own", false)]
fn a_lost_record_counts_while_what_was_applied_stands(
    #[case] original: &str,
    #[case] applied: &str,
    #[case] found: &str,
    #[case] counts: bool,
) {
    let record = record(tls(original), tls(applied));
    let old = old_object(&record);
    let submitted = ingress(tls(found), json!({}));
    let lost = lost_record(&submitted, Some(&old));
    assert_eq!(lost, counts.then_some(record));
}

#[rstest]
#[case::the_same_list("a b=wild", true)]
#[case::edited("b=wild | a=new", true)]
#[case::another_list("a=own | c=wild", false)]
#[case::no_list("", false)]
fn a_lost_record_of_annotations_counts_while_a_host_has_its_secret(
    #[case] found: &str,
    #[case] counts: bool,
) {
    let record = IngressRecord {
        annotations: [("issuer".to_owned(), "le".to_owned())].into(),
        ..record(tls("a b=wild"), tls("a b=wild"))
    };
    let old = old_object(&record);
    let submitted = ingress(tls(found), json!({}));
    let lost = lost_record(&submitted, Some(&old));
    assert_eq!(lost, counts.then_some(record));
}

#[rstest]
#[case::a_creation(None)]
#[case::never_rewritten(Some(json!({"metadata": {}, "spec": {"tls": tls("a=wild")}})))]
#[case::forgotten(Some(json!({"metadata": {"annotations": {IngressRecord::ANNOTATION: ""}}})))]
#[case::not_ours(Some(json!({"metadata": {"annotations": {IngressRecord::ANNOTATION: "{\"x\":1}"}}})))]
fn no_record_was_lost(#[case] old: Option<Value>) {
    let submitted = ingress(tls("a=wild"), json!({}));
    assert_eq!(lost_record(&submitted, old.as_ref()), None);
}

const HOSTS: [&str; 6] = ["a", "b", "c", "d", "A", "*.e"];

/// Any entries, with Secrets among these; hosts and Secrets may be there more than once.
fn any_tls(secrets: &'static [&'static str]) -> impl Strategy<Value = Vec<TlsEntry>> {
    let hosts = subsequence(HOSTS.to_vec(), 0..4);
    let entry = (hosts, prop::option::weighted(0.9, select(secrets)));
    let entry = entry.prop_map(|(hosts, secret)| TlsEntry {
        hosts: hosts.into_iter().map(str::to_owned).collect(),
        secret_name: secret.map(str::to_owned),
        ..TlsEntry::default()
    });
    vec(entry, 0..5)
}

/// Entries that name each host and each Secret at most once, as people write them.
fn plain_tls(secrets: &'static [&'static str]) -> impl Strategy<Value = Vec<TlsEntry>> {
    let hosts = subsequence(vec!["a", "b", "c", "d"], 0..5);
    (hosts, vec(select(secrets), 4)).prop_map(|(hosts, secrets)| {
        let mut tls: Vec<TlsEntry> = Vec::new();
        for (host, secret) in hosts.into_iter().zip(secrets) {
            let secret = Some(secret.to_owned());
            match tls.iter_mut().find(|entry| entry.secret_name == secret) {
                Some(entry) => entry.hosts.push(host.to_owned()),
                None => tls.push(TlsEntry {
                    hosts: vec![host.to_owned()],
                    secret_name: secret,
                    ..TlsEntry::default()
                }),
            }
        }
        tls
    })
}

fn merge(original: &[TlsEntry], applied: &[TlsEntry], found: &[TlsEntry]) -> Vec<TlsEntry> {
    let submitted = ingress(found.to_vec(), json!({}));
    restore(&submitted, &record(original.to_vec(), applied.to_vec())).tls
}

const OWN: &[&str] = &["own", "two"];
const ROUTING: &[&str] = &["wild", "exact", "own"];
const ALL: &[&str] = &["wild", "exact", "own", "two", "new"];

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_was_applied_always_goes_back(original in any_tls(ALL), applied in any_tls(ALL)) {
        prop_assert_eq!(merge(&original, &applied, &applied), original);
    }

    #[test]
    fn the_original_sent_again_is_the_original(original in any_tls(ALL), applied in any_tls(ALL)) {
        prop_assert_eq!(merge(&original, &applied, &original), original);
    }

    #[test]
    fn where_nothing_says_what_was_applied_all_is_as_found(
        original in any_tls(ALL),
        applied in any_tls(&["wild", "exact"]),
        found in any_tls(OWN),
    ) {
        let applied_has_hosts = |entry: &TlsEntry| entry.secret_name.is_some();
        prop_assume!(applied.iter().all(applied_has_hosts) && found != applied);
        prop_assert_eq!(merge(&original, &applied, &found), found);
    }

    #[test]
    fn nothing_is_named_that_neither_the_author_nor_the_object_names(
        original in any_tls(OWN), applied in any_tls(ROUTING), found in any_tls(ALL),
    ) {
        let known = || original.iter().chain(&found);
        for entry in merge(&original, &applied, &found) {
            prop_assert!(known().any(|other| other.secret_name == entry.secret_name), "{:?}", entry);
            for host in &entry.hosts {
                prop_assert!(known().any(|other| other.hosts.contains(host)), "{}", host);
            }
        }
    }

    /// What still says what was applied goes back, what was changed stays changed.
    #[test]
    fn every_host_is_merged_by_itself(
        original in plain_tls(OWN), applied in plain_tls(ROUTING), found in plain_tls(ALL),
    ) {
        let merged = merge(&original, &applied, &found);
        let [was, ours, is, result] = [&original, &applied, &found, &merged].map(|tls| Tls::new(tls).secrets);
        let is_edit = ours.iter().any(|(host, secret)| is.get(host) == Some(secret) && was.get(host) != Some(secret));
        for host in ["a", "b", "c", "d"] {
            let goes_back = found == applied || is_edit && is.get(host) == ours.get(host);
            let expected = if goes_back { was.get(host) } else { is.get(host) };
            prop_assert_eq!(result.get(host).cloned(), expected.cloned(), "{}", host);
        }
        let hosts = merged.iter().map(|entry| entry.hosts.len()).sum::<usize>();
        prop_assert_eq!(hosts, result.len(), "no host twice");
        prop_assert!(merged.iter().all(|entry| !entry.hosts.is_empty()));
        let names: std::collections::BTreeSet<_> = merged.iter().map(|entry| &entry.secret_name).collect();
        prop_assert_eq!(names.len(), merged.len(), "no Secret twice");
    }

    /// Hosts of which we know nothing are none of our business, wherever they are added.
    #[test]
    fn an_entry_that_is_added_stays(original in plain_tls(OWN), applied in plain_tls(ROUTING), at in 0..4_usize) {
        let mut found = applied.clone();
        let added = tls("x y=new").remove(0);
        found.insert(at.min(applied.len()), added.clone());
        prop_assert!(merge(&original, &applied, &found).contains(&added));
    }

    #[test]
    fn losing_the_record_loses_nothing(
        original in any_tls(OWN), applied in any_tls(ROUTING), found in any_tls(ALL),
    ) {
        let record = record(original, applied);
        let submitted = ingress(found, json!({}));
        let kept = restore(&submitted, &record);
        let lost = lost_record(&submitted, Some(&old_object(&record)));
        prop_assert_eq!(restore(&submitted, &lost.unwrap_or_default()), kept);
    }
}
