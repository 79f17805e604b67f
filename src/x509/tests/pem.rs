//! What Go's `encoding/pem` finds in a text is found here, and what it passes over is broken or no block.

use base64::{Engine, engine::general_purpose::STANDARD};
use rstest::rstest;

use crate::x509::pem::{self, Block};

/// A block as a row of the tables shows it: its label, and its content in base64 unless it is broken.
type Row<'a> = (&'a str, Option<&'a str>);

/// Base64 of ten bytes.
const BODY: &str = "MAgCAQECAQICAQM=";
const A: Row<'_> = ("A", Some(BODY));
const BROKEN: Row<'_> = ("A", None);
/// A text that is one block.
const PEM: &str = "-----BEGIN A-----\nMAgCAQECAQICAQM=\n-----END A-----\n";

fn blocks(text: &str) -> impl Iterator<Item = Block> {
    pem::blocks(text.as_bytes()).into_iter()
}

fn first_certificate(text: &str) -> Option<Vec<u8>> {
    pem::first_certificate(text.as_bytes())
}

fn assert_blocks(text: &str, expected: &[Row<'_>]) {
    let found: Vec<_> =
        blocks(text).map(|block| (block.label, block.der.map(|der| STANDARD.encode(der)))).collect();
    let found: Vec<_> = found.iter().map(|(label, body)| (label.as_str(), body.as_deref())).collect();
    assert_eq!(found, expected, "{text:?}");
}

fn assert_one(text: &str) {
    assert_blocks(text, &[A]);
}

#[rstest]
#[case::as_it_is(PEM.to_owned())]
#[case::crlf(PEM.replace('\n', "\r\n"))]
#[case::no_final_line_end(PEM.trim_end().to_owned())]
#[case::blanks_at_line_ends(PEM.replace('\n', " \t\n"))]
#[case::blanks_before_crlf(PEM.replace('\n', " \r\n"))]
#[case::blanks_and_no_final_line_end(format!("{} \t", PEM.trim_end()))]
#[case::blank_lines_around(format!("\n\n{PEM}\n\n"))]
#[case::blank_lines_within(PEM.replace('\n', "\n\n"))]
#[case::text_before(format!("subject=CN = a, O = b: c\n{PEM}"))]
#[case::text_after(format!("{PEM}and so on"))]
#[case::marker_of_another_kind_before(format!("-----\n--- BEGIN A ---\n----BEGIN A----\n{PEM}"))]
#[case::end_before(format!("-----END A-----\n{PEM}"))]
#[case::end_after(format!("{PEM}-----END A-----\n"))]
#[case::short_lines(PEM.replace("Ag", "Ag\n"))]
#[case::blanks_within_lines(PEM.replace("Ag", "A g"))]
#[case::cr_within_a_line(PEM.replace("Ag", "A\rg"))]
#[case::indented_content(PEM.replace("MA", " \tMA"))]
fn any_layout(#[case] text: String) {
    assert_one(&text);
}

/// Bits that do not count may be anything, as in Go.
#[test]
fn bits_after_the_last_byte() {
    assert_one(&PEM.replace("QM=", "QN="));
}

#[test]
fn bytes_that_are_no_text() {
    let around = [b"\xff\n", PEM.as_bytes(), b"\xfe"].concat();
    assert_eq!(pem::blocks(&around), pem::blocks(PEM.as_bytes()));
    let within = PEM.as_bytes().iter().map(|byte| if *byte == b'g' { 0xff } else { *byte });
    let within = pem::blocks(&within.collect::<Vec<_>>());
    assert_eq!(within.len(), 1);
    assert_eq!(within[0].der, None);
}

#[test]
fn one_long_line() {
    let der = vec![7; 100_000];
    let body = STANDARD.encode(&der);
    let text = PEM.replace(BODY, &body);
    assert_blocks(&text, &[("A", Some(&body))]);
}

#[rstest]
#[case::nothing("")]
#[case::text("hello")]
#[case::indented(" -----BEGIN A-----\nMAgCAQECAQICAQM=\n-----END A-----\n")]
#[case::form_feed_before_it("\x0c-----BEGIN A-----\nMAgCAQECAQICAQM=\n-----END A-----\n")]
#[case::after_text("x-----BEGIN A-----\nMAgCAQECAQICAQM=\n-----END A-----\n")]
#[case::after_a_tab("\t-----BEGIN A-----\nMAgCAQECAQICAQM=\n-----END A-----\n")]
#[case::after_a_byte_order_mark("\u{feff}-----BEGIN A-----\nMAgCAQECAQICAQM=\n-----END A-----\n")]
#[case::text_after_the_marker("-----BEGIN A----- x\nMAgCAQECAQICAQM=\n-----END A-----\n")]
#[case::four_dashes("-----BEGIN A----\nMAgCAQECAQICAQM=\n-----END A-----\n")]
#[case::lower_case("-----begin A-----\nMAgCAQECAQICAQM=\n-----end A-----\n")]
#[case::two_blanks("-----BEGIN\tA-----\nMAgCAQECAQICAQM=\n-----END A-----\n")]
#[case::lines_end_with_cr("-----BEGIN A-----\rMAgCAQECAQICAQM=\r-----END A-----\r")]
fn no_block(#[case] text: &str) {
    assert_blocks(text, &[]);
}

#[rstest]
#[case::no_end("-----BEGIN A-----\nMAgCAQECAQICAQM=\n")]
#[case::nothing_after_the_beginning("-----BEGIN A-----")]
#[case::cut_off_in_the_end("-----BEGIN A-----\nMAgCAQECAQICAQM=\n-----END A---")]
#[case::end_of_another("-----BEGIN A-----\nMAgCAQECAQICAQM=\n-----END B-----\n")]
#[case::indented_end("-----BEGIN A-----\nMAgCAQECAQICAQM=\n -----END A-----\n")]
#[case::form_feed_before_the_end("-----BEGIN A-----\nMAgCAQECAQICAQM=\n\x0c-----END A-----\n")]
#[case::text_after_the_end("-----BEGIN A-----\nMAgCAQECAQICAQM=\n-----END A-----x\n")]
#[case::cr_at_the_end_of_the_file("-----BEGIN A-----\nMAgCAQECAQICAQM=\n-----END A-----\r")]
#[case::end_within_a_line("-----BEGIN A-----\nMAgCAQECAQICAQM=-----END A-----\n")]
#[case::no_padding("-----BEGIN A-----\nMAgCAQECAQICAQM\n-----END A-----\n")]
#[case::text_for_base64("-----BEGIN A-----\n!?!\n-----END A-----\n")]
#[case::base64_for_urls("-----BEGIN A-----\n__--\n-----END A-----\n")]
#[case::padding_in_the_middle("-----BEGIN A-----\nMA==\nMA==\n-----END A-----\n")]
#[case::header_after_content("-----BEGIN A-----\nMAgCAQECAQICAQM=\nX: y\n-----END A-----\n")]
#[case::not_ascii("-----BEGIN A-----\nMAgCAQECAQICAQM=\u{e9}\n-----END A-----\n")]
fn a_broken_block(#[case] text: &str) {
    assert_blocks(text, &[BROKEN]);
}

#[test]
fn blocks_come_in_order() {
    let other = PEM.replace('A', "B").replace(&BODY.replace('A', "B"), BODY);
    assert_blocks(&format!("x\n{PEM}{other}\ny\n{PEM}"), &[A, ("B", Some(BODY)), A]);
}

/// The next block is found where the one before has no end.
#[rstest]
#[case::cut_off("-----BEGIN A-----\nMAgCAQEC\n")]
#[case::only_a_beginning("-----BEGIN A-----\n")]
#[case::another_end("-----BEGIN A-----\nMAgCAQECAQICAQM=\n-----END B-----\n")]
#[case::bad_base64("-----BEGIN A-----\n!\n-----END A-----\n")]
fn a_broken_block_hides_no_other(#[case] broken: &str) {
    assert_blocks(&format!("{broken}{PEM}"), &[BROKEN, A]);
    assert_blocks(&format!("{PEM}{broken}"), &[A, BROKEN]);
}

/// A block with headers; its content is the same.
fn with_headers(headers: &str) -> String {
    PEM.replacen('\n', &format!("\n{headers}"), 1)
}

#[rstest]
#[case::one("X: y\n\n", false)]
#[case::several("X: y\nZ:\n\n", false)]
#[case::without_a_blank_line("X: y\n", false)]
#[case::of_blanks(" : \n\n", false)]
#[case::crlf("X: y\r\n\r\n", false)]
#[case::end_within("X: -----END A-----\n\n", false)]
#[case::encrypted("Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\n", true)]
#[case::encrypted_later("X: y\nProc-Type: 4,ENCRYPTED\n\n", true)]
#[case::not_encrypted("Proc-Type: 4,MIC-ONLY\n\n", false)]
fn headers_of_a_block(#[case] headers: &str, #[case] is_encrypted: bool) {
    let text = with_headers(headers);
    assert_one(&text);
    let block = blocks(&text).next().unwrap();
    assert_eq!(block.is_encrypted, is_encrypted);
}

/// What follows headers is content, and nothing of it is a header any more.
#[test]
fn only_headers() {
    // Go passes over this one, in which nothing is lost.
    assert_blocks("-----BEGIN A-----\nX: y\n-----END A-----\n", &[("A", Some(""))]);
    assert_blocks("-----BEGIN A-----\nX: y\n\n-----END A-----\n", &[("A", Some(""))]);
    assert_blocks("-----BEGIN A-----\n-----END A-----\n", &[("A", Some(""))]);
    assert_blocks(&with_headers("\nX: y\n"), &[BROKEN]);
}

#[rstest]
#[case::a_beginning("X: -----BEGIN A-----\n\n")]
#[case::a_beginning_alone("-----BEGIN B-----: \n\n")]
fn a_marker_in_a_header_is_no_header(#[case] headers: &str) {
    let found: Vec<_> = blocks(&with_headers(headers)).map(|block| block.der).collect();
    assert_eq!(found.first(), Some(&None));
}

#[test]
fn labels_are_what_the_markers_say() {
    for label in ["", " ", "CERTIFICATE", "X509 CRL", "-----", "a:b", "\u{e9}"] {
        let text = format!("-----BEGIN {label}-----\n{BODY}\n-----END {label}-----\n");
        assert_blocks(&text, &[(label, Some(BODY))]);
    }
}

#[test]
fn the_first_certificate_is_the_first_that_is_whole() {
    let certificate = |body: &str| PEM.replace(" A-", " CERTIFICATE-").replace(BODY, body);
    let text = format!("{PEM}{}{}{}", certificate("!"), certificate("AAAA"), certificate(BODY));
    assert_eq!(first_certificate(&text), Some(vec![0; 3]));
    assert_eq!(first_certificate(PEM), None);
    assert_eq!(first_certificate(&certificate("!")), None);
}

/// Go takes the end of a block for a header if there is a colon in it, and then finds nothing any more.
#[rstest]
#[case::of_this_block("-----BEGIN a:b-----\n-----END a:b-----\n", "a:b")]
#[case::of_another_block("-----BEGIN A-----\n-----END a:b-----\n", "A")]
#[case::after_a_header("-----BEGIN a:b-----\nX: y\n-----END a:b-----\n", "a:b")]
fn an_end_that_is_a_header(#[case] broken: &str, #[case] label: &str) {
    assert_blocks(&format!("{broken}{PEM}"), &[(label, None)]);
    assert_blocks(&format!("{PEM}{broken}{PEM}"), &[A, (label, None)]);
}

#[test]
fn a_beginning_after_half_of_an_end() {
    assert_blocks(&format!("-----END {PEM}"), &[BROKEN]);
    assert_blocks(&format!("\n-----END {PEM}{PEM}"), &[BROKEN, A]);
    assert_blocks(&format!("-----BEGIN B-----\n-----END {PEM}"), &[("B", None), BROKEN]);
}

#[rstest]
#[case::end_in_a_line("AAAA-----END CERTIFICATE-----\n", None)]
#[case::end_of_something_else("AAAA\n-----END CERTIFICATE REQUEST-----\n", None)]
#[case::more_after_the_end("AAAA\n-----END CERTIFICATE-----x\n", None)]
#[case::another_block_in_it("AAAA\n-----BEGIN CERTIFICATE-----\nBBBB\n-----END CERTIFICATE-----", Some([4, 16, 65]))]
#[case::white_space_after_the_end("AAAA\n-----END CERTIFICATE----- \t\r\n", Some([0; 3]))]
#[case::no_more_lines("AAAA\n-----END CERTIFICATE-----", Some([0; 3]))]
#[case::header("x: y\n\nAAAA\n-----END CERTIFICATE-----\n", Some([0; 3]))]
#[case::white_space_in_a_line("AA AA\r\n-----END CERTIFICATE-----\n", Some([0; 3]))]
#[case::no_base64("AAA\n-----END CERTIFICATE-----\n", None)]
#[case::no_end("AAAA\n", None)]
fn a_certificate_at_the_beginning(#[case] rest: &str, #[case] der: Option<[u8; 3]>) {
    let text = format!("-----BEGIN CERTIFICATE-----\n{rest}");
    assert_eq!(first_certificate(&text), der.map(Vec::from));
}
