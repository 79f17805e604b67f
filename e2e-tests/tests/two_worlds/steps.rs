//! What people do to a cluster, one step after the other.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::cluster::{CLUSTER_ISSUER, ISSUER, NAMESPACE, ROUTING_LABEL};

/// What an author writes down of one object.
#[derive(Clone, Debug, PartialEq)]
pub struct Manifest {
    pub kind: &'static str,
    pub name: &'static str,
    /// The TLS entries of an Ingress: hosts and Secret. A Gateway has a listener for each host, a Certificate the hosts
    /// of the first entry.
    pub tls: Vec<(Vec<&'static str>, &'static str)>,
    /// Hosts without TLS.
    pub plain: Vec<&'static str>,
    pub issuer: Issuer,
    pub extra: Extra,
}

/// Who is to issue the certificates: annotations, and `spec.issuerRef` of a Certificate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Issuer {
    None,
    /// The ClusterIssuer `letsencrypt`.
    LetsEncrypt,
    /// The Issuer `local-ca`.
    LocalCa,
    /// An issuer that does not exist.
    Unknown,
}

/// One more thing in a manifest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Extra {
    None,
    Annotation(&'static str, &'static str),
    Class(&'static str),
    /// An operator made the object, and controls it.
    ControllingOwner,
    /// The Secret of a Certificate becomes a routing secret.
    RoutingLabel,
}

pub const NOTES: Extra = Extra::Annotation("notes", "x");
pub const SKIP: Extra = Extra::Annotation("routing-secrets-policy/skip", "true");
pub const WWW_REDIRECT: Extra = Extra::Annotation("nginx.ingress.kubernetes.io/from-to-www-redirect", "true");
pub const SERVER_ALIAS: Extra =
    Extra::Annotation("nginx.ingress.kubernetes.io/server-alias", "shop.example.org");
pub const READS_SECRET: Extra =
    Extra::Annotation("nginx.ingress.kubernetes.io/auth-tls-secret", "workspace/web-tls");
pub const PASSTHROUGH: Extra = Extra::Annotation("nginx.ingress.kubernetes.io/ssl-passthrough", "true");

/// Who sends a manifest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Tool {
    Kubectl,
    Helm,
    ServerSideApply,
    Replace,
}

/// What somebody changes in an object that is stored.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Edit {
    Annotate(&'static str, Option<&'static str>),
    /// An entry of its own for a host, in place of the one that it has.
    UseSecret(&'static str, &'static str),
    /// One more host in the entry of another.
    AddHost(&'static str, &'static str),
    DropHost(&'static str),
}

/// A routing secret, or a Secret that somebody brings.
#[derive(Clone, Debug, PartialEq)]
pub enum Secret {
    Valid(Vec<&'static str>),
    Expired(Vec<&'static str>),
    Retired,
    Gone,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// A tool writes a manifest.
    Send(Tool, Manifest),
    /// `kubectl edit`, `annotate` or `patch`.
    Edit(&'static str, &'static str, Edit),
    /// What is stored is read, and sent under another name.
    Copy(Tool, &'static str, &'static str, &'static str),
    Delete(&'static str, &'static str),
    /// A routing secret comes, is renewed, is retired or goes.
    Routing(&'static str, Secret),
    /// Somebody brings a certificate of his own, once nothing orders into the Secret any more that he can delete.
    Bring(&'static str, Vec<&'static str>),
    /// Settings of the policy change.
    Settings(&'static str),
}

pub fn ingress(name: &'static str) -> Manifest {
    Manifest {
        kind: "Ingress",
        name,
        tls: Vec::new(),
        plain: Vec::new(),
        issuer: Issuer::None,
        extra: Extra::None,
    }
}

pub fn gateway(name: &'static str) -> Manifest {
    Manifest { kind: "Gateway", ..ingress(name) }
}

pub fn certificate(name: &'static str) -> Manifest {
    Manifest { kind: "Certificate", issuer: Issuer::LetsEncrypt, ..ingress(name) }
}

impl Manifest {
    pub fn tls(mut self, hosts: &[&'static str], secret: &'static str) -> Self {
        self.tls.push((hosts.to_vec(), secret));
        self
    }

    pub fn plain(mut self, host: &'static str) -> Self {
        self.plain.push(host);
        self
    }

    pub fn issuer(self, issuer: Issuer) -> Self {
        Self { issuer, ..self }
    }

    pub fn extra(self, extra: Extra) -> Self {
        Self { extra, ..self }
    }

    pub fn to_json(&self) -> Value {
        let mut metadata = json!({"name": self.name, "namespace": NAMESPACE});
        let annotations = self.annotations();
        if !annotations.is_empty() {
            metadata["annotations"] = json!(annotations);
        }
        if self.extra == Extra::ControllingOwner {
            metadata["ownerReferences"] = json!([{"apiVersion": "example.com/v1", "kind": "App", "name": "app",
                "uid": "app", "controller": true}]);
        }
        let (api_version, spec) = match self.kind {
            "Ingress" => ("networking.k8s.io/v1", self.ingress_spec()),
            "Gateway" => ("gateway.networking.k8s.io/v1", self.gateway_spec()),
            _ => ("cert-manager.io/v1", self.certificate_spec()),
        };
        json!({"apiVersion": api_version, "kind": self.kind, "metadata": metadata, "spec": spec})
    }

    fn annotations(&self) -> BTreeMap<&str, &str> {
        let trigger = match self.issuer {
            _ if self.kind == "Certificate" => None,
            Issuer::None => None,
            Issuer::LetsEncrypt => Some((CLUSTER_ISSUER, "letsencrypt")),
            Issuer::LocalCa => Some((ISSUER, "local-ca")),
            Issuer::Unknown => Some((CLUSTER_ISSUER, "unknown")),
        };
        let extra = match self.extra {
            Extra::Annotation(name, value) => Some((name, value)),
            _ => None,
        };
        trigger.into_iter().chain(extra).collect()
    }

    fn hosts(&self) -> Vec<&'static str> {
        let entries = self.tls.iter().flat_map(|(hosts, _)| hosts);
        let mut hosts: Vec<_> = entries.chain(&self.plain).copied().collect();
        hosts.sort_unstable();
        hosts.dedup();
        hosts
    }

    fn ingress_spec(&self) -> Value {
        let rules: Vec<_> = self.hosts().into_iter().map(rule).collect();
        let mut spec = json!({"rules": rules});
        if let Extra::Class(class) = self.extra {
            spec["ingressClassName"] = json!(class);
        }
        if !self.tls.is_empty() {
            let entry = |(hosts, secret): &(Vec<_>, _)| json!({"hosts": hosts, "secretName": secret});
            spec["tls"] = self.tls.iter().map(entry).collect();
        }
        spec
    }

    fn gateway_spec(&self) -> Value {
        let secure =
            self.tls.iter().flat_map(|(hosts, secret)| hosts.iter().map(|host| listener(host, secret)));
        let plain = self.plain.iter().map(
            |host| json!({"name": format!("plain-{host}"), "hostname": host, "port": 80, "protocol": "HTTP"}),
        );
        let mut listeners = BTreeMap::new();
        for listener in secure.chain(plain) {
            listeners.insert(listener["name"].to_string(), listener);
        }
        let listeners: Vec<_> = listeners.into_values().collect();
        json!({"gatewayClassName": "traefik", "listeners": listeners})
    }

    fn certificate_spec(&self) -> Value {
        let (hosts, secret) = self.tls.first().cloned().unwrap_or_default();
        let (kind, name) = match self.issuer {
            Issuer::LocalCa => ("Issuer", "local-ca"),
            Issuer::LetsEncrypt => ("ClusterIssuer", "letsencrypt"),
            Issuer::Unknown | Issuer::None => ("ClusterIssuer", "unknown"),
        };
        let mut spec = json!({"secretName": secret, "dnsNames": hosts,
            "issuerRef": {"group": "cert-manager.io", "kind": kind, "name": name}});
        if self.extra == Extra::RoutingLabel {
            spec["secretTemplate"] = json!({"labels": {ROUTING_LABEL: ""}});
        }
        spec
    }
}

pub fn rule(host: &str) -> Value {
    let service = json!({"service": {"name": "app", "port": {"number": 80}}});
    json!({"host": host, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": service}]}})
}

pub fn listener(host: &str, secret: &str) -> Value {
    json!({"name": format!("tls-{host}"), "hostname": host, "port": 443, "protocol": "HTTPS",
        "tls": {"mode": "Terminate", "certificateRefs": [{"group": "", "kind": "Secret", "name": secret}]}})
}

impl Edit {
    /// Changes an object of one world. Who edits has seen that of the world with the policy.
    pub fn apply(self, object: &mut Value, seen: &Value) {
        match self {
            Edit::Annotate(name, value) => set_annotation(object, name, value),
            Edit::UseSecret(host, secret) => use_secret(object, host, secret),
            // A Certificate has one Secret for all names.
            Edit::AddHost(host, _) if object["kind"] == "Certificate" => {
                let secret = object["spec"]["secretName"].as_str().unwrap().to_owned();
                use_secret(object, host, &secret);
            }
            Edit::AddHost(host, beside) => {
                if let Some(secret) = secret_of(seen, beside) {
                    use_secret(object, host, &secret);
                }
            }
            Edit::DropHost(host) => drop_host(object, host),
        }
    }
}

pub fn set_annotation(object: &mut Value, name: &str, value: Option<&str>) {
    let metadata = object["metadata"].as_object_mut().unwrap();
    let annotations = metadata.entry("annotations").or_insert_with(|| json!({}));
    let annotations = annotations.as_object_mut().unwrap();
    match value {
        Some(value) => drop(annotations.insert(name.to_owned(), json!(value))),
        None => drop(annotations.remove(name)),
    }
    if annotations.is_empty() {
        metadata.remove("annotations");
    }
}

/// The Secret that an object names for a host.
pub fn secret_of(object: &Value, host: &str) -> Option<String> {
    secrets_by_host(object).remove(host)
}

/// The Secret that an object names for each host; empty where it names none.
pub fn secrets_by_host(object: &Value) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let spec = &object["spec"];
    let items = |list: &Value| list.as_array().cloned().unwrap_or_default();
    let mut secrets = BTreeMap::new();
    for rule in items(&spec["rules"]) {
        secrets.insert(text(&rule["host"]), String::new());
    }
    for entry in items(&spec["tls"]).iter().rev() {
        for host in items(&entry["hosts"]) {
            secrets.insert(text(&host), text(&entry["secretName"]));
        }
    }
    for listener in items(&spec["listeners"]) {
        let secret = &listener["tls"]["certificateRefs"][0]["name"];
        secrets.insert(text(&listener["hostname"]), text(secret));
    }
    for name in items(&spec["dnsNames"]) {
        secrets.insert(text(&name), text(&spec["secretName"]));
    }
    secrets
}

fn use_secret(object: &mut Value, host: &str, secret: &str) {
    if secret_of(object, host).as_deref() == Some(secret) {
        return;
    }
    let kind = object["kind"].clone();
    let spec = object["spec"].as_object_mut().unwrap();
    let mut list =
        |name: &str| spec.remove(name).map_or_else(Vec::new, |list| list.as_array().unwrap().clone());
    if kind == "Ingress" {
        let (mut rules, mut tls) = (list("rules"), list("tls"));
        if !rules.iter().any(|rule| rule["host"] == host) {
            rules.push(rule(host));
        }
        without_host(&mut tls, host);
        match tls.iter_mut().find(|entry| entry["secretName"] == secret && entry["hosts"].is_array()) {
            Some(entry) => entry["hosts"].as_array_mut().unwrap().push(json!(host)),
            None => tls.push(json!({"hosts": [host], "secretName": secret})),
        }
        spec.insert("rules".to_owned(), json!(rules));
        spec.insert("tls".to_owned(), json!(tls));
    } else if kind == "Gateway" {
        let mut listeners = list("listeners");
        match listeners
            .iter_mut()
            .find(|listener| listener["hostname"] == host && listener["protocol"] == "HTTPS")
        {
            Some(found) => found["tls"]["certificateRefs"][0]["name"] = json!(secret),
            None => listeners.push(listener(host, secret)),
        }
        spec.insert("listeners".to_owned(), json!(listeners));
    } else {
        let mut names = list("dnsNames");
        if !names.contains(&json!(host)) {
            names.push(json!(host));
        }
        spec.insert("dnsNames".to_owned(), json!(names));
        spec.insert("secretName".to_owned(), json!(secret));
    }
}

/// Takes a host out of TLS entries; one of which none is left goes.
fn without_host(tls: &mut Vec<Value>, host: &str) {
    tls.retain_mut(|entry| match entry["hosts"].as_array_mut() {
        Some(hosts) => {
            hosts.retain(|name| name != host);
            !hosts.is_empty()
        }
        None => true,
    });
}

fn drop_host(object: &mut Value, host: &str) {
    let spec = object["spec"].as_object_mut().unwrap();
    let mut change = |field: &str, change: &dyn Fn(&mut Vec<Value>)| {
        if let Some(list) = spec.get_mut(field).and_then(Value::as_array_mut) {
            change(list);
            if list.is_empty() {
                spec.remove(field);
            }
        }
    };
    change("rules", &|rules| rules.retain(|rule| rule["host"] != host));
    change("tls", &|tls| without_host(tls, host));
    change("listeners", &|listeners| listeners.retain(|listener| listener["hostname"] != host));
    change("dnsNames", &|names| names.retain(|name| name != host));
}
