//! Manifests from public reports of other projects, as their users write them; each stands for a kind.

use e2e_tests::{Cluster, request_from};
use rstest::rstest;
use serde_json::{Value, json};

use crate::{
    certificate::support::{certificate, rejection},
    gateway::support::{gateway, listener, secrets as secrets_of},
    secret::{
        certificates::{ca, leaf},
        keys::{P256, pem},
        support::{assert_rejected_for, assert_warned, secret},
    },
    support::*,
};

/// The Ingress of a class, with a rule for this host.
fn app(class: &str, host: &str, tls: Value) -> Value {
    let mut object = ingress(&[host], tls);
    object["spec"]["ingressClassName"] = json!(class);
    object
}

fn edge() -> Value {
    gateway(json!([listener("https", "a.example.com", "a-tls")]))
}

fn a_tls() -> Value {
    json!([entry(&["a.example.com"], "a-tls")])
}

/// The annotations of an object.
fn with(object: Value, annotations: &[(&str, &str)]) -> Value {
    annotations.iter().fold(object, |object, (name, value)| annotated(object, name, value))
}

fn controlled(mut object: Value, api_version: &str, kind: &str) -> Value {
    object["metadata"]["ownerReferences"] = json!([{
        "apiVersion": api_version, "kind": kind, "name": "owner", "uid": "1", "controller": true,
    }]);
    object
}

const SYNCED: &str = r#"{"annotations": {"cert-manager-sync.lestak.sh/sync-enabled": "true"}}"#;

/// What is stored as its author wants it.
#[rstest]
// higress#1204: clients are asked for certificates only if the CA's Secret is named like the host's.
#[case::higress(with(
    app("higress", "a.example.com", a_tls()),
    &[("higress.io/auth-tls-secret", "shop/a-tls-cacert")]
))]
// oci-native-ingress-controller, pkg/state/ingressstate.go: a Secret beside it stops the whole class.
#[case::oci(with(
    app("native-ic", "a.example.com", json!([])),
    &[("oci-native-ingress.oraclecloud.com/certificate-ocid", "ocid1.certificate.oc1..aaaa")]
))]
// gardener/cert-management: its controller writes one certificate into whatever Secret a listener names.
#[case::gardener(with(edge(), &[("cert.gardener.cloud/purpose", "managed")]))]
// cert-manager-sync#32: the Secret is copied to a store outside of the cluster.
#[case::synced(with(
    app("nginx", "a.example.com", a_tls()),
    &[(ISSUER, "le"), ("cert-manager.io/secret-template", SYNCED)]
))]
#[case::synced_certificate({
    let mut object = certificate(&["a.example.com"]);
    object["spec"]["secretTemplate"] = serde_json::from_str(SYNCED).unwrap();
    object
})]
// cert-manager#3488: with these usages the Secret is for clients, too.
#[case::usages(with(
    app("nginx", "a.example.com", a_tls()),
    &[(ISSUER, "corp"), ("cert-manager.io/usages", "server auth,client auth")]
))]
#[case::usages_of_a_gateway(with(
    edge(),
    &[(ISSUER, "corp"), ("cert-manager.io/usages", "server auth, client auth")]
))]
// application-gateway-kubernetes-ingress#912: the host and these names have one certificate.
#[case::application_gateway(with(
    app("azure-application-gateway", "a.example.com", json!([entry(&["a.example.com", "www.other.org"], "a-tls")])),
    &[("appgw.ingress.kubernetes.io/hostname-extension", "www.other.org")]
))]
// eclipse-che/che#22667: the operator updates its Ingress until spec is equal to what it wants.
#[case::dev_workspace(controlled(
    app("nginx", "ws1.example.com", json!([])),
    "controller.devfile.io/v1alpha1",
    "DevWorkspaceRouting"
))]
fn stays_as_its_author_wants_it(#[case] object: Value) {
    let response = agreed(&object, &json!({}), &cluster(&[wild()]));
    assert_eq!(response.mutated_object, None);
}

/// epinio/helm-charts, templates/dex.yaml and server.yaml: the pod of Epinio's server mounts the Secret that
/// is made from this Ingress.
#[test]
fn the_secret_of_epinios_dex_is_named_and_skip_keeps_it() {
    let tls = json!([entry(&["auth.example.com"], "dex-tls")]);
    let annotations = [
        (ISSUER, "epinio-ca"),
        ("traefik.ingress.kubernetes.io/router.entrypoints", "websecure"),
        ("traefik.ingress.kubernetes.io/router.tls", "true"),
    ];
    let dex = with(app("traefik", "auth.example.com", tls), &annotations);
    let response = agreed(&dex, &json!({}), &cluster(&[wild()]));
    assert!(response.mutated_object.is_some());
    let said = response.warnings.join("\n");
    for part in ["dex-tls", ISSUER, "routing-secrets-policy/skip"] {
        assert!(said.contains(part), "{part} is missing in {said}");
    }
    let skipped = annotated(dex.clone(), "routing-secrets-policy/skip", "true");
    assert_left_alone(&skipped, &json!({}));
    assert_left_alone(&dex, &json!({"ignoredHosts": ["auth.*"]}));
}

/// Kuadrant/kuadrant-operator#984: TLSPolicy makes a Certificate into the Secret that each listener names.
#[test]
fn a_certificate_of_kuadrant_does_not_overwrite_the_routing_secret() {
    let moved = stored(&edge(), &json!({}), &cluster(&[wild()]));
    assert_eq!(secrets_of(&moved), ["wild"]);
    let mut certificate = certificate(&["a.example.com"]);
    certificate["spec"]["secretName"] = json!("wild");
    let certificate = controlled(certificate, "kuadrant.io/v1", "TLSPolicy");
    let message = rejection(&certificate, &json!({}), &cluster(&[wild()]));
    assert!(message.contains("wild"), "{message}");
}

/// cert-manager#841, and moves from an Ingress to a Gateway: another object names the Secret that is made
/// from this one.
#[rstest]
#[case::an_ingress_that_is_skipped(annotated(ingress(&["a.example.com"], a_tls()), "routing-secrets-policy/skip", "true"), "Ingress other")]
#[case::a_gateway_without_hostname({
    let mut object = edge();
    let listener = object["spec"]["listeners"][0].as_object_mut();
    listener.unwrap().remove("hostname");
    object
}, "Gateway other")]
fn a_secret_that_another_object_names_is_made(#[case] mut other: Value, #[case] name: &str) {
    other["metadata"]["name"] = json!("other");
    let site = with(app("nginx", "a.example.com", a_tls()), &[(ISSUER, "le")]);
    let cluster = Cluster::new(vec![wild().to_manifest(), other]);
    let response = agreed(&site, &json!({}), &cluster);
    assert_eq!(response.mutated_object, None);
    let said = response.warnings.join("\n");
    assert!(said.contains(name) && said.contains("a-tls"), "{said}");
}

/// External Secrets would try for ever, and the certificate expire for all hosts.
#[test]
fn a_renewal_by_external_secrets_is_never_refused() {
    let renewed = |names: &[&str]| {
        let secret = routing_secret("wild", names).annotation("reconcile.external-secrets.io/data-hash", "0");
        controlled(secret.to_manifest(), "external-secrets.io/v1", "ExternalSecret")
    };
    let hosts = ["example.com", "a.example.com"];
    let site = ingress(&hosts, json!([entry(&hosts, "wild")]));
    let mut request = request_from(renewed(&["*.example.com"])).unwrap();
    request["operation"] = json!("UPDATE");
    request["oldObject"] = renewed(&["*.example.com", "example.com"]);
    request["userInfo"]["username"] = json!("system:serviceaccount:external-secrets:external-secrets");
    let cluster = Cluster::new(vec![request["oldObject"].clone(), site]);
    let deny = json!({"secret": {"inUse": "deny"}});
    let response = POLICY.validate(&request, &deny, &cluster).unwrap().response;
    assert!(response.accepted, "{:?}", response.message);
    let said = response.warnings.join("\n");
    assert!(said.contains("Ingress app") && said.contains("example.com"), "{said}");
}

/// 2.16.840.1.101.3.4.3.18, ML-DSA-65 (RFC 9881); oqs-provider#145: OpenSSL before 3.5 does not load it.
const ML_DSA: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x03\x12";

#[rstest]
#[case::of_the_leaf(leaf(&P256).signed_with(ML_DSA).pem())]
#[case::of_its_issuer(leaf(&P256).pem() + &ca("Intermediate", "Root").signed_with(ML_DSA).pem())]
fn a_signature_that_servers_do_not_know_is_a_warning(#[case] tls_crt: String) {
    assert_warned(&secret(tls_crt, P256.pem()), &["signature"], Some("a.example.com"));
}

/// What `ssh-keygen` has written may be a good key, in a format of its own.
#[test]
fn a_key_of_openssh_is_named_as_such() {
    let key = pem("OPENSSH PRIVATE KEY", b"openssh-key-v1\0");
    let secret = secret(leaf(&P256).pem(), key);
    assert_rejected_for(&secret, "bad-key", "OpenSSH");
    assert_rejected_for(&secret, "bad-key", "ssh-keygen");
}
