//! Why a Secret cannot be a routing secret.

use thiserror::Error;

use crate::x509::pem::has_text_before_marker;

/// One cause for which a labelled Secret is rejected: what is wrong, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum Refusal {
    /// The type of a Secret cannot be changed later.
    #[error("its type is not kubernetes.io/tls; create it anew with this type")]
    WrongType,
    #[error("tls.crt is missing or empty; put the certificate there, in PEM")]
    NoCertificateData,
    #[error("tls.key is missing or empty; put the private key there, in PEM")]
    NoKeyData,
    #[error("tls.crt is not PEM: {0}; export the certificates anew in PEM")]
    NotPem(NotPem),
    #[error("tls.crt holds no certificate; put the leaf there, then its issuers")]
    NoCertificate,
    #[error(
        "a certificate in tls.crt is not valid DER, something follows it, or it is one that Go's \
         crypto/x509 refuses; export or issue it anew"
    )]
    BadCertificate,
    /// Whoever may read certificates would read the key.
    #[error("tls.crt holds a private key; leave it in tls.key only, and consider it disclosed")]
    KeyInCertificate,
    /// Servers send the first certificate as their own.
    #[error(
        "the certificate of the key is not the first one in tls.crt; put it before its issuers"
    )]
    LeafNotFirst,
    #[error("tls.key holds no private key; put it there in PKCS #8, PKCS #1 or SEC 1, in PEM")]
    NoKey,
    /// The same where not a single block is found.
    #[error("tls.key holds no private key: {0}; put it there in PKCS #8, PKCS #1 or SEC 1, in PEM")]
    KeyNotPem(NotPem),
    #[error("tls.key holds more than one private key; leave the one of the first certificate")]
    SeveralKeys,
    #[error("the private key is encrypted; store it decrypted, no server can ask for a passphrase")]
    EncryptedKey,
    #[error("the private key cannot be read, or its parts contradict each other; export it anew")]
    BadKey,
    #[error(
        "the key is not RSA, P-256, P-384, P-521 or Ed25519; issue a certificate for such a key"
    )]
    UnsupportedKey,
    #[error("the RSA key has less than 2048 bits; issue a certificate for a longer one")]
    WeakKey,
    #[error("the private key does not belong to the first certificate; store the two that do")]
    KeyMismatch,
    #[error("the certificate has expired; renew it")]
    Expired,
    #[error("the certificate is not valid yet; wait, or correct the clocks")]
    NotYetValid,
    #[error("the certificate ends too soon (setting secret.minimumDaysLeft); renew it")]
    EndsTooSoon,
    /// RFC 9525, section 2: the Common Name is not used.
    #[error(
        "the certificate has no DNS name among its subject alternative names; issue one that has"
    )]
    NoDnsName,
    /// The name, escaped and cut short.
    #[error("DNS name {0} of the certificate can never match a host; issue one without it")]
    BadDnsName(String),
    #[error(
        "the certificate may not be used by servers (extended key usage); issue one with serverAuth"
    )]
    NotForServers,
    /// OpenSSL refuses to load it; in nginx, one such Secret stops the reload for every host.
    #[error(
        "a certificate in tls.crt is signed with MD2, MD5 or SHA-1, which servers refuse to load; \
         have its issuer sign it with SHA-256"
    )]
    WeakSignature,
}

/// What is seen in the place of PEM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum NotPem {
    #[error("there is a byte order mark in it")]
    ByteOrderMark,
    #[error("it is UTF-16")]
    Utf16,
    #[error("it has \\n in the place of ends of lines")]
    LiteralNewlines,
    /// Servers skip such a block.
    #[error("there is something before -----BEGIN or -----END on the same line")]
    TextBeforeMarker,
    #[error("it is base64 without its lines")]
    NoLines,
    #[error("it is binary")]
    Binary,
    #[error("there is no block in it, or a broken one")]
    BrokenBlock,
}

impl NotPem {
    /// What is seen in a text of which the blocks cannot be read.
    pub(super) fn of(pem: &[u8]) -> Self {
        /// The length of a line of PEM: what is shorter is some other text.
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

impl Refusal {
    /// The word that tools may rely on; it never changes.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::WrongType => "wrong-type",
            Self::NoCertificateData => "no-tls-crt",
            Self::NoKeyData => "no-tls-key",
            Self::NotPem(_) => "not-pem",
            Self::NoCertificate => "no-certificate",
            Self::BadCertificate => "bad-certificate",
            Self::KeyInCertificate => "key-in-tls-crt",
            Self::LeafNotFirst => "leaf-not-first",
            Self::NoKey | Self::KeyNotPem(_) => "no-key",
            Self::SeveralKeys => "several-keys",
            Self::EncryptedKey => "encrypted-key",
            Self::BadKey => "bad-key",
            Self::UnsupportedKey => "unsupported-key",
            Self::WeakKey => "weak-key",
            Self::KeyMismatch => "key-mismatch",
            Self::Expired => "expired",
            Self::NotYetValid => "not-yet-valid",
            Self::EndsTooSoon => "ends-too-soon",
            Self::NoDnsName => "no-dns-name",
            Self::BadDnsName(_) => "bad-dns-name",
            Self::NotForServers => "not-for-servers",
            Self::WeakSignature => "weak-signature",
        }
    }
}
