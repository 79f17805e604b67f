//! The rules, seen from outside: every test runs the compiled `policy.wasm` on the embedded host. The folders are
//! named like those of `src/`.

mod admission {
    mod answers;
    mod warnings;
}
mod certificate {
    mod covered;
    mod parking;
    mod properties;
    mod scale;
    pub mod support;
    mod take_over;
}
mod gateway {
    mod crd;
    mod example;
    mod listeners;
    mod properties;
    mod record;
    mod scale;
    pub mod support;
    mod triggers;
}
mod ingress {
    mod controllers;
    mod declared;
    mod entries;
    mod left_alone;
    pub mod properties;
    mod record;
    mod require;
    mod scale;
    mod triggers;
}
mod routing {
    mod index;
    mod lookup;
    mod matching;
}
mod secret {
    mod accepted;
    mod certificate_faults;
    pub mod certificates;
    mod in_use;
    mod index;
    mod key_faults;
    pub mod keys;
    mod leaf_faults;
    mod mirrors;
    mod properties;
    mod rsa_keys;
    mod scale;
    pub mod support;
    mod updates;
    mod warnings;
}
mod ecosystem;
mod owners;
mod reported;
mod settings;
mod support;
mod users;
