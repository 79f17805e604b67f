//! The checks that make Go refuse a certificate (`crypto/x509`, `ParseCertificate`), beyond those that
//! matching needs. A controller written in Go does not load a certificate that fails one of them.
//!
//! Where Go's own check is long and what it lets through is rare in the certificate of a server, the
//! check here is stricter.

mod uri;

use super::{
    BASIC_CONSTRAINTS, Certificate, EXTENDED_KEY_USAGE, Extension, SUBJECT_ALT_NAME,
    for_each_attribute, read_basic_constraints,
};
use crate::{
    der::{
        BIT_STRING, OBJECT_IDENTIFIER, OCTET_STRING, Reader, Result, SEQUENCE, bits, ensure,
        for_each, only, unsigned,
    },
    public_key::Algorithm,
};

/// 1.3.6.1.5.5.7.1.1 (RFC 5280, section 4.2.2.1).
const AUTHORITY_INFO_ACCESS: &[u8] = b"\x2b\x06\x01\x05\x05\x07\x01\x01";
/// 2.5.29.14 (RFC 5280, section 4.2.1.2).
const SUBJECT_KEY_IDENTIFIER: &[u8] = b"\x55\x1d\x0e";
/// 2.5.29.15 (RFC 5280, section 4.2.1.3).
const KEY_USAGE: &[u8] = b"\x55\x1d\x0f";
/// 2.5.29.31 (RFC 5280, section 4.2.1.13).
const CRL_DISTRIBUTION_POINTS: &[u8] = b"\x55\x1d\x1f";
/// 2.5.29.32 (RFC 5280, section 4.2.1.4).
const CERTIFICATE_POLICIES: &[u8] = b"\x55\x1d\x20";
/// 2.5.29.35 (RFC 5280, section 4.2.1.1).
const AUTHORITY_KEY_IDENTIFIER: &[u8] = b"\x55\x1d\x23";
/// Those that only certificates of CAs may have: name constraints, policy mappings, policy
/// constraints and inhibitAnyPolicy, 2.5.29.30, 33, 36 and 54 (RFC 5280, sections 4.2.1.10, 4.2.1.5,
/// 4.2.1.11 and 4.2.1.14).
const OF_AUTHORITIES: [&[u8]; 4] = [
    b"\x55\x1d\x1e",
    b"\x55\x1d\x21",
    b"\x55\x1d\x24",
    b"\x55\x1d\x36",
];

/// The kinds of strings in names (X.690, section 8.23).
const UTF8_STRING: u8 = 0x0c;
const NUMERIC_STRING: u8 = 0x12;
const PRINTABLE_STRING: u8 = 0x13;
const TELETEX_STRING: u8 = 0x14;
const IA5_STRING: u8 = 0x16;
const BMP_STRING: u8 = 0x1e;

/// `rfc822Name`, `uniformResourceIdentifier` and `iPAddress` among the choices of `GeneralName`.
const MAIL: u8 = 0x81;
const URI: u8 = 0x86;
const ADDRESS: u8 = 0x87;

/// `distributionPoint` of a `DistributionPoint`, and `fullName` in it.
const POINT_NAME: u8 = 0xa0;
const FULL_NAME: u8 = 0xa0;

/// So many extensions or policies are compared with each other; of both, real certificates have few.
const MOST_IDENTIFIERS: usize = 1000;

impl Certificate<'_> {
    /// Checks what Go checks.
    ///
    /// # Errors
    /// If Go would refuse the certificate.
    pub fn check(&self) -> Result<()> {
        ensure(matches!(self.version, None | Some([0..=2])))?;
        unsigned(self.serial_number)?;
        ensure(self.signature == self.signature_algorithm)?;
        check_identifier(Algorithm::read(self.signature)?.identifier)?;
        check_padding(self.signature_value)?;
        check_name(self.issuer)?;
        check_name(self.subject)?;
        let mut seen = Vec::new();
        self.for_each_extension(|extension| {
            check_is_new(&mut seen, extension.identifier)?;
            check_extension(&extension)
        })
    }
}

/// No extension and no policy is there twice.
fn check_is_new<'a>(seen: &mut Vec<&'a [u8]>, identifier: &'a [u8]) -> Result<()> {
    ensure(seen.len() < MOST_IDENTIFIERS && !seen.contains(&identifier))?;
    seen.push(identifier);
    Ok(())
}

/// The strings of a name are of a kind that Go knows, and of characters that this kind has.
fn check_name(name: &[u8]) -> Result<()> {
    for_each_attribute(name, |kind, value| {
        check_identifier(kind)?;
        let text = value.content;
        ensure(match value.tag {
            UTF8_STRING => str::from_utf8(text).is_ok(),
            PRINTABLE_STRING => text.iter().all(|byte| is_printable(*byte)),
            IA5_STRING => text.is_ascii(),
            NUMERIC_STRING => text
                .iter()
                .all(|byte| byte.is_ascii_digit() || *byte == b' '),
            BMP_STRING => is_bmp(text),
            TELETEX_STRING => true,
            _ => false,
        })
    })
}

/// PrintableString, with the characters `*` and `&` that Go allows because they are in use.
fn is_printable(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b" '()+,-./:=?*&".contains(&byte)
}

/// Characters of two bytes, without halves of pairs and those that Unicode keeps free.
fn is_bmp(text: &[u8]) -> bool {
    text.len().is_multiple_of(2)
        && text.chunks_exact(2).all(|pair| {
            let code = pair
                .iter()
                .fold(0, |code, byte| code << 8 | u32::from(*byte));
            !matches!(code, 0xd800..=0xdfff | 0xfdd0..=0xfdef | 0xfffe..)
        })
}

/// The extensions that Go decodes must be valid; the others may be anything.
fn check_extension(extension: &Extension<'_>) -> Result<()> {
    check_identifier(extension.identifier)?;
    let value = extension.value;
    let is_never_critical = [
        SUBJECT_KEY_IDENTIFIER,
        AUTHORITY_KEY_IDENTIFIER,
        AUTHORITY_INFO_ACCESS,
    ];
    let is_misplaced = OF_AUTHORITIES.contains(&extension.identifier)
        || (extension.is_critical && is_never_critical.contains(&extension.identifier));
    ensure(!is_misplaced)?;
    match extension.identifier {
        SUBJECT_ALT_NAME => check_alternative_names(only(value, SEQUENCE)?),
        SUBJECT_KEY_IDENTIFIER => only(value, OCTET_STRING).map(drop),
        // Its content is that of an issuer, of which Go reads no more.
        AUTHORITY_KEY_IDENTIFIER => step_over_all(Reader::new(only(value, SEQUENCE)?)),
        KEY_USAGE => check_padding(only(value, BIT_STRING)?),
        BASIC_CONSTRAINTS => read_basic_constraints(value).map(drop),
        EXTENDED_KEY_USAGE => {
            let usages = Reader::new(only(value, SEQUENCE)?);
            usages.for_each(|usage| check_identifier(usage.of(OBJECT_IDENTIFIER)?))
        }
        AUTHORITY_INFO_ACCESS => for_each(only(value, SEQUENCE)?, SEQUENCE, |mut place| {
            check_identifier(place.read(OBJECT_IDENTIFIER)?)?;
            place.any()?;
            place.finish()
        }),
        CERTIFICATE_POLICIES => {
            let mut seen = Vec::new();
            for_each(only(value, SEQUENCE)?, SEQUENCE, |mut policy| {
                let identifier = policy.read(OBJECT_IDENTIFIER)?;
                check_identifier(identifier)?;
                check_is_new(&mut seen, identifier)?;
                policy.optional(SEQUENCE)?;
                policy.finish()
            })
        }
        CRL_DISTRIBUTION_POINTS => for_each(only(value, SEQUENCE)?, SEQUENCE, |mut point| {
            if let Some(name) = point.optional(POINT_NAME)? {
                step_over_all(Reader::new(only(name, FULL_NAME)?))?;
            }
            step_over_all(point)
        }),
        _ => Ok(()),
    }
}

/// The DNS names are left to the rules about names, which say more about what is wrong with them.
fn check_alternative_names(names: &[u8]) -> Result<()> {
    Reader::new(names).for_each(|name| {
        ensure(match name.tag {
            MAIL => name.content.is_ascii(),
            URI => str::from_utf8(name.content).is_ok_and(uri::is_valid),
            ADDRESS => matches!(name.content.len(), 4 | 16),
            _ => true,
        })
    })
}

/// The elements are whole, whatever they are.
fn step_over_all(elements: Reader<'_>) -> Result<()> {
    elements.for_each(|_| Ok(()))
}

/// Every number of an object identifier is written as shortly as possible and fits into 31 bits, as
/// Go's `encoding/asn1` and `cryptobyte` demand.
fn check_identifier(identifier: &[u8]) -> Result<()> {
    ensure(identifier.last().is_some_and(|last| *last < 0x80))?;
    let mut is_first = true;
    let mut number = 0_u64;
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

/// The bits that fill up the last byte are zero (X.690, section 11.2.1).
fn check_padding(bit_string: &[u8]) -> Result<()> {
    let (bytes, unused) = bits(bit_string)?;
    let padding = (1_u8 << unused) - 1;
    ensure(bytes.last().copied().unwrap_or_default() & padding == 0)
}

#[cfg(test)]
#[path = "strict_tests.rs"]
mod tests;
