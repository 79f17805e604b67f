mod certificate;
mod chain;
mod go_rules;
mod leaf;
mod mutants;
mod pem;
mod private_key;
mod rsa;
mod validity;

/// One DER element with content of less than 64 KiB.
fn der_element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap();
    let [high, low] = length.to_be_bytes();
    let head = match length {
        0..0x80 => vec![tag, low],
        0x80..0x100 => vec![tag, 0x81, low],
        0x100.. => vec![tag, 0x82, high, low],
    };
    [head.as_slice(), content].concat()
}
