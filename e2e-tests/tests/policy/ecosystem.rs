//! What annotations of other projects mean: each row of the table on both sides of its border.

use std::path::{Path, PathBuf};

use rstest::rstest;
use serde_json::{Value, json};

use crate::{
    gateway::support::{gateway, listener, listener_set, triggered},
    support::*,
};

const USAGES: &str = "cert-manager.io/usages";
const TEMPLATE: &str = "cert-manager.io/secret-template";

/// An Ingress that moves to the routing secret `wild`.
fn author() -> Value {
    ingress(&["a.example.com"], json!([entry(&["a.example.com"], "own")]))
}

fn listeners() -> Value {
    json!([listener("https", "a.example.com", "own")])
}

/// Asserts that an annotation has objects left as their authors want them, or that it makes no difference.
/// What is said of each that is left.
fn assert_leaves(
    authors: &[Value],
    settings: &Value,
    (name, value): (&str, &str),
    is_left: bool,
) -> Vec<String> {
    let change = |object| annotated(object, name, value);
    let mut said = Vec::new();
    for author in authors {
        if is_left {
            said.push(assert_left_by(change, author, settings, &cluster(&[wild()])));
        } else {
            assert_moved_with(change, author, settings, &cluster(&[wild()]));
        }
    }
    said
}

/// What reads the Secret `own` of an entry: renamed, it would read another one, or none.
#[rstest]
#[case::client_ca("nginx.ingress.kubernetes.io/auth-tls-secret", "workspace/own", true)]
#[case::without_namespace("nginx.ingress.kubernetes.io/auth-tls-secret", "own", true)]
#[case::of_another_namespace("nginx.ingress.kubernetes.io/auth-tls-secret", "other/own", true)]
#[case::proxy("nginx.ingress.kubernetes.io/proxy-ssl-secret", "workspace/own", true)]
#[case::openshift("route.openshift.io/destination-ca-certificate-secret", "own", true)]
#[case::haproxytech("haproxy.org/client-ca", "workspace/own", true)]
#[case::crt("haproxy.org/server-crt", "own", true)]
#[case::cert("example.com/client-cert", "own", true)]
#[case::certificate("example.com/upstream.certificate", "own", true)]
#[case::tls("example.com/tls", "own", true)]
#[case::ssl("example.com/server_ssl", "own", true)]
#[case::one_of_several("example.com/tls", "other, own;more", true)]
#[case::in_json("example.com/tls", r#"{"secretName":"own","more":[1]}"#, true)]
#[case::higress("higress.io/auth-tls-secret", "workspace/own-cacert", true)]
#[case::a_ca_in_another_secret("nginx.ingress.kubernetes.io/auth-tls-secret", "workspace/ca", false)]
#[case::higress_of_another_secret("higress.io/auth-tls-secret", "workspace/ca-cacert", false)]
#[case::a_longer_name("example.com/tls", "workspace/own-2", false)]
#[case::more_behind_cacert("example.com/tls", "own-cacert-2", false)]
#[case::a_file_of_that_name("example.com/tls", "own.pem", false)]
#[case::no_value("nginx.ingress.kubernetes.io/auth-tls-secret", "", false)]
#[case::a_switch("nginx.ingress.kubernetes.io/ssl-redirect", "true", false)]
#[case::no_such_word("example.com/notes", "own", false)]
#[case::part_of_a_word("example.com/secretary", "own", false)]
#[case::in_its_prefix("tls.example.com/notes", "own", false)]
#[case::of_the_policy("routing-secrets-policy/secret", "own", false)]
#[case::a_trigger("cert-manager.io/issuer", "own", false)]
fn reads_a_secret(#[case] name: &str, #[case] value: &str, #[case] is_left: bool) {
    let authors = [author(), annotated(author(), ISSUER, "le")];
    for said in assert_leaves(&authors, &json!({}), (name, value), is_left) {
        assert!(said.contains(name), "{said}");
    }
}

/// What reads a routing secret goes on reading it, and a host without an entry has nothing to read.
#[rstest]
#[case::the_routing_secret(ingress(&[], json!([entry(&["a.example.com"], "old")])))]
#[case::no_entry(ingress(&["a.example.com"], json!([])))]
fn reads_no_secret_of_an_author(#[case] author: Value) {
    let old = routing_secret("old", &["*.example.com"]).valid(-9, -1);
    let reads = "nginx.ingress.kubernetes.io/auth-tls-secret";
    let change = |object| annotated(object, reads, "workspace/old");
    assert_moved_with(change, &author, &json!({}), &cluster(&[wild(), old]));
}

/// A plain host gets no entry, and a listener stays, where the certificate comes from elsewhere.
#[rstest]
#[case::aws("alb.ingress.kubernetes.io/certificate-arn", "arn:aws:acm:x", true)]
#[case::aws_service("service.beta.kubernetes.io/aws-load-balancer-ssl-cert", "arn:aws:acm:x", true)]
#[case::oci("oci-native-ingress.oraclecloud.com/certificate-ocid", "ocid1.certificate.oc1..aaaa", true)]
#[case::tencent("example.com/tls-certificate-ids", "7,8", true)]
#[case::gce("ingress.gcp.kubernetes.io/pre-shared-cert", "x", true)]
#[case::gke("networking.gke.io/managed-certificates", "x", true)]
#[case::gke_listener("networking.gke.io/pre-shared-certs", "x", true)]
#[case::azure("appgw.ingress.kubernetes.io/appgw-ssl-certificate", "x", true)]
#[case::key_vault("kubernetes.azure.com/tls-cert-keyvault-uri", "https://vault/x", true)]
#[case::citrix("ingress.citrix.com/preconfigured-certkey", "x", true)]
#[case::big_ip("virtual-server.f5.com/clientssl", "/Common/clientssl", true)]
#[case::nobody_has_thought_of_it("example.com/my_certs.v2", "x", true)]
#[case::a_switch("nginx.ingress.kubernetes.io/ssl-redirect", "true", false)]
#[case::on("example.com/certificate", "true", false)]
#[case::off("example.com/certificate", "false", false)]
#[case::empty("example.com/certificate", "", false)]
#[case::passed_upstream("nginx.ingress.kubernetes.io/auth-tls-pass-certificate-to-upstream", "x", false)]
#[case::a_secret("example.com/certificate-secret", "x", false)]
#[case::a_ca("example.com/ca-cert", "x", false)]
#[case::a_root("example.com/root-certs", "x", false)]
#[case::verifies("example.com/verify-cert", "x", false)]
#[case::part_of_a_word("example.com/certified", "x", false)]
#[case::in_its_prefix("cert.example.com/notes", "x", false)]
#[case::of_cert_manager("cert-manager.io/certificate-name", "x", false)]
#[case::of_the_policy("routing-secrets-policy/cert", "x", false)]
#[case::another_word("example.com/min-version", "1.3", false)]
fn brings_a_certificate_from_elsewhere(#[case] name: &str, #[case] value: &str, #[case] is_brought: bool) {
    let secrets = cluster(&[wild()]);
    let plain = annotated(ingress(&["a.example.com"], json!([])), name, value);
    let response = agreed(&plain, &json!({}), &secrets);
    assert_eq!(response.mutated_object.is_none(), is_brought);
    let mut listeners = listeners();
    listeners[0]["tls"]["options"] = json!({name: value});
    for author in [gateway(listeners.clone()), triggered(listeners.clone()), listener_set(listeners)] {
        let response = agreed(&author, &json!({}), &secrets);
        assert_eq!(response.mutated_object.is_none(), is_brought);
    }
}

/// Such a controller cannot be told to ignore a listener, and would write into the routing secret.
#[rstest]
#[case::gardener("cert.gardener.cloud/purpose", "managed", true)]
#[case::haproxy("haproxy-ingress.github.io/cert-signer", "acme", true)]
#[case::haproxy_by_its_old_prefix("ingress.kubernetes.io/cert-signer", "", true)]
#[case::of_the_settings("example.org/issue", "", true)]
#[case::another_purpose("cert.gardener.cloud/purpose", "other", false)]
#[case::not_of_the_settings("example.org/issuer", "x", false)]
#[case::of_ingresses("kubernetes.io/tls-acme", "true", false)]
fn triggers_another_issuer_of_listeners(#[case] name: &str, #[case] value: &str, #[case] is_left: bool) {
    let settings = json!({"ingress": {"issuerAnnotations": ["example.org/issue"]}});
    let authors = [gateway(listeners()), triggered(listeners()), listener_set(listeners())];
    for said in assert_leaves(&authors, &settings, (name, value), is_left) {
        assert!(said.contains(name), "{said}");
    }
    // Its author has named the routing secret himself.
    let named = json!([listener("https", "a.example.com", "wild")]);
    for author in [gateway(named.clone()), listener_set(named)] {
        let response = agreed(&annotated(author, name, value), &settings, &cluster(&[wild()]));
        let said = response.warnings.join("\n");
        let is_told = said.contains(name) && said.contains("wild");
        assert_eq!(is_told, is_left, "{said}");
        assert!(!is_left || response.mutated_object.is_none());
    }
}

/// A Certificate that clients, other stores or other names need is more than one for routing.
#[rstest]
#[case::copied(TEMPLATE, r#"{"annotations":{"cert-manager-sync.lestak.sh/sync-enabled":"true"}}"#, true)]
#[case::any_annotation(TEMPLATE, r#"{"annotations":{"notes":""}}"#, true)]
#[case::a_routing_secret(TEMPLATE, r#"{"labels":{"epinio.io/routing":""}}"#, true)]
#[case::another_label(TEMPLATE, r#"{"labels":{"team":"a"}}"#, false)]
#[case::no_annotation(TEMPLATE, r#"{"annotations":{}}"#, false)]
#[case::no_json(TEMPLATE, "{", false)]
#[case::for_clients_too(USAGES, "server auth,client auth", true)]
#[case::for_clients(USAGES, "client auth", true)]
#[case::for_no_servers(USAGES, "digital signature", true)]
#[case::for_servers(USAGES, "server auth", false)]
#[case::for_servers_as_ever(USAGES, "digital signature, key encipherment,key agreement , server auth", false)]
#[case::mail("cert-manager.io/email-sans", "a@example.com", true)]
#[case::addresses("cert-manager.io/ip-sans", "10.0.0.1", true)]
#[case::uris("cert-manager.io/uri-sans", "spiffe://a/b", true)]
#[case::of_another_project("example.com/ip-sans", "10.0.0.1", false)]
#[case::a_common_name("cert-manager.io/common-name", "a.example.com", false)]
#[case::a_duration("cert-manager.io/duration", "24h", false)]
fn makes_more_than_a_certificate_for_routing(#[case] name: &str, #[case] value: &str, #[case] is_left: bool) {
    let authors = [
        annotated(author(), ISSUER, "le"),
        annotated(author(), "kubernetes.io/tls-acme", "true"),
        triggered(listeners()),
        listener_set(listeners()),
    ];
    assert_leaves(&authors, &json!({}), (name, value), is_left);
    // Nothing is made without a trigger.
    assert_leaves(&[author()], &json!({}), (name, value), false);
}

/// What an operator adds for controllers that nobody has thought of.
#[rstest]
#[case::by_name("example.com/own-tls", "example.com/own-tls", "x", true)]
#[case::by_any_prefix("*/own-tls", "example.com/own-tls", "x", true)]
#[case::among_others("*/own-tls", "other.example.com/own-tls", "", true)]
#[case::another_prefix("example.com/own-tls", "example.org/own-tls", "x", false)]
#[case::a_longer_name("*/own-tls", "example.com/own-tls-2", "x", false)]
#[case::a_longer_word("*/own-tls", "example.com/my-own-tls", "x", false)]
#[case::no_prefix("*/own-tls", "own-tls", "x", false)]
fn is_left_by_the_settings(
    #[case] setting: &str,
    #[case] name: &str,
    #[case] value: &str,
    #[case] is_left: bool,
) {
    let settings = json!({"ingress": {"leaveAnnotations": ["example.com/first", setting]}});
    let authors = [
        author(),
        annotated(author(), ISSUER, "le"),
        ingress(&["a.example.com"], json!([])),
        gateway(listeners()),
        triggered(listeners()),
        listener_set(listeners()),
    ];
    assert_leaves(&authors, &settings, (name, value), is_left);
    if is_left {
        for author in authors {
            assert_left_alone(&annotated(author, name, value), &settings);
        }
    }
}

/// The names of annotations that are others' in a line of code: what has a dot in front of a slash, but for
/// versions of the API, what belongs to Kubernetes, and the label of Epinio.
fn names_of_others(line: &str) -> impl Iterator<Item = &str> {
    let ours = [
        "kubernetes.io/tls",
        "kubernetes.io/ingress.class",
        "kubectl.kubernetes.io/last-applied-configuration",
        "app.kubernetes.io/managed-by",
        "epinio.io/routing",
        "example.com/name",
    ];
    let words = line.split(|char: char| !(char.is_ascii_alphanumeric() || "./-_*".contains(char)));
    words.filter(move |word| {
        word.split_once('/').is_some_and(|(prefix, name)| {
            let is_version =
                name.starts_with('v') && name[1..].starts_with(|char: char| char.is_ascii_digit());
            prefix.contains('.') && !name.is_empty() && !is_version && !ours.contains(word)
        })
    })
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .filter(|path| path.file_stem().is_some_and(|stem| stem != "tests"))
        .flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] })
        .collect()
}

/// What the policy knows of another project is a row of the table.
#[test]
fn no_rule_names_an_annotation_of_another_project() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("../src");
    let mut files = sources(&src);
    assert!(files.len() > 20);
    files.retain(|path| *path != src.join("ecosystem.rs"));
    for path in files {
        let text = std::fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap();
        let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
        let names: Vec<_> = lines.flat_map(names_of_others).collect();
        assert!(names.is_empty(), "{} is for ecosystem.rs, not {}", names.join(", "), path.display());
    }
}

#[rstest]
#[case(r#"const A: &str = "cert-manager.io/issuer";"#, &["cert-manager.io/issuer"])]
#[case(r#"if name.starts_with("nginx.ingress.kubernetes.io/") || name == "haproxy.org/x" {"#, &["haproxy.org/x"])]
#[case(r#"let x = "networking.k8s.io/v1"; let y = "kubernetes.io/tls"; let z = 1.0 / 2.0; // a/b"#, &[])]
#[case(r#"("kubernetes.io/tls-acme", "gateway.networking.k8s.io/v1beta1")"#, &["kubernetes.io/tls-acme"])]
fn names_of_others_are_found(#[case] line: &str, #[case] expected: &[&str]) {
    assert_eq!(names_of_others(line).collect::<Vec<_>>(), expected);
}
