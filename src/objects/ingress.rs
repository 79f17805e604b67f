//! An Ingress (`k8s.io/api/networking/v1`).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Owner, SecretUse};
use crate::{
    admission::object::{self, MalformedField, OUR_PREFIX, Texts},
    ecosystem::{self, INGRESS_CLASS, SOLVER},
    record::{Record, Replaced},
    settings::{PartlyCovered, Settings},
};

/// What the policy reads of an Ingress, and may change in it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Ingress {
    pub(crate) annotations: Texts,
    /// The class, in the field and in the annotation that was there before it.
    pub(crate) classes: Vec<String>,
    pub(crate) tls: Vec<TlsEntry>,
    /// The hosts of `spec.rules`, in order.
    pub(crate) rule_hosts: Vec<String>,
    pub(crate) has_rule_without_host: bool,
    pub(crate) has_default_backend: bool,
    /// The controlling owner.
    pub(crate) owner: Option<Owner>,
    /// Whether cert-manager answers an ACME HTTP-01 challenge with it.
    pub(crate) is_solver: bool,
}

/// An entry of `spec.tls`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TlsEntry {
    /// The hosts as the object writes them. An entry without hosts is a *default entry*: it stands for the
    /// rule hosts that no other entry names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) hosts: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) secret_name: Option<String>,
    /// Fields that the policy does not know.
    #[serde(flatten)]
    pub(crate) other: Map<String, Value>,
}

#[derive(Deserialize)]
struct Rule {
    #[serde(default)]
    host: String,
}

/// What the policy replaced in an Ingress.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct IngressRecord {
    /// `spec.tls`, also where only annotations were removed.
    pub(crate) tls: Replaced<Vec<TlsEntry>>,
    /// The annotations that were removed.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) annotations: BTreeMap<String, String>,
}

impl Record for IngressRecord {
    const ANNOTATION: &'static str = "routing-secrets-policy/replaced";

    fn is_ours(&self) -> bool {
        !self.annotations.keys().any(|name| name.starts_with(OUR_PREFIX))
    }
}

impl Ingress {
    /// Reads an Ingress. Fails if a field is of the wrong type.
    pub(crate) fn read(object: &Value) -> Result<Self, MalformedField> {
        let rules: Vec<Rule> = object::field(object, "spec.rules")?;
        let class = object::text(object, "spec.ingressClassName");
        let older_class = object::annotation(object, INGRESS_CLASS);
        Ok(Self {
            annotations: object::field(object, "metadata.annotations")?,
            classes: [class, older_class].into_iter().flatten().map(str::to_owned).collect(),
            tls: object::field(object, "spec.tls")?,
            has_rule_without_host: rules.iter().any(|rule| rule.host.is_empty()),
            has_default_backend: object::get(object, "spec.defaultBackend").is_some(),
            owner: Owner::of(object),
            is_solver: object::label(object, SOLVER).is_some_and(ecosystem::is_true),
            rule_hosts: rules.into_iter().map(|rule| rule.host).filter(|host| !host.is_empty()).collect(),
        })
    }

    pub(crate) fn has_class(&self, classes: &[String]) -> bool {
        self.classes.iter().any(|class| classes.contains(class))
    }

    /// The names of its trigger annotations.
    pub(crate) fn triggers(&self, settings: &Settings) -> Vec<String> {
        ecosystem::triggers(&self.annotations, &settings.ingress.issuer_annotations)
    }

    /// Whether it stays as its author wants it, whatever routing secrets there are: something else than its
    /// `spec.tls` decides who serves TLS, or its triggers make more than a certificate for routing.
    pub(crate) fn is_left_to_author(&self, settings: &Settings) -> bool {
        self.has_class(&settings.ingress.ignored_classes)
            || self.is_solver
            || ecosystem::is_served_elsewhere(&self.annotations, &settings.ingress.leave_annotations)
            || !self.triggers(settings).is_empty()
                && ecosystem::makes_more_than_routing(&self.annotations, &settings.routing_label)
    }

    /// Whether it stays as its author wants it if some of its TLS hosts are not covered.
    pub(crate) fn moves_as_a_whole(&self, settings: &Settings) -> bool {
        settings.ingress.partly_covered == PartlyCovered::Leave && !self.triggers(settings).is_empty()
    }

    /// Whether requests for any host are served, besides those of rules.
    pub(crate) fn serves_any_host(&self) -> bool {
        self.has_rule_without_host || self.has_default_backend
    }

    /// The object with this `spec.tls` and these annotations. Everything else stays as it is.
    pub(crate) fn write(&self, mut object: Value, submitted: &Self) -> Value {
        if self.tls != submitted.tls
            && let Some(spec) = object.get_mut("spec")
        {
            object::set(spec, "tls", json!(self.tls));
        }
        object::set_annotations(&mut object, self.annotations.clone());
        object
    }

    /// The hosts of rules that no entry names, each once.
    pub(crate) fn unnamed_hosts(&self) -> Vec<String> {
        let named = self.tls.iter().flat_map(|entry| &entry.hosts);
        let mut seen: BTreeSet<_> = named.map(|host| host.to_ascii_lowercase()).collect();
        self.rule_hosts.iter().filter(|host| seen.insert(host.to_ascii_lowercase())).cloned().collect()
    }

    pub(crate) fn has_default_entry(&self) -> bool {
        self.tls.iter().any(TlsEntry::is_default)
    }

    pub(crate) fn secrets(&self) -> impl Iterator<Item = &str> {
        self.tls.iter().filter_map(|entry| entry.secret_name.as_deref())
    }

    pub(crate) fn secrets_with_hosts(&self) -> BTreeSet<&str> {
        let entries = self.tls.iter().filter(|entry| !entry.is_default());
        entries.filter_map(|entry| entry.secret_name.as_deref()).collect()
    }

    /// The hosts for which it names a Secret.
    pub(crate) fn hosts_of(&self, secret: &str) -> Vec<String> {
        self.secret_uses()
            .into_iter()
            .filter(|used| used.secret == secret)
            .flat_map(|used| used.hosts)
            .collect()
    }

    /// The Secrets that it names, and for which hosts.
    pub(crate) fn secret_uses(&self) -> Vec<SecretUse> {
        let unnamed = self.unnamed_hosts();
        let default_entries = self.tls.iter().filter(|entry| entry.is_default()).count();
        let secret_use = |entry: &TlsEntry| {
            Some(SecretUse {
                secret: entry.secret_name.clone()?,
                hosts: if entry.is_default() { &unnamed } else { &entry.hosts }.clone(),
                serves_any_host: entry.is_default() && self.serves_any_host(),
                is_movable: !entry.is_default() || default_entries == 1 && !self.serves_any_host(),
            })
        };
        self.tls.iter().filter_map(secret_use).collect()
    }
}

impl TlsEntry {
    pub(crate) fn is_default(&self) -> bool {
        self.hosts.is_empty()
    }
}
