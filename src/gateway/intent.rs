//! What the author of a Gateway or ListenerSet wants, whatever was made of it before.

use serde_json::value::to_raw_value;

use crate::{
    blank::Blank,
    gateway::{
        ignored::{self, IGNORED},
        object::{Gateway, Listener, Role},
        record::Record,
    },
    keys::Keys,
    record::{AnnotationEdits, RECORD, effective},
};

/// The parts of a Gateway or ListenerSet that are ours to change, as the author wants them.
#[derive(Debug)]
pub struct Intent<'a> {
    /// The listeners in order.
    pub listeners: Vec<Wanted<'a>>,
    /// The annotation that makes cert-manager ignore listeners.
    pub ignored: Ignored,
    /// The changes that lead from the request's annotations to the author's.
    pub restored: AnnotationEdits,
    /// How the annotations are written if the author has none.
    pub blank: Option<Blank>,
}

/// A listener as its author wants it.
#[derive(Debug)]
pub struct Wanted<'a> {
    /// The listener of the request.
    pub found: &'a Listener<'a>,
    /// The Secret in its single reference.
    pub secret: Option<&'a str>,
}

/// The author's list of ignored listeners.
#[derive(Debug, PartialEq, Eq)]
pub enum Ignored {
    Absent,
    List(String),
    /// Something else than text, to which nothing can be appended.
    Unreadable,
}

impl<'a> Intent<'a> {
    /// Undoes what was done, as far as the fields still hold our values.
    ///
    /// # Errors
    /// None that is known: what is written was read before.
    pub fn of(gateway: &'a Gateway<'a>, past: &'a Record) -> serde_json::Result<Self> {
        let listeners = gateway.listeners.iter().map(|found| {
            let replaced = past.listeners.get(&found.name);
            let secret = found.secret();
            let held = replaced.filter(|replaced| secret == Some(replaced.now.as_str()));
            Wanted {
                found,
                secret: held.map(|replaced| replaced.was.as_str()).or(secret),
            }
        });
        let mut restored = AnnotationEdits::of(RECORD, None);
        let ignored = match gateway.manifest.annotations.raw(IGNORED) {
            None => Ignored::Absent,
            Some(_) => match gateway.manifest.annotations.text(IGNORED) {
                None => Ignored::Unreadable,
                Some(list) => {
                    let list = ignored::without(&list, &past.ignored);
                    let value = list.as_ref().map(to_raw_value).transpose()?;
                    restored.set(IGNORED, value);
                    list.map_or(Ignored::Absent, Ignored::List)
                }
            },
        };
        let edits = effective(&gateway.manifest.annotations, &restored);
        let is_bare = gateway.manifest.annotations.edited(&edits).is_empty();
        let blank = match (is_bare, gateway.manifest.annotations.is_empty()) {
            (true, true) => Blank::of(gateway.manifest.metadata.raw("annotations")),
            (true, false) => past.blank,
            (false, _) => None,
        };
        Ok(Self {
            listeners: listeners.collect(),
            ignored,
            restored,
            blank,
        })
    }

    /// The names of the listeners that the author makes cert-manager ignore.
    pub fn ignored_names(&self) -> Keys<'_> {
        match &self.ignored {
            Ignored::List(list) => ignored::names(list),
            Ignored::Absent | Ignored::Unreadable => Keys::default(),
        }
    }
}

impl Wanted<'_> {
    /// The Secrets of the object's own namespace that it names.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        let others = self.found.secrets.iter().map(String::as_str);
        self.secret
            .into_iter()
            .chain(others.filter(|_| self.secret.is_none()))
    }

    /// Whether it may be rewritten.
    pub fn is_ours(&self) -> bool {
        self.found.role == Role::Ours
    }
}
