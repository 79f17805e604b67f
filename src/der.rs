//! DER (ITU-T X.690), as far as certificates and keys need it: one element after the other, of which
//! nothing is copied.
//!
//! What Go's `cryptobyte` does not read is not read here either: lengths that are indefinite or longer
//! than they must be, and tags of more than one byte.

use thiserror::Error;

/// X.690, section 8.2.
pub const BOOLEAN: u8 = 0x01;
/// X.690, section 8.3.
pub const INTEGER: u8 = 0x02;
/// X.690, section 8.6.
pub const BIT_STRING: u8 = 0x03;
/// X.690, section 8.7.
pub const OCTET_STRING: u8 = 0x04;
/// X.690, section 8.8.
pub const NULL: u8 = 0x05;
/// X.690, section 8.19.
pub const OBJECT_IDENTIFIER: u8 = 0x06;
/// X.690, section 8.9.
pub const SEQUENCE: u8 = 0x30;
/// X.690, section 8.11.
pub const SET: u8 = 0x31;

/// The five lowest bits of a tag that goes on in the next byte.
const LONG_TAG: u8 = 0x1f;

/// It is not the DER that is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not the DER that is expected")]
pub struct Malformed;

/// What was read, or that it is not what is expected.
pub type Result<T, E = Malformed> = std::result::Result<T, E>;

/// An element: what it is, and its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Element<'a> {
    /// Its class, whether it is constructed, and its number.
    pub tag: u8,
    /// What is in it, without tag and length.
    pub content: &'a [u8],
}

impl<'a> Element<'a> {
    /// The content, if it is this kind of element.
    ///
    /// # Errors
    /// If it is another one.
    pub fn of(self, tag: u8) -> Result<&'a [u8]> {
        ensure(self.tag == tag).map(|()| self.content)
    }
}

/// Reads elements, in their order.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// Reads the content of an element that holds others.
    pub fn new(content: &'a [u8]) -> Self {
        Self(content)
    }

    /// Whether everything was read.
    pub fn is_finished(&self) -> bool {
        self.0.is_empty()
    }

    /// The next element, of any kind.
    ///
    /// # Errors
    /// If there is none, or it is cut off.
    pub fn any(&mut self) -> Result<Element<'a>> {
        let (&tag, rest) = self.0.split_first().ok_or(Malformed)?;
        ensure(tag & LONG_TAG != LONG_TAG)?;
        let (&first, rest) = rest.split_first().ok_or(Malformed)?;
        let (length, rest) = match first {
            0..0x80 => (first.into(), rest),
            _ => long_length(first & 0x7f, rest)?,
        };
        let (content, rest) = rest.split_at_checked(length).ok_or(Malformed)?;
        self.0 = rest;
        Ok(Element { tag, content })
    }

    /// The content of the next element.
    ///
    /// # Errors
    /// If it is not of this kind.
    pub fn read(&mut self, tag: u8) -> Result<&'a [u8]> {
        self.any()?.of(tag)
    }

    /// The content of the next element if it is of this kind.
    ///
    /// # Errors
    /// If it is, but cut off.
    pub fn optional(&mut self, tag: u8) -> Result<Option<&'a [u8]>> {
        if self.0.first() == Some(&tag) {
            self.read(tag).map(Some)
        } else {
            Ok(None)
        }
    }

    /// A `BOOLEAN DEFAULT FALSE`.
    ///
    /// # Errors
    /// If it is neither true nor false.
    pub fn flag(&mut self) -> Result<bool> {
        match self.optional(BOOLEAN)? {
            None | Some([0]) => Ok(false),
            Some([0xff]) => Ok(true),
            Some(_) => Err(Malformed),
        }
    }

    /// Reads all that is left.
    ///
    /// # Errors
    /// If an element is cut off, or `each` refuses it.
    pub fn for_each(mut self, mut each: impl FnMut(Element<'a>) -> Result<()>) -> Result<()> {
        while !self.is_finished() {
            each(self.any()?)?;
        }
        Ok(())
    }

    /// Makes sure that everything was read.
    ///
    /// # Errors
    /// If there is more.
    pub fn finish(self) -> Result<()> {
        ensure(self.is_finished())
    }
}

/// A length of so many bytes.
fn long_length(bytes: u8, rest: &[u8]) -> Result<(usize, &[u8])> {
    // Four are enough for 4 GiB.
    let (length, rest) = rest.split_at_checked(bytes.into()).ok_or(Malformed)?;
    ensure(length.len() <= 4 && length.first().is_some_and(|first| *first != 0))?;
    let length = length
        .iter()
        .fold(0_usize, |length, byte| length << 8 | usize::from(*byte));
    ensure(length >= 0x80)?;
    Ok((length, rest))
}

/// The content of the only element in `der`, which is of this kind.
///
/// # Errors
/// If it is another one, or is followed by anything.
pub fn only(der: &[u8], tag: u8) -> Result<&[u8]> {
    let mut reader = Reader::new(der);
    let content = reader.read(tag)?;
    reader.finish()?;
    Ok(content)
}

/// Reads the elements of a `SEQUENCE OF` or `SET OF`, all of one kind.
///
/// # Errors
/// If an element is of another kind, or `each` refuses it.
pub fn for_each<'a>(
    content: &'a [u8],
    tag: u8,
    mut each: impl FnMut(Reader<'a>) -> Result<()>,
) -> Result<()> {
    Reader::new(content).for_each(|element| each(Reader::new(element.of(tag)?)))
}

/// The number in an INTEGER that is not negative, without leading zeros.
///
/// # Errors
/// If it is negative, or longer than it must be.
pub fn unsigned(integer: &[u8]) -> Result<&[u8]> {
    match integer {
        [] | [0x80..=0xff, ..] | [0, 0..0x80, ..] => Err(Malformed),
        [0, number @ ..] | number => Ok(number),
    }
}

/// The bytes of a BIT STRING, and how many bits of the last one do not count.
///
/// # Errors
/// If there are more of them than bits.
pub fn bits(bit_string: &[u8]) -> Result<(&[u8], u8)> {
    let (&unused, bytes) = bit_string.split_first().ok_or(Malformed)?;
    ensure(unused < 8 && (unused == 0 || !bytes.is_empty()))?;
    Ok((bytes, unused))
}

/// The bytes of a BIT STRING whose bits all count.
///
/// # Errors
/// If some do not.
pub fn whole_bytes(bit_string: &[u8]) -> Result<&[u8]> {
    let (bytes, unused) = bits(bit_string)?;
    ensure(unused == 0).map(|()| bytes)
}

/// Goes on if what the DER must be is so.
///
/// # Errors
/// If it is not.
pub fn ensure(is_valid: bool) -> Result<()> {
    if is_valid { Ok(()) } else { Err(Malformed) }
}

#[cfg(test)]
#[path = "der_tests.rs"]
mod tests;
