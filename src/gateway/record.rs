//! What the record says of a Gateway or ListenerSet.

use serde::{Serialize, Serializer};

use crate::{
    blank::Blank,
    gateway::object::is_secret_name,
    json::Object,
    keys::{Keyed, text},
    record::{object, read, texts},
};

/// What was replaced in a Gateway or ListenerSet.
#[derive(Debug, Default, Serialize)]
pub struct Record {
    /// The listeners that got another Secret, by name.
    #[serde(skip_serializing_if = "Listeners::is_empty")]
    pub listeners: Listeners,
    /// The names that were appended to the list of ignored listeners, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ignored: Vec<String>,
    /// How `metadata.annotations` is written if the author has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blank: Option<Blank>,
}

/// Listeners by name.
#[derive(Debug, Default)]
pub struct Listeners(Keyed<'static, Replaced>);

/// The Secrets of a listener.
#[derive(Debug, Serialize)]
pub struct Replaced {
    /// The author's.
    pub was: String,
    /// Ours.
    pub now: String,
}

impl Record {
    /// Reads the text of the annotation; `None` if this policy did not write it.
    pub fn parse(text: &str) -> Option<Self> {
        read(text, |record| {
            let known = ["listeners", "ignored", "blank"];
            record.has_only(&known).then_some(Self {
                listeners: Listeners::parse(&object(record, "listeners")?)?,
                ignored: texts(record, "ignored")?,
                blank: Blank::recorded(record, "blank")?,
            })
        })
    }

    /// Whether nothing was replaced.
    pub fn is_empty(&self) -> bool {
        self.listeners.is_empty() && self.ignored.is_empty()
    }
}

impl Listeners {
    /// Adds a listener.
    pub fn set(&mut self, name: &str, replaced: Replaced) {
        self.0.set(text(name.to_owned()), replaced);
    }

    /// A listener.
    pub fn get(&self, name: &str) -> Option<&Replaced> {
        self.0.get(&text(name))
    }

    fn parse(listeners: &Object<'_>) -> Option<Self> {
        let mut all = Self::default();
        for (name, listener) in listeners.members() {
            let listener = Object::parse(listener)?;
            let was = listener.text("was").filter(|was| is_secret_name(was))?;
            let now = listener.text("now")?;
            if !listener.has_only(&["was", "now"]) {
                return None;
            }
            all.set(name, Replaced { was, now });
        }
        Some(all)
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Listeners {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|((name, _), replaced)| (name, replaced)))
    }
}
