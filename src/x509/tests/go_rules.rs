//! Each rule, with certificates that only this rule refuses.

use rstest::rstest;

use super::certificate::*;
use crate::x509::go_rules::is_uri;

fn assert_passes(parts: &Parts) {
    assert!(parts.passes());
}

fn assert_refused(parts: &Parts) {
    assert!(!parts.passes());
}

#[test]
fn a_usual_certificate() {
    assert_passes(&Parts::default());
}

#[rstest]
#[case::v2(1, true)]
#[case::v3(2, true)]
#[case::v4(3, false)]
#[case::last(0x7f, false)]
fn versions(#[case] version: u8, #[case] passes: bool) {
    let version = der(0xa0, &der(INTEGER, &[version]));
    assert_eq!(Parts { version, ..Parts::default() }.passes(), passes);
}

/// Go reads no extensions in other versions than 3, so whatever they are does no harm.
#[test]
fn extensions_of_another_version() {
    for version in [Vec::new(), der(0xa0, &der(INTEGER, &[1]))] {
        let bad = critical(SUBJECT_KEY_IDENTIFIER, b"junk".to_vec());
        assert_passes(&Parts { version, ..Parts::with_extension(bad) });
    }
}

#[rstest]
#[case::one(&[1], true)]
#[case::zero(&[0], true)]
#[case::high_bit(&[0, 0x80], true)]
#[case::longer_than_rfc_5280_allows(&[0x11; 30], true)]
#[case::negative(&[0x80], false)]
#[case::negative_of_many_bytes(&[0xff, 0x7f], false)]
#[case::not_the_shortest(&[0, 1], false)]
#[case::empty(&[], false)]
fn serial_numbers(#[case] serial: &[u8], #[case] passes: bool) {
    let serial = der(INTEGER, serial);
    assert_eq!(Parts { serial, ..Parts::default() }.passes(), passes);
}

#[test]
fn a_serial_number_of_another_type() {
    assert_refused(&Parts { serial: der(OCTET_STRING, &[1]), ..Parts::default() });
}

#[test]
fn two_signature_algorithms() {
    let algorithm = sequence(&[der(OID, ECDSA_WITH_SHA256), der(NULL, &[])]);
    assert_passes(&Parts::with_algorithm(&algorithm));
    assert_refused(&Parts { algorithm: algorithm.clone(), ..Parts::default() });
    assert_refused(&Parts { inner_algorithm: algorithm, ..Parts::default() });
}

#[rstest]
#[case::unknown(sequence(&[der(OID, b"\x2a\x03\x04")]), true)]
#[case::with_parameters(sequence(&[der(OID, ECDSA_WITH_SHA256), sequence(&[])]), true)]
#[case::big(sequence(&[der(OID, BIG)]), true)]
#[case::too_big(sequence(&[der(OID, TOO_BIG)]), false)]
#[case::no_identifier(sequence(&[der(NULL, &[])]), false)]
#[case::empty(sequence(&[]), false)]
#[case::more_than_parameters(sequence(&[der(OID, ECDSA_WITH_SHA256), der(NULL, &[]), der(NULL, &[])]), false)]
#[case::another_type(der(SET, &der(OID, ECDSA_WITH_SHA256)), false)]
fn signature_algorithms(#[case] algorithm: Vec<u8>, #[case] passes: bool) {
    assert_eq!(Parts::with_algorithm(&algorithm).passes(), passes);
}

#[rstest]
#[case::whole_bytes(&[0, 0xff], true)]
#[case::seven_bits(&[1, 0xfe], true)]
#[case::one_bit(&[7, 0x80], true)]
#[case::empty(&[0], true)]
#[case::seven_bits_and_rubbish(&[1, 0xff], false)]
#[case::one_bit_and_rubbish(&[7, 0x81], false)]
fn padding_of_the_signature(#[case] content: &[u8], #[case] passes: bool) {
    let signature = der(BIT_STRING, content);
    assert_eq!(Parts { signature, ..Parts::default() }.passes(), passes);
}

#[rstest]
#[case::utf_8(UTF8_STRING, "Größe".as_bytes(), true)]
#[case::utf_8_of_nothing(UTF8_STRING, b"", true)]
#[case::no_utf_8(UTF8_STRING, b"\xff", false)]
#[case::cut_utf_8(UTF8_STRING, b"a\xc3", false)]
#[case::surrogate_in_utf_8(UTF8_STRING, b"\xed\xa0\x80", false)]
#[case::printable(PRINTABLE_STRING, b"Aa0 '()+,-./:=?", true)]
#[case::printable_in_use(PRINTABLE_STRING, b"*&", true)]
#[case::not_printable(PRINTABLE_STRING, b"a@example.com", false)]
#[case::underscore_is_not_printable(PRINTABLE_STRING, b"a_b", false)]
#[case::zero_is_not_printable(PRINTABLE_STRING, b"a\0", false)]
#[case::ia5(IA5_STRING, b"a@example.com\0", true)]
#[case::not_ia5(IA5_STRING, b"\x80", false)]
#[case::numeric(NUMERIC_STRING, b"0123 456789", true)]
#[case::not_numeric(NUMERIC_STRING, b"1.2", false)]
#[case::bmp(BMP_STRING, b"\0a\x20\xac", true)]
#[case::bmp_of_half_a_character(BMP_STRING, b"\0a\0", false)]
#[case::first_surrogate(BMP_STRING, b"\xd8\x00", false)]
#[case::before_surrogates(BMP_STRING, b"\xd7\xff", true)]
#[case::last_surrogate(BMP_STRING, b"\xdf\xff", false)]
#[case::after_surrogates(BMP_STRING, b"\xe0\x00", true)]
#[case::first_kept_free(BMP_STRING, b"\xfd\xd0", false)]
#[case::last_kept_free(BMP_STRING, b"\xfd\xef", false)]
#[case::after_those_kept_free(BMP_STRING, b"\xfd\xf0", true)]
#[case::byte_order_mark(BMP_STRING, b"\xfe\xff", true)]
#[case::last_but_one(BMP_STRING, b"\xff\xfe", false)]
#[case::last(BMP_STRING, b"\xff\xff", false)]
#[case::teletex(TELETEX_STRING, b"\xff\0", true)]
#[case::universal(UNIVERSAL_STRING, b"\0\0\0a", false)]
#[case::general(GENERAL_STRING, b"a", false)]
#[case::no_string(INTEGER, b"\x01", false)]
fn strings_of_names(#[case] tag: u8, #[case] text: &[u8], #[case] passes: bool) {
    let name = name(COUNTRY, tag, text);
    assert_eq!(Parts::with_issuer(name.clone()).passes(), passes);
    let subject = Parts { subject: name, ..Parts::default() };
    assert_eq!(subject.passes(), passes);
}

#[rstest]
#[case::nothing(sequence(&[]), true)]
#[case::big_identifier(name(BIG, UTF8_STRING, b"a"), true)]
#[case::too_big_identifier(name(TOO_BIG, UTF8_STRING, b"a"), false)]
#[case::two_attributes_in_one(sequence(&[der(SET, &[
    sequence(&[der(OID, COUNTRY), der(UTF8_STRING, b"a")]),
    sequence(&[der(OID, COUNTRY), der(UTF8_STRING, b"\xff")]),
].concat())]), false)]
#[case::sequence_for_set(sequence(&[sequence(&[sequence(&[der(OID, COUNTRY), der(UTF8_STRING, b"a")])])]), false)]
#[case::set_for_sequence(der(SET, &[]), false)]
#[case::no_value(sequence(&[der(SET, &sequence(&[der(OID, COUNTRY)]))]), false)]
#[case::two_values(sequence(&[der(SET, &sequence(&[der(OID, COUNTRY), der(UTF8_STRING, b"a"), der(UTF8_STRING, b"b")]))]), false)]
fn names(#[case] issuer: Vec<u8>, #[case] passes: bool) {
    assert_eq!(Parts::with_issuer(issuer).passes(), passes);
}

#[test]
fn many_extensions() {
    let numbers = (0..2000_u16).map(|number| [0x2a, 0x83, (number >> 7) as u8 | 0x80, (number & 0x7f) as u8]);
    let mut extensions: Vec<_> = numbers.map(|kind| extension(&kind, vec![])).collect();
    let parts = |extensions: &Vec<_>| Parts { extensions: extensions.clone(), ..Parts::default() };
    assert_passes(&parts(&extensions));
    extensions.extend(extensions.last().cloned());
    assert_refused(&parts(&extensions));
}

#[test]
fn an_extension_twice() {
    let unknown = |text: &[u8]| extension(b"\x2a\x03\x04", text.to_vec());
    assert_passes(&Parts::with_extension(unknown(b"a")));
    let extensions = vec![unknown(b"a"), unknown(b"b")];
    assert_refused(&Parts { extensions, ..Parts::default() });
    assert_refused(&Parts::with_extension(extension(SUBJECT_ALT_NAME, sequence(&[]))));
}

#[rstest]
#[case::unknown(extension(b"\x2a\x03\x04", b"junk".to_vec()), true)]
#[case::unknown_and_critical(critical(b"\x2a\x03\x04", b"junk".to_vec()), true)]
#[case::big_identifier(extension(BIG, vec![]), true)]
#[case::too_big_identifier(extension(TOO_BIG, vec![]), false)]
#[case::identifier_with_a_long_beginning(extension(b"\x88\x37\x03", vec![]), false)]
#[case::identifier_without_an_end(extension(b"\x2a\x83", vec![]), false)]
#[case::empty_identifier(extension(b"", vec![]), false)]
#[case::identifier_that_is_not_the_shortest(extension(b"\x2a\x80\x01", vec![]), false)]
fn any_extension(#[case] extension: Vec<u8>, #[case] passes: bool) {
    assert_eq!(Parts::with_extension(extension).passes(), passes);
}

/// What is good in them and what is not, and that they must not be critical.
#[rstest]
#[case::subject_key_identifier(SUBJECT_KEY_IDENTIFIER, der(OCTET_STRING, b"id"))]
#[case::authority_key_identifier(AUTHORITY_KEY_IDENTIFIER, sequence(&[der(0x80, b"id")]))]
#[case::authority_info_access(AUTHORITY_INFO_ACCESS, sequence(&[sequence(&[der(OID, OCSP), der(0x86, b"http://a")])]))]
fn extensions_that_are_never_critical(#[case] kind: &[u8], #[case] value: Vec<u8>) {
    assert_passes(&Parts::with_extension(extension(kind, value.clone())));
    assert_refused(&Parts::with_extension(critical(kind, value)));
}

#[rstest]
#[case::name_constraints(NAME_CONSTRAINTS, sequence(&[der(0xa0, &sequence(&[der(0x82, b"example.com")]))]))]
#[case::policy_mappings(POLICY_MAPPINGS, sequence(&[sequence(&[der(OID, b"\x2a\x03"), der(OID, b"\x2a\x04")])]))]
#[case::policy_constraints(POLICY_CONSTRAINTS, sequence(&[der(0x80, &[0])]))]
#[case::inhibit_any_policy(INHIBIT_ANY_POLICY, der(INTEGER, &[0]))]
fn extensions_of_authorities(#[case] kind: &[u8], #[case] value: Vec<u8>) {
    assert_refused(&Parts::with_extension(extension(kind, value.clone())));
    assert_refused(&Parts::with_extension(critical(kind, value)));
}

#[rstest]
#[case::subject_key_identifier(SUBJECT_KEY_IDENTIFIER, sequence(&[]))]
#[case::subject_key_identifier_and_more(SUBJECT_KEY_IDENTIFIER, [der(OCTET_STRING, b"id"), vec![0]].concat())]
#[case::authority_key_identifier(AUTHORITY_KEY_IDENTIFIER, der(OCTET_STRING, b"id"))]
#[case::authority_key_identifier_of_junk(AUTHORITY_KEY_IDENTIFIER, der(SEQUENCE, b"\x80\x7f"))]
#[case::key_usage(KEY_USAGE, der(INTEGER, &[1]))]
#[case::key_usage_of_nothing(KEY_USAGE, vec![])]
#[case::key_usage_and_rubbish(KEY_USAGE, der(BIT_STRING, &[5, 0xa1]))]
#[case::basic_constraints(BASIC_CONSTRAINTS, der(0x01, &[0xff]))]
#[case::basic_constraints_and_more(BASIC_CONSTRAINTS, sequence(&[der(0x01, &[0xff]), der(INTEGER, &[0]), der(INTEGER, &[0])]))]
#[case::negative_path_length(BASIC_CONSTRAINTS, sequence(&[der(0x01, &[0xff]), der(INTEGER, &[0xff])]))]
#[case::extended_key_usage(EXTENDED_KEY_USAGE, der(OID, SERVER_AUTH))]
#[case::extended_key_usage_of_junk(EXTENDED_KEY_USAGE, sequence(&[der(INTEGER, &[1])]))]
#[case::extended_key_usage_too_big(EXTENDED_KEY_USAGE, sequence(&[der(OID, SERVER_AUTH), der(OID, TOO_BIG)]))]
#[case::authority_info_access(AUTHORITY_INFO_ACCESS, sequence(&[der(OID, OCSP)]))]
#[case::authority_info_access_too_big(AUTHORITY_INFO_ACCESS, sequence(&[sequence(&[der(OID, TOO_BIG), der(0x86, b"http://a")])]))]
#[case::policies(CERTIFICATE_POLICIES, sequence(&[der(OID, b"\x2a\x03")]))]
#[case::policy_twice(CERTIFICATE_POLICIES, sequence(&[sequence(&[der(OID, b"\x2a\x03")]), sequence(&[der(OID, b"\x2a\x03")])]))]
#[case::policy_too_big(CERTIFICATE_POLICIES, sequence(&[sequence(&[der(OID, TOO_BIG)])]))]
#[case::distribution_points(CRL_DISTRIBUTION_POINTS, der(0x86, b"http://a"))]
#[case::relative_distribution_point(CRL_DISTRIBUTION_POINTS, sequence(&[sequence(&[der(0xa0, &der(0xa1, &sequence(&[der(OID, COUNTRY), der(UTF8_STRING, b"a")])))])]))]
fn extensions_that_cannot_be_read(#[case] kind: &[u8], #[case] value: Vec<u8>) {
    assert_refused(&Parts::with_extension(extension(kind, value)));
}

#[rstest]
#[case::key_usage(KEY_USAGE, der(BIT_STRING, &[5, 0xa0]))]
#[case::no_key_usage(KEY_USAGE, der(BIT_STRING, &[0]))]
#[case::basic_constraints(BASIC_CONSTRAINTS, sequence(&[]))]
#[case::authority(BASIC_CONSTRAINTS, sequence(&[der(0x01, &[0xff]), der(INTEGER, &[0])]))]
#[case::extended_key_usage(EXTENDED_KEY_USAGE, sequence(&[der(OID, SERVER_AUTH), der(OID, BIG)]))]
#[case::policies(CERTIFICATE_POLICIES, sequence(&[sequence(&[der(OID, b"\x2a\x03")]), sequence(&[der(OID, b"\x2a\x04")])]))]
#[case::distribution_points(CRL_DISTRIBUTION_POINTS, sequence(&[sequence(&[der(0xa0, &der(0xa0, &der(0x86, b"http://a")))])]))]
#[case::distribution_point_of_a_reason(CRL_DISTRIBUTION_POINTS, sequence(&[sequence(&[der(0x81, &[0, 0xff])])]))]
fn extensions_that_can_be_read(#[case] kind: &[u8], #[case] value: Vec<u8>) {
    assert_passes(&Parts::with_extension(extension(kind, value.clone())));
    assert_passes(&Parts::with_extension(critical(kind, value)));
}

#[rstest]
#[case::mail(0x81, b"a@example.com", true)]
#[case::mail_without_at(0x81, b"example", true)]
#[case::mail_that_is_not_ascii(0x81, b"\xe9@example.com", false)]
#[case::dns_name_is_for_other_rules(0x82, b"\xff", true)]
#[case::uri(0x86, b"spiffe://example.com/a", true)]
#[case::uri_without_scheme(0x86, b"example.com", false)]
#[case::uri_that_is_not_utf_8(0x86, b"a:\xff", false)]
#[case::ip_v4(0x87, &[10, 0, 0, 1], true)]
#[case::ip_v6(0x87, &[0; 16], true)]
#[case::network(0x87, &[10, 0, 0, 0, 255, 0, 0, 0], false)]
#[case::no_address(0x87, &[], false)]
#[case::registered_identifier(0x88, b"\x2a", true)]
#[case::unknown(0x9e, b"", true)]
fn alternative_names(#[case] tag: u8, #[case] name: &[u8], #[case] passes: bool) {
    let name = der(tag, name);
    assert_eq!(Parts::with_names(std::slice::from_ref(&name)).passes(), passes);
    let good = der(0x82, b"a.example.com");
    assert_eq!(Parts::with_names(&[good.clone(), name.clone()]).passes(), passes);
    assert_eq!(Parts::with_names(&[name, good]).passes(), passes);
}

#[test]
fn an_alternative_name_with_a_long_tag() {
    let names = [vec![0x9f, 0x1f, 0x00], der(0x82, b"a.example.com")];
    assert_refused(&Parts::with_names(&names));
}

/// Go accepts all that is valid here, and more: URIs without a scheme, ports, addresses, users.
#[rstest]
#[case("spiffe://example.com/ns/a/sa/b", true)]
#[case("https://a.example.com", true)]
#[case("https://a.example.com/", true)]
#[case("https://a_b.example.com/a?b=c&d#e", true)]
#[case("https://a.example.com?b", true)]
#[case("https://a.example.com#b", true)]
#[case("urn:uuid:7a3c", true)]
#[case("mailto:a@example.com", true)]
#[case("a:", true)]
#[case("a://", true)]
#[case("a:///b", true)]
#[case("A+-.1:b", true)]
#[case("a:%41%ff", true)]
#[case("https://10.example.com", true)]
#[case::nothing("", false)]
#[case::no_scheme("//example.com", false)]
#[case::empty_scheme(":a", false)]
#[case::scheme_of_digits("1a:b", false)]
#[case::scheme_with_other_characters("a_b:c", false)]
#[case::scheme_after_a_blank(" a:b", false)]
#[case::escape_of_nothing("a:b%", false)]
#[case::escape_of_one_digit("a:%4", false)]
#[case::escape_of_other_characters("a:%4g", false)]
#[case::escape_of_a_sign("a:%+1", false)]
#[case::escape_in_the_domain("https://a%41.example.com", false)]
#[case::control_character("a:b\n", false)]
#[case::zero("a:\0", false)]
#[case::blank("a:b c", false)]
#[case::quote("a:\"b\"", false)]
#[case::not_ascii("a:\u{e9}", false)]
#[case::empty_label("https://a..example.com", false)]
#[case::dot_at_the_end("https://a.example.com.", false)]
#[case::port("https://a.example.com:443", false)]
#[case::user("https://a@example.com", false)]
#[case::address("https://10.0.0.1", false)]
#[case::address_of_version_6("https://[::1]", false)]
#[case::half_an_address("https://[::1", false)]
#[case::wildcard("https://*.example.com", false)]
fn uris(#[case] uri: &str, #[case] is_valid: bool) {
    assert_eq!(is_uri(uri), is_valid);
    assert_eq!(Parts::with_names(&[der(0x86, uri.as_bytes())]).passes(), is_valid);
}
