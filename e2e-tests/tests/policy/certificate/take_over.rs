//! No Certificate overwrites a routing secret.

use e2e_tests::Cluster;
use rstest::rstest;
use serde_json::{Value, json};

use super::support::*;
use crate::support::*;

/// The routing secret `wild`, made by the Certificate `wildcard`.
fn produced() -> Cluster {
    cluster(&[wild().annotation("cert-manager.io/certificate-name", "wildcard")])
}

/// A Certificate for `names` into the routing secret `wild`.
fn into_wild(names: &[&str]) -> Value {
    with(certificate(names), "secretName", json!("wild"))
}

#[rstest]
#[case::by_hand(with_wild(), &["wild", "delete the Secret"])]
#[case::of_another_certificate(produced(), &["wild", "Certificate wildcard"])]
#[case::unusable_too(cluster(&[routing_secret("wild", &[]).tls_crt("junk")]), &["wild"])]
fn a_take_over_is_refused_and_the_remedy_named(#[case] secrets: Cluster, #[case] parts: &[&str]) {
    let author = into_wild(&["a.example.org"]);
    for mode in MODES {
        let message = rejection(&author, &covered(mode), &secrets);
        for part in parts.iter().chain(&["Certificate workspace/app", "spec.secretName"]) {
            assert!(message.contains(part), "{part} is missing in {message}");
        }
    }
}

#[rstest]
#[case::skipped(annotated(into_wild(&["a.example.com"]), "routing-secrets-policy/skip", "true"))]
#[case::producer_by_template(with(into_wild(&["a.example.com"]), "secretTemplate", json!({"labels": {"epinio.io/routing": ""}})))]
#[case::ca(with(into_wild(&["a.example.com"]), "isCA", json!(true)))]
#[case::of_an_ingress(owned_by(into_wild(&["a.example.com"]), "networking.k8s.io/v1", "Ingress", json!(true)))]
#[case::of_a_gateway(owned_by(into_wild(&["a.example.com"]), "gateway.networking.k8s.io/v1", "Gateway", json!(true)))]
#[case::not_covered(into_wild(&["a.example.org"]))]
#[case::without_an_issuer(with(into_wild(&["a.example.com"]), "issuerRef", json!({"kind": "Issuer"})))]
#[case::foreign_record(annotated(into_wild(&["a.example.com"]), PARKED_RECORD, "letsencrypt"))]
fn no_owner_and_no_mode_may_take_over(#[case] author: Value) {
    for mode in MODES {
        for secrets in [with_wild(), produced()] {
            let message = rejection(&author, &covered(mode), &secrets);
            assert!(message.contains("would overwrite routing secret wild"), "{message}");
        }
    }
}

#[rstest]
#[case("reject")]
#[case("allow")]
fn a_covered_take_over_is_refused_unless_it_is_parked(#[case] mode: &str) {
    let message = rejection(&into_wild(&["a.example.com"]), &covered(mode), &with_wild());
    assert!(message.contains("would overwrite routing secret wild"), "{message}");
}

/// Epinio's Gateway chart makes such Certificates, and its installs must not fail.
#[test]
fn a_covered_take_over_is_parked_with_another_secret() {
    let author = into_wild(&["a.example.com"]);
    for secrets in [with_wild(), produced()] {
        let evaluation = evaluate(&author, &json!({}), &secrets);
        let stored = evaluation.response.mutated_object.unwrap();
        assert_eq!(stored["spec"]["secretName"], "app-parked");
        assert_eq!(stored["spec"]["issuerRef"]["name"], PARKED);
        assert_eq!(
            stored["metadata"]["annotations"][PARKED_RECORD],
            r#"{"issuerRef":{"group":"cert-manager.io","kind":"ClusterIssuer","name":"letsencrypt"},"secretName":"wild"}"#
        );
        assert!(evaluation.response.warnings[0].contains("app-parked"), "{:?}", evaluation.response.warnings);
        assert_stable(&author, &stored, &json!({}), &secrets);
    }
}

/// The name that the Certificate would get must be one, and harm nobody either.
#[rstest]
#[case::no_name_yet("")]
#[case::too_long(&"a".repeat(250))]
#[case::a_routing_secret_too("taken")]
fn where_there_is_no_other_secret_it_is_refused(#[case] name: &str) {
    let mut author = into_wild(&["a.example.com"]);
    author["metadata"]["name"] = json!(name);
    author["metadata"]["generateName"] = json!("app-");
    let secrets = cluster(&[wild(), routing_secret("taken-parked", &["a.example.net"])]);
    let message = rejection(&author, &json!({}), &secrets);
    assert!(message.contains("would overwrite routing secret wild"), "{message}");
}

#[test]
fn what_is_no_take_over_any_more_stays_parked_while_another_one_covers() {
    let author = into_wild(&["a.example.com"]);
    let parked = stored(&author, &json!({}), &with_wild());
    let other = cluster(&[routing_secret("other", &["*.example.com"])]);
    assert_stable(&author, &parked, &json!({}), &other);
}

/// Rewritten Ingresses name the routing secret, and nobody would ever get it from this Certificate.
#[test]
fn a_take_over_is_parked_whoever_names_the_routing_secret() {
    let author = into_wild(&["a.example.com"]);
    let user = ingress(&["a.example.com"], json!([entry(&["a.example.com"], "wild")]));
    let secrets = Cluster::new(vec![wild().to_manifest(), user]);
    let parked = stored(&author, &json!({}), &secrets);
    assert_eq!(parked["spec"]["secretName"], "app-parked");
    let mut issued = parked.clone();
    issued["status"] = json!({"revision": 1});
    let again = update(&issued, &author, &json!({}), &secrets).response;
    assert_eq!(again.mutated_object, Some(parked));
}

/// It is out of the way, so that nobody's write need fail; its own Secret it cannot get back.
#[rstest]
#[case::skipped(|parked: &mut Value| parked["metadata"]["annotations"]["routing-secrets-policy/skip"] = json!("true"), "park")]
#[case::a_name_more(|parked: &mut Value| parked["spec"]["dnsNames"] = json!(["a.example.com", "a.example.org"]), "park")]
#[case::allowed(|_: &mut Value| (), "allow")]
#[case::rejected(|_: &mut Value| (), "reject")]
fn what_was_parked_stays_out_of_the_way(#[case] change: fn(&mut Value), #[case] mode: &str) {
    let parked = stored(&into_wild(&["a.example.com"]), &json!({}), &with_wild());
    let mut changed = parked.clone();
    change(&mut changed);
    let response = update(&parked, &changed, &covered(mode), &with_wild()).response;
    assert!(response.accepted, "{:?}", response.message);
    assert_eq!(response.mutated_object, None);
    assert!(response.warnings[1].contains("would overwrite routing secret wild"), "{:?}", response.warnings);
}

/// It is parked; the routing secret is not usable any more, or covers too little, and the manifest is sent again.
#[rstest]
#[case::expired(wild().valid(-9, -1), into_wild(&["a.example.com"]))]
#[case::retired(wild().annotation("routing-secrets-policy/skip", "true"), into_wild(&["a.example.com"]))]
#[case::a_name_more(wild(), into_wild(&["a.example.com", "a.example.org"]))]
fn a_parked_take_over_that_is_sent_again_stays_parked(
    #[case] secret: e2e_tests::certificates::TlsSecret,
    #[case] again: Value,
) {
    let parked = stored(&into_wild(&["a.example.com"]), &json!({}), &with_wild());
    for mode in MODES {
        let response =
            update(&parked, &again, &covered(mode), &cluster(std::slice::from_ref(&secret))).response;
        assert!(response.accepted, "{:?}", response.message);
        let stored = response.mutated_object.unwrap();
        assert_eq!(stored["spec"]["secretName"], "app-parked", "{mode}");
        assert_eq!(stored["spec"]["issuerRef"]["name"], PARKED, "{mode}");
        assert!(response.warnings[0].contains("stays parked"), "{:?}", response.warnings);
    }
}

/// The Secret, too, comes back from a record that was lost, or stays known while it cannot.
#[test]
fn a_record_that_is_lost_knows_the_secret() {
    let author = into_wild(&["a.example.com"]);
    let parked = stored(&author, &json!({}), &with_wild());
    let lost = without_annotations(parked.clone(), &[PARKED_RECORD]);
    for mode in MODES {
        let response = update(&parked, &lost, &covered(mode), &with_wild()).response;
        assert_eq!(response.mutated_object, Some(parked.clone()), "{mode}");
    }
    let response = update(&parked, &lost, &json!({}), &cluster(&[])).response;
    assert_eq!(response.mutated_object, Some(author));
    assert_eq!(
        response.warnings,
        [
            "Certificate app: spec.issuerRef.name is letsencrypt again",
            "Certificate app: spec.secretName is wild again"
        ]
    );
}

/// Nor where the author makes the policy forget, and names the routing secret.
#[test]
fn an_issuer_that_is_forgotten_is_not_recorded() {
    let parked = stored(&into_wild(&["a.example.com"]), &json!({}), &with_wild());
    let mut forgotten = annotated(parked.clone(), PARKED_RECORD, "");
    forgotten["spec"]["secretName"] = json!("wild");
    let response = update(&parked, &forgotten, &json!({}), &with_wild()).response;
    assert!(!response.accepted);
}

/// An issuer that nobody knows cannot be given back, so nothing is parked with it.
#[test]
fn the_issuer_of_parked_certificates_is_never_recorded_as_the_authors() {
    let mut author = into_wild(&["a.example.com"]);
    author["spec"]["issuerRef"]["name"] = json!(PARKED);
    let message = rejection(&author, &json!({}), &with_wild());
    assert!(message.contains("would overwrite routing secret wild"), "{message}");
}

#[test]
fn a_certificate_whose_secret_becomes_a_routing_secret_moves_away() {
    let author = certificate(&["a.example.com"]);
    let parked = stored(&author, &json!({}), &with_wild());
    let own = routing_secret("app-tls", &["a.example.net"]);
    let secrets = cluster(&[wild(), own.clone()]);
    let moved = stored(&parked, &json!({}), &secrets);
    assert_eq!(moved["spec"]["secretName"], "app-parked");
    assert_stable(&author, &moved, &json!({}), &secrets);
    let taken = routing_secret("app-parked", &["a.example.net"]);
    let message = rejection(&moved, &json!({}), &cluster(&[wild(), own, taken]));
    assert!(message.contains("routing secret app-parked"), "{message}");
}

/// Only Secrets with the label and the type are routing secrets.
#[rstest]
#[case::no_label(cluster(&[e2e_tests::certificates::TlsSecret::new("wild").namespace(NAMESPACE).san("*.example.com")]))]
#[case::another_type(cluster(&[wild().secret_type("Opaque")]))]
#[case::another_namespace(cluster(&[wild().namespace("other")]))]
#[case::absent(cluster(&[]))]
fn other_secrets_may_be_written(#[case] secrets: Cluster) {
    assert_untouched(&into_wild(&["a.example.com"]), &json!({}), &secrets);
}
