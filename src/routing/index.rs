//! The index: what matching needs of a certificate, written into an annotation of its Secret when the Secret
//! is admitted, so that look-ups need not ask for certificates and keys.
//!
//! One line of words: the version of the format, `issued` or `temporary`, `notBefore` and `notAfter` in
//! seconds since 1970, and the DNS SANs that can cover a host under some setting: `v1 issued 1764201600
//! 1795737600 *.apps.example.com apps.example.com`.

use crate::{
    host::{DnsPattern, Wildcards},
    x509::leaf::Leaf,
};

/// The annotation that holds the index.
pub(crate) const INDEX: &str = "routing-secrets-policy/index";

/// The version of the format. An index of another version is not read.
const VERSION: &str = "v1";
const ISSUED: &str = "issued";
/// cert-manager replaces the certificate as soon as the real one is issued.
const TEMPORARY: &str = "temporary";

/// The index of a Secret with this leaf.
pub(crate) fn write(leaf: &Leaf) -> String {
    let kind = if leaf.is_temporary { TEMPORARY } else { ISSUED };
    let mut index = format!("{VERSION} {kind} {} {}", leaf.not_before, leaf.not_after);
    // What can cover a host under `oneLabel` can do so under `anyDepth`.
    let is_valid = |name: &&String| DnsPattern::parse(*name, Wildcards::AnyDepth).is_some();
    for name in leaf.dns_names.iter().filter(is_valid) {
        index.push(' ');
        index.push_str(name);
    }
    index
}

/// Reads an index; `None` if it is of another version, or unreadable.
pub(crate) fn read(index: &str) -> Option<Leaf> {
    let mut words = index.split(' ');
    if words.next()? != VERSION {
        return None;
    }
    let is_temporary = match words.next()? {
        ISSUED => false,
        TEMPORARY => true,
        _ => return None,
    };
    let not_before = words.next()?.parse().ok()?;
    let not_after = words.next()?.parse().ok()?;
    let names = words.map(|name| (!name.is_empty()).then(|| name.to_owned()));
    Some(Leaf { dns_names: names.collect::<Option<_>>()?, not_before, not_after, is_temporary })
}
