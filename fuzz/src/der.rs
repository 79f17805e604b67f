//! Changes to DER that keep it DER: what surrounds a change gets the length that it then must have.
//!
//! Bytes that are changed blindly hardly ever get past the lengths of a certificate's outermost
//! elements, and never get into its extensions.

use arbitrary::Arbitrary;

const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const CONSTRUCTED: u8 = 0x20;

/// A change to one element.
#[derive(Arbitrary, Debug)]
pub struct Edit<'a> {
    /// Which one, in the order in which they begin; counted round.
    element: u16,
    change: Change<'a>,
}

#[derive(Arbitrary, Debug)]
enum Change<'a> {
    Byte { at: u8, value: u8 },
    Content(&'a [u8]),
    Tag(u8),
    Remove,
    Repeat,
    Insert { tag: u8, content: &'a [u8] },
    Cut { length: u8 },
}

/// DER with some of its elements changed; what is no DER stays as it is.
pub fn edited(der: &[u8], edits: &[Edit<'_>]) -> Vec<u8> {
    let Some(mut elements) = parse(der) else {
        return der.to_vec();
    };
    for edit in edits {
        let count = count(&elements);
        if count > 0 {
            apply(&mut elements, &mut (usize::from(edit.element) % count), &edit.change);
        }
    }
    write(&elements)
}

/// A certificate with another `subjectPublicKeyInfo` (RFC 5280, section 4.1).
pub fn with_public_key(certificate: &[u8], public_key: &[u8]) -> Option<Vec<u8>> {
    const PUBLIC_KEY: usize = 6;
    let mut certificate = parse(certificate)?;
    let body = certificate.first_mut()?.elements.first_mut()?;
    *body.elements.get_mut(PUBLIC_KEY)? = parse(public_key)?.pop()?;
    Some(write(&certificate))
}

#[derive(Clone, Debug)]
struct Element {
    tag: u8,
    /// What comes before the elements in it, or all of its content.
    bytes: Vec<u8>,
    elements: Vec<Element>,
}

/// Reads a row of elements; `None` if it is none, or is empty.
fn parse(mut der: &[u8]) -> Option<Vec<Element>> {
    let mut elements = Vec::new();
    while let [tag, length, rest @ ..] = der {
        let (length, rest) = match length {
            0..=0x7f => (usize::from(*length), rest),
            0x81..=0x83 => {
                let (length, rest) = rest.split_at_checked(usize::from(length - 0x80))?;
                let length = length.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
                (length, rest)
            }
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(length)?;
        elements.push(Element::new(*tag, content));
        der = rest;
    }
    (der.is_empty() && !elements.is_empty()).then_some(elements)
}

impl Element {
    fn new(tag: u8, content: &[u8]) -> Self {
        let start = match (tag, content) {
            (BIT_STRING, [0, ..]) => Some(1),
            (OCTET_STRING, _) => Some(0),
            _ => (tag & CONSTRUCTED != 0).then_some(0),
        };
        let inner = start
            .and_then(|start| content.split_at_checked(start))
            .and_then(|(before, inner)| Some((before, parse(inner)?)));
        let (bytes, elements) = inner.unwrap_or((content, Vec::new()));
        Self { tag, bytes: bytes.to_vec(), elements }
    }

    fn content(&self) -> Vec<u8> {
        [self.bytes.as_slice(), &write(&self.elements)].concat()
    }

    fn set(&mut self, content: &[u8]) {
        *self = Self::new(self.tag, content);
    }
}

fn write(elements: &[Element]) -> Vec<u8> {
    let mut der = Vec::new();
    for element in elements {
        let content = element.content();
        let length = content.len().to_be_bytes();
        let zeros = length.iter().take_while(|byte| **byte == 0).count();
        der.push(element.tag);
        if content.len() >= 0x80 {
            der.push(0x80 | (length.len() - zeros) as u8);
        }
        // A length of zero is written, too.
        der.extend(&length[zeros.min(length.len() - 1)..]);
        der.extend(content);
    }
    der
}

fn count(elements: &[Element]) -> usize {
    let inner = |element: &Element| 1 + count(&element.elements);
    elements.iter().map(inner).sum()
}

/// Changes the element before which there are so many others; tells whether it was found.
fn apply(elements: &mut Vec<Element>, before: &mut usize, change: &Change<'_>) -> bool {
    for index in 0..elements.len() {
        if *before > 0 {
            *before -= 1;
            if apply(&mut elements[index].elements, before, change) {
                return true;
            }
            continue;
        }
        let element = &mut elements[index];
        match change {
            Change::Byte { at, value } => {
                let mut content = element.content();
                let at = usize::from(*at) % content.len().max(1);
                if let Some(byte) = content.get_mut(at) {
                    *byte = *value;
                }
                element.set(&content);
            }
            Change::Content(content) => element.set(content),
            Change::Tag(tag) => element.tag = *tag,
            Change::Remove => drop(elements.remove(index)),
            Change::Repeat => elements.insert(index, elements[index].clone()),
            Change::Insert { tag, content } => elements.insert(index, Element::new(*tag, content)),
            Change::Cut { length } => {
                let mut content = element.content();
                content.truncate(usize::from(*length));
                element.set(&content);
            }
        }
        return true;
    }
    false
}
