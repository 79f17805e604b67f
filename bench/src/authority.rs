//! Secrets as cert-manager fills them with certificates of a public CA: an RSA key of 2048 bits, which is
//! cert-manager's own choice where a Certificate makes none, a leaf with the extensions that such CAs put in, and the
//! intermediate certificate that goes with it. Without the second and without realistic lengths, a policy that reads
//! more than it must would look better than it is.

use anyhow::Result;
use e2e_tests::certificates::{TlsSecret, der};
use getrandom::SysRng;
use rcgen::{
    BasicConstraints, CertificateParams, CrlDistributionPoint, CustomExtension, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use rsa::pkcs1::{EncodeRsaPrivateKey, LineEnding};
use rsa::pkcs8::EncodePrivateKey;
use serde_json::Value;
use time::{Duration, OffsetDateTime};

const BITS: usize = 2048;
/// `id-pe-authorityInfoAccess`, with the place of the issuer's certificate (RFC 5280, section 4.2.2.1).
const INFO_ACCESS: [u64; 9] = [1, 3, 6, 1, 5, 5, 7, 1, 1];
const CA_ISSUERS: [u8; 8] = [0x2b, 6, 1, 5, 5, 7, 0x30, 2];
/// `id-ce-certificatePolicies`, with that of a validated domain (CA/Browser Forum).
const POLICIES: [u64; 4] = [2, 5, 29, 32];
const DOMAIN_VALIDATED: [u8; 6] = [0x67, 0x81, 0x0c, 1, 2, 1];
/// The list of signed certificate timestamps (RFC 6962, section 3.3).
const TIMESTAMPS: [u64; 10] = [1, 3, 6, 1, 4, 1, 11129, 2, 4, 2];
/// Two timestamps of logs with P-256 keys.
const TIMESTAMPS_LENGTH: usize = 242;

/// A CA that is not the root.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: String,
    /// That of all leaves: a thousand would take minutes to make.
    leaf_key: KeyPair,
    leaf_key_pem: String,
}

impl Authority {
    /// Makes the keys and the certificate.
    ///
    /// # Errors
    ///
    /// The system has no randomness.
    pub fn new() -> Result<Self> {
        let root = Issuer::new(named("Example Root X1"), key()?.0);
        let (own_key, _) = key()?;
        let mut own = named("Example R10");
        own.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        own.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        extend(&mut own, "x1.i.example.org");
        let certificate = own.signed_by(&own_key, &root)?.pem();
        let (leaf_key, leaf_key_pem) = key()?;
        Ok(Self {
            issuer: Issuer::new(own, own_key),
            certificate,
            leaf_key,
            leaf_key_pem,
        })
    }

    /// A routing secret for a wildcard of this domain.
    ///
    /// # Errors
    ///
    /// None that is known: the domain is well-formed.
    pub fn secret(&self, namespace: &str, name: &str, domain: &str) -> Result<Value> {
        let wildcard = format!("*.{domain}");
        let mut leaf = named(&wildcard);
        leaf.subject_alt_names = CertificateParams::new([wildcard.clone()])?.subject_alt_names;
        leaf.is_ca = IsCa::ExplicitNoCa;
        leaf.key_usages = vec![
            KeyUsagePurpose::DigitalSignature,
            KeyUsagePurpose::KeyEncipherment,
        ];
        extend(&mut leaf, "r10.i.example.org");
        leaf.custom_extensions
            .push(CustomExtension::from_oid_content(
                &TIMESTAMPS,
                der(0x04, &[0x5a; TIMESTAMPS_LENGTH]),
            ));
        let leaf = leaf.signed_by(&self.leaf_key, &self.issuer)?.pem();
        TlsSecret::new(name)
            .namespace(namespace)
            .label("controller.cert-manager.io/fao", "true")
            .label("epinio.io/routing", "true")
            .annotation("cert-manager.io/alt-names", &wildcard)
            .annotation("cert-manager.io/certificate-name", name)
            .annotation("cert-manager.io/common-name", wildcard)
            .annotation("cert-manager.io/ip-sans", "")
            .annotation("cert-manager.io/issuer-group", "cert-manager.io")
            .annotation("cert-manager.io/issuer-kind", "ClusterIssuer")
            .annotation("cert-manager.io/issuer-name", "letsencrypt")
            .annotation("cert-manager.io/uri-sans", "")
            .tls_crt(format!("{leaf}{}", self.certificate))
            .tls_key(self.leaf_key_pem.as_str())
            .try_to_manifest()
    }
}

/// A key, and its PEM text as cert-manager writes it.
fn key() -> Result<(KeyPair, String)> {
    let key = rsa::PrivateKey::new(&mut SysRng, BITS)?;
    let pair = KeyPair::try_from(key.to_pkcs8_der()?.as_bytes())?;
    Ok((pair, key.to_pkcs1_pem(LineEnding::LF)?.to_string()))
}

fn named(common_name: &str) -> CertificateParams {
    let mut parameters = CertificateParams::default();
    parameters
        .distinguished_name
        .push(DnType::CommonName, common_name);
    parameters.not_before = OffsetDateTime::now_utc() - Duration::days(1);
    parameters.not_after = OffsetDateTime::now_utc() + Duration::days(89);
    parameters
}

/// The extensions that leaf and intermediate have in common.
fn extend(parameters: &mut CertificateParams, issuer_host: &str) {
    parameters.extended_key_usages = vec![
        ExtendedKeyUsagePurpose::ServerAuth,
        ExtendedKeyUsagePurpose::ClientAuth,
    ];
    parameters.use_authority_key_identifier_extension = true;
    parameters.crl_distribution_points = vec![CrlDistributionPoint {
        uris: vec![format!("http://{issuer_host}/67.crl")],
    }];
    let location = der(0x86, format!("http://{issuer_host}/").as_bytes());
    let access = der(0x30, &[der(0x06, &CA_ISSUERS), location].concat());
    let policy = der(0x30, &der(0x06, &DOMAIN_VALIDATED));
    parameters.custom_extensions = vec![
        CustomExtension::from_oid_content(&INFO_ACCESS, der(0x30, &access)),
        CustomExtension::from_oid_content(&POLICIES, der(0x30, &policy)),
    ];
}
