//! What Go refuses in a leaf (`crypto/x509/parser.go`, `parseCertificate`) and `x509-parser` accepts, which is made to read what
//! there is. A controller written in Go does not load a certificate that breaks one of these rules.
//!
//! Each function is named after the one of Go whose rules it holds, and goes through the same elements. Go is laxer in two
//! ways that are not followed, because no certificate of a server needs them: bytes after the known elements of a SEQUENCE,
//! and what only certificates of authorities have. URIs are held to a part of what Go accepts.

use x509_parser::asn1_rs::{Any, FromDer, ToDer};

use super::CertificateError;

type Result<T, E = CertificateError> = std::result::Result<T, E>;

/// The first bytes of elements (X.690, section 8.1.2).
const BOOLEAN: u8 = 0x01;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const OBJECT_IDENTIFIER: u8 = 0x06;
const UTF8_STRING: u8 = 0x0c;
const NUMERIC_STRING: u8 = 0x12;
const PRINTABLE_STRING: u8 = 0x13;
const TELETEX_STRING: u8 = 0x14;
const IA5_STRING: u8 = 0x16;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const BMP_STRING: u8 = 0x1e;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
/// The optional parts of a `TBSCertificate` (RFC 5280, section 4.1).
const VERSION: u8 = 0xa0;
const ISSUER_UNIQUE_ID: u8 = 0x81;
const SUBJECT_UNIQUE_ID: u8 = 0x82;
const EXTENSIONS: u8 = 0xa3;
/// `rfc822Name`, `uniformResourceIdentifier` and `iPAddress` among the choices of `GeneralName` (section 4.2.1.6).
const MAIL: u8 = 0x81;
const URI: u8 = 0x86;
const ADDRESS: u8 = 0x87;
/// `distributionPoint` of a `DistributionPoint`, and `fullName` in it (section 4.2.1.13).
const POINT_NAME: u8 = 0xa0;
const FULL_NAME: u8 = 0xa0;

/// 1.3.6.1.5.5.7.1.1 (section 4.2.2.1).
const AUTHORITY_INFO_ACCESS: &[u8] = b"\x2b\x06\x01\x05\x05\x07\x01\x01";

/// So many extensions or policies are compared with each other; of both, real certificates have few.
const MOST_IDENTIFIERS: usize = 1000;

/// `parseCertificate`.
///
/// # Errors
/// If Go refuses the certificate for more than the times in it.
pub(super) fn check(certificate: &[u8]) -> Result<()> {
    let mut whole = only(certificate, SEQUENCE)?;
    let mut body = Elements(whole.read(SEQUENCE)?);
    let outer_algorithm = whole.read(SEQUENCE)?;
    check_bits(whole.read(BIT_STRING)?)?;
    whole.finish()?;

    let version = body.optional(VERSION)?;
    let version = version.map_or(Ok([0].as_slice()), |version| {
        only(version, INTEGER).map(|version| version.0)
    })?;
    ensure(matches!(version, [0..=2]))?;
    check_unsigned(body.read(INTEGER)?)?;
    let algorithm = body.read(SEQUENCE)?;
    ensure(algorithm == outer_algorithm)?;
    check_algorithm(algorithm)?;
    check_name(body.read(SEQUENCE)?)?;
    check_validity(body.read(SEQUENCE)?)?;
    check_name(body.read(SEQUENCE)?)?;
    let mut key = Elements(body.read(SEQUENCE)?);
    check_algorithm(key.read(SEQUENCE)?)?;
    check_bits(key.read(BIT_STRING)?)?;
    key.finish()?;
    for unique_id in [ISSUER_UNIQUE_ID, SUBJECT_UNIQUE_ID] {
        let bits = body.optional(unique_id)?.unwrap_or(&[0]);
        ensure(matches!(bits, [0] | [0..8, _, ..]))?;
    }
    let extensions = body.optional(EXTENSIONS)?;
    body.finish()?;
    // Go reads no extensions in older versions.
    match extensions {
        Some(extensions) if version == [2] => check_extensions(extensions),
        _ => Ok(()),
    }
}

/// `parseAI`.
fn check_algorithm(algorithm: &[u8]) -> Result<()> {
    let mut algorithm = Elements(algorithm);
    check_identifier(algorithm.read(OBJECT_IDENTIFIER)?)?;
    if !algorithm.is_finished() {
        algorithm.any()?;
    }
    algorithm.finish()
}

/// `parseName` and `parseASN1String`: strings are of a kind that Go knows, and of characters that this kind has.
fn check_name(name: &[u8]) -> Result<()> {
    for_each(name, SET, |mut attributes| {
        while !attributes.is_finished() {
            let mut attribute = Elements(attributes.read(SEQUENCE)?);
            check_identifier(attribute.read(OBJECT_IDENTIFIER)?)?;
            let (tag, text) = attribute.any()?;
            attribute.finish()?;
            ensure(match tag {
                UTF8_STRING => str::from_utf8(text).is_ok(),
                PRINTABLE_STRING => text.iter().all(|byte| is_printable(*byte)),
                IA5_STRING => text.is_ascii(),
                NUMERIC_STRING => text.iter().all(|byte| matches!(byte, b'0'..=b'9' | b' ')),
                BMP_STRING => is_bmp(text),
                TELETEX_STRING => true,
                _ => false,
            })?;
        }
        Ok(())
    })
}

/// `isPrintable`, with the characters `*` and `&` that Go allows because they are in use.
fn is_printable(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b" '()+,-./:=?*&".contains(&byte)
}

/// Characters of two bytes, without halves of pairs and those that Unicode keeps free.
fn is_bmp(text: &[u8]) -> bool {
    let is_character = |pair: &[u8]| match pair {
        [high, low] => !matches!(
            u16::from_be_bytes([*high, *low]),
            0xd800..=0xdfff | 0xfdd0..=0xfdef | 0xfffe..
        ),
        _ => false,
    };
    text.chunks(2).all(is_character)
}

/// `parseValidity`: times have seconds and end with `Z` (RFC 5280, section 4.1.2.5). Their values are up to `x509-parser`.
fn check_validity(validity: &[u8]) -> Result<()> {
    let mut times = Elements(validity);
    for _ in 0..2 {
        let (tag, time) = times.any()?;
        let digits = time.strip_suffix(b"Z").unwrap_or_default();
        ensure(digits.iter().all(u8::is_ascii_digit))?;
        ensure(matches!(
            (tag, digits.len()),
            (UTC_TIME, 12) | (GENERALIZED_TIME, 14)
        ))?;
    }
    times.finish()
}

/// `parseExtension`, for each of them.
fn check_extensions(extensions: &[u8]) -> Result<()> {
    let mut seen = Vec::new();
    for_each(only(extensions, SEQUENCE)?.0, SEQUENCE, |mut extension| {
        let identifier = extension.read(OBJECT_IDENTIFIER)?;
        check_is_new(&mut seen, identifier)?;
        check_identifier(identifier)?;
        let is_critical = extension.flag()?;
        let value = extension.read(OCTET_STRING)?;
        extension.finish()?;
        check_extension(identifier, is_critical, value)
    })
}

/// No extension and no policy is there twice.
fn check_is_new<'a>(seen: &mut Vec<&'a [u8]>, identifier: &'a [u8]) -> Result<()> {
    ensure(seen.len() < MOST_IDENTIFIERS && !seen.contains(&identifier))?;
    seen.push(identifier);
    Ok(())
}

/// `processExtensions`: those that Go decodes are valid, the others may be anything. The numbers are those below 2.5.29.
fn check_extension(identifier: &[u8], is_critical: bool, value: &[u8]) -> Result<()> {
    match identifier {
        // Subject key identifier.
        b"\x55\x1d\x0e" => {
            ensure(!is_critical)?;
            only(value, OCTET_STRING).map(drop)
        }
        // Key usage.
        b"\x55\x1d\x0f" => check_bits(only(value, BIT_STRING)?.0),
        // Subject alternative name, `parseSANExtension`. DNS names are up to those who match them.
        b"\x55\x1d\x11" => only(value, SEQUENCE)?.for_each(|tag, name| {
            ensure(match tag {
                MAIL => name.is_ascii(),
                URI => str::from_utf8(name).is_ok_and(is_uri),
                ADDRESS => matches!(name.len(), 4 | 16),
                _ => true,
            })
        }),
        // Basic constraints, `parseBasicConstraintsExtension`.
        b"\x55\x1d\x13" => {
            let mut constraints = only(value, SEQUENCE)?;
            constraints.flag()?;
            if let Some(path_length) = constraints.optional(INTEGER)? {
                check_unsigned(path_length)?;
            }
            constraints.finish()
        }
        // Name constraints, policy mappings, policy constraints and inhibitAnyPolicy, which only authorities may have
        // (RFC 5280, sections 4.2.1.10, 4.2.1.5, 4.2.1.11 and 4.2.1.14).
        b"\x55\x1d\x1e" | b"\x55\x1d\x21" | b"\x55\x1d\x24" | b"\x55\x1d\x36" => {
            Err(CertificateError::RefusedByGo)
        }
        // CRL distribution points.
        b"\x55\x1d\x1f" => for_each(only(value, SEQUENCE)?.0, SEQUENCE, |mut point| {
            if let Some(name) = point.optional(POINT_NAME)? {
                only(name, FULL_NAME)?.for_each(|_, _| Ok(()))?;
            }
            point.for_each(|_, _| Ok(()))
        }),
        // Certificate policies, `parseCertificatePoliciesExtension`.
        b"\x55\x1d\x20" => {
            let mut seen = Vec::new();
            for_each(only(value, SEQUENCE)?.0, SEQUENCE, |mut policy| {
                let identifier = policy.read(OBJECT_IDENTIFIER)?;
                check_identifier(identifier)?;
                check_is_new(&mut seen, identifier)?;
                policy.optional(SEQUENCE)?;
                policy.finish()
            })
        }
        // Authority key identifier, `parseAuthorityKeyIdentifier`.
        b"\x55\x1d\x23" => {
            ensure(!is_critical)?;
            only(value, SEQUENCE)?.for_each(|_, _| Ok(()))
        }
        // Extended key usage, `parseExtKeyUsageExtension`.
        b"\x55\x1d\x25" => only(value, SEQUENCE)?.for_each(|tag, usage| {
            ensure(tag == OBJECT_IDENTIFIER)?;
            check_identifier(usage)
        }),
        AUTHORITY_INFO_ACCESS => {
            ensure(!is_critical)?;
            for_each(only(value, SEQUENCE)?.0, SEQUENCE, |mut place| {
                check_identifier(place.read(OBJECT_IDENTIFIER)?)?;
                place.any()?;
                place.finish()
            })
        }
        _ => Ok(()),
    }
}

/// `url.Parse`, as far as a certificate of a server needs it: RFC 3986 with a scheme, without user information, ports and IP
/// addresses, which is what SPIFFE, URNs and web addresses look like.
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
        part.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._~:/?#@!$&'()*+,;=".contains(&byte))
    };
    let is_escape = |part: &str| match part.as_bytes() {
        [one, two, ..] => one.is_ascii_hexdigit() && two.is_ascii_hexdigit(),
        _ => false,
    };
    let mut parts = text.split('%');
    parts.next().is_none_or(is_plain) && parts.all(|part| is_escape(part) && is_plain(part))
}

/// `encoding/asn1` and `cryptobyte`: every number of an object identifier is written as shortly as possible and fits into 31
/// bits.
fn check_identifier(identifier: &[u8]) -> Result<()> {
    ensure(identifier.last().is_some_and(|last| *last < 0x80))?;
    let mut number = 0_u64;
    let mut is_first = true;
    for byte in identifier {
        ensure(!is_first || *byte != 0x80)?;
        number = number << 7 | u64::from(byte & 0x7f);
        ensure(number < 1 << 31)?;
        is_first = *byte < 0x80;
        if is_first {
            number = 0;
        }
    }
    Ok(())
}

/// `cryptobyte.ReadASN1BitString`: there are no more unused bits than bits, and they are zero (X.690, section 11.2.1).
fn check_bits(bit_string: &[u8]) -> Result<()> {
    ensure(match bit_string {
        [0] => true,
        [unused @ 0..8, .., last] => last.trailing_zeros() >= u32::from(*unused),
        _ => false,
    })
}

/// `cryptobyte.ReadASN1Integer`: the number is written as shortly as possible, and not negative.
fn check_unsigned(integer: &[u8]) -> Result<()> {
    ensure(!matches!(
        integer,
        [] | [0x80..=0xff, ..] | [0, 0..0x80, ..]
    ))
}

/// Elements one after the other, as `cryptobyte.String` reads them.
struct Elements<'a>(&'a [u8]);

impl<'a> Elements<'a> {
    fn is_finished(&self) -> bool {
        self.0.is_empty()
    }

    /// `ReadAnyASN1`: the tag is one byte, and the length is as short as possible.
    fn any(&mut self) -> Result<(u8, &'a [u8])> {
        let refused = CertificateError::RefusedByGo;
        let (rest, element) = Any::from_der(self.0).map_err(|_| refused)?;
        let header = self.0.len() - rest.len() - element.data.len();
        ensure(element.tag().0 < 0x1f && element.header.to_der_len() == Ok(header))?;
        let tag = self.0.first().copied().ok_or(refused)?;
        self.0 = rest;
        Ok((tag, element.data))
    }

    /// `ReadASN1`
    fn read(&mut self, tag: u8) -> Result<&'a [u8]> {
        let (found, content) = self.any()?;
        ensure(found == tag).map(|()| content)
    }

    /// `ReadOptionalASN1`
    fn optional(&mut self, tag: u8) -> Result<Option<&'a [u8]>> {
        let is_next = self.0.first() == Some(&tag);
        is_next.then(|| self.read(tag)).transpose()
    }

    /// `ReadASN1Boolean`, of a `BOOLEAN DEFAULT FALSE`.
    fn flag(&mut self) -> Result<bool> {
        match self.optional(BOOLEAN)? {
            None | Some([0]) => Ok(false),
            Some([0xff]) => Ok(true),
            Some(_) => Err(CertificateError::RefusedByGo),
        }
    }

    fn for_each(mut self, mut each: impl FnMut(u8, &'a [u8]) -> Result<()>) -> Result<()> {
        while !self.is_finished() {
            let (tag, content) = self.any()?;
            each(tag, content)?;
        }
        Ok(())
    }

    fn finish(self) -> Result<()> {
        ensure(self.is_finished())
    }
}

/// What is in the only element.
fn only(der: &[u8], tag: u8) -> Result<Elements<'_>> {
    let mut elements = Elements(der);
    let content = elements.read(tag)?;
    elements.finish().map(|()| Elements(content))
}

/// Reads elements that are all of one kind.
fn for_each<'a>(
    elements: &'a [u8],
    kind: u8,
    mut each: impl FnMut(Elements<'a>) -> Result<()>,
) -> Result<()> {
    Elements(elements).for_each(|tag, content| {
        ensure(tag == kind)?;
        each(Elements(content))
    })
}

fn ensure(is_so: bool) -> Result<()> {
    is_so.then_some(()).ok_or(CertificateError::RefusedByGo)
}
