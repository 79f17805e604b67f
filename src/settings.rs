//! The settings of the policy, checked once.

use serde::{Deserialize, Deserializer, de::IntoDeserializer};
use serde_json::{Map, Value, json};
use serde_path_to_error::{Path, Segment};

use crate::{
    admission::object::is_dns_subdomain,
    host::{Host, HostGlob, Wildcards},
};

/// What a host of a rule that no TLS entry names gets (setting `ingress.plainHosts`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum PlainHosts {
    /// A TLS entry, if a routing secret covers it.
    #[default]
    Secure,
    Ignore,
}

/// What happens to an Ingress with a trigger annotation of which some TLS hosts are not covered (setting
/// `ingress.partlyCovered`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum PartlyCovered {
    #[default]
    Leave,
    /// The covered hosts are rewritten; their entries lose `hosts`, so that ingress-shim skips them.
    OmitHosts,
}

/// What happens to an object that does not use its routing secrets (settings `ingress.action` and
/// `gateway.action`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Action {
    /// It is changed to use them.
    #[default]
    Mutate,
    Require,
}

/// What happens to a Gateway or ListenerSet for which cert-manager orders certificates (setting
/// `gateway.triggered`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Triggered {
    /// It is rewritten, and cert-manager is told to ignore the listeners of routing secrets.
    #[default]
    IgnoreListeners,
    Leave,
}

/// What happens to a Certificate of which routing secrets cover every name (setting `certificate.covered`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Covered {
    /// It is stored, but not issued.
    #[default]
    Park,
    Reject,
    Allow,
}

/// What happens when a routing secret goes, or is renewed with fewer names, while something names it for a
/// host that it covers (setting `secret.inUse`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum InUse {
    #[default]
    Warn,
    Deny,
    Ignore,
}

/// Checked settings.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Settings {
    /// The label that makes a TLS Secret a routing secret.
    pub(crate) routing_label: String,
    /// How far `*` reaches in a certificate's name.
    #[serde(deserialize_with = "word")]
    pub(crate) wildcards: Wildcards,
    ignored_hosts: Vec<HostGlob>,
    pub(crate) ingress: IngressSettings,
    pub(crate) gateway: GatewaySettings,
    pub(crate) certificate: CertificateSettings,
    pub(crate) secret: SecretSettings,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct IngressSettings {
    #[serde(deserialize_with = "word")]
    pub(crate) action: Action,
    #[serde(deserialize_with = "word")]
    pub(crate) plain_hosts: PlainHosts,
    #[serde(deserialize_with = "word")]
    pub(crate) partly_covered: PartlyCovered,
    /// Annotations, besides those that the policy knows, that make some controller issue certificates.
    pub(crate) issuer_annotations: Vec<String>,
    /// Annotations with which an object is left alone; `*/name` has any prefix.
    pub(crate) leave_annotations: Vec<String>,
    /// Ingress classes whose controller reads no Secrets, or those of another namespace.
    pub(crate) ignored_classes: Vec<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct GatewaySettings {
    #[serde(deserialize_with = "word")]
    pub(crate) action: Action,
    #[serde(deserialize_with = "word")]
    pub(crate) triggered: Triggered,
    pub(crate) ignored_classes: Vec<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct CertificateSettings {
    #[serde(deserialize_with = "word")]
    pub(crate) covered: Covered,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct SecretSettings {
    /// A certificate with fewer days left is denied.
    pub(crate) minimum_days_left: u64,
    /// A certificate with fewer days left is warned about.
    pub(crate) warn_days_left: u64,
    /// Whether mirrors of routing secrets get the routing label.
    pub(crate) label_mirrors: bool,
    /// What is done about a routing secret that goes while something names it.
    #[serde(deserialize_with = "word")]
    pub(crate) in_use: InUse,
    pub(crate) index: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            routing_label: "epinio.io/routing".to_owned(),
            wildcards: Wildcards::default(),
            ignored_hosts: Vec::new(),
            ingress: IngressSettings::default(),
            gateway: GatewaySettings::default(),
            certificate: CertificateSettings::default(),
            secret: SecretSettings::default(),
        }
    }
}

impl Default for IngressSettings {
    fn default() -> Self {
        Self {
            action: Action::default(),
            plain_hosts: PlainHosts::default(),
            partly_covered: PartlyCovered::default(),
            issuer_annotations: Vec::new(),
            leave_annotations: Vec::new(),
            ignored_classes: ["istio", "alb", "tailscale"].map(str::to_owned).into(),
        }
    }
}

impl Default for SecretSettings {
    fn default() -> Self {
        Self {
            minimum_days_left: 0,
            warn_days_left: 21,
            label_mirrors: true,
            in_use: InUse::default(),
            index: true,
        }
    }
}

impl Settings {
    /// Reads and checks settings.
    ///
    /// # Errors
    /// Every fault, one line each, beginning with the path of the field.
    pub(crate) fn read(json: &[u8]) -> Result<Self, Vec<String>> {
        // This is not JSON, or has a number that is too big for any type.
        let unreadable = |_| vec!["settings: cannot be read".to_owned()];
        Self::parse(&serde_json::from_slice(json).map_err(unreadable)?)
    }

    /// Checks settings. Null, as settings, a section or a field, is the default.
    ///
    /// # Errors
    /// Every fault, one line each, beginning with the path of the field.
    pub(crate) fn parse(json: &Value) -> Result<Self, Vec<String>> {
        let mut json = json.clone();
        let mut faults = Vec::new();
        // Serde takes an array for a struct, too.
        for section in ["settings", "ingress", "gateway", "certificate", "secret"] {
            let value = if section == "settings" { Some(&mut json) } else { json.get_mut(section) };
            if let Some(value) = value
                && let Err(error) = Map::<String, Value>::deserialize(&*value)
            {
                faults.extend((!value.is_null()).then(|| format!("{section}: {error}")));
                *value = Value::Object(Map::new());
            }
        }
        // Serde stops at the first fault, so each faulty field is taken away until there is none.
        let settings: Self = loop {
            let error = match serde_path_to_error::deserialize(&json) {
                Ok(settings) => break settings,
                Err(error) => error,
            };
            let fault = format!("{}: {}", error.path(), error.inner());
            let is_known_field = matches!(error.path().iter().next_back(), Some(Segment::Map { .. }))
                && !fault.contains(": unknown field");
            match take(&mut json, error.path()) {
                Some(Value::Null) if is_known_field => {}
                Some(_) => faults.push(fault),
                None => return Err(vec![fault]),
            }
        };
        faults.extend(settings.wrong_names());
        if faults.is_empty() { Ok(settings) } else { Err(faults) }
    }

    /// The faults of texts that must be names.
    fn wrong_names(&self) -> Vec<String> {
        let any_prefix = |text: &str| is_qualified_name(text.strip_prefix("*/").unwrap_or(text));
        let fault = |path: &str, what: &str| format!("{path}: must be {what}");
        let in_list = |path: &str, list: &[String], is_valid: fn(&str) -> bool, what: &str| {
            let wrong = list.iter().enumerate().filter(|(_, text)| !is_valid(text));
            wrong.map(|(place, _)| fault(&format!("{path}[{place}]"), what)).collect::<Vec<_>>()
        };
        let (name, class) = ("a Kubernetes name such as example.com/name", "the name of a class");
        let ingress = &self.ingress;
        let label = (!is_qualified_name(&self.routing_label)).then(|| fault("routingLabel", name));
        let not_empty = |text: &str| !text.is_empty();
        label
            .into_iter()
            .chain(in_list("ingress.issuerAnnotations", &ingress.issuer_annotations, is_qualified_name, name))
            .chain(in_list("ingress.leaveAnnotations", &ingress.leave_annotations, any_prefix, name))
            .chain(in_list("ingress.ignoredClasses", &ingress.ignored_classes, not_empty, class))
            .chain(in_list("gateway.ignoredClasses", &self.gateway.ignored_classes, not_empty, class))
            .collect()
    }

    /// Reads a host; `None` if it is none, or is never touched (setting `ignoredHosts`).
    pub(crate) fn host(&self, text: &str) -> Option<Host> {
        Host::parse(text).filter(|host| !self.ignored_hosts.iter().any(|glob| glob.matches(host)))
    }
}

/// Reads one of a few words, where serde would take an object as well.
fn word<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    T::deserialize(String::deserialize(deserializer)?.into_deserializer())
}

/// Takes away the field at a path. An item of a list is replaced, so that those behind it keep their
/// positions.
fn take(json: &mut Value, path: &Path) -> Option<Value> {
    let segments: Vec<_> = path.iter().collect();
    let (last, parents) = segments.split_last()?;
    let parent = parents.iter().try_fold(json, |value, segment| match segment {
        Segment::Map { key } => value.get_mut(key),
        Segment::Seq { index } => value.get_mut(index),
        _ => None,
    })?;
    match last {
        Segment::Map { key } => parent.as_object_mut()?.remove(key),
        Segment::Seq { index } => Some(std::mem::replace(parent.get_mut(index)?, json!("a"))),
        _ => None,
    }
}

/// Whether this can be the key of a label or an annotation (Kubernetes, `apimachinery/pkg/util/validation`,
/// `IsQualifiedName`).
fn is_qualified_name(text: &str) -> bool {
    let (prefix, name) = text.split_once('/').map_or((None, text), |(prefix, name)| (Some(prefix), name));
    let is_inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let is_end = |char: char| char.is_ascii_alphanumeric();
    let has_ends = name.starts_with(is_end) && name.ends_with(is_end);
    has_ends && name.len() <= 63 && name.bytes().all(is_inner) && prefix.is_none_or(is_dns_subdomain)
}

#[cfg(test)]
mod tests;
