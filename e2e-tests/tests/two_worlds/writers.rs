//! How kubectl, Helm and server-side apply make of a manifest and of what is stored what they send.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

pub const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// An object as the API server is about to admit it.
#[derive(Clone, Debug, PartialEq)]
pub struct Write {
    pub object: Value,
    pub manager: &'static str,
}

impl Write {
    /// A create, an update or a patch: the manager owns what it changes.
    pub fn update(object: Value, live: Option<&Value>, manager: &'static str) -> Self {
        let object = owned_by_updater(object, live, manager);
        Self { object, manager }
    }
}

/// `kubectl apply`: nothing where it would say `unchanged`.
///
/// Ingresses are patched by strategic merge, in which `spec.tls` and `spec.rules` are atomic, all else by JSON merge
/// patches, in which all lists are (`k8s.io/kubectl/pkg/cmd/apply/patcher.go`). So both come to the same.
pub fn kubectl_apply(manifest: &Value, live: Option<&Value>) -> Option<Write> {
    let mut modified = manifest.clone();
    modified["metadata"]["annotations"][LAST_APPLIED] = json!(format!("{manifest}\n"));
    let object = match live {
        None => modified,
        Some(live) => {
            let original = live["metadata"]["annotations"][LAST_APPLIED].as_str();
            let original = original.map_or(json!({}), |text| serde_json::from_str(text).unwrap());
            let patch = three_way_patch(&original, &modified, live)?;
            merged(live.clone(), &patch)
        }
    };
    Some(Write::update(object, live, "kubectl-client-side-apply"))
}

/// `helm install` and `helm upgrade` of Helm 3, with the manifest of the release before: nothing where there is nothing
/// to patch.
///
/// What Helm has a Go type for gets the patch of [`kubectl_apply`], custom resources one that is made without
/// looking at what is stored (`helm.sh/helm/v3/pkg/kube/client.go`, `createPatch`). The labels and annotations of
/// Helm's own are put into the new manifest only, so custom resources are patched at each upgrade.
pub fn helm_upgrade(manifest: &Value, before: Option<&Value>, live: Option<&Value>) -> Option<Write> {
    let mut modified = manifest.clone();
    modified["metadata"]["labels"]["app.kubernetes.io/managed-by"] = json!("Helm");
    for (name, value) in [("release-name", "app"), ("release-namespace", "workspace")] {
        modified["metadata"]["annotations"][format!("meta.helm.sh/{name}")] = json!(value);
    }
    let object = match (before, live) {
        (Some(before), Some(live)) => {
            let patch = match manifest["kind"].as_str() {
                Some("Ingress") => three_way_patch(before, &modified, live),
                _ => merge_patch(before, &modified),
            };
            merged(live.clone(), &patch?)
        }
        _ => modified,
    };
    Some(Write::update(object, live, "helm"))
}

/// `kubectl replace`, and programs that update from a manifest of their own.
pub fn replace(manifest: &Value, live: Option<&Value>) -> Write {
    Write::update(manifest.clone(), live, "kubectl-replace")
}

/// `kubectl apply --server-side --force-conflicts`, and Flux
/// (`sigs.k8s.io/structured-merge-diff/merge/update.go`, `Apply`).
pub fn server_side_apply(manifest: &Value, live: Option<&Value>, manager: &'static str) -> Write {
    let empty = json!({});
    let live = live.unwrap_or(&empty);
    let mut managers = managers_of(live);
    let applier = (manager.to_owned(), "Apply".to_owned());
    let last = managers
        .iter()
        .position(|(owner, _)| owner == &applier)
        .map(|at| managers.remove(at).1)
        .unwrap_or_default();
    let owned = field_set(manifest);
    let others = managers.iter().flat_map(|(_, fields)| fields.clone());
    // A configuration has a name, so its metadata stay.
    let name = [vec!["f:metadata".to_owned()]];
    let kept = with_parents(&others.chain(owned.iter().cloned()).chain(name).collect());

    // What the applier had applied, does not apply any more and nobody else owns goes. A map goes as a whole with its
    // last such item, and with it what nobody owns.
    let mut object = merged_granularly(live.clone(), manifest, &mut Vec::new());
    let dropped: FieldSet = with_parents(&last).difference(&kept).cloned().collect();
    remove_fields(&mut object, &dropped, &mut Vec::new());

    let changes = Changes::between(live, &object);
    for (_, fields) in &mut managers {
        fields.retain(|field| !changes.touches(field));
    }
    managers.push((applier, owned));
    set_managers(&mut object, managers);
    Write { object, manager }
}

/// RFC 7396, `null` removes.
pub fn merged(mut target: Value, patch: &Value) -> Value {
    match patch {
        Value::Object(members) => {
            if !target.is_object() {
                target = json!({});
            }
            let fields = target.as_object_mut().unwrap();
            for (name, change) in members {
                match change {
                    Value::Null => drop(fields.remove(name)),
                    _ => {
                        let value = fields.remove(name).unwrap_or_default();
                        fields.insert(name.clone(), merged(value, change));
                    }
                }
            }
            target
        }
        _ => patch.clone(),
    }
}

/// The merge patch that makes one value of another; `None` if they are equal.
pub fn merge_patch(from: &Value, to: &Value) -> Option<Value> {
    let added = additions(from, to);
    let removed = removals(from, to);
    combined(added, removed)
}

/// What is in `modified` and not so in `live`, and what was in `original` and is not in `modified`.
fn three_way_patch(original: &Value, modified: &Value, live: &Value) -> Option<Value> {
    combined(additions(live, modified), removals(original, modified))
}

fn combined(added: Option<Value>, removed: Option<Value>) -> Option<Value> {
    match (added, removed) {
        (Some(Value::Object(added)), Some(removed)) => Some(overlaid(Value::Object(added), removed)),
        (added, removed) => added.or(removed),
    }
}

/// Both patches in one: they have no field in common but maps.
fn overlaid(mut one: Value, other: Value) -> Value {
    match (one.as_object_mut(), other) {
        (Some(fields), Value::Object(members)) => {
            for (name, value) in members {
                let value = match fields.remove(&name) {
                    Some(field) => overlaid(field, value),
                    None => value,
                };
                fields.insert(name, value);
            }
            one
        }
        _ => one,
    }
}

fn additions(from: &Value, to: &Value) -> Option<Value> {
    match (from, to) {
        _ if from == to => None,
        (Value::Object(old), Value::Object(new)) => {
            let changes: Map<_, _> = new
                .iter()
                .filter_map(|(name, value)| {
                    let change = match old.get(name) {
                        Some(old) => additions(old, value)?,
                        None => value.clone(),
                    };
                    Some((name.clone(), change))
                })
                .collect();
            (!changes.is_empty()).then_some(Value::Object(changes))
        }
        _ => Some(to.clone()),
    }
}

fn removals(from: &Value, to: &Value) -> Option<Value> {
    let (Value::Object(old), Value::Object(new)) = (from, to) else {
        return None;
    };
    let changes: Map<_, _> = old
        .iter()
        .filter_map(|(name, value)| {
            let change = match new.get(name) {
                Some(new) => removals(value, new)?,
                None => Value::Null,
            };
            Some((name.clone(), change))
        })
        .collect();
    (!changes.is_empty()).then_some(Value::Object(changes))
}

/// A field as managedFields writes it, `["f:spec", "f:tls"]`.
type Field = Vec<String>;
type FieldSet = BTreeSet<Field>;

/// A writer, and its operation.
type Manager = (String, String);

/// What one write changes, but for the type, the name and the status.
struct Changes {
    added_or_modified: FieldSet,
    removed: FieldSet,
}

impl Changes {
    fn between(live: &Value, object: &Value) -> Self {
        let [before, after] = [live, object].map(field_set);
        let is_modified = |field: &&Field| value_at(live, field) != value_at(object, field);
        let modified = before.intersection(&after).filter(is_modified).cloned();
        // Maps that come and go count too.
        let [before, after] = [&before, &after].map(|fields| {
            let fields = with_parents(fields);
            fields.into_iter().filter(|field| field != &["f:metadata"]).collect::<FieldSet>()
        });
        Self {
            added_or_modified: after.difference(&before).cloned().chain(modified).collect(),
            removed: before.difference(&after).cloned().collect(),
        }
    }

    fn touches(&self, field: &Field) -> bool {
        self.added_or_modified.contains(field) || self.removed.contains(field)
    }
}

/// The object with the owners of its fields after an update (`merge/update.go`, `Update`).
fn owned_by_updater(mut object: Value, live: Option<&Value>, manager: &str) -> Value {
    let empty = json!({});
    let live = live.unwrap_or(&empty);
    let mut managers = managers_of(live);
    let changes = Changes::between(live, &object);
    for (_, fields) in &mut managers {
        fields.retain(|field| !changes.touches(field));
    }
    let updater = (manager.to_owned(), "Update".to_owned());
    if !managers.iter().any(|(owner, _)| owner == &updater) {
        managers.push((updater.clone(), FieldSet::new()));
    }
    for (owner, fields) in &mut managers {
        if owner == &updater {
            fields.extend(changes.added_or_modified.clone());
        }
    }
    set_managers(&mut object, managers);
    object
}

/// Maps are owned item by item and listeners by name, other lists and all else as a whole.
fn field_set(object: &Value) -> FieldSet {
    let mut fields = FieldSet::new();
    for part in ["metadata", "spec"] {
        collect_fields(&object[part], &mut vec![format!("f:{part}")], &mut fields);
    }
    fields
}

fn collect_fields(value: &Value, path: &mut Field, found: &mut FieldSet) {
    let Some(items) = granular_items(value, path) else {
        if !value.is_null() {
            found.insert(path.clone());
        }
        return;
    };
    for (name, item) in items {
        path.push(name);
        collect_fields(item, path, found);
        if is_listeners(&path[..path.len() - 1]) {
            found.insert(path.clone());
        }
        path.pop();
    }
}

/// The items of a map or list that are owned one by one.
fn granular_items<'a>(value: &'a Value, path: &[String]) -> Option<Vec<(String, &'a Value)>> {
    match value {
        Value::Object(members) => Some(
            members
                .iter()
                .filter(|(name, _)| {
                    path != ["f:metadata"] || ["annotations", "labels"].contains(&name.as_str())
                })
                .map(|(name, member)| (format!("f:{name}"), member))
                .collect(),
        ),
        Value::Array(items) if is_listeners(path) => {
            Some(items.iter().map(|item| (listener_key(item), item)).collect())
        }
        _ => None,
    }
}

/// `listeners` is the one list here that has a key (`listType: map`).
fn is_listeners(path: &[String]) -> bool {
    path == ["f:spec", "f:listeners"]
}

fn listener_key(listener: &Value) -> String {
    format!("k:{}", json!({"name": listener["name"]}))
}

/// The fields, and the maps and lists that they are in.
fn with_parents(fields: &FieldSet) -> FieldSet {
    let parents =
        |field: &Field| (1..=field.len()).map(|length| field[..length].to_vec()).collect::<Vec<_>>();
    fields.iter().flat_map(parents).collect()
}

fn value_at<'a>(object: &'a Value, field: &[String]) -> Option<&'a Value> {
    let mut path = Field::new();
    let mut value = object;
    for name in field {
        let is_root = path.is_empty();
        value = match is_root {
            true => value.get(name.strip_prefix("f:")?)?,
            false => {
                let items = granular_items(value, &path)?;
                items.into_iter().find(|(item, _)| item == name)?.1
            }
        };
        path.push(name.clone());
    }
    Some(value)
}

/// A configuration over what is stored: maps and listeners item by item, all else replaced.
fn merged_granularly(live: Value, config: &Value, path: &mut Field) -> Value {
    match (live, config) {
        (Value::Object(mut fields), Value::Object(members)) => {
            for (name, member) in members {
                path.push(format!("f:{name}"));
                let value = fields.remove(name).unwrap_or_default();
                fields.insert(name.clone(), merged_granularly(value, member, path));
                path.pop();
            }
            Value::Object(fields)
        }
        (Value::Array(mut live), Value::Array(config)) if is_listeners(path) => {
            for listener in config {
                path.push(listener_key(listener));
                match live.iter_mut().find(|item| item["name"] == listener["name"]) {
                    Some(item) => *item = merged_granularly(item.take(), listener, path),
                    None => live.push(listener.clone()),
                }
                path.pop();
            }
            Value::Array(live)
        }
        _ => config.clone(),
    }
}

/// Removes fields; a map of which nothing is left goes too.
fn remove_fields(value: &mut Value, dropped: &FieldSet, path: &mut Field) {
    let empty = json!({});
    match value {
        Value::Object(members) => {
            members.retain(|name, member| {
                path.push(format!("f:{name}"));
                let mut is_kept = !dropped.contains(path);
                if is_kept && member != &empty {
                    remove_fields(member, dropped, path);
                    is_kept = member != &empty;
                }
                path.pop();
                is_kept
            });
        }
        Value::Array(items) if is_listeners(path) => {
            items.retain_mut(|item| {
                path.push(listener_key(item));
                let is_kept = !dropped.contains(path);
                if is_kept {
                    remove_fields(item, dropped, path);
                }
                path.pop();
                is_kept
            });
        }
        _ => {}
    }
}

fn managers_of(object: &Value) -> Vec<(Manager, FieldSet)> {
    let entries = object["metadata"]["managedFields"].as_array();
    let manager = |entry: &Value| {
        let text = |field: &str| entry[field].as_str().unwrap().to_owned();
        let mut fields = FieldSet::new();
        read_fields(&entry["fieldsV1"], &mut Vec::new(), &mut fields);
        ((text("manager"), text("operation")), fields)
    };
    entries.into_iter().flatten().map(manager).collect()
}

/// `{"f:spec": {"f:tls": {}}}`; a field that has fields and is itself owned has a member `.`.
fn read_fields(value: &Value, path: &mut Field, found: &mut FieldSet) {
    let members = value.as_object().unwrap();
    if members.is_empty() || members.contains_key(".") {
        found.insert(path.clone());
    }
    for (name, member) in members {
        if name != "." {
            path.push(name.clone());
            read_fields(member, path, found);
            path.pop();
        }
    }
}

fn set_managers(object: &mut Value, managers: Vec<(Manager, FieldSet)>) {
    let api_version = object["apiVersion"].clone();
    let entries: Vec<_> = managers
        .into_iter()
        .filter(|(_, fields)| !fields.is_empty())
        .map(|((manager, operation), fields)| {
            json!({"manager": manager, "operation": operation, "apiVersion": api_version,
                "fieldsType": "FieldsV1", "fieldsV1": written_fields(&fields)})
        })
        .collect();
    object["metadata"]["managedFields"] = json!(entries);
}

fn written_fields(fields: &FieldSet) -> Value {
    let mut written = json!({});
    for field in fields {
        let has_fields = fields.iter().any(|other| other.len() > field.len() && other.starts_with(field));
        let mut place = &mut written;
        for name in field {
            place = place.as_object_mut().unwrap().entry(name).or_insert_with(|| json!({}));
        }
        if has_fields {
            place["."] = json!({});
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ingress(annotations: Value, secret: &str) -> Value {
        let mut object = json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "web"},
            "spec": {"tls": [{"hosts": ["a.example.com"], "secretName": secret}]}});
        if annotations != json!({}) {
            object["metadata"]["annotations"] = annotations;
        }
        object
    }

    /// What a webhook makes of an object: another Secret and an annotation, which nobody owns.
    fn rewritten(mut object: Value) -> Value {
        object["spec"]["tls"][0]["secretName"] = json!("wild");
        object["metadata"]["annotations"]["record"] = json!("r");
        object
    }

    fn annotated(live: &Value, name: &str, value: &str) -> Value {
        let mut object = live.clone();
        object["metadata"]["annotations"][name] = json!(value);
        Write::update(object, Some(live), "kubectl-annotate").object
    }

    fn annotations(object: &Value) -> Vec<&String> {
        let annotations = object["metadata"]["annotations"].as_object();
        annotations.into_iter().flat_map(Map::keys).collect()
    }

    fn owned(object: &Value, manager: &str) -> Value {
        let entries = object["metadata"]["managedFields"].as_array().unwrap();
        let entry = entries.iter().find(|entry| entry["manager"] == manager);
        entry.map_or(Value::Null, |entry| entry["fieldsV1"].clone())
    }

    /// The example of <https://kubernetes.io/docs/tasks/manage-kubernetes-objects/declarative-config/>, "How apply
    /// calculates differences and merges changes", with a list in place of the image.
    #[test]
    fn apply_merges_three_ways() {
        let original = json!({"spec": {"minReadySeconds": 5, "ports": [80], "selector": {"app": "nginx"}}});
        let modified = json!({"spec": {"ports": [80, 443], "selector": {"app": "nginx"}}});
        let live = json!({"spec": {"minReadySeconds": 5, "ports": [8080], "replicas": 2, "selector": {"app": "nginx"}}});
        let patch = three_way_patch(&original, &modified, &live).unwrap();
        assert_eq!(patch, json!({"spec": {"minReadySeconds": null, "ports": [80, 443]}}));
        let merged = merged(live, &patch);
        assert_eq!(
            merged,
            json!({"spec": {"ports": [80, 443], "replicas": 2, "selector": {"app": "nginx"}}})
        );
        assert_eq!(three_way_patch(&modified, &modified, &merged), None);
    }

    #[test]
    fn kubectl_sends_what_was_rewritten_again_and_otherwise_nothing() {
        let manifest = ingress(json!({"notes": "x"}), "own");
        let created = kubectl_apply(&manifest, None).unwrap().object;
        assert_eq!(kubectl_apply(&manifest, Some(&created)), None);

        let again = kubectl_apply(&manifest, Some(&rewritten(created.clone()))).unwrap();
        assert_eq!(again.object["spec"], manifest["spec"]);
        assert_eq!(annotations(&again.object), [LAST_APPLIED, "notes", "record"]);

        let bare = ingress(json!({}), "wild");
        let changed = kubectl_apply(&bare, Some(&rewritten(created))).unwrap().object;
        assert_eq!(annotations(&changed), [LAST_APPLIED, "record"]);
        assert_eq!(changed["metadata"]["annotations"][LAST_APPLIED], format!("{bare}\n"));
    }

    #[test]
    fn helm_sends_what_was_rewritten_again_and_otherwise_nothing() {
        let manifest = ingress(json!({}), "own");
        let installed = helm_upgrade(&manifest, None, None).unwrap().object;
        assert_eq!(installed["metadata"]["labels"], json!({"app.kubernetes.io/managed-by": "Helm"}));
        assert_eq!(helm_upgrade(&manifest, Some(&manifest), Some(&installed)), None);
        let rewritten = rewritten(installed);
        let again = helm_upgrade(&manifest, Some(&manifest), Some(&rewritten)).unwrap();
        assert_eq!(again.object["spec"], manifest["spec"]);
        let named = ingress(json!({}), "wild");
        assert_eq!(helm_upgrade(&named, Some(&manifest), Some(&rewritten)), None);
    }

    #[test]
    fn helm_looks_at_manifests_only_where_it_has_no_type() {
        let certificate = |names: Value| json!({"kind": "Certificate", "metadata": {"name": "c"}, "spec": {"dnsNames": names, "secretName": "own"}});
        let manifest = certificate(json!(["a"]));
        let mut live = helm_upgrade(&manifest, None, None).unwrap().object;
        live["spec"]["secretName"] = json!("parked");
        let again = helm_upgrade(&manifest, Some(&manifest), Some(&live)).unwrap();
        assert_eq!(again.object["spec"], live["spec"]);
        let changed = helm_upgrade(&certificate(json!(["b"])), Some(&manifest), Some(&live)).unwrap();
        assert_eq!(changed.object["spec"], json!({"dnsNames": ["b"], "secretName": "parked"}));
    }

    /// <https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management>
    #[test]
    fn fields_are_written_as_the_api_server_writes_them() {
        let live = server_side_apply(&ingress(json!({"notes": "x"}), "own"), None, "flux").object;
        let by_applier = json!({"f:metadata": {"f:annotations": {"f:notes": {}}}, "f:spec": {"f:tls": {}}});
        assert_eq!(owned(&live, "flux"), by_applier);
        assert_eq!(live["metadata"]["managedFields"][0]["operation"], "Apply");

        // A webhook owns nothing, and takes nothing away.
        let touched = annotated(&rewritten(live), "touched", "1");
        assert_eq!(owned(&touched, "flux"), by_applier);
        assert_eq!(
            owned(&touched, "kubectl-annotate"),
            json!({"f:metadata": {"f:annotations": {"f:touched": {}}}})
        );

        let mut edited = touched.clone();
        edited["spec"]["tls"] = json!([]);
        let edited = Write::update(edited, Some(&touched), "kubectl-edit").object;
        assert_eq!(owned(&edited, "kubectl-edit"), json!({"f:spec": {"f:tls": {}}}));
        assert_eq!(owned(&edited, "flux"), json!({"f:metadata": {"f:annotations": {"f:notes": {}}}}));

        let forced = server_side_apply(&ingress(json!({}), "own"), Some(&edited), "flux").object;
        assert_eq!(owned(&forced, "flux"), json!({"f:spec": {"f:tls": {}}}));
        assert_eq!(owned(&forced, "kubectl-edit"), Value::Null);
    }

    #[test]
    fn the_last_annotation_of_an_applier_takes_those_of_nobody_along() {
        let applied = server_side_apply(&ingress(json!({"notes": "x"}), "own"), None, "flux").object;
        let live = rewritten(applied);
        let bare = ingress(json!({}), "own");
        assert_eq!(
            server_side_apply(&bare, Some(&live), "flux").object["metadata"]["annotations"],
            Value::Null
        );

        let touched = annotated(&live, "touched", "1");
        let kept = server_side_apply(&bare, Some(&touched), "flux").object;
        assert_eq!(annotations(&kept), ["record", "touched"]);
        let other = server_side_apply(&ingress(json!({"more": "x"}), "own"), Some(&live), "flux").object;
        assert_eq!(annotations(&other), ["more", "record"]);
    }

    #[test]
    fn listeners_are_applied_one_by_one() {
        let listener =
            |name: &str, secret: &str| json!({"name": name, "tls": {"certificateRefs": [{"name": secret}]}});
        let gateway = |listeners: Value| json!({"kind": "Gateway", "metadata": {"name": "g"}, "spec": {"listeners": listeners}});
        let live =
            server_side_apply(&gateway(json!([listener("a", "own"), listener("b", "own")])), None, "flux")
                .object;
        let mut edited = live.clone();
        edited["spec"]["listeners"].as_array_mut().unwrap().push(listener("c", "other"));
        let edited = Write::update(edited, Some(&live), "kubectl-edit").object;
        let applied =
            server_side_apply(&gateway(json!([listener("a", "new")])), Some(&edited), "flux").object;
        assert_eq!(applied["spec"]["listeners"], json!([listener("a", "new"), listener("c", "other")]));
    }
}
