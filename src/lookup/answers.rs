//! What the host answered, as long as something of it is used.

use std::cell::OnceCell;

/// Answers, to which more can be added while what they say is borrowed.
#[derive(Debug, Default)]
pub struct Answers {
    answer: OnceCell<Vec<u8>>,
    more: OnceCell<Box<Answers>>,
}

impl Answers {
    /// Keeps an answer.
    pub fn keep(&self, mut answer: Vec<u8>) -> &[u8] {
        let mut place = self;
        while let Err(next) = place.answer.set(answer) {
            answer = next;
            place = place.more.get_or_init(Box::default);
        }
        place.answer.get().map_or(&[], Vec::as_slice)
    }
}
