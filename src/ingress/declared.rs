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
        || is_of_helm(&request.object) && submitted.tls != record.tls.applied
}

/// The manifest says what is found. A copy of a stored object has the record in it.
fn is_last_applied(request: &Request, tls: &[TlsEntry]) -> bool {
    let manifest: Value = object::annotation(&request.object, LAST_APPLIED)
        .and_then(|manifest| serde_json::from_str(manifest).ok())
        .unwrap_or_default();
    let declared = object::field::<Vec<TlsEntry>>(&manifest, "spec.tls");
    object::text(&manifest, "kind") == Some(request.kind_name())
        && object::annotation(&manifest, IngressRecord::ANNOTATION).is_none()
        && declared.is_ok_and(|declared| declared == tls)
}

/// The sender owns the list by server-side apply, and not the record, which a copy of a stored object has in it.
fn is_applied_by_sender(request: &Request) -> bool {
    let sender = request.field_manager();
    sender.is_some()
        && managed_fields(&request.object).any(|entry| {
            object::text(entry, "manager") == sender
                && object::text(entry, "operation") == Some("Apply")
                && object::get(entry, "fieldsV1.f:spec.f:tls").is_some()
                && !owns_annotation(entry, IngressRecord::ANNOTATION)
        })
}

fn is_of_helm(object: &Value) -> bool {
    object::label(object, MANAGED_BY) == Some(HELM)
}

/// Whether another manager than the sender of a request owns an annotation.
pub(super) fn is_owned_by_another(request: &Request, annotation: &str) -> bool {
    managed_fields(&request.object)
        .filter(|entry| object::text(entry, "manager") != request.field_manager())
        .any(|entry| owns_annotation(entry, annotation))
}

fn owns_annotation(entry: &Value, annotation: &str) -> bool {
    object::get(entry, "fieldsV1.f:metadata.f:annotations")
        .is_some_and(|owned| owned.get(format!("f:{annotation}")).is_some())
}

fn managed_fields(object: &Value) -> impl Iterator<Item = &Value> {
    let entries = object::get(object, "metadata.managedFields").and_then(Value::as_array);
    entries.into_iter().flatten()
}
