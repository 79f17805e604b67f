//! `e2e-tests preview`, on clusters that are made here.

use std::process::Output;

use e2e_tests::certificates::TlsSecret;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::*;

const NAMESPACE: &str = "workspace";

/// As `kubectl get ... --output json` prints it; any YAML parser reads it.
fn list(objects: &[Value]) -> String {
    json!({"apiVersion": "v1", "kind": "List", "items": objects}).to_string()
}

fn preview_with(arguments: &[&str], input: &str) -> Output {
    let usual = ["preview", "--policy", "policy.wasm"];
    command_with_input(&[usual.as_slice(), arguments, &["-"]].concat(), input)
}

fn preview(objects: &[Value]) -> Output {
    preview_with(&[], &list(objects))
}

/// The cells of the line for a host of an object, which has one line for it.
fn line<'a>(output: &'a Output, object: &str, host: &str) -> Vec<&'a str> {
    let lines = stdout(output).lines().map(|line| {
        let cells = line.split("  ").map(str::trim);
        cells.filter(|cell| !cell.is_empty()).collect::<Vec<_>>()
    });
    let lines: Vec<_> = lines.filter(|cells| cells.get(1..3) == Some([object, host].as_slice())).collect();
    let [line] = <[_; 1]>::try_from(lines)
        .unwrap_or_else(|lines| panic!("{object}, {host}: {lines:?} in {}", stdout(output)));
    line
}

fn routing_secret(namespace: &str) -> Value {
    let secret = TlsSecret::new("wild").namespace(namespace).san("*.apps.example.com");
    secret.label("epinio.io/routing", "").to_manifest()
}

fn ingress(name: &str, hosts: &[&str]) -> Value {
    let rules: Vec<_> = hosts.iter().map(|host| json!({"host": host})).collect();
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
        "metadata": {"name": name, "namespace": NAMESPACE, "annotations": {}},
        "spec": {"rules": rules, "tls": [{"hosts": hosts, "secretName": format!("{name}-tls")}]},
    })
}

fn annotated(mut object: Value, name: &str, value: &str) -> Value {
    object["metadata"]["annotations"][name] = json!(value);
    object
}

fn within(mut object: Value, namespace: &str) -> Value {
    object["metadata"]["namespace"] = json!(namespace);
    object
}

fn certificate(name: &str, host: &str) -> Value {
    json!({
        "apiVersion": "cert-manager.io/v1", "kind": "Certificate",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {"dnsNames": [host], "secretName": format!("{name}-tls"), "issuerRef": {"name": "ca"}},
    })
}

fn listeners(kind: &str, name: &str, hosts: &[&str]) -> Value {
    let listener = |host: &&str| {
        json!({
            "name": host.replace('.', "-"), "hostname": host, "protocol": "HTTPS", "port": 443,
            "tls": {"certificateRefs": [{"name": format!("{name}-tls")}]},
        })
    };
    json!({
        "apiVersion": "gateway.networking.k8s.io/v1", "kind": kind,
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {"listeners": hosts.iter().map(listener).collect::<Value>()},
    })
}

/// Fifteen objects; a host of an Ingress each is covered, not covered, in another namespace's domain and served already.
fn team(number: usize) -> Vec<Value> {
    let mut served = ingress("served", &["served.apps.example.com"]);
    served["spec"]["tls"][0]["secretName"] = json!("wild");
    let opaque = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "password", "namespace": NAMESPACE},
        "type": "Opaque", "data": {"password": "aHVudGVyMg=="},
    });
    let own = TlsSecret::new("shop-tls").san("shop.apps.example.com");
    let objects = vec![
        routing_secret(NAMESPACE),
        own.to_manifest(),
        opaque,
        ingress("shop", &["shop.apps.example.com"]),
        ingress("both", &["both.apps.example.com", "both.example.org"]),
        ingress("other", &["other.example.org"]),
        served,
        annotated(ingress("skipped", &["skipped.apps.example.com"]), "routing-secrets-policy/skip", "true"),
        annotated(ingress("issued", &["issued.apps.example.com"]), "cert-manager.io/issuer", "ca"),
        listeners("Gateway", "web", &["web.apps.example.com", "web.example.org"]),
        listeners("ListenerSet", "more", &["more.apps.example.com"]),
        certificate("shop", "shop.apps.example.com"),
        certificate("other", "other.example.org"),
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "any", "namespace": NAMESPACE}}),
        json!({"apiVersion": "networking.istio.io/v1", "kind": "Gateway", "metadata": {"name": "istio"},
            "spec": {"servers": []}}),
    ];
    let namespace = format!("team-{number}");
    objects.into_iter().map(|object| within(object, &namespace)).collect()
}

#[test]
fn each_host_of_a_cluster_of_300_objects_has_a_line() {
    let mut objects: Vec<_> = (0..20).flat_map(team).collect();
    assert_eq!(objects.len(), 300);
    let output = preview(&objects);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(stderr(&output), "");
    assert_contains(
        stdout(&output),
        &[
            "\nRead: 20 routing secrets, 120 Ingresses, 20 Gateways, 20 ListenerSets, 40 Certificates.\n",
            "\nHosts: 100 change, 20 have a routing secret already, 80 stay as they are, 0 are denied.\n",
            "\nCertificates: 20 change, 20 stay as they are, 0 are denied.\n",
        ],
    );
    let lines = stdout(&output).lines().filter(|line| line.starts_with("team-"));
    assert_eq!(lines.count(), 240);

    // Nothing depends on the order of what was read, and nothing of a Secret is printed but its name.
    objects.reverse();
    assert_eq!(preview(&objects), output);
    for secret in objects.iter().filter(|object| object["kind"] == "Secret") {
        for value in secret["data"].as_object().unwrap().values() {
            assert!(!stdout(&output).contains(value.as_str().unwrap()));
        }
    }
}

#[test]
fn a_line_says_what_becomes_of_a_host_and_why_not() {
    let output = preview(&team(1));
    for (object, host, expected) in [
        ("Ingress/shop", "shop.apps.example.com", ["shop-tls", "wild", ""]),
        ("Ingress/both", "both.apps.example.com", ["both-tls", "wild", ""]),
        ("Ingress/both", "both.example.org", ["both-tls", "both-tls", "no routing secret covers it"]),
        ("Ingress/served", "served.apps.example.com", ["wild", "wild", "has a routing secret"]),
        (
            "Ingress/skipped",
            "skipped.apps.example.com",
            ["skipped-tls", "skipped-tls", "not looked at: `skip`, or an ignored class or host"],
        ),
        ("Ingress/issued", "issued.apps.example.com", ["issued-tls", "wild", ""]),
        ("Gateway/web", "web.apps.example.com", ["web-tls", "wild", ""]),
        ("Gateway/web", "web.example.org", ["web-tls", "web-tls", "no routing secret covers it"]),
        ("ListenerSet/more", "more.apps.example.com", ["more-tls", "wild", ""]),
        // Its Secret is needed until the Ingress is written, which comes first.
        ("Certificate/shop", "shop.apps.example.com", ["shop-tls", "shop-parked", ""]),
        (
            "Certificate/other",
            "other.example.org",
            ["other-tls", "other-tls", "not covered, or not for routing"],
        ),
    ] {
        let mut cells = line(&output, object, host).into_iter().skip(3);
        let found = [(); 3].map(|()| cells.next().unwrap_or_default());
        assert_eq!(found, expected, "{object}, {host}");
    }
}

#[test]
fn what_the_policy_says_is_the_reason() {
    let hosts = ["a.apps.example.com", "a.example.org"];
    let issued = |name: &str, hosts: &[&str]| annotated(ingress(name, hosts), "cert-manager.io/issuer", "ca");
    let objects = [routing_secret(NAMESPACE), issued("web", &hosts)];
    let output = preview(&objects);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    for host in hosts {
        let cells = line(&output, "Ingress/web", host);
        let other = hosts.into_iter().find(|other| *other != host).unwrap();
        assert_eq!(cells[3..5], ["web-tls", "web-tls"]);
        assert!(cells[5].contains("cert-manager.io/issuer"), "{cells:?}");
        assert!(cells[5].contains(host) && !cells[5].contains(other), "{cells:?}");
    }
}

/// Entries without hosts name both routing secrets then.
#[test]
fn hosts_that_entries_omit_have_a_secret_each() {
    let hosts = ["a.apps.example.com", "b.apps.example.com", "a.example.org"];
    let exact = TlsSecret::new("exact").namespace(NAMESPACE).san("b.apps.example.com");
    let objects = [
        routing_secret(NAMESPACE),
        exact.label("epinio.io/routing", "").to_manifest(),
        annotated(ingress("web", &hosts), "cert-manager.io/issuer", "ca"),
    ];
    let settings = directory("hosts_that_entries_omit").join("settings.yaml");
    std::fs::write(&settings, "ingress: {partlyCovered: omitHosts}").unwrap();
    let output = preview_with(&["--settings", settings.to_str().unwrap()], &list(&objects));
    for (host, expected) in hosts.into_iter().zip(["wild", "exact", "web-tls"]) {
        assert_eq!(line(&output, "Ingress/web", host)[3..5], ["web-tls", expected]);
    }
}

/// What is said about the whole object is about what changes.
#[test]
fn a_host_that_is_served_already_stays_so_beside_one_that_changes() {
    let mut web = annotated(ingress("web", &["a.apps.example.com"]), "cert-manager.io/issuer", "ca");
    let served = json!({"hosts": ["b.apps.example.com"], "secretName": "wild"});
    web["spec"]["tls"].as_array_mut().unwrap().push(served);
    let output = preview(&[routing_secret(NAMESPACE), web]);
    let expected = ["web-tls", "wild"];
    assert_eq!(line(&output, "Ingress/web", "a.apps.example.com")[3..], expected);
    let expected = ["wild", "wild", "has a routing secret"];
    assert_eq!(line(&output, "Ingress/web", "b.apps.example.com")[3..], expected);
}

#[test]
fn what_would_be_denied_is_told_and_counts() {
    let objects = [routing_secret(NAMESPACE), ingress("web", &["a.apps.example.com", "a.example.org"])];
    let reports = ["--settings", "deploy/audit/ingresses.yaml"];
    let output = preview_with(&reports, &list(&objects));
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let cells = line(&output, "Ingress/web", "a.apps.example.com");
    assert_eq!(cells[3..5], ["web-tls", "denied"]);
    assert_contains(cells[5], &["does not use its routing secrets"]);
    assert_contains(stdout(&output), &[" 2 are denied."]);
}

#[test]
fn namespaces_that_the_policies_leave_alone_stay_as_they_are() {
    let policy = std::fs::read_to_string(root().join("deploy/ingresses/policy.yaml")).unwrap();
    let policy: Value = yaml_serde::from_str(&policy).unwrap();
    let exempt = &policy["spec"]["namespaceSelector"]["matchExpressions"][0]["values"];
    let exempt: Vec<_> = exempt.as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    let all = [exempt.as_slice(), &[NAMESPACE]].concat();
    let objects = all.iter().flat_map(|namespace| {
        let ingress = ingress(&format!("in-{namespace}"), &["a.apps.example.com"]);
        [routing_secret(namespace), within(ingress, namespace)]
    });
    let output = preview(&objects.collect::<Vec<_>>());
    for namespace in all {
        let cells = line(&output, &format!("Ingress/in-{namespace}"), "a.apps.example.com");
        assert_eq!(cells[4] == "wild", namespace == NAMESPACE, "{cells:?}");
    }
}

/// Secrets in another order of kinds, a list of each kind, several documents: all is the same.
#[test]
fn lists_of_any_form_are_taken() {
    let secret = routing_secret(NAMESPACE);
    let ingress = ingress("web", &["a.apps.example.com"]);
    let expected = preview(&[secret.clone(), ingress.clone()]);
    assert_eq!(line(&expected, "Ingress/web", "a.apps.example.com")[4], "wild");
    let mut item = ingress.clone();
    item.as_object_mut().unwrap().retain(|field, _| field != "apiVersion" && field != "kind");
    let of_kind = json!({"apiVersion": "networking.k8s.io/v1", "kind": "IngressList", "items": [item]});
    for input in [
        list(&[ingress.clone(), secret.clone()]),
        format!("{of_kind}\n{secret}\n"),
        format!("# both\n---\n{}---\n{}", yaml(&ingress), yaml(&json!({"kind": "List", "items": [secret]}))),
    ] {
        assert_eq!(preview_with(&[], &input), expected);
    }
}

#[test]
fn that_there_is_no_routing_secret_is_told() {
    let mut unlabelled = routing_secret(NAMESPACE);
    unlabelled["metadata"]["labels"] = json!({"example.com/own": ""});
    let objects = [unlabelled, ingress("web", &["a.apps.example.com"])];
    let output = preview(&objects);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_contains(stdout(&output), &["0 routing secrets", "has the label epinio.io/routing.\n"]);
    let settings = directory("that_there_is_no_routing_secret_is_told").join("settings.yaml");
    std::fs::write(&settings, "routingLabel: example.com/own").unwrap();
    let output = preview_with(&["--settings", settings.to_str().unwrap()], &list(&objects));
    assert_eq!(line(&output, "Ingress/web", "a.apps.example.com")[4], "wild");
}

#[rstest]
#[case::nothing("", "there is no manifest in standard input")]
#[case::a_table("NAME READY\nshop True\n", "cannot use standard input: a document is no object")]
#[case::no_yaml("kind: [\n", "cannot use standard input")]
#[case::an_empty_list(r#"{"kind": "List", "items": []}"#, "there is no manifest in standard input")]
#[case::secrets_only(
    r#"{"apiVersion": "v1", "kind": "Secret"}"#,
    "there is no Ingress, Gateway, ListenerSet or Certificate"
)]
#[case::an_item_that_is_none(
    r#"{"kind": "List", "items": [3]}"#,
    "cannot use standard input: a document is no object"
)]
#[case::no_metadata(
    r#"{"apiVersion": "networking.k8s.io/v1", "kind": "Ingress"}"#,
    "cannot use Ingress (unnamed): this manifest has no metadata"
)]
fn wrong_input_is_an_error(#[case] input: &str, #[case] cause: &str) {
    let output = preview_with(&[], input);
    assert_eq!(output.status.code(), Some(2), "{}", stdout(&output));
    assert_contains(stderr(&output), &["error: ", cause]);
    assert_eq!(stdout(&output), "");
}

#[rstest]
#[case::no_file(&["nothing.yaml"], "cannot read nothing.yaml")]
#[case::no_files(&[], "FILE|DIR")]
#[case::standard_input_twice(&["-", "--settings", "-"], "standard input can be one file only")]
#[case::wrong_settings(&["examples", "--settings", "examples/new-secret.yaml"], "the settings are not valid")]
fn wrong_arguments_are_an_error(#[case] arguments: &[&str], #[case] cause: &str) {
    let output = command(&[&["preview", "--policy", "policy.wasm"], arguments].concat());
    assert_eq!(output.status.code(), Some(2), "{}", stdout(&output));
    assert_contains(stderr(&output), &["error: ", cause]);
}

/// Where an input cannot be read, what is wrong is said without repeating it.
#[test]
fn errors_repeat_no_input() {
    for input in [
        "kind: Secret\ndata: {tls.key: c2VjcmV0}\n  c2VjcmV0",
        r#"{"kind": "Secret", "data": {"tls.key": "c2VjcmV0"}"#,
        "c2VjcmV0",
    ] {
        let output = preview_with(&[], input);
        assert_eq!(output.status.code(), Some(2), "{input}");
        assert!(!stderr(&output).contains("c2VjcmV0"), "{}", stderr(&output));
    }
}

fn yaml(object: &Value) -> String {
    yaml_serde::to_string(object).unwrap()
}
