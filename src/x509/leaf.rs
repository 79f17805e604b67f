//! What matching needs of a leaf, the first certificate of a Secret.

use x509_parser::{
    asn1_rs::{self, Any, Class, FromDer, Sequence, Tag},
    certificate::{X509Certificate, X509CertificateParser},
    nom::{IResult, Parser},
    oid_registry::OID_X509_EXT_SUBJECT_ALT_NAME,
    x509::X509Version,
};

use super::CertificateError;

/// `dNSName` among the choices of `GeneralName` (RFC 5280, section 4.2.1.6).
const DNS_NAME: Tag = Tag(2);
/// The issuer of cert-manager's temporary certificates (`pkg/util/pki/temporarycertificate.go`).
const TEMPORARY_ISSUER: &[u8] = b"cert-manager.local";

/// A leaf, as far as matching needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Leaf {
    /// The DNS SANs, in their order and as they are written. Those that are not ASCII are left out: no host is like them.
    pub(crate) dns_names: Vec<String>,
    /// The first second, since 1970, in which the certificate is valid.
    pub(crate) not_before: u64,
    /// The second, since 1970, from which on the certificate is not valid any more.
    pub(crate) not_after: u64,
    /// Whether cert-manager made it to bridge the time until the real one is issued.
    pub(crate) is_temporary: bool,
}

impl Leaf {
    /// Reads a certificate, as a look-up does: what Go refuses beyond broken DER was refused at admission.
    ///
    /// # Errors
    /// If `der` is not one certificate in DER, is followed by anything, or names a time before 1970.
    pub(crate) fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        Self::of(&parse(der)?)
    }

    pub(super) fn of(certificate: &X509Certificate<'_>) -> Result<Self, CertificateError> {
        let names = dns_names(certificate)?;
        let names = names.into_iter().filter(|name| name.is_ascii());
        let (not_before, not_after) = validity(certificate)?;
        Ok(Self {
            dns_names: names.collect(),
            not_before,
            not_after,
            is_temporary: certificate
                .issuer()
                .iter_common_name()
                .any(|name| name.as_slice() == TEMPORARY_ISSUER),
        })
    }
}

/// Reads the parts of a certificate, but not what is in its extensions.
///
/// # Errors
/// If `der` is not one certificate, or is followed by anything.
pub(super) fn parse(der: &[u8]) -> Result<X509Certificate<'_>, CertificateError> {
    let mut parser = X509CertificateParser::new().with_deep_parse_extensions(false);
    whole(parser.parse(der))
}

/// `notBefore` and `notAfter`, in seconds since 1970.
///
/// # Errors
/// If one of them is before 1970.
pub(super) fn validity(certificate: &X509Certificate<'_>) -> Result<(u64, u64), CertificateError> {
    let validity = certificate.validity();
    let seconds = |time: i64| u64::try_from(time).map_err(|_| CertificateError::BeforeEpoch);
    let not_before = seconds(validity.not_before.timestamp())?;
    Ok((not_before, seconds(validity.not_after.timestamp())?))
}

/// All DNS SANs, in their order; bytes that are no UTF-8 are replaced.
///
/// # Errors
/// If the extension is there twice, or not valid DER.
pub(super) fn dns_names(
    certificate: &X509Certificate<'_>,
) -> Result<Vec<String>, CertificateError> {
    // Go reads no extensions in older versions.
    if certificate.version() != X509Version::V3 {
        return Ok(Vec::new());
    }
    let extension = certificate
        .get_extension_unique(&OID_X509_EXT_SUBJECT_ALT_NAME)
        .map_err(|_| CertificateError::Malformed)?;
    let Some(extension) = extension else {
        return Ok(Vec::new());
    };
    // Not x509-parser's reader of names, which refuses all of them for one of a kind that it does not know.
    let list: Sequence<'_> = whole(Sequence::from_der(extension.value))?;
    let mut names = Vec::new();
    for name in list.der_iter::<Any<'_>, _>() {
        let name = name.map_err(|_: asn1_rs::Error| CertificateError::Malformed)?;
        if name.class() == Class::ContextSpecific && name.tag() == DNS_NAME {
            names.push(String::from_utf8_lossy(name.data).into_owned());
        }
    }
    Ok(names)
}

/// What was read, if there is no more.
pub(super) fn whole<T, E>(read: IResult<&[u8], T, E>) -> Result<T, CertificateError> {
    match read {
        Ok(([], value)) => Ok(value),
        _ => Err(CertificateError::Malformed),
    }
}
