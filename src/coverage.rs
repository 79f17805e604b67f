//! What the routing secrets of a namespace cover, less the hosts that are never touched.

use crate::{routing::RoutingTable, settings::Settings};

/// A table, seen through the setting `ignoredHosts`.
#[derive(Clone, Copy)]
pub struct Coverage<'a> {
    /// The routing secrets.
    pub table: &'a RoutingTable<'a>,
    /// Which hosts are never touched.
    pub settings: &'a Settings,
}

impl<'a> Coverage<'a> {
    /// The routing secret for a host.
    pub fn choose(self, text: &str) -> Option<&'a str> {
        self.table.choose(&self.settings.host(text)?)
    }

    /// Whether the Secret of this name is a routing secret that covers all of these hosts, of which
    /// there are some.
    pub fn covers_all(self, secret: &str, hosts: &[String]) -> bool {
        let is_covered = |text: &String| {
            self.settings
                .host(text)
                .is_some_and(|host| self.table.covers(secret, &host))
        };
        self.table.is_routing_secret(secret) && !hosts.is_empty() && hosts.iter().all(is_covered)
    }
}
