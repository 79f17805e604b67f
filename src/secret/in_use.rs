//! A routing secret that goes, or is renewed with fewer names, while Ingresses, Gateways and ListenerSets
//! still name it: nothing writes these, so their hosts would fail until somebody does.

use std::collections::BTreeSet;

use crate::{
    admission::{
        Decision, Kind, Request, ReviewError,
        object::{self, SKIP},
        response::message_list,
    },
    cluster::Cluster,
    host::Host,
    objects::Secret,
    routing::{RoutingSecret, RoutingTable},
    settings::{InUse, Settings},
    users::{self, SecretUser},
    x509::leaf::Leaf,
};

/// The users that clean up after a deletion, and must not be held up.
const CLEANERS: [&str; 3] = [
    "system:serviceaccount:kube-system:namespace-controller",
    "system:serviceaccount:kube-system:generic-garbage-collector",
    "system:kube-controller-manager",
];

/// Reviews a write after which hosts may have lost their certificate, at the second `now` since 1970: `old`
/// is deleted, or stored as `new` without its label or with another certificate. What is accepted comes with
/// warnings. Fails if it is denied that hosts lose their certificate, and it is not known whether some do.
pub(super) fn review(
    request: &Request,
    old: Option<&Secret>,
    new: Option<&Secret>,
    settings: &Settings,
    cluster: &impl Cluster,
    now: u64,
) -> Result<Decision, ReviewError> {
    let is_cleaner = request.user().is_some_and(|user| CLEANERS.contains(&user));
    let lost_names = old
        .filter(|_| settings.secret.in_use != InUse::Ignore && !is_cleaner)
        .and_then(|old| LostNames::of(old, new, settings, now));
    let Some(lost_names) = lost_names else {
        return Ok(Decision::accept());
    };
    // A renewal is written by a machine, which would try for ever while the certificate expires for all
    // hosts.
    let is_renewal = object::label(&request.object, &settings.routing_label).is_some();
    let may_deny = settings.secret.in_use == InUse::Deny && !is_renewal;
    let namespace = request.namespace()?;
    let users = match users::by_kind(namespace, settings, cluster).collect::<Result<Vec<_>, _>>() {
        Ok(users) => users.concat(),
        Err(error) if may_deny => return Err(error.into()),
        Err(error) => {
            let name = &lost_names.old.name;
            let warning = format!("Secret {name}: cannot look up who still uses it");
            return Ok(Decision::accept().warn([warning, error.brief()]));
        }
    };
    if !users.iter().any(|user| user.needs(&lost_names.old.name, settings)) {
        return Ok(Decision::accept());
    }
    // The lost hosts are known without the other routing secrets.
    let mut secrets = cluster.routing_secrets(namespace).unwrap_or_default();
    secrets.retain(|secret| secret.name != lost_names.old.name);
    let table = RoutingTable::new(secrets, settings);
    let mut lost = Vec::new();
    let mut kinds = BTreeSet::new();
    for user in &users {
        let hosts = lost_names.hosts_of(user, &table, settings);
        if !hosts.is_empty() {
            kinds.insert(user.kind.names().short);
        }
        lost.extend(hosts);
    }
    // Certificates come last: they may be needed again.
    let (kinds, certificates) = (Vec::from_iter(kinds).join(","), Kind::Certificate.names().short);
    let refresh = format!(
        "for k in {kinds} {certificates}; do \
         kubectl annotate $k --all --overwrite at={now} -n {namespace}; done"
    );
    Ok(if lost.is_empty() {
        Decision::accept()
    } else if may_deny {
        let (name, lost) = (&lost_names.old.name, message_list(&lost));
        Decision::deny(format!(
            "Secret {namespace}/{name} is still in use: {lost}. To retire it, run \
             (kubectl annotate secret {name} -n {namespace} {SKIP}=true), then ({refresh}), and try again. \
             A manifest that names it must name another Secret [in-use]"
        ))
    } else {
        Decision::accept().warn([refresh]).warn(lost)
    })
}

/// A routing secret of which hosts may lose their certificate.
struct LostNames<'a> {
    leaf: &'a Leaf,
    old: RoutingSecret,
    is_deleted: bool,
    /// The same with its new certificate, if it stays a routing secret that is usable.
    new: Option<RoutingSecret>,
}

impl<'a> LostNames<'a> {
    /// `None` if there is nothing to ask: it is no routing secret, was not usable, or keeps its label and its
    /// names.
    fn of(old: &'a Secret, new: Option<&Secret>, settings: &Settings, now: u64) -> Option<Self> {
        let routing_secret = |secret: &Secret| {
            let leaf = secret.leaf.clone().filter(|_| secret.is_routing_secret())?;
            Some(RoutingSecret::new(secret.name.clone(), Ok(leaf), settings.wildcards, now))
        };
        let (leaf, is_deleted) = (old.leaf.as_ref()?, new.is_none());
        let (old, new) = (routing_secret(old)?, new.and_then(routing_secret));
        let has_all_names = |new: &RoutingSecret| old.names.iter().all(|name| new.names.contains(name));
        if old.not_after.is_err() || new.as_ref().is_some_and(has_all_names) {
            return None;
        }
        Some(Self { leaf, old, is_deleted, new: new.filter(|new| new.not_after.is_ok()) })
    }

    /// What is said of the hosts for which a user names it, which it covered and covers no more, and of an
    /// annotation that reads it.
    fn hosts_of(&self, user: &SecretUser, table: &RoutingTable<'_>, settings: &Settings) -> Vec<String> {
        let name = user.describe();
        let covers = |secret: &RoutingSecret, host: &str| {
            Host::parse(host).is_some_and(|host| secret.fit(&host).is_some())
        };
        let is_lost =
            |host: &str| covers(&self.old, host) && !self.new.as_ref().is_some_and(|new| covers(new, host));
        let reader = user.reader_of(&self.old.name, settings).filter(|_| self.is_deleted);
        let mut lost: Vec<_> =
            reader.iter().map(|annotation| format!("{name}: {annotation} still reads this Secret")).collect();
        let mut seen = BTreeSet::new();
        for used in user.uses_of(&self.old.name) {
            let names = self.leaf.dns_names.iter().filter(|_| used.serves_any_host);
            for host in used.hosts.iter().chain(names) {
                if is_lost(host) && seen.insert(host.to_ascii_lowercase()) {
                    let successor = user.routing_secret_for(host, table).filter(|_| used.is_movable);
                    let then = successor.map(|next| format!("; {next} is next")).unwrap_or_default();
                    lost.push(format!("{name}: {host} still names this Secret{then}"));
                }
            }
        }
        lost
    }
}
