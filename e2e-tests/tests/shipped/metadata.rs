//! `metadata.yml` says of the policy what is true of it.

use std::collections::BTreeSet;

use e2e_tests::{Cluster, certificates::TlsSecret, request_from};
use serde_json::{Value, json};

use crate::support::*;

#[test]
fn the_version_and_the_licence_are_those_of_the_crate() {
    assert_eq!(annotation("io.kubewarden.policy.version"), VERSION);
    assert_eq!(annotation("io.kubewarden.policy.license"), env!("CARGO_PKG_LICENSE"));
}

#[test]
fn the_resources_are_those_of_the_rules() {
    let rules = METADATA["rules"].as_array().unwrap();
    let plurals: BTreeSet<_> = rules.iter().flat_map(|rule| strings(&rule["resources"])).collect();
    let kinds: Vec<_> = annotation("io.artifacthub.resources").split(", ").collect();
    let plural = |kind: &&str| match kind.strip_suffix('s') {
        Some(_) => format!("{}es", kind.to_lowercase()),
        None => format!("{}s", kind.to_lowercase()),
    };
    let expected: Vec<_> = kinds.iter().map(plural).collect();
    assert_eq!(plurals, expected.iter().map(String::as_str).collect());
}

/// An object of every kind that the rules name, and a deletion, and what the policy asks its host for.
#[test]
fn the_host_capabilities_and_resources_are_those_that_the_policy_asks_for() {
    let source = TlsSecret::new("source").namespace("epinio").san("*.example.com");
    let source = source.label("epinio.io/routing", "true").to_manifest();
    let mut mirror = source.clone();
    mirror["metadata"] = json!({
        "name": "source", "namespace": "workspace",
        "annotations": {"reflector.v1.k8s.emberstack.com/reflects": "epinio/source"},
    });
    let listener = json!({
        "name": "https", "protocol": "HTTPS", "port": 443, "hostname": "a.example.com",
        "tls": {"certificateRefs": [{"name": "own"}]},
    });
    let gateway = |kind: &str| {
        let metadata = json!({"name": "web", "namespace": "workspace"});
        let spec = json!({"listeners": [listener]});
        json!({"apiVersion": "gateway.networking.k8s.io/v1", "kind": kind, "metadata": metadata, "spec": spec})
    };
    let objects = [
        mirror,
        gateway("Gateway"),
        gateway("ListenerSet"),
        json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
            "metadata": {"name": "web", "namespace": "workspace"},
            "spec": {"tls": [{"hosts": ["a.example.com"], "secretName": "own"}]},
        }),
        json!({
            "apiVersion": "cert-manager.io/v1", "kind": "Certificate",
            "metadata": {"name": "web", "namespace": "workspace"},
            "spec": {"dnsNames": ["a.example.com"], "secretName": "own", "issuerRef": {"name": "ca"}},
        }),
    ];
    let mut deletion = request_from(source.clone()).unwrap();
    deletion["operation"] = json!("DELETE");
    deletion["oldObject"] = deletion["object"].take();
    let cluster = Cluster::new(vec![source]);
    let mut asked = BTreeSet::new();
    let mut resources = BTreeSet::new();
    let writes = objects.map(|object| request_from(object).unwrap());
    for request in writes.into_iter().chain([deletion]) {
        for call in POLICY.validate(&request, &json!({}), &cluster).unwrap().calls {
            asked.insert(format!("kubernetes/{}", call.operation));
            let of = |name: &str| call.request[name].as_str().unwrap().to_owned();
            resources.insert((of("api_version"), of("kind")));
        }
    }
    let declared = strings(&METADATA["hostCapabilities"]);
    assert_eq!(asked, declared.into_iter().map(str::to_owned).collect());
    let declared = METADATA["contextAwareResources"].as_array().unwrap().iter();
    let of = |item: &Value, name: &str| item[name].as_str().unwrap().to_owned();
    assert_eq!(resources, declared.map(|item| (of(item, "apiVersion"), of(item, "kind"))).collect());
}
