//! What is read, and what is not.

use proptest::{collection::vec, prelude::*};
use rstest::rstest;

use super::*;
use crate::test_support::der_element;

fn element(der: &[u8]) -> Result<(u8, usize)> {
    let mut reader = Reader::new(der);
    let element = reader.any()?;
    reader.finish()?;
    Ok((element.tag, element.content.len()))
}

#[rstest]
#[case::nothing_in_it(&[0x05, 0], 0x05, 0)]
#[case::one_byte(&[0x04, 1, 7], 0x04, 1)]
#[case::longest_of_one_byte(&der_element(0x04, &[7; 0x7f]), 0x04, 0x7f)]
#[case::shortest_of_two(&der_element(0x04, &[7; 0x80]), 0x04, 0x80)]
#[case::longest_of_two(&der_element(0x04, &[7; 0xff]), 0x04, 0xff)]
#[case::shortest_of_three(&der_element(0x30, &[7; 0x100]), 0x30, 0x100)]
#[case::shortest_of_four(&[&[0x30, 0x83, 1, 0, 0], [7; 0x1_0000].as_slice()].concat(), 0x30, 0x1_0000)]
#[case::private(&[0xde, 0], 0xde, 0)]
fn elements(#[case] der: &[u8], #[case] tag: u8, #[case] length: usize) {
    assert_eq!(element(der), Ok((tag, length)));
}

#[rstest]
#[case::nothing(&[])]
#[case::no_length(&[0x04])]
#[case::cut_off(&[0x04, 2, 7])]
#[case::long_tag(&[0x1f, 0x1f, 0])]
#[case::long_tag_of_a_context(&[0x9f, 0x1f, 0])]
#[case::indefinite_length(&[0x30, 0x80, 0, 0])]
#[case::length_longer_than_it_must_be(&[0x04, 0x81, 1, 7])]
#[case::length_of_the_longest_short_one(&[&[0x04, 0x81, 0x7f], [7; 0x7f].as_slice()].concat())]
#[case::length_with_a_leading_zero(&[&[0x04, 0x82, 0, 0x80], [7; 0x80].as_slice()].concat())]
#[case::no_bytes_of_the_length(&[0x04, 0x82, 1])]
#[case::greatest_length(&[0x04, 0x84, 0xff, 0xff, 0xff, 0xff])]
#[case::length_of_five_bytes(&[0x04, 0x85, 1, 0, 0, 0, 0])]
#[case::length_of_all_bytes(&[0x04, 0xff, 1])]
#[case::another_element(&[0x05, 0, 0x05, 0])]
fn no_elements(#[case] der: &[u8]) {
    assert_eq!(element(der), Err(Malformed));
}

#[test]
fn an_optional_element_is_read_if_it_is_next() {
    let mut reader = Reader::new(&[0x80, 1, 7, 0x82, 0]);
    assert_eq!(reader.optional(0x81), Ok(None));
    assert_eq!(reader.optional(0x80), Ok(Some([7].as_slice())));
    assert_eq!(reader.optional(0x81), Ok(None));
    assert_eq!(reader.read(0x82), Ok([].as_slice()));
    assert_eq!(reader.optional(0x82), Ok(None));
    assert_eq!(Reader::new(&[0x80, 1]).optional(0x80), Err(Malformed));
}

#[rstest]
#[case::absent(&[0x05, 0], Ok(false))]
#[case::no(&[0x01, 1, 0], Ok(false))]
#[case::yes(&[0x01, 1, 0xff], Ok(true))]
#[case::neither(&[0x01, 1, 1], Err(Malformed))]
#[case::empty(&[0x01, 0], Err(Malformed))]
#[case::two_bytes(&[0x01, 2, 0, 0], Err(Malformed))]
fn flags(#[case] der: &[u8], #[case] expected: Result<bool>) {
    assert_eq!(Reader::new(der).flag(), expected);
}

#[rstest]
#[case::zero(&[0], Ok([].as_slice()))]
#[case::one(&[1], Ok([1].as_slice()))]
#[case::high_bit(&[0, 0x80], Ok([0x80].as_slice()))]
#[case::long(&[1, 0, 0], Ok([1, 0, 0].as_slice()))]
#[case::empty(&[], Err(Malformed))]
#[case::negative(&[0x80], Err(Malformed))]
#[case::negative_of_many_bytes(&[0xff, 1], Err(Malformed))]
#[case::needless_zero(&[0, 0x7f], Err(Malformed))]
#[case::needless_zeros(&[0, 0, 0x80], Err(Malformed))]
fn unsigned_numbers(#[case] integer: &[u8], #[case] expected: Result<&[u8]>) {
    assert_eq!(unsigned(integer), expected);
}

#[rstest]
#[case::no_bits(&[0], Ok(([].as_slice(), 0)), true)]
#[case::whole_bytes(&[0, 7], Ok(([7].as_slice(), 0)), true)]
#[case::one_bit(&[7, 0x80], Ok(([0x80].as_slice(), 7)), false)]
#[case::empty(&[], Err(Malformed), false)]
#[case::eight_unused_bits(&[8, 0], Err(Malformed), false)]
#[case::unused_bits_of_no_byte(&[1], Err(Malformed), false)]
fn bit_strings(
    #[case] content: &[u8],
    #[case] expected: Result<(&[u8], u8)>,
    #[case] is_whole: bool,
) {
    assert_eq!(bits(content), expected);
    assert_eq!(whole_bytes(content).is_ok(), is_whole);
}

#[test]
fn only_one_element_is_expected() {
    assert_eq!(only(&[0x04, 1, 7], OCTET_STRING), Ok([7].as_slice()));
    assert_eq!(only(&[0x04, 1, 7], BIT_STRING), Err(Malformed));
    assert_eq!(only(&[0x04, 1, 7, 0], OCTET_STRING), Err(Malformed));
}

proptest! {
    /// What was read is what was there.
    #[test]
    fn elements_follow_each_other(contents in vec(vec(any::<u8>(), 0..300), 0..5)) {
        let der: Vec<u8> = contents
            .iter()
            .flat_map(|content| der_element(OCTET_STRING, content))
            .collect();
        let mut reader = Reader::new(&der);
        for content in &contents {
            prop_assert_eq!(reader.read(OCTET_STRING), Ok(content.as_slice()));
        }
        prop_assert!(reader.is_finished());
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in vec(any::<u8>(), 0..50)) {
        let mut reader = Reader::new(&bytes);
        while reader.any().is_ok() {}
        let _ = (unsigned(&bytes), bits(&bytes), reader.flag());
    }
}
