//! What matching needs of a leaf.

use std::sync::LazyLock;

use base64::{Engine, engine::general_purpose::STANDARD};
use proptest::{collection::vec, prelude::*};
use rcgen::{
    CertificateParams, CustomExtension, DistinguishedName, DnType, Issuer, KeyPair, SanType, date_time_ymd,
};
use rstest::rstest;

use crate::{
    x509::tests::der_element,
    x509::{leaf::Leaf, pem},
};

static KEY: LazyLock<KeyPair> = LazyLock::new(|| KeyPair::generate().unwrap());

/// The first second of a year, since 1970.
fn seconds(year: i32) -> u64 {
    date_time_ymd(year, 1, 1).unix_timestamp().try_into().unwrap()
}

/// A certificate to be, valid from 2020 to 2030.
fn certificate(sans: &[&str]) -> CertificateParams {
    let sans: Vec<_> = sans.iter().map(|san| (*san).to_owned()).collect();
    let mut parameters = CertificateParams::new(sans).unwrap();
    parameters.distinguished_name = common_name("subject.example.com");
    parameters.not_before = date_time_ymd(2020, 1, 1);
    parameters.not_after = date_time_ymd(2030, 1, 1);
    parameters
}

fn common_name(name: &str) -> DistinguishedName {
    let mut names = DistinguishedName::new();
    names.push(DnType::OrganizationName, "Example");
    names.push(DnType::CommonName, name);
    names
}

/// A certificate to be, with an extension `subjectAltName` whose `GeneralName`s are given by tag and
/// content.
fn certificate_with_names(names: &[(u8, &[u8])]) -> CertificateParams {
    let names: Vec<u8> = names.iter().flat_map(|(tag, content)| der_element(*tag, content)).collect();
    certificate_with_san_extension(der_element(0x30, &names))
}

fn certificate_with_san_extension(content: Vec<u8>) -> CertificateParams {
    let mut parameters = certificate(&[]);
    let extension = CustomExtension::from_oid_content(&[2, 5, 29, 17], content);
    parameters.custom_extensions.push(extension);
    parameters
}

fn der(parameters: &CertificateParams) -> Vec<u8> {
    parameters.self_signed(&*KEY).unwrap().der().to_vec()
}

fn pem(parameters: &CertificateParams) -> String {
    parameters.self_signed(&*KEY).unwrap().pem()
}

fn pem_of(der: &[u8]) -> String {
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", STANDARD.encode(der))
}

fn dns_names(parameters: &CertificateParams) -> Vec<String> {
    Leaf::from_der(&der(parameters)).unwrap().dns_names
}

fn first_certificate(tls_crt: &str) -> Option<Vec<u8>> {
    pem::first_certificate(tls_crt.as_bytes())
}

/// The first certificate; `None` if there is none.
fn first_leaf(tls_crt: &str) -> Option<Option<Leaf>> {
    Some(Leaf::from_der(&first_certificate(tls_crt)?))
}

fn has_no_certificate(tls_crt: &str) -> bool {
    first_leaf(tls_crt).is_none()
}

fn is_malformed(tls_crt: &str) -> bool {
    first_leaf(tls_crt) == Some(None)
}

/// The names of the first certificate, unless it is a temporary one.
fn names(tls_crt: &str) -> Vec<String> {
    let leaf = first_leaf(tls_crt).unwrap().unwrap();
    assert!(!leaf.is_temporary);
    leaf.dns_names
}

/// Whether `a.example.com` is among the names of the certificate.
fn offers_a(tls_crt: &str) -> bool {
    names(tls_crt).iter().any(|name| name == "a.example.com")
}

// Names.

#[test]
fn dns_names_are_read_in_order_as_they_are_written() {
    let names = ["b.example.com", "*.Example.com", "a.example.com", "b.example.com", "f*.x", "a..b"];
    assert_eq!(dns_names(&certificate(&names)), names);
}

#[test]
fn hundreds_of_names_are_read() {
    let names: Vec<_> = (0..500).map(|number| format!("host-{number}.example.com")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    assert_eq!(dns_names(&certificate(&names)), names);
}

#[test]
fn only_dns_names_are_read() {
    let mut parameters = certificate(&["a.example.com", "10.0.0.1", "::1", "b.example.com"]);
    parameters.subject_alt_names.extend([
        SanType::Rfc822Name("mail@c.example.com".try_into().unwrap()),
        SanType::URI("https://d.example.com".try_into().unwrap()),
        SanType::OtherName((vec![1, 2, 3], "e.example.com".into())),
        SanType::DnsName("f.example.com".try_into().unwrap()),
    ]);
    assert_eq!(dns_names(&parameters), ["a.example.com", "b.example.com", "f.example.com"]);
}

#[rstest]
#[case::no_extension(certificate(&[]))]
#[case::empty_extension(certificate_with_names(&[]))]
#[case::only_ip(certificate(&["10.0.0.1"]))]
fn the_common_name_is_no_dns_name(#[case] parameters: CertificateParams) {
    assert_eq!(dns_names(&parameters), [] as [&str; 0]);
}

#[rstest]
#[case::latin_1(b"b\xfccher.example.com")]
#[case::utf_8("bücher.example.com".as_bytes())]
#[case::cut_utf_8(b"b.example.com\xc3")]
#[case::empty(b"")]
#[case::zero_byte(b"a.example.com\0.example.org")]
#[case::line_break(b"a.example.com\n")]
#[case::space(b"b example.com")]
#[case::empty_label(b"b..example.com")]
#[case::wildcard_alone(b"*")]
#[case::wildcard_in_a_label(b"f*.example.com")]
#[case::wildcard_in_the_middle(b"b.*.example.com")]
fn a_bad_name_does_not_hide_a_good_one(#[case] bad: &[u8]) {
    let good = b"a.example.com".as_slice();
    for names in [[bad, good], [good, bad]] {
        let parameters = certificate_with_names(&names.map(|name| (0x82, name)));
        assert!(offers_a(&pem(&parameters)), "{names:?}");
    }
}

#[test]
fn names_that_are_not_ascii_are_left_out() {
    let names: [(u8, &[u8]); 3] = [
        (0x82, b"\xff.example.com"),
        (0x82, b"a b.example.com"),
        (0x82, "b\u{fc}cher.example.com".as_bytes()),
    ];
    assert_eq!(dns_names(&certificate_with_names(&names)), ["a b.example.com"]);
}

#[test]
fn names_of_kinds_nobody_knows_are_stepped_over() {
    let names: [(u8, &[u8]); 4] = [(0x87, b"\x0a"), (0x88, b"\xff"), (0x82, b"a.example.com"), (0x8f, b"")];
    assert!(offers_a(&pem(&certificate_with_names(&names))));
}

/// The tag of a DNS name is that of a primitive element, in Go too.
#[test]
fn a_name_of_a_constructed_element_is_stepped_over() {
    let names: [(u8, &[u8]); 2] = [(0xa2, b"b.example.com"), (0x82, b"a.example.com")];
    assert_eq!(dns_names(&certificate_with_names(&names)), ["a.example.com"]);
}

#[rstest]
#[case::no_der(vec![0xff, 0xff])]
#[case::empty(vec![])]
#[case::another_type(der_element(0x0c, b"a.example.com"))]
#[case::set_of_names(der_element(0x31, &der_element(0x82, b"a.example.com")))]
#[case::name_longer_than_the_extension(vec![0x30, 0x03, 0x82, 0x09, b'a'])]
#[case::extension_longer_than_its_content(vec![0x30, 0x7f])]
#[case::trailing_byte([der_element(0x30, &der_element(0x82, b"a.example.com")), vec![0]].concat())]
fn an_extension_that_is_no_list_of_names_is_a_bad_certificate(#[case] content: Vec<u8>) {
    let parameters = certificate_with_san_extension(content);
    assert!(Leaf::from_der(&der(&parameters)).is_none());
    assert!(is_malformed(&pem(&parameters)));
}

// Validity.

/// Years from 2050 are written in another type than those before.
#[rstest]
#[case(1970, 2049)]
#[case(1999, 2050)]
#[case(2049, 2051)]
#[case(2051, 9999)]
fn years_of_both_types_are_read(#[case] from: i32, #[case] until: i32) {
    let mut parameters = certificate(&["a.example.com"]);
    parameters.not_before = date_time_ymd(from, 1, 1);
    parameters.not_after = date_time_ymd(until, 1, 1);
    let leaf = Leaf::from_der(&der(&parameters)).unwrap();
    assert_eq!(leaf.not_before, seconds(from));
    assert_eq!(leaf.not_after, seconds(until));
}

// cert-manager's temporary certificates.

/// A certificate for `a.example.com` from an issuer of this name.
fn issued_by(issuer: DistinguishedName, subject: &str) -> String {
    let mut ca = certificate(&[]);
    ca.distinguished_name = issuer;
    let mut leaf = certificate(&["a.example.com"]);
    leaf.distinguished_name = common_name(subject);
    let issuer = Issuer::new(ca, &*KEY);
    leaf.signed_by(&*KEY, &issuer).unwrap().pem()
}

fn is_temporary(tls_crt: &str) -> bool {
    first_leaf(tls_crt).unwrap().unwrap().is_temporary
}

#[test]
fn temporary_certificates_are_known_by_their_issuer() {
    let by_organization_too = issued_by(common_name("cert-manager.local"), "a.example.com");
    assert!(is_temporary(&by_organization_too));
    let mut only_common_name = DistinguishedName::new();
    only_common_name.push(DnType::CommonName, "cert-manager.local");
    assert!(is_temporary(&issued_by(only_common_name, "a.example.com")));
}

#[rstest]
#[case("cert-manager.local.example.com")]
#[case("a.cert-manager.local")]
#[case("Cert-Manager.local")]
#[case("")]
fn other_issuers_are_not_temporary(#[case] issuer: &str) {
    assert!(offers_a(&issued_by(common_name(issuer), "a.example.com")));
}

#[test]
fn other_fields_of_that_name_are_not_temporary() {
    let mut organization = DistinguishedName::new();
    organization.push(DnType::OrganizationName, "cert-manager.local");
    assert!(offers_a(&issued_by(organization, "a.example.com")));
    assert!(offers_a(&issued_by(common_name("ca"), "cert-manager.local")));
    assert!(offers_a(&issued_by(DistinguishedName::new(), "a.example.com")));
}

// DER.

#[test]
fn bytes_after_the_certificate_are_refused() {
    let der = der(&certificate(&["a.example.com"]));
    assert!(Leaf::from_der(&der).is_some());
    for more in [vec![0], vec![0, 0], der.clone()] {
        let long = [der.clone(), more].concat();
        assert!(Leaf::from_der(&long).is_none());
        assert!(is_malformed(&pem_of(&long)));
    }
}

#[test]
fn a_truncated_certificate_is_refused() {
    let der = der(&certificate(&["a.example.com", "*.example.com"]));
    for length in 0..der.len() {
        assert!(Leaf::from_der(&der[..length]).is_none(), "{length} bytes");
    }
}

#[test]
fn no_changed_byte_makes_it_panic() {
    let der = der(&certificate(&["a.example.com", "*.example.com", "10.0.0.1"]));
    let signature = 64;
    for position in 0..der.len() - signature {
        for change in 1..=u8::MAX {
            let mut changed = der.clone();
            changed[position] ^= change;
            // Whether it is still a certificate depends on the byte.
            let _ = Leaf::from_der(&changed);
        }
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(
        bytes in vec(any::<u8>(), 0..200),
        at in any::<prop::sample::Index>(),
    ) {
        prop_assert!(Leaf::from_der(&bytes).is_none());
        let mut spliced = der(&certificate(&["a.example.com"]));
        let at = at.index(spliced.len());
        spliced.splice(at..at, bytes);
        let _ = Leaf::from_der(&spliced);
    }

    #[test]
    fn no_text_makes_it_panic(
        text in any::<String>(),
        lines in vec(prop_oneof![
            Just("-----BEGIN CERTIFICATE-----".to_owned()),
            Just("-----END CERTIFICATE-----".to_owned()),
            "[A-Za-z0-9+/=]{0,8}",
            any::<String>(),
        ], 0..8),
    ) {
        prop_assert!(has_no_certificate(&text));
        prop_assert!(!matches!(first_leaf(&lines.join("\n")), Some(Some(_))));
    }
}

// PEM.

const EC_PARAMETERS: &str = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";

#[test]
fn text_around_the_certificate_is_fine() {
    let pem = pem(&certificate(&["a.example.com"]));
    let key = KEY.serialize_pem();
    let preamble = "subject=CN = a.example.com\n-----\n--- BEGIN ---\n\n";
    let variants = [
        ("as it is", pem.clone()),
        ("CRLF", pem.replace('\n', "\r\n")),
        ("no final newline", pem.trim_end().to_owned()),
        ("CRLF, no final newline", pem.trim_end().replace('\n', "\r\n")),
        ("text before", format!("{preamble}{pem}")),
        ("text after", format!("{pem}\nbye\n-----BEGIN")),
        ("byte order mark on a line of its own", format!("\u{feff}\n{pem}")),
        ("EC parameters before", format!("{EC_PARAMETERS}{pem}")),
        ("key before", format!("{key}{pem}")),
        ("both before", format!("{EC_PARAMETERS}\n{key}\n{pem}")),
        ("key after", format!("{pem}{key}")),
        ("key without end before", format!("-----BEGIN PRIVATE KEY-----\nAAAA\n{pem}")),
        ("blanks at line ends", pem.replace('\n', " \t\n")),
        ("blank lines", pem.replace('\n', "\n\n")),
    ];
    for (variant, text) in variants {
        assert!(offers_a(&text), "{variant}");
    }
}

#[test]
fn lines_may_have_any_length() {
    let der = der(&certificate(&["a.example.com"]));
    let base64 = STANDARD.encode(&der);
    for length in [1, 4, 63, 76, 9999] {
        let lines: Vec<_> =
            base64.as_bytes().chunks(length).map(|line| str::from_utf8(line).unwrap()).collect();
        let text = format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----", lines.join("\n"));
        assert_eq!(first_certificate(&text), Some(der.clone()), "{length}");
    }
}

#[test]
fn without_a_whole_block_there_is_no_certificate() {
    let pem = pem(&certificate(&["a.example.com"]));
    let (beginning, _) = pem.split_once("-----END").unwrap();
    let variants = [
        ("empty", String::new()),
        ("blank", " \n".to_owned()),
        ("text", "a.example.com".to_owned()),
        ("only a key", KEY.serialize_pem()),
        ("only EC parameters", EC_PARAMETERS.to_owned()),
        ("no end", beginning.to_owned()),
        ("half an end", format!("{beginning}-----END ")),
        ("end of another block", pem.replace("END CERTIFICATE", "END PRIVATE KEY")),
        ("no beginning", pem.replace("-----BEGIN CERTIFICATE-----", "")),
        ("another kind", pem.replace("CERTIFICATE", "CERTIFICATE REQUEST")),
        ("lower case", pem.to_lowercase()),
        ("all on one line", pem.replace('\n', "")),
        ("junk", pem_of(b"").replace("\n\n", "\n!?!\n")),
        ("not ASCII", pem_of(b"").replace("\n\n", "\nAAAä\n")),
        ("base64 of wrong length", pem_of(b"").replace("\n\n", "\nAAAAA\n")),
        ("the base64 of the text", STANDARD.encode(&pem)),
    ];
    for (variant, text) in variants {
        assert!(has_no_certificate(&text), "{variant}");
    }
}

#[rstest]
#[case::no_end("-----BEGIN CERTIFICATE-----\nAAAA\n")]
#[case::no_base64("-----BEGIN CERTIFICATE-----\n!?!\n-----END CERTIFICATE-----\n")]
#[case::no_beginning("AAAA\n-----END CERTIFICATE-----\n")]
fn a_broken_block_is_passed_over(#[case] broken: &str) {
    let pem = pem(&certificate(&["a.example.com"]));
    assert!(has_no_certificate(broken));
    assert!(offers_a(&format!("{broken}{pem}")));
    assert!(offers_a(&format!("{pem}{broken}")));
}

#[rstest]
#[case::nothing(b"")]
#[case::text(b"a.example.com")]
#[case::empty_sequence(b"\x30\x00")]
fn a_block_of_something_else_is_a_bad_certificate(#[case] der: &[u8]) {
    assert!(is_malformed(&pem_of(der)));
}

#[test]
fn the_first_certificate_of_a_chain_counts() {
    let leaf = pem(&certificate(&["a.example.com"]));
    let ca = pem(&certificate(&["ca.example.com"]));
    let nameless = pem(&certificate(&[]));
    assert!(offers_a(&format!("{leaf}{ca}{nameless}")));
    assert!(offers_a(&format!("{leaf}{}", pem_of(b"bad"))));
    assert!(offers_a(&format!("{leaf}-----BEGIN CERTIFICATE-----")));
    assert_eq!(names(&format!("{nameless}{leaf}")), [] as [&str; 0]);
    assert!(is_malformed(&format!("{}{leaf}", pem_of(b"bad"))));
    assert_eq!(names(&format!("{ca}{leaf}")), ["ca.example.com"]);
}
