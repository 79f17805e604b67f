//! Certificates of any content, signed by a CA, and chains of them.

use std::sync::LazyLock;

use e2e_tests::certificates::der;
use rcgen::{KeyPair, SigningKey};
use time::{Duration, OffsetDateTime};

use super::keys::*;

pub const SERVER_AUTH: &[u8] = b"\x2b\x06\x01\x05\x05\x07\x03\x01";
pub const CLIENT_AUTH: &[u8] = b"\x2b\x06\x01\x05\x05\x07\x03\x02";
pub const ANY_USAGE: &[u8] = b"\x55\x1d\x25\x00";
const COMMON_NAME: &[u8] = b"\x55\x04\x03";
const BASIC_CONSTRAINTS: &[u8] = b"\x55\x1d\x13";
const SUBJECT_ALT_NAME: &[u8] = b"\x55\x1d\x11";
const EXTENDED_KEY_USAGE: &[u8] = b"\x55\x1d\x25";
/// ecdsa-with-SHA256, with which [`CA`] signs.
const SIGNATURE: &[u8] = b"\x2a\x86\x48\xce\x3d\x04\x03\x02";

/// The key of all issuers.
static CA: LazyLock<KeyPair> = LazyLock::new(|| KeyPair::generate().unwrap());

/// A certificate that is being made.
#[derive(Clone)]
pub struct Certificate {
    serial: Vec<u8>,
    issuer: Option<String>,
    subject: Option<String>,
    validity: [OffsetDateTime; 2],
    spki: Vec<u8>,
    extensions: Vec<Extension>,
    inner_signature: &'static [u8],
    outer_signature: &'static [u8],
}

#[derive(Clone)]
struct Extension {
    id: &'static [u8],
    critical: bool,
    value: Vec<u8>,
}

/// A certificate that `Intermediate` has issued to a server `a.example.com`, from yesterday on for
/// ninety days.
pub fn leaf(key: &Key) -> Certificate {
    Certificate::new(key, "Intermediate", "leaf").names(&["a.example.com"]).usages(&[SERVER_AUTH])
}

/// The certificate of a CA, which may be its own issuer.
pub fn ca(subject: &str, issuer: &str) -> Certificate {
    Certificate::new(&OTHER_P256, issuer, subject).ca()
}

/// The leaf, the certificate of its issuer, and that of the root.
pub fn full_chain(leaf: &Certificate) -> String {
    leaf.pem() + &ca("Intermediate", "Root").pem() + &ca("Root", "Root").pem()
}

impl Certificate {
    fn new(key: &Key, issuer: &str, subject: &str) -> Self {
        Self {
            serial: vec![7],
            issuer: Some(issuer.to_owned()),
            subject: Some(subject.to_owned()),
            validity: [-1, 90].map(|days| OffsetDateTime::now_utc() + Duration::days(days)),
            spki: key.spki(),
            extensions: Vec::new(),
            inner_signature: SIGNATURE,
            outer_signature: SIGNATURE,
        }
    }

    /// Replaces the DNS names.
    pub fn names(self, names: &[&str]) -> Self {
        let names: Vec<_> = names.iter().map(|name| name.as_bytes()).collect();
        self.raw_names(&names)
    }

    /// Replaces the DNS names by some of any bytes.
    pub fn raw_names(self, names: &[&[u8]]) -> Self {
        let names: Vec<_> = names.iter().map(|name| der(0x82, name)).collect();
        self.alternative_names(&names, false)
    }

    /// Replaces the alternative names, of whatever kind.
    pub fn alternative_names(self, names: &[Vec<u8>], critical: bool) -> Self {
        self.without(SUBJECT_ALT_NAME).extension(SUBJECT_ALT_NAME, critical, sequence(names))
    }

    /// Leaves out alternative names.
    pub fn nameless(self) -> Self {
        self.without(SUBJECT_ALT_NAME)
    }

    /// Replaces the extended key usages.
    pub fn usages(self, usages: &[&[u8]]) -> Self {
        let usages: Vec<_> = usages.iter().map(|usage| der(OID, usage)).collect();
        self.without(EXTENDED_KEY_USAGE).extension(EXTENDED_KEY_USAGE, false, sequence(&usages))
    }

    /// Leaves out extended key usages.
    pub fn useless(self) -> Self {
        self.without(EXTENDED_KEY_USAGE)
    }

    /// Makes it a CA's.
    pub fn ca(self) -> Self {
        let is_ca = sequence(&[der(0x01, &[0xff])]);
        self.extension(BASIC_CONSTRAINTS, true, is_ca)
    }

    /// Adds an extension, even one that is there.
    pub fn extension(mut self, id: &'static [u8], critical: bool, value: Vec<u8>) -> Self {
        self.extensions.push(Extension { id, critical, value });
        self
    }

    /// Sets the Common Name of the subject; `None` is an empty subject.
    pub fn subject(mut self, name: Option<&str>) -> Self {
        self.subject = name.map(str::to_owned);
        self
    }

    /// Sets the Common Name of the issuer.
    pub fn issuer(mut self, name: &str) -> Self {
        self.issuer = Some(name.to_owned());
        self
    }

    /// Sets when it begins and ends to be valid, from now.
    pub fn valid(self, from: Duration, until: Duration) -> Self {
        let now = OffsetDateTime::now_utc();
        self.valid_between(now + from, now + until)
    }

    /// Sets when it begins and ends to be valid.
    pub fn valid_between(mut self, from: OffsetDateTime, until: OffsetDateTime) -> Self {
        self.validity = [from, until];
        self
    }

    /// Sets the content of the serial number.
    pub fn serial(mut self, serial: &[u8]) -> Self {
        self.serial = serial.to_vec();
        self
    }

    /// Says outside that it is signed otherwise than it says inside.
    pub fn other_signature(mut self) -> Self {
        self.outer_signature = CLIENT_AUTH;
        self
    }

    /// Says that it is signed so; nobody here checks signatures.
    pub fn signed_with(mut self, algorithm: &'static [u8]) -> Self {
        self.inner_signature = algorithm;
        self.outer_signature = algorithm;
        self
    }

    pub fn der(&self) -> Vec<u8> {
        let signature = |id| sequence(&[der(OID, id)]);
        let extensions: Vec<_> = self.extensions.iter().map(Extension::der).collect();
        let body = sequence(&[
            der(0xa0, &der(INTEGER, &[2])),
            der(INTEGER, &self.serial),
            signature(self.inner_signature),
            name(self.issuer.as_deref()),
            sequence(&self.validity.map(date)),
            name(self.subject.as_deref()),
            self.spki.clone(),
            der(0xa3, &sequence(&extensions)),
        ]);
        let signed = CA.sign(&body).unwrap();
        sequence(&[body, signature(self.outer_signature), bit_string(BIT_STRING, &signed)])
    }

    pub fn pem(&self) -> String {
        certificate_pem(&self.der())
    }

    fn without(mut self, id: &[u8]) -> Self {
        self.extensions.retain(|extension| extension.id != id);
        self
    }
}

impl Extension {
    fn der(&self) -> Vec<u8> {
        let mut parts = vec![der(OID, self.id)];
        if self.critical {
            parts.push(der(0x01, &[0xff]));
        }
        parts.push(der(OCTET_STRING, &self.value));
        sequence(&parts)
    }
}

pub fn certificate_pem(der: &[u8]) -> String {
    pem("CERTIFICATE", der)
}

fn name(common_name: Option<&str>) -> Vec<u8> {
    let part = |name: &str| {
        let attribute = sequence(&[der(OID, COMMON_NAME), der(0x0c, name.as_bytes())]);
        der(0x31, &attribute)
    };
    sequence(&common_name.map(part).into_iter().collect::<Vec<_>>())
}

/// `UTCTime` until 2049, then `GeneralizedTime` (RFC 5280, section 4.1.2.5).
fn date(date: OffsetDateTime) -> Vec<u8> {
    let (year, month, day) = date.to_calendar_date();
    let (hour, minute, second) = date.to_hms();
    let rest = format!("{:02}{day:02}{hour:02}{minute:02}{second:02}Z", u8::from(month));
    if (1950..2050).contains(&year) {
        der(0x17, format!("{:02}{rest}", year % 100).as_bytes())
    } else {
        der(0x18, format!("{year:04}{rest}").as_bytes())
    }
}
