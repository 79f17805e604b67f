//! Whole payloads of `validate` for the fuzzer to begin with, and what the host knows about their
//! namespaces.

use std::sync::LazyLock;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use crate::{
    pair::{self, Format, Owner, Style},
    pem::{self, Layout},
};

/// How the host answers look-ups in a namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conduct {
    /// With routing secrets.
    Answer,
    /// There is nothing.
    Empty,
    /// They are refused.
    Refuse,
    /// With what it was asked, which is no answer.
    Echo,
}

impl Conduct {
    /// What the name of a namespace stands for.
    pub fn of(namespace: &str) -> Self {
        match namespace {
            "empty" => Self::Empty,
            "refuse" => Self::Refuse,
            "echo" => Self::Echo,
            _ => Self::Answer,
        }
    }
}

/// The list of routing secrets that the host answers with.
pub fn routing_secrets() -> &'static [u8] {
    static LIST: LazyLock<Vec<u8>> = LazyLock::new(|| {
        let items = [
            secret("wildcard", Owner::P256, Style::Server),
            secret("other", Owner::Other, Style::Extended),
            secret("temporary", Owner::P256, Style::Temporary),
            json!({"metadata": {"name": "broken"}, "data": {"tls.crt": "?"}}),
        ];
        json!({"items": items}).to_string().into_bytes()
    });
    &LIST
}

/// What names Secrets, of every kind at once: what has other fields names none.
pub fn users() -> &'static [u8] {
    static LIST: LazyLock<Vec<u8>> = LazyLock::new(|| {
        let ingress = |name: &str, secret: &str| {
            json!({
                "metadata": {"name": name, "namespace": "apps"},
                "spec": {
                    "rules": [{"host": "a.example.com"}, {"host": "b.example.com"}],
                    "tls": [{"hosts": ["a.example.com"], "secretName": secret}, {"secretName": secret}],
                },
            })
        };
        let gateway = json!({
            "metadata": {"name": "edge", "namespace": "apps"},
            "spec": {"listeners": [
                {"name": "all", "port": 443, "protocol": "HTTPS", "tls": {"certificateRefs": [{"name": "app"}]}},
            ]},
        });
        let items = [ingress("app", "app"), ingress("other", "own"), gateway, json!({"metadata": 7})];
        json!({"items": items}).to_string().into_bytes()
    });
    &LIST
}

/// The one Secret that the host answers with.
pub fn source() -> &'static [u8] {
    static SOURCE: LazyLock<Vec<u8>> = LazyLock::new(|| {
        let secret = secret("source", Owner::P256, Style::Server);
        secret.to_string().into_bytes()
    });
    &SOURCE
}

/// Requests that reach most rules.
pub fn seeds() -> &'static [Vec<u8>] {
    static SEEDS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
        let payloads = ingresses().into_iter().chain(secrets()).chain(gateways()).chain(certificates());
        payloads
            .flat_map(|payload| {
                let next = next_write(&payload);
                [Some(payload), next]
            })
            .flatten()
            .map(|payload| payload.to_string().into_bytes())
            .collect()
    });
    &SEEDS
}

/// The next update of an object that the policy has changed.
fn next_write(payload: &Value) -> Option<Value> {
    let answer = routing_secrets_policy::validate(payload.to_string().as_bytes()).ok()?;
    let answer: Value = serde_json::from_slice(&answer).ok()?;
    let object = answer.get("mutated_object")?.as_object()?;
    let mut payload = payload.clone();
    payload["request"]["operation"] = "UPDATE".into();
    payload["request"]["object"] = json!(object);
    payload["request"]["oldObject"] = json!(object);
    Some(payload)
}

fn create(kind: [&str; 3], settings: Value, object: Value) -> Value {
    let [group, version, kind] = kind;
    json!({
        "settings": settings,
        "request": {
            "uid": "1",
            "kind": {"group": group, "version": version, "kind": kind},
            "operation": "CREATE",
            "namespace": "apps",
            "name": "app",
            "object": object,
        },
    })
}

fn update(kind: [&str; 3], settings: Value, object: Value, old: Value) -> Value {
    let mut payload = create(kind, settings, object);
    payload["request"]["operation"] = "UPDATE".into();
    payload["request"]["oldObject"] = old;
    payload
}

fn delete(kind: [&str; 3], settings: Value, old: Value) -> Value {
    let mut payload = update(kind, settings, Value::Null, old);
    payload["request"]["operation"] = "DELETE".into();
    payload["request"]["userInfo"] = json!({"username": "kubernetes-admin"});
    payload
}

fn ingresses() -> Vec<Value> {
    const KIND: [&str; 3] = ["networking.k8s.io", "v1", "Ingress"];
    let ingress = |annotations: Value, spec: Value| {
        json!({
            "apiVersion": "networking.k8s.io/v1",
            "kind": "Ingress",
            "metadata": {"name": "app", "namespace": "apps", "annotations": annotations},
            "spec": spec,
        })
    };
    let rules = json!([{"host": "a.example.com"}, {"host": "b.example.org"}, {"host": "*.example.com"}]);
    let tls = json!([{"hosts": ["a.example.com", "b.example.com"], "secretName": "app-tls"}]);
    let plain = ingress(json!({}), json!({"rules": rules}));
    let triggered = ingress(
        json!({"cert-manager.io/issuer": "ca", "kubernetes.io/tls-acme": "true"}),
        json!({"ingressClassName": "nginx", "tls": tls, "rules": rules}),
    );
    let covered = ingress(
        json!({"cert-manager.io/cluster-issuer": "ca"}),
        json!({"tls": tls, "rules": [{"host": "a.example.com"}]}),
    );
    let producer = ingress(
        json!({
            "cert-manager.io/issuer": "ca",
            "cert-manager.io/secret-template": r#"{"labels":{"epinio.io/routing":"true"}}"#,
        }),
        json!({"tls": tls}),
    );
    let annotated = ingress(
        json!({
            "cert-manager.io/issuer": "ca",
            "nginx.ingress.kubernetes.io/from-to-www-redirect": "true",
            "nginx.ingress.kubernetes.io/server-alias": "c.example.com,d.example.com",
            "nginx.ingress.kubernetes.io/auth-tls-secret": "apps/ca",
            "ingress.cilium.io/tls-passthrough": "disabled",
        }),
        json!({"tls": tls}),
    );
    let settings = json!({
        "routingLabel": "epinio.io/routing",
        "wildcards": "anyDepth",
        "ignoredHosts": ["*.internal", "*.org"],
        "ingress": {
            "action": "mutate",
            "plainHosts": "secure",
            "partlyCovered": "omitHosts",
            "issuerAnnotations": ["example.com/issuer"],
            "ignoredClasses": ["istio"],
        },
    });
    let require = json!({"ingress": {"action": "require", "plainHosts": "ignore"}});
    vec![
        create(KIND, json!({}), plain.clone()),
        create(KIND, json!({}), triggered.clone()),
        create(KIND, settings.clone(), triggered),
        create(KIND, require, covered.clone()),
        create(KIND, json!({}), producer),
        create(KIND, json!({}), annotated),
        update(KIND, settings, covered, plain),
    ]
}

fn secrets() -> Vec<Value> {
    const KIND: [&str; 3] = ["", "v1", "Secret"];
    let good = secret("app", Owner::P256, Style::Server);
    let authority = secret("app", Owner::Ed25519, Style::Authority);
    let mut unlabelled = good.clone();
    unlabelled["metadata"]["labels"] = json!({});
    let mut mirror = unlabelled.clone();
    mirror["metadata"]["annotations"] = json!({"reflector.v1.k8s.emberstack.com/reflects": "apps/source"});
    let mut placeholder = good.clone();
    placeholder["metadata"]["annotations"] =
        json!({"replicator.v1.mittwald.de/replicate-from": "apps/source"});
    placeholder["data"] = json!({"tls.crt": "", "tls.key": ""});
    let settings = json!({
        "secret": {"minimumDaysLeft": 1, "warnDaysLeft": 9999999, "labelMirrors": true},
    });
    let deny = json!({"secret": {"inUse": "deny"}});
    vec![
        delete(KIND, json!({}), good.clone()),
        delete(KIND, deny.clone(), good.clone()),
        update(KIND, deny, unlabelled.clone(), good.clone()),
        create(KIND, settings, good.clone()),
        create(KIND, json!({}), authority),
        create(KIND, json!({}), mirror),
        update(KIND, json!({}), good.clone(), placeholder.clone()),
        update(KIND, json!({}), placeholder, unlabelled.clone()),
        update(KIND, json!({}), unlabelled, good),
    ]
}

fn gateways() -> Vec<Value> {
    const KIND: [&str; 3] = ["gateway.networking.k8s.io", "v1", "Gateway"];
    let gateway = json!({
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "Gateway",
        "metadata": {
            "name": "app",
            "namespace": "apps",
            "annotations": {
                "cert-manager.io/issuer": "ca",
                "cert-manager.io/ignore-tls-listeners": "b",
            },
        },
        "spec": {"listeners": [
            {
                "name": "a",
                "protocol": "HTTPS",
                "hostname": "a.example.com",
                "tls": {"mode": "Terminate", "certificateRefs": [{"name": "app-tls"}]},
            },
            {
                "name": "b",
                "protocol": "TLS",
                "hostname": "*.example.com",
                "tls": {"certificateRefs": [{"group": "", "kind": "Secret", "name": "wildcard"}]},
            },
        ]},
    });
    let settings = json!({"gateway": {"action": "mutate", "triggered": "ignoreListeners"}});
    vec![create(KIND, json!({}), gateway.clone()), create(KIND, settings, gateway)]
}

fn certificates() -> Vec<Value> {
    const KIND: [&str; 3] = ["cert-manager.io", "v1", "Certificate"];
    let certificate = |secret: &str| {
        json!({
            "apiVersion": "cert-manager.io/v1",
            "kind": "Certificate",
            "metadata": {"name": "app", "namespace": "apps"},
            "spec": {
                "secretName": secret,
                "commonName": "a.example.com",
                "dnsNames": ["a.example.com"],
                "issuerRef": {"name": "ca", "kind": "ClusterIssuer"},
            },
        })
    };
    let parked = json!({"certificate": {"covered": "park"}});
    vec![
        create(KIND, json!({}), certificate("app-tls")),
        update(KIND, parked, certificate("wildcard"), certificate("app-tls")),
    ]
}

/// A routing secret.
fn secret(name: &str, owner: Owner, style: Style) -> Value {
    let (label, key) = pair::private_key(owner, Format::Pkcs8);
    let tls_key = pem::block(label, key, Layout::Strict);
    let tls_crt = pem::block("CERTIFICATE", pair::certificate(owner, style), Layout::Strict);
    json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": name,
            "namespace": "apps",
            "labels": {"epinio.io/routing": "true"},
            "annotations": {"cert-manager.io/certificate-name": name},
        },
        "type": "kubernetes.io/tls",
        "data": {"tls.crt": STANDARD.encode(tls_crt), "tls.key": STANDARD.encode(tls_key)},
    })
}
