//! What is shipped beside the module: every file that names a version, a rule or a setting agrees with what it was
//! taken from.

mod artifacthub;
mod conditions;
mod kustomizations;
mod manifests;
mod metadata;
mod policies;
mod questions;
mod rights;
mod settings;
mod support;
