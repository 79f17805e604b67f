//! The leaf of a chain, read as strictly as Go reads it (`crypto/x509/parser.go`).

use std::collections::HashSet;

use x509_cert::{
    Version,
    der::{
        Decode,
        asn1::{BitStringRef, ObjectIdentifier},
        oid::{
            AssociatedOid,
            db::{rfc4519::COMMON_NAME, rfc5280, rfc6962::CT_PRECERT_POISON},
        },
    },
    ext::{
        Extension,
        pkix::{
            AuthorityInfoAccessSyntax, AuthorityKeyIdentifier, BasicConstraints, CertificatePolicies,
            CrlDistributionPoints, ExtendedKeyUsage, InhibitAnyPolicy, KeyUsage, NameConstraints,
            PolicyConstraints, PolicyMappings, SubjectAltName, SubjectKeyIdentifier,
            name::DistributionPointName,
        },
    },
};

use super::{
    Certificate, CertificateError,
    go_rules::{check_identifier, check_name, check_padding, ensure, read_dns_names},
    leaf::TEMPORARY_ISSUER,
};

/// The policies of a certificate for servers from a public CA: extended validation, and the others
/// (CA/Browser Forum, Baseline Requirements, section 7.1.6.1).
const EXTENDED_VALIDATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.140.1.1");
const BASELINE_REQUIREMENTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.140.1.2");

/// The first certificate of a chain, which a server presents as its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServerCertificate {
    /// All DNS SANs, in their order; bytes that are no UTF-8 are replaced.
    pub(crate) dns_names: Vec<String>,
    /// Whether cert-manager made it to bridge the time until the real one is issued.
    pub(crate) is_temporary: bool,
    /// Whether it may serve TLS: it has no extended key usage, or one with serverAuth or anyExtendedKeyUsage.
    pub(crate) may_serve: bool,
    /// Whether it may make signatures, as in a handshake: it has no key usage, or one with digitalSignature.
    pub(crate) may_sign: bool,
    /// Whether it may sign other certificates (RFC 5280, section 4.2.1.9).
    pub(crate) is_ca: bool,
    /// Whether one of its policies is that of public CAs.
    pub(crate) is_of_public_ca: bool,
    /// The critical extensions that Go does not know (`UnhandledCriticalExtensions`), for which clients
    /// refuse it.
    pub(crate) unknown_critical: Vec<ObjectIdentifier>,
}

/// Go's `parseCertificate`.
impl TryFrom<&Certificate> for ServerCertificate {
    type Error = CertificateError;

    fn try_from(certificate: &Certificate) -> Result<Self, CertificateError> {
        let body = certificate.tbs_certificate();
        let is_negative = |serial: &[u8]| serial.first().is_some_and(|first| *first >= 0x80);
        ensure(!is_negative(body.serial_number().as_bytes()))?;
        ensure(body.signature() == certificate.signature_algorithm())?;
        check_identifier(&body.signature().oid)?;
        check_padding(certificate.signature().into())?;
        check_identifier(&body.subject_public_key_info().algorithm.oid)?;
        check_name(body.issuer())?;
        check_name(body.subject())?;
        let mut server = Self {
            dns_names: Vec::new(),
            is_temporary: body
                .issuer()
                .iter()
                .any(|attribute| attribute.oid == COMMON_NAME && attribute.value.value() == TEMPORARY_ISSUER),
            may_serve: true,
            may_sign: true,
            is_ca: false,
            is_of_public_ca: false,
            unknown_critical: Vec::new(),
        };
        // Go reads no extensions in older versions.
        if body.version() == Version::V3 {
            let mut seen = HashSet::new();
            for extension in body.extensions().into_iter().flatten() {
                ensure(seen.insert(extension.extn_id))?;
                server.read(extension)?;
            }
        }
        Ok(server)
    }
}

impl ServerCertificate {
    /// Go's `processExtensions`: an extension that Go decodes must be valid, any other may hold anything.
    fn read(&mut self, extension: &Extension) -> Result<(), CertificateError> {
        let value = extension.extn_value.as_bytes();
        check_identifier(&extension.extn_id)?;
        match extension.extn_id {
            SubjectKeyIdentifier::OID | AuthorityKeyIdentifier::OID | AuthorityInfoAccessSyntax::OID
                if extension.critical =>
            {
                return Err(CertificateError::RefusedByGo);
            }
            SubjectKeyIdentifier::OID => drop(SubjectKeyIdentifier::from_der(value)?),
            AuthorityKeyIdentifier::OID => drop(AuthorityKeyIdentifier::from_der(value)?),
            AuthorityInfoAccessSyntax::OID => {
                let accesses = AuthorityInfoAccessSyntax::from_der(value)?.0;
                accesses.iter().try_for_each(|access| check_identifier(&access.access_method))?;
            }
            SubjectAltName::OID => self.dns_names = read_dns_names(value)?,
            KeyUsage::OID => {
                let usage = BitStringRef::from_der(value)?;
                check_padding(usage)?;
                // digitalSignature is the first bit.
                self.may_sign = usage.get(0) == Some(true);
            }
            ExtendedKeyUsage::OID => {
                let usages = ExtendedKeyUsage::from_der(value)?.0;
                usages.iter().try_for_each(check_identifier)?;
                self.may_serve = usages.contains(&rfc5280::ID_KP_SERVER_AUTH)
                    || usages.contains(&rfc5280::ANY_EXTENDED_KEY_USAGE);
            }
            BasicConstraints::OID => self.is_ca = BasicConstraints::from_der(value)?.ca,
            CertificatePolicies::OID => {
                let mut seen = HashSet::new();
                for policy in CertificatePolicies::from_der(value)?.0 {
                    let policy = policy.policy_identifier;
                    check_identifier(&policy)?;
                    ensure(seen.insert(policy))?;
                    self.is_of_public_ca |=
                        policy == EXTENDED_VALIDATION || policy.starts_with(BASELINE_REQUIREMENTS);
                }
            }
            CrlDistributionPoints::OID => {
                let points = CrlDistributionPoints::from_der(value)?.0;
                let mut names = points.iter().flat_map(|point| &point.distribution_point);
                ensure(names.all(|name| matches!(name, DistributionPointName::FullName(_))))?;
            }
            // Go decodes them, but only a CA may have them (RFC 5280, sections 4.2.1.10, 4.2.1.5, 4.2.1.11
            // and 4.2.1.14).
            NameConstraints::OID | PolicyMappings::OID | PolicyConstraints::OID | InhibitAnyPolicy::OID => {
                return Err(CertificateError::CaExtension);
            }
            CT_PRECERT_POISON => return Err(CertificateError::Precertificate),
            unknown if extension.critical => self.unknown_critical.push(unknown),
            _ => {}
        }
        Ok(())
    }
}
