//! Whether the content of a labelled Secret can serve TLS, judged as the servers that read it do: what
//! Go's `tls.X509KeyPair` refuses is refused.

use crate::{
    leaf::{Certificate, Leaf, Validity},
    names::{DnsPattern, Host, Wildcards},
    pem::{self, Block, CERTIFICATE},
    private_key::{self, is_private_key},
    public_key::{Curve, KeyFault, PublicKey},
    secret::fault::Fault,
    settings::SecretSettings,
};

const SECONDS_PER_DAY: u64 = 24 * 60 * 60;

/// The point of view from which a Secret is judged.
#[derive(Clone, Copy, Debug)]
pub struct Standard<'a> {
    /// The settings for Secrets.
    pub settings: &'a SecretSettings,
    /// How far `*` reaches in a certificate's name.
    pub wildcards: Wildcards,
    /// The second since 1970 at which the certificate must be valid.
    pub now: u64,
}

impl Standard<'_> {
    /// Judges the contents of `tls.crt` and `tls.key`; what is returned are warnings.
    ///
    /// # Errors
    /// The first cause for which they cannot be used.
    pub fn judge(&self, tls_crt: &[u8], tls_key: &[u8]) -> Result<Vec<String>, Fault> {
        if tls_crt.is_empty() {
            return Err(Fault::NoCertificateData);
        }
        if tls_key.is_empty() {
            return Err(Fault::NoKeyData);
        }
        let chain = read_chain(&pem::text(tls_crt))?;
        let chain = decode_chain(&chain)?;
        let certificate = chain.first().ok_or(Fault::NoCertificate)?;
        certificate.check().map_err(|_| Fault::BadCertificate)?;
        let public_key = certificate_key(certificate)?;
        let own_key = read_key(&pem::text(tls_key))?;
        if own_key != public_key {
            let mut others = chain.iter().skip(1);
            let is_other = others.any(|other| certificate_key(other).as_ref() == Ok(&own_key));
            return Err(if is_other {
                Fault::LeafNotFirst
            } else {
                Fault::KeyMismatch
            });
        }
        let leaf = Leaf::of(certificate).map_err(|_| Fault::BadCertificate)?;
        match leaf.validity(self.now) {
            Validity::NotYet => return Err(Fault::NotYetValid),
            Validity::Over => return Err(Fault::Expired),
            Validity::Now => {}
        }
        self.check_names(certificate)?;
        if !certificate.may_serve().map_err(|_| Fault::BadCertificate)? {
            return Err(Fault::NotForServers);
        }
        if self.has_days_left(&leaf, self.settings.minimum_days_left) {
            Ok(self.warnings(&leaf, &chain, &public_key))
        } else {
            Err(Fault::EndsTooSoon)
        }
    }

    fn check_names(&self, certificate: &Certificate<'_>) -> Result<(), Fault> {
        let mut verdict = Err(Fault::NoDnsName);
        let checked = certificate.for_each_dns_name(|name| {
            let can_match = str::from_utf8(name).is_ok_and(|name| self.can_match(name));
            if !can_match {
                verdict = Err(Fault::BadDnsName);
            } else if verdict == Err(Fault::NoDnsName) {
                verdict = Ok(());
            }
        });
        checked.map_err(|_| Fault::BadCertificate).and(verdict)
    }

    /// Whether a DNS SAN can cover the host of an Ingress, which never ends with a dot.
    fn can_match(&self, name: &str) -> bool {
        match DnsPattern::parse(name, self.wildcards) {
            Some(DnsPattern::Exact(name)) => Host::parse(&name).is_some() && !name.ends_with('.'),
            Some(DnsPattern::Wildcard(_) | DnsPattern::Glob(_)) => true,
            None => false,
        }
    }

    fn has_days_left(&self, leaf: &Leaf<'_>, days: u64) -> bool {
        leaf.not_after - self.now >= days.saturating_mul(SECONDS_PER_DAY)
    }

    fn warnings(&self, leaf: &Leaf<'_>, chain: &[Certificate<'_>], key: &PublicKey) -> Vec<String> {
        let days = (leaf.not_after - self.now) / SECONDS_PER_DAY;
        let mut warnings = Vec::new();
        if !self.has_days_left(leaf, self.settings.warn_days_left) {
            warnings.push(format!("the certificate ends in {days} days: renew it"));
        }
        if chain.first().is_some_and(|leaf| leaf.is_ca() == Ok(true)) {
            warnings.push(
                "the certificate is that of a CA: clients may refuse it for a server".to_owned(),
            );
        }
        let is_linked = |pair: &[Certificate<'_>]| match pair {
            [subject, issuer] => subject.issuer() == issuer.subject(),
            _ => true,
        };
        if !chain.windows(2).all(is_linked) {
            warnings.push(
                "tls.crt is no chain: each certificate must be followed by its issuer".to_owned(),
            );
        }
        let top_level = leaf.dns_names.iter().find(|name| {
            matches!(DnsPattern::parse(name.as_ref(), self.wildcards), Some(DnsPattern::Wildcard(parent)) if !parent.contains('.'))
        });
        if let Some(name) = top_level {
            warnings.push(format!(
                "clients refuse {name}: a wildcard needs at least two labels after it"
            ));
        }
        match key {
            PublicKey::Ed25519(_) => {
                warnings.push("browsers refuse Ed25519 certificates".to_owned())
            }
            PublicKey::Ec(Curve::P521, _) => {
                warnings.push("browsers refuse P-521 certificates".to_owned())
            }
            PublicKey::Ec(..) | PublicKey::Rsa { .. } => {}
        }
        if leaf.temporary {
            warnings.push(
                "this is a temporary certificate of cert-manager: no Ingress is pointed at it"
                    .to_owned(),
            );
        }
        warnings
    }
}

/// The DER of all certificates in `tls.crt`.
fn read_chain(tls_crt: &str) -> Result<Vec<Vec<u8>>, Fault> {
    let blocks: Vec<Block<'_>> = pem::blocks(tls_crt).collect();
    if blocks.iter().any(is_private_key) {
        return Err(Fault::KeyInCertificate);
    }
    if blocks.is_empty() || blocks.iter().any(|block| block.der.is_none()) {
        return Err(Fault::NotPem);
    }
    let certificates = blocks
        .into_iter()
        .filter(|block| block.label == CERTIFICATE);
    Ok(certificates.filter_map(|block| block.der).collect())
}

fn decode_chain(chain: &[Vec<u8>]) -> Result<Vec<Certificate<'_>>, Fault> {
    let certificates = chain.iter().map(|der| Certificate::from_der(der));
    certificates
        .collect::<Result<_, _>>()
        .map_err(|_| Fault::BadCertificate)
}

fn certificate_key(certificate: &Certificate<'_>) -> Result<PublicKey, Fault> {
    certificate
        .public_key()
        .try_into()
        .map_err(|fault| match fault {
            KeyFault::Unsupported => Fault::UnsupportedKey,
            KeyFault::Weak => Fault::WeakKey,
            KeyFault::Unreadable | KeyFault::Encrypted => Fault::BadCertificate,
        })
}

/// The public key of the one private key in `tls.key`; other blocks, such as `EC PARAMETERS`, do not
/// matter.
fn read_key(tls_key: &str) -> Result<PublicKey, Fault> {
    let mut keys = pem::blocks(tls_key).filter(is_private_key);
    let key = keys.next().ok_or(Fault::NoKey)?;
    if keys.next().is_some() {
        return Err(Fault::SeveralKeys);
    }
    private_key::public_key(&key).map_err(|fault| match fault {
        KeyFault::Unsupported => Fault::UnsupportedKey,
        KeyFault::Weak => Fault::WeakKey,
        KeyFault::Encrypted => Fault::EncryptedKey,
        KeyFault::Unreadable => Fault::BadKey,
    })
}
