//! Objects that a controller owns: an operator writes its own version until it is stored.

use rstest::rstest;
use serde_json::{Value, json};

use crate::{
    certificate::support::{certificate, is_parked},
    gateway::support::{gateway, listener, listener_set, triggered},
    support::*,
};

/// The object with these owners.
fn owned(mut object: Value, owners: Value) -> Value {
    object["metadata"]["ownerReferences"] = owners;
    object
}

/// An owner that may be the controller.
fn owner(controller: Value) -> Value {
    json!({
        "apiVersion": "controller.devfile.io/v1alpha1", "kind": "DevWorkspaceRouting", "name": "workspace-7",
        "uid": "1", "controller": controller, "blockOwnerDeletion": true,
    })
}

fn author() -> Value {
    ingress(&["a.example.com"], json!([entry(&["a.example.com"], "own")]))
}

fn listeners() -> Value {
    json!([listener("https", "a.example.com", "own")])
}

#[rstest]
#[case::ingress(author())]
#[case::triggered_ingress(annotated(author(), ISSUER, "le"))]
#[case::plain_ingress(ingress(&["a.example.com"], json!([])))]
#[case::gateway(gateway(listeners()))]
#[case::triggered_gateway(triggered(listeners()))]
#[case::listener_set(listener_set(listeners()))]
fn what_is_controlled_is_left_to_its_controller(#[case] author: Value) {
    let secrets = cluster(&[wild()]);
    let other = json!({"apiVersion": "v1", "kind": "ConfigMap", "name": "other", "uid": "2"});
    for owners in
        [json!([owner(json!(true))]), json!([other, owner(json!(true))]), json!([7, owner(json!(true))])]
    {
        let change = |object| owned(object, owners.clone());
        let said = assert_left_by(change, &author, &json!({}), &secrets);
        assert!(said.contains("workspace-7"), "{said}");
    }
    for owners in [json!([owner(json!(false))]), json!([owner(json!(null))]), json!([other]), json!([])] {
        let change = |object| owned(object, owners.clone());
        assert_moved_with(change, &author, &json!({}), &secrets);
    }
}

#[rstest]
#[case::ingress(ingress(&["x.example.org"], json!([entry(&["x.example.org"], "own")])))]
#[case::gateway(gateway(json!([listener("https", "x.example.org", "own")])))]
fn nothing_is_said_about_a_controller_where_no_host_is_covered(#[case] author: Value) {
    let object = owned(author, json!([owner(json!(true))]));
    let response = agreed(&object, &json!({}), &cluster(&[wild()]));
    assert_eq!(response.mutated_object, None);
    assert!(response.warnings.is_empty(), "{:?}", response.warnings);
}

/// Owners that cannot be read are none.
#[rstest]
#[case::a_number(json!(7))]
#[case::a_text(json!("workspace-7"))]
#[case::null(json!(null))]
#[case::one_owner(owner(json!(true)))]
#[case::odd_owners(json!([7, null, [true], {"controller": {}, "name": 7}]))]
#[case::a_controller_that_is_no_boolean(json!([owner(json!("true"))]))]
fn owners_of_any_shape_do_no_harm(#[case] owners: Value) {
    let secrets = cluster(&[wild()]);
    let change = |object| owned(object, owners.clone());
    for author in [author(), gateway(listeners()), listener_set(listeners())] {
        assert_moved_with(change, &author, &json!({}), &secrets);
    }
    let author = change(certificate(&["a.example.com"]));
    assert!(is_parked(&stored(&author, &json!({}), &secrets)));
}
