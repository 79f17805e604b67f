//! Why a Secret cannot be a routing secret.

use thiserror::Error;

use crate::x509::{CertificateError, pem::has_text_before_marker, public_key::KeyError};

/// One cause for which a labelled Secret is denied: what is wrong, what to do about it, and the code that
/// tools rely on, which never changes.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum Refusal {
    /// The type of a Secret cannot be changed later.
    #[error("its type is not kubernetes.io/tls; create it anew with this type [wrong-type]")]
    WrongType,
    #[error("tls.crt is missing or empty; put the certificate there, in PEM [no-tls-crt]")]
    NoCertificateData,
    #[error("tls.key is missing or empty; put the private key there, in PEM [no-tls-key]")]
    NoKeyData,
    #[error("tls.crt is not PEM: {0}; export the certificates anew in PEM [not-pem]")]
    NotPem(NotPem),
    #[error("tls.crt holds no certificate; put the leaf there, then its issuers [no-certificate]")]
    NoCertificate,
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    #[error("the key of the first certificate cannot be read; export or issue it anew [bad-certificate]")]
    BadCertificateKey,
    #[error("in the first certificate, {0}")]
    CertificateKey(KeyError),
    /// Everybody who may read certificates could read the key.
    #[error(
        "tls.crt holds a private key; leave it in tls.key only, and consider it disclosed [key-in-tls-crt]"
    )]
    KeyInCertificate,
    /// Servers send the first certificate as their own.
    #[error(
        "the first certificate in tls.crt is not that of the key; put the leaf before its issuers [leaf-not-first]"
    )]
    LeafNotFirst,
    #[error("tls.key holds no private key; put it there in PKCS #8, PKCS #1 or SEC 1, in PEM [no-key]")]
    NoKey,
    /// The same where not a single block is found.
    #[error("tls.key holds no private key: {0}; put it there in PKCS #8, PKCS #1 or SEC 1, in PEM [no-key]")]
    KeyNotPem(NotPem),
    #[error("tls.key holds more than one private key; keep that of the first certificate [several-keys]")]
    SeveralKeys,
    #[error(transparent)]
    PrivateKey(#[from] KeyError),
    #[error("the private key does not belong to the first certificate; store the pair [key-mismatch]")]
    KeyMismatch,
    #[error("the certificate has expired; renew it [expired]")]
    Expired,
    #[error("the certificate is not valid yet; wait, or correct the clocks [not-yet-valid]")]
    NotYetValid,
    #[error("the certificate ends too soon (setting secret.minimumDaysLeft); renew it [ends-too-soon]")]
    EndsTooSoon,
    /// RFC 9525, section 2: the Common Name is not used.
    #[error("the certificate has no DNS SAN; issue one with the DNS names of your hosts [no-dns-name]")]
    NoDnsName,
    /// The name, escaped and cut short.
    #[error("DNS name {0} of the certificate matches no host; issue one without it [bad-dns-name]")]
    BadDnsName(String),
    #[error(
        "the extended key usage does not allow servers; issue a certificate with serverAuth [not-for-servers]"
    )]
    NotForServers,
    /// OpenSSL refuses to load it; in nginx, one such Secret stops the reload for every host.
    #[error(
        "a certificate in tls.crt has an MD2, MD5 or SHA-1 signature, which servers refuse; \
         issue it with SHA-256 [weak-signature]"
    )]
    WeakSignature,
}

/// What a text that is not PEM looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum NotPem {
    #[error("it has a byte order mark")]
    ByteOrderMark,
    #[error("it is UTF-16")]
    Utf16,
    #[error("it has \\n instead of line ends")]
    LiteralNewlines,
    /// Servers skip such a block.
    #[error("it has text before -----BEGIN or -----END on a line")]
    TextBeforeMarker,
    #[error("it is base64 without PEM lines")]
    NoLines,
    #[error("it is binary")]
    Binary,
    #[error("it has no PEM block, or a broken one")]
    BrokenBlock,
}

impl NotPem {
    /// Tells what a text without readable blocks looks like.
    pub(super) fn of(pem: &[u8]) -> Self {
        /// The length of a line of PEM: shorter base64 is some other text.
        const LINE: usize = 64;
        let text = String::from_utf8_lossy(pem);
        let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=\r\n".contains(byte);
        let is_marked = text.contains("-----BEGIN ");
        let is_wide = pem.contains(&0) && text.replace('\0', "").contains("-----BEGIN ");
        if is_wide || pem.starts_with(b"\xff\xfe") || pem.starts_with(b"\xfe\xff") {
            Self::Utf16
        } else if !is_marked && text.contains(['\0', '\u{fffd}']) {
            Self::Binary
        } else if text.contains('\u{feff}') {
            Self::ByteOrderMark
        } else if text.contains("\\n") {
            Self::LiteralNewlines
        } else if pem.len() > LINE && pem.iter().all(is_base64)
            || is_marked && text.trim().lines().count() == 1
        {
            Self::NoLines
        } else if has_text_before_marker(pem) {
            Self::TextBeforeMarker
        } else {
            Self::BrokenBlock
        }
    }
}
