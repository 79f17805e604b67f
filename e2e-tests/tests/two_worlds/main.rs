//! Sequences of writes in a simulated cluster with the compiled `policy.wasm`, side by side with the same sequence in
//! one without.

mod cluster;
mod generators;
mod laws;
#[cfg(test)]
mod rows;
mod steps;
mod writers;

use proptest::{prelude::*, test_runner::RngSeed};

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 100, rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn the_policy_helps_and_harms_nobody(steps in generators::steps()) {
        prop_assert_eq!(laws::broken_laws(&steps), [""; 0]);
    }
}
