//! A certificate made of its parts, so that a test can change one.

use std::iter::once;

pub(super) use super::der_element as der;
use crate::x509::{CertificateError, chain::ChainCertificate, read_certificate, server::ServerCertificate};

pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const NULL: u8 = 0x05;
pub(super) const OID: u8 = 0x06;
pub(super) const UTF8_STRING: u8 = 0x0c;
pub(super) const NUMERIC_STRING: u8 = 0x12;
pub(super) const PRINTABLE_STRING: u8 = 0x13;
pub(super) const TELETEX_STRING: u8 = 0x14;
pub(super) const IA5_STRING: u8 = 0x16;
pub(super) const UTC_TIME: u8 = 0x17;
pub(super) const GENERAL_STRING: u8 = 0x1b;
pub(super) const UNIVERSAL_STRING: u8 = 0x1c;
pub(super) const BMP_STRING: u8 = 0x1e;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;

pub(super) const ECDSA_WITH_SHA256: &[u8] = b"\x2a\x86\x48\xce\x3d\x04\x03\x02";
pub(super) const SHA256_WITH_RSA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b";
pub(super) const RSA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01";
pub(super) const ED25519: &[u8] = b"\x2b\x65\x70";
pub(super) const EC_PUBLIC_KEY: &[u8] = b"\x2a\x86\x48\xce\x3d\x02\x01";
pub(super) const P256: &[u8] = b"\x2a\x86\x48\xce\x3d\x03\x01\x07";
/// The generator of P-256, uncompressed.
pub(super) const POINT: &[u8] = b"\x04\
    \x6b\x17\xd1\xf2\xe1\x2c\x42\x47\xf8\xbc\xe6\xe5\x63\xa4\x40\xf2\
    \x77\x03\x7d\x81\x2d\xeb\x33\xa0\xf4\xa1\x39\x45\xd8\x98\xc2\x96\
    \x4f\xe3\x42\xe2\xfe\x1a\x7f\x9b\x8e\xe7\xeb\x4a\x7c\x0f\x9e\x16\
    \x2b\xce\x33\x57\x6b\x31\x5e\xce\xcb\xb6\x40\x68\x37\xbf\x51\xf5";
pub(super) const EMAIL_ADDRESS: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01";
pub(super) const COUNTRY: &[u8] = b"\x55\x04\x06";
pub(super) const SERVER_AUTH: &[u8] = b"\x2b\x06\x01\x05\x05\x07\x03\x01";
/// The method of an AuthorityInfoAccess.
pub(super) const OCSP: &[u8] = b"\x2b\x06\x01\x05\x05\x07\x30\x01";
/// 1.3.2147483647, the biggest number that Go reads, and the next one.
pub(super) const BIG: &[u8] = b"\x2b\x87\xff\xff\xff\x7f";
pub(super) const TOO_BIG: &[u8] = b"\x2b\x88\x80\x80\x80\x00";

pub(super) const SUBJECT_ALT_NAME: &[u8] = b"\x55\x1d\x11";
pub(super) const BASIC_CONSTRAINTS: &[u8] = b"\x55\x1d\x13";
pub(super) const NAME_CONSTRAINTS: &[u8] = b"\x55\x1d\x1e";
pub(super) const CRL_DISTRIBUTION_POINTS: &[u8] = b"\x55\x1d\x1f";
pub(super) const CERTIFICATE_POLICIES: &[u8] = b"\x55\x1d\x20";
pub(super) const POLICY_MAPPINGS: &[u8] = b"\x55\x1d\x21";
pub(super) const AUTHORITY_KEY_IDENTIFIER: &[u8] = b"\x55\x1d\x23";
pub(super) const POLICY_CONSTRAINTS: &[u8] = b"\x55\x1d\x24";
pub(super) const EXTENDED_KEY_USAGE: &[u8] = b"\x55\x1d\x25";
pub(super) const SUBJECT_KEY_IDENTIFIER: &[u8] = b"\x55\x1d\x0e";
pub(super) const KEY_USAGE: &[u8] = b"\x55\x1d\x0f";
pub(super) const INHIBIT_ANY_POLICY: &[u8] = b"\x55\x1d\x36";
pub(super) const AUTHORITY_INFO_ACCESS: &[u8] = b"\x2b\x06\x01\x05\x05\x07\x01\x01";

pub(super) fn sequence(elements: &[Vec<u8>]) -> Vec<u8> {
    der(SEQUENCE, &elements.concat())
}

/// A name of one attribute.
pub(super) fn name(kind: &[u8], tag: u8, text: &[u8]) -> Vec<u8> {
    let attribute = sequence(&[der(OID, kind), der(tag, text)]);
    sequence(&[der(SET, &attribute)])
}

pub(super) fn extension(kind: &[u8], value: Vec<u8>) -> Vec<u8> {
    sequence(&[der(OID, kind), der(OCTET_STRING, &value)])
}

pub(super) fn critical(kind: &[u8], value: Vec<u8>) -> Vec<u8> {
    let is_critical = der(0x01, &[0xff]);
    sequence(&[der(OID, kind), is_critical, der(OCTET_STRING, &value)])
}

/// A certificate at any position of a chain.
pub(super) fn chain_certificate(der: &[u8]) -> Result<ChainCertificate, CertificateError> {
    Ok((&read_certificate(der)?).into())
}

/// A certificate at the first position.
pub(super) fn server_certificate(der: &[u8]) -> Result<ServerCertificate, CertificateError> {
    (&read_certificate(der)?).try_into()
}

/// The parts of a certificate that the checks look at.
pub(super) struct Parts {
    pub(super) version: Vec<u8>,
    pub(super) serial: Vec<u8>,
    pub(super) inner_algorithm: Vec<u8>,
    pub(super) issuer: Vec<u8>,
    pub(super) validity: Vec<u8>,
    pub(super) subject: Vec<u8>,
    pub(super) key: Vec<u8>,
    /// What follows the key: unique identifiers.
    pub(super) identifiers: Vec<u8>,
    pub(super) extensions: Vec<Vec<u8>>,
    pub(super) algorithm: Vec<u8>,
    pub(super) signature: Vec<u8>,
}

impl Default for Parts {
    fn default() -> Self {
        let algorithm = sequence(&[der(OID, ECDSA_WITH_SHA256)]);
        let key = [der(OID, EC_PUBLIC_KEY), der(OID, P256)];
        let time = |text: &[u8]| der(UTC_TIME, text);
        Self {
            version: der(0xa0, &der(INTEGER, &[2])),
            serial: der(INTEGER, &[1]),
            inner_algorithm: algorithm.clone(),
            issuer: name(COUNTRY, PRINTABLE_STRING, b"XX"),
            validity: sequence(&[time(b"200101000000Z"), time(b"300101000000Z")]),
            subject: sequence(&[]),
            key: sequence(&[sequence(&key), der(BIT_STRING, &[&[0], POINT].concat())]),
            identifiers: Vec::new(),
            extensions: vec![extension(SUBJECT_ALT_NAME, sequence(&[der(0x82, b"a.example.com")]))],
            algorithm,
            signature: der(BIT_STRING, &[0, 7]),
        }
    }
}

impl Parts {
    /// The usual certificate with one more extension.
    pub(super) fn with_extension(extension: Vec<u8>) -> Self {
        let usual = Self::default();
        let extensions = usual.extensions.into_iter().chain(once(extension)).collect();
        Self { extensions, ..Self::default() }
    }

    /// The usual certificate with this extension and no other.
    pub(super) fn with_only(extension: Vec<u8>) -> Self {
        Self { extensions: vec![extension], ..Self::default() }
    }

    pub(super) fn with_names(names: &[Vec<u8>]) -> Self {
        Self::with_only(extension(SUBJECT_ALT_NAME, sequence(names)))
    }

    pub(super) fn with_algorithm(algorithm: &[u8]) -> Self {
        Self { inner_algorithm: algorithm.to_vec(), algorithm: algorithm.to_vec(), ..Self::default() }
    }

    pub(super) fn with_issuer(issuer: Vec<u8>) -> Self {
        Self { issuer, ..Self::default() }
    }

    pub(super) fn der(&self) -> Vec<u8> {
        let extensions =
            if self.extensions.is_empty() { Vec::new() } else { der(0xa3, &sequence(&self.extensions)) };
        let body = sequence(&[
            self.version.clone(),
            self.serial.clone(),
            self.inner_algorithm.clone(),
            self.issuer.clone(),
            self.validity.clone(),
            self.subject.clone(),
            self.key.clone(),
            self.identifiers.clone(),
            extensions,
        ]);
        sequence(&[body, self.algorithm.clone(), self.signature.clone()])
    }

    /// Whether it can be read and passes the checks.
    pub(super) fn passes(&self) -> bool {
        server_certificate(&self.der()).is_ok()
    }
}
