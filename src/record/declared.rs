//! Whether a list in the spec is what the author's manifest says.
//!
//! Tools that apply manifests send lists whole, and send again what they miss. What they send is the author's
//! whole word, so nothing that was replaced before is restored. What cannot be read counts as absent.

use serde_json::Value;

use super::Record;
use crate::admission::{Request, object};

/// The manifest of the last `kubectl apply`, as JSON; Argo CD writes it, too.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// The label of what Helm writes, and its value.
const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
const HELM: &str = "Helm";

/// Whether the list of this name in `spec` is declared. `is_applied` says whether it is what the policy
/// applied.
pub(crate) fn is_declared<R: Record>(request: &Request, list: &str, is_applied: bool) -> bool {
    is_last_applied::<R>(request, list, is_applied)
        || is_applied_by_sender::<R>(request, list)
        || is_of_helm(request) && !is_applied
}

/// The manifest says what is found. A copy of a stored object has the record in it, or another name. Where the
/// policy applied what is found, the manifest must be a new one.
fn is_last_applied<R: Record>(request: &Request, list: &str, is_applied: bool) -> bool {
    let Some(manifest) = last_applied(&request.object) else {
        return false;
    };
    let found = object::get(&request.object, "spec").and_then(|spec| spec.get(list));
    object::text(&manifest, "kind") == Some(request.kind_name())
        && object::name(&manifest) == object::name(&request.object)
        && object::annotation(&manifest, R::ANNOTATION).is_none()
        && object::get(&manifest, "spec").and_then(|spec| spec.get(list)) == found
        && (!is_applied || request.old_object().and_then(last_applied).as_ref() != Some(&manifest))
}

/// The sender owns the list by server-side apply, and not the record, which a copy of a stored object has in
/// it.
fn is_applied_by_sender<R: Record>(request: &Request, list: &str) -> bool {
    request.field_manager().is_some()
        && managed_fields(&request.object)
            .filter(|entry| is_of_sender(entry, request) && object::text(entry, "operation") == Some("Apply"))
            .any(|entry| {
                object::get(entry, &format!("fieldsV1.f:spec.f:{list}")).is_some()
                    && !owns(entry, "annotations", R::ANNOTATION)
            })
}

/// Helm's own write. What others write into an object of Helm is an edit.
fn is_of_helm(request: &Request) -> bool {
    let mut owners =
        managed_fields(&request.object).filter(|entry| owns(entry, "labels", MANAGED_BY)).peekable();
    object::label(&request.object, MANAGED_BY) == Some(HELM)
        && (owners.peek().is_none() || owners.any(|entry| is_of_sender(entry, request)))
}

/// Whether another manager than the sender of a request owns an annotation, which the manifest did not have
/// before.
pub(crate) fn is_owned_by_another(request: &Request, annotation: &str) -> bool {
    let was_declared = request
        .old_object()
        .and_then(last_applied)
        .is_some_and(|manifest| object::annotation(&manifest, annotation).is_some());
    !was_declared
        && managed_fields(&request.object)
            .any(|entry| !is_of_sender(entry, request) && owns(entry, "annotations", annotation))
}

fn is_of_sender(entry: &Value, request: &Request) -> bool {
    object::text(entry, "manager") == request.field_manager()
}

/// Whether an entry of managedFields owns an annotation or a label.
fn owns(entry: &Value, map: &str, name: &str) -> bool {
    object::get(entry, &format!("fieldsV1.f:metadata.f:{map}"))
        .is_some_and(|owned| owned.get(format!("f:{name}")).is_some())
}

fn last_applied(object: &Value) -> Option<Value> {
    serde_json::from_str(object::annotation(object, LAST_APPLIED)?).ok()
}

fn managed_fields(object: &Value) -> impl Iterator<Item = &Value> {
    let entries = object::get(object, "metadata.managedFields").and_then(Value::as_array);
    entries.into_iter().flatten()
}
