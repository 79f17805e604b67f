//! Which covered Certificates are parked: what is new or parked already, while nobody needs its Secret.

use e2e_tests::{Cluster, Response, certificates::TlsSecret};
use proptest::{prelude::*, sample::select};
use rstest::rstest;
use serde_json::{Value, json};

use super::support::*;
use crate::support::*;

/// The Certificate `app` for `a.example.com`, as its author writes it.
fn author() -> Value {
    certificate(&["a.example.com"])
}

/// The same, issued.
fn issued(mut certificate: Value) -> Value {
    certificate["status"] = json!({"revision": 1, "conditions": [{"type": "Ready", "status": "True"}]});
    certificate
}

/// The same, while the CA is asked.
fn pending() -> Value {
    let mut certificate = author();
    certificate["status"] = json!({"conditions": [{"type": "Issuing", "status": "True"}]});
    certificate
}

fn parked() -> Value {
    stored(&author(), &json!({}), &with_wild())
}

/// The Ingress `web`, as its author writes it.
fn web() -> Value {
    let mut object = ingress(&["a.example.com"], json!([entry(&["a.example.com"], "app-tls")]));
    object["metadata"]["name"] = json!("web");
    object
}

/// The same, with a Secret of its own, that reads another one by an annotation.
fn reading(secret: &str) -> Value {
    let mut object = web();
    object["spec"]["tls"][0]["secretName"] = json!("web-tls");
    annotated(object, "nginx.ingress.kubernetes.io/auth-tls-secret", secret)
}

fn listening(kind: &str) -> Value {
    json!({
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": kind,
        "metadata": {"name": "web", "namespace": NAMESPACE},
        "spec": {"listeners": [{
            "name": "https", "protocol": "HTTPS", "port": 443, "hostname": "a.example.org",
            "tls": {"certificateRefs": [{"name": "app-tls"}]},
        }]},
    })
}

/// A cluster with `wild` and these objects.
fn with_users(users: &[Value]) -> Cluster {
    Cluster::new([vec![wild().to_manifest()], users.to_vec()].concat())
}

/// What is stored by an update.
fn after(response: &Response, new: &Value) -> Value {
    assert!(response.accepted, "{:?}", response.message);
    response.mutated_object.clone().unwrap_or_else(|| new.clone())
}

#[rstest]
#[case::created(None, author(), true)]
#[case::never_issued(Some(author()), author(), true)]
#[case::pending(Some(pending()), pending(), true)]
#[case::issued(Some(issued(author())), issued(author()), false)]
#[case::other_names(Some(issued(certificate(&["b.example.com"]))), issued(author()), true)]
#[case::the_same_names(Some(issued(certificate(&["A.example.com"]))), issued(author()), false)]
#[case::another_secret(Some(issued(with(author(), "secretName", json!("old-tls")))), issued(author()), true)]
#[case::another_issuer(Some(issued(with(author(), "issuerRef", json!({"name": "old"})))), issued(author()), false)]
#[case::parked(Some(issued(parked())), issued(parked()), true)]
#[case::parked_by_somebody_else(
    Some(issued(with(author(), "issuerRef", parked_issuer()))),
    issued(author()),
    false
)]
#[case::a_parked_one_written_over_an_issued_one(Some(issued(author())), issued(parked()), false)]
fn what_is_new_or_parked_already_is_parked(
    #[case] old: Option<Value>,
    #[case] new: Value,
    #[case] expected: bool,
) {
    let stored = match &old {
        None => stored(&new, &json!({}), &with_wild()),
        Some(old) => after(&update(old, &new, &json!({}), &with_wild()).response, &new),
    };
    assert_eq!(is_parked(&stored), expected, "{stored}");
    assert_eq!(stored["spec"]["secretName"], if expected { "app-parked" } else { "app-tls" });
}

/// `helm upgrade` patches every Certificate and no Ingress that did not change.
#[test]
fn a_patch_by_helm_of_an_unchanged_release_takes_nothing_away() {
    let mut release = issued(author());
    release["metadata"]["annotations"] = json!({"meta.helm.sh/release-name": "app"});
    let upgraded = annotated(release.clone(), "helm.sh/revision", "2");
    let response = update(&release, &upgraded, &json!({}), &with_users(&[web()])).response;
    assert_eq!(response.mutated_object, None);
    // The same where it was parked, because its Ingress was rewritten.
    let rewritten = stored(&web(), &json!({}), &with_wild());
    let release = issued(parked());
    let upgraded = annotated(release.clone(), "helm.sh/revision", "2");
    let response = update(&release, &upgraded, &json!({}), &with_users(&[rewritten])).response;
    assert_eq!(response.mutated_object, None);
}

#[rstest]
#[case::apply_of_all(|issuer: &mut Value| *issuer = author()["spec"]["issuerRef"].clone())]
#[case::apply_of_what_differs(|issuer: &mut Value| issuer["name"] = json!("letsencrypt"))]
fn an_authors_issuer_sent_over_a_parked_one_changes_nothing(#[case] change: fn(&mut Value)) {
    for secret in ["app-tls", "app-parked"] {
        let old = issued(parked());
        let mut new = old.clone();
        change(&mut new["spec"]["issuerRef"]);
        new["spec"]["secretName"] = json!(secret);
        let response = update(&old, &new, &json!({}), &with_wild()).response;
        assert_eq!(after(&response, &new), old);
        // `kubectl replace` and a client that does not know the record.
        let new = without_annotations(new, &[PARKED_RECORD]);
        let response = update(&old, &new, &json!({}), &with_wild()).response;
        assert_eq!(after(&response, &new), old);
    }
}

/// What the author left out, he does not send again, and it must not become his.
#[rstest]
#[case(json!({"name": "le"}))]
#[case(json!({"name": "le", "kind": "Issuer"}))]
#[case(json!({"name": "le", "kind": "AWSPCAIssuer", "group": "awspca.cert-manager.io"}))]
fn members_that_the_author_never_wrote_do_not_stay(#[case] issuer: Value) {
    let author = with(author(), "issuerRef", issuer.clone());
    let parked = stored(&author, &json!({}), &with_wild());
    assert_eq!(parked["spec"]["issuerRef"], parked_issuer());
    // A three-way merge sends the members of the manifest, over those that are stored.
    let mut applied = parked.clone();
    for (member, value) in issuer.as_object().unwrap() {
        applied["spec"]["issuerRef"][member] = value.clone();
    }
    applied["spec"]["secretName"] = json!("app-tls");
    let again = update(&parked, &applied, &json!({}), &with_wild()).response;
    assert_eq!(after(&again, &applied), parked);
    let back = update(&parked, &applied, &json!({}), &cluster(&[])).response;
    assert_eq!(after(&back, &applied), author);
    // Server-side apply may drop the record at the same time.
    let lost = without_annotations(applied, &[PARKED_RECORD]);
    let again = update(&parked, &lost, &json!({}), &with_wild()).response;
    assert_eq!(after(&again, &lost), parked);
    let back = update(&parked, &lost, &json!({}), &cluster(&[])).response;
    assert_eq!(after(&back, &lost), author);
}

/// A merge patch sends what changed and nothing else.
#[test]
fn a_member_that_its_author_changes_stays_changed() {
    let parked = parked();
    let mut patched = parked.clone();
    patched["spec"]["issuerRef"]["kind"] = json!("Issuer");
    let back = update(&parked, &patched, &json!({}), &cluster(&[])).response;
    let mut expected = author();
    expected["spec"]["issuerRef"]["kind"] = json!("Issuer");
    assert_eq!(after(&back, &patched), expected);
}

/// The issuer is in the record then, where nobody looks.
#[test]
fn an_issuer_that_changes_while_it_is_parked_is_told() {
    let told = |issuer: Value| {
        let mut new = parked();
        new["spec"]["issuerRef"] = issuer;
        let response = update(&parked(), &new, &json!({}), &with_wild()).response;
        assert!(is_parked(&after(&response, &new)));
        let mut warnings = response.warnings.into_iter();
        warnings.any(|warning| warning.contains("its issuer changes to ClusterIssuer other"))
    };
    assert!(told(json!({"name": "other", "kind": "ClusterIssuer"})));
    assert!(!told(author()["spec"]["issuerRef"].clone()));
}

/// Its author names its Secret, and not that of the one that it was copied from.
#[test]
fn a_copy_of_a_parked_certificate_gets_the_secret_of_its_author() {
    let mut copy = parked();
    copy["metadata"]["name"] = json!("copy");
    let stored = stored(&copy, &json!({}), &with_wild());
    assert_eq!(stored["spec"]["secretName"], "copy-parked");
    let mut expected = author();
    expected["metadata"]["name"] = json!("copy");
    let back = update(&stored, &stored, &json!({}), &cluster(&[])).response;
    assert_eq!(after(&back, &stored), expected);
}

/// Writing it would change nothing.
#[rstest]
#[case::skipped(annotated(web(), "routing-secrets-policy/skip", "true"), false)]
#[case::other(web(), true)]
fn what_is_to_be_written_first_is_told(#[case] user: Value, #[case] is_first: bool) {
    let response = evaluate(&author(), &json!({}), &with_users(&[user])).response;
    let said = response.warnings.join("\n");
    assert!(said.contains("Ingress web uses Secret app-tls"), "{said}");
    assert_eq!(said.contains("write Ingress web first"), is_first, "{said}");
}

/// Nor may a self-signed certificate lie where somebody reads: it is said which Secret, and who reads it.
#[rstest]
#[case::somebody_names_it({
    let mut user = web();
    user["spec"]["tls"][0]["secretName"] = json!("app-parked");
    user
}, author(), &["app-parked", "Ingress web"])]
#[case::somebody_reads_it(reading("app-parked"), author(), &["app-parked", "Ingress web"])]
#[case::its_author_names_it(web(), with(author(), "secretName", json!("app-parked")), &["app-parked"])]
fn a_parked_secret_that_somebody_needs_is_not_written(
    #[case] user: Value,
    #[case] author: Value,
    #[case] parts: &[&str],
) {
    let response = evaluate(&author, &json!({}), &with_users(&[user])).response;
    assert_eq!(after(&response, &author), author);
    let said = response.warnings.join("\n");
    for part in parts {
        assert!(said.contains(part), "{part} is missing in {said}");
    }
}

#[test]
fn a_record_that_would_not_be_stored_is_not_written() {
    let author = annotated(author(), "notes", &"x".repeat(256 * 1024 - 90));
    assert_untouched(&author, &json!({}), &with_wild());
}

#[rstest]
#[case::ingress(web(), "Ingress web")]
#[case::gateway(listening("Gateway"), "Gateway web")]
#[case::listener_set(listening("ListenerSet"), "ListenerSet web")]
#[case::reads_it(reading("workspace/app-tls"), "Ingress web")]
fn a_secret_that_somebody_names_is_issued(#[case] user: Value, #[case] name: &str) {
    let cluster = with_users(&[user]);
    let response = evaluate(&author(), &json!({}), &cluster).response;
    assert_eq!(after(&response, &author()), author());
    let warning = &response.warnings[0];
    assert!(warning.contains(name) && warning.contains("app-tls"), "{warning}");
    // Parked, needed, back.
    let old = issued(parked());
    let response = update(&old, &old, &json!({}), &cluster).response;
    assert_eq!(after(&response, &old), issued(author()));
    let rewritten = with_users(&[stored(&web(), &json!({}), &with_wild())]);
    assert!(is_parked(&stored(&author(), &json!({}), &rewritten)));
}

/// An Ingress that is left alone keeps its Secret, so its Certificate must be issued: before the Ingress comes, it is told
/// what to write then.
#[rstest]
#[case::skipped(annotated(web(), "routing-secrets-policy/skip", "true"))]
#[case::partly_covered({
    let mut object = annotated(web(), ISSUER, "le");
    object["spec"]["tls"][0]["hosts"] = json!(["a.example.com", "a.example.org"]);
    object
})]
#[case::passed_through(annotated(web(), "nginx.ingress.kubernetes.io/ssl-passthrough", "true"))]
#[case::a_foreign_record(annotated(web(), RECORD, "mine"))]
#[case::a_producer(annotated(
    annotated(web(), ISSUER, "le"),
    "cert-manager.io/secret-template",
    r#"{"labels":{"epinio.io/routing":""}}"#,
))]
#[case::challenge({
    let mut object = web();
    object["metadata"]["labels"] = json!({"acme.cert-manager.io/http01-solver": "true"});
    object
})]
fn an_ingress_that_is_left_alone_needs_its_certificate(#[case] left: Value) {
    assert_untouched(&left, &json!({}), &with_wild());
    assert_untouched(&author(), &json!({}), &with_users(std::slice::from_ref(&left)));
    let response = evaluate(&author(), &json!({}), &with_wild()).response;
    let told = response.warnings.join("\n");
    assert!(told.contains("app-tls") && told.contains("routing-secrets-policy/skip"), "{told}");
    let old = issued(parked());
    let response = update(&old, &old, &json!({}), &with_users(&[left])).response;
    assert_eq!(after(&response, &old), issued(author()));
}

/// A routing secret before, after and between.
#[test]
fn an_application_is_served_whenever_the_routing_secret_comes_and_goes() {
    let nothing = |users: &[Value]| Cluster::new(users.to_vec());
    // Before it: both are stored as they are.
    assert_untouched(&web(), &json!({}), &nothing(&[]));
    assert_untouched(&author(), &json!({}), &nothing(&[web()]));
    // It comes; Helm writes the Certificate only.
    let response = update(&issued(author()), &issued(author()), &json!({}), &with_users(&[web()])).response;
    assert_eq!(response.mutated_object, None);
    // The Ingress is written; what is issued goes on.
    let rewritten = stored_update(&web(), &web(), &json!({}), &with_wild());
    assert_eq!(rewritten["spec"]["tls"][0]["secretName"], "wild");
    let old = issued(author());
    let response = update(&old, &old, &json!({}), &with_users(std::slice::from_ref(&rewritten))).response;
    assert_eq!(response.mutated_object, None);
    // Created now, it is parked; it comes back when the routing secret goes and its Ingress is written.
    let cluster = with_users(std::slice::from_ref(&rewritten));
    let parked = issued(stored(&author(), &json!({}), &cluster));
    assert!(is_parked(&parked));
    let back = stored_update(&rewritten, &rewritten, &json!({}), &nothing(&[]));
    assert_eq!(back, web());
    let response = update(&parked, &parked, &json!({}), &nothing(&[back])).response;
    assert_eq!(after(&response, &parked), issued(author()));
}

/// What is new is not parked then, and what is parked stays.
#[rstest]
#[case("Ingress")]
#[case("Gateway")]
#[case("ListenerSet")]
fn a_refused_look_up_of_users_changes_nothing(#[case] kind: &str) {
    let cluster = with_wild().failing(kind, "forbidden");
    let response = evaluate(&author(), &json!({}), &cluster).response;
    assert_eq!(after(&response, &author()), author());
    assert!(response.warnings[1].contains("forbidden"), "{:?}", response.warnings);
    let old = issued(parked());
    let response = update(&old, &old, &json!({}), &cluster).response;
    assert!(response.accepted && response.mutated_object.is_none());
    assert!(response.warnings[1].contains("forbidden"), "{:?}", response.warnings);
    let again = with(
        with(old.clone(), "issuerRef", author()["spec"]["issuerRef"].clone()),
        "secretName",
        json!("app-tls"),
    );
    let response = update(&old, &again, &json!({}), &cluster).response;
    assert_eq!(after(&response, &again), old);
    let mut warnings = response.warnings.iter();
    assert!(warnings.any(|warning| warning.contains("forbidden")));
}

#[test]
fn a_cluster_without_the_gateway_api_parks() {
    let cause = "Callback evaluation failure: Cannot find resource gateway.networking.k8s.io/v1/Gateway";
    let cluster = with_wild().failing("Gateway", cause).failing("ListenerSet", cause);
    assert!(is_parked(&stored(&author(), &json!({}), &cluster)));
}

#[rstest]
#[case::no_name_yet("", "app-")]
#[case::too_long(&"a".repeat(250), "-parked")]
#[case::a_routing_secret("taken", "taken-parked")]
fn without_a_name_for_its_secret_it_is_issued(#[case] name: &str, #[case] told: &str) {
    let mut author = author();
    author["metadata"]["name"] = json!(name);
    author["metadata"]["generateName"] = json!("app-");
    let secrets = cluster(&[wild(), routing_secret("taken-parked", &["a.example.net"])]);
    let response = evaluate(&author, &json!({}), &secrets).response;
    assert_eq!(after(&response, &author), author);
    let said = response.warnings.join("\n");
    assert!(said.contains(told), "{told} is missing in {said}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// No accepted write parks a Certificate, or leaves it parked, whose author's Secret somebody names.
    #[test]
    fn nothing_that_is_needed_is_parked(
        old in select(vec![None, Some(author()), Some(issued(author())), Some(parked()), Some(issued(parked()))]),
        new in select(vec![author(), issued(author()), parked(), certificate(&["b.example.com"])]),
        mode in select(MODES.as_slice()),
        is_named in any::<bool>(),
        is_covered in any::<bool>(),
        look_up_fails in any::<bool>(),
    ) {
        let secrets: Vec<_> = is_covered.then(wild).iter().map(TlsSecret::to_manifest).collect();
        let users: Vec<_> = is_named.then(web).into_iter().collect();
        let mut cluster = Cluster::new([secrets, users].concat());
        if look_up_fails {
            cluster = cluster.failing("Gateway", "forbidden");
        }
        let response = match &old {
            None => evaluate(&new, &covered(mode), &cluster).response,
            Some(old) => update(old, &new, &covered(mode), &cluster).response,
        };
        if response.accepted && is_named && !look_up_fails {
            prop_assert!(!is_parked(&after(&response, &new)));
        }
        // What an Ingress names is known without a look-up of Gateways.
        if response.accepted && look_up_fails && mode == "park" && is_covered && !is_named {
            let was_parked = old.as_ref().is_some_and(is_parked);
            prop_assert_eq!(is_parked(&after(&response, &new)), was_parked);
        }
    }
}
