//! Hosts and the names of certificates: the only place that knows what `*` means.
//!
//! A [`Host`] is what an Ingress asks for, a [`DnsPattern`] is what a certificate offers. Both are
//! checked once and hold lower-case ASCII, so that comparing them is comparing bytes.
//!
//! The characters and labels allowed are those of Go's `crypto/x509` (`validHostname`), which is what
//! Traefik, ingress-nginx and cert-manager run: letters, digits, `-` (not first in a label) and `_`.
//! A name that Go would compare only letter by letter, because it is no valid name (`a..b`, `f*.x`),
//! is no host and covers none.

use std::net::IpAddr;

use globset::GlobBuilder;
use serde::Deserialize;

/// How far `*` reaches in a certificate's name (setting `wildcards`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Wildcards {
    /// RFC 9525, section 6.3: the complete left-most label, standing for exactly one label.
    #[default]
    OneLabel,
    /// Epinio's own matching: `*` anywhere, standing for any text, dots included.
    AnyDepth,
}

/// A host of an Ingress: `a.example.com`, or the wildcard host `*.example.com`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Host {
    /// In lower case, perhaps with the final dot of an absolute name.
    text: String,
}

impl Host {
    /// Reads a host; `None` if it is none, such as an IP address, which only an IP SAN could cover.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        let is_host = match text.strip_prefix("*.") {
            Some(parent) => is_name(parent),
            None => is_name(without_final_dot(&text)) && text.parse::<IpAddr>().is_err(),
        };
        is_host.then_some(Self { text })
    }

    /// The host without the final dot of an absolute name.
    fn relative(&self) -> &str {
        without_final_dot(&self.text)
    }
}

/// A name that a certificate is valid for: one DNS SAN that can cover a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DnsPattern {
    /// `a.example.com`: covers just that host.
    Exact(String),
    /// `*.example.com`, kept as `example.com`.
    Wildcard(String),
    /// Another text with `*`, only with [`Wildcards::AnyDepth`].
    Glob(String),
}

/// How well a name fits a host; the greatest is the best.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fit {
    /// A wildcard, with its length: the longer, the better.
    Wildcard(usize),
    /// The host itself.
    Exact,
}

impl DnsPattern {
    /// Reads a DNS SAN; `None` if it can cover no host.
    pub(crate) fn parse(san: &str, wildcards: Wildcards) -> Option<Self> {
        let text = san.to_ascii_lowercase();
        if !text.contains('*') {
            // A final dot is kept: Go compares such a SAN letter by letter.
            return is_name(without_final_dot(&text)).then_some(Self::Exact(text));
        }
        if let Some(parent) = text.strip_prefix("*.").filter(|parent| is_name(parent)) {
            return Some(Self::Wildcard(parent.to_owned()));
        }
        let is_glob = |byte: u8| matches!(byte, b'*' | b'.') || is_name_byte(byte);
        (wildcards == Wildcards::AnyDepth && text.bytes().all(is_glob)).then_some(Self::Glob(text))
    }

    /// How well this name covers a host, if it does.
    pub(crate) fn fit(&self, host: &Host, wildcards: Wildcards) -> Option<Fit> {
        match self {
            // The final dot of an absolute host may be missing from the certificate.
            Self::Exact(name) => {
                let is_same = *name == host.text || name == host.relative();
                (is_same && !host.text.starts_with('*')).then_some(Fit::Exact)
            }
            Self::Wildcard(parent) => {
                let is_below = match wildcards {
                    Wildcards::OneLabel => {
                        let nearest = host.relative().split_once('.');
                        nearest.is_some_and(|(_, nearest)| nearest == parent)
                    }
                    Wildcards::AnyDepth => {
                        let head = host.relative().strip_suffix(parent.as_str());
                        head.is_some_and(|head| head.ends_with('.'))
                    }
                };
                is_below.then_some(Fit::Wildcard("*.".len() + parent.len()))
            }
            Self::Glob(glob) => glob_matches(glob, host).then_some(Fit::Wildcard(glob.len())),
        }
    }
}

/// A pattern of hosts in the settings: `*` stands for any text, dots included, `?` for one character.
#[derive(Clone, Debug)]
pub(crate) struct HostGlob(String);

impl HostGlob {
    /// Reads a pattern; `None` if no host could ever match it.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        let is_possible = |byte: u8| matches!(byte, b'*' | b'?' | b'.') || is_name_byte(byte);
        (!text.is_empty() && text.bytes().all(is_possible)).then_some(Self(text))
    }

    /// Whether a host matches it.
    pub(crate) fn matches(&self, host: &Host) -> bool {
        glob_matches(&self.0, host)
    }
}

/// Whether a glob matches a host. Compiling it takes longer than all else, so it is done only where
/// what follows the last wildcard fits. Of globset's special characters, globs here have `*` and `?`.
fn glob_matches(glob: &str, host: &Host) -> bool {
    let end = glob.rsplit(['*', '?']).next().unwrap_or_default();
    let compiled = || GlobBuilder::new(glob).literal_separator(false).build().ok();
    host.relative().ends_with(end)
        && compiled().is_some_and(|glob| glob.compile_matcher().is_match(host.relative()))
}

fn without_final_dot(text: &str) -> &str {
    text.strip_suffix('.').unwrap_or(text)
}

/// Whether this is labels, joined by dots, of the characters that Go accepts in a host name.
fn is_name(text: &str) -> bool {
    text.split('.').all(|label| {
        !label.is_empty() && !label.starts_with('-') && label.bytes().all(is_name_byte)
    })
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}
