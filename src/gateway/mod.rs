//! Gateways and ListenerSets: their listeners name the routing secrets that cover their hosts.
//!
//! cert-manager's annotations are never removed here: ListenerSets inherit them from their Gateway, and
//! cert-manager needs them to delete Certificates that nothing uses any more
//! (`pkg/controller/certificate-shim`, `inheritAnnotations` and `SyncFnFor`). It is told to ignore
//! single listeners instead.

mod ignore_list;
mod listener;
mod messages;
mod plan;
mod restore;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use self::{
    ignore_list::IGNORE_LIST,
    listener::{Listener, ListenerItem},
    plan::Plan,
    restore::{lost_record, restore},
};
use crate::{
    admission::{
        Decision, Kind, Request, ReviewError,
        object::{self, Texts},
        record::{Found, Record, Replaced, foreign_record, oversized_record},
        response::not_using_routing_secrets,
    },
    cert_manager::{makes_routing_secrets, names_issuer},
    routing::{Cluster, RoutingTable, SecretUse, routing_table},
    settings::{Action, Settings, Triggered},
};

/// Reviews a Gateway or ListenerSet that is created or updated.
///
/// # Errors
/// If it cannot be read, or the look-up of routing secrets fails.
pub(crate) fn review(
    request: &Request,
    kind: Kind,
    settings: &Settings,
    cluster: &impl Cluster,
) -> Result<Decision, ReviewError> {
    if object::is_being_deleted(&request.object) || object::is_skipped(&request.object) {
        return Ok(Decision::accept());
    }
    let submitted = Gateway::read(request)?;
    let record = match Found::of(&request.object) {
        Found::Foreign => return Ok(Decision::accept().warn([foreign_record()])),
        Found::Forgotten => Record::default(),
        Found::Ours(record) => record,
        Found::Absent => lost_record(&submitted, request.old_object()).unwrap_or_default(),
    };
    let original = restore(&submitted, &record);
    let table = if !is_of_ignored_class(&request.object, settings)
        && asks_for_routing_secrets(&original, settings)
    {
        routing_table(request, settings, cluster)?
    } else {
        RoutingTable::new(Vec::new(), settings)
    };
    // A ListenerSet inherits the annotation from its Gateway, which is not read.
    let is_triggered = kind == Kind::ListenerSet || names_issuer(&original.annotations);
    let plan = Plan::new(&original, &table, is_triggered);
    let rewritten = rewrite(&original, &plan)?;
    let (stored, served, mut warnings) = if rewritten == original {
        (rewritten, Vec::new(), messages::held_back(&plan))
    } else if is_triggered && settings.gateway.triggered == Triggered::Leave {
        (original.clone(), Vec::new(), messages::left(&plan))
    } else if !object::fit(&rewritten.annotations) {
        (original.clone(), Vec::new(), vec![oversized_record()])
    } else {
        let warnings = messages::held_back(&plan);
        (rewritten, plan.served, warnings)
    };
    warnings.extend(messages::unserved(&stored, &table, is_triggered));
    let object = apply(&request.object, &submitted, &stored);
    if object == request.object {
        return Ok(Decision::accept().warn(warnings));
    }
    Ok(match settings.gateway.action {
        Action::Mutate => Decision::store(&request.object, object)
            .warn(warnings)
            .warn(messages::changed(&submitted, &original, &stored))
            .audit(served),
        Action::Require => match messages::violations(&submitted, &stored) {
            violations if violations.is_empty() => Decision::accept().warn(warnings),
            violations => {
                let gateway = object::describe(kind.name(), &request.object);
                Decision::deny(not_using_routing_secrets(&gateway, &violations)).audit(served)
            }
        },
    })
}

/// What the policy reads of a Gateway or ListenerSet, and may change in it.
#[derive(Clone, Debug, PartialEq)]
struct Gateway {
    annotations: Texts,
    /// `spec.listeners`
    listeners: Vec<Listener>,
}

impl Gateway {
    fn read(request: &Request) -> Result<Self, ReviewError> {
        let items: Vec<ListenerItem> = request.field("/spec/listeners")?;
        let namespace = request.namespace().ok();
        let items = items.into_iter();
        let mut listeners: Vec<_> = items.map(|item| Listener::new(item, namespace)).collect();
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for listener in &listeners {
            *counts.entry(listener.name.clone()).or_default() += 1;
        }
        // The API server refuses listeners of one name, which nothing here could tell apart.
        for listener in &mut listeners {
            listener.is_rewritable &= counts.get(&listener.name) == Some(&1);
        }
        Ok(Self {
            annotations: request.field("/metadata/annotations")?,
            listeners,
        })
    }

    /// The annotation that makes cert-manager ignore listeners.
    fn ignore_list(&self) -> Option<&str> {
        self.annotations.get(IGNORE_LIST)?.as_str()
    }

    /// The hostnames of the listeners that name a Secret.
    fn hosts_of(&self, secret: &str) -> impl Iterator<Item = &String> {
        let listeners = self.listeners.iter();
        let listeners =
            listeners.filter(move |listener| listener.secrets().any(|named| named == secret));
        listeners.map(|listener| &listener.hostname)
    }

    /// The listeners that cert-manager ignores.
    fn ignored_listeners(&self) -> BTreeSet<&str> {
        self.ignore_list()
            .map(ignore_list::names)
            .unwrap_or_default()
    }

    fn set_ignore_list(&mut self, list: Option<String>) {
        match list {
            Some(list) => self.annotations.insert(IGNORE_LIST.to_owned(), json!(list)),
            None => self.annotations.remove(IGNORE_LIST),
        };
    }
}

/// Whether the class of a Gateway is one that is left alone.
pub(crate) fn is_of_ignored_class(gateway: &Value, settings: &Settings) -> bool {
    let class = object::text(gateway, "/spec/gatewayClassName");
    let mut ignored = settings.gateway.ignored_classes.iter();
    ignored.any(|ignored| class == Some(ignored))
}

/// The Secrets that a Gateway or ListenerSet names, and for which hosts; `None` if it cannot be read.
pub(crate) fn secret_uses(gateway: &Value) -> Option<Vec<SecretUse>> {
    let items: Vec<ListenerItem> = object::field(gateway, "/spec/listeners")?;
    let namespace = object::text(gateway, "/metadata/namespace");
    let mut uses = Vec::new();
    for listener in items.into_iter().map(|item| Listener::new(item, namespace)) {
        let hosts = Some(vec![listener.hostname.clone()]);
        uses.extend(listener.secrets().map(|secret| SecretUse {
            secret: secret.to_owned(),
            hosts: hosts.clone().filter(|_| !listener.hostname.is_empty()),
        }));
    }
    Some(uses)
}

/// Whether a routing secret could make a difference. From an object whose secret template has the
/// routing label, cert-manager makes routing secrets.
fn asks_for_routing_secrets(original: &Gateway, settings: &Settings) -> bool {
    let mut listeners = original
        .listeners
        .iter()
        .filter(|listener| listener.is_rewritable);
    !makes_routing_secrets(&original.annotations, settings)
        && listeners.any(|listener| settings.host(&listener.hostname).is_some())
}

/// The object as planned, with the record of what that replaces.
fn rewrite(original: &Gateway, plan: &Plan) -> Result<Gateway, ReviewError> {
    let mut stored = original.clone();
    let mut record = Record::default();
    for (listener, applied) in stored.listeners.iter_mut().zip(&plan.secrets) {
        if let (Some(original), Some(applied)) = (listener.secret(), applied)
            && original != applied
        {
            let replaced = Replaced {
                original: original.to_owned(),
                applied: applied.clone(),
            };
            record.listeners.insert(listener.name.clone(), replaced);
            listener.set_secret(applied);
        }
    }
    if !plan.ignored.is_empty() {
        let list = ignore_list::with(original.ignore_list(), &plan.ignored);
        stored.set_ignore_list(Some(list));
        record.ignored_listeners.clone_from(&plan.ignored);
    }
    record.write(&mut stored.annotations)?;
    Ok(stored)
}

/// The object with the stored Secrets and annotations; everything else stays as it is.
fn apply(object: &Value, submitted: &Gateway, stored: &Gateway) -> Value {
    let mut object = object.clone();
    let listeners = submitted
        .listeners
        .iter()
        .zip(&stored.listeners)
        .enumerate();
    for (place, (found, stored)) in listeners {
        let pointer = format!("/spec/listeners/{place}/tls/certificateRefs/0");
        if found != stored
            && let Some(reference) = object.pointer_mut(&pointer)
        {
            object::set(reference, "name", json!(stored.secret()));
        }
    }
    object::set_annotations(&mut object, stored.annotations.clone());
    object
}
