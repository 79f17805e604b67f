//! Files of manifests: YAML or JSON, one document or many.

use std::fmt::{self, Display, Formatter};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::certificate_annotation;

/// Kinds that are in no namespace, of those that stand beside the objects of a policy. The API server knows this
/// from its own tables, a manifest does not say it.
const CLUSTER_SCOPED: [&str; 8] = [
    "ClusterAdmissionPolicy",
    "ClusterIssuer",
    "ClusterRole",
    "ClusterRoleBinding",
    "CustomResourceDefinition",
    "GatewayClass",
    "IngressClass",
    "Namespace",
];

/// Reads the manifests in a file, in standard input (`-`), or in the `.yaml`, `.yml` and `.json` files of a directory,
/// in order of name.
///
/// The items of a list take its place. Secrets with annotation `e2e-tests/certificate` get the certificate that it
/// describes.
///
/// # Errors
///
/// A file cannot be read, is neither YAML nor JSON, or holds something that is no object, or nothing at all.
pub fn load(path: &Path) -> Result<Vec<Value>> {
    let mut manifests = Vec::new();
    for file in files(path)? {
        let text = read(&file)?;
        manifests.extend(parse(&text).with_context(|| format!("cannot use {}", Name(&file)))?);
    }
    ensure!(!manifests.is_empty(), "there is no manifest in {}", Name(path));
    Ok(manifests)
}

/// Reads a file, or standard input (`-`).
///
/// # Errors
///
/// It cannot be read, or is no text.
pub fn read(file: &Path) -> Result<String> {
    let text = if is_standard_input(file) {
        let mut text = String::new();
        io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(file)
    };
    text.with_context(|| format!("cannot read {}", Name(file)))
}

/// Whether a path stands for standard input.
#[must_use]
pub fn is_standard_input(path: &Path) -> bool {
    path == Path::new("-")
}

/// A file as messages name it.
pub struct Name<'a>(pub &'a Path);

impl Display for Name<'_> {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        if is_standard_input(self.0) {
            formatter.write_str("standard input")
        } else {
            self.0.display().fmt(formatter)
        }
    }
}

/// Reads the documents of a JSON or YAML stream; empty ones are left out.
///
/// # Errors
///
/// The text is neither.
pub fn documents(text: &str) -> Result<Vec<Value>> {
    let json: Result<Vec<Value>, _> = serde_json::Deserializer::from_str(text).into_iter().collect();
    let documents = match json {
        Ok(documents) => documents,
        Err(_) => {
            yaml_serde::Deserializer::from_str(text).map(Value::deserialize).collect::<Result<_, _>>()?
        }
    };
    Ok(documents.into_iter().filter(|document| !document.is_null()).collect())
}

/// Puts an object that names no namespace into `default`, as kubectl does; unless its kind has none.
pub(crate) fn default_namespace(object: &mut Value) {
    let kind = object.get("kind").and_then(Value::as_str).unwrap_or_default();
    if CLUSTER_SCOPED.contains(&kind) {
        return;
    }
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.entry("namespace").or_insert_with(|| json!("default"));
    }
}

/// The file, or the files of manifests in the directory, in order of name.
pub(crate) fn files(path: &Path) -> Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let cannot_read = || format!("cannot read {}", path.display());
    let mut files = Vec::new();
    for entry in path.read_dir().with_context(cannot_read)? {
        let file = entry.with_context(cannot_read)?.path();
        if file
            .extension()
            .is_some_and(|extension| ["yaml", "yml", "json"].iter().any(|known| extension == *known))
        {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}

fn parse(text: &str) -> Result<Vec<Value>> {
    let mut manifests = Vec::new();
    for document in documents(text)? {
        flatten(document, &mut manifests);
    }
    for manifest in &mut manifests {
        ensure!(manifest.is_object(), "a document is no object");
        certificate_annotation::fulfil(manifest)?;
    }
    Ok(manifests)
}

/// Takes lists apart: that of kubectl (`kind: List`), and that of one kind (`kind: IngressList`), whose items may lack
/// their type.
fn flatten(mut document: Value, manifests: &mut Vec<Value>) {
    let kind = document.get("kind").and_then(Value::as_str);
    let Some(kind) = kind.and_then(|kind| kind.strip_suffix("List")).map(str::to_owned) else {
        return manifests.push(document);
    };
    let Some(Value::Array(items)) = document.get_mut("items").map(Value::take) else {
        return manifests.push(document);
    };
    for mut item in items {
        if let Some(fields) = item.as_object_mut().filter(|_| !kind.is_empty()) {
            let of_list = document.get("apiVersion").cloned().unwrap_or_default();
            fields.entry("apiVersion").or_insert(of_list);
            fields.entry("kind").or_insert_with(|| json!(kind));
        }
        flatten(item, manifests);
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::yaml("kind: A\n", &["A"])]
    #[case::stream("# comment\n---\nkind: A\n---\n---\nkind: B\n", &["A", "B"])]
    #[case::json(r#"{"kind": "A"}"#, &["A"])]
    #[case::json_stream("{\"kind\": \"A\"}\n{\"kind\": \"B\"}", &["A", "B"])]
    #[case::flow_yaml("{kind: A}", &["A"])]
    #[case::list("kind: List\nitems: [{kind: A}, {kind: List, items: [{kind: B}]}]", &["A", "B"])]
    #[case::list_of_a_kind("kind: AList\nitems: [{metadata: {}}, {kind: B}]", &["A", "B"])]
    #[case::no_list("kind: AList\nspec: {}", &["AList"])]
    #[case::empty_list("kind: List\nitems: []", &[])]
    #[case::empty("", &[])]
    fn reads_all_shapes(#[case] text: &str, #[case] kinds: &[&str]) {
        let manifests = parse(text).unwrap();
        let found: Vec<_> = manifests.iter().map(|manifest| manifest["kind"].as_str().unwrap()).collect();
        assert_eq!(found, kinds);
    }

    #[rstest]
    #[case("just text")]
    #[case("kind: [")]
    #[case("- kind: A")]
    #[case("{kind: Secret, metadata: {annotations: {e2e-tests/certificate: '{dnsName: a}'}}}")]
    fn refuses_what_is_no_manifest(#[case] text: &str) {
        assert!(parse(text).is_err());
    }

    #[test]
    fn namespaces_are_defaulted_where_there_are_some() {
        let namespaced = |kind: &str, metadata: Value| {
            let mut object = json!({"kind": kind, "metadata": metadata});
            default_namespace(&mut object);
            object["metadata"]["namespace"].clone()
        };
        assert_eq!(namespaced("Secret", json!({})), "default");
        assert_eq!(namespaced("Secret", json!({"namespace": "n"})), "n");
        assert_eq!(namespaced("ClusterIssuer", json!({})), Value::Null);
    }

    #[test]
    fn the_examples_can_be_read() {
        let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
        assert!(!load(&examples.join("cluster.yaml")).unwrap().is_empty());
        assert!(load(&examples).unwrap().len() > load(&examples.join("epinio-app.yaml")).unwrap().len());
        assert!(load(&examples.join("absent.yaml")).is_err());
    }
}
