//! What matching needs of a certificate, written down in an annotation of its Secret when the Secret
//! is admitted, so that look-ups need not ask for certificates and keys.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    leaf::Leaf,
    names::{DnsPattern, Wildcards},
};

/// The annotation that holds the index.
pub const INDEX: &str = "routing-secrets-policy/index";

/// The version of the format; an index of another one is as good as none.
const VERSION: u32 = 1;

/// The text of the annotation of a Secret with this leaf: compact JSON that begins with the version of the format.
///
/// # Errors
/// None that is known: it is written to memory.
pub fn write(leaf: &Leaf<'_>) -> serde_json::Result<String> {
    // What can cover a host with the other setting can do so with this one.
    let is_valid =
        |name: &&Cow<'_, str>| DnsPattern::parse(name.as_ref(), Wildcards::AnyDepth).is_some();
    let names: Vec<_> = leaf.dns_names.iter().filter(is_valid).collect();
    Ok(format!(
        r#"{{"version":{VERSION},"dnsNames":{},"notBefore":{},"notAfter":{},"selectable":{}}}"#,
        serde_json::to_string(&names)?,
        leaf.not_before,
        leaf.not_after,
        !leaf.temporary,
    ))
}

/// The same, written in any other way.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Index {
    version: u32,
    /// The DNS SANs of the leaf that can cover a host with some setting.
    dns_names: Vec<String>,
    not_before: u64,
    not_after: u64,
    /// Whether the certificate may be selected while it is valid.
    selectable: bool,
}

/// Reads the annotation, which is JSON in a JSON string; `None` if it is of another version, or unreadable.
pub fn read(annotation: &RawValue) -> Option<Leaf<'_>> {
    as_written(annotation.get()).or_else(|| {
        let text: String = serde_json::from_str(annotation.get()).ok()?;
        // An array would do for serde, but we do not write that.
        let json = Some(text).filter(|text| text.starts_with('{'))?;
        let index: Index = serde_json::from_str(&json).ok()?;
        let names = index.dns_names.into_iter();
        (index.version == VERSION).then(|| Leaf {
            dns_names: names.map(Cow::Owned).collect(),
            not_before: index.not_before,
            not_after: index.not_after,
            temporary: !index.selectable,
        })
    })
}

/// Reads it as [`write`] writes it: nothing is escaped but quotes, so the names are taken as they stand, which
/// saves time in look-ups of many Secrets.
fn as_written(json: &str) -> Option<Leaf<'_>> {
    let rest = json.strip_prefix(r#""{\"version\":"#)?;
    let (version, rest) = rest.split_once(',')?;
    let rest = rest.strip_prefix(r#"\"dnsNames\":["#)?;
    let (names, rest) = rest.split_once(']')?;
    let rest = rest.strip_prefix(r#",\"notBefore\":"#)?;
    let (not_before, rest) = rest.split_once(',')?;
    let rest = rest.strip_prefix(r#"\"notAfter\":"#)?;
    let (not_after, rest) = rest.split_once(',')?;
    let selectable = rest
        .strip_prefix(r#"\"selectable\":"#)?
        .strip_suffix(r#"}""#)?;
    let names = Some(names).filter(|names| !names.is_empty());
    let names = names.into_iter().flat_map(|names| names.split(','));
    (version.parse() == Ok(VERSION)).then_some(Leaf {
        dns_names: names.map(name).collect::<Option<_>>()?,
        not_before: not_before.parse().ok()?,
        not_after: not_after.parse().ok()?,
        temporary: !selectable.parse::<bool>().ok()?,
    })
}

fn name(quoted: &str) -> Option<Cow<'_, str>> {
    let name = quoted.strip_prefix(r#"\""#)?.strip_suffix(r#"\""#)?;
    (!name.contains('\\')).then_some(Cow::Borrowed(name))
}

#[cfg(test)]
#[path = "index_tests.rs"]
mod tests;
