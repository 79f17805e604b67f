//! The checks that make Go refuse a certificate (`crypto/x509`, `ParseCertificate`), beyond those that
//! matching needs. A controller written in Go does not load a certificate that fails one of them.
//!
//! Where Go's own check is long and what it lets through is rare in the certificate of a server, the
//! check here is stricter.

mod uri;

use std::collections::BTreeSet;

use der::{
    Decode, Sequence, Tag, TagNumber, Tagged,
    asn1::{AnyRef, BitStringRef, ObjectIdentifier, UintRef},
};
use pkcs8::spki::AlgorithmIdentifierRef;
use x509_cert::ext::pkix::{
    AuthorityInfoAccessSyntax, CertificatePolicies, CrlDistributionPoints, ExtendedKeyUsage,
    SubjectKeyIdentifier, name::DistributionPointName,
};

use super::{
    Attribute, BASIC_CONSTRAINTS, Certificate, EXTENDED_KEY_USAGE, Extension, SUBJECT_ALT_NAME, V3,
    for_each,
};

/// RFC 5280, section 4.2.2.1.
const AUTHORITY_INFO_ACCESS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.1.1");
/// RFC 5280, section 4.2.1.2.
const SUBJECT_KEY_IDENTIFIER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.14");
/// RFC 5280, section 4.2.1.3.
const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");
/// RFC 5280, section 4.2.1.13.
const CRL_DISTRIBUTION_POINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.31");
/// RFC 5280, section 4.2.1.4.
const CERTIFICATE_POLICIES: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.32");
/// RFC 5280, section 4.2.1.1.
const AUTHORITY_KEY_IDENTIFIER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.35");
/// Those that only certificates of CAs may have: name constraints, policy mappings, policy
/// constraints and inhibitAnyPolicy (RFC 5280, sections 4.2.1.10, 4.2.1.5, 4.2.1.11 and 4.2.1.14).
const OF_AUTHORITIES: [ObjectIdentifier; 4] = [
    ObjectIdentifier::new_unwrap("2.5.29.30"),
    ObjectIdentifier::new_unwrap("2.5.29.33"),
    ObjectIdentifier::new_unwrap("2.5.29.36"),
    ObjectIdentifier::new_unwrap("2.5.29.54"),
];

/// `rfc822Name`, `uniformResourceIdentifier` and `iPAddress` among the choices of `GeneralName`.
const MAIL: Tag = general_name(1);
const URI: Tag = general_name(6);
const ADDRESS: Tag = general_name(7);

impl Certificate<'_> {
    /// Checks what Go checks.
    ///
    /// # Errors
    /// If Go would refuse the certificate.
    pub fn check(&self) -> der::Result<()> {
        let body = &self.tbs_certificate;
        ensure(body.version.unwrap_or_default() <= V3, Tag::Integer)?;
        body.serial_number.decode_as::<UintRef<'_>>()?;
        ensure(body.signature == self.signature_algorithm, Tag::Sequence)?;
        let algorithm: AlgorithmIdentifierRef<'_> = body.signature.decode_as()?;
        check_identifier(&algorithm.oid)?;
        check_padding(self.signature)?;
        check_name(body.issuer)?;
        check_name(body.subject)?;
        let mut seen = BTreeSet::new();
        self.for_each_extension(|extension| {
            ensure(seen.insert(extension.id), Tag::ObjectIdentifier)?;
            check_extension(&extension)
        })
    }
}

/// The strings of a name are of a kind that Go knows, and of characters that this kind has.
fn check_name(name: AnyRef<'_>) -> der::Result<()> {
    for_each(name, Tag::Sequence, |relative_name: AnyRef<'_>| {
        for_each(relative_name, Tag::Set, |attribute: Attribute<'_>| {
            check_identifier(&attribute.kind)?;
            let text = attribute.value.value();
            let is_valid = match attribute.value.tag() {
                Tag::Utf8String => str::from_utf8(text).is_ok(),
                Tag::PrintableString => text.iter().all(|byte| is_printable(*byte)),
                Tag::Ia5String => text.is_ascii(),
                Tag::NumericString => text
                    .iter()
                    .all(|byte| byte.is_ascii_digit() || *byte == b' '),
                Tag::BmpString => is_bmp(text),
                Tag::TeletexString => true,
                _ => false,
            };
            ensure(is_valid, attribute.value.tag())
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
fn check_extension(extension: &Extension<'_>) -> der::Result<()> {
    check_identifier(&extension.id)?;
    let value = extension.value.as_bytes();
    let is_never_critical = [
        SUBJECT_KEY_IDENTIFIER,
        AUTHORITY_KEY_IDENTIFIER,
        AUTHORITY_INFO_ACCESS,
    ];
    let is_misplaced = OF_AUTHORITIES.contains(&extension.id)
        || (extension.critical && is_never_critical.contains(&extension.id));
    ensure(!is_misplaced, Tag::Boolean)?;
    match extension.id {
        SUBJECT_ALT_NAME => check_alternative_names(AnyRef::from_der(value)?),
        SUBJECT_KEY_IDENTIFIER => SubjectKeyIdentifier::from_der(value).map(drop),
        // Its content is that of an issuer, of which Go reads no more.
        AUTHORITY_KEY_IDENTIFIER => {
            for_each(AnyRef::from_der(value)?, Tag::Sequence, |_: AnyRef<'_>| {
                Ok(())
            })
        }
        KEY_USAGE => check_padding(BitStringRef::from_der(value)?),
        BASIC_CONSTRAINTS => BasicConstraints::from_der(value).map(drop),
        EXTENDED_KEY_USAGE => {
            let usages = ExtendedKeyUsage::from_der(value)?.0;
            usages.iter().try_for_each(check_identifier)
        }
        AUTHORITY_INFO_ACCESS => {
            let places = AuthorityInfoAccessSyntax::from_der(value)?.0;
            places
                .iter()
                .try_for_each(|place| check_identifier(&place.access_method))
        }
        CERTIFICATE_POLICIES => {
            let policies = CertificatePolicies::from_der(value)?.0;
            let mut seen = BTreeSet::new();
            policies.iter().try_for_each(|policy| {
                check_identifier(&policy.policy_identifier)?;
                ensure(seen.insert(policy.policy_identifier), Tag::ObjectIdentifier)
            })
        }
        CRL_DISTRIBUTION_POINTS => {
            let points = CrlDistributionPoints::from_der(value)?.0;
            let is_relative = points.iter().any(|point| {
                matches!(
                    point.distribution_point,
                    Some(DistributionPointName::NameRelativeToCRLIssuer(_))
                )
            });
            ensure(!is_relative, Tag::Sequence)
        }
        _ => Ok(()),
    }
}

/// RFC 5280, section 4.2.1.9. The path length may be any number.
#[derive(Sequence)]
pub struct BasicConstraints<'a> {
    /// Whether the certificate is that of a CA.
    #[asn1(default = "bool::default")]
    pub is_ca: bool,
    #[asn1(optional = "true")]
    path_length: Option<UintRef<'a>>,
}

/// The DNS names are left to the rules about names, which say more about what is wrong with them.
fn check_alternative_names(names: AnyRef<'_>) -> der::Result<()> {
    for_each(names, Tag::Sequence, |name: AnyRef<'_>| {
        let (tag, value) = (name.tag(), name.value());
        let is_valid = match tag {
            MAIL => value.is_ascii(),
            URI => str::from_utf8(value).is_ok_and(uri::is_valid),
            ADDRESS => matches!(value.len(), 4 | 16),
            _ => tag.number().value() < 31,
        };
        ensure(is_valid, tag)
    })
}

/// Every number of an object identifier is written as shortly as possible and fits into 31 bits, as
/// Go's `encoding/asn1` and `cryptobyte` demand.
fn check_identifier(identifier: &ObjectIdentifier) -> der::Result<()> {
    let mut is_first = true;
    let mut number = 0_u64;
    for byte in identifier.as_bytes() {
        ensure(!is_first || *byte != 0x80, Tag::ObjectIdentifier)?;
        number = number << 7 | u64::from(byte & 0x7f);
        ensure(number < 1 << 31, Tag::ObjectIdentifier)?;
        is_first = byte & 0x80 == 0;
        if is_first {
            number = 0;
        }
    }
    Ok(())
}

/// The bits that fill up the last byte are zero (X.690, section 11.2.1).
fn check_padding(bits: BitStringRef<'_>) -> der::Result<()> {
    let padding = (1_u8 << bits.unused_bits()) - 1;
    let last = bits.raw_bytes().last().copied().unwrap_or_default();
    ensure(last & padding == 0, Tag::BitString)
}

fn ensure(is_valid: bool, tag: Tag) -> der::Result<()> {
    if is_valid {
        Ok(())
    } else {
        Err(tag.value_error().into())
    }
}

const fn general_name(number: u32) -> Tag {
    Tag::ContextSpecific {
        constructed: false,
        number: TagNumber(number),
    }
}

#[cfg(test)]
#[path = "strict_tests.rs"]
mod tests;
