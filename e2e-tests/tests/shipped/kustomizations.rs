//! Every file below `deploy/` belongs to a kustomization, and every kustomization finds its files.

use std::{collections::BTreeSet, path::Path};

use rstest::rstest;
use serde_json::{Value, json};

use crate::{manifests::files, settings::defaults, support::*};

/// The directories with a kustomization, and it.
fn kustomizations() -> Vec<(String, Value)> {
    let files = files("deploy").into_iter();
    files
        .filter_map(|file| Some((file.strip_suffix("/kustomization.yaml")?.to_owned(), yaml(&file))))
        .collect()
}

/// The files that are patches.
pub fn patches() -> BTreeSet<String> {
    let mut patches = BTreeSet::new();
    for (directory, kustomization) in kustomizations() {
        for patch in kustomization["patches"].as_array().into_iter().flatten() {
            patches.insert(format!("{directory}/{}", patch["path"].as_str().unwrap()));
        }
    }
    patches
}

/// A path without `..`.
fn resolved(directory: &str, path: &str) -> String {
    let mut parts: Vec<_> = directory.split('/').collect();
    for part in path.split('/') {
        match part {
            ".." => _ = parts.pop(),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The manifests of a kustomization and of those that it names, before patches.
fn resources(directory: &str) -> Vec<String> {
    let kustomization = yaml(&format!("{directory}/kustomization.yaml"));
    let paths = kustomization.get("resources").map(strings);
    let paths = paths.unwrap_or_default().into_iter();
    paths
        .flat_map(|path| {
            let path = resolved(directory, path);
            if root().join(&path).is_dir() { resources(&path) } else { vec![path] }
        })
        .collect()
}

/// What `kubectl kustomize` prints, in another order: the resources, patched by the components and the patches.
pub fn built(directory: &str) -> Vec<Value> {
    let kustomization = yaml(&format!("{directory}/kustomization.yaml"));
    let resources = strings(&kustomization["resources"]).into_iter();
    let mut objects: Vec<_> = resources
        .flat_map(|path| {
            let path = resolved(directory, path);
            match root().join(&path).is_dir() {
                true => built(&path),
                false => vec![yaml(&path)],
            }
        })
        .collect();
    let components = kustomization["components"].as_array().into_iter().flatten();
    for component in components {
        let component = resolved(directory, component.as_str().unwrap());
        let kustomization = yaml(&format!("{component}/kustomization.yaml"));
        apply_patches(&component, &kustomization, &mut objects);
    }
    apply_patches(directory, &kustomization, &mut objects);
    objects
}

/// Applies patches of three forms: those of JSON Patch, of which only `replace` is used, `$patch: delete`, and what is
/// merged into an object. A list is merged as a whole, since kustomize knows no keys of custom resources.
fn apply_patches(directory: &str, kustomization: &Value, objects: &mut Vec<Value>) {
    for patch in kustomization["patches"].as_array().into_iter().flatten() {
        let path = format!("{directory}/{}", patch["path"].as_str().unwrap());
        let change = yaml(&path);
        let is_meant = |object: &Value| match &patch["target"] {
            Value::Null => {
                object["kind"] == change["kind"] && object["metadata"]["name"] == change["metadata"]["name"]
            }
            target => {
                let name = target.get("name").unwrap_or(&object["metadata"]["name"]);
                object["kind"] == target["kind"] && object["metadata"]["name"] == *name
            }
        };
        if change["$patch"] == "delete" {
            objects.retain(|object| !is_meant(object));
            continue;
        }
        for object in objects.iter_mut().filter(|object| is_meant(object)) {
            match &change {
                Value::Array(operations) => operations.iter().for_each(|operation| {
                    assert_eq!(operation["op"], "replace", "{path}");
                    let found = object.pointer_mut(operation["path"].as_str().unwrap());
                    *found.unwrap_or_else(|| panic!("{path}: {operation}")) = operation["value"].clone();
                }),
                change => merge(&mut object["spec"], &change["spec"]),
            }
        }
    }
}

fn merge(object: &mut Value, change: &Value) {
    match (object, change) {
        (Value::Object(object), Value::Object(change)) => {
            for (field, value) in change {
                merge(object.entry(field).or_insert(Value::Null), value);
            }
        }
        (object, change) => *object = change.clone(),
    }
}

#[test]
fn they_are_kustomizations() {
    for (directory, kustomization) in kustomizations() {
        let version = match kustomization["kind"].as_str() {
            Some("Kustomization") => "v1beta1",
            Some("Component") => "v1alpha1",
            kind => panic!("{directory}: {kind:?}"),
        };
        let version = format!("kustomize.config.k8s.io/{version}");
        assert_eq!(kustomization["apiVersion"], version, "{directory}");
        for field in kustomization.as_object().unwrap().keys() {
            let known = ["apiVersion", "kind", "resources", "components", "patches"];
            assert!(known.contains(&field.as_str()), "{directory}: {field}");
        }
    }
}

#[test]
fn every_file_belongs_to_the_kustomization_beside_it() {
    let mut named = patches();
    for (directory, kustomization) in kustomizations() {
        named.insert(format!("{directory}/kustomization.yaml"));
        let parts = ["resources", "components"];
        let parts = parts.iter().filter_map(|part| kustomization.get(part));
        named.extend(parts.flat_map(strings).map(|path| resolved(&directory, path)));
    }
    for file in files("deploy") {
        assert!(named.contains(&file), "{file} is in no kustomization");
    }
    for path in named {
        let path = root().join(path);
        assert!(path.is_file() || path.join("kustomization.yaml").is_file(), "{}", path.display());
    }
}

/// kustomize does not take the same object twice.
#[test]
fn no_kustomization_has_an_object_twice() {
    for (directory, _) in kustomizations() {
        let objects = resources(&directory).into_iter().map(|file| {
            let manifest = yaml(&file);
            let name = &manifest["metadata"]["name"];
            (format!("{} {name}", manifest["kind"]), ())
        });
        unique(objects);
    }
}

/// In one kustomization at least, for the patches of a component.
#[test]
fn every_patch_changes_something() {
    let all = kustomizations();
    for (directory, kustomization) in &all {
        let users = all.iter().filter(|(user, other)| {
            let components = other.get("components").map(strings).unwrap_or_default();
            user == directory || components.iter().any(|path| resolved(user, path) == *directory)
        });
        let bases: Vec<_> = users
            .map(|(user, _)| resources(user).iter().map(|file| yaml(file)).collect::<Vec<_>>())
            .collect();
        for patch in kustomization["patches"].as_array().into_iter().flatten() {
            let patches = json!({"patches": [patch]});
            let changes = bases.iter().any(|base| {
                let mut patched = base.clone();
                apply_patches(directory, &patches, &mut patched);
                patched != *base
            });
            assert!(changes, "{directory}: {patch} changes nothing");
        }
    }
}

/// Where the label is changed, only the label is, and it is everywhere.
#[rstest]
#[case("deploy/routing-label", "deploy")]
#[case("deploy/routing-label/audit", "deploy/audit")]
fn the_routing_label_is_changed_wherever_it_is(#[case] overlay: &str, #[case] base: &str) {
    let label =
        yaml("deploy/routing-label/component/settings.yaml")["spec"]["settings"]["routingLabel"].take();
    let default = &defaults()["routingLabel"];
    let [label, default] = [&label, default].map(|label| label.as_str().unwrap());
    let mut expected = built(base);
    for object in &mut expected {
        if object["kind"] == "ClusterAdmissionPolicy" {
            assert_eq!(object["spec"]["settings"]["routingLabel"], Value::Null);
            object["spec"]["settings"]["routingLabel"] = json!(default);
        }
    }
    let overlay = json!(built(overlay)).to_string();
    assert!(overlay.contains(label) && !overlay.contains(default));
    let restored: Value = serde_json::from_str(&overlay.replace(label, default)).unwrap();
    assert_eq!(restored, json!(expected));
}

#[test]
fn the_whole_policy_has_every_part() {
    let whole: BTreeSet<_> = resources("deploy").into_iter().collect();
    let others = ["audit", "guard", "namespaced", "routing-label"];
    let others = others.map(|other| format!("deploy/{other}/"));
    let expected = files("deploy").into_iter().filter(|file| {
        let is_manifest = Path::new(file).file_name().unwrap() != "kustomization.yaml";
        is_manifest && !others.iter().any(|other| file.starts_with(other))
    });
    assert_eq!(whole, expected.collect::<BTreeSet<_>>());
    let mut namespaced = whole;
    namespaced.insert("deploy/namespaced/role-bindings.yaml".to_owned());
    let given = resources("deploy/namespaced").into_iter();
    assert_eq!(given.collect::<BTreeSet<_>>(), namespaced);
}
