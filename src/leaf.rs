//! What the rules need to know of a certificate, read from its DER.
//!
//! Only the parts that a rule asks for are decoded; the others are stepped over. The structure is
//! that of RFC 5280, section 4.1.

mod strict;
mod time;

use std::borrow::Cow;

use crate::{
    der::{
        BIT_STRING, Element, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, Reader, Result, SEQUENCE,
        SET, bits, for_each, only, unsigned,
    },
    public_key::PublicKeyInfo,
};

/// 2.5.29.17 (RFC 5280, section 4.2.1.6).
const SUBJECT_ALT_NAME: &[u8] = b"\x55\x1d\x11";
/// 2.5.29.19 (RFC 5280, section 4.2.1.9).
const BASIC_CONSTRAINTS: &[u8] = b"\x55\x1d\x13";
/// 2.5.29.37 (RFC 5280, section 4.2.1.12).
const EXTENDED_KEY_USAGE: &[u8] = b"\x55\x1d\x25";
/// `id-kp-serverAuth` (1.3.6.1.5.5.7.3.1) and `anyExtendedKeyUsage` (2.5.29.37.0), with which a
/// certificate may serve TLS.
const SERVER_USAGES: [&[u8]; 2] = [b"\x2b\x06\x01\x05\x05\x07\x03\x01", b"\x55\x1d\x25\x00"];
/// X.520, `id-at-commonName` (2.5.4.3).
const COMMON_NAME: &[u8] = b"\x55\x04\x03";
/// `dNSName` among the choices of `GeneralName`.
const DNS_NAME: u8 = 0x82;
/// The issuer of cert-manager's temporary certificates (`pkg/util/pki/temporarycertificate.go`).
const TEMPORARY_ISSUER: &[u8] = b"cert-manager.local";
/// The version that may have extensions, as it is written; Go reads none in others.
const V3: &[u8] = &[2];

/// The optional parts of a `TBSCertificate`.
const VERSION: u8 = 0xa0;
const ISSUER_UNIQUE_ID: u8 = 0x81;
const SUBJECT_UNIQUE_ID: u8 = 0x82;
const EXTENSIONS: u8 = 0xa3;

/// A leaf certificate, as far as matching needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf<'a> {
    /// The DNS SANs as they are written. Those that are no ASCII text are left out: no host is like
    /// them.
    pub dns_names: Vec<Cow<'a, str>>,
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

impl Leaf<'_> {
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
}

impl Leaf<'static> {
    /// Reads a certificate.
    ///
    /// # Errors
    /// If `der` is not one certificate in DER, or is followed by anything.
    pub fn from_der(der: &[u8]) -> Result<Self> {
        Self::of(&Certificate::from_der(der)?)
    }

    /// Reads what matching needs of a certificate.
    ///
    /// # Errors
    /// If an extension or the issuer's name is not valid DER.
    pub fn of(certificate: &Certificate<'_>) -> Result<Self> {
        let mut dns_names = Vec::new();
        certificate.for_each_dns_name(|name| {
            if name.is_ascii() {
                dns_names.push(Cow::Owned(String::from_utf8_lossy(name).into_owned()));
            }
        })?;
        Ok(Self {
            dns_names,
            not_before: certificate.not_before,
            not_after: certificate.not_after,
            temporary: has_common_name(certificate.issuer, TEMPORARY_ISSUER)?,
        })
    }
}

/// `Certificate` of RFC 5280, section 4.1: the contents of its parts.
#[derive(Debug)]
pub struct Certificate<'a> {
    version: Option<&'a [u8]>,
    serial_number: &'a [u8],
    signature: &'a [u8],
    issuer: &'a [u8],
    not_before: u64,
    not_after: u64,
    subject: &'a [u8],
    public_key: PublicKeyInfo<'a>,
    extensions: Option<&'a [u8]>,
    /// `signatureAlgorithm`, which is to be the same as `signature`.
    signature_algorithm: &'a [u8],
    /// `signatureValue`.
    signature_value: &'a [u8],
}

/// `Extension` of RFC 5280, section 4.1.
struct Extension<'a> {
    identifier: &'a [u8],
    is_critical: bool,
    value: &'a [u8],
}

impl<'a> Certificate<'a> {
    /// Reads a certificate.
    ///
    /// # Errors
    /// If `der` is not one certificate in DER, or is followed by anything.
    pub fn from_der(der: &'a [u8]) -> Result<Self> {
        let mut whole = Reader::new(only(der, SEQUENCE)?);
        let mut body = Reader::new(whole.read(SEQUENCE)?);
        let signature_algorithm = whole.read(SEQUENCE)?;
        let signature_value = whole.read(BIT_STRING)?;
        bits(signature_value)?;
        whole.finish()?;

        let version = body.optional(VERSION)?;
        let version = version.map(|version| only(version, INTEGER)).transpose()?;
        let serial_number = body.read(INTEGER)?;
        let signature = body.read(SEQUENCE)?;
        let issuer = body.read(SEQUENCE)?;
        let mut validity = Reader::new(body.read(SEQUENCE)?);
        let (not_before, not_after) = (validity.any()?, validity.any()?);
        validity.finish()?;
        let subject = body.read(SEQUENCE)?;
        let public_key = PublicKeyInfo::read(body.read(SEQUENCE)?)?;
        for unique_id in [ISSUER_UNIQUE_ID, SUBJECT_UNIQUE_ID] {
            body.optional(unique_id)?.map(bits).transpose()?;
        }
        let extensions = body.optional(EXTENSIONS)?;
        let extensions = extensions
            .map(|extensions| only(extensions, SEQUENCE))
            .transpose()?;
        body.finish()?;
        Ok(Self {
            version,
            serial_number,
            signature,
            issuer,
            not_before: time::seconds(not_before)?,
            not_after: time::seconds(not_after)?,
            subject,
            public_key,
            extensions,
            signature_algorithm,
            signature_value,
        })
    }

    /// Who has signed it, as DER.
    pub fn issuer(&self) -> &'a [u8] {
        self.issuer
    }

    /// Whom it is about, as DER.
    pub fn subject(&self) -> &'a [u8] {
        self.subject
    }

    /// The key that it certifies.
    pub fn public_key(&self) -> &PublicKeyInfo<'a> {
        &self.public_key
    }

    /// Calls `each` with every DNS SAN, whatever its bytes are.
    ///
    /// # Errors
    /// If the extensions are not valid DER.
    pub fn for_each_dns_name(&self, mut each: impl FnMut(&[u8])) -> Result<()> {
        self.for_each_extension(|extension| {
            if extension.identifier != SUBJECT_ALT_NAME {
                return Ok(());
            }
            Reader::new(only(extension.value, SEQUENCE)?).for_each(|name| {
                if name.tag == DNS_NAME {
                    each(name.content);
                }
                Ok(())
            })
        })
    }

    /// Whether it may sign other certificates.
    ///
    /// # Errors
    /// If the extensions are not valid DER.
    pub fn is_ca(&self) -> Result<bool> {
        let mut is_ca = false;
        self.for_each_extension(|extension| {
            if extension.identifier == BASIC_CONSTRAINTS {
                is_ca = read_basic_constraints(extension.value)?;
            }
            Ok(())
        })?;
        Ok(is_ca)
    }

    /// Whether it may serve TLS: it does not say for what it may be used, or says so.
    ///
    /// # Errors
    /// If the extensions are not valid DER.
    pub fn may_serve(&self) -> Result<bool> {
        let mut may_serve = true;
        self.for_each_extension(|extension| {
            if extension.identifier == EXTENDED_KEY_USAGE {
                may_serve = false;
                Reader::new(only(extension.value, SEQUENCE)?).for_each(|usage| {
                    may_serve |= SERVER_USAGES.contains(&usage.of(OBJECT_IDENTIFIER)?);
                    Ok(())
                })?;
            }
            Ok(())
        })?;
        Ok(may_serve)
    }

    fn for_each_extension(&self, mut each: impl FnMut(Extension<'a>) -> Result<()>) -> Result<()> {
        match self.extensions {
            Some(extensions) if self.version == Some(V3) => {
                for_each(extensions, SEQUENCE, |mut extension| {
                    let identifier = extension.read(OBJECT_IDENTIFIER)?;
                    let is_critical = extension.flag()?;
                    let value = extension.read(OCTET_STRING)?;
                    extension.finish()?;
                    each(Extension {
                        identifier,
                        is_critical,
                        value,
                    })
                })
            }
            _ => Ok(()),
        }
    }
}

/// Whether an extension says that the certificate is that of a CA (RFC 5280, section 4.2.1.9). The path
/// length may be any number.
fn read_basic_constraints(value: &[u8]) -> Result<bool> {
    let mut constraints = Reader::new(only(value, SEQUENCE)?);
    let is_ca = constraints.flag()?;
    constraints.optional(INTEGER)?.map(unsigned).transpose()?;
    constraints.finish()?;
    Ok(is_ca)
}

/// Calls `each` with the kind and the value of every attribute of a `Name` (RFC 5280, section 4.1.2.4).
fn for_each_attribute(
    name: &[u8],
    mut each: impl FnMut(&[u8], Element<'_>) -> Result<()>,
) -> Result<()> {
    for_each(name, SET, |relative_name| {
        relative_name.for_each(|attribute| {
            let mut attribute = Reader::new(attribute.of(SEQUENCE)?);
            let (kind, value) = (attribute.read(OBJECT_IDENTIFIER)?, attribute.any()?);
            attribute.finish()?;
            each(kind, value)
        })
    })
}

/// Whether a `Name` has a Common Name of exactly these bytes.
fn has_common_name(name: &[u8], wanted: &[u8]) -> Result<bool> {
    let mut found = false;
    for_each_attribute(name, |kind, value| {
        found |= kind == COMMON_NAME && value.content == wanted;
        Ok(())
    })?;
    Ok(found)
}

#[cfg(test)]
#[path = "leaf_tests.rs"]
mod tests;
