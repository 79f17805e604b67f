//! Host names and the names of certificates: the only place that knows what `*` means.
//!
//! A [`Host`] is what an Ingress asks for, a [`DnsPattern`] is what a certificate offers. Both are
//! checked once and hold lower-case ASCII, so that comparing them is comparing bytes.
//!
//! The characters and labels allowed are those of Go's `crypto/x509` (`validHostname`), which is what
//! Traefik, ingress-nginx and cert-manager run: letters, digits, `-` (not first in a label) and `_`.
//! A name that Go would compare only letter by letter, because it is no valid name (`a..b`, `f*.x`),
//! is no host and covers none.

use std::{borrow::Cow, net::IpAddr};

use crate::{globs::Globs, keys::lower};

/// How far `*` reaches in a certificate's name (setting `wildcards`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wildcards {
    /// RFC 9525, section 6.3: the complete left-most label, standing for exactly one label.
    #[default]
    OneLabel,
    /// Epinio's own matching: `*` anywhere, standing for any text, dots included.
    AnyDepth,
}

/// A host of an Ingress: `a.example.com`, or the wildcard host `*.example.com`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    text: String,
    wildcard: bool,
}

impl Host {
    /// Reads a host; `None` if it is none, such as an IP address, which only an IP SAN could cover.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        if let Some(parent) = text.strip_prefix("*.") {
            return is_name(parent).then_some(Self {
                text,
                wildcard: true,
            });
        }
        let name = text.strip_suffix('.').unwrap_or(&text);
        (is_name(name) && text.parse::<IpAddr>().is_err()).then_some(Self {
            text,
            wildcard: false,
        })
    }

    /// The host in lower case.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The exact names that cover this host. A final dot, which marks an absolute name, may be
    /// missing from the certificate.
    pub(crate) fn exact_names(&self) -> impl Iterator<Item = &str> {
        let relative = self.text.strip_suffix('.');
        [Some(self.as_str()), relative]
            .into_iter()
            .flatten()
            .filter(|_| !self.wildcard)
    }

    /// The domains above this host, the nearest first: `b.c` and `c` for `a.b.c`. The nearest one is
    /// the domain whose wildcard covers the host, or is the host if that is a wildcard itself.
    pub(crate) fn parents(&self) -> impl Iterator<Item = &str> {
        let name = self.relative();
        name.match_indices('.')
            .filter_map(move |(dot, _)| name.get(dot + 1..))
    }

    /// The host without the final dot of an absolute name.
    pub(crate) fn relative(&self) -> &str {
        self.text.strip_suffix('.').unwrap_or(&self.text)
    }
}

/// A name that a certificate is valid for: one DNS SAN that can cover a host.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DnsPattern<'a> {
    /// `a.example.com`: covers just that host.
    Exact(Cow<'a, str>),
    /// `*.example.com`, kept as `example.com`.
    Wildcard(Cow<'a, str>),
    /// Another text with `*`, only with [`Wildcards::AnyDepth`].
    Glob(Cow<'a, str>),
}

impl<'a> DnsPattern<'a> {
    /// Reads a DNS SAN; `None` if it can cover no host.
    pub fn parse(san: impl Into<Cow<'a, str>>, wildcards: Wildcards) -> Option<Self> {
        let text = lower(san.into());
        if !text.contains('*') {
            // A final dot is kept: Go compares such a SAN letter by letter.
            let name = text.strip_suffix('.').unwrap_or(&text);
            return is_name(name).then_some(Self::Exact(text));
        }
        if text.strip_prefix("*.").is_some_and(is_name) {
            return Some(Self::Wildcard(parent(text)));
        }
        let glob = text
            .bytes()
            .all(|byte| byte == b'*' || byte == b'.' || is_name_byte(byte));
        (wildcards == Wildcards::AnyDepth && glob).then_some(Self::Glob(text))
    }
}

/// What follows the `*.` of a wildcard.
fn parent(wildcard: Cow<'_, str>) -> Cow<'_, str> {
    match wildcard {
        Cow::Borrowed(text) => Cow::Borrowed(text.get(2..).unwrap_or_default()),
        Cow::Owned(text) => Cow::Owned(text.get(2..).unwrap_or_default().to_owned()),
    }
}

/// A pattern of hosts in the settings: `*` stands for any text, dots included, `?` for one character.
#[derive(Clone, Debug)]
pub struct HostGlob(String);

impl HostGlob {
    /// Reads a pattern; `None` if no host could ever match it.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        let possible = |byte: u8| matches!(byte, b'*' | b'?' | b'.') || is_name_byte(byte);
        (!text.is_empty() && text.bytes().all(possible)).then_some(Self(text))
    }
}

/// Patterns of hosts.
#[derive(Clone, Debug, Default)]
pub struct HostGlobs(Globs);

impl HostGlobs {
    /// Whether `host` matches one of them.
    pub fn matches(&self, host: &Host) -> bool {
        self.0.matching(host.relative()).next().is_some()
    }
}

impl FromIterator<HostGlob> for HostGlobs {
    fn from_iter<I: IntoIterator<Item = HostGlob>>(globs: I) -> Self {
        let mut all = Globs::default();
        for HostGlob(glob) in globs {
            all.add(&glob);
        }
        Self(all)
    }
}

/// Whether this is labels, joined by dots, of the characters that Go accepts in a host name.
fn is_name(text: &str) -> bool {
    let mut begins_label = true;
    let is_possible = text.bytes().all(|byte| {
        let is_possible = match byte {
            b'.' | b'-' => !begins_label,
            _ => is_name_byte(byte),
        };
        begins_label = byte == b'.';
        is_possible
    });
    is_possible && !begins_label
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

#[cfg(test)]
#[path = "names_tests.rs"]
mod tests;
