//! What matching needs of a certificate, written down in an annotation of its Secret when the Secret
//! is admitted, so that look-ups need not ask for certificates and keys.

use serde::{Deserialize, Serialize};

use crate::{
    leaf::Leaf,
    names::{DnsPattern, Wildcards},
};

/// The annotation that holds the index.
pub const INDEX: &str = "routing-secrets-policy/index";

/// The version of the format; an index of another one is as good as none.
const VERSION: u32 = 1;

/// The annotation, in compact JSON.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Index<Names> {
    version: u32,
    /// The DNS SANs of the leaf that can cover a host with some setting.
    dns_names: Names,
    not_before: u64,
    not_after: u64,
    /// Whether the certificate may be selected while it is valid.
    selectable: bool,
}

/// The text of the annotation of a Secret with this leaf.
///
/// # Errors
/// None that is known: it is written to memory.
pub fn write(leaf: &Leaf) -> serde_json::Result<String> {
    // What can cover a host with the other setting can do so with this one.
    let is_valid = |name: &&String| DnsPattern::parse(name, Wildcards::AnyDepth).is_some();
    let names = leaf.dns_names.iter().filter(is_valid);
    serde_json::to_string(&Index {
        version: VERSION,
        dns_names: names.collect::<Vec<_>>(),
        not_before: leaf.not_before,
        not_after: leaf.not_after,
        selectable: !leaf.temporary,
    })
}

/// Reads the annotation; `None` if it is of another version, or unreadable.
pub fn read(text: &str) -> Option<Leaf> {
    // An array would do for serde, but we do not write that.
    let json = Some(text).filter(|text| text.starts_with('{'))?;
    let index: Index<Vec<String>> = serde_json::from_str(json).ok()?;
    (index.version == VERSION).then_some(Leaf {
        dns_names: index.dns_names,
        not_before: index.not_before,
        not_after: index.not_after,
        temporary: !index.selectable,
    })
}
