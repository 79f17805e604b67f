//! What the rules need to know of a certificate, read from its DER.
//!
//! Only the parts that a rule asks for are decoded; the others are stepped over. The structure is
//! that of RFC 5280, section 4.1.

use der::{
    Decode, Reader, Sequence, SliceReader, Tag, TagNumber, Tagged,
    asn1::{AnyRef, BitStringRef, ObjectIdentifier, OctetStringRef},
};
use x509_cert::time::Validity;

/// RFC 5280, section 4.2.1.6.
const SUBJECT_ALT_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.17");
/// X.520, `id-at-commonName`.
const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
/// `dNSName` among the choices of `GeneralName`.
const DNS_NAME: Tag = Tag::ContextSpecific {
    constructed: false,
    number: TagNumber(2),
};
/// The issuer of cert-manager's temporary certificates (`pkg/util/pki/temporarycertificate.go`).
const TEMPORARY_ISSUER: &[u8] = b"cert-manager.local";

/// A leaf certificate, as far as matching needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// The DNS SANs as they are written. Those that are no ASCII text are left out: no host is like
    /// them.
    pub dns_names: Vec<String>,
    /// The first second, since 1970, in which the certificate is valid.
    pub not_before: u64,
    /// The second, since 1970, from which on the certificate is not valid any more.
    pub not_after: u64,
    /// Whether cert-manager made it to bridge the time until the real one is issued.
    pub temporary: bool,
}

impl Leaf {
    /// Reads a certificate.
    ///
    /// # Errors
    /// If `der` is not one certificate in DER, or is followed by anything.
    pub fn from_der(der: &[u8]) -> der::Result<Self> {
        let certificate = Certificate::from_der(der)?.tbs_certificate;
        let mut dns_names = Vec::new();
        if let Some(extensions) = certificate.extensions {
            for_each(extensions, Tag::Sequence, |extension: Extension<'_>| {
                if extension.id == SUBJECT_ALT_NAME {
                    read_dns_names(
                        AnyRef::from_der(extension.value.as_bytes())?,
                        &mut dns_names,
                    )?;
                }
                Ok(())
            })?;
        }
        Ok(Self {
            dns_names,
            not_before: certificate.validity.not_before.to_unix_duration().as_secs(),
            not_after: certificate.validity.not_after.to_unix_duration().as_secs(),
            temporary: has_common_name(certificate.issuer, TEMPORARY_ISSUER)?,
        })
    }
}

/// `Certificate` of RFC 5280, section 4.1.
#[derive(Sequence)]
struct Certificate<'a> {
    tbs_certificate: TbsCertificate<'a>,
    signature_algorithm: AnyRef<'a>,
    signature: BitStringRef<'a>,
}

/// `TBSCertificate` of RFC 5280, section 4.1.
#[derive(Sequence)]
struct TbsCertificate<'a> {
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    version: Option<u8>,
    serial_number: AnyRef<'a>,
    signature: AnyRef<'a>,
    issuer: AnyRef<'a>,
    validity: Validity,
    subject: AnyRef<'a>,
    subject_public_key_info: AnyRef<'a>,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", optional = "true")]
    issuer_unique_id: Option<BitStringRef<'a>>,
    #[asn1(context_specific = "2", tag_mode = "IMPLICIT", optional = "true")]
    subject_unique_id: Option<BitStringRef<'a>>,
    #[asn1(context_specific = "3", tag_mode = "EXPLICIT", optional = "true")]
    extensions: Option<AnyRef<'a>>,
}

/// `Extension` of RFC 5280, section 4.1.
#[derive(Sequence)]
struct Extension<'a> {
    id: ObjectIdentifier,
    #[asn1(default = "bool::default")]
    critical: bool,
    value: &'a OctetStringRef,
}

/// `AttributeTypeAndValue` of RFC 5280, section 4.1.2.4.
#[derive(Sequence)]
struct Attribute<'a> {
    kind: ObjectIdentifier,
    value: AnyRef<'a>,
}

/// Adds the `dNSName`s of a `GeneralNames`, as far as they are ASCII text.
fn read_dns_names(general_names: AnyRef<'_>, dns_names: &mut Vec<String>) -> der::Result<()> {
    for_each(general_names, Tag::Sequence, |name: AnyRef<'_>| {
        if name.tag() == DNS_NAME && name.value().is_ascii() {
            dns_names.push(String::from_utf8_lossy(name.value()).into_owned());
        }
        Ok(())
    })
}

/// Whether a `Name` has a Common Name of exactly these bytes.
fn has_common_name(name: AnyRef<'_>, wanted: &[u8]) -> der::Result<bool> {
    let mut found = false;
    for_each(name, Tag::Sequence, |relative_name: AnyRef<'_>| {
        for_each(relative_name, Tag::Set, |attribute: Attribute<'_>| {
            found |= attribute.kind == COMMON_NAME && attribute.value.value() == wanted;
            Ok(())
        })
    })?;
    Ok(found)
}

/// Decodes the elements of a `SEQUENCE OF` or `SET OF` one by one.
fn for_each<'a, T: Decode<'a, Error = der::Error>>(
    elements: AnyRef<'a>,
    tag: Tag,
    mut each: impl FnMut(T) -> der::Result<()>,
) -> der::Result<()> {
    elements.tag().assert_eq(tag)?;
    let mut reader = SliceReader::new(elements.value())?;
    while !reader.is_finished() {
        each(T::decode(&mut reader)?)?;
    }
    Ok(())
}

#[cfg(test)]
#[path = "leaf_tests.rs"]
mod tests;
