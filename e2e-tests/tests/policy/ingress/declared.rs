//! What a manifest says is its author's whole word: that of kubectl, of Helm and of server-side apply.

use rstest::rstest;
use serde_json::{Value, json};

use crate::support::*;

const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
const OTHER_ISSUER: &str = "cert-manager.io/issuer";
const HELM: &str = "app.kubernetes.io/managed-by";
const MANAGER: &str = "deployer";

/// Who sends a manifest whole.
#[derive(Clone, Copy, Debug)]
enum Sender {
    Kubectl,
    Helm,
    ServerSideApply,
}

use Sender::{Helm, Kubectl, ServerSideApply};

impl Sender {
    /// The field manager, and the operation that the API server notes for it.
    fn manager(self) -> (&'static str, &'static str) {
        match self {
            Kubectl => ("kubectl-client-side-apply", "Update"),
            Helm => ("helm", "Update"),
            ServerSideApply => (MANAGER, "Apply"),
        }
    }

    fn options(self) -> Value {
        json!({"kind": "UpdateOptions", "fieldManager": self.manager().0})
    }

    /// The manifest with what this sender and the API server add to it.
    fn marked(self, mut manifest: Value) -> Value {
        let text = manifest.to_string();
        let (manager, operation) = self.manager();
        let mut owner = owner_of_tls(manager, operation);
        owner["fieldsV1"]["f:metadata"] = owned_annotation(ISSUER);
        manifest["metadata"]["managedFields"] = json!([owner]);
        match self {
            Kubectl => manifest = annotated(manifest, LAST_APPLIED, &text),
            Helm => manifest["metadata"]["labels"] = json!({HELM: "Helm"}),
            ServerSideApply => {}
        }
        manifest
    }

    /// What is stored of a manifest that is sent for the first time.
    fn creates(self, manifest: Value) -> Value {
        stored(&self.marked(manifest), &json!({}), &cluster(&[wild()]))
    }

    /// The request that replaces what is stored with a manifest, but for the record: nobody sends that.
    fn sends(self, manifest: Value, stored: &Value) -> Value {
        let sent = over(self.marked(manifest), stored);
        update(stored, &sent, &self.options())
    }
}

fn over(manifest: Value, stored: &Value) -> Value {
    annotated(manifest, RECORD, record_of(stored).unwrap())
}

fn update(old: &Value, new: &Value, options: &Value) -> Value {
    let mut request = e2e_tests::request_from(new.clone()).unwrap();
    request["operation"] = json!("UPDATE");
    request["oldObject"] = old.clone();
    request["options"] = options.clone();
    request
}

fn answered(request: &Value, secrets: &[e2e_tests::certificates::TlsSecret]) -> Value {
    let evaluation = POLICY.validate(request, &json!({}), &cluster(secrets)).unwrap();
    let response = evaluation.response;
    assert!(response.accepted, "rejected: {:?}", response.message);
    response.mutated_object.unwrap_or_else(|| request["object"].clone())
}

/// The entry of `managedFields` of who owns `spec.tls`.
fn owner_of_tls(manager: &str, operation: &str) -> Value {
    json!({
        "manager": manager, "operation": operation, "apiVersion": "networking.k8s.io/v1",
        "time": "2026-01-01T00:00:00Z", "fieldsType": "FieldsV1",
        "fieldsV1": {"f:spec": {"f:rules": {}, "f:tls": {}}},
    })
}

fn app(tls: Value) -> Value {
    ingress(&["a.example.com", "x.example.org"], tls)
}

/// The first manifest; the routing secret `wild` takes the place of its Secret and its issuer.
fn first() -> Value {
    annotated(app(json!([entry(&["a.example.com"], "own")])), ISSUER, "le")
}

/// The second one, whose author names the routing secret himself, and a host more.
fn second() -> Value {
    app(json!([entry(&["a.example.com"], "wild"), entry(&["x.example.org"], "x")]))
}

/// Manifests that follow the first one, and the TLS entries that are stored while there is `wild`.
#[rstest]
#[case::names_the_routing_secret(second(), second()["spec"]["tls"].clone())]
#[case::brings_a_certificate(
    app(json!([entry(&["a.example.com", "x.example.org"], "bought")])),
    json!([entry(&["a.example.com"], "wild"), entry(&["x.example.org"], "bought")])
)]
#[case::has_another_issuer(
    annotated(app(json!([entry(&["a.example.com", "x.example.org"], "own")])), OTHER_ISSUER, "corp"),
    json!([entry(&["a.example.com", "x.example.org"], "own")])
)]
#[case::has_no_issuer(
    app(json!([entry(&["a.example.com", "x.example.org"], "own")])),
    json!([entry(&["a.example.com"], "wild"), entry(&["x.example.org"], "own")])
)]
fn what_is_declared_takes_the_place_of_the_record(
    #[case] manifest: Value,
    #[case] expected: Value,
    #[values(Kubectl, Helm, ServerSideApply)] sender: Sender,
) {
    let old = sender.creates(first());
    let request = sender.sends(manifest.clone(), &old);
    let stored = answered(&request, &[wild()]);
    assert_eq!(stored["spec"]["tls"], expected);
    assert!(!stored["metadata"]["annotations"].to_string().contains(ISSUER), "{stored}");
    // Nothing of the first manifest comes back.
    let sent = sender.marked(manifest);
    assert_eq!(answered(&request, &[]), sent);
    assert_eq!(self::stored(&stored, &json!({}), &cluster(&[])), sent);
    assert_untouched(&stored, &json!({}), &cluster(&[wild()]));
}

/// Nobody owns a list that is not there, so this cannot be told of server-side apply.
#[rstest]
fn a_manifest_without_tls_takes_the_place_of_the_record(#[values(Kubectl, Helm)] sender: Sender) {
    let request = sender.sends(app(json!(null)), &sender.creates(first()));
    for secrets in [&[wild()][..], &[]] {
        assert_eq!(answered(&request, secrets), sender.marked(app(json!(null))));
    }
}

/// After the author has named the routing secret, his next change brings no Secret back that was never made.
#[rstest]
#[case::a_host_more(app(json!([
    entry(&["a.example.com"], "wild"),
    entry(&["x.example.org", "y.example.org"], "x"),
])))]
#[case::names_served_together(annotated(
    second(),
    "nginx.ingress.kubernetes.io/from-to-www-redirect",
    "true"
))]
fn a_routing_secret_that_the_author_named_stays(
    #[case] third: Value,
    #[values(Kubectl, Helm, ServerSideApply)] sender: Sender,
) {
    let old = answered(&sender.sends(second(), &sender.creates(first())), &[wild()]);
    assert_eq!(record_of(&old), None);
    let sent = sender.marked(third);
    let request = update(&old, &sent, &sender.options());
    assert_eq!(answered(&request, &[wild()]), sent);
}

/// kubectl sends nothing then, others do, and nothing changes.
#[rstest]
fn a_manifest_that_is_sent_again_gives_the_same_result(
    #[values(Kubectl, Helm, ServerSideApply)] sender: Sender,
) {
    let old = sender.creates(first());
    assert_eq!(answered(&sender.sends(first(), &old), &[wild()]), old);
    assert_eq!(answered(&sender.sends(first(), &old), &[]), sender.marked(first()));
}

/// Asserts that an object that says more than what was applied is its author's word, or else an edit of ours.
fn assert_declared(object: &Value, options: &Value, is_declared: bool) {
    let old = stored(&first(), &json!({}), &cluster(&[wild()]));
    let request = update(&old, &over(object.clone(), &old), options);
    let mut expected = object.clone();
    if !is_declared {
        expected["spec"]["tls"][0]["secretName"] = json!("own");
        expected = annotated(expected, ISSUER, "le");
    }
    for secrets in [&[wild()][..], &[]] {
        assert_eq!(answered(&request, secrets), expected);
    }
}

/// What kubectl has written of [`second`] is of that, and of another kind, and no text that says anything.
#[rstest]
#[case::just_so(second().to_string(), true)]
#[case::other_annotations(annotated(second(), "notes", "x").to_string(), true)]
#[case::another_list(first().to_string(), false)]
#[case::a_host_less(app(json!([entry(&["a.example.com"], "wild")])).to_string(), false)]
#[case::no_list(app(json!(null)).to_string(), false)]
#[case::our_record(annotated(second(), RECORD, "{}").to_string(), false)]
#[case::another_kind({
    let mut other = second();
    other["kind"] = json!("Gateway");
    other.to_string()
}, false)]
#[case::no_json("{".to_owned(), false)]
#[case::endless("[".repeat(100_000), false)]
#[case::cut_off(second().to_string()[..100].to_owned(), false)]
#[case::empty(String::new(), false)]
#[case::null("null".to_owned(), false)]
#[case::a_number("7".to_owned(), false)]
#[case::a_text(json!("spec").to_string(), false)]
#[case::a_list(json!([second()]).to_string(), false)]
#[case::a_list_for_a_spec(json!({"kind": "Ingress", "spec": [second()["spec"]]}).to_string(), false)]
#[case::a_number_for_a_list(json!({"kind": "Ingress", "spec": {"tls": 7}}).to_string(), false)]
fn what_kubectl_has_written_last(#[case] last_applied: String, #[case] is_declared: bool) {
    let object = annotated(second(), LAST_APPLIED, &last_applied);
    assert_declared(&object, &json!({}), is_declared);
}

/// The owner of `spec.tls` by server-side apply, if that is who sends the request.
#[rstest]
#[case::the_owner(json!([owner_of_tls(MANAGER, "Apply")]), json!({"fieldManager": MANAGER}), true)]
#[case::among_others(
    json!([owner_of_tls("other", "Update"), owner_of_tls(MANAGER, "Apply")]),
    json!({"fieldManager": MANAGER}),
    true
)]
#[case::somebody_else(json!([owner_of_tls(MANAGER, "Apply")]), json!({"fieldManager": "kubectl-patch"}), false)]
#[case::nobody(json!([owner_of_tls(MANAGER, "Apply")]), json!({}), false)]
#[case::no_options(json!([owner_of_tls(MANAGER, "Apply")]), json!(null), false)]
#[case::by_update(json!([owner_of_tls(MANAGER, "Update")]), json!({"fieldManager": MANAGER}), false)]
#[case::of_other_fields(
    json!([{"manager": MANAGER, "operation": "Apply", "fieldsV1": {"f:spec": {"f:rules": {}}}}]),
    json!({"fieldManager": MANAGER}),
    false
)]
#[case::of_no_fields(json!([{"manager": MANAGER, "operation": "Apply"}]), json!({"fieldManager": MANAGER}), false)]
#[case::of_odd_fields(
    json!([{"manager": MANAGER, "operation": "Apply", "fieldsV1": ["f:spec", "f:tls"]}]),
    json!({"fieldManager": MANAGER}),
    false
)]
#[case::odd_owners(json!([7, null, [], {"manager": 7, "operation": MANAGER}]), json!({"fieldManager": MANAGER}), false)]
#[case::a_good_one_among_odd_ones(
    json!([7, {"manager": []}, owner_of_tls(MANAGER, "Apply")]),
    json!({"fieldManager": MANAGER}),
    true
)]
#[case::no_list(json!({"manager": MANAGER}), json!({"fieldManager": MANAGER}), false)]
#[case::null(json!(null), json!({"fieldManager": MANAGER}), false)]
#[case::a_number_for_a_name(json!([owner_of_tls(MANAGER, "Apply")]), json!({"fieldManager": 7}), false)]
#[case::odd_options(json!([owner_of_tls(MANAGER, "Apply")]), json!([MANAGER]), false)]
fn who_owns_the_list(#[case] fields: Value, #[case] options: Value, #[case] is_declared: bool) {
    let mut object = second();
    object["metadata"]["managedFields"] = fields;
    assert_declared(&object, &options, is_declared);
}

#[rstest]
#[case::helm(json!({HELM: "Helm"}), true)]
#[case::another_tool(json!({HELM: "Kustomize"}), false)]
#[case::another_label(json!({"helm.sh/chart": "Helm"}), false)]
#[case::no_label(json!({}), false)]
#[case::no_text(json!({HELM: ["Helm"]}), false)]
fn who_manages_the_object(#[case] labels: Value, #[case] is_declared: bool) {
    let mut object = second();
    object["metadata"]["labels"] = labels;
    assert_declared(&object, &json!({"fieldManager": "helm"}), is_declared);
}

/// What somebody else writes into an object of Helm is an edit.
#[rstest]
#[case::helm("helm", true)]
#[case::by_hand("kubectl-edit", false)]
fn who_writes_an_object_of_helm(#[case] sender: &str, #[case] is_declared: bool) {
    let mut object = second();
    object["metadata"]["labels"] = json!({HELM: "Helm"});
    object["metadata"]["managedFields"] = json!([
        {"manager": "helm", "operation": "Update", "fieldsV1": {"f:metadata": {"f:labels": {format!("f:{HELM}"): {}}}}},
        {"manager": "kubectl-edit", "operation": "Update", "fieldsV1": {"f:spec": {"f:tls": {}}}},
    ]);
    assert_declared(&object, &json!({"fieldManager": sender}), is_declared);
}

/// Helm sends nothing for an Ingress whose manifest did not change: what was applied is still ours.
#[test]
fn what_was_applied_is_not_helms() {
    let old = Helm.creates(first());
    let scaled = annotated(old.clone(), "notes", "x");
    let request = update(&old, &scaled, &json!({"fieldManager": "kubectl-annotate"}));
    assert_eq!(answered(&request, &[wild()]), scaled);
    let back = answered(&request, &[]);
    assert_eq!(back, annotated(Helm.marked(first()), "notes", "x"));
}

/// A manifest that drops the record with the last annotation of its own.
#[rstest]
fn a_record_that_is_lost_with_a_manifest_does_not_count(#[values(Kubectl, ServerSideApply)] sender: Sender) {
    let old = sender.creates(first());
    let sent = sender.marked(app(old["spec"]["tls"].clone()));
    let request = update(&old, &sent, &sender.options());
    for secrets in [&[wild()][..], &[]] {
        assert_eq!(answered(&request, secrets), sent);
    }
}

/// `kubectl annotate` has set the issuer, and whoever sends the manifest knows nothing of it.
#[rstest]
#[case::somebody_else(owner_of("kubectl-annotate", ISSUER), true)]
#[case::the_sender(owner_of(MANAGER, ISSUER), false)]
#[case::of_another_annotation(owner_of("kubectl-annotate", "notes"), false)]
#[case::nobody(json!({}), false)]
#[case::odd(json!({"manager": "kubectl-annotate", "fieldsV1": {"f:metadata": [{"f:annotations": ISSUER}]}}), false)]
fn an_annotation_that_somebody_else_owns_comes_back(#[case] owner: Value, #[case] comes_back: bool) {
    let old = ServerSideApply.creates(first());
    let manifest = app(json!([entry(&["a.example.com"], "own"), entry(&["x.example.org"], "x")]));
    let mut request = ServerSideApply.sends(manifest, &old);
    let fields = request["object"]["metadata"]["managedFields"].as_array_mut();
    fields.unwrap().push(owner);
    let stored = answered(&request, &[wild()]);
    // With its issuer, the Ingress is left as its author wants it: not every host is covered.
    let expected = if comes_back { "own" } else { "wild" };
    assert_eq!(stored["spec"]["tls"][0], entry(&["a.example.com"], expected));
    assert_eq!(stored["metadata"]["annotations"].get(ISSUER).is_some(), comes_back);
    let gone = self::stored(&stored, &json!({}), &cluster(&[]));
    assert_eq!(gone["spec"], request["object"]["spec"]);
    assert_eq!(gone["metadata"]["annotations"].get(ISSUER).is_some(), comes_back);
}

/// The entry of `managedFields` of who owns an annotation.
fn owner_of(manager: &str, annotation: &str) -> Value {
    json!({
        "manager": manager, "operation": "Update", "apiVersion": "networking.k8s.io/v1",
        "fieldsType": "FieldsV1", "fieldsV1": {"f:metadata": owned_annotation(annotation)},
    })
}

fn owned_annotation(name: &str) -> Value {
    json!({"f:annotations": {".": {}, format!("f:{name}"): {}}})
}

/// Somebody sets an issuer on what is stored; cert-manager issues nothing where there are two.
#[rstest]
#[case::issuer(ISSUER, OTHER_ISSUER, "corp", false)]
#[case::cluster_issuer(OTHER_ISSUER, ISSUER, "corp", false)]
#[case::acme(ISSUER, "kubernetes.io/tls-acme", "true", false)]
#[case::no_trigger(ISSUER, "kubernetes.io/tls-acme", "false", true)]
#[case::another_annotation(ISSUER, "cert-manager.io/issuer-kind", "Issuer", true)]
fn no_trigger_comes_back_beside_another(
    #[case] removed: &str,
    #[case] set: &str,
    #[case] value: &str,
    #[case] comes_back: bool,
) {
    let author = annotated(app(json!([entry(&["a.example.com"], "own")])), removed, "le");
    let moved = stored(&author, &json!({}), &cluster(&[wild()]));
    let edited = annotated(moved.clone(), set, value);
    let mut expected = annotated(without_annotations(author, &[removed]), set, value);
    if comes_back {
        expected = annotated(expected, removed, "le");
    }
    let again = stored(&edited, &json!({}), &cluster(&[wild()]));
    assert_eq!(again["spec"], moved["spec"]);
    for moved in [edited.clone(), again] {
        assert_eq!(stored(&moved, &json!({}), &cluster(&[])), expected);
    }
    // The same where it is left as its author wants it.
    let mut partly = edited;
    let more = entry(&["x.example.org"], "x");
    partly["spec"]["tls"].as_array_mut().unwrap().push(more);
    let stored = stored(&partly, &json!({}), &cluster(&[wild()]));
    assert_eq!(stored["metadata"]["annotations"].get(removed).is_some(), comes_back);
    assert_eq!(stored["metadata"]["annotations"][set], value);
}
