//! What is evaluated: namespaces with routing secrets, and Ingresses whose hosts these cover.

use std::collections::BTreeMap;
use std::iter;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use e2e_tests::{Cluster, request_from};
use serde_json::{Map, Value, json};

use crate::answers::Answers;
use crate::authority::Authority;
use crate::guest::Guest;

const NAMESPACE: &str = "workspace";
/// In place of what the API server makes up.
const UID: &str = "00000000-0000-4000-8000-000000000000";
const TIME: &str = "2026-01-01T00:00:00Z";

/// Lists are in a random order; this one is the same in every run.
const SEED: u64 = 1;

/// The routing secrets of a namespace, each with a wildcard for a domain of its own.
pub struct Secrets {
    /// As they were before they had an index.
    pub unindexed: Arc<Answers>,
    /// As the policy has them stored when they are created.
    pub indexed: Arc<Answers>,
    /// The host's answer to whoever lists them whole.
    pub list: Vec<u8>,
}

impl Secrets {
    /// Makes as many Secrets.
    ///
    /// # Errors
    ///
    /// A certificate cannot be made, or the policy refuses one.
    pub fn new(count: usize, authority: &Authority, policy: &Guest) -> Result<Self> {
        let secret = |number| {
            let domain = format!("d{number}.example.com");
            let secret = authority.secret(NAMESPACE, &format!("wildcard-{number}"), &domain)?;
            Ok(stored(secret, number))
        };
        let unindexed = (0..count).map(secret).collect::<Result<Vec<_>>>()?;
        let nobody = Arc::new(Answers::new(Cluster::new(Vec::new())));
        let admitted = unindexed
            .iter()
            .map(|secret| admitted(secret.clone(), policy, &nobody));
        let indexed = Cluster::new(admitted.collect::<Result<_>>()?).with_seed(SEED);
        let unindexed = Cluster::new(unindexed).with_seed(SEED);
        let look_up = json!({"api_version": "v1", "kind": "Secret", "namespace": NAMESPACE});
        let list = unindexed.answer_to(
            "list_resources_by_namespace",
            look_up.to_string().as_bytes(),
        )?;
        Ok(Self {
            unindexed: Arc::new(Answers::new(unindexed)),
            indexed: Arc::new(Answers::new(indexed)),
            list,
        })
    }
}

/// A Secret with what the API server fills in. Its managed fields do not get to the policy: policy-server drops them.
fn stored(mut secret: Value, number: usize) -> Value {
    let metadata = secret.get_mut("metadata");
    if let Some(metadata) = metadata.and_then(Value::as_object_mut) {
        metadata.insert("creationTimestamp".to_owned(), json!(TIME));
        metadata.insert(
            "resourceVersion".to_owned(),
            json!((100_000 + number).to_string()),
        );
        metadata.insert("uid".to_owned(), json!(UID));
    }
    secret
}

/// A Secret as it is stored after the policy has judged it.
fn admitted(secret: Value, policy: &Guest, answers: &Arc<Answers>) -> Result<Value> {
    let mut response = response(&policy.validate(&payload(secret.clone())?, answers)?)?;
    match response.get_mut("mutated_object").map(Value::take) {
        Some(Value::Null) | None => Ok(secret),
        Some(mutated) => Ok(mutated),
    }
}

/// The `validate` payload of an Ingress with a rule and a TLS entry for each of so many hosts.
///
/// # Errors
///
/// None that is known: the manifest is well-formed.
pub fn ingress(hosts: usize) -> Result<Vec<u8>> {
    payload(manifest(hosts))
}

/// An Ingress that the policy leaves alone without a look-up.
///
/// # Errors
///
/// As [`ingress`].
pub fn skipped_ingress() -> Result<Vec<u8>> {
    let mut manifest = manifest(1);
    let annotations = manifest.pointer_mut("/metadata/annotations");
    let annotations = annotations.and_then(Value::as_object_mut);
    annotations
        .context("there are annotations")?
        .insert("routing-secrets-policy/skip".to_owned(), json!("true"));
    payload(manifest)
}

/// It looks like those of Epinio's application chart, and has what the API server fills in before it asks policies,
/// the fields that its writer manages among other things.
fn manifest(hosts: usize) -> Value {
    let rule = |number| {
        let service = json!({"name": "shop", "port": {"number": 8080}});
        let path = json!({"path": "/", "pathType": "ImplementationSpecific", "backend": {"service": service}});
        json!({"host": host(number), "http": {"paths": [path]}})
    };
    let entry =
        |number| json!({"hosts": [host(number)], "secretName": format!("shop-{number}-tls")});
    let labels = json!({
        "app.kubernetes.io/component": "application",
        "app.kubernetes.io/instance": "shop",
        "app.kubernetes.io/managed-by": "epinio",
        "app.kubernetes.io/name": "shop",
        "app.kubernetes.io/part-of": NAMESPACE,
        "helm.sh/chart": "epinio-application-0.1.26",
    });
    let annotations = json!({
        "meta.helm.sh/release-name": "shop",
        "meta.helm.sh/release-namespace": NAMESPACE,
        "traefik.ingress.kubernetes.io/router.entrypoints": "websecure",
        "traefik.ingress.kubernetes.io/router.tls": "true",
    });
    let managed = json!({
        "f:metadata": {"f:annotations": managed(&annotations), "f:labels": managed(&labels)},
        "f:spec": {"f:ingressClassName": {}, "f:rules": {}, "f:tls": {}},
    });
    json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {
            "name": "shop",
            "namespace": NAMESPACE,
            "uid": UID,
            "generation": 1,
            "creationTimestamp": TIME,
            "labels": labels,
            "annotations": annotations,
            "managedFields": [{
                "manager": "epinio",
                "operation": "Update",
                "apiVersion": "networking.k8s.io/v1",
                "time": TIME,
                "fieldsType": "FieldsV1",
                "fieldsV1": managed,
            }],
        },
        "spec": {
            "ingressClassName": "traefik",
            "rules": (0..hosts).map(rule).collect::<Vec<_>>(),
            "tls": (0..hosts).map(entry).collect::<Vec<_>>(),
        },
        "status": {"loadBalancer": {}},
    })
}

/// All members of an object, as managed fields write them.
fn managed(object: &Value) -> Value {
    let names = object.as_object().into_iter().flat_map(Map::keys);
    let fields = names.map(|name| (format!("f:{name}"), json!({})));
    iter::once((".".to_owned(), json!({})))
        .chain(fields)
        .collect()
}

fn host(number: usize) -> String {
    format!("shop.d{number}.example.com")
}

/// A request of Epinio's server.
fn payload(object: Value) -> Result<Vec<u8>> {
    let user = json!({
        "username": "system:serviceaccount:epinio:epinio-server",
        "uid": UID,
        "groups": ["system:serviceaccounts", "system:serviceaccounts:epinio", "system:authenticated"],
        "extra": {
            "authentication.kubernetes.io/credential-id": [format!("JTI={UID}")],
            "authentication.kubernetes.io/node-name": ["node-1"],
            "authentication.kubernetes.io/node-uid": [UID],
            "authentication.kubernetes.io/pod-name": ["epinio-server-6d4b75cb6d-hx7kq"],
            "authentication.kubernetes.io/pod-uid": [UID],
        },
    });
    let mut request = request_from(object)?;
    if let Some(request) = request.as_object_mut() {
        // It is random otherwise.
        request.insert("uid".to_owned(), json!(UID));
        request.insert("userInfo".to_owned(), user);
    }
    Ok(serde_json::to_vec(
        &json!({"request": request, "settings": {}}),
    )?)
}

/// Makes sure that each of the hosts got its secret. Who does less work must not look faster.
///
/// # Errors
///
/// One has another, or none.
pub fn check(answer: &[u8], hosts: usize) -> Result<()> {
    let response = response(answer)?;
    let entries = response.pointer("/mutated_object/spec/tls");
    let mut found = BTreeMap::new();
    for entry in entries.and_then(Value::as_array).into_iter().flatten() {
        let secret = entry.get("secretName").and_then(Value::as_str);
        let hosts = entry.get("hosts").and_then(Value::as_array);
        for host in hosts.into_iter().flatten() {
            found.insert(host.as_str(), secret);
        }
    }
    for number in 0..hosts {
        let expected = format!("wildcard-{number}");
        let host = host(number);
        if found.get(&Some(host.as_str())) != Some(&Some(expected.as_str())) {
            bail!("{host} has not got {expected}");
        }
    }
    Ok(())
}

fn response(answer: &[u8]) -> Result<Value> {
    let response: Value = serde_json::from_slice(answer)?;
    if response.get("accepted") != Some(&Value::Bool(true)) {
        bail!(
            "not accepted: {}",
            response.get("message").unwrap_or(&Value::Null)
        );
    }
    Ok(response)
}
