//! What matching needs of a leaf, the first certificate of a Secret.

use x509_parser::{
    asn1_rs::{self, Any, Class, FromDer, Sequence, Tag},
    certificate::{X509Certificate, X509CertificateParser},
    nom::Parser,
    oid_registry::OID_X509_EXT_SUBJECT_ALT_NAME,
    x509::X509Version,
};

/// `dNSName` among the choices of `GeneralName` (RFC 5280, section 4.2.1.6).
const DNS_NAME: Tag = Tag(2);
/// The issuer of cert-manager's temporary certificates (`pkg/util/pki/temporarycertificate.go`).
pub(super) const TEMPORARY_ISSUER: &[u8] = b"cert-manager.local";

/// A leaf, as far as matching needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Leaf {
    /// The DNS SANs, in their order and as they are written. Those that are not ASCII are left out: no host
    /// can match them.
    pub(crate) dns_names: Vec<String>,
    /// The first second, since 1970, in which the certificate is valid.
    pub(crate) not_before: u64,
    /// The first second, since 1970, in which the certificate is no longer valid.
    pub(crate) not_after: u64,
    /// Whether cert-manager made it to bridge the time until the real one is issued.
    pub(crate) is_temporary: bool,
}

impl Leaf {
    /// Reads a certificate, as a look-up does: what Go refuses in valid DER was refused at admission. `None`
    /// if `der` is not one certificate in DER, is followed by anything, or has a time before 1970.
    pub(crate) fn from_der(der: &[u8]) -> Option<Self> {
        let mut parser = X509CertificateParser::new().with_deep_parse_extensions(false);
        let Ok(([], certificate)) = parser.parse(der) else {
            return None;
        };
        let validity = certificate.validity();
        let mut common_names = certificate.issuer().iter_common_name();
        Some(Self {
            dns_names: dns_names(&certificate)?,
            not_before: validity.not_before.timestamp().try_into().ok()?,
            not_after: validity.not_after.timestamp().try_into().ok()?,
            is_temporary: common_names.any(|name| name.as_slice() == TEMPORARY_ISSUER),
        })
    }
}

/// The DNS SANs that are ASCII, in their order; `None` if the extension is there twice, or not valid DER.
fn dns_names(certificate: &X509Certificate<'_>) -> Option<Vec<String>> {
    let mut names = Vec::new();
    // Go reads no extensions in older versions.
    if certificate.version() != X509Version::V3 {
        return Some(names);
    }
    let Some(extension) = certificate.get_extension_unique(&OID_X509_EXT_SUBJECT_ALT_NAME).ok()? else {
        return Some(names);
    };
    // Not x509-parser's reader of names, which refuses all of them for one of a kind that it does not know.
    let Ok(([], list)) = Sequence::from_der(extension.value) else {
        return None;
    };
    for name in list.der_iter::<Any<'_>, asn1_rs::Error>() {
        let name = name.ok()?;
        let is_dns_name =
            name.class() == Class::ContextSpecific && name.tag() == DNS_NAME && name.header.is_primitive();
        if is_dns_name && name.data.is_ascii() {
            names.push(String::from_utf8_lossy(name.data).into_owned());
        }
    }
    Some(names)
}
