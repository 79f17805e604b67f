//! Which requests the `matchConditions` let through to the policy. They are asked about every request, and one that
//! fails refuses it.

use cel::{Context, Program};
use rstest::rstest;
use serde_json::{Value, json};

use crate::{
    manifests::manifests,
    settings::defaults,
    support::{image, strings},
};

const REFLECTS: &str = "reflector.v1.k8s.emberstack.com/reflects";

fn label() -> String {
    defaults()["routingLabel"].as_str().unwrap().to_owned()
}

fn routing() -> Value {
    json!({"labels": {"app": "web", label(): ""}})
}

fn other() -> Value {
    json!({"labels": {"app": "web"}, "annotations": {label(): ""}})
}

fn mirror() -> Value {
    json!({"annotations": {REFLECTS: "epinio/source"}})
}

fn bare() -> Value {
    json!({})
}

/// Whether the policies that review this resource get a request for it. `None` as the old metadata: it is created.
fn passes(group: &str, resource: &str, metadata: &Value, old: Option<&Value>) -> bool {
    let operation = if old.is_some() { "UPDATE" } else { "CREATE" };
    asks(operation, (group, resource), Some(metadata), old, "kubernetes-admin")
}

/// Whether the policies that review this operation get a request of this user for it.
fn asks(
    operation: &str,
    (group, resource): (&str, &str),
    new: Option<&Value>,
    old: Option<&Value>,
    user: &str,
) -> bool {
    let object = |metadata: &Value| json!({"apiVersion": "v1", "kind": "Any", "metadata": metadata});
    let request = json!({
        "operation": operation,
        "resource": {"group": group, "version": "v1", "resource": resource},
        "userInfo": {"username": user},
    });
    let mut variables = Context::default();
    variables.add_variable("request", request).unwrap();
    for (name, metadata) in [("object", new), ("oldObject", old)] {
        variables.add_variable(name, metadata.map_or(Value::Null, object)).unwrap();
    }
    let policies = manifests("ClusterAdmissionPolicy").into_iter().filter(|(_, policy)| {
        let rules = policy["spec"]["rules"].as_array().unwrap();
        rules.iter().any(|rule| {
            strings(&rule["apiGroups"]) == [group]
                && strings(&rule["resources"]).contains(&resource)
                && strings(&rule["operations"]).contains(&operation)
        })
    });
    let mut verdicts = policies.map(|(file, policy)| {
        let conditions = policy["spec"]["matchConditions"].as_array().into_iter().flatten();
        let verdicts = conditions.map(|condition| {
            let expression = condition["expression"].as_str().unwrap();
            let verdict = Program::compile(expression).unwrap().execute(&variables);
            match verdict.unwrap_or_else(|error| panic!("{file}: {error}")) {
                cel::Value::Bool(verdict) => verdict,
                other => panic!("{file}: {other:?}"),
            }
        });
        // All are asked: none may fail.
        verdicts.collect::<Vec<_>>().into_iter().all(|verdict| verdict)
    });
    let verdict = verdicts.next().expect("some policy reviews this resource");
    assert!(verdicts.all(|other| other == verdict), "policies differ about {resource}");
    verdict
}

#[rstest]
#[case::labelled(routing(), true)]
#[case::mirror(mirror(), true)]
#[case::other(other(), false)]
#[case::bare(bare(), false)]
fn a_secret_that_is_created(#[case] metadata: Value, #[case] expected: bool) {
    assert_eq!(passes("", "secrets", &metadata, None), expected);
}

#[rstest]
#[case::label_stays(routing(), routing(), true)]
#[case::label_is_added(other(), routing(), true)]
#[case::label_is_added_to_bare(bare(), routing(), true)]
#[case::label_is_removed(routing(), other(), true)]
#[case::all_labels_are_removed(routing(), bare(), true)]
#[case::mirror_stays(mirror(), mirror(), true)]
#[case::becomes_a_mirror(bare(), mirror(), true)]
#[case::is_no_mirror_any_more(mirror(), bare(), false)]
#[case::never_labelled(other(), other(), false)]
#[case::bare(bare(), bare(), false)]
fn a_secret_that_is_updated(#[case] old: Value, #[case] new: Value, #[case] expected: bool) {
    assert_eq!(passes("", "secrets", &new, Some(&old)), expected);
}

#[rstest]
#[case::labelled(Some(routing()), true)]
#[case::unlabelled(Some(other()), false)]
#[case::without_labels(Some(bare()), false)]
#[case::neither_object(None, false)]
fn a_secret_that_is_deleted(#[case] old: Option<Value>, #[case] expected: bool) {
    let asks = |user| asks("DELETE", ("", "secrets"), None, old.as_ref(), user);
    assert_eq!(asks("kubernetes-admin"), expected);
    for user in [
        "system:serviceaccount:kube-system:namespace-controller",
        "system:serviceaccount:kube-system:generic-garbage-collector",
        "system:kube-controller-manager",
    ] {
        assert!(!asks(user), "{user}");
    }
}

/// deploy/guard: what shares the server shares its rights.
#[rstest]
#[case::ours("clusteradmissionpolicies", json!({"policyServer": "routing-secrets", "module": format!("registry://{}", image())}), true)]
#[case::another_module("clusteradmissionpolicies", json!({"policyServer": "routing-secrets", "module": "registry://example.com/x:v1"}), false)]
#[case::a_module_with_that_beginning("clusteradmissionpolicies", json!({"policyServer": "routing-secrets", "module": "registry://ghcr.io/epinio/policies/routing-secrets-2:v1"}), false)]
#[case::a_policy_of_a_namespace("admissionpolicies", json!({"policyServer": "routing-secrets", "module": format!("registry://{}", image())}), false)]
#[case::a_group("clusteradmissionpolicygroups", json!({"policyServer": "routing-secrets", "policies": {}}), false)]
#[case::another_server("admissionpolicies", json!({"policyServer": "default", "module": "x"}), true)]
#[case::no_server("clusteradmissionpolicygroups", json!({"policies": {}}), true)]
fn only_our_policies_run_on_our_server(#[case] resource: &str, #[case] spec: Value, #[case] expected: bool) {
    let policies = manifests("ValidatingAdmissionPolicy");
    let [(file, policy)] = policies.as_slice() else {
        panic!("one policy: {policies:?}");
    };
    let server = &manifests("PolicyServer")[0].1["metadata"]["name"];
    let expression = policy["spec"]["validations"][0]["expression"].as_str().unwrap();
    assert!(expression.contains(&format!("'{}'", server.as_str().unwrap())), "{file}");
    let program = Program::compile(expression).unwrap();
    let verdict = |metadata: Value, old_object: Value| {
        let mut variables = Context::default();
        let request = json!({"resource": {"group": "policies.kubewarden.io", "resource": resource}});
        variables.add_variable("request", request).unwrap();
        let object = json!({"metadata": metadata, "spec": spec});
        variables.add_variable("object", object).unwrap();
        variables.add_variable("oldObject", old_object).unwrap();
        program.execute(&variables).unwrap()
    };
    let expected = cel::Value::Bool(expected);
    assert_eq!(verdict(json!({}), Value::Null), expected);
    // Of what is deleted, a finalizer may be taken away, but nothing else changed.
    let deleted = json!({"deletionTimestamp": "2026-01-01T00:00:00Z"});
    let same = verdict(deleted.clone(), json!({"spec": spec}));
    assert_eq!(same, cel::Value::Bool(true));
    assert_eq!(verdict(deleted, json!({"spec": {}})), expected);
    let [(_, binding)] = <[_; 1]>::try_from(manifests("ValidatingAdmissionPolicyBinding")).unwrap();
    assert_eq!(binding["spec"]["policyName"], policy["metadata"]["name"]);
}

/// Should somebody add deletions to the rules of the policies for writes, the conditions still hold.
#[rstest]
#[case::labelled(Some(routing()), true)]
#[case::without_labels(Some(bare()), false)]
#[case::neither_object(None, false)]
fn conditions_do_not_fail_without_an_object(#[case] old: Option<Value>, #[case] expected: bool) {
    for (file, policy) in manifests("ClusterAdmissionPolicy") {
        for condition in policy["spec"]["matchConditions"].as_array().into_iter().flatten() {
            let mut variables = Context::default();
            let object = |metadata: &Value| json!({"metadata": metadata});
            let request = json!({
                "resource": {"group": "", "resource": "secrets"}, "userInfo": {"username": "kubernetes-admin"},
            });
            variables.add_variable("request", request).unwrap();
            variables.add_variable("object", Value::Null).unwrap();
            let old = old.as_ref().map_or(Value::Null, object);
            variables.add_variable("oldObject", old).unwrap();
            let program = Program::compile(condition["expression"].as_str().unwrap()).unwrap();
            let verdict = program.execute(&variables).unwrap();
            let is_about_users = condition["name"] == "not-for-those-who-clean-up";
            assert_eq!(verdict, cel::Value::Bool(expected || is_about_users), "{file}");
        }
    }
}

#[rstest]
fn everything_else_is_reviewed(
    #[values(
        ("networking.k8s.io", "ingresses"),
        ("cert-manager.io", "certificates"),
        ("gateway.networking.k8s.io", "gateways"),
        ("gateway.networking.k8s.io", "listenersets"),
    )]
    resource: (&str, &str),
    #[values(bare(), other(), mirror(), routing())] metadata: Value,
    #[values(None, Some(bare()), Some(other()))] old: Option<Value>,
) {
    assert!(passes(resource.0, resource.1, &metadata, old.as_ref()));
}
