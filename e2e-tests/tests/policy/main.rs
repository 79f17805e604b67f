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
mod settings;
mod support;
mod triggers;
