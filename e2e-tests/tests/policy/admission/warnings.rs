//! Warnings are as long as the API server passes on: what happened, to what, and the remedy are never cut.

use e2e_tests::{Cluster, certificates::TlsSecret, request_from};
use rstest::rstest;
use serde_json::{Value, json};

use crate::{
    certificate::support::certificate,
    gateway::support::{listener, triggered},
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
    annotated(
        ingress(hosts, json!([entry(hosts, OWN)])),
        ISSUER,
        "letsencrypt-production",
    )
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
    let begin = format!(
        "{} {}",
        object["kind"].as_str().unwrap(),
        &name[..name.len().min(16)]
    );
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
fn who_is_left_behind_is_whole(
    #[values("payments-gateway", &"n".repeat(63), &"n".repeat(253))] name: &str,
) {
    let mut user = ingress(&[HOST], json!([entry(&[HOST], SECRET)]));
    user["metadata"]["name"] = json!(name);
    let other = routing_secret("wildcard-prod-example-com-2027", &["*.prod.example.com"]);
    let objects = [secret(), other].map(|secret| secret.to_manifest());
    let cluster = Cluster::new([objects.to_vec(), vec![user]].concat());
    let mut request = request_from(objects[0].clone()).unwrap();
    request["operation"] = json!("DELETE");
    request["oldObject"] = request["object"].take();
    let warnings = POLICY
        .validate(&request, &json!({}), &cluster)
        .unwrap()
        .response
        .warnings;
    warnings.iter().for_each(|warning| assert_fits(warning));
    let told = warnings
        .iter()
        .find(|warning| warning.starts_with(&format!("Ingress {}", &name[..16])));
    for part in [HOST, "wildcard-prod-example-com-2027"] {
        assert!(
            told.is_some_and(|told| told.contains(part)),
            "{part} is missing in {warnings:?}"
        );
    }
}
