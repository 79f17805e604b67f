//! What a routing secret is, and which one serves a host.

pub(crate) mod host;
pub(crate) mod index;
pub(crate) mod lookup;
pub(crate) mod secret;
pub(crate) mod table;
pub(crate) mod users;

pub(crate) use self::{
    host::{DnsPattern, Host, HostGlob, Wildcards},
    lookup::{Cluster, routing_table},
    secret::{RoutingSecret, ServingCertificate, Unusable},
    table::{RoutingTable, ServedHost},
    users::{SecretUse, SecretUser},
};

/// The type of routing secrets.
pub(crate) const TLS_TYPE: &str = "kubernetes.io/tls";

#[cfg(test)]
mod tests;
