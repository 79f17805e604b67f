//! Reading an object of settings field by field, keeping every fault.

use std::fmt::Display;

use serde::de::{
    DeserializeOwned,
    value::{Error, StrDeserializer},
};
use serde_json::{Map, Value};

/// What a text must be.
#[derive(Clone, Copy)]
pub(crate) struct Check {
    pub(crate) is_valid: fn(&str) -> bool,
    /// What is said of a text that is not.
    pub(crate) what: &'static str,
}

impl Check {
    fn pass(self, value: &Value) -> Result<String, String> {
        let text = value.as_str().filter(|text| (self.is_valid)(text));
        let text = text.map(str::to_owned);
        text.ok_or_else(|| format!("must be {}", self.what))
    }
}

/// The fields of one object of the settings.
pub(crate) struct Fields<'a> {
    path: String,
    /// None if there are no fields in it.
    object: Option<&'a Map<String, Value>>,
    known: Vec<&'static str>,
    faults: &'a mut Vec<String>,
}

impl<'a> Fields<'a> {
    /// Begins to read an object, which may be absent; `path` names it in faults, and is empty for
    /// the settings themselves.
    pub(crate) fn new(
        path: String,
        object: Option<&'a Value>,
        faults: &'a mut Vec<String>,
    ) -> Self {
        let object = object.filter(|value| !value.is_null());
        if object.is_some_and(|value| !value.is_object()) {
            let name = if path.is_empty() { "settings" } else { &path };
            faults.push(format!("{name}: must be an object"));
        }
        let object = object.and_then(Value::as_object);
        Self {
            path,
            object: object.filter(|fields| !fields.is_empty()),
            known: Vec::new(),
            faults,
        }
    }

    /// Reads an object among the fields.
    pub(crate) fn section(&mut self, name: &'static str) -> Fields<'_> {
        let value = self.value(name);
        let path = value.map(|_| join(&self.path, name));
        Fields::new(path.unwrap_or_default(), value, self.faults)
    }

    /// Reads one of a few words.
    pub(crate) fn choice<T: Default + DeserializeOwned>(&mut self, name: &'static str) -> T {
        let word = |value: &Value| {
            let word = StrDeserializer::<Error>::new(value.as_str().unwrap_or_default());
            T::deserialize(word).map_err(|error| error.to_string())
        };
        self.read(name, T::default(), word)
    }

    /// Reads a text that passes a check.
    pub(crate) fn text(&mut self, name: &'static str, default: &str, check: Check) -> String {
        self.read(name, default.to_owned(), |value| check.pass(value))
    }

    /// Reads a list of texts that pass a check.
    pub(crate) fn texts(
        &mut self,
        name: &'static str,
        default: &[&str],
        check: Check,
    ) -> Vec<String> {
        let default = default.iter().map(|text| Value::from(*text)).collect();
        let list = |value: &Value| value.as_array().cloned().ok_or("must be a list");
        let items: Vec<Value> = self.read(name, default, list);
        let mut texts = Vec::new();
        for (position, item) in items.iter().enumerate() {
            match check.pass(item) {
                Ok(text) => texts.push(text),
                Err(fault) => self.fault(&format!("{name}[{position}]"), &fault),
            }
        }
        texts
    }

    /// Reads a whole number from 0.
    pub(crate) fn number(&mut self, name: &'static str, default: u64) -> u64 {
        let number = |value: &Value| value.as_u64().ok_or("must be a whole number, 0 or more");
        self.read(name, default, number)
    }

    /// Reads a yes or no.
    pub(crate) fn flag(&mut self, name: &'static str, default: bool) -> bool {
        let flag = |value: &Value| value.as_bool().ok_or("must be true or false");
        self.read(name, default, flag)
    }

    /// Ends the reading: fields that nobody asked for are faults.
    pub(crate) fn finish(self) {
        let names = self.object.into_iter().flat_map(Map::keys);
        for name in names.filter(|name| !self.known.contains(&name.as_str())) {
            self.faults
                .push(format!("{}: is not a setting", join(&self.path, name)));
        }
    }

    /// The value of a field, if it is there and nothing is wrong with it.
    fn read<T, E: Display>(
        &mut self,
        name: &'static str,
        default: T,
        read: impl FnOnce(&Value) -> Result<T, E>,
    ) -> T {
        match self.value(name).map(read) {
            None => default,
            Some(Ok(value)) => value,
            Some(Err(fault)) => {
                self.fault(name, &fault);
                default
            }
        }
    }

    fn value(&mut self, name: &'static str) -> Option<&'a Value> {
        let object = self.object?;
        self.known.push(name);
        object.get(name).filter(|value| !value.is_null())
    }

    fn fault(&mut self, name: &str, what: &impl Display) {
        self.faults
            .push(format!("{}: {what}", join(&self.path, name)));
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}
