//! What must hold for every Certificate, whatever it looks like.

use std::sync::LazyLock;

use e2e_tests::Cluster;
use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::{Value, json};

use super::support::*;
use crate::support::*;

/// Clusters between which a Certificate may move, the last one without any routing secret.
static CLUSTERS: LazyLock<Vec<Cluster>> = LazyLock::new(|| {
    let exact = routing_secret("exact", &["b.example.com", "x.example.org"]);
    let own = routing_secret("own", &["a.example.com"]).annotation("cert-manager.io/certificate-name", "app");
    vec![
        with_wild(),
        cluster(&[wild(), exact.clone(), own.clone()]),
        cluster(&[exact, routing_secret("app-parked", &["a.example.com"])]),
        cluster(&[own, wild().annotation("cert-manager.io/certificate-name", "wildcard")]),
        cluster(&[]),
    ]
});

const NAMES: [&str; 6] =
    ["a.example.com", "B.example.com", "*.example.com", "x.example.org", "y.example.org", "not a name"];

prop_compose! {
    fn a_certificate()(
        names in prop::option::weighted(0.9, vec(select(NAMES.as_slice()), 0..4)),
        common_name in prop::option::weighted(0.3, select(NAMES.as_slice())),
        secret in prop::option::weighted(0.95, select(["app-tls", "wild", "exact", "own", "app-parked", ""].as_slice())),
        issuer in select(vec![json!({"name": "le"}), json!({"kind": "Issuer", "name": "le", "more": null}), json!({"name": PARKED}), json!({}), json!(null)]),
        annotations in prop::option::weighted(0.7, select(vec![
            json!({"notes": "x"}), json!({"routing-secrets-policy/skip": "true"}),
        ])),
        is_ca in prop::option::weighted(0.1, any::<bool>()),
    ) -> Value {
        let mut object = certificate(&[]);
        let spec = object["spec"].as_object_mut().unwrap();
        spec.remove("secretName");
        spec.remove("dnsNames");
        spec.insert("issuerRef".to_owned(), issuer);
        for (field, value) in [
            ("dnsNames", names.map(|names| json!(names))),
            ("commonName", common_name.map(|name| json!(name))),
            ("secretName", secret.map(|name| json!(name))),
            ("isCA", is_ca.map(|is_ca| json!(is_ca))),
        ] {
            if let Some(value) = value {
                spec.insert(field.to_owned(), value);
            }
        }
        if let Some(annotations) = annotations {
            object["metadata"]["annotations"] = annotations;
        }
        object
    }
}

/// What is stored; `None` if it is rejected.
fn accepted(object: &Value, settings: &Value, cluster: &Cluster) -> Option<Value> {
    let response = evaluate(object, settings, cluster).response;
    response.accepted.then(|| response.mutated_object.unwrap_or_else(|| object.clone()))
}

/// The Certificate without what the policy may change.
fn rest(certificate: &Value) -> Value {
    let mut rest = certificate.clone();
    rest["spec"]["issuerRef"] = json!(null);
    rest["spec"]["secretName"] = json!(null);
    rest["metadata"]["annotations"][PARKED_RECORD] = json!(null);
    rest
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 800, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn twice_is_once_and_losing_the_secrets_restores(author in a_certificate(), mode in select(MODES.as_slice()), at in 0..4_usize) {
        if let Some(stored) = accepted(&author, &covered(mode), &CLUSTERS[at]) {
            assert_stable(&author, &stored, &covered(mode), &CLUSTERS[at]);
        }
    }

    #[test]
    fn only_the_present_cluster_counts(author in a_certificate(), before in 0..5_usize, after in 0..5_usize) {
        if let Some(before) = accepted(&author, &json!({}), &CLUSTERS[before]) {
            let moved = accepted(&before, &json!({}), &CLUSTERS[after]);
            // What was parked may stay so where its author's own would be refused.
            match accepted(&author, &json!({}), &CLUSTERS[after]) {
                None => prop_assert!(moved.is_none_or(|moved| moved == before)),
                fresh => prop_assert_eq!(moved, fresh),
            }
        }
    }

    #[test]
    fn values_sent_again_give_the_same_result(author in a_certificate(), at in 0..4_usize) {
        if let Some(stored) = accepted(&author, &json!({}), &CLUSTERS[at]) {
            let mut again = author.clone();
            if let Some(record) = stored["metadata"]["annotations"].get(PARKED_RECORD) {
                again["metadata"]["annotations"][PARKED_RECORD] = record.clone();
            }
            prop_assert_eq!(accepted(&again, &json!({}), &CLUSTERS[at]), Some(stored));
            prop_assert_eq!(accepted(&again, &json!({}), &CLUSTERS[4]), Some(author));
        }
    }

    /// Server-side apply may drop the record, and the author's values may be sent again.
    #[test]
    fn losing_the_record_at_any_write_loses_nothing(author in a_certificate(), before in 0..5_usize, after in 0..5_usize, keeps_spec in any::<bool>()) {
        if let Some(before) = accepted(&author, &json!({}), &CLUSTERS[before]) {
            let mut lost = without_annotations(before.clone(), &[PARKED_RECORD]);
            if !keeps_spec {
                lost["spec"] = author["spec"].clone();
            }
            let response = update(&before, &lost, &json!({}), &CLUSTERS[after]).response;
            let stored = response.accepted.then(|| response.mutated_object.unwrap_or(lost));
            // What was parked may stay so where its author's own would be refused.
            match accepted(&author, &json!({}), &CLUSTERS[after]) {
                None => prop_assert!(stored.is_none_or(|stored| stored == before)),
                fresh => prop_assert_eq!(stored, fresh),
            }
        }
    }

    #[test]
    fn nothing_else_changes(author in a_certificate(), at in 0..4_usize) {
        if let Some(stored) = accepted(&author, &json!({}), &CLUSTERS[at]) {
            prop_assert_eq!(rest(&stored), rest(&author));
        }
    }

    /// Whatever is stored, cert-manager writes into no routing secret but that of this Certificate.
    #[test]
    fn no_routing_secret_is_overwritten(author in a_certificate(), mode in select(MODES.as_slice()), at in 0..4_usize) {
        if let Some(stored) = accepted(&author, &covered(mode), &CLUSTERS[at]) {
            let foreign: &[&str] = match at {
                0 => &["wild"],
                1 => &["wild", "exact"],
                2 => &["exact", "app-parked"],
                _ => &["wild"],
            };
            prop_assert!(!foreign.contains(&stored["spec"]["secretName"].as_str().unwrap_or_default()));
        }
    }
}
