//! The workflows use what cannot change under them, and what the Makefile has.

use serde_json::Value;

use crate::{manifests::files, markdown::code, support::*};

fn workflows() -> Vec<(String, Value)> {
    files(".github/workflows")
        .into_iter()
        .map(|file| (file.clone(), yaml(&file)))
        .collect()
}

fn steps(workflow: &Value) -> Vec<&Value> {
    let jobs = workflow["jobs"].as_object().unwrap().values();
    jobs.flat_map(|job| job["steps"].as_array().unwrap())
        .collect()
}

fn scripts(workflow: &Value) -> impl Iterator<Item = &str> {
    steps(workflow)
        .into_iter()
        .filter_map(|step| step["run"].as_str())
}

/// A tag can be moved; the comment says which one it was.
#[test]
fn actions_are_pinned_by_their_commit() {
    for (file, _) in workflows() {
        for line in text(&file).lines().filter(|line| line.contains("uses:")) {
            let (action, version) = line
                .split_once(" # v")
                .unwrap_or_else(|| panic!("{file}: {line}"));
            let (_, commit) = action.split_once('@').unwrap();
            assert!(
                commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit()),
                "{line}"
            );
            assert_eq!(version.split('.').count(), 3, "{line}");
        }
    }
}

/// What an expression gives becomes part of the script, whatever it is.
#[test]
fn scripts_have_no_expressions() {
    for (file, workflow) in workflows() {
        for script in scripts(&workflow) {
            assert!(!script.contains("${{"), "{file}: {script}");
        }
    }
}

/// Without, a token may do what the repository allows by default.
#[test]
fn rights_are_named() {
    for (file, workflow) in workflows() {
        assert!(workflow["permissions"].is_object(), "{file}");
    }
}

#[test]
fn every_target_is_in_the_makefile() {
    let makefile = text("Makefile");
    let mut targets = Vec::new();
    for (_, workflow) in workflows() {
        targets.extend(
            scripts(&workflow)
                .filter_map(|script| script.strip_prefix("make "))
                .map(str::to_owned),
        );
    }
    for target in &targets {
        assert!(makefile.contains(&format!("\n{target}:")), "{target}");
    }
    for needed in ["test", "e2e-tests", "deny", "bench", "size"] {
        assert!(targets.iter().any(|target| target == needed), "{needed}");
    }
}

#[test]
fn the_release_publishes_where_the_metadata_says() {
    let release = yaml(".github/workflows/release.yml");
    let module = annotation("io.kubewarden.policy.ociUrl");
    let module = format!("{module}:${{{{ github.ref_name }}}}");
    assert_eq!(release["jobs"]["release"]["env"]["MODULE"], module);
}

/// Nothing is published that was not tested, and nothing is released that was not signed.
#[test]
fn the_release_goes_from_tests_to_signatures() {
    let release = yaml(".github/workflows/release.yml");
    let script = scripts(&release).collect::<Vec<_>>().join("\n");
    let mut rest = script.as_str();
    for command in [
        "make test\n",
        "make e2e-tests\n",
        "syft scan ",
        "cosign sign-blob ",
        "kwctl push ",
        "cosign sign ",
        "gh release create ",
    ] {
        let parts = rest.split_once(command);
        rest = parts.unwrap_or_else(|| panic!("{command}")).1;
    }
}

/// What other files say is part of a release.
#[test]
fn the_release_has_what_is_promised() {
    let release = yaml(".github/workflows/release.yml");
    let uploads = scripts(&release).find_map(|script| script.split_once("gh release create "));
    let uploads: Vec<_> = uploads.unwrap().1.split_whitespace().collect();
    let links = yaml("artifacthub-pkg.yml")["links"].take();
    let module = links[0]["url"]
        .as_str()
        .unwrap()
        .rsplit('/')
        .next()
        .unwrap()
        .to_owned();
    let security = text("SECURITY.md");
    let promised = code(&security).filter(|code| code.ends_with(".json"));
    let promised: Vec<_> = promised.collect();
    assert!(!promised.is_empty());
    for file in promised.into_iter().chain([module.as_str()]) {
        assert!(uploads.contains(&file), "{file}");
    }
    for identity in security.split("routing-secrets-policy/.github/").skip(1) {
        let path = identity.split('@').next().unwrap();
        assert!(root().join(".github").join(path).is_file(), "{path}");
    }
}
