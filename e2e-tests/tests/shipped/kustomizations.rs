//! Every file below `deploy/` belongs to a kustomization, and every kustomization finds its files.

use std::{collections::BTreeSet, path::Path};

use serde_json::Value;

use crate::{manifests::files, support::*};

/// The directories with a kustomization, and it.
fn kustomizations() -> Vec<(String, Value)> {
    let files = files("deploy").into_iter();
    files
        .filter_map(|file| {
            Some((
                file.strip_suffix("/kustomization.yaml")?.to_owned(),
                yaml(&file),
            ))
        })
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
    let paths = strings(&kustomization["resources"]).into_iter();
    paths
        .flat_map(|path| {
            let path = resolved(directory, path);
            if root().join(&path).is_dir() {
                resources(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

#[test]
fn they_are_kustomizations() {
    for (directory, kustomization) in kustomizations() {
        assert_eq!(
            kustomization["apiVersion"],
            "kustomize.config.k8s.io/v1beta1"
        );
        assert_eq!(kustomization["kind"], "Kustomization");
        for field in kustomization.as_object().unwrap().keys() {
            let known = ["apiVersion", "kind", "resources", "patches"];
            assert!(known.contains(&field.as_str()), "{directory}: {field}");
        }
    }
}

#[test]
fn every_file_belongs_to_the_kustomization_beside_it() {
    let mut named = patches();
    for (directory, kustomization) in kustomizations() {
        named.insert(format!("{directory}/kustomization.yaml"));
        let resources = strings(&kustomization["resources"]).into_iter();
        named.extend(resources.map(|path| resolved(&directory, path)));
    }
    for file in files("deploy") {
        assert!(named.contains(&file), "{file} is in no kustomization");
    }
    for path in named {
        let path = root().join(path);
        assert!(
            path.is_file() || path.join("kustomization.yaml").is_file(),
            "{}",
            path.display()
        );
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

#[test]
fn what_is_patched_is_there() {
    for (directory, kustomization) in kustomizations() {
        let objects: Vec<Value> = resources(&directory)
            .iter()
            .map(|file| yaml(file))
            .collect();
        for patch in kustomization["patches"].as_array().into_iter().flatten() {
            let path = format!("{directory}/{}", patch["path"].as_str().unwrap());
            let change = yaml(&path);
            let is_meant = |object: &&Value| match &patch["target"] {
                Value::Null => {
                    object["kind"] == change["kind"]
                        && object["metadata"]["name"] == change["metadata"]["name"]
                }
                target => object["kind"] == target["kind"],
            };
            assert!(
                objects.iter().any(|object| is_meant(&object)),
                "{path} changes nothing"
            );
        }
    }
}

#[test]
fn the_whole_policy_has_every_part() {
    let whole: BTreeSet<_> = resources("deploy").into_iter().collect();
    let others = ["deploy/audit/", "deploy/guard/", "deploy/namespaced/"];
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
