//! Whether the content of a labelled Secret can serve TLS: what Go's `tls.X509KeyPair` refuses is refused.

use super::refusal::{NotPem, Refusal};
use crate::{
    host::{DnsPattern, Host},
    settings::Settings,
    x509::{
        Certificate,
        chain::{ChainCertificate, Signature},
        pem::{self, Block, CERTIFICATE},
        private_key,
        public_key::{Curve, KeyError, PublicKey},
        read_certificate,
        server::ServerCertificate,
    },
};

const SECONDS_PER_HOUR: u64 = 60 * 60;
const SECONDS_PER_DAY: u64 = 24 * SECONDS_PER_HOUR;

/// The settings and the clock that a Secret is validated with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Validator<'a> {
    pub(super) settings: &'a Settings,
    /// The second since 1970 at which the certificate must be valid.
    pub(super) now: u64,
}

impl Validator<'_> {
    /// Validates the contents of `tls.crt` and `tls.key`, and returns the warnings about them.
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
        let certificates = read_certificates(tls_crt)?;
        let chain: Vec<_> = certificates.iter().map(ChainCertificate::from).collect();
        let (Some(first), Some(leaf)) = (certificates.first(), chain.first()) else {
            return Err(Refusal::NoCertificate);
        };
        if chain.iter().any(|certificate| certificate.signature == Signature::Weak) {
            return Err(Refusal::WeakSignature);
        }
        let server = ServerCertificate::try_from(first)?;
        let key = leaf.public_key.clone().map_err(|error| match error {
            KeyError::Unreadable => Refusal::BadCertificateKey,
            error => Refusal::CertificateKey(error),
        })?;
        check_key(&key, tls_key, &chain)?;
        if self.now < leaf.not_before {
            return Err(Refusal::NotYetValid);
        }
        if self.now >= leaf.not_after {
            return Err(Refusal::Expired);
        }
        self.check_names(&server.dns_names)?;
        if !server.may_serve {
            return Err(Refusal::NotForServers);
        }
        if !self.has_days_left(leaf, self.settings.secret.minimum_days_left) {
            return Err(Refusal::EndsTooSoon);
        }
        Ok(self.warnings(leaf, &server, &chain, &key))
    }

    fn check_names(&self, names: &[String]) -> Result<(), Refusal> {
        let first = names.first().ok_or(Refusal::NoDnsName)?;
        // Go refuses a certificate with a name that is not ASCII, whatever others it has.
        let not_ascii = names.iter().find(|name| !name.is_ascii());
        let no_match = (!names.iter().any(|name| self.can_match(name))).then_some(first);
        match not_ascii.or(no_match) {
            Some(name) => Err(Refusal::BadDnsName(escaped(name))),
            None => Ok(()),
        }
    }

    /// Whether a DNS SAN can cover the host of an Ingress, which never ends with a dot.
    fn can_match(&self, name: &str) -> bool {
        match DnsPattern::parse(name, self.settings.wildcards) {
            Some(DnsPattern::Exact(name)) => Host::parse(&name).is_some() && !name.ends_with('.'),
            pattern => pattern.is_some(),
        }
    }

    /// Whether a DNS SAN is a wildcard over a single label, such as `*.com`.
    fn is_too_wide(&self, name: &str) -> bool {
        match DnsPattern::parse(name, self.settings.wildcards) {
            Some(DnsPattern::Wildcard(parent, _)) => !parent.contains('.'),
            _ => false,
        }
    }

    /// Whether a certificate that is valid now is valid for this many more days.
    fn has_days_left(&self, leaf: &ChainCertificate, days: u64) -> bool {
        leaf.not_after - self.now >= days.saturating_mul(SECONDS_PER_DAY)
    }

    fn warnings(
        &self,
        leaf: &ChainCertificate,
        server: &ServerCertificate,
        chain: &[ChainCertificate],
        key: &PublicKey,
    ) -> Vec<String> {
        let warn = |is_so: bool, text: &str| is_so.then(|| text.to_owned());
        let mut names = server.dns_names.iter();
        let bad_name = names.clone().find(|name| !self.can_match(name));
        let wide_name = names.find(|name| self.is_too_wide(name));
        let mut places = (1..).zip(chain);
        let unusual = places.clone().find_map(|(place, one)| match one.signature {
            Signature::Unusual(number) => Some((place, number)),
            Signature::Usual | Signature::Weak => None,
        });
        let expired = places.find(|(place, one)| *place > 1 && one.not_after <= self.now);
        let is_linked =
            chain.iter().zip(chain.iter().skip(1)).all(|(subject, issuer)| subject.issuer == issuer.subject);
        [
            self.expiry_warning(leaf),
            bad_name.map(|name| {
                format!("DNS name {} can never match a host; issue one without it", escaped(name))
            }),
            warn(
                server.is_ca,
                "the certificate is that of a CA, which clients may refuse; issue one without CA",
            ),
            warn(
                !server.may_sign,
                "the key usage lacks digitalSignature: Chrome refuses the certificate; add it",
            ),
            server.unknown_critical.first().map(|number| {
                let number = escaped(&number.to_string());
                format!("clients refuse the unknown critical extension {number}; issue one without it")
            }),
            unusual.map(|(place, number)| {
                let number = escaped(&number.to_string());
                format!("OpenSSL before 3.5 may refuse certificate {place}: signature {number}")
            }),
            expired.map(|(place, _)| format!("certificate {place} in tls.crt has expired; replace it")),
            warn(
                server.is_of_public_ca && chain.len() == 1,
                "tls.crt lacks the certificate of the issuer; put it after the leaf",
            ),
            warn(!is_linked, "tls.crt is no chain; put each certificate before that of its issuer"),
            wide_name.map(|name| format!("clients refuse {name}: a wildcard needs two labels after it")),
            warn(
                matches!(key, PublicKey::Ed25519(_)),
                "browsers refuse Ed25519 certificates; use RSA or P-256",
            ),
            warn(
                matches!(key, PublicKey::Ec(Curve::P521, _)),
                "browsers refuse P-521 certificates; use RSA or P-256",
            ),
            warn(
                server.is_temporary,
                "the certificate is temporary; the policy uses the one that cert-manager issues",
            ),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// A certificate of a few days gets no warning before a third of its time is left, when it is renewed.
    fn expiry_warning(&self, leaf: &ChainCertificate) -> Option<String> {
        let seconds = leaf.not_after - self.now;
        let is_late = seconds < (leaf.not_after - leaf.not_before) / 3;
        if !is_late || self.has_days_left(leaf, self.settings.secret.warn_days_left) {
            return None;
        }
        let left = match seconds / SECONDS_PER_DAY {
            0 | 1 => format!("{} hours", seconds / SECONDS_PER_HOUR),
            days => format!("{days} days"),
        };
        Some(format!("the certificate ends in {left}; renew it"))
    }
}

/// A name of a certificate for a message; the name may have any characters and any length.
fn escaped(name: &str) -> String {
    const MAX_CHARACTERS: usize = 60;
    let name = name.escape_default().to_string();
    match name.char_indices().nth(MAX_CHARACTERS) {
        Some((end, _)) => name.get(..end).unwrap_or_default().to_owned() + "...",
        None => name,
    }
}

fn read_certificates(tls_crt: &[u8]) -> Result<Vec<Certificate>, Refusal> {
    let blocks = pem::blocks(tls_crt);
    if blocks.iter().any(Block::is_private_key) {
        return Err(Refusal::KeyInCertificate);
    }
    let is_broken = blocks.is_empty() || blocks.iter().any(|block| block.der.is_none());
    if is_broken || pem::has_text_before_marker(tls_crt) {
        return Err(Refusal::NotPem(NotPem::of(tls_crt)));
    }
    blocks
        .into_iter()
        .filter(|block| block.label == CERTIFICATE)
        .filter_map(|block| block.der)
        .map(|der| Ok(read_certificate(&der)?))
        .collect()
}

/// Checks that the private key in `tls.key` is that of the first certificate.
fn check_key(key: &PublicKey, tls_key: &[u8], chain: &[ChainCertificate]) -> Result<(), Refusal> {
    let own_key = read_key(tls_key)?;
    let is_own = |certificate: &ChainCertificate| certificate.public_key.as_ref() == Ok(&own_key);
    if own_key == *key {
        Ok(())
    } else if chain.iter().any(is_own) {
        Err(Refusal::LeafNotFirst)
    } else {
        Err(Refusal::KeyMismatch)
    }
}

/// The public key of the one private key in `tls.key`; other blocks, such as `EC PARAMETERS`, are ignored.
fn read_key(tls_key: &[u8]) -> Result<PublicKey, Refusal> {
    let blocks = pem::blocks(tls_key);
    let mut keys = blocks.iter().filter(|block| block.is_private_key());
    let key = keys.next().ok_or_else(|| match blocks.as_slice() {
        [] => Refusal::KeyNotPem(NotPem::of(tls_key)),
        _ => Refusal::NoKey,
    })?;
    match keys.next() {
        Some(_) => Err(Refusal::SeveralKeys),
        None => Ok(private_key::public_key(key)?),
    }
}
