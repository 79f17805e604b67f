//! Which listeners are ours, and what becomes of them.

use e2e_tests::request_from;
use rstest::rstest;
use serde_json::{Value, json};

use super::{crd::crd_faults, support::*};
use crate::support::*;

fn author() -> Value {
    gateway(json!([listener("https", "a.example.com", "own")]))
}

/// The listener of [`author`] with another value in one place.
fn with(pointer: &str, value: Value) -> Value {
    let mut listener = listener("https", "a.example.com", "own");
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    listener.pointer_mut(parent).unwrap()[name] = value;
    listener
}

fn without(pointer: &str) -> Value {
    let mut listener = listener("https", "a.example.com", "own");
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = listener.pointer_mut(parent).unwrap();
    parent.as_object_mut().unwrap().remove(name);
    listener
}

fn reference(name: &str, value: Value) -> Value {
    let mut listener = listener("https", "a.example.com", "own");
    listener["tls"]["certificateRefs"][0][name] = value;
    listener
}

#[rstest]
#[case::https(listener("https", "a.example.com", "own"))]
#[case::tls(with("/protocol", json!("TLS")))]
#[case::no_mode(without("/tls/mode"))]
#[case::null_mode(with("/tls/mode", json!(null)))]
#[case::null_options(with("/tls/options", json!(null)))]
#[case::null_namespace(reference("namespace", json!(null)))]
#[case::no_group(reference("group", json!(null)))]
#[case::core_group(reference("group", json!("core")))]
#[case::no_kind(reference("kind", json!(null)))]
#[case::own_namespace(reference("namespace", json!(NAMESPACE)))]
#[case::other_options(with("/tls/options", json!({"example.com/min-version": "1.3"})))]
#[case::other_port(with("/port", json!(8443)))]
fn a_listener_of_ours_gets_the_routing_secret_and_nothing_else(#[case] listener: Value) {
    let author = gateway(json!([listener]));
    let mut stored = rewritten(&author);
    assert_eq!(secrets(&stored), ["wild"]);
    stored["metadata"].as_object_mut().unwrap().remove("annotations");
    stored["spec"]["listeners"][0]["tls"]["certificateRefs"][0]["name"] = json!("own");
    assert_eq!(stored, author);
}

#[rstest]
#[case::http(json!({"name": "http", "hostname": "a.example.com", "port": 80, "protocol": "HTTP"}))]
#[case::http_with_tls(with("/protocol", json!("HTTP")))]
#[case::other_protocol(with("/protocol", json!("example.com/HTTPS")))]
#[case::no_protocol(without("/protocol"))]
#[case::passthrough(with("/tls/mode", json!("Passthrough")))]
#[case::no_hostname(without("/hostname"))]
#[case::empty_hostname(with("/hostname", json!("")))]
#[case::address(with("/hostname", json!("10.0.0.1")))]
#[case::no_tls(without("/tls"))]
#[case::no_references(without("/tls/certificateRefs"))]
#[case::empty_references(with("/tls/certificateRefs", json!([])))]
#[case::two_references(with("/tls/certificateRefs", json!([{"name": "own"}, {"name": "rsa"}])))]
#[case::other_group(reference("group", json!("example.com")))]
#[case::other_kind(reference("kind", json!("ConfigMap")))]
#[case::other_namespace(reference("namespace", json!("certificates")))]
#[case::no_secret_name(reference("name", json!(null)))]
#[case::empty_secret_name(reference("name", json!("")))]
#[case::endless_secret_name(reference("name", json!("s".repeat(254))))]
#[case::endless_name(with("/name", json!("n".repeat(254))))]
#[case::null_hostname(with("/hostname", json!(null)))]
#[case::null_protocol(with("/protocol", json!(null)))]
#[case::null_tls(with("/tls", json!(null)))]
#[case::null_references(with("/tls/certificateRefs", json!(null)))]
#[case::istio_mutual(mutual("https", "a.example.com", "own"))]
#[case::no_name(without("/name"))]
#[case::name_that_no_list_can_hold(with("/name", json!("a,b")))]
fn any_other_listener_stays_and_makes_no_look_up(#[case] listener: Value) {
    for object in [gateway(json!([listener])), listener_set(json!([listener]))] {
        let evaluation = evaluate(&object, &json!({}), &cluster(&[wild()]));
        assert!(evaluation.response.accepted, "{:?}", evaluation.response.message);
        assert_eq!(evaluation.response.mutated_object, None);
        assert_eq!(evaluation.calls, []);
        assert!(evaluation.response.warnings.is_empty());
        let beside = gateway(json!([listener, self::listener("more", "b.example.com", "more")]));
        assert_eq!(rewritten(&beside)["spec"]["listeners"][0], listener);
    }
}

/// The most that the CRDs allow, as different as they have to be, and sharing Secrets.
#[test]
fn the_api_server_takes_what_is_rewritten() {
    let all: Value = (0..64)
        .map(|number| {
            let (name, host) = (format!("l{number}"), format!("h{number}.example.com"));
            listener(&name, &host, &format!("own-{}", number % 8))
        })
        .collect();
    for author in [gateway(all.clone()), triggered(all.clone()), listener_set(all)] {
        assert_eq!(crd_faults(&author), [].into());
        let stored = rewritten(&author);
        assert_eq!(secrets(&stored), ["wild"; 64]);
        assert_eq!(crd_faults(&stored), [].into());
    }
}

#[test]
fn listeners_of_one_name_stay() {
    let twins = json!([listener("https", "a.example.com", "a"), listener("https", "b.example.com", "b")]);
    assert_untouched(&gateway(twins), &json!({}), &cluster(&[wild()]));
}

#[rstest]
#[case("a.example.com", &["*.example.com"], true)]
#[case("A.Example.com", &["*.example.com"], true)]
#[case("*.example.com", &["*.example.com"], true)]
#[case("*.example.com", &["a.example.com"], false)]
#[case("*.b.example.com", &["*.example.com"], false)]
#[case("a.b.example.com", &["*.example.com"], false)]
#[case("example.com", &["*.example.com"], false)]
fn the_hostname_is_matched_like_a_host(#[case] host: &str, #[case] sans: &[&str], #[case] covered: bool) {
    let secret = routing_secret("wild", sans);
    let author = gateway(json!([listener("https", host, "own")]));
    let stored = stored(&author, &json!({}), &cluster(&[secret]));
    assert_eq!(secrets(&stored), [if covered { "wild" } else { "own" }]);
}

/// Even if another would be chosen, as it is for others.
#[test]
fn a_usable_routing_secret_that_covers_the_host_stays() {
    let exact = routing_secret("exact", &["a.example.com"]);
    let author = gateway(json!([
        listener("a", "a.example.com", "wild"),
        listener("b", "a.example.com", "own"),
        listener("c", "a.example.com", "old"),
    ]));
    let old = routing_secret("old", &["a.example.com"]).valid(-9, -1);
    let stored = stored(&author, &json!({}), &cluster(&[wild(), exact, old]));
    assert_eq!(secrets(&stored), ["wild", "exact", "exact"]);
}

#[test]
fn several_listeners_may_share_a_secret_and_uncovered_ones_stay() {
    let author = gateway(json!([
        listener("a", "a.example.com", "own"),
        listener("b", "b.example.com", "other"),
        listener("x", "x.example.org", "own"),
    ]));
    let stored = rewritten(&author);
    assert_eq!(secrets(&stored), ["wild", "wild", "own"]);
    assert_eq!(ignored(&stored), None);
}

#[test]
fn everything_else_stays() {
    let mut author = listener_set(json!([listener("https", "a.example.com", "own")]));
    author["spec"]["listeners"][0]["tls"]["options"] = json!({"example.com/a": "b"});
    author["spec"]["listeners"][0]["unknown"] = json!({"nothing": null, "list": [{}, 1e100, 1.5]});
    author["spec"]["more"] = json!([null]);
    author["status"] = json!({"conditions": []});
    let mut stored = rewritten(&author);
    stored["spec"]["listeners"][0]["tls"]["certificateRefs"][0]["name"] = json!("own");
    assert_eq!(without_annotations(stored, &[RECORD, IGNORED]), author);
}

#[rstest]
#[case::skipped(annotated(author(), "routing-secrets-policy/skip", "true"), json!({}))]
#[case::skipped_whatever_its_shape(annotated(gateway(json!(7)), "routing-secrets-policy/skip", "true"), json!({}))]
#[case::ignored_hosts(author(), json!({"ignoredHosts": ["a.*"]}))]
#[case::no_listeners(gateway(json!([])), json!({}))]
#[case::null_listeners(gateway(json!(null)), json!({}))]
#[case::template(annotated(author(), "cert-manager.io/secret-template", r#"{"labels":{"epinio.io/routing":""}}"#), json!({}))]
#[case::template_and_trigger(
    annotated(triggered(json!([listener("https", "a.example.com", "own")])), "cert-manager.io/secret-template", r#"{"labels":{"epinio.io/routing":""}}"#),
    json!({}),
)]
fn left_alone_without_a_look_up(#[case] object: Value, #[case] settings: Value) {
    for kind in FORMS {
        let mut object = object.clone();
        object["kind"] = json!(kind);
        let evaluation = evaluate(&object, &settings, &cluster(&[wild()]));
        assert!(evaluation.response.accepted);
        assert_eq!(evaluation.response.mutated_object, None);
        assert_eq!(evaluation.calls, []);
    }
}

#[test]
fn left_alone_while_it_is_deleted() {
    let mut object = author();
    object["metadata"]["deletionTimestamp"] = json!("2020-01-01T00:00:00Z");
    assert_untouched(&object, &json!({}), &cluster(&[wild()]));
}

#[test]
fn another_template_makes_no_producer() {
    let object = annotated(author(), "cert-manager.io/secret-template", r#"{"labels":{"a":""}}"#);
    assert_eq!(secrets(&rewritten(&object)), ["wild"]);
}

/// One list call in the namespace of the object; nothing of parents, Routes or ReferenceGrants. Who else
/// needs its Secrets is asked only where cert-manager makes them.
#[test]
fn the_look_up_is_that_of_ingresses() {
    let cluster = indexed_cluster(&[wild()]);
    let calls = |object: &Value| evaluate(object, &json!({}), &cluster).calls;
    let listeners = || json!([listener("https", "a.example.com", "own")]);
    let expected = calls(&ingress(&["a.example.com"], json!([])));
    assert_eq!(expected.len(), 1);
    for (object, kinds) in [
        (gateway(listeners()), &["Secret"][..]),
        (triggered(listeners()), &["Secret", "Ingress", "Gateway", "ListenerSet"]),
        (listener_set(listeners()), &["Secret", "Ingress", "Gateway", "ListenerSet"]),
    ] {
        let calls = calls(&object);
        assert_eq!(calls[0].request, expected[0].request);
        let asked: Vec<_> = calls.iter().map(|call| &call.request["kind"]).collect();
        assert_eq!(asked, kinds);
    }
}

#[test]
fn a_failure_of_the_look_up_rejects() {
    let cluster = cluster(&[wild()]).refusing("secrets is forbidden");
    let response = evaluate(&author(), &json!({}), &cluster).response;
    assert!(!response.accepted);
    assert_names(&response.message.unwrap(), &["secrets is forbidden", "contextAwareResources"]);
}

#[rstest]
#[case("DELETE", "gateway.networking.k8s.io", "Gateway", "")]
#[case("UPDATE", "gateway.networking.k8s.io", "Gateway", "status")]
#[case("UPDATE", "gateway.networking.k8s.io", "ListenerSet", "status")]
#[case("CREATE", "gateway.networking.k8s.io", "HTTPRoute", "")]
#[case("CREATE", "gateway.networking.x-k8s.io", "XListenerSet", "")]
#[case("CREATE", "networking.istio.io", "Gateway", "")]
fn other_requests_are_accepted(
    #[case] operation: &str,
    #[case] group: &str,
    #[case] kind: &str,
    #[case] subresource: &str,
) {
    let mut request = request_from(author()).unwrap();
    request["kind"] = json!({"group": group, "version": "v1", "kind": kind});
    request["operation"] = json!(operation);
    request["subResource"] = json!(subresource);
    assert_passed_by(&request);
}

#[rstest]
#[case("Gateway", "v1")]
#[case("Gateway", "v1beta1")]
#[case("ListenerSet", "v1")]
fn all_served_versions_are_reviewed_when_they_are_created_or_updated(
    #[case] kind: &str,
    #[case] version: &str,
) {
    for operation in ["CREATE", "UPDATE"] {
        let mut object = author();
        object["kind"] = json!(kind);
        object["apiVersion"] = json!(format!("gateway.networking.k8s.io/{version}"));
        let mut request = request_from(object).unwrap();
        request["operation"] = json!(operation);
        let response = POLICY.validate(&request, &json!({}), &cluster(&[wild()])).unwrap().response;
        assert_eq!(secrets(&response.mutated_object.unwrap()), ["wild"]);
    }
}

const KEY: &str = "LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0t";

#[rstest]
#[case("/spec", json!(KEY), "spec")]
#[case("/spec/listeners", json!({}), "spec.listeners")]
#[case("/spec/listeners/0", json!([KEY]), "spec.listeners")]
#[case("/spec/listeners/0/name", json!(7), "spec.listeners")]
#[case("/spec/listeners/0/hostname", json!([KEY]), "spec.listeners")]
#[case("/spec/listeners/0/protocol", json!({}), "spec.listeners")]
#[case("/spec/listeners/0/tls", json!(KEY), "spec.listeners")]
#[case("/spec/listeners/0/tls/mode", json!(true), "spec.listeners")]
#[case("/spec/listeners/0/tls/certificateRefs", json!(KEY), "spec.listeners")]
#[case("/spec/listeners/0/tls/certificateRefs/0", json!(null), "spec.listeners")]
#[case("/spec/listeners/0/tls/certificateRefs/0/name", json!({KEY: KEY}), "spec.listeners")]
#[case("/metadata", json!(null), "metadata")]
fn a_wrong_type_is_rejected_by_its_field(#[case] pointer: &str, #[case] value: Value, #[case] field: &str) {
    let mut request = request_from(author()).unwrap();
    *request["object"].pointer_mut(pointer).unwrap() = value;
    let response = POLICY.validate(&request, &json!({}), &cluster(&[wild()])).unwrap().response;
    assert!(!response.accepted);
    let message = response.message.unwrap();
    assert!(
        message.contains("the Gateway cannot be read") && message.contains(field) && !message.contains(KEY),
        "{message}"
    );
}

#[test]
fn a_gateway_of_an_ignored_class_is_left_and_restored() {
    let author = gateway(json!([listener("a", "a.example.com", "own")]));
    let rewritten = stored(&author, &json!({}), &cluster(&[wild()]));
    let ignored = json!({"gateway": {"ignoredClasses": ["traefik"]}});
    assert_left_alone(&author, &ignored);
    assert_eq!(stored(&rewritten, &ignored, &cluster(&[wild()])), author);
    let other = json!({"gateway": {"ignoredClasses": ["eg"]}});
    assert_eq!(stored(&author, &other, &cluster(&[wild()])), rewritten);
}

/// A listener that passes TLS through, on a port and for a host.
fn passthrough(port: u16, hostname: &str) -> Value {
    json!({
        "name": "passthrough", "protocol": "TLS", "port": port, "hostname": hostname, "tls": {"mode": "Passthrough"},
    })
}

/// RFC 9113, section 9.1.1: clients reuse the connection for every host that the certificate covers.
#[rstest]
#[case::same_port_and_covered(passthrough(443, "kc.example.com"), false)]
#[case::without_hostname({
    let mut listener = passthrough(443, "");
    listener.as_object_mut().unwrap().remove("hostname");
    listener
}, false)]
#[case::another_port(passthrough(8443, "kc.example.com"), true)]
#[case::not_covered(passthrough(443, "kc.example.org"), true)]
#[case::terminated({
    let mut listener = listener("kc", "kc.example.com", "kc");
    listener["protocol"] = json!("TLS");
    listener
}, true)]
fn a_listener_beside_one_that_passes_tls_through_stays(#[case] other: Value, #[case] moves: bool) {
    let author = gateway(json!([listener("app", "app.example.com", "own"), other]));
    // That a host is never touched does not keep clients from reusing connections.
    let ignored = json!({"ignoredHosts": ["kc.*"]});
    for author in [author.clone(), annotated(author.clone(), ISSUER, "le")] {
        let stored = stored(&author, &ignored, &cluster(&[wild()]));
        let secret = &stored["spec"]["listeners"][0]["tls"]["certificateRefs"][0]["name"];
        assert_eq!(secret == "wild", moves, "{stored}");
    }
    let response = evaluate(&author, &json!({}), &cluster(&[wild()])).response;
    let stored = response.mutated_object.as_ref().unwrap_or(&author);
    let secret = &stored["spec"]["listeners"][0]["tls"]["certificateRefs"][0]["name"];
    assert_eq!(secret == "wild", moves, "{stored}");
    let mut warnings = response.warnings.iter();
    assert_eq!(warnings.any(|warning| warning.contains("passes TLS through")), !moves);
    let require = json!({"gateway": {"action": "require"}});
    assert_eq!(evaluate(&author, &require, &cluster(&[wild()])).response.accepted, !moves);
}
