//! DER as PEM text, well written and not; and the blocks that Go finds in such a text.

use arbitrary::Arbitrary;
use base64::{Engine, engine::general_purpose::STANDARD};

/// How the text of a block looks.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub enum Layout {
    /// As RFC 7468 has it.
    Strict,
    /// With carriage returns.
    CrLf,
    /// Without line breaks in the base64.
    OneLine,
    /// In short lines with white space after them.
    Spaced,
    /// With spaces before the lines, also of the markers.
    Indented,
    /// With headers that say that it is encrypted.
    Encrypted,
    /// Without an end.
    Open,
}

/// Writes a block.
pub fn block(label: &str, der: &[u8], layout: Layout) -> String {
    let base64 = STANDARD.encode(der);
    let headers = match layout {
        Layout::Encrypted => "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\n",
        _ => "",
    };
    let (width, start, end) = match layout {
        Layout::Strict | Layout::Encrypted | Layout::Open => (64, "", "\n"),
        Layout::CrLf => (64, "", "\r\n"),
        Layout::OneLine => (usize::MAX, "", "\n"),
        Layout::Spaced => (10, "", " \t\n"),
        Layout::Indented => (64, "  ", "\n"),
    };
    let mut text = format!("{start}-----BEGIN {label}-----{end}{headers}");
    for line in base64.as_bytes().chunks(width) {
        text.push_str(start);
        text.extend(line.iter().copied().map(char::from));
        text.push_str(end);
    }
    if !matches!(layout, Layout::Open) {
        text.push_str(&format!("{start}-----END {label}-----{end}"));
    }
    text
}

/// The blocks that Go's `encoding/pem` finds, label and content; what it does not understand it passes
/// over. It is written from Go's rules, not shared with the policy, so that the two can be compared.
pub fn go_blocks(text: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
    for line in &mut lines {
        *line = line.strip_suffix(b"\r").unwrap_or(line);
        while let [before @ .., b' ' | b'\t'] = line {
            *line = before;
        }
    }
    let mut blocks = Vec::new();
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        at += 1;
        let label = line.strip_prefix(b"-----BEGIN ");
        let Some(label) = label.and_then(|label| label.strip_suffix(b"-----")) else {
            continue;
        };
        // Only lines before the base64 are headers.
        let rest = lines.get(at..).unwrap_or_default();
        let headers = rest.iter().take_while(|line| line.contains(&b':')).count();
        let body = rest.get(headers..).unwrap_or_default();
        let is_end = |line: &&[u8]| line.starts_with(b"-----END ");
        let Some(length) = body.iter().position(is_end) else {
            continue;
        };
        let end = [b"-----END ", label, b"-----"].concat();
        let is_ended = body.get(length) == Some(&end.as_slice()) && (length > 0 || headers == 0);
        let mut base64 = body.get(..length).unwrap_or_default().concat();
        base64.retain(|byte| !b" \t\r".contains(byte));
        if let (true, Ok(der)) = (is_ended, STANDARD.decode(base64)) {
            blocks.push((String::from_utf8_lossy(label).into_owned(), der));
            at += headers + length + 1;
        }
    }
    blocks
}
