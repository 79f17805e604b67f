//! PEM text to DER, as leniently as Go's `encoding/pem` reads it, because that is what the ingress
//! controllers do: text around the blocks, CRLF and lines of any length are fine.

use base64::{Engine, engine::general_purpose::STANDARD};

/// The DER of the first certificate in `text`, the leaf of a chain.
///
/// `None` if there is no such block, or if it has no end or is not base64.
pub fn first_certificate(text: &str) -> Option<Vec<u8>> {
    let mut lines = text.lines().map(str::trim_ascii_end);
    lines.find(|line| *line == "-----BEGIN CERTIFICATE-----")?;
    let mut base64 = String::with_capacity(text.len());
    for line in lines {
        if line == "-----END CERTIFICATE-----" {
            return STANDARD.decode(base64).ok();
        }
        base64.push_str(line.trim_ascii_start());
    }
    None
}
