//! The times between which a certificate is valid, of both types.

use rstest::rstest;

use super::certificate::{Parts, chain_certificate, der, sequence};
use crate::x509::CertificateError;

const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// The second, since 1970, from which on a certificate with this time in it is valid.
fn read(tag: u8, text: &str) -> Result<u64, CertificateError> {
    let time = der(tag, text.as_bytes());
    let parts = Parts { validity: sequence(&[time.clone(), time]), ..Parts::default() };
    let certificate = chain_certificate(&parts.der())?;
    assert_eq!(certificate.not_before, certificate.not_after);
    Ok(certificate.not_before)
}

#[rstest]
#[case::beginning("700101000000Z", 0)]
#[case::second("700101000001Z", 1)]
#[case::minute("700101000100Z", 60)]
#[case::hour("700101010000Z", 3600)]
#[case::day("700102000000Z", 86_400)]
#[case::year("710101000000Z", 365 * 86_400)]
#[case::after_a_leap_year("730101000000Z", (3 * 365 + 1) * 86_400)]
#[case::last_of_the_old_century("991231235959Z", 946_684_799)]
#[case::first_of_the_new_century("000101000000Z", 946_684_800)]
#[case::leap_day("240229120000Z", 1_709_208_000)]
#[case::day_after_a_leap_day("240301000000Z", 1_709_251_200)]
#[case::last("491231235959Z", 2_524_607_999)]
fn utc_times(#[case] text: &str, #[case] expected: u64) {
    assert_eq!(read(UTC_TIME, text), Ok(expected));
}

#[rstest]
#[case::beginning("19700101000000Z", 0)]
#[case::in_a_year_of_the_other_type("20240229120000Z", 1_709_208_000)]
#[case::century_that_is_a_leap_year("20000301000000Z", 951_868_800)]
#[case::century_that_is_none("21000301000000Z", 4_107_542_400)]
#[case::last("99991231235959Z", 253_402_300_799)]
fn generalized_times(#[case] text: &str, #[case] expected: u64) {
    assert_eq!(read(GENERALIZED_TIME, text), Ok(expected));
}

#[rstest]
#[case::empty("")]
#[case::only_the_zone("Z")]
#[case::no_zone("240101000000")]
#[case::another_zone("240101000000+0100")]
#[case::no_seconds("2401010000Z")]
#[case::fraction("240101000000.5Z")]
#[case::four_digits_for_the_year("20240101000000Z")]
#[case::before_1970("691231235959Z")]
#[case::first_year_of_the_old_century("500101000000Z")]
#[case::month_zero("240001000000Z")]
#[case::month_13("241301000000Z")]
#[case::day_zero("240100000000Z")]
#[case::day_32("240132000000Z")]
#[case::day_31_of_a_short_month("240431000000Z")]
#[case::day_32_of_the_last_month("241232000000Z")]
#[case::leap_day_in_another_year("230229000000Z")]
#[case::hour_24("240101240000Z")]
#[case::minute_60("240101006000Z")]
#[case::leap_second("240101000060Z")]
#[case::sign("24010100000-Z")]
#[case::blank(" 40101000000Z")]
fn no_utc_times(#[case] text: &str) {
    assert!(read(UTC_TIME, text).is_err());
}

#[rstest]
#[case::two_digits_for_the_year("240101000000Z")]
#[case::year_zero("00000101000000Z")]
#[case::before_1970("19691231235959Z")]
#[case::leap_day_of_a_century("21000229000000Z")]
fn no_generalized_times(#[case] text: &str) {
    assert!(read(GENERALIZED_TIME, text).is_err());
}

#[test]
fn other_types_are_no_times() {
    assert!(read(0x16, "240101000000Z").is_err());
}
