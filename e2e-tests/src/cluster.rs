//! A cluster made of manifests: it answers the guest's look-ups the way Kubewarden's host does.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::{Result, bail};
use serde_json::{Map, Value, json};

use crate::look_up::{Get, List, LookUp};
use crate::selectors::{FieldSelector, LabelSelector};
use crate::{HostCall, Session, field_mask, manifests};

/// The objects that look-ups can find, and how look-ups are answered.
#[derive(Clone, Debug)]
pub struct Cluster {
    objects: Arc<Vec<Value>>,
    conduct: Conduct,
    /// Kinds of which every look-up fails, and with which text.
    failures: Vec<(String, String)>,
    seed: Option<u64>,
}

#[derive(Clone, Debug)]
enum Conduct {
    Answer,
    Refuse(String),
    AnswerRaw(Vec<u8>),
    Replay(Arc<Session>),
}

/// What one evaluation keeps between its look-ups.
pub(crate) struct Progress {
    /// The source of disorder for lists.
    disorder: fastrand::Rng,
    /// How many look-ups were answered from a session.
    replayed: usize,
}

impl Cluster {
    /// A cluster of these objects. As `kubectl apply` would, it puts those without a namespace into `default`.
    pub fn new(mut objects: Vec<Value>) -> Self {
        objects.iter_mut().for_each(manifests::default_namespace);
        Self { objects: Arc::new(objects), conduct: Conduct::Answer, failures: Vec::new(), seed: None }
    }

    /// Every look-up fails with this text, as one does without RBAC or without an entry in `contextAwareResources`.
    #[must_use]
    pub fn refusing(self, cause: impl Into<String>) -> Self {
        Self { conduct: Conduct::Refuse(cause.into()), ..self }
    }

    /// Every look-up of one kind fails with this text, as one does of a kind that the cluster does not have.
    #[must_use]
    pub fn failing(mut self, kind: impl Into<String>, cause: impl Into<String>) -> Self {
        self.failures.push((kind.into(), cause.into()));
        self
    }

    /// Every look-up is answered with these bytes, whatever they are.
    #[must_use]
    pub fn answering(self, raw: impl Into<Vec<u8>>) -> Self {
        Self { conduct: Conduct::AnswerRaw(raw.into()), ..self }
    }

    /// A cluster that is known only from a recorded session: an evaluation that does not make the recorded look-ups, all
    /// of them in their order, fails.
    pub fn replaying(session: Session) -> Self {
        Self { conduct: Conduct::Replay(Arc::new(session)), ..Self::new(Vec::new()) }
    }

    /// Makes the random order of lists the same in every evaluation.
    #[must_use]
    pub fn with_seed(self, seed: u64) -> Self {
        Self { seed: Some(seed), ..self }
    }

    /// The answer to one look-up, for a host other than [`Policy`](crate::Policy).
    ///
    /// # Errors
    ///
    /// There is no such object or operation, or this cluster refuses look-ups.
    pub fn answer_to(&self, operation: &str, payload: &[u8]) -> Result<Vec<u8>> {
        self.look_up(operation, payload, &mut self.begin())
    }

    /// The state of an evaluation that has made no look-up yet.
    pub(crate) fn begin(&self) -> Progress {
        Progress {
            disorder: self.seed.map_or_else(fastrand::Rng::new, fastrand::Rng::with_seed),
            replayed: 0,
        }
    }

    /// Answers a call to the guest's `kubernetes` namespace.
    pub(crate) fn look_up(
        &self,
        operation: &str,
        payload: &[u8],
        progress: &mut Progress,
    ) -> Result<Vec<u8>> {
        match &self.conduct {
            Conduct::Answer => {
                let look_up = LookUp::parse(operation, payload)?;
                let mut failures = self.failures.iter();
                if let Some((_, cause)) = failures.find(|(kind, _)| kind == look_up.kind()) {
                    bail!("{cause}");
                }
                let answer = match look_up {
                    LookUp::ListInNamespace(request) | LookUp::ListAll(request) => {
                        self.list(&request, &mut progress.disorder)?
                    }
                    // There is no cache here, so `disable_cache` makes no difference.
                    LookUp::Get(request) => self.get(&request)?,
                };
                Ok(serde_json::to_vec(&answer)?)
            }
            Conduct::Refuse(cause) => bail!("{cause}"),
            Conduct::AnswerRaw(raw) => Ok(raw.clone()),
            Conduct::Replay(session) => {
                let position = progress.replayed;
                progress.replayed += 1;
                session.answer(position, &LookUp::parse(operation, payload)?)
            }
        }
    }

    /// Whether an evaluation made the calls that it had to; only a replay asks for certain ones.
    pub(crate) fn check(&self, calls: &[HostCall]) -> Result<()> {
        match &self.conduct {
            Conduct::Replay(session) => session.check(calls),
            _ => Ok(()),
        }
    }

    /// Policy-server lists from a watch: in no order, and without what would only fill its memory.
    fn list(&self, request: &List, disorder: &mut fastrand::Rng) -> Result<Value> {
        let labels: LabelSelector = request.label_selector.as_deref().unwrap_or_default().parse()?;
        let fields =
            FieldSelector::parse(request.field_selector.as_deref().unwrap_or_default(), &request.kind)?;
        let mut items: Vec<Value> = self
            .of_kind(&request.api_version, &request.kind)
            .filter(|object| request.namespace.is_none() || namespace(object) == request.namespace.as_deref())
            .filter(|object| labels.matches(object) && fields.matches(object))
            .map(|object| as_listed(object, request.field_masks.as_ref()))
            .collect();
        disorder.shuffle(&mut items);
        Ok(json!({
            "apiVersion": request.api_version,
            "kind": format!("{}List", request.kind),
            "metadata": {},
            "items": items,
        }))
    }

    fn get(&self, request: &Get) -> Result<Value> {
        let Get { api_version, kind, name, .. } = request;
        let found = self.of_kind(api_version, kind).find(|object| {
            namespace(object) == request.namespace.as_deref()
                && object.pointer("/metadata/name").and_then(Value::as_str) == Some(name)
        });
        let Some(object) = found else {
            let place =
                request.namespace.as_ref().map_or_else(String::new, |name| format!(" in namespace {name:?}"));
            bail!("cannot find {api_version}/{kind} named {name:?}{place}");
        };
        let mut object = object.clone();
        if let Some(masks) = &request.field_masks {
            field_mask::apply(masks, &mut object);
        }
        Ok(object)
    }

    fn of_kind(&self, api_version: &str, kind: &str) -> impl Iterator<Item = &Value> {
        self.objects.iter().filter(move |object| {
            object.get("apiVersion").and_then(Value::as_str) == Some(api_version)
                && object.get("kind").and_then(Value::as_str) == Some(kind)
        })
    }
}

fn namespace(object: &Value) -> Option<&str> {
    object.pointer("/metadata/namespace").and_then(Value::as_str)
}

/// An object as an item of a list: the API server leaves out its type, the host's watch drops bulky metadata.
fn as_listed(object: &Value, masks: Option<&BTreeSet<String>>) -> Value {
    let mut item = object.clone();
    if let Some(fields) = item.as_object_mut() {
        fields.remove("apiVersion");
        fields.remove("kind");
    }
    if let Some(metadata) = item.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
        let annotations = metadata.get_mut("annotations").and_then(Value::as_object_mut);
        annotations.map(|annotations: &mut Map<_, _>| {
            annotations.remove("kubectl.kubernetes.io/last-applied-configuration")
        });
    }
    if let Some(masks) = masks {
        field_mask::apply(masks, &mut item);
    }
    item
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look_up(cluster: &Cluster, operation: &str, payload: Value) -> Result<Value> {
        let answer = cluster.look_up(operation, payload.to_string().as_bytes(), &mut cluster.begin())?;
        Ok(serde_json::from_slice(&answer)?)
    }

    fn secret(name: &str, namespace: &str) -> Value {
        json!({"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls", "data": {"tls.crt": "eA=="},
            "metadata": {"name": name, "namespace": namespace, "labels": {"routing": "true"}}})
    }

    fn names(list: &Value) -> Vec<&str> {
        list["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["metadata"]["name"].as_str().unwrap())
            .collect()
    }

    fn list_in(namespace: &str) -> Value {
        json!({"api_version": "v1", "kind": "Secret", "namespace": namespace, "label_selector": "routing",
            "field_selector": "type=kubernetes.io/tls", "field_masks": null})
    }

    fn hundred() -> Cluster {
        Cluster::new((0..100).map(|number| secret(&format!("s{number:02}"), "n")).collect())
    }

    #[test]
    fn lists_what_is_asked_for() {
        let mut unlabelled = secret("unlabelled", "n");
        unlabelled["metadata"]["labels"] = json!({});
        let mut opaque = secret("opaque", "n");
        opaque["type"] = json!("Opaque");
        let config_map =
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "n"}});
        let cluster =
            Cluster::new(vec![secret("a", "n"), secret("b", "other"), unlabelled, opaque, config_map]);

        let list = look_up(&cluster, "list_resources_by_namespace", list_in("n")).unwrap();
        assert_eq!((&list["apiVersion"], &list["kind"]), (&json!("v1"), &json!("SecretList")));
        assert_eq!(names(&list), ["a"]);

        let everywhere = json!({"api_version": "v1", "kind": "Secret", "label_selector": "routing",
            "field_selector": "metadata.name!=opaque", "field_masks": ["type"]});
        let list = look_up(&cluster.with_seed(1), "list_resources_all", everywhere).unwrap();
        let mut found = names(&list);
        found.sort_unstable();
        assert_eq!(found, ["a", "b"]);
        assert!(list["items"][0].get("data").is_none());
    }

    #[test]
    fn listed_items_are_stripped_and_got_ones_are_not() {
        let mut object = secret("a", "n");
        object["metadata"]["managedFields"] = json!([{}]);
        object["metadata"]["annotations"] =
            json!({"kubectl.kubernetes.io/last-applied-configuration": "{}", "kept": "yes"});
        let cluster = Cluster::new(vec![object.clone()]);

        let list = look_up(&cluster, "list_resources_by_namespace", list_in("n")).unwrap();
        let expected = json!({"type": "kubernetes.io/tls", "data": {"tls.crt": "eA=="}, "metadata": {"name": "a",
            "namespace": "n", "labels": {"routing": "true"}, "annotations": {"kept": "yes"}}});
        assert_eq!(list["items"], json!([expected]));

        let get = json!({"api_version": "v1", "kind": "Secret", "namespace": "n", "name": "a", "disable_cache": true});
        assert_eq!(look_up(&cluster, "get_resource", get).unwrap(), object);
    }

    #[test]
    fn get_finds_by_name_and_namespace_only() {
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n"}});
        let cluster = Cluster::new(vec![secret("a", "n"), namespace]);
        let get = |kind: &str, name: &str, namespace: Value| {
            let payload = json!({"api_version": "v1", "kind": kind, "name": name, "namespace": namespace,
                "disable_cache": false, "field_masks": ["type"]});
            look_up(&cluster, "get_resource", payload)
        };
        assert!(get("Secret", "a", json!("n")).unwrap().get("data").is_none());
        assert!(get("Namespace", "n", json!(null)).is_ok());
        assert!(get("Secret", "a", json!("other")).is_err());
        assert!(get("Secret", "a", json!(null)).is_err());
        let error = get("Secret", "b", json!("n")).unwrap_err().to_string();
        assert_eq!(error, r#"cannot find v1/Secret named "b" in namespace "n""#);
    }

    #[test]
    fn lists_are_shuffled_and_a_seed_repeats_the_order() {
        let order = |cluster: &Cluster| {
            let list = look_up(cluster, "list_resources_by_namespace", list_in("n")).unwrap();
            names(&list).join(" ")
        };
        let seeded = hundred().with_seed(7);
        assert_eq!(order(&seeded), order(&seeded));
        assert_ne!(order(&seeded), order(&hundred().with_seed(8)));
        assert_ne!(order(&hundred()), order(&hundred()));
    }

    #[test]
    fn refuses_and_answers_garbage_on_demand() {
        let list = list_in("n").to_string();
        let mut progress = hundred().begin();
        let mut ask =
            |cluster: Cluster| cluster.look_up("list_resources_by_namespace", list.as_bytes(), &mut progress);
        assert_eq!(ask(hundred().refusing("forbidden")).unwrap_err().to_string(), "forbidden");
        assert_eq!(ask(hundred().answering("\u{1F4A5}")).unwrap(), "\u{1F4A5}".as_bytes());
    }

    #[test]
    fn unknown_operations_and_bad_requests_are_errors() {
        let cluster = hundred();
        assert!(look_up(&cluster, "can_i", json!({})).unwrap_err().to_string().contains("can_i"));
        assert!(look_up(&cluster, "get_resource", json!({"kind": "Secret"})).is_err());
        let mut no_namespace = list_in("n");
        no_namespace["namespace"] = json!(null);
        assert!(look_up(&cluster, "list_resources_by_namespace", no_namespace).is_err());
    }
}
