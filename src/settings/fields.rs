//! Reading an object of settings field by field, keeping every fault.

use serde_json::{Map, Value};

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

    /// Reads one of a few words; `None` if it is absent or a fault.
    pub(crate) fn choice<T: Copy>(
        &mut self,
        name: &'static str,
        choices: &[(&str, T)],
    ) -> Option<T> {
        let value = self.value(name)?;
        let chosen = choices
            .iter()
            .find(|(word, _)| value.as_str() == Some(word));
        if chosen.is_none() {
            let words: Vec<_> = choices.iter().map(|(word, _)| *word).collect();
            self.fault(name, &format!("must be one of {}", words.join(", ")));
        }
        chosen.map(|(_, choice)| *choice)
    }

    /// Reads a text that passes a check; `None` if it is absent or a fault.
    pub(crate) fn text(
        &mut self,
        name: &'static str,
        is_valid: fn(&str) -> bool,
        what: &str,
    ) -> Option<String> {
        let value = self.value(name)?;
        let text = value.as_str().filter(|text| is_valid(text));
        if text.is_none() {
            self.fault(name, &format!("must be {what}"));
        }
        text.map(str::to_owned)
    }

    /// Reads a list of texts that pass a check; `None` if it is absent.
    pub(crate) fn texts(
        &mut self,
        name: &'static str,
        is_valid: fn(&str) -> bool,
        what: &str,
    ) -> Option<Vec<String>> {
        let value = self.value(name)?;
        let Some(items) = value.as_array() else {
            self.fault(name, "must be a list");
            return None;
        };
        let mut texts = Vec::new();
        for (position, item) in items.iter().enumerate() {
            match item.as_str().filter(|text| is_valid(text)) {
                Some(text) => texts.push(text.to_owned()),
                None => self.fault(&format!("{name}[{position}]"), &format!("must be {what}")),
            }
        }
        Some(texts)
    }

    /// Reads a whole number from 0; `None` if it is absent or a fault.
    pub(crate) fn number(&mut self, name: &'static str) -> Option<u64> {
        let value = self.value(name)?;
        let number = value.as_u64();
        if number.is_none() {
            self.fault(name, "must be a whole number, 0 or more");
        }
        number
    }

    /// Reads a yes or no; `None` if it is absent or a fault.
    pub(crate) fn flag(&mut self, name: &'static str) -> Option<bool> {
        let value = self.value(name)?;
        let flag = value.as_bool();
        if flag.is_none() {
            self.fault(name, "must be true or false");
        }
        flag
    }

    /// Ends the reading: fields that nobody asked for are faults.
    pub(crate) fn finish(self) {
        let names = self.object.into_iter().flat_map(Map::keys);
        for name in names.filter(|name| !self.known.contains(&name.as_str())) {
            self.faults
                .push(format!("{}: is not a setting", join(&self.path, name)));
        }
    }

    fn value(&mut self, name: &'static str) -> Option<&'a Value> {
        let object = self.object?;
        self.known.push(name);
        object.get(name).filter(|value| !value.is_null())
    }

    fn fault(&mut self, name: &str, what: &str) {
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
