//! The manifests below `deploy/`, each held against the schema of its kind.

use std::{collections::BTreeMap, path::Path};

use k8s_openapi::{
    api::{
        admissionregistration::v1::{ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding},
        core::v1::{Affinity, EnvVar, ServiceAccount},
        rbac::v1::{ClusterRole, ClusterRoleBinding, RoleBinding},
    },
    apimachinery::pkg::api::resource::Quantity,
};
use kubewarden_policy_sdk::crd::policies::cluster_admission_policy::ClusterAdmissionPolicy;
use rstest::rstest;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::support::*;

/// The files below a directory, in order.
pub fn files(directory: &str) -> Vec<String> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(root().join(directory)).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{directory}/{}", entry.file_name().to_str().unwrap());
        if entry.file_type().unwrap().is_dir() {
            files.extend(self::files(&path));
        } else {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// The manifests, patches among them, with their files.
fn all() -> Vec<(String, Value)> {
    let files = files("deploy").into_iter();
    files
        .filter(|file| Path::new(file).file_name().unwrap() != "kustomization.yaml")
        .map(|file| (file.clone(), yaml(&file)))
        .collect()
}

/// What is applied; of each kind if one is named.
pub fn manifests(kind: &str) -> Vec<(String, Value)> {
    let patches = super::kustomizations::patches();
    all().into_iter().filter(|(file, manifest)| !patches.contains(file) && manifest["kind"] == kind).collect()
}

/// The one manifest of a kind.
pub fn only(kind: &str) -> Value {
    let [(_, manifest)] = <[_; 1]>::try_from(manifests(kind)).expect("one of this kind");
    manifest
}

/// What of a PolicyServer is used here (Kubewarden, `api/policies/v1/policyserver_types.go`): the SDK types policies
/// only.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PolicyServerSpec {
    image: String,
    replicas: i32,
    min_available: i32,
    service_account_name: String,
    namespaced_policies_capabilities: Vec<String>,
    requests: BTreeMap<String, Quantity>,
    affinity: Affinity,
    env: Vec<EnvVar>,
}

/// The spec of an issuer of cert-manager that signs itself.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SelfSigned {
    self_signed: BTreeMap<String, Vec<String>>,
}

/// Any object whose spec has a type.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Typed<T> {
    api_version: String,
    kind: String,
    metadata: k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta,
    spec: T,
}

/// The manifest as its type writes it.
fn typed<T: DeserializeOwned + Serialize>(manifest: &Value) -> Value {
    let object: T = serde_json::from_value(manifest.clone()).unwrap_or_else(|e| panic!("{e}: {manifest}"));
    serde_json::to_value(object).unwrap()
}

/// Panics if a manifest has something that its type does not know.
fn assert_fits(file: &str, manifest: &Value) {
    let typed = match manifest["kind"].as_str().unwrap() {
        "ClusterAdmissionPolicy" => typed::<ClusterAdmissionPolicy>(manifest),
        "PolicyServer" => typed::<Typed<PolicyServerSpec>>(manifest),
        "ClusterIssuer" => typed::<Typed<SelfSigned>>(manifest),
        "ValidatingAdmissionPolicy" => typed::<ValidatingAdmissionPolicy>(manifest),
        "ValidatingAdmissionPolicyBinding" => typed::<ValidatingAdmissionPolicyBinding>(manifest),
        "ServiceAccount" => typed::<ServiceAccount>(manifest),
        "ClusterRole" => typed::<ClusterRole>(manifest),
        "ClusterRoleBinding" => typed::<ClusterRoleBinding>(manifest),
        "RoleBinding" => typed::<RoleBinding>(manifest),
        kind => panic!("{file}: nothing knows what a {kind} may have"),
    };
    assert_kept(file, manifest, &typed);
}

/// Panics unless everything of the one value is in the other. Types add what was left out.
fn assert_kept(at: &str, written: &Value, typed: &Value) {
    match (written, typed) {
        (Value::Object(written), Value::Object(typed)) => {
            for (name, value) in written {
                assert_kept(&format!("{at}: {name}"), value, typed.get(name).unwrap_or(&Value::Null));
            }
        }
        (Value::Array(written), Value::Array(typed)) if written.len() == typed.len() => {
            for (number, (written, typed)) in written.iter().zip(typed).enumerate() {
                assert_kept(&format!("{at}: {number}"), written, typed);
            }
        }
        _ => assert_eq!(written, typed, "{at} is not what the type of the manifest knows"),
    }
}

#[test]
fn every_manifest_fits_the_schema_of_its_kind() {
    let patches = super::kustomizations::patches();
    let manifests: Vec<_> = all().into_iter().filter(|(file, _)| !patches.contains(file)).collect();
    assert!(manifests.len() >= 10, "{}", manifests.len());
    for (file, manifest) in manifests {
        assert_fits(&file, &manifest);
    }
}

#[rstest]
#[case("deploy/namespaced")]
#[case("deploy/routing-label")]
#[case("deploy/routing-label/audit")]
fn what_an_overlay_makes_fits_too(#[case] overlay: &str) {
    for object in super::kustomizations::built(overlay) {
        assert_fits(overlay, &object);
    }
}

#[test]
#[should_panic(expected = "namespaceSelector: matchExpression ")]
fn a_misspelt_field_is_noticed() {
    let mut policy = manifests("ClusterAdmissionPolicy").remove(0).1;
    policy["spec"]["namespaceSelector"] = json!({"matchExpression": []});
    assert_fits("policy", &policy);
}

/// More detailed levels write what is watched into the log.
#[test]
fn the_policy_server_logs_no_secrets() {
    let level = json!([{"name": "KUBEWARDEN_LOG_LEVEL", "value": "info"}]);
    assert_eq!(only("PolicyServer")["spec"]["env"], level);
}
