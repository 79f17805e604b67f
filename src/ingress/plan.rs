//! Which routing secret serves which host of an Ingress.

use crate::{
    coverage::Coverage,
    decision::Route,
    ingress::{intent::Intent, object::TlsEntry},
    keys::{Keys, host, secret},
    routing::RoutingTable,
    settings::{PlainHosts, Settings},
};

/// What `spec.tls` becomes, and what that means for its hosts.
#[derive(Debug, Default)]
pub struct Plan {
    /// The author's entries in order, split where their hosts get different Secrets.
    pieces: Vec<Piece>,
    /// The hosts that use a routing secret then, and which.
    pub served: Vec<Route>,
    /// The TLS hosts that use none.
    pub uncovered: Vec<String>,
}

/// One entry to write. It has more than one piece where entries of one Secret became one: cert-manager
/// ignores an Ingress of which two entries name the same Secret (`checkForDuplicateSecretNames`).
#[derive(Debug)]
pub struct PlannedEntry<'a> {
    /// The name of the Secret, if it has one.
    pub secret: Option<&'a str>,
    /// What it is made of, never empty.
    pub pieces: Vec<&'a Piece>,
}

/// Hosts of one entry of the author that end up together.
#[derive(Debug)]
pub struct Piece {
    /// The position of the author's entry, unless none named these hosts.
    pub origin: Option<usize>,
    pub secret: Option<String>,
    pub hosts: Vec<String>,
    pub fate: Fate,
}

/// What happens to the hosts of a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The whole entry stays; its Secret is a routing secret that covers all of its hosts.
    Served,
    /// The whole entry stays, because no routing secret helps it.
    Kept,
    /// These hosts stay with their Secret, because some of them are not covered.
    Left,
    /// These hosts get a routing secret.
    Moved,
}

impl PlannedEntry<'_> {
    /// Whether this is an entry of the author, letter by letter.
    pub fn is_verbatim(&self) -> bool {
        matches!(
            self.pieces.as_slice(),
            [Piece {
                fate: Fate::Served | Fate::Kept,
                ..
            }]
        )
    }

    /// Whether the entry names a routing secret because its hosts are covered.
    pub fn is_served(&self) -> bool {
        self.pieces
            .iter()
            .any(|piece| matches!(piece.fate, Fate::Served | Fate::Moved))
    }

    /// The hosts of all pieces in order, each once.
    pub fn hosts(&self) -> Vec<String> {
        let mut seen = Keys::default();
        let hosts = self.pieces.iter().flat_map(|piece| &piece.hosts);
        let hosts = hosts.filter(|name| seen.add(host(name, None)));
        hosts.cloned().collect()
    }
}

impl Plan {
    /// Plans by rules 1 to 5 of `docs/ingresses.md`.
    pub fn new(intent: &Intent<'_>, table: &RoutingTable<'_>, settings: &Settings) -> Self {
        let mut planner = Planner {
            coverage: Coverage { table, settings },
            serves_any_host: intent.serves_any_host,
            without_hosts: None,
            pieces: Vec::new(),
            served: Vec::new(),
            uncovered: Vec::new(),
        };
        for (origin, entry) in intent.tls.iter().enumerate() {
            if entry.hosts.is_empty() && intent.without_hosts != Some(origin) {
                planner.add_follower(origin, entry);
            } else {
                planner.add_entry(origin, entry, intent.hosts_of(origin));
            }
        }
        if settings.ingress.plain_hosts == PlainHosts::Secure && intent.without_hosts.is_none() {
            planner.add_plain_hosts(&intent.unnamed);
        }
        let mut seen = Keys::default();
        let served = planner.served.iter();
        let served = served.filter(|route| seen.add(host(&route.host, Some(&route.secret))));
        Self {
            served: served.cloned().collect(),
            pieces: planner.pieces,
            uncovered: planner.uncovered,
        }
    }

    /// Rule 5: the entries to write, in order. Pieces of a Secret of which we write an entry are one
    /// entry, at the place of the first; with `omit_hosts` we write those of all routing secrets.
    pub fn entries(&self, omit_hosts: bool) -> Vec<PlannedEntry<'_>> {
        let is_ours = |piece: &&Piece| match piece.fate {
            Fate::Moved => true,
            Fate::Served => omit_hosts,
            Fate::Kept | Fate::Left => false,
        };
        let ours = self.pieces.iter().filter(is_ours);
        let ours: Keys<'_> = ours.map(|piece| secret(piece.secret.as_deref())).collect();
        let mut places = Keys::default();
        let mut entries: Vec<PlannedEntry<'_>> = Vec::new();
        for piece in &self.pieces {
            let key = secret(piece.secret.as_deref());
            let next = entries.len();
            let place = if ours.contains(&key) {
                places.number(key, next)
            } else {
                next
            };
            match entries.get_mut(place) {
                Some(entry) => entry.pieces.push(piece),
                None => entries.push(PlannedEntry {
                    secret: piece.secret.as_deref(),
                    pieces: vec![piece],
                }),
            }
        }
        entries
    }
}

struct Planner<'a> {
    coverage: Coverage<'a>,
    serves_any_host: bool,
    /// The place of what the first entry without hosts became.
    without_hosts: Option<usize>,
    pieces: Vec<Piece>,
    served: Vec<Route>,
    uncovered: Vec<String>,
}

impl Planner<'_> {
    /// Rules 1 to 3: an entry stays, or its hosts go where they are covered.
    fn add_entry(&mut self, origin: usize, entry: &TlsEntry<'_>, hosts: &[String]) {
        let current = entry.secret.as_deref();
        if entry.hosts.is_empty() {
            self.without_hosts = Some(self.pieces.len());
        }
        if let Some(secret) = current
            && self.coverage.covers_all(secret, hosts)
        {
            self.served
                .extend(hosts.iter().map(|host| route(host, secret)));
            return self.add_whole(origin, entry, hosts, Fate::Served);
        }
        let chosen: Vec<_> = hosts
            .iter()
            .map(|host| self.coverage.choose(host))
            .collect();
        let uncovered = hosts
            .iter()
            .zip(&chosen)
            .filter(|(_, chosen)| chosen.is_none());
        self.uncovered
            .extend(uncovered.map(|(host, _)| host.clone()));
        // Hosts that no rule names are served by what the Secret of such an entry covers.
        let keeps_no_hosts = self.serves_any_host || chosen.contains(&None);
        if entry.hosts.is_empty() && keeps_no_hosts {
            return self.add_whole(origin, entry, hosts, Fate::Kept);
        }
        let served = hosts
            .iter()
            .zip(&chosen)
            .filter_map(|(host, chosen)| Some(route(host, (*chosen)?)));
        self.served.extend(served);
        if chosen.iter().all(|chosen| chosen.or(current) == current) {
            return self.add_whole(origin, entry, hosts, Fate::Kept);
        }
        let mut places = Keys::default();
        for (host, chosen) in hosts.iter().zip(chosen) {
            let target = chosen.or(current);
            let place = places.number(secret(target), self.pieces.len());
            if place == self.pieces.len() {
                self.add(Some(origin), target, Vec::new(), Fate::Moved);
            }
            if let Some(piece) = self.pieces.get_mut(place) {
                piece.hosts.push(host.clone());
                if chosen.is_none() {
                    piece.fate = Fate::Left;
                }
            }
        }
    }

    /// Another entry without hosts, which stands for none: it goes where the first one goes.
    fn add_follower(&mut self, origin: usize, entry: &TlsEntry<'_>) {
        let first = self.without_hosts.and_then(|place| self.pieces.get(place));
        match first {
            Some(first) if first.fate == Fate::Moved => {
                let secret = first.secret.clone();
                self.add(Some(origin), secret.as_deref(), Vec::new(), Fate::Moved);
            }
            _ => self.add_whole(origin, entry, &[], Fate::Kept),
        }
    }

    /// Rule 4: hosts without TLS get it, if they are covered.
    fn add_plain_hosts(&mut self, hosts: &[String]) {
        for host in hosts {
            if let Some(secret) = self.coverage.choose(host) {
                self.served.push(route(host, secret));
                self.add(None, Some(secret), vec![host.clone()], Fate::Moved);
            }
        }
    }

    fn add_whole(&mut self, origin: usize, entry: &TlsEntry<'_>, hosts: &[String], fate: Fate) {
        self.add(Some(origin), entry.secret.as_deref(), hosts.to_vec(), fate);
    }

    fn add(&mut self, origin: Option<usize>, secret: Option<&str>, hosts: Vec<String>, fate: Fate) {
        self.pieces.push(Piece {
            origin,
            secret: secret.map(str::to_owned),
            hosts,
            fate,
        });
    }
}

fn route(host: &str, secret: &str) -> Route {
    Route {
        host: host.to_owned(),
        secret: secret.to_owned(),
    }
}
