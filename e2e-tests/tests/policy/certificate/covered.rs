//! Certificates for names that routing secrets cover.

use rstest::rstest;
use serde_json::{Value, json};

use super::support::*;
use crate::support::*;

const LETSENCRYPT_RECORD: &str = r#"{"issuerRef":{"group":"cert-manager.io","kind":"ClusterIssuer","name":"letsencrypt"},"secretName":"app-tls"}"#;

#[test]
fn a_covered_certificate_is_parked() {
    let author = certificate(&["a.example.com", "b.example.com"]);
    let evaluation = evaluate(&author, &json!({}), &with_wild());
    let stored = evaluation.response.mutated_object.unwrap();
    let mut expected = author.clone();
    expected["spec"]["issuerRef"] = parked_issuer();
    expected["spec"]["secretName"] = json!("app-parked");
    expected["metadata"]["annotations"] = json!({PARKED_RECORD: LETSENCRYPT_RECORD});
    assert_eq!(stored, expected);
    assert_eq!(
        evaluation.response.warnings,
        [
            "Certificate app: parked: Secret app-tls is not made",
            "Certificate app: if something uses it later, write this again or set routing-secrets-policy/skip",
            "Certificate app: a.example.com: routing secret wild covers it",
            "Certificate app: b.example.com: routing secret wild covers it",
        ]
    );
    assert_eq!(
        evaluation.response.audit_annotations["routing-secrets"],
        "a.example.com=wild,b.example.com=wild"
    );
    assert_stable(&author, &stored, &json!({}), &with_wild());
}

#[test]
fn routing_secrets_are_listed_as_for_ingresses_and_then_who_names_secrets() {
    let cluster = indexed_cluster(&[wild()]);
    let certificate = evaluate(&certificate(&["a.example.com"]), &json!({}), &cluster);
    let tls = json!([entry(&["a.example.com"], "own")]);
    let ingress = evaluate(&ingress(&[], tls), &json!({}), &cluster);
    assert_eq!(certificate.calls[0].request, ingress.calls[0].request);
    let kinds: Vec<_> = certificate.calls.iter().map(|call| &call.request["kind"]).collect();
    assert_eq!(kinds, ["Secret", "Ingress", "Gateway", "ListenerSet"]);
}

/// What is not covered, or not parked, costs no more than the list of routing secrets.
#[rstest]
#[case::not_covered(certificate(&["a.example.org"]), "park")]
#[case::rejected(certificate(&["a.example.com"]), "reject")]
#[case::allowed(certificate(&["a.example.com"]), "allow")]
#[case::take_over(with(certificate(&["a.example.com"]), "secretName", json!("wild")), "park")]
fn nobody_is_asked_without_need(#[case] author: Value, #[case] mode: &str) {
    let evaluation = evaluate(&author, &covered(mode), &indexed_cluster(&[wild()]));
    assert_eq!(evaluation.calls.len(), 1);
}

#[rstest]
#[case::dns_names(certificate(&["a.example.com"]), true)]
#[case::upper_case(certificate(&["A.Example.COM"]), true)]
#[case::wildcard(certificate(&["*.example.com"]), true)]
#[case::a_common_name_too(with(certificate(&["a.example.com"]), "commonName", json!("b.example.com")), true)]
#[case::only_a_common_name(with(certificate(&[]), "commonName", json!("b.example.com")), true)]
#[case::an_empty_common_name(with(certificate(&["a.example.com"]), "commonName", json!("")), true)]
#[case::one_not_covered(certificate(&["a.example.com", "a.example.org"]), false)]
#[case::deeper(certificate(&["a.b.example.com"]), false)]
#[case::other_wildcard(certificate(&["*.b.example.com"]), false)]
#[case::common_name_not_covered(with(certificate(&["a.example.com"]), "commonName", json!("a.example.org")), false)]
#[case::common_name_that_is_no_name(with(certificate(&["a.example.com"]), "commonName", json!("My app")), false)]
#[case::address(certificate(&["10.0.0.1"]), false)]
#[case::no_names(certificate(&[]), false)]
fn every_name_must_be_covered(#[case] author: Value, #[case] is_covered: bool) {
    let stored = stored(&author, &json!({}), &with_wild());
    assert_eq!(stored["spec"]["issuerRef"]["name"] == PARKED, is_covered);
    assert_stable(&author, &stored, &json!({}), &with_wild());
}

#[test]
fn ignored_hosts_are_never_covered() {
    let author = certificate(&["a.example.com", "b.example.com"]);
    assert_untouched(&author, &json!({"ignoredHosts": ["b.*"]}), &with_wild());
}

#[rstest]
#[case::skipped(annotated(certificate(&["a.example.com"]), "routing-secrets-policy/skip", "true"))]
#[case::producer_by_template(with(certificate(&["*.example.com"]), "secretTemplate", json!({"labels": {"epinio.io/routing": ""}})))]
#[case::ca(with(certificate(&["a.example.com"]), "isCA", json!(true)))]
#[case::for_clients_too(with(certificate(&["a.example.com"]), "usages", json!(["server auth", "client auth"])))]
#[case::output_formats(with(certificate(&["a.example.com"]), "additionalOutputFormats", json!([{"type": "DER"}])))]
#[case::reflected(copied("reflector.v1.k8s.emberstack.com/reflection-allowed", "true"))]
#[case::with_an_empty_annotation(copied("kubed.appscode.com/sync", ""))]
#[case::with_any_annotation(copied("notes", "false"))]
#[case::of_another_controller(owned_by(certificate(&["a.example.com"]), "serving.knative.dev/v1", "Route", json!(true)))]
#[case::for_clients(with(certificate(&["a.example.com"]), "usages", json!(["digital signature", "client auth"])))]
#[case::keystores(with(certificate(&["a.example.com"]), "keystores", json!({"jks": {"create": true}})))]
#[case::addresses(with(certificate(&["a.example.com"]), "ipAddresses", json!(["10.0.0.1"])))]
#[case::uris(with(certificate(&["a.example.com"]), "uris", json!(["spiffe://a/b"])))]
#[case::mail(with(certificate(&["a.example.com"]), "emailAddresses", json!(["a@example.com"])))]
#[case::other_names(with(certificate(&["a.example.com"]), "otherNames", json!([{"oid": "1.2.3", "utf8Value": "x"}])))]
#[case::literal_subject(with(certificate(&["a.example.com"]), "literalSubject", json!("CN=a.example.org")))]
#[case::of_an_ingress(owned_by(certificate(&["a.example.com"]), "networking.k8s.io/v1", "Ingress", json!(true)))]
#[case::of_a_gateway(owned_by(certificate(&["a.example.com"]), "gateway.networking.k8s.io/v1", "Gateway", json!(true)))]
#[case::of_a_listener_set(owned_by(certificate(&["a.example.com"]), "gateway.networking.k8s.io/v1", "ListenerSet", json!(true)))]
fn what_is_needed_is_issued_in_every_mode(#[case] author: Value) {
    for mode in MODES {
        let response = evaluate(&author, &covered(mode), &with_wild()).response;
        assert!(response.accepted, "{mode}: {:?}", response.message);
        assert_eq!(response.mutated_object, None, "{mode}");
        assert!(response.warnings.is_empty(), "{mode}: {:?}", response.warnings);
    }
}

/// The same fields, written so that they say nothing.
#[rstest]
#[case::not_skipped(annotated(certificate(&["a.example.com"]), "routing-secrets-policy/skip", "yes"))]
#[case::template_with_other_labels(with(certificate(&["a.example.com"]), "secretTemplate", json!({"labels": {"team": "a"}})))]
#[case::template_without_annotations(with(certificate(&["a.example.com"]), "secretTemplate", json!({"annotations": {}})))]
#[case::no_ca(with(certificate(&["a.example.com"]), "isCA", json!(false)))]
#[case::for_servers(with(certificate(&["a.example.com"]), "usages",
    json!(["digital signature", "key encipherment", "key agreement", "server auth"])))]
#[case::no_output_formats(with(certificate(&["a.example.com"]), "additionalOutputFormats", json!([])))]
#[case::no_usages(with(certificate(&["a.example.com"]), "usages", json!([])))]
#[case::no_keystores(with(certificate(&["a.example.com"]), "keystores", json!(null)))]
#[case::no_addresses(with(certificate(&["a.example.com"]), "ipAddresses", json!([])))]
#[case::owned_but_not_controlled(owned_by(certificate(&["a.example.com"]), "networking.k8s.io/v1", "Ingress", json!(false)))]
fn what_nobody_needs_is_parked(#[case] author: Value) {
    let stored = stored(&author, &json!({}), &with_wild());
    assert_eq!(stored["spec"]["issuerRef"]["name"], PARKED);
    assert_stable(&author, &stored, &json!({}), &with_wild());
}

/// A Certificate whose Secret gets an annotation.
fn copied(annotation: &str, value: &str) -> Value {
    let template = json!({"annotations": {annotation: value}});
    with(certificate(&["a.example.com"]), "secretTemplate", template)
}

/// A wildcard's own Certificate covers itself, and must be renewed all the same.
#[test]
fn the_certificate_that_makes_a_routing_secret_is_issued() {
    let own = wild().annotation("cert-manager.io/certificate-name", "app");
    let author = with(certificate(&["*.example.com"]), "secretName", json!("wild"));
    for mode in MODES {
        assert_untouched(&author, &covered(mode), &cluster(std::slice::from_ref(&own)));
    }
}

#[test]
fn reject_names_the_domains_and_their_secrets() {
    let author = certificate(&["a.example.com", "b.example.com"]);
    let message = rejection(&author, &covered("reject"), &with_wild());
    for part in ["Certificate workspace/app", "a.example.com (wild)", "b.example.com (wild)"] {
        assert!(message.contains(part), "{part} is missing in {message}");
    }
}

#[test]
fn reject_counts_on_updates_only_when_names_changed() {
    let old = certificate(&["a.example.com", "b.example.com"]);
    let mut same = certificate(&["B.example.com", "a.example.com"]);
    same["spec"]["duration"] = json!("24h");
    let reject = covered("reject");
    let response = update(&old, &same, &reject, &with_wild()).response;
    assert!(response.accepted && response.mutated_object.is_none());
    for new in [certificate(&["a.example.com"]), with(old.clone(), "commonName", json!("c.example.com"))] {
        let response = update(&old, &new, &reject, &with_wild()).response;
        assert!(!response.accepted, "{new}");
    }
}

#[test]
fn allow_only_warns() {
    let author = certificate(&["a.example.com"]);
    let response = evaluate(&author, &covered("allow"), &with_wild()).response;
    assert!(response.accepted);
    assert_eq!(response.mutated_object, None);
    assert_eq!(
        response.warnings,
        [
            "Certificate app: issued, although routing secrets cover its names",
            "Certificate app: a.example.com: routing secret wild covers it"
        ]
    );
}

const GIVEN_BACK: [&str; 2] = [
    "Certificate app: spec.issuerRef.name is letsencrypt again",
    "Certificate app: spec.secretName is app-tls again",
];

fn parked() -> (Value, Value) {
    let author = certificate(&["a.example.com"]);
    let parked = stored(&author, &json!({}), &with_wild());
    (author, parked)
}

#[test]
fn the_issuer_comes_back_when_a_name_is_not_covered_any_more() {
    let (author, parked) = parked();
    let expired = routing_secret("wild", &["*.example.com"]).valid(-9, -1);
    for secrets in [cluster(&[]), cluster(&[expired])] {
        let response = evaluate(&parked, &json!({}), &secrets).response;
        assert_eq!(response.mutated_object, Some(author.clone()));
        assert_eq!(response.warnings, GIVEN_BACK);
    }
    let mut more = parked;
    more["spec"]["dnsNames"] = json!(["a.example.com", "a.example.org"]);
    let stored = stored(&more, &json!({}), &with_wild());
    assert_eq!(stored, certificate(&["a.example.com", "a.example.org"]));
}

#[test]
fn the_issuer_comes_back_in_other_modes_and_for_whoever_skips() {
    let (author, parked) = parked();
    assert_eq!(stored(&parked, &covered("allow"), &with_wild()), author);
    let response = update(&parked, &parked, &covered("reject"), &with_wild()).response;
    assert_eq!(response.mutated_object, Some(author));
    let skipped = annotated(parked, "routing-secrets-policy/skip", "true");
    let stored = stored(&skipped, &json!({}), &with_wild());
    assert_eq!(stored["spec"]["issuerRef"]["name"], "letsencrypt");
    assert_eq!(stored["metadata"]["annotations"], json!({"routing-secrets-policy/skip": "true"}));
}

/// Helm and `kubectl apply` send the issuer again; the record may still be there.
#[test]
fn values_sent_again_are_parked_again() {
    let (author, parked) = parked();
    let mut again = author.clone();
    again["metadata"]["annotations"] = parked["metadata"]["annotations"].clone();
    assert_eq!(stored(&again, &json!({}), &with_wild()), parked);
    assert_eq!(stored(&again, &json!({}), &cluster(&[])), author);
}

#[test]
fn an_issuer_that_the_author_has_changed_meanwhile_stays() {
    let (_, mut changed) = parked();
    changed["spec"]["issuerRef"]["name"] = json!("internal");
    let back = stored(&changed, &json!({}), &cluster(&[]));
    assert_eq!(back["spec"]["issuerRef"]["name"], "internal");
    let parked = stored(&changed, &json!({}), &with_wild());
    assert_eq!(stored(&parked, &json!({}), &cluster(&[])), back);
}

/// The issuer is known by group and kind, too.
#[test]
fn the_whole_issuer_comes_back() {
    let (author, mut parked) = parked();
    parked["spec"]["issuerRef"] = json!({"name": PARKED});
    assert_eq!(stored(&parked, &json!({}), &cluster(&[])), author);
}

/// Without the record nobody knows the issuer; the author is told.
#[rstest]
#[case::created(None)]
#[case::updated_without_a_record(Some(json!({})))]
#[case::updated_with_a_record_that_is_not_ours(Some(json!({PARKED_RECORD: "letsencrypt"})))]
fn an_issuer_that_nobody_knows_is_told(#[case] annotations: Option<Value>) {
    let (_, parked) = parked();
    let lost = without_annotations(parked.clone(), &[PARKED_RECORD]);
    for secrets in [cluster(&[]), with_wild()] {
        let response = match &annotations {
            None => evaluate(&lost, &json!({}), &secrets).response,
            Some(annotations) => {
                let mut old = parked.clone();
                old["metadata"]["annotations"] = annotations.clone();
                update(&old, &lost, &json!({}), &secrets).response
            }
        };
        assert!(response.accepted && response.mutated_object.is_none());
        assert_eq!(
            response.warnings,
            [format!("Certificate app: no client trusts its issuer {PARKED}; set spec.issuerRef")]
        );
    }
}

/// Server-side apply drops the annotations that nobody owns together with the last one that somebody
/// does.
#[test]
fn a_record_that_is_lost_counts_while_the_issuer_is_ours() {
    let (author, parked) = parked();
    let lost = without_annotations(parked.clone(), &[PARKED_RECORD]);
    let response = update(&parked, &lost, &json!({}), &with_wild()).response;
    assert_eq!(response.mutated_object, Some(parked.clone()));
    let response = update(&parked, &lost, &json!({}), &cluster(&[])).response;
    assert_eq!(response.mutated_object, Some(author.clone()));
    assert_eq!(response.warnings, GIVEN_BACK);
    let mut anew = author;
    anew["spec"]["issuerRef"]["name"] = json!("internal");
    let response = update(&parked, &anew, &json!({}), &cluster(&[])).response;
    assert_eq!(response.mutated_object, None);
}

/// Whoever empties it makes the policy forget: what is there is the author's from then on.
#[test]
fn an_emptied_record_is_forgotten() {
    let (_, parked) = parked();
    let emptied = annotated(parked.clone(), PARKED_RECORD, "");
    let expected = without_annotations(parked.clone(), &[PARKED_RECORD]);
    for secrets in [cluster(&[]), with_wild()] {
        let response = update(&parked, &emptied, &json!({}), &secrets).response;
        assert_eq!(response.mutated_object, Some(expected.clone()));
        assert!(response.warnings[0].contains("no client trusts"), "{:?}", response.warnings);
    }
    // It names the Secret that parking would give it, so it is issued.
    let mut renamed = emptied;
    renamed["spec"]["issuerRef"]["name"] = json!("internal");
    let response = update(&parked, &renamed, &json!({}), &with_wild()).response;
    let expected = without_annotations(renamed, &[PARKED_RECORD]);
    assert_eq!(response.mutated_object, Some(expected));
}

#[rstest]
#[case("null")]
#[case("[{\"name\":\"letsencrypt\"}]")]
#[case("{\"issuerRef\":7}")]
#[case("{\"issuerRef\":{\"name\":7}}")]
#[case("{\"issuerRef\":{\"name\":\"covered-by-routing-secret\"}}")]
#[case("{\"issuerRef\":{\"name\":\"x\"},\"secretName\":7}")]
#[case("{\"issuerRef\":{\"name\":\"x\"},\"more\":1}")]
#[case("{\"issuer\":\"x\"}")]
#[case("{\"secretName\":\"x\"}")]
fn a_record_that_is_not_ours_is_left_alone(#[case] record: &str) {
    let author = annotated(certificate(&["a.example.com"]), PARKED_RECORD, record);
    let response = evaluate(&author, &json!({}), &with_wild()).response;
    assert!(response.accepted && response.mutated_object.is_none());
    assert!(response.warnings[0].contains(PARKED_RECORD), "{:?}", response.warnings);
}

#[test]
fn a_record_that_is_not_ours_saves_no_certificate_from_being_rejected() {
    let author = annotated(certificate(&["a.example.com"]), PARKED_RECORD, "letsencrypt");
    let message = rejection(&author, &covered("reject"), &with_wild());
    assert!(message.contains("a.example.com (wild)"), "{message}");
}

#[test]
fn what_is_being_deleted_is_not_looked_at() {
    let mut author = with(certificate(&["a.example.com"]), "secretName", json!("wild"));
    author["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    let evaluation = evaluate(&author, &json!({}), &with_wild());
    assert!(evaluation.response.accepted && evaluation.response.mutated_object.is_none());
    assert!(evaluation.calls.is_empty());
}

#[rstest]
#[case("DELETE", "")]
#[case("UPDATE", "status")]
fn neither_deletion_nor_status_is_looked_at(#[case] operation: &str, #[case] subresource: &str) {
    let author = with(certificate(&["a.example.com"]), "secretName", json!("wild"));
    let mut request = e2e_tests::request_from(author).unwrap();
    request["operation"] = json!(operation);
    request["subResource"] = json!(subresource);
    let evaluation = POLICY.validate(&request, &json!({}), &with_wild()).unwrap();
    assert!(evaluation.response.accepted && evaluation.response.mutated_object.is_none());
    assert!(evaluation.calls.is_empty());
}

#[test]
fn a_refused_look_up_rejects_and_says_what_to_do() {
    let refused = cluster(&[]).refusing("secrets is forbidden");
    let message = rejection(&certificate(&["a.example.com"]), &json!({}), &refused);
    for part in ["list_resources_by_namespace", "secrets is forbidden", "contextAwareResources"] {
        assert!(message.contains(part), "{part} is missing in {message}");
    }
}

#[rstest]
#[case("/metadata", "metadata")]
#[case("/spec", "spec")]
#[case("/metadata/annotations", "metadata.annotations")]
#[case("/spec/issuerRef", "spec.issuerRef")]
#[case("/spec/dnsNames", "spec.dnsNames")]
#[case("/spec/dnsNames/0", "spec.dnsNames")]
#[case("/spec/usages", "spec.usages")]
#[case("/spec/commonName", "spec.commonName")]
fn a_field_of_the_wrong_type_is_named(#[case] pointer: &str, #[case] field: &str) {
    let mut author = certificate(&["a.example.com"]);
    author["metadata"]["annotations"] = json!({});
    author["spec"]["usages"] = json!([]);
    author["spec"]["commonName"] = json!("");
    *author.pointer_mut(pointer).unwrap() = json!(7);
    let mut request = e2e_tests::request_from(certificate(&[])).unwrap();
    request["object"] = author;
    let response = POLICY.validate(&request, &json!({}), &with_wild()).unwrap().response;
    assert!(!response.accepted);
    let message = response.message.unwrap();
    assert!(message.contains(&format!("{field} is missing or of the wrong type")), "{message}");
}
