//! PEM text to DER, as leniently as Go's `encoding/pem` reads it, because that is what the ingress
//! controllers do: text around the blocks, CRLF and lines of any length are fine.

use base64::{Engine, engine::general_purpose::STANDARD};

/// The DER of the first certificate in `text`, the leaf of a chain; blocks that have no end or are not
/// base64 are passed over.
pub fn first_certificate(text: &str) -> Option<Vec<u8>> {
    let mut block: Option<String> = None;
    for line in text.lines().map(str::trim_ascii) {
        match (line, &mut block) {
            ("-----BEGIN CERTIFICATE-----", _) => block = Some(String::new()),
            ("-----END CERTIFICATE-----", _) => {
                if let Some(der) = block.take().and_then(|base64| STANDARD.decode(base64).ok()) {
                    return Some(der);
                }
            }
            (line, Some(base64)) => base64.push_str(line),
            (_, None) => {}
        }
    }
    None
}
