//! `e2e-tests preview`: what a policy would change in a cluster.

mod hosts;
mod report;
mod rewrite;

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use clap::Args;
use e2e_tests::{Cluster, Policy, manifests};
use serde_json::Value;

use self::rewrite::Rewrite;
use crate::run;

/// What is reviewed, with its API group.
const REVIEWED: [(&str, &str); 4] = [
    ("networking.k8s.io", "Ingress"),
    ("gateway.networking.k8s.io", "Gateway"),
    ("gateway.networking.k8s.io", "ListenerSet"),
    ("cert-manager.io", "Certificate"),
];

#[derive(Args)]
pub(crate) struct Preview {
    /// The policy.
    #[arg(long, value_name = "WASM")]
    policy: PathBuf,
    /// The policy's settings, or the ClusterAdmissionPolicy that has them; without them `{}`.
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// What is in the cluster, as `kubectl get secrets,ingresses --all-namespaces --output yaml` prints it: files, or
    /// directories of them. `-` is standard input.
    #[arg(value_name = "FILE|DIR", required = true)]
    cluster: Vec<PathBuf>,
}

/// A host, and what becomes of it when its object is next written.
struct Line {
    namespace: String,
    kind: String,
    name: String,
    host: String,
    now: Option<String>,
    then: Option<String>,
    outcome: Outcome,
    why_not: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Changes,
    /// It has a routing secret already.
    Served,
    Stays,
    /// The write is denied.
    Denied,
}

/// Shows what becomes of each host, and says whether no write would be denied.
pub(crate) fn run(arguments: &Preview) -> Result<bool> {
    let files = arguments.cluster.iter().chain(&arguments.settings);
    let from_stdin = files.filter(|file| manifests::is_standard_input(file));
    ensure!(from_stdin.count() <= 1, "standard input can be one file only");
    let mut objects = Vec::new();
    for path in &arguments.cluster {
        objects.extend(manifests::load(path)?);
    }
    let settings = run::settings(arguments.settings.as_deref())?;
    let policy = run::load(&arguments.policy, &settings)?;
    let inventory = Inventory::new(objects, &settings)?;
    let lines = inventory.preview(&policy, &settings)?;
    let report = report::table(&lines) + &report::summary(&lines, &inventory);
    io::stdout().lock().write_all(report.as_bytes()).context("cannot write the result")?;
    Ok(lines.iter().all(|line| line.outcome != Outcome::Denied))
}

/// What is in the cluster, as far as it matters.
struct Inventory {
    routing_label: String,
    /// TLS Secrets, without their keys.
    secrets: Vec<Value>,
    /// What is reviewed.
    objects: Vec<Value>,
}

impl Inventory {
    fn new(manifests: Vec<Value>, settings: &Value) -> Result<Self> {
        let routing_label = settings.get("routingLabel").and_then(Value::as_str);
        let mut inventory = Self {
            routing_label: routing_label.unwrap_or("epinio.io/routing").to_owned(),
            secrets: Vec::new(),
            objects: Vec::new(),
        };
        for manifest in manifests {
            if is_reviewed(&manifest) {
                inventory.objects.push(manifest);
            } else if is_tls_secret(&manifest) {
                inventory.secrets.push(without_key(manifest));
            }
        }
        ensure!(
            !inventory.objects.is_empty(),
            "there is no Ingress, Gateway, ListenerSet or Certificate in what was read; \
            `kubectl get secrets,ingresses --all-namespaces --output yaml` prints such a list"
        );
        Ok(inventory)
    }

    /// The routing secrets, with their namespaces.
    fn routing_secrets(&self) -> BTreeSet<(&str, &str)> {
        let labelled = self.secrets.iter().filter(|secret| {
            let labels = secret.pointer("/metadata/labels");
            labels.is_some_and(|labels| labels.get(&self.routing_label).is_some())
        });
        labelled
            .map(|secret| {
                let namespace = text(secret, "/metadata/namespace").unwrap_or("default");
                (namespace, text(secret, "/metadata/name").unwrap_or_default())
            })
            .collect()
    }

    /// Has the policy review every object as if it were written unchanged. Certificates come last, because they
    /// are parked only when no Ingress or Gateway names their Secrets any more.
    fn preview(&self, policy: &Policy, settings: &Value) -> Result<Vec<Line>> {
        let routing_secrets = self.routing_secrets();
        let mut stored = self.objects.clone();
        let mut lines = Vec::new();
        for certificates in [false, true] {
            let cluster = Cluster::new([self.secrets.clone(), stored.clone()].concat());
            for (object, stored) in self.objects.iter().zip(&mut stored) {
                if (text(object, "/kind") == Some("Certificate")) != certificates {
                    continue;
                }
                let rewrite = Rewrite::evaluate(object, policy, settings, &cluster)?;
                lines.extend(rewrite.lines(&routing_secrets));
                *stored = rewrite.after;
            }
        }
        lines.sort_by_cached_key(|line| {
            let Line { namespace, kind, name, .. } = line;
            (namespace.clone(), kind.clone(), name.clone())
        });
        Ok(lines)
    }
}

fn is_reviewed(object: &Value) -> bool {
    let api_version = text(object, "/apiVersion").unwrap_or_default();
    let (group, _) = api_version.split_once('/').unwrap_or_default();
    REVIEWED.contains(&(group, text(object, "/kind").unwrap_or_default()))
}

fn is_tls_secret(object: &Value) -> bool {
    text(object, "/apiVersion") == Some("v1")
        && text(object, "/kind") == Some("Secret")
        && text(object, "/type") == Some("kubernetes.io/tls")
}

/// Takes the key out of a Secret, so that nothing can print it: matching needs the certificate only.
fn without_key(mut secret: Value) -> Value {
    if let Some(data) = secret.get_mut("data").and_then(Value::as_object_mut) {
        data.retain(|name, _| name == "tls.crt");
    }
    if let Some(fields) = secret.as_object_mut() {
        fields.remove("stringData");
    }
    let annotations = secret.pointer_mut("/metadata/annotations");
    if let Some(annotations) = annotations.and_then(Value::as_object_mut) {
        annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
    }
    secret
}

fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer).and_then(Value::as_str)
}
