//! Gzip (RFC 1952) of one member without optional fields, as far as records need it: the crates that do
//! more have tables of 16 KB.

use crc::{CRC_32_ISO_HDLC, Crc, Table};
use miniz_oxide::{deflate::compress_to_vec, inflate::decompress_to_vec_with_limit};

/// The bytes of a header (RFC 1952, section 2.3): what it is, deflated, no optional fields, no time,
/// compressed as usual, on no system in particular.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
/// What zlib compresses with unless told otherwise.
const LEVEL: u8 = 6;

static CHECKSUM: Crc<u32, Table<1>> = Crc::<u32, Table<1>>::new(&CRC_32_ISO_HDLC);

/// Compresses.
pub fn pack(content: &[u8]) -> Vec<u8> {
    let mut packed = HEADER.to_vec();
    packed.extend(compress_to_vec(content, LEVEL));
    packed.extend(trailer(content));
    packed
}

/// Decompresses what [`pack`] made; `None` if it is something else or has more than so many bytes.
pub fn unpack(packed: &[u8], most: usize) -> Option<Vec<u8>> {
    let packed = packed.strip_prefix(&HEADER)?;
    let (deflated, check) = packed.split_last_chunk::<8>()?;
    let content = decompress_to_vec_with_limit(deflated, most).ok()?;
    (trailer(&content) == *check).then_some(content)
}

/// The checksum and the length, modulo 2^32.
fn trailer(content: &[u8]) -> [u8; 8] {
    let checksum = u64::from(CHECKSUM.checksum(content));
    let length = content.len() as u64 & u64::from(u32::MAX);
    (length << 32 | checksum).to_le_bytes()
}

#[cfg(test)]
#[path = "gzip_tests.rs"]
mod tests;
