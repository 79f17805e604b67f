//! Hosts and the names of certificates: the only place that knows what `*` means.
//!
//! A [`Host`] is what an Ingress asks for, a [`DnsPattern`] is what a certificate offers. Both are checked
//! once and hold lower-case ASCII, so that comparing them is comparing bytes.
//!
//! The characters and labels allowed are those of Go's `crypto/x509` (`validHostname`), with which Traefik,
//! ingress-nginx and cert-manager are built: letters, digits, `-` (not first in a label) and `_`. A name that
//! is not valid, which Go compares letter by letter (`a..b`, `f*.x`), is no host and covers none.

use std::net::IpAddr;

use globset::{GlobBuilder, GlobMatcher};
use serde::Deserialize;

/// How far `*` reaches in a certificate's name (setting `wildcards`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Wildcards {
    /// RFC 9525, section 6.3: it is the complete left-most label, and matches exactly one label.
    #[default]
    OneLabel,
    /// Epinio's own matching: it is anywhere, and matches any text, dots included.
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
    /// `*.example.com`, kept as `example.com`, and how far its `*` reaches.
    Wildcard(String, Wildcards),
    /// Another text with `*`, only with [`Wildcards::AnyDepth`].
    Glob(HostGlob),
}

/// How well a name fits a host; the greatest is the best.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fit {
    /// A wildcard, with its length: the longer, the better.
    Wildcard(usize),
    Exact,
}

impl DnsPattern {
    /// Reads a DNS SAN; `None` if it can cover no host.
    pub(crate) fn parse(san: impl Into<String>, wildcards: Wildcards) -> Option<Self> {
        let mut name = san.into();
        name.make_ascii_lowercase();
        if !name.as_bytes().contains(&b'*') {
            // A final dot is kept: Go compares such a SAN letter by letter.
            return is_name(without_final_dot(&name)).then_some(Self::Exact(name));
        }
        if name.strip_prefix("*.").is_some_and(is_name) {
            name.drain(.."*.".len());
            return Some(Self::Wildcard(name, wildcards));
        }
        if wildcards == Wildcards::OneLabel || name.contains('?') {
            return None;
        }
        HostGlob::compile(&name).map(Self::Glob)
    }

    /// How well this name covers a host, if it does.
    pub(crate) fn fit(&self, host: &Host) -> Option<Fit> {
        match self {
            // The final dot of an absolute host may be missing from the certificate.
            Self::Exact(name) => (*name == host.text || name == host.relative()).then_some(Fit::Exact),
            Self::Wildcard(parent, wildcards) => {
                let head = host.relative().strip_suffix(parent.as_str())?.strip_suffix('.')?;
                let is_below = *wildcards == Wildcards::AnyDepth || !head.contains('.');
                is_below.then_some(Fit::Wildcard("*.".len() + parent.len()))
            }
            Self::Glob(glob) => glob.matches(host).then_some(Fit::Wildcard(glob.text().len())),
        }
    }
}

/// The length of the longest DNS name. globset panics at globs that are too long to compile.
const MAX_GLOB: usize = 253;

/// A glob over whole hosts, compiled: `*` matches any text, dots included, and `?` one character.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct HostGlob(GlobMatcher);

impl TryFrom<String> for HostGlob {
    type Error = &'static str;

    /// Reads a glob of the settings.
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::compile(&text.to_ascii_lowercase())
            .ok_or("must be a pattern of hosts: letters, digits, '-', '_', '.', '*' and '?'")
    }
}

impl HostGlob {
    /// Compiles a glob in lower case; `None` if no host can match it.
    fn compile(text: &str) -> Option<Self> {
        let is_possible = |byte: u8| matches!(byte, b'*' | b'?' | b'.') || is_name_byte(byte);
        if !(1..=MAX_GLOB).contains(&text.len()) || !text.bytes().all(is_possible) {
            return None;
        }
        let glob = GlobBuilder::new(text).literal_separator(false).build();
        Some(Self(glob.ok()?.compile_matcher()))
    }

    pub(crate) fn matches(&self, host: &Host) -> bool {
        self.0.is_match(host.relative())
    }

    fn text(&self) -> &str {
        self.0.glob().glob()
    }
}

impl PartialEq for HostGlob {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl Eq for HostGlob {}

fn without_final_dot(text: &str) -> &str {
    text.strip_suffix('.').unwrap_or(text)
}

/// Whether this is labels, joined by dots, of the characters that Go accepts in a host name.
fn is_name(text: &str) -> bool {
    text.as_bytes().split(|byte| *byte == b'.').all(|label| {
        label.first().is_some_and(|first| *first != b'-') && label.iter().copied().all(is_name_byte)
    })
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

#[cfg(test)]
mod tests;
