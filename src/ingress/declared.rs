//! Whether `spec.tls` is what the author's manifest says.
//!
//! Tools that apply manifests send lists whole, and send again what they miss. What they send is the author's
//! whole word, so nothing that was replaced before is restored. What cannot be read counts as absent.

use serde_json::Value;

use crate::{
    admission::{Request, object},
    objects::{Ingress, IngressRecord, TlsEntry},
    record::Record,
};

/// The manifest of the last `kubectl apply`, as JSON; Argo CD writes it, too.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// The label of what Helm writes, and its value.
const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
const HELM: &str = "Helm";

/// Whether the `spec.tls` of a request is declared, where this record says what was applied.
pub(super) fn is_declared(request: &Request, submitted: &Ingress, record: &IngressRecord) -> bool {
    is_last_applied(request, &submitted.tls)
        || is_applied_by_sender(request)
        || is_of_helm(request) && submitted.tls != record.tls.applied
}

/// The manifest says what is found. A copy of a stored object has the record in it.
fn is_last_applied(request: &Request, tls: &[TlsEntry]) -> bool {
    let manifest = last_applied(&request.object).unwrap_or_default();
    let declared = object::field::<Vec<TlsEntry>>(&manifest, "spec.tls");
    object::text(&manifest, "kind") == Some(request.kind_name())
        && object::annotation(&manifest, IngressRecord::ANNOTATION).is_none()
        && declared.is_ok_and(|declared| declared == tls)
}

/// The sender owns the list by server-side apply, and not the record, which a copy of a stored object has in it. A
/// sender that updates, too, may have left the list alone.
fn is_applied_by_sender(request: &Request) -> bool {
    let (applied, updated): (Vec<_>, Vec<_>) = managed_fields(&request.object)
        .filter(|entry| request.field_manager().is_some() && is_of_sender(entry, request))
        .filter(|entry| entry.get("subresource").is_none())
        .partition(|entry| object::text(entry, "operation") == Some("Apply"));
    updated.is_empty()
        && applied.iter().any(|entry| {
            object::get(entry, "fieldsV1.f:spec.f:tls").is_some()
                && !owns(entry, "annotations", IngressRecord::ANNOTATION)
        })
}

/// Helm's own write. What others write into an object of Helm is an edit.
fn is_of_helm(request: &Request) -> bool {
    let mut owners =
        managed_fields(&request.object).filter(|entry| owns(entry, "labels", MANAGED_BY)).peekable();
    object::label(&request.object, MANAGED_BY) == Some(HELM)
        && (owners.peek().is_none() || owners.any(|entry| is_of_sender(entry, request)))
}

/// Whether another manager than the sender of a request owns an annotation, which the manifest did not have before.
pub(super) fn is_owned_by_another(request: &Request, annotation: &str) -> bool {
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
