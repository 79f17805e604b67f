//! The policy server gets the rights that the policy needs, and no more.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{
    manifests::{manifests, only},
    support::*,
};

fn name(manifest: &Value) -> &str {
    manifest["metadata"]["name"].as_str().unwrap()
}

fn role(file: &str) -> Value {
    let roles = manifests("ClusterRole").into_iter();
    let mut roles = roles.filter(|(of, _)| of == file);
    roles.next().unwrap().1
}

/// What is reported of Gateways and ListenerSets, the scanner must be able to see.
#[test]
fn the_audit_scanner_may_see_what_view_lacks() {
    let role = role("deploy/audit/scanner.yaml");
    assert_eq!(role["metadata"]["labels"], json!({"rbac.authorization.k8s.io/aggregate-to-view": "true"}));
    let rules = json!([{
        "apiGroups": ["gateway.networking.k8s.io"], "resources": ["gateways", "listenersets"],
        "verbs": ["get", "list", "watch"],
    }]);
    assert_eq!(role["rules"], rules);
}

#[test]
fn policies_of_a_namespace_may_look_nothing_up() {
    assert_eq!(only("PolicyServer")["spec"]["namespacedPoliciesCapabilities"], json!([]));
}

#[test]
fn it_may_read_secrets_and_list_who_names_them_and_nothing_else() {
    assert_eq!(
        role("deploy/server/cluster-role.yaml")["rules"],
        json!([
            {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "list", "watch"]},
            {"apiGroups": ["networking.k8s.io"], "resources": ["ingresses"], "verbs": ["list", "watch"]},
            {"apiGroups": ["gateway.networking.k8s.io"], "resources": ["gateways", "listenersets"],
                "verbs": ["list", "watch"]},
        ])
    );
    let gateway_api = "gateway.networking.k8s.io/v1";
    let resources = METADATA["contextAwareResources"].clone();
    assert_eq!(
        resources,
        json!([
            {"apiVersion": "v1", "kind": "Secret"},
            {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress"},
            {"apiVersion": gateway_api, "kind": "Gateway"},
            {"apiVersion": gateway_api, "kind": "ListenerSet"},
        ])
    );
}

/// Each policy asks who names a Secret before one is not made any more, or goes.
#[test]
fn every_policy_may_look_up_what_the_module_asks_for() {
    for (file, policy) in manifests("ClusterAdmissionPolicy") {
        let expected = &METADATA["contextAwareResources"];
        assert_eq!(&policy["spec"]["contextAwareResources"], expected, "{file}");
    }
}

#[test]
fn the_rights_are_those_of_the_policy_servers_own_account() {
    let account = only("ServiceAccount");
    let role = role("deploy/server/cluster-role.yaml");
    assert_eq!(only("PolicyServer")["spec"]["serviceAccountName"], name(&account));
    let bindings = [manifests("ClusterRoleBinding"), manifests("RoleBinding")].concat();
    assert_eq!(bindings.len(), 2);
    for (file, binding) in bindings {
        let expected = json!({
            "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name(&role),
        });
        assert_eq!(binding["roleRef"], expected, "{file}");
        let expected = json!([{
            "kind": "ServiceAccount", "name": name(&account), "namespace": account["metadata"]["namespace"],
        }]);
        assert_eq!(binding["subjects"], expected, "{file}");
    }
}

#[test]
fn the_overlay_has_rights_where_it_reviews_and_nowhere_else() {
    let selector = yaml("deploy/namespaced/namespaces.yaml")["spec"]["namespaceSelector"].take();
    let expressions = selector["matchExpressions"].as_array().unwrap();
    let [expression] = expressions.as_slice() else { panic!("one expression: {expressions:?}") };
    assert_eq!(expression["key"], "kubernetes.io/metadata.name");
    assert_eq!(expression["operator"], "In");
    let bindings = manifests("RoleBinding");
    let namespaces = bindings.iter().map(|(_, binding)| binding["metadata"]["namespace"].as_str().unwrap());
    let reviewed = strings(&expression["values"]).into_iter();
    assert_eq!(namespaces.collect::<BTreeSet<_>>(), reviewed.collect());
    let removed = yaml("deploy/namespaced/no-cluster-role-binding.yaml");
    assert_eq!(removed["$patch"], "delete");
    assert_eq!(name(&removed), name(&only("ClusterRoleBinding")));
}
