//! Fields in which nothing is: put something in and take it out again, and they are as they were.

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::json::Object;

/// Two ways to write that nothing is there; the third is to leave the field out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Blank {
    /// `null`
    Null,
    /// `[]` or `{}`
    Empty,
}

impl Blank {
    /// How a field is written that has no content; `None` if it is absent.
    pub fn of(field: Option<&RawValue>) -> Option<Self> {
        match field?.get() {
            "null" => Some(Self::Null),
            _ => Some(Self::Empty),
        }
    }

    /// Reads what a record says of a field, which may be nothing; the outer `None` if it is something
    /// else.
    pub fn recorded(record: &Object<'_>, name: &str) -> Option<Option<Self>> {
        match record.get(name).map(RawValue::get) {
            None => Some(None),
            Some(r#""null""#) => Some(Some(Self::Null)),
            Some(r#""empty""#) => Some(Some(Self::Empty)),
            Some(_) => None,
        }
    }
}

/// The content of a field; if there is none, the field is as blank as it was, and `None` if it was
/// absent.
///
/// # Errors
/// None that is known: what is written was read before.
pub fn field(
    content: &impl Serialize,
    is_empty: bool,
    blank: Option<Blank>,
) -> serde_json::Result<Option<Box<RawValue>>> {
    match blank {
        None if is_empty => Ok(None),
        Some(Blank::Null) if is_empty => Ok(Some(RawValue::NULL.to_owned())),
        _ => to_raw_value(content).map(Some),
    }
}
