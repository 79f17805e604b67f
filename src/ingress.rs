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

use self::{
    intent::Intent,
    object::{Ingress, TlsEntry},
    outcome::{Means, Outcome},
    plan::Plan,
    report::{
        Uses, annotation_faults, change_warnings, changes, danger_warnings, host_faults,
        listed_hosts_faults, partly_covered_warnings,
    },
    restore::Past,
};
use crate::{
    decision::Decision,
    lookup::{SecretSource, routing_table},
    metadata::{Manifest, subject},
    record::{foreign_record, oversized_record, past},
    report::violation,
    request::Request,
    routing::RoutingTable,
    settings::{Action, PartlyCovered, PlainHosts, Settings},
    trigger::{makes_routing_secrets, triggers},
};

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
    let manifest = request.object().and_then(Manifest::parse);
    if manifest.as_ref().is_ok_and(is_left_alone) {
        return Ok(Decision::accept());
    }
    let ingress = match manifest.and_then(Ingress::read) {
        Ok(ingress) => ingress,
        Err(field) => return Ok(Decision::unreadable("the Ingress", field)),
    };
    let Some(past) = past(&ingress.manifest.annotations, Past::parse) else {
        return Ok(foreign_record());
    };
    let restored = past.annotation_edits(&ingress);
    let intent = Intent::of(&ingress, &past, &restored)?;
    let triggers = triggers(&intent.annotations, settings);
    let table = if !reads_other_namespaces(&ingress, settings)
        && asks_for_routing_secrets(&intent, &triggers, settings)
    {
        match routing_table(request, &ingress.manifest.metadata, settings, secrets) {
            Ok(table) => table,
            Err(answer) => return Ok(answer),
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
    let course = case.course(settings)?;
    match settings.ingress.action {
        Action::Mutate => case.mutate(course, request.is_update()),
        Action::Require => case.require(course),
    }
}

/// What is done about an Ingress.
enum Course<'a> {
    /// What the author wants is what is stored.
    AsIntended,
    /// The same, and the author is told why.
    Leave(Vec<String>),
    /// The plan is carried out, with this outcome.
    Rewrite(Outcome<'a>, Means<'a>),
}

/// An Ingress and all that is known about it.
struct Case<'a> {
    ingress: &'a Ingress<'a>,
    intent: &'a Intent<'a>,
    triggers: &'a [String],
    table: &'a RoutingTable<'a>,
    plan: &'a Plan,
}

impl Case<'_> {
    /// ingress-shim must not be made to order a certificate into a routing secret: while there is a
    /// trigger, none of our entries may have both hosts and a Secret.
    ///
    /// # Errors
    /// None that is known: what is written was read before.
    fn course(&self, settings: &Settings) -> serde_json::Result<Course<'_>> {
        if self.plan.served.is_empty() || self.is_producer() {
            return Ok(Course::AsIntended);
        }
        let is_partly_covered = !self.triggers.is_empty() && !self.plan.uncovered.is_empty();
        let means = match settings.ingress.partly_covered {
            _ if !is_partly_covered => Means {
                remove: self.triggers,
                omit_hosts: false,
            },
            PartlyCovered::OmitHosts => Means {
                remove: &[],
                omit_hosts: true,
            },
            PartlyCovered::Leave => {
                let warnings = partly_covered_warnings(self.plan, self.triggers);
                return Ok(Course::Leave(warnings));
            }
        };
        let outcome = Outcome::planned(self.intent, self.plan, means)?;
        if outcome.fits(self.intent) {
            return Ok(Course::Rewrite(outcome, means));
        }
        Ok(Course::Leave(vec![oversized_record()]))
    }

    /// Carries out the course.
    fn mutate(&self, course: Course<'_>, is_update: bool) -> serde_json::Result<Decision> {
        let intended = || Outcome::intended(self.intent);
        let (outcome, served, mut warnings) = match course {
            Course::AsIntended => (intended(), &[][..], Vec::new()),
            Course::Leave(warnings) => (intended(), &[][..], warnings),
            Course::Rewrite(outcome, _) => (outcome, self.plan.served.as_slice(), Vec::new()),
        };
        warnings.extend(self.dangers(&outcome));
        let Some(object) = outcome.apply(self.ingress)? else {
            return Ok(Decision::accept().warn(warnings));
        };
        let removed = outcome.removed_annotations(self.ingress);
        let found = self.uses(self.ingress.tls.iter());
        let stored = self.uses(outcome.tls());
        let changes = changes(&found, &stored, served);
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
            Course::Rewrite(outcome, means) => (outcome, self.plan.served.as_slice(), means),
        };
        if outcome.apply(self.ingress)?.is_none() {
            return Ok(Decision::accept().warn(dangers));
        }
        let found = self.uses(self.ingress.tls.iter());
        let stored = self.uses(outcome.tls());
        let changes = changes(&found, &stored, served);
        let mut faults = host_faults(&changes);
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
        Ok(
            match violation(
                &subject("Ingress", &self.ingress.manifest.metadata),
                &faults,
            ) {
                Some(message) => Decision::reject(message).audit(served.to_vec()),
                None => Decision::accept().warn(dangers),
            },
        )
    }

    /// Warnings about routing secrets that cert-manager is told to overwrite.
    fn dangers(&self, outcome: &Outcome<'_>) -> Vec<String> {
        if self.is_producer() {
            return Vec::new();
        }
        danger_warnings(outcome, self.triggers, self.table)
    }

    /// The Secrets of the hosts, as these entries name them.
    fn uses<'a>(&self, tls: impl Iterator<Item = &'a TlsEntry<'a>> + Clone) -> Uses<'a> {
        Uses::of(tls, &self.ingress.rule_hosts)
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
fn is_left_alone(manifest: &Manifest<'_>) -> bool {
    manifest.is_deleted()
        || manifest.is_skipped()
        || manifest.labels.text(SOLVER).as_deref() == Some("true")
}

/// Whether the Secrets that an Ingress names are those of another namespace, where this one's routing
/// secrets are of no use: its author gets back what was rewritten before.
fn reads_other_namespaces(ingress: &Ingress<'_>, settings: &Settings) -> bool {
    let class = ingress.spec.text("ingressClassName");
    let annotations = &ingress.manifest.annotations;
    let classes = [class, annotations.text(CLASS)];
    annotations.raw(CONTOUR_NAMESPACE).is_some()
        || classes
            .iter()
            .flatten()
            .any(|class| settings.ingress.ignored_classes.contains(class))
}

/// Whether a routing secret could make a difference.
fn asks_for_routing_secrets(intent: &Intent<'_>, triggers: &[String], settings: &Settings) -> bool {
    let counts =
        settings.ingress.plain_hosts == PlainHosts::Secure || intent.without_hosts.is_some();
    let plain = intent.unnamed.iter().filter(|_| counts);
    let mut hosts = intent
        .tls
        .iter()
        .flat_map(|entry| &entry.hosts)
        .chain(plain);
    let is_template_producer =
        !triggers.is_empty() && makes_routing_secrets(&intent.annotations, settings);
    !is_template_producer && hosts.any(|host| settings.host(host).is_some())
}
