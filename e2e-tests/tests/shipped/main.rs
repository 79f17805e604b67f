//! What is shipped beside the module: every file that names a version, a rule or a setting agrees with what it was
//! taken from.

mod artifacthub;
mod metadata;
mod questions;
mod settings;
mod support;
