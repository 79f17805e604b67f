//! The rules, seen from outside: every test runs the compiled `policy.wasm` on the embedded host.

mod answers;
mod entries;
mod left_alone;
mod lookup;
mod matching;
mod properties;
mod record;
mod require;
mod scale;
mod secret_accepted;
mod secret_certificate_faults;
mod secret_certificates;
mod secret_key_faults;
mod secret_keys;
mod secret_leaf_faults;
mod secret_mirrors;
mod secret_properties;
mod secret_scale;
mod secret_support;
mod secret_updates;
mod secret_warnings;
mod settings;
mod support;
mod triggers;
