//! Ingresses: `spec.tls` names the routing secrets that cover its hosts.

mod messages;
mod plan;
mod restore;
mod tls;

use serde::Deserialize;
use serde_json::{Value, json};

pub(crate) use self::tls::TlsEntry;
use self::{plan::Plan, restore::restore, tls::unnamed_hosts};
use crate::{
    admission::{
        Decision, Kind, Request, ReviewError,
        object::{self, Texts},
        record::{Found, Record, Replaced, foreign_record, oversized_record},
        response::not_using_routing_secrets,
    },
    cert_manager::{makes_routing_secrets, triggers},
    routing::{Cluster, RoutingTable, SecretUse, ServedHost, routing_table},
    settings::{Action, PartlyCovered, PlainHosts, Settings},
};

/// On the Ingresses that cert-manager makes to answer an ACME HTTP-01 challenge.
const SOLVER: &str = "acme.cert-manager.io/http01-solver";
/// Contour reads the Secrets of such an Ingress from another namespace
/// (`internal/dag/ingress_processor.go`).
const CONTOUR_NAMESPACE: &str = "projectcontour.io/tls-cert-namespace";
/// The older way to name the class of an Ingress.
const CLASS: &str = "kubernetes.io/ingress.class";

/// Reviews an Ingress that is created or updated.
///
/// # Errors
/// If it cannot be read, or the look-up of routing secrets fails.
pub(crate) fn review(
    request: &Request,
    settings: &Settings,
    cluster: &impl Cluster,
) -> Result<Decision, ReviewError> {
    if is_untouched(&request.object) {
        return Ok(Decision::accept());
    }
    let submitted = Ingress::read(request)?;
    let original = match Found::of(&request.object) {
        Found::Foreign => return Ok(Decision::accept().warn([foreign_record()])),
        Found::Forgotten => restore(&submitted, &Record::default()),
        Found::Ours(record) => restore(&submitted, &record),
        Found::Absent => match restore::lost_record(&submitted, request.old_object()) {
            Some(record) => restore(&submitted, &record),
            None => submitted.clone(),
        },
    };
    let triggers = triggers(&original.annotations, settings);
    let table = if !reads_other_namespaces(&request.object, settings)
        && asks_for_routing_secrets(&original, &triggers, settings)
    {
        routing_table(request, settings, cluster)?
    } else {
        RoutingTable::new(Vec::new(), settings)
    };
    let outcome = decide(&original, &triggers, &table, settings)?;
    Ok(answer(
        request, &submitted, &original, outcome, &triggers, settings,
    ))
}

/// What the policy reads of an Ingress, and may change in it.
#[derive(Clone, Debug, PartialEq)]
struct Ingress {
    annotations: Texts,
    /// `spec.tls`
    tls: Vec<TlsEntry>,
    /// The hosts of `spec.rules`, in order.
    rule_hosts: Vec<String>,
    /// Whether requests for any other host are served too: there is a rule without a host, or a
    /// default backend.
    serves_any_host: bool,
}

/// A rule of `spec.rules`.
#[derive(Deserialize)]
struct Rule {
    host: Option<String>,
}

impl Ingress {
    fn read(request: &Request) -> Result<Self, ReviewError> {
        let rules: Vec<Rule> = request.field("/spec/rules")?;
        let hosts = rules.into_iter().map(|rule| rule.host.unwrap_or_default());
        let hosts: Vec<_> = hosts.collect();
        Ok(Self {
            tls: request.field("/spec/tls")?,
            serves_any_host: hosts.iter().any(String::is_empty)
                || request.object.pointer("/spec/defaultBackend").is_some(),
            rule_hosts: hosts.into_iter().filter(|host| !host.is_empty()).collect(),
            annotations: request.field("/metadata/annotations")?,
        })
    }
}

/// The Secrets that an Ingress names, and for which hosts; `None` if it cannot be read.
pub(crate) fn secret_uses(ingress: &Value) -> Option<Vec<SecretUse>> {
    let tls: Vec<TlsEntry> = object::field(ingress, "/spec/tls")?;
    let rules: Vec<Rule> = object::field(ingress, "/spec/rules")?;
    let rule_hosts: Vec<_> = rules.into_iter().filter_map(|rule| rule.host).collect();
    let unnamed = unnamed_hosts(&tls, &rule_hosts);
    let uses = tls.into_iter().filter_map(|entry| {
        Some(SecretUse {
            secret: entry.secret_name?,
            hosts: Some(match entry.hosts {
                hosts if hosts.is_empty() => unnamed.clone(),
                hosts => hosts,
            }),
        })
    });
    Some(uses.collect())
}

/// Whether nothing is done to an Ingress, not even what was replaced in it restored.
fn is_untouched(ingress: &Value) -> bool {
    object::is_being_deleted(ingress)
        || object::is_skipped(ingress)
        || object::label(ingress, SOLVER) == Some("true")
}

/// Whether a routing secret could make a difference.
fn asks_for_routing_secrets(original: &Ingress, triggers: &[String], settings: &Settings) -> bool {
    let is_producer =
        !triggers.is_empty() && makes_routing_secrets(&original.annotations, settings);
    if is_producer {
        return false;
    }
    let has_default_entry = original.tls.iter().any(|entry| entry.hosts.is_empty());
    let rule_hosts_count = settings.ingress.plain_hosts == PlainHosts::Secure || has_default_entry;
    let rule_hosts = original.rule_hosts.iter().filter(|_| rule_hosts_count);
    let mut hosts = original
        .tls
        .iter()
        .flat_map(|entry| &entry.hosts)
        .chain(rule_hosts);
    hosts.any(|host| settings.host(host).is_some())
}

/// Whether the controller of an Ingress reads its Secrets from another namespace, where the routing
/// secrets of its own are of no use.
pub(crate) fn reads_other_namespaces(ingress: &Value, settings: &Settings) -> bool {
    let classes = [
        object::text(ingress, "/spec/ingressClassName"),
        object::annotation(ingress, CLASS),
    ];
    let ignored = &settings.ingress.ignored_classes;
    let mut classes = classes.into_iter().flatten();
    object::annotation(ingress, CONTOUR_NAMESPACE).is_some()
        || classes.any(|class| ignored.iter().any(|ignored| ignored == class))
}

/// What becomes of an Ingress.
struct Outcome {
    /// The Ingress that is stored.
    stored: Ingress,
    /// The hosts that routing secrets serve because of this policy.
    served: Vec<ServedHost>,
    warnings: Vec<String>,
    /// Whether entries of routing secrets have no hosts, so that ingress-shim skips them.
    omits_hosts: bool,
}

/// Decides what becomes of an Ingress. ingress-shim must not be made to order a certificate into a
/// routing secret: while there is a trigger, no entry may have both hosts and a routing secret.
fn decide(
    original: &Ingress,
    triggers: &[String],
    table: &RoutingTable<'_>,
    settings: &Settings,
) -> Result<Outcome, ReviewError> {
    let plan = Plan::new(original, table, settings);
    let is_producer = is_producer(original, triggers, table);
    let is_partly_covered = !triggers.is_empty() && !plan.uncovered.is_empty();
    let omits_hosts =
        is_partly_covered && settings.ingress.partly_covered == PartlyCovered::OmitHosts;
    let mut outcome = Outcome {
        stored: original.clone(),
        served: Vec::new(),
        warnings: Vec::new(),
        omits_hosts,
    };
    if is_producer || plan.served.is_empty() {
        // Nothing is to be replaced.
    } else if is_partly_covered && !omits_hosts {
        outcome.warnings = messages::partly_covered(&plan, triggers);
    } else {
        let stored = rewrite(original, &plan, triggers, omits_hosts)?;
        if object::fit(&stored.annotations) {
            outcome.stored = stored;
            outcome.served = plan.served;
        } else {
            outcome.warnings = vec![oversized_record()];
        }
    }
    if !is_producer {
        let is_required = settings.ingress.action == Action::Require;
        let kept = if is_required {
            original
        } else {
            &outcome.stored
        };
        let endangered = messages::endangered(kept, triggers, table);
        outcome.warnings.extend(endangered);
    }
    Ok(outcome)
}

/// Whether ingress-shim makes a routing secret from this Ingress: an entry names one that comes from a
/// Certificate named like it, as ingress-shim names them.
fn is_producer(original: &Ingress, triggers: &[String], table: &RoutingTable<'_>) -> bool {
    let entries = original.tls.iter();
    let mut secrets = entries.filter_map(|entry| entry.secret_name.as_deref());
    !triggers.is_empty() && secrets.any(|secret| table.is_made_by_namesake(secret))
}

/// The Ingress as planned, with the record of what that replaces.
fn rewrite(
    original: &Ingress,
    plan: &Plan,
    triggers: &[String],
    omits_hosts: bool,
) -> Result<Ingress, ReviewError> {
    let mut stored = original.clone();
    let mut record = Record::default();
    stored.tls = plan.tls(&original.tls, omits_hosts);
    if stored.tls != original.tls {
        record.tls = Some(Replaced {
            original: original.tls.clone(),
            applied: stored.tls.clone(),
        });
    }
    for name in triggers.iter().filter(|_| !omits_hosts) {
        if let Some(Value::String(value)) = stored.annotations.remove(name) {
            record.annotations.insert(name.clone(), value);
        }
    }
    record.write(&mut stored.annotations)?;
    Ok(stored)
}

/// The answer: the Ingress as it is stored, or, with `ingress.action: require`, what is wrong with it.
/// The audit scanner and the monitor mode of policy-server count a changed object as a good one.
fn answer(
    request: &Request,
    submitted: &Ingress,
    original: &Ingress,
    outcome: Outcome,
    triggers: &[String],
    settings: &Settings,
) -> Decision {
    let Outcome {
        stored,
        served,
        warnings,
        omits_hosts,
    } = outcome;
    let changes = messages::changes(submitted, &stored, &served);
    let removed = messages::removed_annotations(submitted, &stored);
    match settings.ingress.action {
        Action::Mutate => {
            let object = apply(&request.object, submitted, &stored);
            if object == request.object {
                return Decision::accept().warn(warnings);
            }
            Decision::store(&request.object, object)
                .warn(warnings)
                .warn(messages::changed(&changes, &removed, request.old_object()))
                .audit(served)
        }
        Action::Require => {
            let mut violations = messages::violations(&changes, &removed);
            if omits_hosts && stored != *original {
                violations.extend(messages::listed_hosts(submitted, &served, triggers));
            }
            if violations.is_empty() {
                return Decision::accept().warn(warnings);
            }
            let ingress = object::describe(Kind::Ingress.name(), &request.object);
            Decision::deny(not_using_routing_secrets(&ingress, &violations)).audit(served)
        }
    }
}

/// The object with the stored entries and annotations; everything else stays as it is.
fn apply(object: &Value, submitted: &Ingress, stored: &Ingress) -> Value {
    let mut object = object.clone();
    if submitted.tls != stored.tls
        && let Some(spec) = object.get_mut("spec")
    {
        object::set(spec, "tls", json!(stored.tls));
    }
    object::set_annotations(&mut object, stored.annotations.clone());
    object
}

#[cfg(test)]
mod tests;
