//! The annotation that makes cert-manager ignore listeners.
//!
//! cert-manager splits it at commas and trims each entry. What the author wrote there is kept letter by
//! letter: names are appended, and taken away again one by one.

use std::collections::BTreeSet;

use serde_json::json;

use crate::{ecosystem::IGNORED_LISTENERS, objects::Gateway};

pub(super) fn of(gateway: &Gateway) -> Option<&str> {
    gateway.annotations.get(IGNORED_LISTENERS)?.as_str()
}

/// The listeners that cert-manager ignores.
pub(super) fn ignored(gateway: &Gateway) -> BTreeSet<&str> {
    of(gateway).map(names).unwrap_or_default()
}

pub(super) fn set(gateway: &mut Gateway, list: Option<String>) {
    match list {
        Some(list) => gateway.annotations.insert(IGNORED_LISTENERS.to_owned(), json!(list)),
        None => gateway.annotations.remove(IGNORED_LISTENERS),
    };
}

pub(super) fn names(list: &str) -> BTreeSet<&str> {
    list.split(',').map(str::trim).collect()
}

/// The list with more names; there may be none yet.
pub(super) fn with(list: Option<&str>, names: &[String]) -> String {
    let entries: Vec<_> = list.into_iter().chain(names.iter().map(String::as_str)).collect();
    entries.join(",")
}

/// The list without the last entry of each of these names; `None` if nothing remains.
pub(super) fn without(list: &str, names: &[String]) -> Option<String> {
    let mut entries: Vec<_> = list.split(',').collect();
    for name in names {
        if let Some(place) = entries.iter().rposition(|entry| entry.trim() == name.trim()) {
            entries.remove(place);
        }
    }
    (!entries.is_empty()).then(|| entries.join(","))
}
