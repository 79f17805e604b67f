//! The policies below `deploy/` are those of the metadata, in parts.

use std::collections::BTreeSet;

use e2e_tests::{Cluster, manifests as examples, request_from};
use rstest::rstest;
use serde_json::{Value, json};

use crate::{
    manifests::{manifests, only},
    settings::faults,
    support::*,
};

/// The specs of the policies, by their names: those that decide, or those that report.
fn policies(reports: bool) -> Vec<(String, Value)> {
    let policies = manifests("ClusterAdmissionPolicy").into_iter();
    policies
        .filter(|(file, _)| file.starts_with("deploy/audit/") == reports)
        .map(|(_, policy)| (policy["metadata"]["name"].as_str().unwrap().to_owned(), policy["spec"].clone()))
        .collect()
}

fn all() -> Vec<(String, Value)> {
    [policies(false), policies(true)].concat()
}

/// Each resource and operation of some rules.
fn writes(rules: &Value) -> Vec<String> {
    let mut writes = Vec::new();
    for rule in rules.as_array().unwrap() {
        for resource in strings(&rule["resources"]) {
            for operation in strings(&rule["operations"]) {
                let of = (&rule["apiGroups"], &rule["apiVersions"]);
                writes.push(format!("{operation} {resource} of {} {}", of.0, of.1));
            }
        }
    }
    writes
}

/// Reports are of what routing secrets should serve, and of these; not of Certificates, which are never served, nor of
/// deletions.
#[rstest]
#[case::decide(false, &[])]
#[case::report(true, &["certificates", "DELETE"])]
fn every_rule_of_the_metadata_is_in_one_policy(#[case] reports: bool, #[case] without: &[&str]) {
    let mut wanted = writes(&METADATA["rules"]);
    wanted.retain(|write| !without.iter().any(|part| write.contains(part)));
    wanted.sort();
    let policies = policies(reports);
    let mut given: Vec<_> = policies.iter().flat_map(|(_, spec)| writes(&spec["rules"])).collect();
    given.sort();
    assert_eq!(given, wanted);
}

/// If a resource is not there, the audit scanner reports the whole policy as failed.
#[test]
fn resources_that_a_cluster_may_lack_are_apart() {
    for (name, spec) in all() {
        let rules = spec["rules"].as_array().unwrap().iter();
        let groups = rules.flat_map(|rule| strings(&rule["apiGroups"]));
        let groups: BTreeSet<_> = groups.collect();
        let built_in = ["", "networking.k8s.io"];
        assert!(groups.len() == 1 || groups.iter().all(|group| built_in.contains(group)), "{name}");
    }
}

#[test]
fn they_run_this_version_on_the_server_that_comes_with_them() {
    let server = only("PolicyServer");
    for (name, spec) in all() {
        assert_eq!(spec["module"], format!("registry://{}", image()), "{name}");
        assert_eq!(spec["policyServer"], server["metadata"]["name"], "{name}");
        let is_of_deletions = spec["rules"][0]["operations"] == json!(["DELETE"]);
        assert_eq!(spec["backgroundAudit"], !is_of_deletions, "{name}");
    }
}

#[test]
fn those_that_decide_change_and_refuse() {
    for (name, spec) in policies(false) {
        let is_of_deletions = spec["rules"][0]["operations"] == json!(["DELETE"]);
        assert_eq!(spec["mutating"], !is_of_deletions, "{name}");
        assert_eq!(spec["mode"], "protect", "{name}");
        let failure = if is_of_deletions { "Ignore" } else { "Fail" };
        assert_eq!(spec["failurePolicy"], failure, "{name}");
    }
}

/// Without it, parked Certificates wait.
#[test]
fn parked_certificates_have_an_issuer() {
    let secret = e2e_tests::certificates::TlsSecret::new("wild").namespace("workspace");
    let secret = secret.label("epinio.io/routing", "").san("*.example.com");
    let certificate = json!({
        "apiVersion": "cert-manager.io/v1", "kind": "Certificate",
        "metadata": {"name": "app", "namespace": "workspace"},
        "spec": {"dnsNames": ["a.example.com"], "secretName": "own", "issuerRef": {"name": "le"}},
    });
    let request = request_from(certificate).unwrap();
    let cluster = Cluster::new(vec![secret.to_manifest()]);
    let evaluation = POLICY.validate(&request, &json!({}), &cluster).unwrap();
    let parked = evaluation.response.mutated_object.unwrap();
    let issuer = only("ClusterIssuer");
    assert_eq!(issuer["apiVersion"], "cert-manager.io/v1");
    let name = &issuer["metadata"]["name"];
    let expected = json!({"group": "cert-manager.io", "kind": "ClusterIssuer", "name": name});
    assert_eq!(parked["spec"]["issuerRef"], expected);
}

/// A policy server that is away must not keep a namespace from being deleted.
#[test]
fn a_deletion_is_never_held_up_for_long() {
    let policies = policies(false).into_iter();
    let mut of_deletions = policies.filter(|(_, spec)| spec["rules"][0]["operations"] == json!(["DELETE"]));
    let (name, spec) = of_deletions.next().unwrap();
    assert_eq!(spec["timeoutSeconds"], 3, "{name}");
    assert_eq!(spec["failurePolicy"], "Ignore", "{name}");
    assert_eq!(spec["rules"].as_array().unwrap().len(), 1, "{name}");
}

#[test]
fn those_that_report_change_and_refuse_nothing() {
    let reports = policies(true);
    assert!(!reports.is_empty());
    for (name, spec) in reports {
        assert_eq!(spec["mutating"], false, "{name}");
        assert_eq!(spec["mode"], "monitor", "{name}");
        assert_eq!(spec["failurePolicy"], "Ignore", "{name}");
        for (section, setting, value) in [
            ("ingress", "action", json!("require")),
            ("gateway", "action", json!("require")),
            ("secret", "index", json!(false)),
            ("secret", "labelMirrors", json!(false)),
            ("secret", "inUse", json!("ignore")),
        ] {
            assert_eq!(spec["settings"][section][setting], value, "{name}: {section}.{setting}");
        }
    }
}

/// Whoever applies both must not have the one undo the other: no policy may become one that reports.
#[test]
fn their_names_differ() {
    unique(all());
}

#[rstest]
#[case(false)]
#[case(true)]
fn their_settings_are_valid_and_the_same(#[case] reports: bool) {
    let policies = policies(reports);
    for (name, spec) in &policies {
        assert_eq!(faults(&spec["settings"]), None, "{name}");
        assert_eq!(spec["settings"], policies[0].1["settings"], "{name}");
    }
}

/// Look-ups count against the limit of an evaluation, which refuses even with `failurePolicy: Ignore`. Kubewarden
/// allows no more than the API server waits.
#[test]
fn an_evaluation_may_take_as_long_as_the_api_server_waits() {
    for (name, spec) in all() {
        let is_of_deletions = spec["rules"][0]["operations"] == json!(["DELETE"]);
        let seconds = if is_of_deletions { 3 } else { 10 };
        for field in ["timeoutSeconds", "timeoutEvalSeconds"] {
            assert_eq!(spec[field], seconds, "{name}: {field}");
        }
    }
}

/// Kubewarden passes on the expressions only (`internal/controller/policy_subreconciler_webhook.go`).
#[test]
fn namespaces_are_selected_by_expressions() {
    let left_alone = ["kube-system", "kube-public", "kube-node-lease"];
    for (name, spec) in all() {
        let expected = json!({"matchExpressions": [
            {"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": left_alone},
        ]});
        assert_eq!(spec["namespaceSelector"], expected, "{name}");
        assert_eq!(spec["matchPolicy"], "Equivalent", "{name}");
    }
}

/// What the examples become, with the settings that are shipped.
#[rstest]
#[case(false)]
#[case(true)]
fn an_ingress_is_changed_by_the_one_and_reported_by_the_other(#[case] reports: bool) {
    let settings = &policies(reports)[0].1["settings"];
    let load = |name: &str| examples::load(&root().join("examples").join(name)).unwrap();
    let cluster = Cluster::new(load("cluster.yaml"));
    let ingress = load("epinio-app.yaml").remove(1);
    assert_eq!(ingress["kind"], "Ingress");
    let request = request_from(ingress).unwrap();
    let response = POLICY.validate(&request, settings, &cluster).unwrap().response;
    assert_eq!(response.accepted, !reports);
    assert_eq!(response.mutated_object.is_some(), !reports);
}
