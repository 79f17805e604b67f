//! What a routing secret is, and which one serves a host.

pub(crate) mod change;
pub(crate) mod index;
pub(crate) mod secret;
pub(crate) mod table;

pub(crate) use self::{
    change::{Change, controlled, covered, left, not_serving, not_usable, require, uncovered},
    secret::{RoutingSecret, Unusable},
    table::{Maker, RoutingTable, ServedHost},
};

#[cfg(test)]
mod tests;
