//! What people lose or gain by the policy: they take the same steps in a simulated cluster that has the compiled
//! `policy.wasm` in front of its writes, and in one that has not.

mod cluster;
mod generators;
mod laws;
mod rows;
mod steps;
mod writers;

use proptest::{prelude::*, test_runner::RngSeed};
use steps::Tool;

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 300, rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn authors_apply(steps in generators::steps(Tool::Kubectl)) {
        prop_assert_eq!(laws::broken_laws(&steps), [""; 0]);
    }

    #[test]
    fn authors_apply_on_the_server(steps in generators::steps(Tool::ServerSideApply)) {
        prop_assert_eq!(laws::broken_laws(&steps), [""; 0]);
    }

    #[test]
    fn authors_have_helm(steps in generators::steps(Tool::Helm)) {
        prop_assert_eq!(laws::broken_laws(&steps), [""; 0]);
    }

    #[test]
    fn authors_replace(steps in generators::steps(Tool::Replace)) {
        prop_assert_eq!(laws::broken_laws(&steps), [""; 0]);
    }
}
