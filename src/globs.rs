//! Many globs, without trying each on every name.

use std::collections::{BTreeMap, BTreeSet};

use wildmatch::WildMatch;

/// Globs with something that belongs to each: `*` stands for any text, `?` for one character.
///
/// They are kept by what follows their last wildcard, because a name that matches ends with it.
#[derive(Clone, Debug)]
pub struct Globs<T> {
    by_end: BTreeMap<String, BTreeMap<String, (WildMatch, T)>>,
    lengths: BTreeSet<usize>,
}

impl<T> Default for Globs<T> {
    fn default() -> Self {
        Self {
            by_end: BTreeMap::new(),
            lengths: BTreeSet::new(),
        }
    }
}

impl<T: Default> Globs<T> {
    /// What belongs to a glob, which is added if it is new.
    pub fn entry(&mut self, glob: &str) -> &mut T {
        let end = glob.rsplit(['*', '?']).next().unwrap_or_default();
        self.lengths.insert(end.len());
        let globs = self.by_end.entry(end.to_owned()).or_default();
        let new = || (WildMatch::new(glob), T::default());
        &mut globs.entry(glob.to_owned()).or_insert_with(new).1
    }
}

impl<T> Globs<T> {
    /// The globs that match a name, and what belongs to them.
    pub fn matching<'a>(&'a self, name: &'a str) -> impl Iterator<Item = (&'a str, &'a T)> {
        let start = |length: &usize| name.len().checked_sub(*length);
        let ends = self.lengths.iter().filter_map(start);
        ends.filter_map(|start| self.by_end.get(name.get(start..)?))
            .flatten()
            .filter(|(_, (matcher, _))| matcher.matches(name))
            .map(|(glob, (_, item))| (glob.as_str(), item))
    }
}
