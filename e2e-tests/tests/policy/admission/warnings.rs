//! Warnings are as long as the API server passes on: what happened, to what, and the remedy are never cut.

use e2e_tests::{Cluster, certificates::TlsSecret, request_from};
use rstest::rstest;
use serde_json::{Value, json};

use crate::{
    certificate::support::certificate,
    gateway::support::{listener, listener_set, triggered},
    support::*,
};

const SECRET: &str = "wildcard-prod-example-com-tls";
const OWN: &str = "payments-gateway-example-com-tls";
const HOST: &str = "payments.prod.example.com";
const OTHER: &str = "payments.staging.example.org";

fn secret() -> TlsSecret {
    routing_secret(SECRET, &["*.prod.example.com"])
}

fn secrets() -> Cluster {
    cluster(&[secret()])
}

fn app(hosts: &[&str]) -> Value {
    annotated(ingress(hosts, json!([entry(hosts, OWN)])), ISSUER, "letsencrypt-production")
}

fn rewritten() -> Value {
    stored(&app(&[HOST]), &json!({}), &secrets())
}

/// Names as people give them, and the longest that there can be.
#[rstest]
#[case::moved(app(&[HOST]), secrets(), &[HOST, SECRET, OWN, ISSUER, "routing-secrets-policy/skip"])]
#[case::partly_covered(app(&[HOST, OTHER]), secrets(), &[HOST, OTHER, SECRET, ISSUER])]
#[case::plain_hosts(ingress(&[HOST, OTHER], json!([])), secrets(), &[HOST, OTHER, SECRET])]
#[case::back(rewritten(), cluster(&[]), &[HOST, OWN])]
#[case::expired(app(&[HOST]), cluster(&[secret().valid(-9, -1)]), &[HOST, SECRET, "expired"])]
#[case::a_foreign_record(annotated(app(&[HOST]), RECORD, "x"), secrets(), &[RECORD])]
#[case::gateway(
    triggered(json!([listener("https-payments", HOST, OWN)])),
    secrets(),
    &[HOST, SECRET, "https-payments"]
)]
#[case::two_listeners_of_one_secret(
    triggered(json!([listener("https-payments", HOST, OWN), listener("https-staging", OTHER, OWN)])),
    secrets(),
    &[HOST, OTHER, SECRET]
)]
#[case::certificate(certificate(&[HOST]), secrets(), &[HOST, SECRET, "routing-secrets-policy/skip"])]
fn what_matters_is_whole_however_long_the_name_is(
    #[case] object: Value,
    #[case] cluster: Cluster,
    #[case] parts: &[&str],
    #[values("payments-gateway", &"n".repeat(63), &"n".repeat(253))] name: &str,
) {
    let mut object = object;
    object["metadata"]["name"] = json!(name);
    let warnings = evaluate(&object, &json!({}), &cluster).response.warnings;
    let begin = format!("{} {}", object["kind"].as_str().unwrap(), &name[..name.len().min(16)]);
    let whole = format!("{} {name}: ", object["kind"].as_str().unwrap());
    for warning in &warnings {
        assert_fits(warning);
        assert!(warning.starts_with(&begin), "{warning}");
        assert!(warning.starts_with(&whole) || name.len() > 63, "{warning}");
    }
    // A Certificate of such a name cannot be parked.
    if object["kind"] == "Certificate" && name.len() == 253 {
        return;
    }
    let text = warnings.join("\n");
    for part in parts {
        assert!(text.contains(part), "{part} is missing in {text}");
    }
}

/// Who names a routing secret that goes, and for which host.
#[rstest]
fn who_is_left_behind_is_whole(#[values("payments-gateway", &"n".repeat(63), &"n".repeat(253))] name: &str) {
    let mut user = ingress(&[HOST], json!([entry(&[HOST], SECRET)]));
    user["metadata"]["name"] = json!(name);
    let other = routing_secret("wildcard-prod-example-com-2027", &["*.prod.example.com"]);
    let objects = [secret(), other].map(|secret| secret.to_manifest());
    let cluster = Cluster::new([objects.to_vec(), vec![user]].concat());
    let mut request = request_from(objects[0].clone()).unwrap();
    request["operation"] = json!("DELETE");
    request["oldObject"] = request["object"].take();
    let warnings = POLICY.validate(&request, &json!({}), &cluster).unwrap().response.warnings;
    warnings.iter().for_each(|warning| assert_fits(warning));
    let told = warnings.iter().find(|warning| warning.starts_with(&format!("Ingress {}", &name[..16])));
    for part in [HOST, "wildcard-prod-example-com-2027"] {
        assert!(told.is_some_and(|told| told.contains(part)), "{part} is missing in {warnings:?}");
    }
}

/// Names of 25 characters.
mod long {
    pub const NAME: &str = "storefront-production-web";
    pub const HOST: &str = "shops.eu.apps.example.com";
    pub const OTHER: &str = "blogs.us.apps.example.org";
    pub const SECRET: &str = "wildcards-eu-apps-example";
    pub const NEXT: &str = "wildcards-eu-apps-renewed";
    pub const OWN: &str = "storefront-production-tls";
    pub const LISTENER: &str = "https-for-production-apps";
    pub const NAMESPACE: &str = "certificates-of-all-teams";
}

fn long(name: &str) -> TlsSecret {
    routing_secret(name, &["*.eu.apps.example.com"])
}

fn long_app(hosts: &[&str]) -> Value {
    named(ingress(hosts, json!([entry(hosts, long::OWN)])))
}

fn named(mut object: Value) -> Value {
    object["metadata"]["name"] = json!(long::NAME);
    object
}

fn long_certificate() -> Value {
    let mut object = named(certificate(&[long::HOST]));
    object["spec"]["secretName"] = json!(long::OWN);
    object
}

fn long_listeners(hosts: &[&str]) -> Value {
    let names = [long::LISTENER, long::NEXT];
    hosts.iter().zip(names).map(|(host, name)| listener(name, host, long::OWN)).collect()
}

fn long_mirror() -> Value {
    let source = format!("{}/{}", long::NAMESPACE, long::SECRET);
    let mirror = TlsSecret::new(long::NEXT).namespace(NAMESPACE).san("*.eu.apps.example.com");
    mirror.annotation("reflector.v1.k8s.emberstack.com/reflects", &source).to_manifest()
}

/// Kubernetes recommends 120 characters.
#[rstest]
#[case::moved(annotated(long_app(&[long::HOST]), ISSUER, "le"), &[], "uses routing secret")]
#[case::trigger_removed(annotated(long_app(&[long::HOST]), ISSUER, "le"), &[], "is not made any more")]
#[case::partly_covered(annotated(long_app(&[long::HOST, long::OTHER]), ISSUER, "le"), &[], "some hosts are not covered")]
#[case::back(stored(&long_app(&[long::HOST]), &json!({}), &cluster(&[long(long::SECRET)])), &["none"], "again")]
#[case::plain_hosts(named(ingress(&[long::HOST, long::OTHER], json!([]))), &[], "no TLS is added")]
#[case::parked(long_certificate(), &[], "parked")]
#[case::needed(long_certificate(), &["user"], "write Ingress storefront-production-web first")]
#[case::kept(annotated(long_app(&[long::HOST]), ISSUER, "le"), &["skipped"], "keeps Secret")]
#[case::expired(long_app(&[long::HOST]), &["expired"], "has expired")]
#[case::listeners_ignored(named(triggered(long_listeners(&[long::HOST]))), &[], "ignores listeners")]
#[case::of_a_listener_set(named(listener_set(long_listeners(&[long::HOST]))), &[], "uses routing secret")]
#[case::a_shared_secret(named(triggered(long_listeners(&[long::HOST, long::OTHER]))), &[], "keeps Secret")]
#[case::a_foreign_record(annotated(long_app(&[long::HOST]), RECORD, "x"), &[], "is invalid")]
#[case::mirror_labelled(long_mirror(), &[], "labelled")]
fn usual_warnings_are_short(#[case] object: Value, #[case] others: &[&str], #[case] told: &str) {
    let mut objects = vec![long(long::SECRET).namespace(long::NAMESPACE).to_manifest()];
    match others {
        ["none"] => {}
        ["expired"] => objects.push(long(long::SECRET).valid(-9, -1).to_manifest()),
        _ => objects.push(long(long::SECRET).to_manifest()),
    }
    let mut user = long_app(&[long::HOST]);
    match others {
        ["user"] => objects.push(user),
        ["skipped"] => {
            user["metadata"]["name"] = json!(long::LISTENER);
            objects.push(annotated(user, "routing-secrets-policy/skip", "true"));
        }
        _ => {}
    }
    let warnings = evaluate(&object, &json!({}), &Cluster::new(objects)).response.warnings;
    assert!(warnings.join("\n").contains(told), "{warnings:?}");
    for warning in warnings {
        assert!(warning.chars().count() <= 120, "{}: {warning}", warning.chars().count());
    }
}

/// The hosts of a routing secret that goes, with the one that is next.
#[test]
fn who_is_left_behind_is_told_shortly() {
    let mut user = long_app(&[long::HOST]);
    user["spec"]["tls"][0]["secretName"] = json!(long::SECRET);
    let objects = [long(long::SECRET), long(long::NEXT)].map(|secret| secret.to_manifest());
    let cluster = Cluster::new([objects.to_vec(), vec![user]].concat());
    let mut request = request_from(objects[0].clone()).unwrap();
    request["operation"] = json!("DELETE");
    request["oldObject"] = request["object"].take();
    let response = POLICY.validate(&request, &json!({}), &cluster).unwrap().response;
    assert!(response.warnings.join("\n").contains("still names this Secret"), "{response:?}");
    for warning in response.warnings {
        assert!(warning.chars().count() <= 120, "{warning}");
    }
}
