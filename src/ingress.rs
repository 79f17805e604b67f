//! Ingresses: what the author meant, and what the Ingress becomes.
//!
//! A review goes from the request's object to the author's intent ([`restore`]), from there to a
//! [`plan`] of which routing secret serves which host, and from there to the [`outcome`] that is
//! stored, whose difference from the intent is recorded again. Every evaluation starts from the
//! intent, so evaluating a result changes nothing.

mod intent;
mod object;
mod outcome;
mod plan;
mod record;
mod report;
mod restore;
mod trigger;

use serde_json::value::RawValue;

use self::{
    intent::Intent,
    object::Ingress,
    outcome::{Means, Outcome},
    plan::Plan,
    record::RECORD,
    report::{Uses, change_warnings, changes, partly_covered_warnings, violation},
    restore::Past,
    trigger::{makes_routing_secrets, triggers},
};
use crate::{
    decision::Decision,
    lookup::SecretSource,
    names::Host,
    request::Request,
    routing::RoutingTable,
    settings::{Action, PartlyCovered, PlainHosts, Settings},
};

/// An author's word that an object is none of our business.
const SKIP: &str = "routing-secrets-policy/skip";
/// On the Ingresses that cert-manager makes to answer an ACME HTTP-01 challenge.
const SOLVER: &str = "acme.cert-manager.io/http01-solver";
/// Contour reads the Secrets of such an Ingress from another namespace
/// (`internal/dag/ingress_processor.go`).
const CONTOUR_NAMESPACE: &str = "projectcontour.io/tls-cert-namespace";
/// The older way to name the class of an Ingress.
const CLASS: &str = "kubernetes.io/ingress.class";

/// Judges an Ingress that is created or updated.
///
/// # Errors
/// None that is known: what is written was read before.
pub fn review(
    request: &Request<'_>,
    settings: &Settings,
    secrets: &impl SecretSource,
) -> serde_json::Result<Decision> {
    let ingress = match request.object().ok_or("object").and_then(Ingress::parse) {
        Ok(ingress) => ingress,
        Err(field) => return Ok(unreadable(field)),
    };
    if is_left_alone(&ingress, settings) {
        return Ok(Decision::accept());
    }
    let Some(past) = ingress
        .annotations
        .get(RECORD)
        .map_or(Some(Past::default()), read_record)
    else {
        return Ok(Decision::accept().warn([format!(
            "left alone: annotation {RECORD} was not written by this policy; remove it"
        )]));
    };
    let restored = past.annotation_edits(&ingress);
    let intent = Intent::of(&ingress, &past, &restored)?;
    let triggers = triggers(&intent.annotations, settings);
    let table = if asks_for_routing_secrets(&intent, &triggers, settings) {
        let namespace = request
            .namespace()
            .map(str::to_owned)
            .or_else(|| ingress.metadata.text("namespace"));
        let Some(namespace) = namespace else {
            return Ok(unreadable("namespace"));
        };
        match secrets.routing_secrets(&namespace) {
            Ok(secrets) => RoutingTable::new(secrets, settings.wildcards),
            Err(error) => return Ok(Decision::fail(error.to_string(), 500)),
        }
    } else {
        RoutingTable::default()
    };
    let plan = Plan::new(&intent, &table, settings);
    let course = if plan.served.is_empty() || is_producer(&intent, &triggers, &table) {
        Course::AsIntended
    } else {
        Course::of(&plan, &triggers, settings)
    };
    let (outcome, warnings, plan) = match course {
        Course::AsIntended => (Outcome::intended(&intent), Vec::new(), Plan::default()),
        Course::Leave(warnings) => (Outcome::intended(&intent), warnings, Plan::default()),
        Course::Rewrite(means) => {
            let outcome = Outcome::planned(&intent, &plan, means)?;
            if outcome.fits(&intent) {
                (outcome, Vec::new(), plan)
            } else {
                let warning = format!(
                    "left as it is: annotation {RECORD} would be more than Kubernetes stores"
                );
                (Outcome::intended(&intent), vec![warning], Plan::default())
            }
        }
    };
    let Some(object) = outcome.apply(&ingress)? else {
        return Ok(Decision::accept().warn(warnings));
    };
    let found = Uses::of(&ingress.tls, &ingress.rule_hosts);
    let intended = Uses::of(&intent.tls, &ingress.rule_hosts);
    let changes = changes(&found, &intended, &plan.served);
    let removed = outcome.removed_annotations(&ingress);
    let decision = match settings.ingress.action {
        Action::Mutate => {
            Decision::mutate(object).warn(change_warnings(&changes, &removed, request.is_update()))
        }
        Action::Require => violation(&ingress.to_string(), &changes, &removed)
            .map_or_else(Decision::accept, Decision::reject),
    };
    Ok(decision.warn(warnings).audit(plan.served))
}

/// What is done about an Ingress of which some hosts are covered.
enum Course<'a> {
    /// What the author wants is what is stored.
    AsIntended,
    /// The same, and the author is warned.
    Leave(Vec<String>),
    /// The plan is carried out.
    Rewrite(Means<'a>),
}

impl<'a> Course<'a> {
    /// ingress-shim must not order a certificate into a routing secret, so while there is a trigger,
    /// no entry that it looks at may name one.
    fn of(plan: &Plan, triggers: &'a [String], settings: &Settings) -> Self {
        if triggers.is_empty() || plan.uncovered.is_empty() {
            return Self::Rewrite(Means {
                remove: triggers,
                omit_hosts: false,
            });
        }
        match settings.ingress.partly_covered {
            PartlyCovered::Leave => Self::Leave(partly_covered_warnings(plan, triggers)),
            PartlyCovered::OmitHosts => Self::Rewrite(Means {
                remove: &[],
                omit_hosts: true,
            }),
        }
    }
}

/// Whether no rule applies to an Ingress, whatever its hosts are.
fn is_left_alone(ingress: &Ingress<'_>, settings: &Settings) -> bool {
    let annotation = |name| ingress.annotations.text(name);
    let classes = [ingress.spec.text("ingressClassName"), annotation(CLASS)];
    annotation(SKIP).as_deref() == Some("true")
        || ingress.labels.text(SOLVER).as_deref() == Some("true")
        || ingress.metadata.get("deletionTimestamp").is_some()
        || ingress.annotations.raw(CONTOUR_NAMESPACE).is_some()
        || classes
            .iter()
            .flatten()
            .any(|class| settings.ingress.ignored_classes.contains(class))
}

/// Whether a routing secret could make a difference.
fn asks_for_routing_secrets(intent: &Intent<'_>, triggers: &[String], settings: &Settings) -> bool {
    let counts =
        settings.ingress.plain_hosts == PlainHosts::Secure || intent.has_entry_without_hosts();
    let plain = intent.unnamed.iter().filter(|_| counts);
    let mut hosts = intent
        .tls
        .iter()
        .flat_map(|entry| &entry.hosts)
        .chain(plain);
    let is_template_producer =
        !triggers.is_empty() && makes_routing_secrets(&intent.annotations, settings);
    !is_template_producer
        && hosts.any(|host| Host::parse(host).is_some_and(|host| !settings.ignores(&host)))
}

/// Whether ingress-shim makes a routing secret from this Ingress: it labels its Secrets so, or an entry
/// names one that comes from a Certificate named like it, as ingress-shim names them.
fn is_producer(intent: &Intent<'_>, triggers: &[String], table: &RoutingTable) -> bool {
    let mut named = intent
        .tls
        .iter()
        .filter_map(|entry| entry.secret.as_deref());
    !triggers.is_empty() && named.any(|secret| table.is_made_by_namesake(secret))
}

/// Reads the annotation that holds the record.
fn read_record(annotation: &RawValue) -> Option<Past> {
    Past::parse(&serde_json::from_str::<String>(annotation.get()).ok()?)
}

/// Names a field, and nothing of its content, which may be anything.
fn unreadable(field: &str) -> Decision {
    Decision::fail(
        format!("the Ingress cannot be read: {field} is missing or of the wrong type"),
        400,
    )
}
