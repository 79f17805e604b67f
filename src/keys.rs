//! Texts by which something is found again, alone or with the name of a Secret.
//!
//! Hosts, listeners and Secrets are all looked up in this one kind of tree: each further kind would be
//! 5 KB more of policy.wasm.

use std::{borrow::Cow, collections::BTreeMap};

/// A text and perhaps a Secret; the order is that of the texts, then that of the Secrets.
pub type Key<'a> = (Cow<'a, str>, Option<&'a str>);

/// Just a text.
pub fn text<'a>(text: impl Into<Cow<'a, str>>) -> Key<'a> {
    (text.into(), None)
}

/// Just the Secret that something names, if it does.
pub fn secret(secret: Option<&str>) -> Key<'_> {
    (Cow::Borrowed(""), secret)
}

/// A host, whatever its letters' case, and a Secret.
pub fn host<'a>(host: &'a str, secret: Option<&'a str>) -> Key<'a> {
    (lower(Cow::Borrowed(host)), secret)
}

/// A text in lower case.
pub fn lower(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(text.to_ascii_lowercase())
    } else {
        text
    }
}

/// Keys, each once, and the number of each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keys<'a>(BTreeMap<Key<'a>, usize>);

impl<'a> Keys<'a> {
    /// Adds a key, whose number does not matter. Whether it is new.
    pub fn add(&mut self, key: Key<'a>) -> bool {
        self.0.insert(key, 0).is_none()
    }

    /// The number of a key, which becomes this one if the key is new.
    pub fn number(&mut self, key: Key<'a>, new: usize) -> usize {
        *self.0.entry(key).or_insert(new)
    }

    /// The number of a key, if it is there.
    pub fn get(&self, key: &Key<'_>) -> Option<usize> {
        self.0.get(key).copied()
    }

    /// Whether a key is there.
    pub fn contains(&self, key: &Key<'_>) -> bool {
        self.0.contains_key(key)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The keys and their numbers in order.
    pub fn iter(&self) -> impl Iterator<Item = (&Key<'a>, usize)> {
        self.0.iter().map(|(key, number)| (key, *number))
    }

    /// The texts in order, each once.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        let mut last = None;
        let texts = self.0.keys().map(|(text, _)| text.as_ref());
        texts.filter(move |text| last.replace(*text) != Some(*text))
    }

    /// The Secrets that are there with a text, in order.
    pub fn secrets(&self, text: &str) -> Vec<Option<&'a str>> {
        let first = (Cow::Owned(text.to_owned()), None);
        let keys = self.0.range(first..).map(|(key, _)| key);
        keys.take_while(|(other, _)| other == text)
            .map(|(_, secret)| *secret)
            .collect()
    }
}

/// Something for each key.
#[derive(Clone, Debug)]
pub struct Keyed<'a, T> {
    keys: Keys<'a>,
    items: Vec<T>,
}

impl<T> Default for Keyed<'_, T> {
    fn default() -> Self {
        Self {
            keys: Keys::default(),
            items: Vec::new(),
        }
    }
}

impl<'a, T> Keyed<'a, T> {
    /// Changes what belongs to a key, at first the default.
    pub fn update(&mut self, key: Key<'a>, change: impl FnOnce(&mut T))
    where
        T: Default,
    {
        let number = self.keys.number(key, self.items.len());
        if number == self.items.len() {
            self.items.push(T::default());
        }
        if let Some(item) = self.items.get_mut(number) {
            change(item);
        }
    }

    /// Sets what belongs to a key.
    pub fn set(&mut self, key: Key<'a>, item: T) {
        let number = self.keys.number(key, self.items.len());
        match self.items.get_mut(number) {
            Some(old) => *old = item,
            None => self.items.push(item),
        }
    }

    /// What belongs to a key.
    pub fn get(&self, key: &Key<'_>) -> Option<&T> {
        self.items.get(self.keys.get(key)?)
    }

    /// The same, to change it.
    pub fn get_mut(&mut self, key: &Key<'_>) -> Option<&mut T> {
        self.items.get_mut(self.keys.get(key)?)
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The keys in order, and what belongs to them.
    pub fn iter(&self) -> impl Iterator<Item = (&Key<'a>, &T)> {
        let items = self.keys.iter();
        items.filter_map(|(key, number)| Some((key, self.items.get(number)?)))
    }
}

impl<'a> FromIterator<Key<'a>> for Keys<'a> {
    fn from_iter<I: IntoIterator<Item = Key<'a>>>(keys: I) -> Self {
        let mut all = Self::default();
        for key in keys {
            all.add(key);
        }
        all
    }
}

#[cfg(test)]
#[path = "keys_tests.rs"]
mod tests;
