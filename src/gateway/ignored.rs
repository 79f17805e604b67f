//! The annotation that makes cert-manager ignore listeners.
//!
//! cert-manager splits it at commas and trims each entry
//! (`pkg/controller/certificate-shim/sync.go`, `isGatewayAPIListenerIgnoredThroughAnnotation`, since
//! 1.21). What the author wrote there is kept letter by letter: names are appended, and taken away
//! again one by one.

use crate::keys::{Keyed, Keys, text};

/// The annotation's name.
pub const IGNORED: &str = "cert-manager.io/ignore-tls-listeners";

/// The names in a list.
pub fn names(list: &str) -> Keys<'_> {
    list.split(',').map(|entry| text(entry.trim())).collect()
}

/// The list with more names; there may be none yet.
pub fn with<'a>(list: Option<&'a str>, names: impl Iterator<Item = &'a str>) -> String {
    let entries: Vec<_> = list.into_iter().chain(names).collect();
    entries.join(",")
}

/// The list without the last entry of each of these names; `None` if nothing remains.
pub fn without(list: &str, names: &[String]) -> Option<String> {
    let mut counts: Keyed<'_, usize> = Keyed::default();
    for name in names {
        counts.update(text(name.trim()), |count| *count += 1);
    }
    let mut kept: Vec<_> = list
        .rsplit(',')
        .filter(|entry| match counts.get_mut(&text(entry.trim())) {
            Some(count) if *count > 0 => {
                *count -= 1;
                false
            }
            _ => true,
        })
        .collect();
    kept.reverse();
    (!kept.is_empty()).then(|| kept.join(","))
}
