//! What the author of an Ingress wants, whatever was made of it before.

use std::borrow::Cow;

use crate::{
    blank::Blank,
    ingress::{
        object::{Ingress, TlsEntry, unnamed_hosts},
        record::Blanks,
        restore::Past,
    },
    json::Object,
    record::AnnotationEdits,
};

/// The parts of an Ingress that are ours to change, as the author wants them.
#[derive(Debug)]
pub struct Intent<'a> {
    pub annotations: Object<'a>,
    pub tls: Cow<'a, [TlsEntry<'a>]>,
    /// The hosts of rules that no TLS entry names, each once.
    pub unnamed: Vec<String>,
    /// The position of the TLS entry that stands for them: the first one without hosts.
    pub without_hosts: Option<usize>,
    /// Whether requests for any other host are served too.
    pub serves_any_host: bool,
    /// The changes that lead from the request's annotations to these.
    pub restored: &'a AnnotationEdits,
    /// How the fields are written of which the author left nothing.
    pub blank: Blanks,
}

impl<'a> Intent<'a> {
    /// Undoes what was done to an Ingress; `restored` are the annotations to change.
    ///
    /// # Errors
    /// None that is known: what is written was read before.
    pub fn of(
        ingress: &'a Ingress<'a>,
        past: &'a Past,
        restored: &'a AnnotationEdits,
    ) -> serde_json::Result<Self> {
        let tls = past.tls(ingress)?;
        let annotations = ingress.manifest.annotations.edited(restored.edits());
        let blank = Blanks {
            tls: match (tls.is_empty(), ingress.tls.is_empty()) {
                (true, true) => Blank::of(ingress.spec.raw("tls")),
                (true, false) => past.blank.tls,
                (false, _) => None,
            },
            annotations: match (
                annotations.is_empty(),
                ingress.manifest.annotations.is_empty(),
            ) {
                (true, true) => Blank::of(ingress.manifest.metadata.raw("annotations")),
                (true, false) => past.blank.annotations,
                (false, _) => None,
            },
        };
        Ok(Self {
            unnamed: unnamed_hosts(tls.iter(), &ingress.rule_hosts),
            serves_any_host: ingress.serves_any_host,
            without_hosts: tls.iter().position(|entry| entry.hosts.is_empty()),
            annotations,
            tls,
            restored,
            blank,
        })
    }

    /// The hosts of the entry at a position, its own or those it stands for.
    pub fn hosts_of(&self, at: usize) -> &[String] {
        if self.without_hosts == Some(at) {
            return &self.unnamed;
        }
        self.tls.get(at).map_or(&[], |entry| &entry.hosts)
    }
}
