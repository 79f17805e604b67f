//! Ten thousand hosts and a thousand routing secrets, and whatever else is big, within the evaluation
//! limit of policy-server, which the host enforces: an evaluation that takes longer is an error here.

use std::fmt::Write;

use rstest::rstest;
use serde_json::{Value, json};

use crate::support::*;

const HOSTS: usize = 10_000;
const SECRETS: usize = 1_000;

fn host(number: usize) -> String {
    format!("h{number}.d{}.example.com", number % SECRETS)
}

fn secrets() -> e2e_tests::Cluster {
    let secrets: Vec<_> = (0..SECRETS)
        .map(|number| {
            routing_secret(
                &format!("s{number}"),
                &[&format!("*.d{number}.example.com")],
            )
        })
        .collect();
    cluster(&secrets)
}

fn one_entry() -> Value {
    let hosts: Vec<_> = (0..HOSTS).map(host).collect();
    json!([{"hosts": hosts, "secretName": "own"}])
}

fn entry_by_entry() -> Value {
    (0..HOSTS)
        .map(|number| entry(&[&host(number)], &format!("own-{number}")))
        .collect()
}

#[rstest]
#[case::one_entry(one_entry(), json!({}))]
#[case::entry_by_entry(entry_by_entry(), json!({}))]
#[case::plain(json!(null), json!({}))]
#[case::without_hosts(json!([{"secretName": "own"}]), json!({}))]
#[case::any_depth(one_entry(), json!({"wildcards": "anyDepth"}))]
fn many_hosts(#[case] tls: Value, #[case] settings: Value) {
    let hosts: Vec<_> = (0..HOSTS).map(host).collect();
    let hosts: Vec<_> = hosts.iter().map(String::as_str).collect();
    let author = ingress(&hosts, tls);
    let cluster = secrets();
    let evaluation = evaluate(&author, &settings, &cluster);
    let stored = evaluation.response.mutated_object.unwrap();
    assert_eq!(stored["spec"]["tls"].as_array().unwrap().len(), SECRETS);
    assert_eq!(stored["spec"]["tls"][7]["secretName"], "s7");
    let record = stored["metadata"]["annotations"][RECORD].as_str().unwrap();
    println!("{} bytes, {:?}", record.len(), evaluation.elapsed);
    assert!(record.len() < 256 * 1024, "Kubernetes stores no more");
    assert_stable(&author, &stored, &settings, &cluster);
}

#[test]
fn an_ingress_whose_record_would_not_be_stored_is_left_with_a_warning() {
    let author = ingress(&[], json!([entry(&["a.example.com"], "own")]));
    let author = annotated(author, "notes", &"x".repeat(256 * 1024 - 20));
    let response = evaluate(&author, &json!({}), &cluster(&[wild()])).response;
    assert!(response.accepted);
    assert_eq!(response.mutated_object, None);
    assert!(
        response.warnings[0].contains(RECORD),
        "{:?}",
        response.warnings
    );
}

/// Globs with text before their `*`, which only `anyDepth` knows.
#[test]
fn many_hosts_against_globs() {
    let secrets: Vec<_> = (0..SECRETS)
        .map(|number| {
            routing_secret(
                &format!("s{number}"),
                &[&format!("h*.d{number}.example.com")],
            )
        })
        .collect();
    let settings = json!({"wildcards": "anyDepth"});
    let cluster = cluster(&secrets);
    let author = ingress(&[], one_entry());
    let stored = stored(&author, &settings, &cluster);
    assert_eq!(stored["spec"]["tls"].as_array().unwrap().len(), SECRETS);
    assert_eq!(stored["spec"]["tls"][7]["secretName"], "s7");
    assert_stable(&author, &stored, &settings, &cluster);
}

#[rstest]
#[case::of_others("example.org")]
#[case::of_these("example.com")]
fn many_ignored_hosts(#[case] domain: &str) {
    let globs: Vec<_> = (0..1_000)
        .map(|number| format!("h*.d{number}.{domain}"))
        .collect();
    let author = ingress(&[], one_entry());
    let settings = json!({"ignoredHosts": globs});
    let stored = stored(&author, &settings, &secrets());
    assert_eq!(stored == author, domain == "example.com");
    assert_stable(&author, &stored, &settings, &secrets());
}

/// Only the first of them stands for the hosts; the others go where it goes.
#[test]
fn many_entries_without_hosts() {
    let names: Vec<_> = (0..2_000)
        .map(|number| format!("h{number}.example.com"))
        .collect();
    let rules: Vec<_> = names.iter().map(String::as_str).collect();
    let tls: Value = (0..2_000)
        .map(|number| json!({"secretName": format!("own-{number}")}))
        .collect();
    let author = ingress(&rules, tls);
    let stored = stored(&author, &json!({}), &cluster(&[wild()]));
    assert_eq!(stored["spec"]["tls"], json!([entry(&rules, "wild")]));
    assert_stable(&author, &stored, &json!({}), &cluster(&[wild()]));
}

/// A list in JSON, with as many items as wanted.
fn list(count: usize, item: impl Fn(usize) -> String) -> String {
    let items: Vec<_> = (0..count).map(item).collect();
    items.join(",")
}

/// Every entry says that its rest was left in the first one.
fn record_of_one_leftover() -> String {
    let hosts = list(40, |number| format!(r#""x{number}.example.org""#));
    let secrets = list(40, |_| "null".to_owned());
    let entries = list(10_000, |at| {
        format!(
            r#"{{"at":{at},"was":{{"hosts":["a{at}.example.com",{hosts}],"secretName":"own"}},"now":["wild",{secrets}],"left":0}}"#
        )
    });
    format!(r#"{{"tls":[{entries}]}}"#)
}

/// The same, but small enough to be taken for ours.
fn record_of_small_leftovers() -> String {
    let entries = list(10_000, |at| {
        format!(
            r#"{{"at":{at},"was":{{"hosts":["a{at}.example.com","x.example.org"],"secretName":"own"}},"now":["wild",null],"left":0}}"#
        )
    });
    format!(r#"{{"tls":[{entries}]}}"#)
}

/// All entries were the same, and so is each one that is there.
fn record_of_the_same_entry() -> String {
    let entries = list(20_000, |at| {
        format!(
            r#"{{"at":{at},"was":{{"hosts":["a.example.com"],"secretName":"own"}},"now":"wild"}}"#
        )
    });
    format!(r#"{{"tls":[{entries}]}}"#)
}

fn record_of_many_annotations() -> String {
    let annotations = list(50_000, |number| format!(r#""example.com/{number}":"x""#));
    format!(r#"{{"annotations":{{{annotations}}}}}"#)
}

/// More than is unpacked, in little space.
fn record_of_one_long_text() -> String {
    let mut record = r#"{"annotations":{"example.com/x":""#.to_owned();
    write!(record, "{}\"}}}}", "x".repeat(64 * 1024 * 1024)).unwrap();
    record
}

/// Whoever may write an Ingress may write any record. It is packed as this policy packs it.
#[rstest]
#[case::of_one_leftover(record_of_one_leftover(), false)]
#[case::of_small_leftovers(record_of_small_leftovers(), true)]
#[case::of_the_same_entry(record_of_the_same_entry(), true)]
#[case::of_many_annotations(record_of_many_annotations(), false)]
#[case::of_one_long_text(record_of_one_long_text(), false)]
fn a_hostile_record(#[case] record: String, #[case] could_be_ours: bool) {
    let hosts: Vec<_> = (0..HOSTS)
        .map(|number| format!("a{number}.example.com"))
        .collect();
    let hosts: Vec<_> = hosts.iter().map(String::as_str).collect();
    let record = packed(&record);
    println!("{} bytes", record.len());
    for tls in [
        json!([entry(&["x.example.org"], "own"), entry(&hosts, "wild")]),
        (0..HOSTS)
            .map(|_| entry(&["a.example.com"], "own"))
            .collect(),
        entry_by_entry(),
    ] {
        let object = annotated(ingress(&[], tls), RECORD, &record);
        let evaluation = evaluate(&object, &json!({}), &cluster(&[wild()]));
        println!("{:?}", evaluation.elapsed);
        let response = evaluation.response;
        assert!(response.accepted, "{:?}", response.message);
        let is_left_alone = response
            .warnings
            .first()
            .is_some_and(|warning| warning.contains(RECORD));
        assert_eq!(is_left_alone, !could_be_ours, "{:?}", response.warnings);
    }
}
