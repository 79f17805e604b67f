//! What Go refuses in a leaf although it is valid DER. A controller written in Go does not load such a
//! certificate.
//!
//! `x509-cert` is stricter than Go where no certificate of a server needs more: bytes after the known
//! elements of a SEQUENCE, a SET out of order, object identifiers of more than 39 bytes.

use x509_cert::{
    der::{
        Decode, Tag, TagNumber, Tagged,
        asn1::{AnyRef, BitStringRef, BmpString, ObjectIdentifier},
    },
    name::Name,
};

use super::CertificateError;

/// The biggest number of an object identifier in Go's `encoding/asn1`.
const MAX_ARC: u32 = i32::MAX.cast_unsigned();
/// `rfc822Name`, `dNSName`, `uniformResourceIdentifier` and `iPAddress` among the choices of `GeneralName`
/// (RFC 5280, section 4.2.1.6).
const MAIL: Tag = general_name(1);
const DNS_NAME: Tag = general_name(2);
const URI: Tag = general_name(6);
const ADDRESS: Tag = general_name(7);

const fn general_name(number: u32) -> Tag {
    Tag::ContextSpecific { constructed: false, number: TagNumber(number) }
}

/// `parseASN1String`: each string of a name is of a type that Go knows, and has only characters of that type.
pub(super) fn check_name(name: &Name) -> Result<(), CertificateError> {
    name.iter().try_for_each(|attribute| {
        check_identifier(&attribute.oid)?;
        let text = attribute.value.value();
        ensure(match attribute.value.tag() {
            Tag::Utf8String => str::from_utf8(text).is_ok(),
            // `isPrintable`, with the characters `*` and `&` that Go allows because they are in use.
            Tag::PrintableString => {
                text.iter().all(|byte| byte.is_ascii_alphanumeric() || b" '()+,-./:=?*&".contains(byte))
            }
            Tag::Ia5String => text.is_ascii(),
            Tag::NumericString => text.iter().all(|byte| matches!(byte, b'0'..=b'9' | b' ')),
            // `isBMPString`: without the characters that Unicode reserves.
            Tag::BmpString => BmpString::from_ucs2(text).is_ok_and(|text| {
                let is_reserved = |unit: u16| matches!(unit, 0xfdd0..=0xfdef | 0xfffe..);
                !text.codepoints().any(is_reserved)
            }),
            Tag::TeletexString => true,
            _ => false,
        })
    })
}

/// The DNS SANs in their order, if Go reads the extension (`parseSANExtension`); bytes that are no UTF-8 are
/// replaced.
pub(super) fn read_dns_names(extension: &[u8]) -> Result<Vec<String>, CertificateError> {
    let mut dns_names = Vec::new();
    for name in Vec::<AnyRef<'_>>::from_der(extension)? {
        let text = name.value();
        match name.tag() {
            DNS_NAME => dns_names.push(String::from_utf8_lossy(text).into_owned()),
            MAIL => ensure(text.is_ascii())?,
            URI => ensure(str::from_utf8(text).is_ok_and(is_uri))?,
            ADDRESS => ensure(matches!(text.len(), 4 | 16))?,
            // Go reads tags of one byte.
            tag => ensure(tag.number().0 < 31)?,
        }
    }
    Ok(dns_names)
}

/// `encoding/asn1`, `parseObjectIdentifier`: every number is as short as possible and not too big.
pub(super) fn check_identifier(identifier: &ObjectIdentifier) -> Result<(), CertificateError> {
    let is_shortest = |number: &[u8]| number.first() != Some(&0x80);
    let mut numbers = identifier.as_bytes().split_inclusive(|byte| *byte < 0x80);
    ensure(numbers.all(is_shortest) && identifier.arcs().all(|arc| arc <= MAX_ARC))
}

/// `cryptobyte.ReadASN1BitString`: unused bits are zero (X.690, section 11.2.1).
pub(super) fn check_padding(bits: BitStringRef<'_>) -> Result<(), CertificateError> {
    let last = bits.raw_bytes().last();
    ensure(last.is_none_or(|last| last.trailing_zeros() >= u32::from(bits.unused_bits())))
}

/// Whether this is a URI of RFC 3986 with a scheme, without user information, ports and IP addresses, such as
/// SPIFFE IDs, URNs and web addresses. Go's `url.Parse` also reads others, which no server needs.
pub(super) fn is_uri(uri: &str) -> bool {
    let Some((scheme, rest)) = uri.split_once(':') else {
        return false;
    };
    let (authority, path) = match rest.strip_prefix("//") {
        Some(rest) => rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len())),
        None => ("", rest),
    };
    is_scheme(scheme) && (authority.is_empty() || is_domain(authority)) && is_path(path)
}

/// RFC 3986, section 3.1.
fn is_scheme(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    text.starts_with(|char: char| char.is_ascii_alphabetic()) && text.bytes().all(is_plain)
}

fn is_domain(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    let is_label = |label: &str| !label.is_empty() && label.bytes().all(is_plain);
    text.split('.').all(is_label) && text.bytes().any(|byte| byte.is_ascii_alphabetic())
}

/// The characters of RFC 3986, section 2, and `%` only before two hexadecimal digits.
fn is_path(text: &str) -> bool {
    let is_plain = |part: &str| {
        part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~:/?#@!$&'()*+,;=".contains(&byte))
    };
    let is_escape = |part: &str| match part.as_bytes() {
        [one, two, ..] => one.is_ascii_hexdigit() && two.is_ascii_hexdigit(),
        _ => false,
    };
    let mut parts = text.split('%');
    parts.next().is_none_or(is_plain) && parts.all(|part| is_escape(part) && is_plain(part))
}

pub(super) fn ensure(is_so: bool) -> Result<(), CertificateError> {
    is_so.then_some(()).ok_or(CertificateError::RefusedByGo)
}
