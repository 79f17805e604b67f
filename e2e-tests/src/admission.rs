//! From what a user has at hand to what a policy is asked: an `AdmissionRequest`.

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::{manifests, plural};

/// Makes an `AdmissionRequest` of an `AdmissionReview`, an `AdmissionRequest` or a manifest, which is created.
///
/// The fields are those of <https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#request>.
///
/// # Errors
///
/// The document is none of the three.
pub fn request_from(mut document: Value) -> Result<Value> {
    match document.get("kind") {
        Some(Value::Object(_)) => Ok(document),
        Some(Value::String(kind)) if kind == "AdmissionReview" => {
            let request = document.get_mut("request").map(Value::take).filter(Value::is_object);
            request.context("this AdmissionReview has no request")
        }
        Some(Value::String(_)) => creation_of(document),
        _ => bail!("this is no manifest, AdmissionRequest or AdmissionReview: it has no kind"),
    }
}

fn creation_of(mut object: Value) -> Result<Value> {
    manifests::default_namespace(&mut object);
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
    let api_version = text("/apiVersion").context("this manifest has no apiVersion")?;
    let kind = text("/kind").context("this manifest has no kind")?;
    object
        .get("metadata")
        .filter(|metadata| metadata.is_object())
        .context("this manifest has no metadata")?;
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let kinds = json!({"group": group, "version": version, "kind": kind});
    let resources =
        json!({"group": group, "version": version, "resource": plural(&kind.to_ascii_lowercase())});
    let mut request = json!({
        "uid": uid(),
        "kind": kinds,
        "resource": resources,
        "requestKind": kinds,
        "requestResource": resources,
        // Empty when the API server makes it up from generateName.
        "name": text("/metadata/name").unwrap_or_default(),
        "operation": "CREATE",
        "userInfo": {"username": "kubernetes-admin", "groups": ["system:masters", "system:authenticated"]},
        "object": object,
        "oldObject": null,
        "dryRun": false,
        "options": {"apiVersion": "meta.k8s.io/v1", "kind": "CreateOptions"},
    });
    if let (Some(namespace), Some(fields)) = (text("/metadata/namespace"), request.as_object_mut()) {
        fields.insert("namespace".to_owned(), json!(namespace));
    }
    Ok(request)
}

/// A random UUID, version 4 (RFC 9562 section 5.4).
fn uid() -> String {
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        fastrand::u32(..),
        fastrand::u16(..),
        fastrand::u16(..0x1000),
        fastrand::u16(0x8000..0xc000),
        fastrand::u64(..1 << 48),
    )
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn ingress() -> Value {
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "shop"}})
    }

    #[test]
    fn a_manifest_is_created() {
        let mut request = request_from(ingress()).unwrap();
        let uid = request["uid"].take();
        assert_eq!(uid.as_str().unwrap().len(), 36);
        let kind = json!({"group": "networking.k8s.io", "version": "v1", "kind": "Ingress"});
        let resource = json!({"group": "networking.k8s.io", "version": "v1", "resource": "ingresses"});
        let expected = json!({
            "uid": null, "kind": kind, "requestKind": kind, "resource": resource, "requestResource": resource,
            "name": "shop", "namespace": "default", "operation": "CREATE",
            "userInfo": {"username": "kubernetes-admin", "groups": ["system:masters", "system:authenticated"]},
            "object": {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
                "metadata": {"name": "shop", "namespace": "default"}},
            "oldObject": null, "dryRun": false,
            "options": {"apiVersion": "meta.k8s.io/v1", "kind": "CreateOptions"},
        });
        assert_eq!(request, expected);
    }

    #[test]
    fn the_core_group_has_no_name_and_a_namespace_is_kept() {
        let metadata = json!({"generateName": "shop-", "namespace": "workspace"});
        let request =
            request_from(json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata})).unwrap();
        assert_eq!(request["kind"], json!({"group": "", "version": "v1", "kind": "Secret"}));
        assert_eq!((&request["namespace"], &request["name"]), (&json!("workspace"), &json!("")));
        assert_eq!(request["object"]["metadata"], metadata);
    }

    #[test]
    fn requests_and_reviews_are_taken_as_they_are() {
        let request =
            json!({"uid": "1", "kind": {"kind": "Ingress"}, "operation": "UPDATE", "object": ingress()});
        let review =
            json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request});
        assert_eq!(request_from(request.clone()).unwrap(), request);
        assert_eq!(request_from(review).unwrap(), request);
    }

    #[rstest]
    #[case(json!({}))]
    #[case(json!([]))]
    #[case(json!({"kind": "AdmissionReview"}))]
    #[case(json!({"kind": "Secret", "metadata": {}}))]
    #[case(json!({"kind": "Secret", "apiVersion": "v1"}))]
    fn all_else_is_refused(#[case] document: Value) {
        assert!(request_from(document).is_err());
    }
}
