//! An Ingress as its JSON writes it, as far as the rules read it.

use std::borrow::Cow;

use serde_json::value::{RawValue, to_raw_value};

use crate::{
    json::{Edits, Object, is_same},
    keys::{Keys, host},
    metadata::Manifest,
};

/// An Ingress: the objects it is made of, and what the rules read of them.
#[derive(Debug)]
pub struct Ingress<'a> {
    pub manifest: Manifest<'a>,
    pub spec: Object<'a>,
    /// `spec.tls`
    pub tls: Vec<TlsEntry<'a>>,
    /// The hosts of `spec.rules`, in order.
    pub rule_hosts: Vec<String>,
    /// Whether requests for any other host are served too: there is a rule without a host, or a
    /// default backend.
    pub serves_any_host: bool,
}

impl<'a> Ingress<'a> {
    /// Reads the rest of an Ingress.
    ///
    /// # Errors
    /// The name of the field that is missing or of the wrong type; nothing of its content.
    pub fn read(manifest: Manifest<'a>) -> Result<Self, &'static str> {
        let spec = manifest.root.object("spec").ok_or("spec")?;
        let tls = TlsEntry::parse_list(&spec).ok_or("spec.tls")?;
        let rules = rule_hosts(&spec).ok_or("spec.rules")?;
        let serves_any_host = rules.contains(&None) || spec.get("defaultBackend").is_some();
        Ok(Self {
            manifest,
            spec,
            tls,
            rule_hosts: rules.into_iter().flatten().collect(),
            serves_any_host,
        })
    }
}

/// An entry of `spec.tls`.
#[derive(Clone, Debug)]
pub struct TlsEntry<'a> {
    /// The entry as it is written.
    pub raw: Cow<'a, RawValue>,
    /// Its hosts; an entry without hosts stands for the rule hosts that no other entry names.
    pub hosts: Vec<String>,
    /// The name of its Secret.
    pub secret: Option<String>,
}

impl<'a> TlsEntry<'a> {
    /// Reads an entry; `None` if a field is of the wrong type.
    pub fn parse(raw: Cow<'a, RawValue>) -> Option<Self> {
        let entry = Object::parse(&raw)?;
        Some(Self {
            hosts: entry.texts("hosts")?,
            secret: entry.optional_text("secretName")?,
            raw,
        })
    }

    /// This entry with other hosts.
    ///
    /// # Errors
    /// As [`TlsEntry::write`].
    pub fn with_hosts(&self, hosts: Vec<String>) -> serde_json::Result<TlsEntry<'static>> {
        TlsEntry::write(Some(self), Some(hosts), self.secret.as_deref())
    }

    /// Writes an entry, keeping the other fields of `base`.
    ///
    /// # Errors
    /// None that is known: what is written was read before.
    pub fn write(
        base: Option<&TlsEntry<'_>>,
        hosts: Option<Vec<String>>,
        secret: Option<&str>,
    ) -> serde_json::Result<TlsEntry<'static>> {
        let list = hosts.as_ref().map(to_raw_value).transpose()?;
        let name = secret.map(to_raw_value).transpose()?;
        let edits: Edits = vec![("hosts".to_owned(), list), ("secretName".to_owned(), name)];
        let base = base
            .and_then(|base| Object::parse(&base.raw))
            .unwrap_or_default();
        Ok(TlsEntry {
            raw: Cow::Owned(to_raw_value(&base.edited(&edits))?),
            hosts: hosts.unwrap_or_default(),
            secret: secret.map(str::to_owned),
        })
    }

    /// Whether another entry is the same JSON value.
    pub fn is_same(&self, other: &TlsEntry<'_>) -> bool {
        // The cheap comparisons first.
        self.hosts == other.hosts && self.secret == other.secret && is_same(&self.raw, &other.raw)
    }

    fn parse_list(spec: &Object<'a>) -> Option<Vec<Self>> {
        let entries = spec.list("tls")?.into_iter();
        entries
            .map(|entry| Self::parse(Cow::Borrowed(entry)))
            .collect()
    }
}

/// The host of each rule, if it has one; the outer `None` if a field is of the wrong type.
fn rule_hosts(spec: &Object<'_>) -> Option<Vec<Option<String>>> {
    let host = |rule| {
        let host = Object::parse(rule)?.optional_text("host")?;
        Some(host.filter(|host| !host.is_empty()))
    };
    spec.list("rules")?.into_iter().map(host).collect()
}

/// The hosts of rules that no entry names, each once.
pub fn unnamed_hosts<'a>(
    tls: impl Iterator<Item = &'a TlsEntry<'a>>,
    rule_hosts: &[String],
) -> Vec<String> {
    let named = tls.flat_map(|entry| &entry.hosts);
    let mut seen: Keys<'_> = named.map(|name| host(name, None)).collect();
    let fresh = rule_hosts.iter().filter(|name| seen.add(host(name, None)));
    fresh.cloned().collect()
}
