//! Who else needs the Secret that would not be made any more, once an Ingress or a Gateway has moved.

use e2e_tests::Cluster;
use rstest::rstest;
use serde_json::{Value, json};

use crate::{
    gateway::support::{gateway, ignored, listener, listener_set, listeners, mutual, secrets, triggered},
    support::*,
};

const SKIP: &str = "routing-secrets-policy/skip";
const READS: &str = "nginx.ingress.kubernetes.io/auth-tls-secret";
const PASSES_THROUGH: &str = "nginx.ingress.kubernetes.io/ssl-passthrough";

/// The Ingress `site`, from which cert-manager makes Secret `site-tls`.
fn site() -> Value {
    let tls = json!([entry(&["a.example.com"], "site-tls")]);
    named("site", annotated(ingress(&["a.example.com"], tls), ISSUER, "le"))
}

fn named(name: &str, mut object: Value) -> Value {
    object["metadata"]["name"] = json!(name);
    object
}

/// The Ingress `other`, with these TLS entries.
fn other(tls: Value) -> Value {
    named("other", ingress(&["b.example.com", "x.example.org"], tls))
}

/// The same, for this host.
fn other_for(host: &str) -> Value {
    other(json!([entry(&[host], "site-tls")]))
}

fn skipped() -> Value {
    annotated(other_for("b.example.com"), SKIP, "true")
}

/// The Gateway `other`, with this listener.
fn other_gateway(listener: Value) -> Value {
    named("other", gateway(json!([listener])))
}

fn without_hostname() -> Value {
    let mut listener = listener("https", "", "site-tls");
    listener.as_object_mut().unwrap().remove("hostname");
    listener
}

fn with(mut object: Value, pointer: &str, value: Value) -> Value {
    let (parent, field) = pointer.rsplit_once('/').unwrap();
    object.pointer_mut(parent).unwrap()[field] = value;
    object
}

/// A cluster with `wild`, which covers `a.example.com` and `b.example.com`, and these objects.
fn with_wild(objects: &[Value]) -> Cluster {
    Cluster::new([vec![indexed(&wild())], objects.to_vec()].concat())
}

/// What would keep naming or reading `site-tls`: it would not move, or not all of it.
#[rstest]
#[case::skipped(skipped())]
#[case::passed_through(annotated(other_for("b.example.com"), PASSES_THROUGH, "true"))]
#[case::controlled(with(
    other_for("b.example.com"),
    "/metadata/ownerReferences",
    json!([{"apiVersion": "v1", "kind": "Pod", "name": "x", "uid": "1", "controller": true}])
))]
#[case::a_foreign_record(annotated(other_for("b.example.com"), RECORD, "mine"))]
#[case::not_covered(other_for("x.example.org"))]
#[case::partly_covered(other(json!([entry(&["b.example.com", "x.example.org"], "site-tls")])))]
#[case::partly_covered_beside_a_trigger(annotated(
    other(json!([entry(&["b.example.com"], "site-tls"), entry(&["x.example.org"], "x")])),
    ISSUER,
    "le"
))]
#[case::default_entry_of_a_default_backend(with_default_backend(other(json!([{"secretName": "site-tls"}])), "service"))]
#[case::reads_it(annotated(other(json!([entry(&["b.example.com"], "b")])), READS, "workspace/site-tls"))]
#[case::reads_it_without_tls(annotated(other(json!([])), READS, "site-tls"))]
#[case::gateway_without_hostname(other_gateway(without_hostname()))]
#[case::gateway_not_covered(other_gateway(listener("https", "x.example.org", "site-tls")))]
#[case::gateway_skipped(annotated(
    other_gateway(listener("https", "b.example.com", "site-tls")),
    SKIP,
    "true"
))]
#[case::gateway_of_clients_too(other_gateway(mutual("https", "b.example.com", "site-tls")))]
#[case::gateway_of_another_issuer(annotated(
    other_gateway(listener("https", "b.example.com", "site-tls")),
    "cert.gardener.cloud/purpose",
    "managed"
))]
#[case::gateway_that_passes_through_beside_it(named("other", gateway(json!([
    listener("https", "b.example.com", "site-tls"),
    {"name": "pass", "hostname": "c.example.com", "port": 443, "protocol": "TLS", "tls": {"mode": "Passthrough"}},
]))))]
#[case::gateway_of_the_same_name(named("site", other_gateway(without_hostname())))]
#[case::listener_set(named("other", listener_set(json!([listener("https", "x.example.org", "site-tls")]))))]
fn who_still_needs_the_secret_keeps_it_made(#[case] user: Value) {
    let kind = user["kind"].as_str().unwrap();
    let name = user["metadata"]["name"].as_str().unwrap();
    let cluster = with_wild(std::slice::from_ref(&user));
    for author in [
        site(),
        annotated(annotated(site(), ISSUER, ""), "notes", "x"),
        with(
            site(),
            "/spec/tls",
            json!([entry(&["a.example.com"], "site-tls"), entry(&["b.example.com"], "b")]),
        ),
    ] {
        let response = agreed(&author, &json!({}), &cluster);
        assert_eq!(response.mutated_object, None);
        let said = response.warnings.join("\n");
        for part in [&format!("{kind} {name}"), "site-tls"] {
            assert!(said.contains(part), "{part} is missing in {said}");
        }
        // The same where it has moved before.
        let moved = stored(&author, &json!({}), &with_wild(&[]));
        assert_ne!(moved, author);
        assert_eq!(stored(&moved, &json!({}), &cluster), author);
    }
    // Nobody makes it from an Ingress without a trigger.
    let plain = without_annotations(site(), &[ISSUER]);
    let evaluation = evaluate(&plain, &json!({}), &cluster);
    assert_eq!(evaluation.response.mutated_object.unwrap()["spec"]["tls"][0]["secretName"], "wild");
    assert_eq!(evaluation.calls.len(), 1);
}

/// What would move itself at its next write, or does not use the Secret.
#[rstest]
#[case::nobody(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "namespace": NAMESPACE}}))]
#[case::covered(other_for("b.example.com"))]
#[case::covered_beside_a_trigger(annotated(other_for("b.example.com"), ISSUER, "le"))]
#[case::covered_beside_an_uncovered_host(other(json!([entry(&["b.example.com"], "site-tls"), entry(&["x.example.org"], "x")])))]
#[case::default_entry(named("other", ingress(&["b.example.com"], json!([{"secretName": "site-tls"}]))))]
#[case::gateway(other_gateway(listener("https", "b.example.com", "site-tls")))]
#[case::triggered_gateway(named("other", triggered(json!([listener("https", "b.example.com", "site-tls")]))))]
#[case::listener_set(named("other", listener_set(json!([listener("https", "b.example.com", "site-tls")]))))]
#[case::itself(annotated(site(), SKIP, "true"))]
#[case::another_secret(annotated(other(json!([entry(&["b.example.com"], "b")])), SKIP, "true"))]
#[case::reads_another_secret(annotated(other(json!([entry(&["b.example.com"], "b")])), READS, "workspace/site-tls-2"))]
#[case::only_says_its_name(annotated(other(json!([entry(&["b.example.com"], "b")])), "notes", "site-tls"))]
#[case::ignores_a_listener_of_that_name(annotated(
    named("other", listener_set(json!([listener("site-tls", "b.example.com", "wild")]))),
    "cert-manager.io/ignore-tls-listeners",
    "site-tls"
))]
#[case::being_deleted(with(skipped(), "/metadata/deletionTimestamp", json!("2026-01-01T00:00:00Z")))]
#[case::of_an_ignored_class(with(skipped(), "/spec/ingressClassName", json!("istio")))]
#[case::of_an_ignored_gateway_class(with(
    annotated(other_gateway(without_hostname()), SKIP, "true"),
    "/spec/gatewayClassName",
    json!("mesh")
))]
#[case::reads_another_namespace(annotated(skipped(), "projectcontour.io/tls-cert-namespace", "tls"))]
#[case::in_another_namespace(with(skipped(), "/metadata/namespace", json!("elsewhere")))]
#[case::a_reference_to_another_namespace(with(
    other_gateway(without_hostname()),
    "/spec/listeners/0/tls/certificateRefs",
    json!([{"name": "site-tls", "namespace": "elsewhere"}])
))]
#[case::what_cannot_be_read(with(skipped(), "/spec/tls", json!(7)))]
fn who_does_not_need_the_secret_holds_nothing(#[case] user: Value) {
    let settings = json!({"gateway": {"ignoredClasses": ["mesh"]}});
    let cluster = with_wild(&[user]);
    let stored = agreed(&site(), &settings, &cluster).mutated_object.unwrap();
    assert_eq!(stored["spec"]["tls"], json!([entry(&["a.example.com"], "wild")]));
    assert_eq!(stored["metadata"]["annotations"].get(ISSUER), None);
    assert_untouched(&stored, &settings, &cluster);
}

/// By the settings the other one would not move, or would.
#[rstest]
#[case::ignored_host(json!({"ignoredHosts": ["b.*"]}), other_for("b.example.com"), false)]
#[case::omitted_hosts(
    json!({"ingress": {"partlyCovered": "omitHosts"}}),
    annotated(other(json!([entry(&["b.example.com"], "site-tls"), entry(&["x.example.org"], "x")])), ISSUER, "le"),
    true
)]
#[case::left_gateways(
    json!({"gateway": {"triggered": "leave"}}),
    named("other", triggered(json!([listener("https", "b.example.com", "site-tls")]))),
    false
)]
fn what_the_settings_say_of_the_other_counts(
    #[case] settings: Value,
    #[case] user: Value,
    #[case] moves: bool,
) {
    let response = agreed(&site(), &settings, &with_wild(&[user]));
    assert_eq!(response.mutated_object.is_some(), moves, "{:?}", response.warnings);
}

/// Or they would hold each other.
#[rstest]
#[case::ingresses(annotated(other_for("b.example.com"), ISSUER, "le"))]
#[case::an_ingress_and_a_gateway(named("other", triggered(json!([listener("https", "b.example.com", "site-tls")]))))]
fn two_that_share_a_secret_move_in_any_order(#[case] other: Value) {
    for [one, two] in [[site(), other.clone()], [other, site()]] {
        let both = with_wild(&[one.clone(), two.clone()]);
        let moved = agreed(&one, &json!({}), &both).mutated_object.unwrap();
        let half = with_wild(&[moved.clone(), two.clone()]);
        let after = agreed(&two, &json!({}), &half).mutated_object.unwrap();
        let all = with_wild(&[moved.clone(), after.clone()]);
        for object in [moved, after] {
            assert!(!object["spec"].to_string().contains("site-tls"), "{object}");
            assert_untouched(&object, &json!({}), &all);
        }
    }
}

/// A routing secret is made by something else.
#[test]
fn a_routing_secret_that_others_name_is_no_reason() {
    let user = annotated(other(json!([entry(&["b.example.com"], "wild")])), SKIP, "true");
    let cluster = with_wild(&[user]);
    let tls = json!([entry(&["a.example.com"], "wild")]);
    let author = with(site(), "/spec/tls", tls);
    let stored = agreed(&author, &json!({}), &cluster).mutated_object.unwrap();
    assert_eq!(stored["metadata"]["annotations"].get(ISSUER), None);
    let author = triggered(json!([listener("https", "a.example.com", "wild")]));
    let stored = agreed(&author, &json!({}), &cluster).mutated_object.unwrap();
    assert_eq!(ignored(&stored), Some("https"));
}

/// A cluster that has no Gateways has none that needs a Secret.
#[test]
fn a_cluster_without_the_gateway_api_holds_nothing() {
    let cause = "Callback evaluation failure: Cannot find resource gateway.networking.k8s.io/v1/Gateway";
    let cluster = with_wild(&[]).failing("Gateway", cause).failing("ListenerSet", cause);
    assert!(agreed(&site(), &json!({}), &cluster).mutated_object.is_some());
}

/// What does not move anyway is no reason to ask.
#[rstest]
#[case::partly_covered(with(site(), "/spec/tls/0/hosts", json!(["a.example.com", "x.example.org"])))]
#[case::not_covered(with(site(), "/spec/tls/0/hosts", json!(["x.example.org"])))]
#[case::right_already(without_annotations(with(site(), "/spec/tls/0/secretName", json!("wild")), &[ISSUER]))]
fn nobody_is_asked_without_need(#[case] author: Value) {
    let evaluation = evaluate(&author, &json!({}), &with_wild(&[skipped()]));
    assert_eq!(evaluation.response.mutated_object, None);
    assert_eq!(evaluation.calls.len(), 1);
}

/// Before a listener is ignored, the same is asked; other Secrets of the object are no matter.
#[rstest]
#[case::skipped(skipped(), true)]
#[case::reads_it(annotated(other(json!([entry(&["b.example.com"], "b")])), READS, "site-tls"), true)]
#[case::gateway(other_gateway(without_hostname()), true)]
#[case::covered(other_for("b.example.com"), false)]
#[case::listener_set(named("other", listener_set(json!([listener("https", "b.example.com", "site-tls")]))), false)]
#[case::another_secret(annotated(other(json!([entry(&["b.example.com"], "b")])), SKIP, "true"), false)]
fn a_listener_whose_secret_is_needed_is_not_ignored(#[case] user: Value, #[case] is_needed: bool) {
    let own =
        json!(
            [listener("site", "a.example.com", "site-tls"), listener("more", "c.example.com", "more-tls"),]
        );
    for author in [triggered(own.clone()), listener_set(own.clone())] {
        let cluster = with_wild(std::slice::from_ref(&user));
        let response = agreed(&author, &json!({}), &cluster);
        let stored = response.mutated_object.unwrap();
        let (expected, list) = match is_needed {
            true => ("site-tls", "more"),
            false => ("wild", "site,more"),
        };
        assert_eq!((secrets(&stored), ignored(&stored)), (vec![expected, "wild"], Some(list)));
        let said = response.warnings.join("\n");
        let names =
            said.contains("site-tls") && said.contains(&format!("{} other", user["kind"].as_str().unwrap()));
        assert_eq!(names, is_needed, "{said}");
        // The same where it has moved before.
        let moved = self::stored(&author, &json!({}), &with_wild(&[]));
        assert_eq!(self::stored(&moved, &json!({}), &cluster), stored);
    }
    let plain = stored(&gateway(own), &json!({}), &with_wild(&[user]));
    assert_eq!(listeners(&plain).len(), 2);
    assert_eq!(secrets(&plain), ["wild", "wild"]);
}

/// A Gateway that has moved a listener of its own is no other.
#[test]
fn the_gateway_that_is_stored_is_not_another() {
    let author = triggered(json!([listener("https", "a.example.com", "site-tls")]));
    let old = annotated(author.clone(), SKIP, "true");
    let stored = stored(&author, &json!({}), &with_wild(&[old]));
    assert_eq!((secrets(&stored), ignored(&stored)), (vec!["wild"], Some("https")));
}

/// What is not made any more is named: a pod may mount it. So is the way to have it made.
#[test]
fn the_secret_that_is_not_made_any_more_is_named() {
    let tls = json!([entry(&["a.example.com"], "site-tls"), entry(&["b.example.com"], "b-tls")]);
    let author = with(site(), "/spec/tls", tls);
    let said = agreed(&author, &json!({}), &with_wild(&[])).warnings.join("\n");
    for part in ["Secret site-tls", "Secret b-tls", ISSUER, SKIP] {
        assert!(said.contains(part), "{part} is missing in {said}");
    }
    let plain = without_annotations(author, &[ISSUER]);
    let said = agreed(&plain, &json!({}), &with_wild(&[])).warnings.join("\n");
    assert!(!said.contains("site-tls"), "{said}");
}

/// What is only required to move may stay, whatever its kind.
#[test]
fn an_object_that_the_policy_does_not_change_holds_the_secret() {
    let user = other_gateway(listener("https", "b.example.com", "site-tls"));
    let cluster = with_wild(std::slice::from_ref(&user));
    let require = json!({"gateway": {"action": "require"}});
    assert_eq!(stored(&site(), &require, &cluster), site());
    assert_ne!(stored(&site(), &json!({}), &cluster), site());
}
