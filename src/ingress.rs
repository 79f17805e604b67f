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
    report::{
        Uses, annotation_faults, change_warnings, changes, danger_warnings, host_faults,
        listed_hosts_faults, partly_covered_warnings, violation,
    },
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
    let case = Case {
        ingress: &ingress,
        intent: &intent,
        triggers: &triggers,
        table: &table,
        plan: &plan,
    };
    match settings.ingress.action {
        Action::Mutate => case.mutate(case.course(settings), request.is_update()),
        Action::Require => case.require(case.course(settings)),
    }
}

/// What is done about an Ingress.
enum Course<'a> {
    /// What the author wants is what is stored.
    AsIntended,
    /// The same, and the author is told why.
    Leave(Vec<String>),
    /// The plan is carried out.
    Rewrite(Means<'a>),
}

/// An Ingress and all that is known about it.
struct Case<'a> {
    ingress: &'a Ingress<'a>,
    intent: &'a Intent<'a>,
    triggers: &'a [String],
    table: &'a RoutingTable,
    plan: &'a Plan,
}

impl Case<'_> {
    /// ingress-shim must not be made to order a certificate into a routing secret: while there is a
    /// trigger, none of our entries may have both hosts and a Secret.
    fn course(&self, settings: &Settings) -> Course<'_> {
        if self.plan.served.is_empty() || self.is_producer() {
            Course::AsIntended
        } else if self.triggers.is_empty() || self.plan.uncovered.is_empty() {
            Course::Rewrite(Means {
                remove: self.triggers,
                omit_hosts: false,
            })
        } else {
            match settings.ingress.partly_covered {
                PartlyCovered::Leave => {
                    Course::Leave(partly_covered_warnings(self.plan, self.triggers))
                }
                PartlyCovered::OmitHosts => Course::Rewrite(Means {
                    remove: &[],
                    omit_hosts: true,
                }),
            }
        }
    }

    /// Carries out the course.
    fn mutate(&self, course: Course<'_>, is_update: bool) -> serde_json::Result<Decision> {
        let (outcome, served, mut warnings) = match course {
            Course::AsIntended => (Outcome::intended(self.intent), &[][..], Vec::new()),
            Course::Leave(warnings) => (Outcome::intended(self.intent), &[][..], warnings),
            Course::Rewrite(means) => {
                let outcome = Outcome::planned(self.intent, self.plan, means)?;
                if outcome.fits(self.intent) {
                    (outcome, self.plan.served.as_slice(), Vec::new())
                } else {
                    let warning = format!(
                        "left as it is: annotation {RECORD} would be more than Kubernetes stores"
                    );
                    (Outcome::intended(self.intent), &[][..], vec![warning])
                }
            }
        };
        warnings.extend(self.dangers(&outcome));
        let Some(object) = outcome.apply(self.ingress)? else {
            return Ok(Decision::accept().warn(warnings));
        };
        let removed = outcome.removed_annotations(self.ingress);
        let (found, intended) = self.uses();
        let changes = changes(&found, &intended, served);
        Ok(Decision::mutate(object)
            .warn(warnings)
            .warn(change_warnings(&changes, &removed, is_update))
            .audit(served.to_vec()))
    }

    /// Rejects what the course would change, and changes nothing: the audit scanner and the monitor
    /// mode of policy-server count a changed object as a good one.
    fn require(&self, course: Course<'_>) -> serde_json::Result<Decision> {
        let intended = Outcome::intended(self.intent);
        let dangers = self.dangers(&intended);
        let (outcome, served, means) = match course {
            Course::AsIntended => (intended, &[][..], Means::default()),
            Course::Leave(warnings) => {
                return Ok(Decision::accept().warn(warnings).warn(dangers));
            }
            Course::Rewrite(means) => {
                let outcome = Outcome::planned(self.intent, self.plan, means)?;
                (outcome, self.plan.served.as_slice(), means)
            }
        };
        if outcome.apply(self.ingress)?.is_none() {
            return Ok(Decision::accept().warn(dangers));
        }
        let (found, intended) = self.uses();
        let mut faults = host_faults(&changes(&found, &intended, served));
        faults.extend(annotation_faults(
            &outcome.removed_annotations(self.ingress),
        ));
        if means.omit_hosts {
            faults.extend(listed_hosts_faults(
                &self.ingress.tls,
                served,
                self.triggers,
            ));
        }
        Ok(match violation(&self.ingress.to_string(), &faults) {
            Some(message) => Decision::reject(message).audit(served.to_vec()),
            None => Decision::accept().warn(dangers),
        })
    }

    /// Warnings about routing secrets that cert-manager is told to overwrite.
    fn dangers(&self, outcome: &Outcome<'_>) -> Vec<String> {
        if self.is_producer() {
            return Vec::new();
        }
        danger_warnings(outcome, self.triggers, self.table)
    }

    /// The Secrets of the hosts in the request, and as the author wants them.
    fn uses(&self) -> (Uses<'_>, Uses<'_>) {
        let rule_hosts = &self.ingress.rule_hosts;
        (
            Uses::of(&self.ingress.tls, rule_hosts),
            Uses::of(&self.intent.tls, rule_hosts),
        )
    }

    /// Whether ingress-shim makes a routing secret from this Ingress: an entry names one that comes
    /// from a Certificate named like it, as ingress-shim names them.
    fn is_producer(&self) -> bool {
        let mut named = self
            .intent
            .tls
            .iter()
            .filter_map(|entry| entry.secret.as_deref());
        !self.triggers.is_empty() && named.any(|secret| self.table.is_made_by_namesake(secret))
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
