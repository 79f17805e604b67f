//! Reading the files of the repository.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use e2e_tests::Policy;
use serde_json::Value;

pub static POLICY: LazyLock<Policy> =
    LazyLock::new(|| Policy::load(&root().join("policy.wasm")).expect("`make policy.wasm` builds it"));

pub static METADATA: LazyLock<Value> = LazyLock::new(|| yaml("metadata.yml"));

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A file of the repository.
pub fn text(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A YAML file of one document.
pub fn yaml(path: &str) -> Value {
    yaml_serde::from_str(&text(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The version of the policy, which Cargo took from Cargo.toml.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// An annotation of the metadata.
pub fn annotation(name: &str) -> &'static str {
    METADATA["annotations"][name].as_str().unwrap_or_else(|| panic!("no annotation {name}"))
}

/// Where the module of this version is published.
pub fn image() -> String {
    format!("{}:v{VERSION}", annotation("io.kubewarden.policy.ociUrl"))
}

pub fn strings(list: &Value) -> Vec<&str> {
    let list = list.as_array().unwrap_or_else(|| panic!("no list: {list}"));
    list.iter().map(|item| item.as_str().unwrap()).collect()
}

/// A map from pairs, in which no key may be twice.
pub fn unique<V>(pairs: impl IntoIterator<Item = (String, V)>) -> BTreeMap<String, V> {
    let mut map = BTreeMap::new();
    for (key, value) in pairs {
        assert!(!map.contains_key(&key), "{key} is there twice");
        map.insert(key, value);
    }
    map
}
