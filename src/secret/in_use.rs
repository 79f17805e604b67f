//! A routing secret that goes, or is renewed with fewer names, while Ingresses, Gateways and ListenerSets
//! still name it: nothing writes these, so their hosts would fail until somebody does.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{MIRRORS, is_routing_secret, leaf};
use crate::{
    admission::{
        Decision, Kind, Request, ReviewError,
        object::{self, SKIP},
        response::{LONGEST_WARNING, join},
    },
    routing::{
        Cluster, Host, RoutingTable, SecretUser, ServingCertificate, secret::CERTIFICATE_NAME,
    },
    settings::{InUse, Settings},
    x509::leaf::Leaf,
};

/// Who cleans up after a deletion, and must not be held up.
const CLEANERS: [&str; 3] = [
    "system:serviceaccount:kube-system:namespace-controller",
    "system:serviceaccount:kube-system:generic-garbage-collector",
    "system:kube-controller-manager",
];

/// A host that a write leaves without its certificate.
struct LostHost<'a> {
    user: &'a SecretUser,
    host: String,
    /// The routing secret that the next write of the user gives it.
    successor: Option<String>,
}

/// Reviews that a routing secret goes at the second `now` since 1970: it is deleted, or is stored as `new`
/// without its label or with another certificate. What is accepted comes with warnings.
///
/// # Errors
/// If nobody may be left without a certificate, and it is not known who would be.
pub(super) fn review(
    request: &Request,
    new: Option<&Value>,
    settings: &Settings,
    cluster: &impl Cluster,
    now: u64,
) -> Result<Decision, ReviewError> {
    let Some(going) = Going::of(request, new, settings, now) else {
        return Ok(Decision::accept());
    };
    // A machine would try again for ever, and let the certificate expire for all hosts.
    let is_machine = new.is_some_and(|new| {
        let annotations = MIRRORS.iter().chain([&CERTIFICATE_NAME]);
        let mut annotations = annotations.filter_map(|name| object::annotation(new, name));
        annotations.next().is_some()
    });
    let may_deny = settings.secret.in_use == InUse::Deny && !is_machine;
    let namespace = request.namespace()?;
    let users = match cluster.secret_users(namespace) {
        Ok(users) => users,
        Err(error) if may_deny => return Err(error.into()),
        Err(error) => {
            let secret = object::describe(Kind::Secret.name(), going.old);
            let warning = format!("{secret}: it is not known who still names it");
            return Ok(Decision::accept().warn([warning, error.brief()]));
        }
    };
    if !users.iter().any(|user| user.names(&going.name)) {
        return Ok(Decision::accept());
    }
    // Who is left without a certificate is known without the others.
    let mut secrets = cluster.routing_secrets(namespace).unwrap_or_default();
    secrets.retain(|secret| secret.name != going.name);
    let table = RoutingTable::new(secrets, settings);
    let lost = going.lost_hosts(&users, &table, settings);
    if lost.is_empty() {
        return Ok(Decision::accept());
    }
    let refresh = refresh(namespace, &lost, now);
    Ok(if may_deny {
        Decision::deny(denial(going.old, &lost, &refresh))
    } else {
        let lost = lost.iter().map(|lost| lost.describe("this Secret"));
        Decision::accept().warn(refresh).warn(lost)
    })
}

/// A routing secret of which hosts may lose their certificate.
struct Going<'a> {
    name: String,
    /// The Secret that is stored now.
    old: &'a Value,
    leaf: Leaf,
    certificate: ServingCertificate,
    /// What its new certificate is good for, if it stays a routing secret.
    successor: Option<ServingCertificate>,
}

impl<'a> Going<'a> {
    /// The routing secret that goes by a write; `None` if there is nothing to ask: it is none, was not
    /// usable, or keeps its label and its names.
    fn of(
        request: &'a Request,
        new: Option<&Value>,
        settings: &Settings,
        now: u64,
    ) -> Option<Self> {
        let old = request.stored_object()?;
        let is_cleaner = request.user().is_some_and(|user| CLEANERS.contains(&user));
        let label = &settings.routing_label;
        if settings.secret.in_use == InUse::Ignore || is_cleaner || !is_routing_secret(old, label) {
            return None;
        }
        let serving = |leaf: &Leaf| ServingCertificate::new(leaf, settings.wildcards, now);
        let old_leaf = leaf(old)?;
        let new_leaf = new
            .filter(|new| is_routing_secret(new, label))
            .and_then(leaf);
        if new_leaf
            .as_ref()
            .is_some_and(|new| has_names(new, &old_leaf))
        {
            return None;
        }
        Some(Self {
            name: object::text(old, "/metadata/name")?.to_owned(),
            old,
            certificate: serving(&old_leaf).ok()?,
            leaf: old_leaf,
            successor: new_leaf.and_then(|leaf| serving(&leaf).ok()),
        })
    }

    /// The hosts for which users name it, that it covered, and that it covers no more.
    fn lost_hosts<'b>(
        &self,
        users: &'b [SecretUser],
        table: &RoutingTable<'_>,
        settings: &Settings,
    ) -> Vec<LostHost<'b>> {
        let covers = |certificate: &ServingCertificate, host: &str| {
            let host = Host::parse(host);
            host.is_some_and(|host| certificate.fit(&host, settings.wildcards).is_some())
        };
        let is_lost = |host: &str| {
            covers(&self.certificate, host)
                && !self.successor.as_ref().is_some_and(|new| covers(new, host))
        };
        let mut lost = Vec::new();
        for user in users {
            let mut seen = BTreeSet::new();
            for used in user.uses_of(&self.name) {
                // The policy moves no listener without hostname.
                let moves = used.hosts.is_some() && !user.is_skipped;
                let hosts = used.hosts.as_ref().unwrap_or(&self.leaf.dns_names);
                for host in hosts.iter().filter(|host| is_lost(host)) {
                    let successor = table.choose(host).filter(|_| moves);
                    if seen.insert(host.to_ascii_lowercase()) {
                        lost.push(LostHost {
                            user,
                            host: host.clone(),
                            successor: successor.map(str::to_owned),
                        });
                    }
                }
            }
        }
        lost
    }
}

impl LostHost<'_> {
    fn describe(&self, secret: &str) -> String {
        let (kind, name) = (self.user.kind.name(), &self.user.name);
        let then = self.successor.as_ref();
        let then = then.map(|next| format!("; routing secret {next} covers it, too"));
        format!(
            "{kind} {name}: {} still names {secret}{}",
            self.host,
            then.unwrap_or_default()
        )
    }
}

/// Whether a leaf has all names of another one.
fn has_names(leaf: &Leaf, other: &Leaf) -> bool {
    let names = |leaf: &Leaf| -> BTreeSet<_> {
        let names = leaf.dns_names.iter();
        names.map(|name| name.to_ascii_lowercase()).collect()
    };
    names(leaf).is_superset(&names(other))
}

/// What kubectl takes for a kind: a warning must be short.
fn short_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Ingress => "ing",
        Kind::Gateway => "gtw",
        Kind::ListenerSet => "lset",
        Kind::Certificate | Kind::Secret => kind.resources(),
    }
}

/// The commands that write those who name the Secret, and then Certificates, which may be needed again: one
/// line, if that is not too long for a warning.
fn refresh(namespace: &str, lost: &[LostHost<'_>], now: u64) -> Vec<String> {
    let kinds: BTreeSet<_> = lost.iter().map(|lost| short_name(lost.user.kind)).collect();
    let kinds = Vec::from_iter(kinds);
    let annotate =
        |kind: &str| format!("kubectl annotate {kind} --all --overwrite at={now} -n {namespace}");
    let line = format!(
        "for k in {} cert; do {}; done",
        kinds.join(","),
        annotate("$k")
    );
    if line.chars().count() <= LONGEST_WARNING {
        return vec![line];
    }
    kinds.into_iter().chain(["cert"]).map(annotate).collect()
}

fn denial(secret: &Value, lost: &[LostHost<'_>], refresh: &[String]) -> String {
    let namespace = object::text(secret, "/metadata/namespace").unwrap_or_default();
    let name = object::text(secret, "/metadata/name").unwrap_or_default();
    let secret = object::describe(Kind::Secret.name(), secret);
    let lost = join(lost.iter().map(|lost| lost.describe("it")), "; ");
    format!(
        "{secret} is still in use: {lost}. To retire it, set {SKIP}=\"true\" on it \
         (kubectl annotate secret {name} -n {namespace} {SKIP}=true), have what names it written \
         ({}), and try again; an author who named it himself must name another one [in-use]",
        refresh.join("; ")
    )
}
