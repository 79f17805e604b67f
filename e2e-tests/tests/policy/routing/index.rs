//! Look-ups that use the index, and what they do without.

use base64::{Engine, prelude::BASE64_STANDARD};
use e2e_tests::{Answer, Cluster, Evaluation, HostCall, Session, certificates::TlsSecret};
use proptest::prelude::*;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::*;

const LIST: &str = "list_resources_by_namespace";
const GET: &str = "get_resource";

fn author() -> Value {
    ingress(&["a.example.com"], json!([entry(&["a.example.com"], "own")]))
}

fn evaluated(cluster: &Cluster) -> Evaluation {
    evaluate(&author(), &json!({}), cluster)
}

/// The Secret that the host gets.
fn chosen(evaluation: &Evaluation) -> Value {
    let stored = evaluation.response.mutated_object.clone();
    stored.unwrap_or_else(author)["spec"]["tls"][0]["secretName"].clone()
}

fn operations(evaluation: &Evaluation) -> Vec<&str> {
    let calls = evaluation.calls.iter();
    calls.map(|call| call.operation.as_str()).collect()
}

/// A Secret whose certificate is for other hosts than its index says, or the other way round.
fn claiming(name: &str, sans: &[&str], index: &str) -> Value {
    annotated(routing_secret(name, sans).to_manifest(), INDEX, index)
}

fn index(names: &[&str], not_before: i64, not_after: i64, kind: &str) -> String {
    let mut words = vec![format!("v1 {kind} {not_before} {not_after}")];
    words.extend(names.iter().map(|name| (*name).to_owned()));
    words.join(" ")
}

fn days_from_now(days: i64) -> i64 {
    time::OffsetDateTime::now_utc().unix_timestamp() + days * 24 * 60 * 60
}

/// Routing secrets that cover no host of the tests.
fn others(count: usize) -> Vec<TlsSecret> {
    (0..count).map(|number| routing_secret(&format!("other-{number}"), &["x.example.org"])).collect()
}

fn without_index(count: usize) -> Cluster {
    let mut secrets: Vec<_> = others(count - 1).iter().map(TlsSecret::to_manifest).collect();
    secrets.push(wild().to_manifest());
    secrets.extend(others(20).iter().map(|secret| {
        let mut secret = indexed(secret);
        secret["metadata"]["name"] = json!(format!("indexed-{}", secret["metadata"]["name"]));
        secret
    }));
    Cluster::new(secrets)
}

/// Neither the sandbox nor the cache of policy-server gets to see certificates and keys.
#[test]
fn with_every_secret_indexed_nothing_asks_for_data() {
    let mut secrets = others(20);
    secrets.push(wild());
    let evaluation = evaluated(&indexed_cluster(&secrets));
    assert_eq!(chosen(&evaluation), "wild");
    assert_eq!(operations(&evaluation), [LIST]);
    let call = &evaluation.calls[0];
    assert_eq!(call.request["field_masks"], json!(["type"]));
    let answer = String::from_utf8(call.answer.0.clone().unwrap()).unwrap();
    assert!(!answer.contains("tls.crt") && !answer.contains("tls.key"));
}

#[rstest]
#[case::one(1)]
#[case::eight(8)]
fn a_few_without_index_are_read_one_by_one(#[case] count: usize) {
    let evaluation = evaluated(&without_index(count));
    assert_eq!(chosen(&evaluation), "wild");
    let mut expected = vec![LIST];
    expected.extend(vec![GET; count]);
    assert_eq!(operations(&evaluation), expected);
    assert_eq!(evaluation.calls[0].request["field_masks"], json!(["type"]));
    let mut names = Vec::new();
    for call in &evaluation.calls[1..] {
        let mut request = call.request.clone();
        names.push(request["name"].as_str().unwrap().to_owned());
        request.as_object_mut().unwrap().remove("name");
        let expected = json!({
            "api_version": "v1",
            "kind": "Secret",
            "namespace": NAMESPACE,
            "disable_cache": false,
            "field_masks": null,
        });
        assert_eq!(request, expected);
    }
    names.sort();
    let mut expected: Vec<_> = (0..count - 1).map(|number| format!("other-{number}")).collect();
    expected.push("wild".to_owned());
    assert_eq!(names, expected);
}

#[test]
fn more_without_index_are_read_with_one_list() {
    let evaluation = evaluated(&without_index(9));
    assert_eq!(chosen(&evaluation), "wild");
    assert_eq!(operations(&evaluation), [LIST, LIST]);
    let mut whole = evaluation.calls[0].request.clone();
    whole["field_masks"] = json!(null);
    assert_eq!(evaluation.calls[1].request, whole);
}

/// The certificate decides then.
#[rstest]
#[case::none("")]
#[case::a_word("x")]
#[case::only_a_version("v1")]
#[case::no_version(&index(&["a.example.com"], 0, days_from_now(1), "issued").replacen("v1 ", "", 1))]
#[case::another_version(&index(&["a.example.com"], 0, days_from_now(1), "issued").replace("v1 ", "v2 "))]
#[case::a_longer_version(&index(&["a.example.com"], 0, days_from_now(1), "issued").replace("v1 ", "v11 "))]
#[case::another_kind(&index(&["a.example.com"], 0, days_from_now(1), "expired"))]
#[case::one_time_only("v1 issued 99999999999 a.example.com")]
#[case::a_name_for_a_time("v1 issued a.example.com 99999999999 a.example.com")]
#[case::before_1970(&index(&["a.example.com"], -1, days_from_now(1), "issued"))]
#[case::an_empty_name(&index(&["", "a.example.com"], 0, days_from_now(1), "issued"))]
#[case::a_blank_at_the_end(&index(&["a.example.com", ""], 0, days_from_now(1), "issued"))]
#[case::json(
    r#"{"version":1,"dnsNames":["a.example.com"],"notBefore":0,"notAfter":99999999999,"selectable":true}"#
)]
fn an_index_of_another_kind_is_as_good_as_none(#[case] text: &str) {
    let secrets =
        vec![claiming("wrong", &["x.example.org"], text), claiming("right", &["*.example.com"], text)];
    let evaluation = evaluated(&Cluster::new(secrets));
    assert_eq!(chosen(&evaluation), "right");
    assert_eq!(operations(&evaluation), [LIST, GET, GET]);
}

/// Whoever writes Secrets past this policy can do that, until their next write.
#[test]
fn an_index_is_believed() {
    let claim = index(&["*.example.com"], 0, days_from_now(1), "issued");
    let secret = claiming("claims", &["x.example.org"], &claim);
    let evaluation = evaluated(&Cluster::new(vec![secret]));
    assert_eq!(chosen(&evaluation), "claims");
    assert_eq!(operations(&evaluation), [LIST]);
}

#[rstest]
#[case::usable(0, days_from_now(1), "issued", &["*.example.com"], None)]
#[case::over(0, days_from_now(-1), "issued", &["*.example.com"], Some("has expired"))]
#[case::not_yet(days_from_now(1), days_from_now(2), "issued", &["*.example.com"], Some("not valid yet"))]
#[case::temporary(0, days_from_now(1), "temporary", &["*.example.com"], Some("temporary"))]
#[case::no_names(0, days_from_now(1), "issued", &[], Some("no DNS SAN"))]
#[case::no_valid_names(0, days_from_now(1), "issued", &["a..b", "*"], Some("no DNS SAN"))]
fn the_rules_for_usable_secrets_hold_for_indexes(
    #[case] not_before: i64,
    #[case] not_after: i64,
    #[case] kind: &str,
    #[case] names: &[&str],
    #[case] why_not: Option<&str>,
) {
    let claim = index(names, not_before, not_after, kind);
    let secret = claiming("claims", &["*.example.com"], &claim);
    let evaluation = evaluated(&Cluster::new(vec![secret]));
    assert_eq!(chosen(&evaluation) == "claims", why_not.is_none());
    let logs = format!("{:?}", evaluation.logs);
    assert!(logs.contains(why_not.unwrap_or("[]")), "{logs}");
}

/// A cluster that answers like this one, but for the last look-up.
fn with_last_answer(cluster: &Cluster, answer: Result<&str, &str>) -> Cluster {
    let mut calls: Vec<HostCall> = evaluated(cluster).calls;
    let answer = answer.map(|text| text.as_bytes().to_vec());
    calls.last_mut().unwrap().answer = Answer(answer.map_err(str::to_owned));
    Cluster::replaying(Session::of(&calls).unwrap())
}

#[test]
fn a_secret_that_is_gone_meanwhile_is_passed_over() {
    let secrets = vec![routing_secret("gone", &["a.example.com"]).to_manifest(), indexed(&wild())];
    let cluster = Cluster::new(secrets);
    assert_eq!(chosen(&evaluated(&cluster)), "gone");
    for answer in [Err("cannot find v1/Secret named \"gone\""), Ok("7"), Ok("")] {
        let evaluation = evaluated(&with_last_answer(&cluster, answer));
        assert_eq!(chosen(&evaluation), "wild");
    }
}

#[rstest]
#[case::one_by_one(1, GET, "Secret workspace/wild")]
#[case::all(9, LIST, "routing secrets in namespace workspace")]
fn a_refusal_of_the_full_look_up_rejects(#[case] count: usize, #[case] call: &str, #[case] wanted: &str) {
    let cluster = with_last_answer(&without_index(count), Err("secrets is forbidden"));
    let response = evaluated(&cluster).response;
    assert!(!response.accepted);
    let message = response.message.unwrap();
    for part in [call, wanted, "secrets is forbidden", "service account"] {
        assert!(message.contains(part), "{part} is missing in {message}");
    }
}

/// The certificate of such a Secret.
fn wild_pem() -> Vec<u8> {
    let manifest = wild().to_manifest();
    let base64 = manifest["data"]["tls.crt"].as_str().unwrap();
    BASE64_STANDARD.decode(base64).unwrap()
}

/// A cluster with a thousand Secrets that are like this one.
fn a_thousand(secret: &Value) -> Cluster {
    let secrets = (0..1_000).map(|number| {
        let mut secret = secret.clone();
        secret["metadata"]["name"] = json!(format!("wild-{number}"));
        secret
    });
    Cluster::new(secrets.collect())
}

/// What must not grow with the number of indexed Secrets: look-ups, and for each Secret what crosses
/// into the sandbox.
#[test]
fn a_thousand_indexed_secrets_need_one_small_look_up() {
    let evaluation = evaluated(&a_thousand(&indexed(&wild())));
    assert_eq!(chosen(&evaluation), "wild-0");
    assert_eq!(operations(&evaluation), [LIST]);
    let bytes = evaluation.calls[0].bytes;
    assert!(bytes < 1_000 * 500, "{bytes} bytes");
}

/// Of a Secret without an index, the first certificate is decoded: neither the rest of the chain nor
/// the key.
#[test]
fn only_the_leaf_of_a_chain_is_read() {
    let junk = b"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n";
    let secret = wild().tls_crt([wild_pem(), junk.repeat(100)].concat());
    let evaluation = evaluated(&cluster(&[secret.tls_key("junk")]));
    assert_eq!(chosen(&evaluation), "wild");
}

fn names() -> impl Strategy<Value = Vec<String>> {
    proptest::collection::vec("[*]?(f[*])?[a-b*]{1,2}(\\.[*a-bA ]{1,2}){0,3}\\.?", 1..4)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whether a Secret has an index makes no difference, whatever its names and the settings are.
    #[test]
    fn index_and_certificate_say_the_same(
        secrets in proptest::collection::vec((names(), -2..3_i64, any::<bool>()), 1..5),
        hosts in names(),
        any_depth in any::<bool>(),
    ) {
        let wildcards = if any_depth { "anyDepth" } else { "oneLabel" };
        let settings = json!({"wildcards": wildcards});
        let manifests = secrets.iter().enumerate().map(|(number, (names, days, temporary))| {
            let names: Vec<_> = names.iter().map(String::as_str).collect();
            let secret = routing_secret(&format!("s{number}"), &names).valid(days - 2, *days);
            let secret = if *temporary { secret.issuer_cn("cert-manager.local") } else { secret };
            secret.to_manifest()
        });
        let manifests: Vec<_> = manifests.collect();
        let indexed = manifests.iter().map(|secret| {
            // An update without a change is not judged.
            let request = crate::secret::support::update(secret, secret);
            let evaluation = POLICY.validate(&request, &settings, &cluster(&[])).unwrap();
            evaluation.response.mutated_object.unwrap()
        });
        let indexed = Cluster::new(indexed.collect());
        let hosts: Vec<_> = hosts.iter().map(String::as_str).collect();
        let author = ingress(&hosts, json!([]));
        let with_index = evaluate(&author, &settings, &indexed);
        let without = evaluate(&author, &settings, &Cluster::new(manifests));
        prop_assert_eq!(with_index.response, without.response);
        prop_assert!(with_index.calls.len() <= 1);
    }
}
