//! What the fuzz targets share: good input to begin with, ways to spoil it, the host that answers
//! look-ups, and what must hold of every answer.
//!
//! Keys and certificates are made at run time, so that none lies in the repository, but always the
//! same ones: an input that failed fails again.

pub mod answer;
pub mod der;
mod host;
pub mod pair;
pub mod payload;
pub mod pem;
