//! Whether the content of a labelled Secret can serve TLS, as the servers that read it see it: what
//! Go's `tls.X509KeyPair` refuses is refused.

use super::refusal::{NotPem, Refusal};
use crate::{
    routing::{DnsPattern, Host, Wildcards},
    settings::SecretSettings,
    x509::{
        chain::{ChainCertificate, ServerCertificate},
        pem::{self, Block, CERTIFICATE},
        private_key,
        public_key::{Curve, KeyError, PublicKey},
    },
};

const SECONDS_PER_HOUR: u64 = 60 * 60;
const SECONDS_PER_DAY: u64 = 24 * SECONDS_PER_HOUR;

/// From which point of view a Secret is validated.
#[derive(Clone, Copy, Debug)]
pub(super) struct Validation<'a> {
    pub(super) settings: &'a SecretSettings,
    pub(super) wildcards: Wildcards,
    /// The second since 1970 at which the certificate must be valid.
    pub(super) now: u64,
}

impl Validation<'_> {
    /// Validates the contents of `tls.crt` and `tls.key`; what is returned are warnings.
    ///
    /// # Errors
    /// The first cause for which they cannot be used.
    pub(super) fn validate(&self, tls_crt: &[u8], tls_key: &[u8]) -> Result<Vec<String>, Refusal> {
        if tls_crt.is_empty() {
            return Err(Refusal::NoCertificateData);
        }
        if tls_key.is_empty() {
            return Err(Refusal::NoKeyData);
        }
        let ders = read_certificates(tls_crt)?;
        let chain = ders.iter().map(|der| ChainCertificate::from_der(der));
        let chain: Vec<_> = chain
            .collect::<Result<_, _>>()
            .map_err(|_| Refusal::BadCertificate)?;
        let (Some(leaf_der), Some(first)) = (ders.first(), chain.first()) else {
            return Err(Refusal::NoCertificate);
        };
        if chain.iter().any(|certificate| certificate.is_weakly_signed) {
            return Err(Refusal::WeakSignature);
        }
        let server = ServerCertificate::from_der(leaf_der).map_err(|_| Refusal::BadCertificate)?;
        let key = first.public_key.clone();
        let key = key.map_err(|error| refusal(error, Refusal::BadCertificate))?;
        check_key(&key, tls_key, &chain)?;
        if self.now < server.leaf.not_before {
            return Err(Refusal::NotYetValid);
        }
        if self.now >= server.leaf.not_after {
            return Err(Refusal::Expired);
        }
        self.check_names(&server)?;
        if !server.may_serve {
            return Err(Refusal::NotForServers);
        }
        if !self.has_days_left(&server, self.settings.minimum_days_left) {
            return Err(Refusal::EndsTooSoon);
        }
        Ok(self.warnings(&server, &chain, &key))
    }

    fn check_names(&self, server: &ServerCertificate) -> Result<(), Refusal> {
        if server.dns_names.is_empty() {
            return Err(Refusal::NoDnsName);
        }
        // Go refuses a certificate with a name that is not ASCII, whatever others it has.
        let mut names = server.dns_names.iter();
        if let Some(name) = names.find(|name| !name.is_ascii()) {
            return Err(Refusal::BadDnsName(escaped(name)));
        }
        let mut names = server.dns_names.iter();
        match server.dns_names.first() {
            Some(name) if !names.any(|name| self.can_match(name)) => {
                Err(Refusal::BadDnsName(escaped(name)))
            }
            _ => Ok(()),
        }
    }

    /// Whether a DNS SAN can cover the host of an Ingress, which never ends with a dot.
    fn can_match(&self, name: &str) -> bool {
        match DnsPattern::parse(name, self.wildcards) {
            Some(DnsPattern::Exact(name)) => Host::parse(&name).is_some() && !name.ends_with('.'),
            Some(DnsPattern::Wildcard(_) | DnsPattern::Glob(_)) => true,
            None => false,
        }
    }

    /// Whether a certificate that is valid now is so for so many more days.
    fn has_days_left(&self, server: &ServerCertificate, days: u64) -> bool {
        server.leaf.not_after - self.now >= days.saturating_mul(SECONDS_PER_DAY)
    }

    fn warnings(
        &self,
        server: &ServerCertificate,
        chain: &[ChainCertificate],
        key: &PublicKey,
    ) -> Vec<String> {
        let leaf = &server.leaf;
        let mut warnings = Vec::new();
        // Certificates of a few days are renewed when a third of their time is left.
        let seconds = leaf.not_after - self.now;
        let is_late = seconds < (leaf.not_after - leaf.not_before) / 3;
        if is_late && !self.has_days_left(server, self.settings.warn_days_left) {
            let left = match seconds / SECONDS_PER_DAY {
                0 | 1 => format!("{} hours", seconds / SECONDS_PER_HOUR),
                days => format!("{days} days"),
            };
            warnings.push(format!("the certificate ends in {left}: renew it"));
        }
        let mut names = server.dns_names.iter();
        if let Some(name) = names.find(|name| !self.can_match(name)) {
            let name = escaped(name);
            warnings.push(format!("DNS name {name} can never match a host"));
        }
        if server.is_ca {
            warnings.push(
                "the certificate is that of a CA: clients may refuse it for a server".to_owned(),
            );
        }
        if !server.may_sign {
            warnings.push(
                "the key usage lacks digitalSignature: Chrome refuses the certificate".to_owned(),
            );
        }
        let mut issuers = chain.iter().enumerate().skip(1);
        if let Some((place, _)) = issuers.find(|(_, issuer)| issuer.not_after <= self.now) {
            warnings.push(format!("certificate {} in tls.crt has expired", place + 1));
        }
        if server.is_of_public_ca && chain.len() == 1 {
            warnings.push(
                "the certificate of the issuer is missing in tls.crt: put it after the leaf"
                    .to_owned(),
            );
        }
        let is_linked = |pair: &[ChainCertificate]| match pair {
            [subject, issuer] => subject.issuer == issuer.subject,
            _ => true,
        };
        if !chain.windows(2).all(is_linked) {
            warnings.push(
                "tls.crt is no chain: each certificate must be followed by its issuer".to_owned(),
            );
        }
        let is_top_level = |name: &&String| {
            let pattern = DnsPattern::parse(name, self.wildcards);
            matches!(pattern, Some(DnsPattern::Wildcard(parent)) if !parent.contains('.'))
        };
        if let Some(name) = leaf.dns_names.iter().find(is_top_level) {
            warnings.push(format!(
                "clients refuse {name}: a wildcard needs at least two labels after it"
            ));
        }
        match key {
            PublicKey::Ed25519(_) => {
                warnings.push("browsers refuse Ed25519 certificates".to_owned());
            }
            PublicKey::Ec(Curve::P521, _) => {
                warnings.push("browsers refuse P-521 certificates".to_owned());
            }
            PublicKey::Ec(..) | PublicKey::Rsa { .. } => {}
        }
        if leaf.is_temporary {
            warnings.push(
                "this is a temporary certificate of cert-manager: no Ingress is pointed at it"
                    .to_owned(),
            );
        }
        warnings
    }
}

/// A name of a certificate for a message, which may have any characters and any length.
fn escaped(name: &str) -> String {
    const LONGEST: usize = 60;
    let name = name.escape_default().to_string();
    match name.char_indices().nth(LONGEST) {
        Some(_) => name.chars().take(LONGEST).chain("...".chars()).collect(),
        None => name,
    }
}

/// The DER of all certificates in `tls.crt`.
fn read_certificates(tls_crt: &[u8]) -> Result<Vec<Vec<u8>>, Refusal> {
    let blocks = pem::blocks(tls_crt);
    if blocks.iter().any(Block::is_private_key) {
        return Err(Refusal::KeyInCertificate);
    }
    let is_broken = blocks.is_empty() || blocks.iter().any(|block| block.der.is_none());
    if is_broken || pem::has_text_before_marker(tls_crt) {
        return Err(Refusal::NotPem(NotPem::of(tls_crt)));
    }
    let blocks = blocks.into_iter();
    let certificates = blocks.filter(|block| block.label == CERTIFICATE);
    Ok(certificates.filter_map(|block| block.der).collect())
}

/// The private key in `tls.key` is that of the first certificate.
fn check_key(key: &PublicKey, tls_key: &[u8], chain: &[ChainCertificate]) -> Result<(), Refusal> {
    let own_key = read_key(tls_key)?;
    if own_key == *key {
        return Ok(());
    }
    let mut others = chain.iter().skip(1);
    if others.any(|other| other.public_key.as_ref() == Ok(&own_key)) {
        Err(Refusal::LeafNotFirst)
    } else {
        Err(Refusal::KeyMismatch)
    }
}

fn refusal(error: KeyError, unreadable: Refusal) -> Refusal {
    match error {
        KeyError::Unsupported => Refusal::UnsupportedKey,
        KeyError::Weak => Refusal::WeakKey,
        KeyError::Encrypted => Refusal::EncryptedKey,
        KeyError::Unreadable => unreadable,
    }
}

/// The public key of the one private key in `tls.key`; other blocks, such as `EC PARAMETERS`, do not
/// matter.
fn read_key(tls_key: &[u8]) -> Result<PublicKey, Refusal> {
    let blocks = pem::blocks(tls_key);
    let mut keys = blocks.iter().filter(|block| block.is_private_key());
    let key = keys.next().ok_or_else(|| match blocks.as_slice() {
        [] => Refusal::KeyNotPem(NotPem::of(tls_key)),
        _ => Refusal::NoKey,
    })?;
    if keys.next().is_some() {
        return Err(Refusal::SeveralKeys);
    }
    private_key::public_key(key).map_err(|error| refusal(error, Refusal::BadKey))
}
