//! Many globs, without trying each on every name.

use wildmatch::WildMatch;

use crate::keys::{Keyed, Keys, text};

/// Globs, each with a number: `*` stands for any text, `?` for one character.
///
/// They are kept by what follows their last wildcard, because a name that matches ends with it.
#[derive(Clone, Debug, Default)]
pub struct Globs {
    globs: Vec<(String, WildMatch)>,
    numbers: Keys<'static>,
    by_end: Keyed<'static, Vec<usize>>,
    /// The lengths of the ends in order.
    lengths: Vec<usize>,
}

impl Globs {
    /// The number of a glob, which is added if it is new: they are counted from 0.
    pub fn add(&mut self, glob: &str) -> usize {
        let new = self.globs.len();
        let number = self.numbers.number(text(glob.to_owned()), new);
        if number == new {
            let end = glob.rsplit(['*', '?']).next().unwrap_or_default();
            if let Err(place) = self.lengths.binary_search(&end.len()) {
                self.lengths.insert(place, end.len());
            }
            let by_end = text(end.to_owned());
            self.by_end.update(by_end, |globs| globs.push(number));
            self.globs.push((glob.to_owned(), WildMatch::new(glob)));
        }
        number
    }

    /// The globs that match a name, and their numbers.
    pub fn matching(&self, name: &str) -> impl Iterator<Item = (&str, usize)> {
        let start = |length: &usize| name.len().checked_sub(*length);
        let ends = self.lengths.iter().filter_map(start);
        ends.filter_map(|start| self.by_end.get(&text(name.get(start..)?)))
            .flatten()
            .filter_map(|number| Some((self.globs.get(*number)?, *number)))
            .filter(|((_, matcher), _)| matcher.matches(name))
            .map(|((glob, _), number)| (glob.as_str(), number))
    }
}
