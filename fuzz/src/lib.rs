//! What the fuzz targets share: good input to begin with, ways to spoil it, the host that answers
//! look-ups, and what must hold of every answer.
//!
//! ```sh
//! cargo install cargo-fuzz --locked
//! cargo +nightly fuzz run -s none secret -- -dict=fuzz/secret.dict -len_control=0 -max_total_time=600
//! cargo +nightly fuzz run -s none validate -- -dict=fuzz/validate.dict -len_control=0 -max_len=8192 \
//!     -close_fd_mask=1 -max_total_time=600
//! cargo +nightly fuzz fmt -s none secret fuzz/artifacts/secret/crash-... # shows the request
//! ```
//!
//! The policy has no unsafe code of its own, so AddressSanitizer would only make it ten times slower.
//! `-close_fd_mask=1` hides what the policy logs. A payload that fails becomes a test of the policy.
//!
//! Keys and certificates are made at run time, so that none lies in the repository, but always the
//! same ones: an input that failed fails again.

pub mod answer;
pub mod der;
mod host;
pub mod pair;
pub mod payload;
pub mod pem;
