//! What the pages show as output is what comes out.

use std::process::Command;

use e2e_tests::{Cluster, certificates::TlsSecret, request_from};
use serde_json::{Value, json};

use crate::{markdown::Page, settings::faults, support::*};

/// The block of a page with this in it, as one line: messages are wrapped there.
fn shown(page: &str, part: &str) -> String {
    let page = Page::read(page);
    let block = page.blocks("text").find(|block| block.contains(part));
    let block = block.unwrap_or_else(|| panic!("{}: no {part}", page.name));
    block.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A namespace with the routing secret of the quick start.
fn workspace() -> Cluster {
    let secret = TlsSecret::new("apps-wildcard").namespace("workspace");
    let secret = secret.san("*.apps.example.com");
    Cluster::new(vec![
        secret.label("epinio.io/routing", "true").to_manifest(),
    ])
}

fn annotated(api_version: &str, kind: &str, name: &str, spec: Value) -> Value {
    json!({
        "apiVersion": api_version, "kind": kind, "spec": spec,
        "metadata": {
            "name": name, "namespace": "workspace",
            "annotations": {"cert-manager.io/cluster-issuer": "letsencrypt"},
        },
    })
}

/// `make run` prints the lines of the README, in this order, and others.
#[test]
fn the_readme_shows_what_make_run_prints() {
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_e2e-tests"));
        command
            .current_dir(root())
            .args(["run", "--policy", "policy.wasm"]);
        String::from_utf8(command.args(arguments).output().unwrap().stdout).unwrap()
    };
    let cluster = ["--cluster", "examples/cluster.yaml"];
    let printed = run(&[&cluster[..], &["--request", "examples/epinio-app.yaml"]].concat())
        + &run(&["--request", "examples/expired-secret.yaml"]);
    let mut printed = printed.lines();
    let readme = Page::read("README.md");
    let block = readme
        .blocks("text")
        .find(|block| block.contains("ACCEPTED"));
    for line in block.unwrap().lines().filter(|line| *line != " [...]") {
        assert!(printed.any(|printed| printed == line), "{line}");
    }
}

#[test]
fn the_quick_start_shows_what_comes_of_its_ingress() {
    // What `kubectl create ingress` makes of the options in the README.
    let path = json!({
        "path": "/", "pathType": "Prefix",
        "backend": {"service": {"name": "shop", "port": {"number": 80}}},
    });
    let ingress = annotated(
        "networking.k8s.io/v1",
        "Ingress",
        "shop",
        json!({
            "rules": [{"host": "shop.apps.example.com", "http": {"paths": [path]}}],
            "tls": [{"hosts": ["shop.apps.example.com"], "secretName": "shop-tls"}],
        }),
    );
    let evaluation = POLICY.validate(&request_from(ingress).unwrap(), &json!({}), &workspace());
    let response = evaluation.unwrap().response;
    let readme = Page::read("README.md");
    let lines = readme.blocks("text").flat_map(str::lines);
    let warnings: Vec<_> = lines
        .filter_map(|line| line.strip_prefix("Warning: "))
        .collect();
    assert_eq!(warnings, response.warnings);
    let stored = response.mutated_object.unwrap()["spec"]["tls"].to_string();
    assert!(
        readme
            .blocks("text")
            .any(|block| block.lines().any(|line| line == stored)),
        "{stored}"
    );
}

#[test]
fn the_readme_shows_the_faults_of_settings() {
    let settings = json!({
        "wildcards": "all", "ingress": {"action": "reject"}, "routinglabel": "epinio.io/routing",
    });
    let faults = faults(&settings).unwrap();
    let faults = faults.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(shown("README.md", "is not a setting"), faults);
}

#[test]
fn the_pages_show_what_require_says() {
    let ingress = annotated(
        "networking.k8s.io/v1",
        "Ingress",
        "web",
        json!({"tls": [{"hosts": ["a.apps.example.com"], "secretName": "web-tls"}]}),
    );
    let listener = json!({
        "name": "https", "protocol": "HTTPS", "port": 443, "hostname": "shop.apps.example.com",
        "tls": {"certificateRefs": [{"name": "shop-tls"}]},
    });
    let gateway = annotated(
        "gateway.networking.k8s.io/v1",
        "Gateway",
        "shop",
        json!({"gatewayClassName": "traefik", "listeners": [listener]}),
    );
    let settings = json!({"ingress": {"action": "require"}, "gateway": {"action": "require"}});
    for (page, object) in [
        ("docs/operations.md", ingress),
        ("docs/gateways.md", gateway),
    ] {
        let request = request_from(object).unwrap();
        let evaluation = POLICY.validate(&request, &settings, &workspace()).unwrap();
        let message = evaluation.response.message.unwrap();
        assert_eq!(shown(page, "does not use its routing secrets"), message);
    }
}
