//! The settings of the policy, checked once.
//!
//! The author of the settings gets every fault at once, each naming its field, so they are read
//! field by field rather than into a derived type, which would stop at the first.

mod fields;

use serde_json::Value;

use self::fields::Fields;
use crate::routing::{Host, HostGlob, Wildcards};

/// What a host of a rule that no TLS entry names gets (setting `ingress.plainHosts`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PlainHosts {
    /// A TLS entry, if a routing secret covers it.
    Secure,
    /// Nothing.
    Ignore,
}

/// What happens to an Ingress with a trigger annotation of which some TLS hosts are not covered
/// (setting `ingress.partlyCovered`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PartlyCovered {
    /// Nothing, but a warning.
    Leave,
    /// The covered hosts are rewritten; their entries lose `hosts`, so that ingress-shim skips them.
    OmitHosts,
}

/// What happens to an object that does not use its routing secrets (settings `ingress.action` and
/// `gateway.action`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// It is changed to use them.
    Mutate,
    /// It is rejected.
    Require,
}

/// What happens to a Gateway or ListenerSet for which cert-manager orders certificates (setting
/// `gateway.triggered`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Triggered {
    /// It is rewritten, and cert-manager is told to ignore the listeners of routing secrets.
    IgnoreListeners,
    /// Nothing, but a warning.
    Leave,
}

/// What happens to a Certificate of which routing secrets cover every name (setting
/// `certificate.covered`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Covered {
    /// It is stored, but not issued.
    Park,
    /// It is rejected.
    Reject,
    /// Nothing, but a warning.
    Allow,
}

/// Checked settings.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// The label that makes a TLS Secret a routing secret.
    pub(crate) routing_label: String,
    /// How far `*` reaches in a certificate's name.
    pub(crate) wildcards: Wildcards,
    /// The section `ingress`.
    pub(crate) ingress: IngressSettings,
    /// The section `gateway`.
    pub(crate) gateway: GatewaySettings,
    /// The section `certificate`.
    pub(crate) certificate: CertificateSettings,
    /// The section `secret`.
    pub(crate) secret: SecretSettings,
    ignored_hosts: Vec<HostGlob>,
}

/// The section `ingress` of the settings.
#[derive(Clone, Debug)]
pub(crate) struct IngressSettings {
    /// Whether an Ingress is changed or rejected.
    pub(crate) action: Action,
    /// What hosts without a TLS entry get.
    pub(crate) plain_hosts: PlainHosts,
    /// What a partly covered Ingress with a trigger annotation gets.
    pub(crate) partly_covered: PartlyCovered,
    /// Annotations, besides cert-manager's own, that make some controller issue certificates.
    pub(crate) issuer_annotations: Vec<String>,
    /// Ingress classes whose Secrets are not in the Ingress's namespace.
    pub(crate) ignored_classes: Vec<String>,
}

/// The section `gateway` of the settings.
#[derive(Clone, Debug)]
pub(crate) struct GatewaySettings {
    /// Whether a Gateway or ListenerSet is changed or rejected.
    pub(crate) action: Action,
    /// What one gets for which cert-manager orders certificates.
    pub(crate) triggered: Triggered,
}

/// The section `certificate` of the settings.
#[derive(Clone, Debug)]
pub(crate) struct CertificateSettings {
    /// What a Certificate gets that nobody needs.
    pub(crate) covered: Covered,
}

/// The section `secret` of the settings.
#[derive(Clone, Debug)]
pub(crate) struct SecretSettings {
    /// A certificate that ends earlier than in so many days is rejected.
    pub(crate) minimum_days_left: u64,
    /// A certificate that ends earlier than in so many days is warned about.
    pub(crate) warn_days_left: u64,
    /// Whether mirrors of routing secrets get the routing label.
    pub(crate) label_mirrors: bool,
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
        let routing_label = root
            .text("routingLabel", is_qualified_name, QUALIFIED_NAME)
            .unwrap_or_else(|| "epinio.io/routing".to_owned());
        let wildcards = root
            .choice(
                "wildcards",
                &[
                    ("oneLabel", Wildcards::OneLabel),
                    ("anyDepth", Wildcards::AnyDepth),
                ],
            )
            .unwrap_or_default();
        let ignored_hosts = root
            .texts(
                "ignoredHosts",
                |text| HostGlob::parse(text).is_some(),
                HOST_GLOB,
            )
            .unwrap_or_default();
        let ingress = IngressSettings::parse(root.section("ingress"));
        let gateway = GatewaySettings::parse(root.section("gateway"));
        let certificate = CertificateSettings::parse(root.section("certificate"));
        let secret = SecretSettings::parse(root.section("secret"));
        root.finish();
        if faults.is_empty() {
            Ok(Self {
                routing_label,
                wildcards,
                ingress,
                gateway,
                certificate,
                secret,
                ignored_hosts: ignored_hosts
                    .iter()
                    .filter_map(|text| HostGlob::parse(text))
                    .collect(),
            })
        } else {
            Err(faults)
        }
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
            action: action(&mut fields),
            plain_hosts: fields
                .choice(
                    "plainHosts",
                    &[
                        ("secure", PlainHosts::Secure),
                        ("ignore", PlainHosts::Ignore),
                    ],
                )
                .unwrap_or(PlainHosts::Secure),
            partly_covered: fields
                .choice(
                    "partlyCovered",
                    &[
                        ("leave", PartlyCovered::Leave),
                        ("omitHosts", PartlyCovered::OmitHosts),
                    ],
                )
                .unwrap_or(PartlyCovered::Leave),
            issuer_annotations: fields
                .texts("issuerAnnotations", is_qualified_name, QUALIFIED_NAME)
                .unwrap_or_default(),
            ignored_classes: fields
                .texts(
                    "ignoredClasses",
                    |text| !text.is_empty(),
                    "the name of an Ingress class",
                )
                .unwrap_or_else(|| vec!["istio".to_owned()]),
        };
        fields.finish();
        settings
    }
}

impl GatewaySettings {
    fn parse(mut fields: Fields<'_>) -> Self {
        let choices = [
            ("ignoreListeners", Triggered::IgnoreListeners),
            ("leave", Triggered::Leave),
        ];
        let settings = Self {
            action: action(&mut fields),
            triggered: fields
                .choice("triggered", &choices)
                .unwrap_or(Triggered::IgnoreListeners),
        };
        fields.finish();
        settings
    }
}

impl CertificateSettings {
    fn parse(mut fields: Fields<'_>) -> Self {
        let choices = [
            ("park", Covered::Park),
            ("reject", Covered::Reject),
            ("allow", Covered::Allow),
        ];
        let covered = fields.choice("covered", &choices).unwrap_or(Covered::Park);
        fields.finish();
        Self { covered }
    }
}

impl SecretSettings {
    fn parse(mut fields: Fields<'_>) -> Self {
        let settings = Self {
            minimum_days_left: fields.number("minimumDaysLeft").unwrap_or(0),
            warn_days_left: fields.number("warnDaysLeft").unwrap_or(21),
            label_mirrors: fields.flag("labelMirrors").unwrap_or(true),
            index: fields.flag("index").unwrap_or(true),
        };
        fields.finish();
        settings
    }
}

/// Reads what is done about an object.
fn action(fields: &mut Fields<'_>) -> Action {
    let choices = [("mutate", Action::Mutate), ("require", Action::Require)];
    fields.choice("action", &choices).unwrap_or(Action::Mutate)
}

const QUALIFIED_NAME: &str = "a Kubernetes name such as example.com/name";
const HOST_GLOB: &str = "a pattern of hosts: letters, digits, '-', '_', '.', '*' and '?'";

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
