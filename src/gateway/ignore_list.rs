//! The annotation that makes cert-manager ignore listeners.
//!
//! cert-manager splits it at commas and trims each entry. What the author wrote there is kept letter by
//! letter: names are appended, and taken away again one by one.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use crate::{ecosystem::IGNORED_LISTENERS, objects::Gateway};

/// The list of an object.
pub(super) fn of(gateway: &Gateway) -> Option<&str> {
    gateway.annotations.get(IGNORED_LISTENERS)?.as_str()
}

/// The listeners that cert-manager ignores.
pub(super) fn ignored(gateway: &Gateway) -> BTreeSet<&str> {
    of(gateway).map(names).unwrap_or_default()
}

/// Sets or removes the list of an object.
pub(super) fn set(gateway: &mut Gateway, list: Option<String>) {
    match list {
        Some(list) => gateway.annotations.insert(IGNORED_LISTENERS.to_owned(), json!(list)),
        None => gateway.annotations.remove(IGNORED_LISTENERS),
    };
}

/// The names in a list.
pub(super) fn names(list: &str) -> BTreeSet<&str> {
    list.split(',').map(str::trim).collect()
}

/// The list with more names; there may be none yet.
pub(super) fn with(list: Option<&str>, names: &[String]) -> String {
    let names = names.iter().map(String::as_str);
    let entries: Vec<_> = list.into_iter().chain(names).collect();
    entries.join(",")
}

/// The list without the last entry of each of these names; `None` if nothing remains.
pub(super) fn without(list: &str, names: &[String]) -> Option<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for name in names {
        *counts.entry(name.trim()).or_default() += 1;
    }
    let is_kept = |entry: &&str| match counts.get_mut(entry.trim()) {
        Some(count) if *count > 0 => {
            *count -= 1;
            false
        }
        _ => true,
    };
    let mut kept: Vec<_> = list.rsplit(',').filter(is_kept).collect();
    kept.reverse();
    (!kept.is_empty()).then(|| kept.join(","))
}
