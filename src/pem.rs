//! PEM text to DER, read as Go's `encoding/pem` reads it, because that is what the ingress controllers
//! do: text around the blocks, CRLF and lines of any length are fine, an indented block is none.

use std::borrow::Cow;

use base64_simd::STANDARD;

/// The label of certificates (RFC 7468, section 5).
pub const CERTIFICATE: &str = "CERTIFICATE";

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";

/// A block of PEM text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block<'a> {
    /// What the markers say it is, such as `CERTIFICATE`.
    pub label: &'a str,
    /// Whether headers say that it is encrypted (RFC 1421, section 4.6.1.1).
    pub is_encrypted: bool,
    /// The content; `None` if the block has no end or is not base64.
    pub der: Option<Vec<u8>>,
}

/// PEM text; what is no UTF-8 in it is in no block, or makes that unreadable.
pub fn text(bytes: &[u8]) -> Cow<'_, str> {
    // The standard library replaces slowly what mostly need not be replaced.
    str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}

/// The blocks of a text, one by one: what is not asked for is not decoded.
pub fn blocks(text: &str) -> impl Iterator<Item = Block<'_>> {
    let mut lines = text
        .lines()
        .map(|line| line.trim_end_matches([' ', '\t']))
        .peekable();
    std::iter::from_fn(move || {
        let (label, is_whole) = lines.find_map(beginning)?;
        let mut is_encrypted = false;
        while let Some(header) = lines.next_if(|line| is_header(line)) {
            is_encrypted |= header.contains("ENCRYPTED");
            // Go takes such an end for a header, too, and finds nothing more in the text.
            if header.starts_with(END) {
                lines.by_ref().for_each(drop);
            }
        }
        let mut base64 = String::new();
        let mut der = None;
        // A block that is cut off by the beginning of the next one has no end.
        while let Some(line) = lines.next_if(|line| beginning(line).is_none()) {
            if marker(line, END) == Some(label) {
                der = decode(&base64).filter(|_| is_whole);
                break;
            }
            base64.push_str(line);
        }
        Some(Block {
            label,
            is_encrypted,
            der,
        })
    })
}

/// The DER of the first certificate in `text`, the leaf of a chain; blocks that have no end or are not
/// base64 are passed over.
pub fn first_certificate(text: &str) -> Option<Vec<u8>> {
    let mut certificates = blocks(text).filter(|block| block.label == CERTIFICATE);
    usual_beginning(text).or_else(|| certificates.find_map(|block| block.der))
}

/// The same for a text as nearly all are: it begins with that block, in which there is nothing but base64.
fn usual_beginning(text: &str) -> Option<Vec<u8>> {
    let (first, content) = text.split_once('\n')?;
    let (lines, end) = content.split_at_checked(content.find('-')?)?;
    let last = end.lines().next()?;
    let is_certificate =
        marker(first, BEGIN) == Some(CERTIFICATE) && marker(last, END) == Some(CERTIFICATE);
    let is_whole = is_certificate && lines.ends_with('\n');
    is_whole.then(|| decode(&lines.replace('\n', "")))?
}

/// The content of a block, in whose lines there may be blanks.
fn decode(base64: &str) -> Option<Vec<u8>> {
    let usual = STANDARD.decode_to_vec(base64);
    usual
        .or_else(|_| STANDARD.decode_to_vec(base64.replace([' ', '\t', '\r'], "")))
        .ok()
}

/// Whether this is a header of a block (RFC 1421, section 4.4), and no block begins in it.
fn is_header(line: &str) -> bool {
    line.contains(':') && !line.contains(BEGIN)
}

/// The label of a line that marks the beginning of a block, and whether there is nothing else in the
/// line: Go finds a beginning after half of an end, too, if that is not in the first line.
fn beginning(line: &str) -> Option<(&str, bool)> {
    let rest = line.strip_prefix(END).unwrap_or(line);
    Some((marker(rest, BEGIN)?, rest == line))
}

/// The label of a line that marks the beginning or the end of a block.
fn marker<'a>(line: &'a str, kind: &str) -> Option<&'a str> {
    line.strip_prefix(kind)?.strip_suffix("-----")
}

#[cfg(test)]
#[path = "pem_tests.rs"]
mod tests;
