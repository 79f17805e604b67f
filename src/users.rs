//! The Ingresses, Gateways and ListenerSets of a namespace that name a Secret, which is deleted, changed or
//! not made any more.

use serde_json::Value;

use crate::{
    admission::{
        Kind, Request, ReviewError,
        object::{self, Texts},
    },
    cluster::{Cluster, LookupError},
    ecosystem,
    objects::{Gateway, GatewayRecord, Ingress, IngressRecord, SecretUse},
    record::is_foreign,
    routing::RoutingTable,
    settings::{Action, Settings, Triggered},
};

/// The kinds whose objects name Secrets, and the fields to ask for; metadata comes along.
const KINDS: [(Kind, &[&str]); 3] = [
    (Kind::Ingress, &["spec.defaultBackend", "spec.ingressClassName", "spec.rules.host", "spec.tls"]),
    (Kind::Gateway, &["spec.gatewayClassName", "spec.listeners"]),
    (Kind::ListenerSet, &["spec.listeners"]),
];

/// An object that names Secrets of its namespace.
#[derive(Clone, Debug)]
pub(crate) struct SecretUser {
    pub(crate) kind: Kind,
    pub(crate) name: String,
    /// Whether its author takes it out of the policy's hands.
    pub(crate) is_skipped: bool,
    /// Whether it stays as its author wants it, whatever routing secrets there are.
    is_left_to_author: bool,
    /// Whether it moves only if all of its TLS hosts are covered.
    moves_as_a_whole: bool,
    annotations: Texts,
    uses: Vec<SecretUse>,
}

/// The users of Secrets in a namespace, by name, one kind after the other: a kind is looked up when it is
/// asked for.
pub(crate) fn by_kind(
    namespace: &str,
    settings: &Settings,
    cluster: &impl Cluster,
) -> impl Iterator<Item = Result<Vec<SecretUser>, LookupError>> {
    KINDS.into_iter().map(move |(kind, fields)| {
        let items = cluster.list(kind, namespace, fields)?;
        let mut users: Vec<_> =
            items.iter().filter_map(|item| SecretUser::read(kind, item, settings)).collect();
        users.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(users)
    })
}

/// The users of the first kind that has some that count, by name: no other kind is asked for then. Fails if
/// they cannot be read.
pub(crate) fn first(
    namespace: &str,
    settings: &Settings,
    cluster: &impl Cluster,
    counts: impl Fn(&SecretUser) -> bool,
) -> Result<Vec<SecretUser>, LookupError> {
    for users in by_kind(namespace, settings, cluster) {
        let mut users = users?;
        users.retain(&counts);
        if !users.is_empty() {
            return Ok(users);
        }
    }
    Ok(Vec::new())
}

/// A Secret that would not be made any more, and an object that needs it.
#[derive(Debug)]
pub(crate) struct Need {
    pub(crate) secret: String,
    user: String,
}

impl Need {
    pub(crate) fn warning(&self) -> String {
        format!("keeps Secret {}: {} uses it", self.secret, self.user)
    }
}

/// The objects, besides the one under review, that need one of these Secrets, which would not be made any
/// more. Objects that would move themselves do not count, or two Ingresses with one Secret would hold each
/// other. No kind is looked up after each Secret is known to be needed. Fails if one cannot be looked up.
pub(crate) fn who_needs(
    unmade: &[String],
    kind: Kind,
    request: &Request,
    table: &RoutingTable<'_>,
    cluster: &impl Cluster,
) -> Result<Vec<Need>, ReviewError> {
    let settings = table.settings();
    let own_name = object::name(&request.object);
    let mut needs: Vec<Need> = Vec::new();
    let mut kinds = by_kind(request.namespace()?, settings, cluster);
    while !unmade.iter().all(|secret| needs.iter().any(|need| need.secret == *secret))
        && let Some(users) = kinds.next()
    {
        for user in users? {
            let is_other = user.kind != kind || user.name != own_name;
            // What is only required to move may stay.
            let moves = action(user.kind, settings) == Action::Mutate
                || action(user.kind, settings) == action(kind, settings);
            let needed = unmade.iter().filter(|secret| {
                is_other
                    && user.needs(secret, settings)
                    && !(moves && user.moves_from(secret, table, settings))
            });
            needs.extend(needed.map(|secret| Need { secret: secret.clone(), user: user.describe() }));
        }
    }
    Ok(needs)
}

fn action(kind: Kind, settings: &Settings) -> Action {
    if kind == Kind::Ingress { settings.ingress.action } else { settings.gateway.action }
}

impl SecretUser {
    /// Reads an item of a list; `None` if it cannot be read, is being deleted, or its Secrets are not those
    /// of its namespace.
    fn read(kind: Kind, item: &Value, settings: &Settings) -> Option<Self> {
        if object::is_being_deleted(item) {
            return None;
        }
        let mut user = Self {
            kind,
            name: object::name(item).to_owned(),
            is_skipped: object::is_skipped(item),
            is_left_to_author: object::is_skipped(item),
            moves_as_a_whole: false,
            annotations: Texts::new(),
            uses: Vec::new(),
        };
        if kind == Kind::Ingress {
            let ingress = Ingress::read(item).ok()?;
            if ingress.has_class(&settings.ingress.ignored_classes)
                || ecosystem::reads_other_namespace(&ingress.annotations)
            {
                return None;
            }
            user.is_left_to_author |= ingress.is_left_to_author(settings)
                || ingress.owner.is_some()
                || is_foreign::<IngressRecord>(item);
            user.moves_as_a_whole = ingress.moves_as_a_whole(settings);
            user.uses = ingress.secret_uses();
            user.annotations = ingress.annotations;
        } else {
            let gateway = Gateway::read(item, object::text(item, "metadata.namespace")).ok()?;
            if gateway.has_class(&settings.gateway.ignored_classes) {
                return None;
            }
            user.is_left_to_author |= gateway.is_left_to_author(settings)
                || gateway.owner.is_some()
                || is_foreign::<GatewayRecord>(item)
                || !gateway.other_issuers(settings).is_empty()
                || gateway.is_triggered(kind) && settings.gateway.triggered == Triggered::Leave;
            user.uses = gateway.secret_uses();
            user.annotations = gateway.annotations;
        }
        Some(user)
    }

    pub(crate) fn describe(&self) -> String {
        format!("{} {}", self.kind.names().kind, self.name)
    }

    /// Whether it names a Secret, or an annotation of it reads the Secret.
    pub(crate) fn needs(&self, secret: &str, settings: &Settings) -> bool {
        self.uses_of(secret).next().is_some() || self.reader_of(secret, settings).is_some()
    }

    /// The annotation of it that reads a Secret.
    pub(crate) fn reader_of(&self, secret: &str, settings: &Settings) -> Option<&str> {
        ecosystem::reader_of(secret, &self.annotations, &settings.ingress.issuer_annotations)
    }

    /// Whether the next write has it name routing secrets in the place of a Secret.
    pub(crate) fn moves_from(&self, secret: &str, table: &RoutingTable<'_>, settings: &Settings) -> bool {
        !self.is_left_to_author
            && self.reader_of(secret, settings).is_none()
            && self.uses.iter().filter(|used| used.secret == secret || self.moves_as_a_whole).all(|used| {
                used.is_movable
                    && used.hosts.iter().all(|host| self.routing_secret_for(host, table).is_some())
            })
    }

    /// The routing secret that the next write has it name for a host.
    pub(crate) fn routing_secret_for<'a>(&self, host: &str, table: &'a RoutingTable<'_>) -> Option<&'a str> {
        let others = ecosystem::served_together(host, &self.annotations);
        table.choose_together(host, &others).filter(|_| !self.is_left_to_author)
    }

    pub(crate) fn uses_of(&self, secret: &str) -> impl Iterator<Item = &SecretUse> {
        self.uses.iter().filter(move |used| used.secret == secret)
    }
}
