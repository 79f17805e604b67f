//! What the rules need to know of a certificate, read from its DER.
//!
//! Only the parts that a rule asks for are decoded; the others are stepped over. The structure is
//! that of RFC 5280, section 4.1.

mod strict;

use der::{
    Decode, Reader, Sequence, SliceReader, Tag, TagNumber, Tagged,
    asn1::{AnyRef, BitStringRef, ObjectIdentifier, OctetStringRef},
};
use pkcs8::spki::SubjectPublicKeyInfoRef;
use x509_cert::{ext::pkix::ExtendedKeyUsage, time};

use self::strict::BasicConstraints;

/// RFC 5280, section 4.2.1.6.
const SUBJECT_ALT_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.17");
/// RFC 5280, section 4.2.1.9.
const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
/// RFC 5280, section 4.2.1.12.
const EXTENDED_KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37");
/// `id-kp-serverAuth` and `anyExtendedKeyUsage`, with which a certificate may serve TLS.
const SERVER_USAGES: [ObjectIdentifier; 2] = [
    ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.1"),
    ObjectIdentifier::new_unwrap("2.5.29.37.0"),
];
/// X.520, `id-at-commonName`.
const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
/// `dNSName` among the choices of `GeneralName`.
const DNS_NAME: Tag = Tag::ContextSpecific {
    constructed: false,
    number: TagNumber(2),
};
/// The issuer of cert-manager's temporary certificates (`pkg/util/pki/temporarycertificate.go`).
const TEMPORARY_ISSUER: &[u8] = b"cert-manager.local";
/// The version that may have extensions; Go reads none in others.
const V3: u8 = 2;

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

/// A second, compared with those in which a certificate is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Validity {
    /// It is before `notBefore`.
    NotYet,
    /// The certificate is valid.
    Now,
    /// It is `notAfter` or later.
    Over,
}

impl Leaf {
    /// Whether it is valid at the second `now` since 1970.
    pub fn validity(&self, now: u64) -> Validity {
        if now < self.not_before {
            Validity::NotYet
        } else if now >= self.not_after {
            Validity::Over
        } else {
            Validity::Now
        }
    }

    /// Reads a certificate.
    ///
    /// # Errors
    /// If `der` is not one certificate in DER, or is followed by anything.
    pub fn from_der(der: &[u8]) -> der::Result<Self> {
        Self::of(&Certificate::from_der(der)?)
    }

    /// Reads what matching needs of a certificate.
    ///
    /// # Errors
    /// If an extension or the issuer's name is not valid DER.
    pub fn of(certificate: &Certificate<'_>) -> der::Result<Self> {
        let mut dns_names = Vec::new();
        certificate.for_each_dns_name(|name| {
            if name.is_ascii() {
                dns_names.push(String::from_utf8_lossy(name).into_owned());
            }
        })?;
        let TbsCertificate {
            validity, issuer, ..
        } = &certificate.tbs_certificate;
        Ok(Self {
            dns_names,
            not_before: validity.not_before.to_unix_duration().as_secs(),
            not_after: validity.not_after.to_unix_duration().as_secs(),
            temporary: has_common_name(*issuer, TEMPORARY_ISSUER)?,
        })
    }
}

/// `Certificate` of RFC 5280, section 4.1.
#[derive(Debug, Sequence)]
pub struct Certificate<'a> {
    tbs_certificate: TbsCertificate<'a>,
    signature_algorithm: AnyRef<'a>,
    signature: BitStringRef<'a>,
}

impl<'a> Certificate<'a> {
    /// Who has signed it, as DER.
    pub fn issuer(&self) -> AnyRef<'a> {
        self.tbs_certificate.issuer
    }

    /// Whom it is about, as DER.
    pub fn subject(&self) -> AnyRef<'a> {
        self.tbs_certificate.subject
    }

    /// The key that it certifies.
    pub fn public_key(&self) -> &SubjectPublicKeyInfoRef<'a> {
        &self.tbs_certificate.subject_public_key_info
    }

    /// Calls `each` with every DNS SAN, whatever its bytes are.
    ///
    /// # Errors
    /// If the extensions are not valid DER.
    pub fn for_each_dns_name(&self, mut each: impl FnMut(&[u8])) -> der::Result<()> {
        self.for_each_extension(|extension| {
            if extension.id != SUBJECT_ALT_NAME {
                return Ok(());
            }
            let names = AnyRef::from_der(extension.value.as_bytes())?;
            for_each(names, Tag::Sequence, |name: AnyRef<'_>| {
                if name.tag() == DNS_NAME {
                    each(name.value());
                }
                Ok(())
            })
        })
    }

    /// Whether it may sign other certificates.
    ///
    /// # Errors
    /// If the extensions are not valid DER.
    pub fn is_ca(&self) -> der::Result<bool> {
        let mut is_ca = false;
        self.for_each_extension(|extension| {
            if extension.id == BASIC_CONSTRAINTS {
                is_ca = BasicConstraints::from_der(extension.value.as_bytes())?.is_ca;
            }
            Ok(())
        })?;
        Ok(is_ca)
    }

    /// Whether it may serve TLS: it does not say for what it may be used, or says so.
    ///
    /// # Errors
    /// If the extensions are not valid DER.
    pub fn may_serve(&self) -> der::Result<bool> {
        let mut may_serve = true;
        self.for_each_extension(|extension| {
            if extension.id == EXTENDED_KEY_USAGE {
                let usages = ExtendedKeyUsage::from_der(extension.value.as_bytes())?.0;
                may_serve = usages.iter().any(|usage| SERVER_USAGES.contains(usage));
            }
            Ok(())
        })?;
        Ok(may_serve)
    }

    fn for_each_extension(
        &self,
        each: impl FnMut(Extension<'a>) -> der::Result<()>,
    ) -> der::Result<()> {
        let TbsCertificate {
            version,
            extensions,
            ..
        } = &self.tbs_certificate;
        match extensions {
            Some(extensions) if *version == Some(V3) => for_each(*extensions, Tag::Sequence, each),
            _ => Ok(()),
        }
    }
}

/// `TBSCertificate` of RFC 5280, section 4.1.
#[derive(Debug, Sequence)]
struct TbsCertificate<'a> {
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    version: Option<u8>,
    serial_number: AnyRef<'a>,
    signature: AnyRef<'a>,
    issuer: AnyRef<'a>,
    validity: time::Validity,
    subject: AnyRef<'a>,
    subject_public_key_info: SubjectPublicKeyInfoRef<'a>,
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
