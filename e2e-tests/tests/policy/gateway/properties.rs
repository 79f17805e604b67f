//! What must hold for every Gateway and ListenerSet, whatever it looks like.

use std::collections::{BTreeMap, BTreeSet};

use proptest::{
    collection::vec,
    prelude::*,
    sample::{Index, select},
};
use serde_json::{Value, json};

use super::{crd::crd_faults, support::*};
use crate::{
    certificate::support::update,
    ingress::properties::{CLUSTERS, HIDDEN, anything, disturb},
    support::*,
};

const ROUTING_SECRETS: [&str; 4] = ["wild", "exact", "deep", "own"];

fn reference() -> impl Strategy<Value = Value> {
    let name = select(["own", "own", "other", "wild", "exact", "deep"].as_slice());
    let kind = select(vec![
        json!({}),
        json!({"group": "", "kind": "Secret"}),
        json!({"namespace": NAMESPACE}),
        json!({"group": "core", "more": null}),
    ]);
    let odd = select(vec![
        json!({"namespace": "elsewhere"}),
        json!({"kind": "ConfigMap"}),
        json!({"group": "example.com"}),
    ]);
    let kind = prop_oneof![9 => kind, 1 => odd];
    (name, kind).prop_map(|(name, mut reference)| {
        reference["name"] = json!(name);
        reference
    })
}

prop_compose! {
    fn a_listener()(
        host in prop_oneof![9 => select(["a.example.com", "A.Example.com", "b.example.com", "c.example.com", "*.example.com",
            "x.example.org", "i.internal.example.com", "10.0.0.1"].as_slice()).prop_map(Some), 1 => Just(None)],
        protocol in prop_oneof![6 => Just("HTTPS"), 2 => Just("TLS"), 1 => Just("HTTP")],
        mode in prop_oneof![6 => Just(json!("Terminate")), 2 => Just(json!(null)), 1 => Just(json!("Passthrough"))],
        references in prop_oneof![8 => vec(reference(), 1), 1 => vec(reference(), 0..4)],
        options in select(vec![json!(null), json!(null), json!(null), json!({"example.com/a": "b"}),
            json!({"gateway.istio.io/tls-terminate-mode": "MUTUAL"})]),
        unknown in any::<bool>(),
    ) -> Value {
        let mut listener = json!({"protocol": protocol});
        if let Some(host) = host {
            listener["hostname"] = json!(host);
        }
        if protocol != "HTTP" {
            listener["tls"] = json!({"certificateRefs": references});
            for (name, value) in [("mode", mode), ("options", options)] {
                if !value.is_null() {
                    listener["tls"][name] = value;
                }
            }
        }
        if unknown {
            listener["unknown"] = json!({"nothing": null, "list": [{}, 1e100]});
        }
        listener
    }
}

fn annotations() -> impl Strategy<Value = Value> {
    select(vec![
        json!({ISSUER: ""}),
        json!({ISSUER: "le", "notes": "x"}),
        json!({"cert-manager.io/issuer": "x", IGNORED: "l1, l7 ,"}),
        json!({ISSUER: "le", IGNORED: ""}),
        json!({IGNORED: " l0,l2"}),
        json!({"kubernetes.io/tls-acme": "true"}),
    ])
}

prop_compose! {
    fn an_object()(
        listeners in vec(a_listener(), 0..7),
        annotations in prop::option::weighted(0.8, annotations()),
        is_set in any::<bool>(),
        twins in prop::bool::weighted(0.05),
    ) -> Value {
        let mut listeners = listeners;
        for (number, listener) in listeners.iter_mut().enumerate() {
            listener["name"] = json!(format!("l{}", if twins { number / 2 } else { number }));
            listener["port"] = json!(443 + number);
        }
        let listeners = json!(listeners);
        let mut object = if is_set { listener_set(listeners) } else { gateway(listeners) };
        if let Some(annotations) = annotations {
            object["metadata"]["annotations"] = annotations;
        }
        object
    }
}

prop_compose! {
    fn settings()(
        wildcards in select(["oneLabel", "anyDepth"].as_slice()),
        triggered in select(["ignoreListeners", "ignoreListeners", "ignoreListeners", "leave"].as_slice()),
        ignored in select(vec![json!([]), json!(["i.*"]), json!(["b.example.com"])]),
    ) -> Value {
        json!({"wildcards": wildcards, "ignoredHosts": ignored, "gateway": {"triggered": triggered}})
    }
}

fn is_triggered(object: &Value) -> bool {
    let annotations = &object["metadata"]["annotations"];
    let has = |name: &str| annotations.get(name).is_some();
    object["kind"] == "ListenerSet" || has(ISSUER) || has("cert-manager.io/issuer")
}

fn ignored_names(object: &Value) -> BTreeSet<String> {
    let list = ignored(object).unwrap_or_default();
    list.split(',').map(|name| name.trim().to_owned()).collect()
}

/// What cert-manager 1.21 orders for an object: the hosts of the Certificate for each Secret
/// (`pkg/controller/certificate-shim/sync.go`, `handleGatewayAPIListeners`).
fn orders(object: &Value) -> BTreeMap<String, BTreeSet<String>> {
    let mut orders: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let ignored = ignored_names(object);
    for listener in listeners(object) {
        let tls = &listener["tls"];
        let references = tls["certificateRefs"].as_array().cloned().unwrap_or_default();
        let is_valid = references.iter().all(|reference| {
            let is = |name: &str, allowed: [&str; 2]| {
                reference[name].as_str().is_none_or(|value| allowed.contains(&value))
            };
            is("group", ["", "core"]) && is("kind", ["", "Secret"]) && is("namespace", [NAMESPACE; 2])
        });
        let is_ordered = is_triggered(object)
            && (listener["protocol"] == "HTTPS" || listener["protocol"] == "TLS")
            && tls["mode"] != "Passthrough"
            && !ignored.contains(listener["name"].as_str().unwrap())
            && is_valid;
        if let (true, Some(host)) = (is_ordered, listener["hostname"].as_str()) {
            for reference in references {
                let secret = reference["name"].as_str().unwrap().to_owned();
                orders.entry(secret).or_default().insert(host.to_ascii_lowercase());
            }
        }
    }
    orders
}

/// The object without what the policy may change.
fn rest(object: &Value) -> Value {
    let mut rest = object.clone();
    for listener in rest["spec"]["listeners"].as_array_mut().unwrap() {
        let references = listener.pointer_mut("/tls/certificateRefs").and_then(Value::as_array_mut);
        if let Some([reference]) = references.map(Vec::as_mut_slice) {
            reference["name"] = json!("any");
        }
    }
    without_annotations(rest, &[RECORD, IGNORED])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn twice_is_once_and_losing_the_secrets_restores(author in an_object(), settings in settings(), at in 0..4_usize) {
        let stored = stored(&author, &settings, &CLUSTERS[at]);
        assert_stable(&author, &stored, &settings, &CLUSTERS[at]);
    }

    #[test]
    fn only_the_present_cluster_counts(author in an_object(), settings in settings(), before in 0..5_usize, after in 0..5_usize) {
        let before = stored(&author, &settings, &CLUSTERS[before]);
        let moved = stored(&before, &settings, &CLUSTERS[after]);
        prop_assert_eq!(moved, stored(&author, &settings, &CLUSTERS[after]));
    }

    /// Helm and `kubectl apply` send their own values again, all or some, while the record is still there.
    #[test]
    fn values_sent_again_give_the_same_result(author in an_object(), settings in settings(), at in 0..4_usize, keeps_list in any::<bool>()) {
        let rewritten = stored(&author, &settings, &CLUSTERS[at]);
        let mut again = author.clone();
        for name in [RECORD, IGNORED].iter().take(if keeps_list { 2 } else { 1 }) {
            if let Some(value) = rewritten["metadata"]["annotations"].get(name) {
                again["metadata"]["annotations"][name] = value.clone();
            }
        }
        prop_assert_eq!(stored(&again, &settings, &CLUSTERS[at]), rewritten);
        prop_assert_eq!(stored(&again, &settings, &CLUSTERS[4]), author);
    }

    /// Server-side apply may drop the record, the list or both, and listeners or the list may be sent again.
    #[test]
    fn losing_the_record_at_any_write_loses_nothing(
        author in an_object(), settings in settings(), before in 0..5_usize, after in 0..5_usize,
        keeps_listeners in any::<bool>(), keeps_list in any::<bool>(),
    ) {
        let before = stored(&author, &settings, &CLUSTERS[before]);
        let mut lost = without_annotations(before.clone(), &[RECORD]);
        if !keeps_listeners {
            lost["spec"] = author["spec"].clone();
        }
        if !keeps_list {
            lost = without_annotations(lost, &[IGNORED]);
            if let Some(list) = ignored(&author) {
                lost = annotated(lost, IGNORED, list);
            }
        }
        let response = update(&before, &lost, &settings, &CLUSTERS[after]).response;
        prop_assert!(response.accepted);
        prop_assert_eq!(response.mutated_object.unwrap_or(lost), stored(&author, &settings, &CLUSTERS[after]));
    }

    #[test]
    fn nothing_else_changes(author in an_object(), settings in settings(), at in 0..4_usize) {
        let stored = stored(&author, &settings, &CLUSTERS[at]);
        prop_assert_eq!(rest(&stored), rest(&author));
        let text = ignored(&author).unwrap_or_default();
        prop_assert!(ignored(&stored).unwrap_or_default().starts_with(text));
    }

    #[test]
    fn the_crds_accept_what_they_accepted_before(author in an_object(), settings in settings(), at in 0..4_usize) {
        let stored = stored(&author, &settings, &CLUSTERS[at]);
        let (before, after) = (crd_faults(&author), crd_faults(&stored));
        prop_assert!(after.is_subset(&before), "{:?}", after.difference(&before));
    }

    #[test]
    fn no_certificate_is_ordered_into_a_routing_secret_because_of_us(author in an_object(), settings in settings(), at in 0..4_usize) {
        let (before, after) = (orders(&author), orders(&stored(&author, &settings, &CLUSTERS[at])));
        for (secret, hosts) in after {
            let was = before.get(&secret).cloned().unwrap_or_default();
            if ROUTING_SECRETS.contains(&secret.as_str()) {
                prop_assert!(hosts.is_subset(&was), "{}: {:?}, {:?}", secret, hosts, was);
            } else {
                prop_assert_eq!(hosts, was, "fewer names in {} mean a new order", secret);
            }
        }
    }

    /// All names are listed that must be, and each once.
    #[test]
    fn a_moved_listener_is_ignored_where_certificates_are_ordered(author in an_object(), settings in settings(), at in 0..4_usize) {
        let stored = stored(&author, &settings, &CLUSTERS[at]);
        for (before, after) in listeners(&author).iter().zip(listeners(&stored)) {
            if before != after && is_triggered(&author) {
                prop_assert!(ignored_names(&stored).contains(after["name"].as_str().unwrap()));
            }
        }
        let new: Vec<_> = ignored(&stored).unwrap_or_default().split(',').map(str::trim).collect();
        for name in ignored_names(&stored).difference(&ignored_names(&author)) {
            prop_assert_eq!(new.iter().filter(|entry| *entry == name).count(), 1);
        }
    }

    #[test]
    fn leave_changes_no_triggered_object(author in an_object(), at in 0..4_usize) {
        if is_triggered(&author) {
            assert_untouched(&author, &json!({"gateway": {"triggered": "leave"}}), &CLUSTERS[at]);
        }
    }

    #[test]
    fn require_rejects_exactly_what_would_be_changed(author in an_object(), mut settings in settings(), before in 0..5_usize, at in 0..5_usize) {
        for object in [author.clone(), stored(&author, &settings, &CLUSTERS[before])] {
            settings["gateway"]["action"] = json!("mutate");
            let is_changed = evaluate(&object, &settings, &CLUSTERS[at]).response.mutated_object.is_some();
            settings["gateway"]["action"] = json!("require");
            let response = evaluate(&object, &settings, &CLUSTERS[at]).response;
            prop_assert_eq!(response.accepted, !is_changed, "{:?}", response.message);
            prop_assert_eq!(response.mutated_object, None);
        }
    }

    /// Whoever sends an object is told what becomes of its hosts, each once.
    #[test]
    fn a_change_of_hosts_is_announced(author in an_object(), settings in settings(), at in 0..4_usize) {
        let response = evaluate(&author, &settings, &CLUSTERS[at]).response;
        let is_rewritten = response.mutated_object.is_some_and(|stored| stored["spec"] != author["spec"]);
        let announced: Vec<_> = response.warnings.iter().filter(|line| line.contains("uses routing secret")).collect();
        prop_assert!(!is_rewritten || !announced.is_empty() || response.warnings.len() == 10);
        let each_once: BTreeSet<_> = announced.iter().map(|line| line.to_ascii_lowercase()).collect();
        prop_assert_eq!(each_once.len(), announced.len());
    }

    #[test]
    fn no_payload_traps(author in an_object(), settings in settings(), changes in vec((any::<Index>(), anything()), 1..4)) {
        let mut request = e2e_tests::request_from(stored(&author, &settings, &CLUSTERS[1])).unwrap();
        disturb(&mut request["object"], changes);
        let payload = json!({"request": request, "settings": settings}).to_string();
        let answer = POLICY.call("validate", payload.as_bytes(), &CLUSTERS[1]).unwrap();
        let response: Value = serde_json::from_slice(&answer.answer).unwrap();
        prop_assert!(response["accepted"].is_boolean());
        prop_assert!(!response["message"].to_string().contains(HIDDEN));
    }
}
