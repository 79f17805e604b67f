//! A small Kubewarden policy host, to run a policy on a laptop and in tests.
//!
//! It does what `policy-server` does around one evaluation: a waPC guest compiled once, a fresh instance for
//! every call, an evaluation limit, and an answer to the guest's look-ups, which come from manifests instead of a
//! cluster. Every look-up is recorded, so that a test can say how many there were and what they cost, and so that the
//! evaluation can be repeated from the record, by this host or by kwctl.
//!
//! ```no_run
//! # fn main() -> anyhow::Result<()> {
//! use e2e_tests::{Cluster, Policy, certificates::TlsSecret, request_from};
//! use serde_json::json;
//!
//! let policy = Policy::load("policy.wasm".as_ref())?;
//! let wildcard = TlsSecret::new("wildcard").namespace("workspace").san("*.apps.example.com");
//! let cluster = Cluster::new(vec![wildcard.to_manifest()]);
//! let request = request_from(json!({
//!     "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "shop"},
//! }))?;
//! let evaluation = policy.validate(&request, &json!({}), &cluster)?;
//! assert!(evaluation.response.accepted);
//! # Ok(())
//! # }
//! ```

mod admission;
pub mod cases;
mod certificate_annotation;
pub mod certificates;
mod cluster;
mod evaluation;
mod field_mask;
mod host_calls;
mod look_up;
pub mod manifests;
mod policy;
mod selectors;
mod session;
mod words;

pub use admission::request_from;
pub use cluster::Cluster;
pub use evaluation::{Answer, Evaluation, HostCall, RawEvaluation, Response, SettingsVerdict};
pub use policy::{EVALUATION_LIMIT, Policy};
pub use session::Session;
pub use words::{counted, plural};
