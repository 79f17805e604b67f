//! That it is gzip is held against another implementation.

use std::io::{Read, Write};

use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use proptest::{collection::vec, prelude::*};

use super::*;

fn packed_by_another(content: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(content).unwrap();
    packed.finish().unwrap()
}

fn unpacked_by_another(packed: &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    GzDecoder::new(packed).read_to_end(&mut content).unwrap();
    content
}

proptest! {
    #[test]
    fn others_read_what_is_packed(content in vec(any::<u8>(), 0..1000), times in 1..100_usize) {
        let content = content.repeat(times);
        let packed = pack(&content);
        prop_assert_eq!(&unpacked_by_another(&packed), &content);
        prop_assert_eq!(unpack(&packed, content.len()), Some(content));
    }

    #[test]
    fn what_others_pack_is_read(content in vec(any::<u8>(), 0..1000)) {
        prop_assert_eq!(unpack(&packed_by_another(&content), 1000), Some(content));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in vec(any::<u8>(), 0..100)) {
        prop_assert_eq!(unpack(&bytes, 1000), None);
        let _ = unpack(&[&HEADER, bytes.as_slice()].concat(), 1000);
    }
}

#[test]
fn more_than_allowed_is_not_unpacked() {
    let packed = pack(&[7; 1000]);
    assert!(unpack(&packed, 1000).is_some());
    assert_eq!(unpack(&packed, 999), None);
}

#[test]
fn what_is_damaged_is_not_unpacked() {
    let packed = pack(b"routing secrets");
    for at in 0..packed.len() {
        let mut damaged = packed.clone();
        damaged[at] ^= 1;
        assert_eq!(unpack(&damaged, 1000), None, "{at}");
        assert_eq!(unpack(&packed[..at], 1000), None, "{at}");
    }
}
