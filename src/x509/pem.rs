//! The blocks of a PEM text, found as Go's `encoding/pem` finds them, because that is what the ingress
//! controllers run.
//!
//! No library reads PEM like that: the crate `pem` also finds blocks that are indented or within a line, and
//! `x509-parser` refuses CRLF and headers.

use base64::{
    Engine, alphabet,
    engine::general_purpose::{GeneralPurpose, PAD},
};

/// The label of certificates (RFC 7468, section 5).
pub(crate) const CERTIFICATE: &str = "CERTIFICATE";

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";

/// Go's `base64.StdEncoding`: with padding, and any bits in the place of those that do not count.
const BASE64: GeneralPurpose =
    GeneralPurpose::new(&alphabet::STANDARD, PAD.with_decode_allow_trailing_bits(true));

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    /// What the markers say it is, such as `CERTIFICATE`.
    pub(crate) label: String,
    /// Whether headers say that it is encrypted (RFC 1421, section 4.6.1.1).
    pub(crate) is_encrypted: bool,
    /// The content; `None` if the block has no end or is not base64.
    pub(crate) der: Option<Vec<u8>>,
}

impl Block {
    /// Whether it is a private key of any format.
    pub(crate) fn is_private_key(&self) -> bool {
        self.label.ends_with("PRIVATE KEY")
    }
}

/// All blocks, the broken ones too.
pub(crate) fn blocks(pem: &[u8]) -> Vec<Block> {
    // Bytes that are no UTF-8 are in no block, or make it unreadable.
    blocks_of_text(&String::from_utf8_lossy(pem)).collect()
}

/// Whether something stands before the beginning or the end of a block on its line.
pub(crate) fn has_text_before_marker(pem: &[u8]) -> bool {
    let text = String::from_utf8_lossy(pem);
    let is_within = |line: &str, marker: &str| line.find(marker).is_some_and(|place| place > 0);
    let mut lines = text.lines();
    lines.any(|line| is_within(line, BEGIN) || is_within(line, END))
}

/// The DER of the first certificate, the leaf of a chain; broken blocks are skipped.
pub(crate) fn first_certificate(pem: &[u8]) -> Option<Vec<u8>> {
    blocks_of_text(&String::from_utf8_lossy(pem))
        .filter(|block| block.label == CERTIFICATE)
        .find_map(|block| block.der)
}

fn blocks_of_text(text: &str) -> impl Iterator<Item = Block> {
    let mut lines = text.lines().map(|line| line.trim_end_matches([' ', '\t'])).peekable();
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
        let mut base64 = Vec::new();
        let mut der = None;
        // A block that is cut off by the beginning of the next one has no end.
        while let Some(line) = lines.next_if(|line| beginning(line).is_none()) {
            if marker(line, END) == Some(label) {
                base64.retain(|byte| !b" \t\r".contains(byte));
                der = BASE64.decode(base64).ok().filter(|_| is_whole);
                break;
            }
            base64.extend_from_slice(line.as_bytes());
        }
        Some(Block { label: label.to_owned(), is_encrypted, der })
    })
}

/// Whether this is a header of a block (RFC 1421, section 4.4), and no block begins in it.
fn is_header(line: &str) -> bool {
    line.contains(':') && !line.contains(BEGIN)
}

/// The label of a line that marks the beginning of a block, and whether the line has nothing else in it: Go
/// also finds a beginning that follows half of an end.
fn beginning(line: &str) -> Option<(&str, bool)> {
    let rest = line.strip_prefix(END).unwrap_or(line);
    Some((marker(rest, BEGIN)?, rest == line))
}

/// The label of a line that marks the beginning or the end of a block.
fn marker<'a>(line: &'a str, kind: &str) -> Option<&'a str> {
    line.strip_prefix(kind)?.strip_suffix("-----")
}
