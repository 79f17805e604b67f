//! An Ingress as its JSON writes it, as far as the rules read it.

use std::{borrow::Cow, collections::BTreeSet};

use serde::Deserialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::{
    json::{Edits, Object},
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
    /// Reads an Ingress.
    ///
    /// # Errors
    /// The name of the field that is missing or of the wrong type; nothing of its content.
    pub fn parse(json: &'a RawValue) -> Result<Self, &'static str> {
        let manifest = Manifest::parse(json)?;
        let spec = manifest.root.object("spec").ok_or("spec")?;
        let tls = spec
            .get("tls")
            .map_or(Some(Vec::new()), TlsEntry::parse_list)
            .ok_or("spec.tls")?;
        let rules = spec
            .get("rules")
            .map_or(Some(Vec::new()), rule_hosts)
            .ok_or("spec.rules")?;
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
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Fields {
            hosts: Option<Vec<String>>,
            secret_name: Option<String>,
        }
        // An array would do for serde, but not for Kubernetes.
        let fields: Fields = serde_json::from_str(raw.get())
            .ok()
            .filter(|_| raw.get().starts_with('{'))?;
        Some(Self {
            hosts: fields.hosts.unwrap_or_default(),
            secret: fields.secret_name,
            raw,
        })
    }

    /// This entry with other hosts.
    pub fn with_hosts(&self, hosts: Vec<String>) -> serde_json::Result<Self> {
        Ok(Self {
            raw: Cow::Owned(write_entry(
                Some(self),
                Some(hosts.clone()),
                self.secret.as_deref(),
            )?),
            hosts,
            secret: self.secret.clone(),
        })
    }

    fn parse_list(list: &'a RawValue) -> Option<Vec<Self>> {
        let entries: Vec<&'a RawValue> = serde_json::from_str(list.get()).ok()?;
        entries
            .into_iter()
            .map(|entry| Self::parse(Cow::Borrowed(entry)))
            .collect()
    }
}

/// Writes an entry of `spec.tls`, keeping the other fields of `base`.
pub fn write_entry(
    base: Option<&TlsEntry<'_>>,
    hosts: Option<Vec<String>>,
    secret: Option<&str>,
) -> serde_json::Result<Box<RawValue>> {
    let edits: Edits = vec![
        (
            "hosts".to_owned(),
            hosts.map(|hosts| to_raw_value(&hosts)).transpose()?,
        ),
        (
            "secretName".to_owned(),
            secret.map(to_raw_value).transpose()?,
        ),
    ];
    let base = base
        .and_then(|base| Object::parse(&base.raw))
        .unwrap_or_default();
    to_raw_value(&base.edited(&edits))
}

/// The host of each rule in a list, if it has one.
fn rule_hosts(rules: &RawValue) -> Option<Vec<Option<String>>> {
    #[derive(Deserialize)]
    struct Rule {
        host: Option<String>,
    }
    let rules: Vec<Rule> = serde_json::from_str(rules.get()).ok()?;
    Some(
        rules
            .into_iter()
            .map(|rule| rule.host.filter(|host| !host.is_empty()))
            .collect(),
    )
}

/// The hosts of rules that no entry names, each once.
pub fn unnamed_hosts(tls: &[TlsEntry<'_>], rule_hosts: &[String]) -> Vec<String> {
    let named = tls.iter().flat_map(|entry| &entry.hosts);
    let mut seen: BTreeSet<_> = named.map(|host| host.to_ascii_lowercase()).collect();
    let fresh = rule_hosts
        .iter()
        .filter(|host| seen.insert(host.to_ascii_lowercase()));
    fresh.cloned().collect()
}
