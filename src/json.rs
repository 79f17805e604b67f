//! JSON objects whose members stay text.
//!
//! The host computes its patch from the difference between the request's object and ours, so what
//! no rule touches must come back as it went in: numbers of any size, nulls and fields that nobody
//! knows. An [`Object`] therefore keeps each member as the text it came as.

use std::{borrow::Cow, fmt};

use base64_simd::STANDARD;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{MapAccess, Visitor},
};
use serde_json::{
    Value,
    value::{RawValue, to_raw_value},
};

/// Changes to an object: members to set, or to remove.
pub type Edits = Vec<(String, Option<Box<RawValue>>)>;

/// A JSON object: its members in order, each value as text.
#[derive(Clone, Debug, Default)]
pub struct Object<'a> {
    members: Vec<(Cow<'a, str>, &'a RawValue)>,
}

impl<'a> Object<'a> {
    /// Reads an object; `None` if the text is of another type.
    pub fn parse(json: &'a RawValue) -> Option<Self> {
        Self::from_text(json.get())
    }

    /// Reads an object; `None` if the text is something else.
    pub fn from_text(json: &'a str) -> Option<Self> {
        serde_json::from_str(json).ok()
    }

    /// Reads a member that is an object: empty if it is absent or null, `None` if it is of another
    /// type.
    pub fn object(&self, name: &str) -> Option<Self> {
        self.get(name)
            .map_or_else(|| Some(Self::default()), Self::parse)
    }

    /// The value of a member, unless it is absent or null.
    pub fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.raw(name).filter(|value| value.get() != "null")
    }

    /// The value of a member, which may be null.
    pub fn raw(&self, name: &str) -> Option<&'a RawValue> {
        let (_, value) = self.members.iter().rev().find(|(key, _)| key == name)?;
        Some(value)
    }

    /// The value of a member that is a string.
    pub fn text(&self, name: &str) -> Option<String> {
        serde_json::from_str(self.get(name)?.get()).ok()
    }

    /// The same; the outer `None` if it is of another type.
    pub fn optional_text(&self, name: &str) -> Option<Option<String>> {
        match self.get(name) {
            Some(_) => self.text(name).map(Some),
            None => Some(None),
        }
    }

    /// The items of a member that is a list, none if it is absent or null; `None` if it is of another
    /// type.
    pub fn list(&self, name: &str) -> Option<Vec<&'a RawValue>> {
        self.get(name).map_or(Some(Vec::new()), items)
    }

    /// The items of a member that is a list of strings, none if it is absent or null; `None` if it is
    /// of another type.
    pub fn texts(&self, name: &str) -> Option<Vec<String>> {
        self.get(name).map_or(Some(Vec::new()), texts)
    }

    /// Whether there are no other members than these, and none twice.
    pub fn has_only(&self, names: &[&str]) -> bool {
        let found = names.iter().filter(|name| self.raw(name).is_some());
        found.count() == self.members.len()
    }

    /// The members in order.
    pub fn members(&self) -> impl Iterator<Item = (&str, &'a RawValue)> {
        self.members
            .iter()
            .map(|(key, value)| (key.as_ref(), *value))
    }

    /// Whether there are no members.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// This object after `edits`: changed members keep their place, new ones come last.
    pub fn edited<'b>(&self, edits: &'b Edits) -> Object<'b>
    where
        'a: 'b,
    {
        let mut members: Vec<(Cow<'b, str>, &'b RawValue)> = self.members.clone();
        for (name, value) in edits {
            let old = members.iter().rposition(|(key, _)| key == name);
            match (old.and_then(|old| members.get_mut(old)), value) {
                (Some((_, old)), Some(value)) => *old = value,
                (None, Some(value)) => members.push((Cow::Borrowed(name), value)),
                (Some(_), None) => members.retain(|(key, _)| key != name),
                (None, None) => {}
            }
        }
        Object { members }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Object<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some((Text(name), value)) = map.next_entry()? {
                    members.push((name, value));
                }
                Ok(Object { members })
            }
        }

        deserializer.deserialize_map(Members)
    }
}

/// A string, borrowed from the JSON unless it has escapes.
#[derive(Debug, Default, Deserialize)]
pub struct Text<'a>(#[serde(borrow)] pub Cow<'a, str>);

impl Text<'_> {
    /// What it says.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.members())
    }
}

/// Reads JSON that the host sent. Everything is read from text, not from bytes: serde_json has all its
/// code twice otherwise.
pub fn read<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Option<T> {
    serde_json::from_str(str::from_utf8(json).ok()?).ok()
}

/// The items of a list; `None` if the text is of another type.
pub fn items(list: &RawValue) -> Option<Vec<&RawValue>> {
    serde_json::from_str(list.get()).ok()
}

/// The items of a list of strings; `None` if the text is of another type.
pub fn texts(list: &RawValue) -> Option<Vec<String>> {
    serde_json::from_str(list.get()).ok()
}

/// An object with a member set, or removed.
///
/// # Errors
/// None: the members are JSON already.
pub fn set(
    object: &Object<'_>,
    name: &str,
    value: Option<Box<RawValue>>,
) -> serde_json::Result<Box<RawValue>> {
    to_raw_value(&object.edited(&vec![(name.to_owned(), value)]))
}

/// The bytes that a text stands for, in base64 of one line or, as in Go's `encoding/base64`, of many;
/// `None` if it is something else.
pub fn bytes(base64: &str) -> Option<Vec<u8>> {
    let line = STANDARD.decode_to_vec(base64);
    line.or_else(|_| STANDARD.decode_to_vec(base64.replace(['\r', '\n'], "")))
        .ok()
}

/// The same JSON without white space between its parts.
///
/// # Errors
/// None: leaving out white space keeps JSON valid.
pub fn compact(raw: &RawValue) -> serde_json::Result<Box<RawValue>> {
    let mut text = String::with_capacity(raw.get().len());
    let (mut in_string, mut escaped) = (false, false);
    for char in raw.get().chars() {
        if in_string || !char.is_ascii_whitespace() {
            text.push(char);
        }
        in_string ^= char == '"' && !escaped;
        escaped = in_string && char == '\\' && !escaped;
    }
    RawValue::from_string(text)
}

/// Whether two texts are the same JSON value, however they are written.
pub fn is_same(one: &RawValue, other: &RawValue) -> bool {
    let value = |raw: &RawValue| serde_json::from_str::<Value>(raw.get()).ok();
    one.get() == other.get() || value(one).is_some_and(|one| value(other) == Some(one))
}

#[cfg(test)]
#[path = "json_tests.rs"]
mod tests;
