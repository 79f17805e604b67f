//! What is shipped beside the module: manifests, metadata and questions agree with the policy and with each other.

mod annotations;
mod artifacthub;
mod conditions;
mod kustomizations;
mod manifests;
mod messages;
mod metadata;
mod policies;
mod questions;
mod rights;
mod settings;
mod support;
mod versions;
mod workflows;
