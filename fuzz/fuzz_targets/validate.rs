//! Any bytes as the payload of `validate`.
#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use routing_secrets_fuzz::{answer, payload};

fuzz_target!(init: check_start(), |payload: &[u8]| {
    answer::judge(payload);
});

/// The good inputs are good, and look-ups are answered.
fn check_start() {
    let mut seeds = payload::seeds().iter();
    assert!(seeds.any(|seed| answer::judge(seed).mutated.is_some()));
}

/// One input in so many is replaced by a good one. There is no corpus to begin with, because
/// certificates expire.
const RENEWAL: u32 = 64;

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let mut size = size;
    if seed.is_multiple_of(RENEWAL) {
        let seeds = payload::seeds();
        let good = &seeds[(seed / RENEWAL) as usize % seeds.len()];
        if good.len() <= max_size {
            data[..good.len()].copy_from_slice(good);
            size = good.len();
        }
    }
    fuzzer_mutate(data, size, max_size)
});
