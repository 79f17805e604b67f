//! A record: the annotation in which the policy writes what it replaced in an object, as compact JSON.
//!
//! Every review first undoes the record, then decides afresh and writes a new one. So a review of its own
//! result changes nothing, and the author's values come back when a routing secret goes.

pub(crate) mod declared;

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::admission::{
    ReviewError,
    object::{self, Texts},
};

/// A value of the author, and the value that the policy put in its place.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Replaced<T> {
    pub(crate) original: T,
    pub(crate) applied: T,
}

/// The content of a record, whose default says that nothing was replaced.
pub(crate) trait Record: Default + PartialEq + DeserializeOwned + Serialize {
    const ANNOTATION: &'static str;

    /// Whether the policy writes such values.
    fn is_ours(&self) -> bool;
}

/// The record that an object carries, or else the one that it lost, or the default. An empty annotation makes
/// the policy forget. `None` if somebody else wrote the record.
pub(crate) fn read<R: Record>(object: &Value, lost: impl FnOnce() -> Option<R>) -> Option<R> {
    match object::get(object, "metadata.annotations").and_then(|all| all.get(R::ANNOTATION)) {
        None => Some(lost().unwrap_or_default()),
        Some(text) if text == "" => Some(R::default()),
        Some(text) => parse(text.as_str()?),
    }
}

pub(crate) fn is_foreign<R: Record>(object: &Value) -> bool {
    read::<R>(object, || None).is_none()
}

/// The record of the object that is stored now, for a request that lost it: server-side apply drops the
/// annotations that nobody owns together with the last one that somebody does.
pub(crate) fn of_old<R: Record>(old: Option<&Value>) -> Option<R> {
    parse(object::annotation(old?, R::ANNOTATION)?)
}

fn parse<R: Record>(text: &str) -> Option<R> {
    // Serde takes an array for a struct, too; the policy writes none.
    let record: R = serde_json::from_str(text).ok().filter(|_| text.starts_with('{'))?;
    record.is_ours().then_some(record)
}

/// The annotations with this record, or without one if nothing was replaced; `None` if the API server would
/// not store them. Fails if the record cannot be written as JSON.
pub(crate) fn write<R: Record>(record: &R, mut annotations: Texts) -> Result<Option<Texts>, ReviewError> {
    if *record == R::default() {
        return Ok(Some(annotations));
    }
    let text = serde_json::to_string(record)?;
    annotations.insert(R::ANNOTATION.to_owned(), Value::String(text));
    Ok(object::fit(&annotations).then_some(annotations))
}

/// The warning about an object whose record is not ours.
pub(crate) fn foreign<R: Record>() -> String {
    let annotation = R::ANNOTATION;
    format!("unchanged: annotation {annotation} is invalid; remove it")
}

/// The warning about an object whose record would not be stored, and what becomes of it.
pub(crate) fn too_long<R: Record>(outcome: &str) -> String {
    let annotation = R::ANNOTATION;
    format!("{outcome}: the annotations exceed 256 KiB with {annotation}")
}

#[cfg(test)]
mod tests;
