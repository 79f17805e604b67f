//! What is shipped beside the module: every file that names a version, a rule or a setting agrees with what it was
//! taken from.

mod artifacthub;
mod changelog;
mod conditions;
mod documents;
mod kustomizations;
mod makefile;
mod manifests;
mod markdown;
mod mentions;
mod metadata;
mod module;
mod policies;
mod questions;
mod rights;
mod settings;
mod support;
mod tables;
mod transcripts;
mod workflows;
