//! What the author of a Gateway or ListenerSet wants, of which the policy replaced something before.

use serde_json::Value;

use super::ignore_list;
use crate::{
    admission::Request,
    objects::{Gateway, GatewayRecord},
    record::{self, Record, declared::is_declared},
};

/// The record of a request: its own, or that of the old object if the request lost it. Listeners that the
/// author's manifest declares are not in it. `None` if somebody else wrote it.
pub(super) fn record_of(request: &Request, submitted: &Gateway) -> Option<GatewayRecord> {
    let lost = || lost_record(submitted, request.old_object());
    let mut record = record::read(&request.object, lost)?;
    let is_applied = submitted.listeners.iter().all(|listener| {
        let replaced = record.listeners.get(&listener.name);
        replaced.is_none_or(|replaced| listener.secret() == Some(&replaced.applied))
    });
    if !record.listeners.is_empty() && is_declared::<GatewayRecord>(request, "listeners", is_applied) {
        record.listeners.clear();
    }
    Some(record)
}

/// The object as its author wants it: what still says what was applied goes back to the original, what was
/// changed stays changed.
pub(super) fn restore(submitted: &Gateway, record: &GatewayRecord) -> Gateway {
    let mut original = submitted.clone();
    original.annotations.remove(GatewayRecord::ANNOTATION);
    for listener in &mut original.listeners {
        if let Some(replaced) = record.listeners.get(&listener.name)
            && listener.secret() == Some(&replaced.applied)
        {
            listener.set_secret(&replaced.original);
        }
    }
    if let Some(list) = ignore_list::of(submitted) {
        let list = ignore_list::without(list, &record.ignored_listeners);
        ignore_list::set(&mut original, list);
    }
    original
}

/// The record of the old object, if the request lost it: something that is submitted still says what was
/// applied, so that it is not all sent anew.
fn lost_record(submitted: &Gateway, old: Option<&Value>) -> Option<GatewayRecord> {
    let record: GatewayRecord = record::of_old(old)?;
    let names_applied = submitted.listeners.iter().any(|listener| {
        record.listeners.get(&listener.name).is_some_and(|replaced| {
            replaced.applied != replaced.original && listener.secret() == Some(&replaced.applied)
        })
    });
    let ignored = ignore_list::ignored(submitted);
    let mut names = record.ignored_listeners.iter();
    let ignores_applied =
        !record.ignored_listeners.is_empty() && names.all(|name| ignored.contains(name.trim()));
    (names_applied || ignores_applied).then_some(record)
}
