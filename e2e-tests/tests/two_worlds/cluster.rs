//! A small cluster: what an API server stores, what cert-manager makes of it, and what is served. With the policy in
//! front of its writes, or without.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::LazyLock,
};

use e2e_tests::{Cluster, Policy, request_from};
use serde_json::{Value, json};

use crate::{steps::secret_of, writers::Write};

pub const NAMESPACE: &str = "workspace";
pub const CLUSTER_ISSUER: &str = "cert-manager.io/cluster-issuer";
pub const ISSUER: &str = "cert-manager.io/issuer";
const IGNORED_LISTENERS: &str = "cert-manager.io/ignore-tls-listeners";
const ISSUER_NAME: &str = "cert-manager.io/issuer-name";
const ISSUER_KIND: &str = "cert-manager.io/issuer-kind";
pub const CERTIFICATE_NAME: &str = "cert-manager.io/certificate-name";
pub const ROUTING_LABEL: &str = "epinio.io/routing";
const INDEX: &str = "routing-secrets-policy/index";
const SKIP: &str = "routing-secrets-policy/skip";

/// The issuers of the cluster, by kind and name. The last one is what `deploy/certificates` brings.
const ISSUERS: [(&str, &str); 3] = [
    ("ClusterIssuer", "letsencrypt"),
    ("Issuer", "local-ca"),
    ("ClusterIssuer", "covered-by-routing-secret"),
];

static POLICY: LazyLock<Policy> = LazyLock::new(|| {
    let wasm = Path::new(env!("CARGO_MANIFEST_DIR")).join("../policy.wasm");
    Policy::load(&wasm).expect("`make policy.wasm` builds it, `make test` does so first")
});

/// Kind and name.
pub type Key = (String, String);

/// A write that the policy refused, and why.
pub type Denied = String;

#[derive(Clone, Debug, Default)]
pub struct World {
    objects: BTreeMap<Key, Value>,
    /// The settings of the policy, where there is one.
    pub policy: Option<Value>,
    /// The Secrets made by hand and the routing secrets of others that a Certificate wrote into.
    pub overwritten: BTreeSet<String>,
    /// How many objects were made; the UID of the next one, so that a smaller one is older.
    made: usize,
}

/// What a Secret holds, as far as anybody here asks.
#[derive(Clone, Debug, PartialEq)]
pub struct Leaf {
    pub names: Vec<String>,
    /// Neither expired nor self-signed by a parked Certificate.
    pub is_trusted: bool,
}

/// What a client gets who asks for a host.
#[derive(Clone, Debug, PartialEq)]
pub enum Served {
    /// The certificate of this Secret, which is valid for the host; and the object that names it for the host, if the
    /// controller does not just try all that it has.
    By { secret: String, named_in: Option<Key> },
    /// HTTP, without being sent to HTTPS.
    Plain,
    /// The controller's default certificate, and no HTTP either.
    Broken,
}

pub fn key_of(object: &Value) -> Key {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&object["kind"]), text(&object["metadata"]["name"]))
}

/// The items of a list, none where there is no list.
pub fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

pub fn annotation<'a>(object: &'a Value, name: &str) -> Option<&'a str> {
    object["metadata"]["annotations"].get(name)?.as_str()
}

/// The API server.
impl World {
    pub fn get(&self, kind: &str, name: &str) -> Option<&Value> {
        self.objects.get(&(kind.to_owned(), name.to_owned()))
    }

    /// All objects of a kind, the oldest first.
    pub fn all<'a>(&'a self, kind: &'a str) -> Vec<&'a Value> {
        let objects = self.objects.iter();
        let mut objects: Vec<_> =
            objects.filter(|((of, _), _)| of == kind).map(|(_, object)| object).collect();
        objects.sort_by_key(|object| age(object));
        objects
    }

    /// Copies of all objects of these kinds.
    fn all_owned(&self, kinds: &[&str]) -> Vec<Value> {
        kinds.iter().flat_map(|kind| self.all(kind)).cloned().collect()
    }

    /// Stores what is written, as the policy wants it.
    ///
    /// # Errors
    ///
    /// The policy refuses it.
    pub fn write(&mut self, write: Write) -> Result<(), Denied> {
        let key = key_of(&write.object);
        let live = self.objects.get(&key).cloned();
        let mut object = write.object;
        object["metadata"]["namespace"] = json!(NAMESPACE);
        object["metadata"]["uid"] = match &live {
            Some(live) => live["metadata"]["uid"].clone(),
            None => json!(format!("{:04}", self.made)),
        };
        // Only writes to the subresource change it.
        match live.as_ref().and_then(|live| live.get("status")) {
            Some(status) => object["status"] = status.clone(),
            None => drop(object.as_object_mut().unwrap().remove("status")),
        }
        let admitted = self.admit(&object, live.as_ref(), write.manager)?;
        self.made += usize::from(live.is_none());
        self.objects.insert(key, admitted);
        Ok(())
    }

    /// What the policy makes of an object.
    ///
    /// # Errors
    ///
    /// The policy refuses it.
    pub fn admit(&self, object: &Value, live: Option<&Value>, manager: &str) -> Result<Value, Denied> {
        let Some(settings) = &self.policy else {
            return Ok(object.clone());
        };
        let mut request = request_from(object.clone()).unwrap();
        request["options"]["fieldManager"] = json!(manager);
        if let Some(live) = live {
            request["operation"] = json!("UPDATE");
            request["oldObject"] = live.clone();
            request["options"]["kind"] = json!("UpdateOptions");
        }
        let cluster = Cluster::new(self.objects.values().cloned().collect()).with_seed(1);
        let evaluation = POLICY.validate(&request, settings, &cluster).unwrap();
        let response = evaluation.response;
        match response.accepted {
            true => Ok(response.mutated_object.unwrap_or_else(|| object.clone())),
            false => Err(response.message.unwrap_or_default()),
        }
    }

    /// Deletes an object, and the Certificates that cert-manager made for it.
    pub fn delete(&mut self, kind: &str, name: &str) {
        if let Some(deleted) = self.objects.remove(&(kind.to_owned(), name.to_owned())) {
            self.objects.retain(|_, object| !is_controlled_by(object, &deleted));
        }
    }
}

fn age(object: &Value) -> String {
    object["metadata"]["uid"].as_str().unwrap_or_default().to_owned()
}

fn controller(object: &Value) -> Option<&Value> {
    items(&object["metadata"]["ownerReferences"]).find(|owner| owner["controller"] == true)
}

/// Secrets. They are stored without the policy's judgement, with the index that it would stamp.
impl World {
    /// `kubectl create secret tls`, or its renewal.
    pub fn put_secret(&mut self, name: &str, leaf: &Leaf, annotations: Value, is_routing: bool) {
        let labels = is_routing.then(|| (ROUTING_LABEL.to_owned(), json!("")));
        let labels = Value::Object(labels.into_iter().collect());
        self.store_secret(name, leaf, annotations, labels);
    }

    fn store_secret(&mut self, name: &str, leaf: &Leaf, annotations: Value, labels: Value) {
        let Leaf { names, is_trusted } = leaf;
        let mut object = json!({
            "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls",
            "metadata": {"name": name, "namespace": NAMESPACE, "annotations": annotations, "labels": labels},
            "data": {"names": names, "isTrusted": is_trusted},
        });
        if labels.get(ROUTING_LABEL).is_some() {
            let until = if *is_trusted { 4_000_000_000_u64 } else { 1 };
            let index = format!("v1 issued 0 {until} {}", names.join(" "));
            object["metadata"]["annotations"][INDEX] = json!(index);
        }
        self.objects.insert(key_of(&object), object);
    }

    pub fn leaf(&self, secret: &str) -> Option<Leaf> {
        let data = &self.get("Secret", secret)?["data"];
        let names = items(&data["names"]).map(|name| name.as_str().unwrap().to_owned());
        Some(Leaf { names: names.collect(), is_trusted: data["isTrusted"] == true })
    }

    pub fn is_routing(&self, secret: &str) -> bool {
        self.get("Secret", secret).is_some_and(is_routing_secret)
    }

    /// Retires a routing secret: nothing new chooses it.
    pub fn retire_secret(&mut self, name: &str) {
        if let Some(secret) = self.objects.get_mut(&("Secret".to_owned(), name.to_owned())) {
            secret["metadata"]["annotations"][SKIP] = json!("true");
        }
    }
}

pub fn is_routing_secret(secret: &Value) -> bool {
    secret["metadata"]["labels"].get(ROUTING_LABEL).is_some()
}

/// cert-manager.
impl World {
    /// Lets the controllers work until there is nothing left to do.
    pub fn settle(&mut self) {
        for _ in 0..8 {
            let before = self.objects.clone();
            for owner in self.all_owned(&["Ingress", "Gateway"]) {
                self.shim(&owner);
            }
            for certificate in self.all_owned(&["Certificate"]) {
                self.issue(&certificate);
            }
            if self.objects == before {
                return;
            }
        }
    }

    /// The Certificates of an Ingress or Gateway (`pkg/controller/certificate-shim/sync.go`, `SyncFnFor`).
    fn shim(&mut self, owner: &Value) {
        let Some(wanted) = wanted_certificates(owner) else {
            return;
        };
        let mut is_blocked = false;
        let mut updates: Vec<Write> = Vec::new();
        for certificate in wanted.values() {
            match self.get("Certificate", certificate["metadata"]["name"].as_str().unwrap()) {
                None => {
                    is_blocked |=
                        self.write(Write::update(certificate.clone(), None, "cert-manager")).is_err();
                }
                Some(live) if is_controlled_by(live, owner) => {
                    let mut updated = live.clone();
                    for field in ["secretName", "dnsNames", "issuerRef"] {
                        updated["spec"][field] = certificate["spec"][field].clone();
                    }
                    if &updated != live {
                        updates.push(Write::update(updated, Some(live), "cert-manager"));
                    }
                }
                // "refusing to update non-owned certificate resource"
                Some(_) => {}
            }
        }
        // A create that fails is tried again for ever, and what comes after it is not reached.
        if is_blocked {
            return;
        }
        for update in updates {
            if self.write(update).is_err() {
                return;
            }
        }
        let named = named_secrets(owner);
        let obsolete: Vec<_> = self
            .all("Certificate")
            .into_iter()
            .filter(|live| is_controlled_by(live, owner) && !named.contains(&live["spec"]["secretName"]))
            .map(key_of)
            .collect();
        for (kind, name) in obsolete {
            self.delete(&kind, &name);
        }
    }

    /// Writes the Secret of a Certificate, if there is an issuer for it and the Secret is not yet what it asks for
    /// (`internal/controller/certificates/policies`, `NewTriggerPolicyChain`).
    fn issue(&mut self, certificate: &Value) {
        let spec = &certificate["spec"];
        let [kind, issuer] = ["kind", "name"].map(|field| spec["issuerRef"][field].as_str().unwrap());
        let name = certificate["metadata"]["name"].as_str().unwrap();
        let secret = spec["secretName"].as_str().unwrap_or_default();
        let has_issuer = ISSUERS.contains(&(kind, issuer));
        if !has_issuer || secret.is_empty() || !self.owns_secret(certificate) {
            return;
        }
        let live = self.get("Secret", secret);
        let made_for = live.and_then(|live| annotation(live, CERTIFICATE_NAME));
        if self.is_current(certificate, secret) && made_for.is_none_or(|made_for| made_for == name) {
            return;
        }
        let leaf = Leaf { names: dns_names(certificate), is_trusted: issuer != "covered-by-routing-secret" };
        // Labels of others survive the server-side apply.
        let mut labels = live.map_or_else(|| json!({}), |live| live["metadata"]["labels"].clone());
        if let Some(template) = spec["secretTemplate"]["labels"].as_object() {
            labels.as_object_mut().unwrap().extend(template.clone());
        }
        let is_by_hand = live.is_some() && made_for.is_none();
        if is_by_hand || self.is_routing(secret) && made_for != Some(name) {
            self.overwritten.insert(secret.to_owned());
        }
        let annotations = json!({CERTIFICATE_NAME: name, ISSUER_NAME: issuer, ISSUER_KIND: kind});
        self.store_secret(secret, &leaf, annotations, labels);
        let key = key_of(certificate);
        self.objects.get_mut(&key).unwrap()["status"]["revision"] = json!(1);
    }

    /// Of the Certificates that name one Secret, only that for which it was made writes it, or else the oldest
    /// (`internal/controller/certificates/certificates.go`, `CertificateOwnsSecret`).
    fn owns_secret(&self, certificate: &Value) -> bool {
        let secret = certificate["spec"]["secretName"].as_str().unwrap_or_default();
        let rivals = self.certificates_for(secret);
        let made_for = self.get("Secret", secret).and_then(|secret| annotation(secret, CERTIFICATE_NAME));
        let owner =
            rivals.iter().find(|rival| rival["metadata"]["name"].as_str() == made_for).or(rivals.first());
        owner.is_none_or(|owner| key_of(owner) == key_of(certificate))
    }

    /// The Certificates that name a Secret, the oldest first.
    pub fn certificates_for(&self, secret: &str) -> Vec<&Value> {
        let certificates = self.all("Certificate").into_iter();
        certificates.filter(|certificate| certificate["spec"]["secretName"] == secret).collect()
    }

    /// The objects for which cert-manager made a Certificate for a Secret.
    pub fn owners_of_orders(&self, secret: &str) -> Vec<Key> {
        let certificates = self.certificates_for(secret).into_iter();
        let owners = certificates.filter_map(controller);
        owners
            .map(|owner| {
                [&owner["kind"], &owner["name"]].map(|text| text.as_str().unwrap().to_owned()).into()
            })
            .collect()
    }

    /// Whether cert-manager is to make a Certificate for this Secret and object.
    pub fn is_ordered_by(&self, secret: &str, object: &Key) -> bool {
        self.orders_of(object).contains_key(secret)
    }

    pub fn orders_into_routing_secret(&self, object: &Key) -> bool {
        self.orders_of(object).keys().any(|secret| self.is_routing(secret))
    }

    fn orders_of(&self, (kind, name): &Key) -> BTreeMap<String, Value> {
        self.get(kind, name).and_then(wanted_certificates).unwrap_or_default()
    }

    /// Whether a Secret is just what cert-manager is asked now, rather than was once, and nothing else.
    pub fn is_as_ordered(&self, secret: &str) -> bool {
        let owners = self.all_owned(&["Ingress", "Gateway"]).into_iter();
        let by_shim = owners.filter_map(|owner| wanted_certificates(&owner)?.remove(secret));
        let by_author = self.certificates_for(secret).into_iter();
        let by_author = by_author.filter(|certificate| controller(certificate).is_none()).cloned();
        let mut orders = by_shim.chain(by_author).peekable();
        orders.peek().is_some() && orders.all(|certificate| self.is_current(&certificate, secret))
    }

    /// Whether a Secret has the names and the issuer that a Certificate asks for. One that says nothing of an issuer may
    /// be of an Issuer (`pkg/api/util/issuers.go`, `SecretIssuerAnnotationsMatch`).
    fn is_current(&self, certificate: &Value, secret: &str) -> bool {
        let (Some(live), Some(leaf)) = (self.get("Secret", secret), self.leaf(secret)) else {
            return false;
        };
        let issuer = &certificate["spec"]["issuerRef"];
        let kind = annotation(live, ISSUER_KIND).unwrap_or("Issuer");
        let name = annotation(live, ISSUER_NAME);
        let is_issuer = issuer["kind"] == kind && name.is_none_or(|name| issuer["name"] == name);
        is_issuer && leaf.names.iter().collect::<BTreeSet<_>>() == dns_names(certificate).iter().collect()
    }
}

fn dns_names(certificate: &Value) -> Vec<String> {
    let names = items(&certificate["spec"]["dnsNames"]);
    names.map(|name| name.as_str().unwrap().to_owned()).collect()
}

fn is_controlled_by(object: &Value, owner: &Value) -> bool {
    controller(object).is_some_and(|controller| controller["uid"] == owner["metadata"]["uid"])
}

/// The Certificates that cert-manager makes for an object, by Secret; `None` where it does not look at it at all.
fn wanted_certificates(owner: &Value) -> Option<BTreeMap<String, Value>> {
    let issuers = [("ClusterIssuer", CLUSTER_ISSUER), ("Issuer", ISSUER)];
    let issuers = issuers.map(|(kind, trigger)| Some((kind, annotation(owner, trigger)?)));
    let (kind, issuer) = match issuers {
        [Some(issuer), None] | [None, Some(issuer)] => issuer,
        // "both \"cert-manager.io/issuer\" and \"cert-manager.io/cluster-issuer\" may not be set"
        [Some(_), Some(_)] | [None, None] => return None,
    };
    let hosts = match owner["kind"].as_str() {
        Some("Ingress") => hosts_of_entries(owner)?,
        _ => hosts_of_listeners(owner),
    };
    let certificate = |(secret, hosts): (String, Vec<Value>)| {
        let reference = json!({"apiVersion": owner["apiVersion"], "kind": owner["kind"], "controller": true,
            "name": owner["metadata"]["name"], "uid": owner["metadata"]["uid"], "blockOwnerDeletion": true});
        let certificate = json!({
            "apiVersion": "cert-manager.io/v1", "kind": "Certificate",
            "metadata": {"name": secret, "ownerReferences": [reference]},
            "spec": {"secretName": secret, "dnsNames": hosts, "usages": ["digital signature", "key encipherment"],
                "issuerRef": {"group": "cert-manager.io", "kind": kind, "name": issuer}},
        });
        (secret, certificate)
    };
    Some(hosts.into_iter().map(certificate).collect())
}

/// The Secrets in the entries of an Ingress, or in the listeners of a Gateway, ignored ones too.
fn named_secrets(owner: &Value) -> Vec<Value> {
    let entries = items(&owner["spec"]["tls"]).map(|entry| &entry["secretName"]);
    let listeners = items(&owner["spec"]["listeners"]);
    let references = listeners.flat_map(|listener| items(&listener["tls"]["certificateRefs"]));
    entries.chain(references.map(|reference| &reference["name"])).cloned().collect()
}

/// One Certificate an entry. `None` for an Ingress with a Secret in two entries, which is skipped as a whole.
fn hosts_of_entries(ingress: &Value) -> Option<BTreeMap<String, Vec<Value>>> {
    let mut secrets = BTreeSet::new();
    let mut hosts = BTreeMap::new();
    for entry in items(&ingress["spec"]["tls"]) {
        if !secrets.insert(entry["secretName"].to_string()) {
            return None;
        }
        if let (Some(secret), Some(names)) = (entry["secretName"].as_str(), entry["hosts"].as_array()) {
            hosts.insert(secret.to_owned(), names.clone());
        }
    }
    Some(hosts)
}

/// One Certificate a Secret, for the hosts of all listeners that name it and are not ignored.
fn hosts_of_listeners(gateway: &Value) -> BTreeMap<String, Vec<Value>> {
    let ignored = annotation(gateway, IGNORED_LISTENERS).unwrap_or_default();
    let ignored: Vec<_> = ignored.split(',').map(str::trim).collect();
    let mut hosts: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for listener in items(&gateway["spec"]["listeners"]) {
        let is_ignored = ignored.contains(&listener["name"].as_str().unwrap());
        let secret = listener["tls"]["certificateRefs"][0]["name"].as_str();
        if let (false, Some(secret)) = (is_ignored, secret) {
            let hosts = hosts.entry(secret.to_owned()).or_default();
            hosts.push(listener["hostname"].clone());
        }
    }
    hosts
}

/// The controllers that serve.
impl World {
    /// What ingress-nginx serves: the oldest Ingress with TLS entries decides for a host of its rules
    /// (`internal/ingress/controller/controller.go`, `createServers`).
    pub fn served_by_nginx(&self, host: &str) -> Served {
        let deciding = self.ingresses().into_iter().find(|ingress| {
            let has_entries = items(&ingress["spec"]["tls"]).next().is_some();
            has_entries && names_served(ingress).contains_key(host)
        });
        let Some(ingress) = deciding else {
            return Served::Plain;
        };
        // An alias is served with the certificate of its host.
        let server = names_served(ingress)[host];
        let entries = || items(&ingress["spec"]["tls"]);
        let named = entries().find(|entry| items(&entry["hosts"]).any(|name| name == server));
        let secret = match named {
            Some(entry) => entry["secretName"].as_str(),
            None => entries()
                .filter_map(|entry| entry["secretName"].as_str())
                .find(|secret| self.is_valid_for(secret, server)),
        };
        match secret {
            Some(secret) if self.is_valid_for(secret, host) => {
                Served::By { secret: secret.to_owned(), named_in: named.map(|_| key_of(ingress)) }
            }
            _ => Served::Broken,
        }
    }

    /// What Traefik serves: any certificate that it has loaded. It loads the entries of an Ingress one by one, and stops
    /// at the first whose Secret is missing (`pkg/provider/kubernetes/ingress/kubernetes.go`, `getCertificates`).
    pub fn served_by_traefik(&self, host: &str) -> Served {
        let loaded = self.ingresses().into_iter().flat_map(|ingress| {
            items(&ingress["spec"]["tls"])
                .map(|entry| entry["secretName"].as_str().unwrap_or_default())
                .take_while(|secret| self.get("Secret", secret).is_some())
                .map(move |secret| (ingress, secret))
                .collect::<Vec<_>>()
        });
        let valid: Vec<_> = loaded.filter(|(_, secret)| self.is_valid_for(secret, host)).collect();
        let named =
            valid.iter().find(|(ingress, secret)| secret_of(ingress, host).as_deref() == Some(secret));
        match named.or(valid.first()) {
            Some((_, secret)) => Served::By {
                secret: (*secret).to_owned(),
                named_in: named.map(|(ingress, _)| key_of(ingress)),
            },
            None => Served::Plain,
        }
    }

    /// What the listeners of Gateways serve.
    pub fn served_by_gateway(&self, host: &str) -> Served {
        let gateways = self.all("Gateway").into_iter();
        let found = gateways
            .flat_map(|gateway| items(&gateway["spec"]["listeners"]).map(move |listener| (gateway, listener)))
            .find(|(_, listener)| listener["hostname"] == host);
        let Some((gateway, listener)) = found else {
            return Served::Plain;
        };
        match listener["tls"]["certificateRefs"][0]["name"].as_str() {
            Some(secret) if self.is_valid_for(secret, host) => {
                Served::By { secret: secret.to_owned(), named_in: Some(key_of(gateway)) }
            }
            Some(_) => Served::Broken,
            None => Served::Plain,
        }
    }

    /// Those of the controller's class.
    fn ingresses(&self) -> Vec<&Value> {
        let mut ingresses = self.all("Ingress");
        ingresses.retain(|ingress| ingress["spec"].get("ingressClassName").is_none());
        ingresses
    }

    fn is_valid_for(&self, secret: &str, host: &str) -> bool {
        self.leaf(secret)
            .is_some_and(|leaf| leaf.is_trusted && leaf.names.iter().any(|name| name_covers(name, host)))
    }
}

/// The names that are served for an Ingress or a Gateway, each with the host whose certificate ingress-nginx takes.
pub fn names_served(ingress: &Value) -> BTreeMap<String, &str> {
    let is_true = |name: &str| annotation(ingress, name) == Some("true");
    let mut names = BTreeMap::new();
    for rule in items(&ingress["spec"]["rules"]) {
        let Some(host) = rule["host"].as_str() else {
            continue;
        };
        if is_true("nginx.ingress.kubernetes.io/from-to-www-redirect") {
            let alias = match host.strip_prefix("www.") {
                Some(bare) => bare.to_owned(),
                None => format!("www.{host}"),
            };
            names.insert(alias, host);
        }
        if let Some(alias) = annotation(ingress, "nginx.ingress.kubernetes.io/server-alias") {
            names.insert(alias.to_owned(), host);
        }
    }
    let listeners = items(&ingress["spec"]["listeners"]).map(|listener| &listener["hostname"]);
    let rules = items(&ingress["spec"]["rules"]).map(|rule| &rule["host"]);
    for host in rules.chain(listeners).filter_map(Value::as_str) {
        names.insert(host.to_owned(), host);
    }
    names
}

/// RFC 9525: a wildcard stands for one label.
fn name_covers(name: &str, host: &str) -> bool {
    name == host
        || name
            .strip_prefix("*.")
            .is_some_and(|rest| host.split_once('.').is_some_and(|(_, domain)| domain == rest))
}
