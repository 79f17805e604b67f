//! The settings of the policy, checked once.
//!
//! The author of the settings gets every fault at once, each naming its field, so they are read
//! field by field rather than into a derived type, which would stop at the first.

mod fields;

use serde::Deserialize;
use serde_json::Value;

use self::fields::{Check, Fields};
use crate::routing::{Host, HostGlob, Wildcards};

/// What a host of a rule that no TLS entry names gets (setting `ingress.plainHosts`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum PlainHosts {
    /// A TLS entry, if a routing secret covers it.
    #[default]
    Secure,
    /// Nothing.
    Ignore,
}

/// What happens to an Ingress with a trigger annotation of which some TLS hosts are not covered
/// (setting `ingress.partlyCovered`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum PartlyCovered {
    /// Nothing, but a warning.
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
    /// It is rejected.
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
    /// Nothing, but a warning.
    Leave,
}

/// What happens to a Certificate of which routing secrets cover every name (setting
/// `certificate.covered`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Covered {
    /// It is stored, but not issued.
    #[default]
    Park,
    /// It is rejected.
    Reject,
    /// Nothing, but a warning.
    Allow,
}

/// What happens when a routing secret goes, or is renewed with fewer names, while something names it for
/// a host that it covers (setting `secret.inUse`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum InUse {
    /// A warning.
    #[default]
    Warn,
    /// It is rejected.
    Deny,
    /// Nothing.
    Ignore,
}

/// Checked settings.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// The label that makes a TLS Secret a routing secret.
    pub(crate) routing_label: String,
    /// How far `*` reaches in a certificate's name.
    pub(crate) wildcards: Wildcards,
    pub(crate) ingress: IngressSettings,
    pub(crate) gateway: GatewaySettings,
    pub(crate) certificate: CertificateSettings,
    pub(crate) secret: SecretSettings,
    ignored_hosts: Vec<HostGlob>,
}

#[derive(Clone, Debug)]
pub(crate) struct IngressSettings {
    pub(crate) action: Action,
    pub(crate) plain_hosts: PlainHosts,
    pub(crate) partly_covered: PartlyCovered,
    /// Annotations, besides cert-manager's own, that make some controller issue certificates.
    pub(crate) issuer_annotations: Vec<String>,
    /// Ingress classes of which the controller reads no Secrets, or those of another namespace.
    pub(crate) ignored_classes: Vec<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct GatewaySettings {
    pub(crate) action: Action,
    pub(crate) triggered: Triggered,
    /// Classes of Gateways that are left alone.
    pub(crate) ignored_classes: Vec<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct CertificateSettings {
    pub(crate) covered: Covered,
}

#[derive(Clone, Debug)]
pub(crate) struct SecretSettings {
    /// A certificate that ends earlier than in so many days is rejected.
    pub(crate) minimum_days_left: u64,
    /// A certificate that ends earlier than in so many days is warned about.
    pub(crate) warn_days_left: u64,
    /// Whether mirrors of routing secrets get the routing label.
    pub(crate) label_mirrors: bool,
    /// What is done about a routing secret that goes while something names it.
    pub(crate) in_use: InUse,
    /// Whether routing secrets get an index.
    pub(crate) index: bool,
}

impl Settings {
    /// Reads and checks settings.
    ///
    /// # Errors
    /// Every fault, one line each, beginning with the field's name.
    pub(crate) fn read(json: &[u8]) -> Result<Self, Vec<String>> {
        match serde_json::from_slice(json) {
            Ok(settings) => Self::parse(&settings),
            // A number may be too big for anything, too.
            Err(_) => Err(vec!["settings: cannot be read".to_owned()]),
        }
    }

    /// Checks settings; absent or null ones are the default.
    ///
    /// # Errors
    /// Every fault, one line each, beginning with the field's name.
    pub(crate) fn parse(json: &Value) -> Result<Self, Vec<String>> {
        let mut faults = Vec::new();
        let mut root = Fields::new(String::new(), Some(json), &mut faults);
        let routing_label = root.text("routingLabel", "epinio.io/routing", QUALIFIED_NAME);
        let wildcards = root.choice("wildcards");
        let ignored_hosts = root.texts("ignoredHosts", &[], HOST_GLOB);
        let ingress = IngressSettings::parse(root.section("ingress"));
        let gateway = GatewaySettings::parse(root.section("gateway"));
        let certificate = CertificateSettings::parse(root.section("certificate"));
        let secret = SecretSettings::parse(root.section("secret"));
        root.finish();
        if !faults.is_empty() {
            return Err(faults);
        }
        let globs = ignored_hosts
            .iter()
            .filter_map(|text| HostGlob::parse(text));
        Ok(Self {
            routing_label,
            wildcards,
            ingress,
            gateway,
            certificate,
            secret,
            ignored_hosts: globs.collect(),
        })
    }

    /// Reads a host; `None` if it is none, or is never touched.
    pub(crate) fn host(&self, text: &str) -> Option<Host> {
        Host::parse(text).filter(|host| !self.ignores(host))
    }

    /// Whether a host is never touched (setting `ignoredHosts`).
    pub(crate) fn ignores(&self, host: &Host) -> bool {
        self.ignored_hosts.iter().any(|glob| glob.matches(host))
    }
}

impl IngressSettings {
    fn parse(mut fields: Fields<'_>) -> Self {
        let settings = Self {
            action: fields.choice("action"),
            plain_hosts: fields.choice("plainHosts"),
            partly_covered: fields.choice("partlyCovered"),
            issuer_annotations: fields.texts("issuerAnnotations", &[], QUALIFIED_NAME),
            ignored_classes: fields.texts(
                "ignoredClasses",
                &["istio", "alb", "tailscale"],
                CLASS_NAME,
            ),
        };
        fields.finish();
        settings
    }
}

impl GatewaySettings {
    fn parse(mut fields: Fields<'_>) -> Self {
        let settings = Self {
            action: fields.choice("action"),
            triggered: fields.choice("triggered"),
            ignored_classes: fields.texts("ignoredClasses", &[], CLASS_NAME),
        };
        fields.finish();
        settings
    }
}

impl CertificateSettings {
    fn parse(mut fields: Fields<'_>) -> Self {
        let covered = fields.choice("covered");
        fields.finish();
        Self { covered }
    }
}

impl SecretSettings {
    fn parse(mut fields: Fields<'_>) -> Self {
        let settings = Self {
            minimum_days_left: fields.number("minimumDaysLeft", 0),
            warn_days_left: fields.number("warnDaysLeft", 21),
            label_mirrors: fields.flag("labelMirrors", true),
            in_use: fields.choice("inUse"),
            index: fields.flag("index", true),
        };
        fields.finish();
        settings
    }
}

const QUALIFIED_NAME: Check = Check {
    is_valid: is_qualified_name,
    what: "a Kubernetes name such as example.com/name",
};
const HOST_GLOB: Check = Check {
    is_valid: |text| HostGlob::parse(text).is_some(),
    what: "a pattern of hosts: letters, digits, '-', '_', '.', '*' and '?'",
};
const CLASS_NAME: Check = Check {
    is_valid: |text| !text.is_empty(),
    what: "the name of a class",
};

/// Whether this can be the key of a label or an annotation
/// (Kubernetes, `apimachinery/pkg/util/validation`, `IsQualifiedName`).
fn is_qualified_name(text: &str) -> bool {
    let (prefix, name) = match text.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, text),
    };
    is_label_text(name, 63, |byte| matches!(byte, b'-' | b'_' | b'.'))
        && prefix.is_none_or(|prefix| {
            prefix.len() <= 253
                && prefix.split('.').all(|label| {
                    is_label_text(label, 253, |byte| byte == b'-')
                        && !label.bytes().any(|byte| byte.is_ascii_uppercase())
                })
        })
}

/// Whether this is letters and digits, with other characters only between them.
fn is_label_text(text: &str, longest: usize, is_inner: fn(u8) -> bool) -> bool {
    let is_end = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
    is_end(text.bytes().next())
        && is_end(text.bytes().last())
        && text.len() <= longest
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || is_inner(byte))
}

#[cfg(test)]
mod tests;
