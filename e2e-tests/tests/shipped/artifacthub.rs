//! `artifacthub-pkg.yml` says what `metadata.yml` and `questions-ui.yml` say.

use serde_json::{Value, json};

use crate::support::*;

fn package() -> Value {
    yaml("artifacthub-pkg.yml")
}

/// YAML that stands in an annotation.
fn embedded(name: &str) -> Value {
    yaml_serde::from_str(package()["annotations"][name].as_str().unwrap()).unwrap()
}

#[test]
fn it_is_the_package_of_the_metadata() {
    let package = package();
    let source = annotation("io.kubewarden.policy.source");
    let keywords = annotation("io.artifacthub.keywords").split(',');
    let (name, email) = annotation("io.kubewarden.policy.author")
        .trim_end_matches('>')
        .split_once(" <")
        .unwrap();
    for (field, expected) in [
        ("version", json!(VERSION)),
        ("name", json!(annotation("io.kubewarden.policy.title"))),
        (
            "displayName",
            json!(annotation("io.artifacthub.displayName")),
        ),
        (
            "description",
            json!(annotation("io.kubewarden.policy.description")),
        ),
        ("license", json!(annotation("io.kubewarden.policy.license"))),
        ("homeURL", json!(annotation("io.kubewarden.policy.url"))),
        (
            "containersImages",
            json!([{"name": "policy", "image": image()}]),
        ),
        ("keywords", keywords.map(str::trim).collect()),
        (
            "links",
            json!([
                {"name": "policy", "url": format!("{source}/releases/download/v{VERSION}/policy.wasm")},
                {"name": "source", "url": source},
            ]),
        ),
        ("maintainers", json!([{"name": name, "email": email}])),
    ] {
        assert_eq!(package[field], expected, "{field}");
    }
}

#[test]
fn its_annotations_are_those_of_the_metadata_and_the_questions() {
    let annotations = package()["annotations"].clone();
    assert_eq!(
        annotations["kubewarden/mutation"],
        METADATA["mutating"].to_string()
    );
    assert_eq!(
        annotations["kubewarden/resources"],
        annotation("io.artifacthub.resources")
    );
    assert_eq!(embedded("kubewarden/rules"), METADATA["rules"]);
    assert_eq!(
        embedded("kubewarden/contextAwareResources"),
        METADATA["contextAwareResources"]
    );
    assert_eq!(
        annotations["kubewarden/questions-ui"],
        text("questions-ui.yml")
    );
}

#[test]
fn the_installation_is_of_this_version() {
    let package = package();
    let install = package["install"].as_str().unwrap();
    assert!(
        install.contains(&format!("registry://{}\n", image())),
        "{install}"
    );
    assert!(
        install.contains(&format!("//deploy?ref=v{VERSION}'\n")),
        "{install}"
    );
}
