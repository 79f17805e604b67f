//! Secrets as cert-manager fills them with certificates of a public CA: RSA keys of 2048 bits, a leaf with the
//! extensions that such CAs put in, and the intermediate certificate. Shorter ones would make a policy that reads more
//! than it must look better than it is.

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

pub const NAMESPACE: &str = "workspace";

/// `id-pe-authorityInfoAccess` (RFC 5280, section 4.2.2.1), and the list of timestamps (RFC 6962, section 3.3).
const INFO_ACCESS: [u64; 9] = [1, 3, 6, 1, 5, 5, 7, 1, 1];
const CA_ISSUERS: [u8; 8] = [0x2b, 6, 1, 5, 5, 7, 0x30, 2];
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
    pub fn new() -> Self {
        let root = Issuer::new(parameters("Example Root X1"), key().0);
        let (own_key, _) = key();
        let mut own = parameters("Example R10");
        own.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        own.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate = own.signed_by(&own_key, &root).unwrap().pem();
        let (leaf_key, leaf_key_pem) = key();
        Self { issuer: Issuer::new(own, own_key), certificate, leaf_key, leaf_key_pem }
    }

    /// A routing secret for a wildcard of a domain of its own.
    pub fn secret(&self, number: usize) -> Value {
        let name = format!("wildcard-{number}");
        let wildcard = format!("*.d{number}.example.com");
        let mut leaf = parameters(&wildcard);
        let names = CertificateParams::new([wildcard.clone()]).unwrap();
        leaf.subject_alt_names = names.subject_alt_names;
        leaf.is_ca = IsCa::ExplicitNoCa;
        leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
        let timestamps = der(0x04, &[0x5a; TIMESTAMPS_LENGTH]);
        let timestamps = CustomExtension::from_oid_content(&TIMESTAMPS, timestamps);
        leaf.custom_extensions.push(timestamps);
        let leaf = leaf.signed_by(&self.leaf_key, &self.issuer).unwrap().pem();
        TlsSecret::new(&name)
            .namespace(NAMESPACE)
            .label("controller.cert-manager.io/fao", "true")
            .label("epinio.io/routing", "true")
            .annotation("cert-manager.io/alt-names", &wildcard)
            .annotation("cert-manager.io/certificate-name", &name)
            .annotation("cert-manager.io/common-name", &wildcard)
            .annotation("cert-manager.io/issuer-kind", "ClusterIssuer")
            .annotation("cert-manager.io/issuer-name", "letsencrypt")
            .tls_crt(format!("{leaf}{}", self.certificate))
            .tls_key(self.leaf_key_pem.as_str())
            .to_manifest()
    }
}

/// A key, and its PEM text as cert-manager writes it.
fn key() -> (KeyPair, String) {
    let key = rsa::PrivateKey::new(&mut SysRng, 2048).unwrap();
    let pair = KeyPair::try_from(key.to_pkcs8_der().unwrap().as_bytes()).unwrap();
    (pair, key.to_pkcs1_pem(LineEnding::LF).unwrap().to_string())
}

/// What leaf and intermediate have in common.
fn parameters(common_name: &str) -> CertificateParams {
    let mut parameters = CertificateParams::default();
    let name = &mut parameters.distinguished_name;
    name.push(DnType::CommonName, common_name);
    parameters.not_before = OffsetDateTime::now_utc() - Duration::days(1);
    parameters.not_after = OffsetDateTime::now_utc() + Duration::days(89);
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    parameters.use_authority_key_identifier_extension = true;
    parameters.crl_distribution_points =
        vec![CrlDistributionPoint { uris: vec!["http://r10.c.example.org/67.crl".to_owned()] }];
    let location = der(0x86, b"http://r10.i.example.org/");
    let access = der(0x30, &[der(0x06, &CA_ISSUERS), location].concat());
    let access = CustomExtension::from_oid_content(&INFO_ACCESS, der(0x30, &access));
    parameters.custom_extensions = vec![access];
    parameters
}
