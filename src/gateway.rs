//! Gateways and ListenerSets: which Secrets their listeners name.
//!
//! As for Ingresses, a review goes from the request's object to the author's [`intent`], from there to
//! a [`plan`], and from there to the [`outcome`] that is stored, whose difference from the intent is
//! recorded again. cert-manager's annotations are never removed here: ListenerSets inherit them from
//! their Gateway, and cert-manager needs them to delete Certificates that nothing uses any more
//! (`pkg/controller/certificate-shim`, `inheritAnnotations` and `SyncFnFor`). It is told to ignore
//! single listeners instead.

mod ignored;
mod intent;
mod object;
mod outcome;
mod plan;
mod record;
mod report;

use self::{
    ignored::IGNORED,
    intent::{Ignored, Intent},
    object::{Gateway, Role},
    outcome::Outcome,
    plan::Plan,
    record::Record,
    report::{change_warnings, danger_warnings, faults, held_back_warnings, left_warnings},
};
use crate::{
    coverage::Coverage,
    decision::Decision,
    lookup::{SecretSource, routing_table},
    metadata::{Manifest, subject},
    record::{foreign_record, oversized_record, past},
    report::violation,
    request::Request,
    routing::RoutingTable,
    settings::{Action, Settings, Triggered},
    trigger::{issuers, makes_routing_secrets},
};

/// The kinds that have listeners.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A Gateway.
    Gateway,
    /// Listeners that are added to a Gateway, which may be that of somebody else.
    ListenerSet,
}

impl Form {
    fn name(self) -> &'static str {
        match self {
            Self::Gateway => "Gateway",
            Self::ListenerSet => "ListenerSet",
        }
    }

    /// Whether cert-manager orders certificates for the listeners; for those of a ListenerSet it may be
    /// the Gateway that says so, which is not read.
    fn is_triggered(self, gateway: &Gateway<'_>) -> bool {
        self == Self::ListenerSet || issuers(&gateway.manifest.annotations).next().is_some()
    }
}

/// Judges a Gateway or ListenerSet that is created or updated.
///
/// # Errors
/// None that is known: what is written was read before.
pub fn review(
    request: &Request<'_>,
    form: Form,
    settings: &Settings,
    secrets: &impl SecretSource,
) -> serde_json::Result<Decision> {
    let manifest = request.object().and_then(Manifest::parse);
    if manifest.as_ref().is_ok_and(is_left_alone) {
        return Ok(Decision::accept());
    }
    let gateway = match manifest.and_then(|manifest| Gateway::read(manifest, request)) {
        Ok(gateway) => gateway,
        Err(field) => {
            let subject = format!("the {}", form.name());
            return Ok(Decision::unreadable(&subject, field));
        }
    };
    let Some(past) = past(&gateway.manifest.annotations, Record::parse) else {
        return Ok(foreign_record());
    };
    let intent = Intent::of(&gateway, &past)?;
    let table = if asks_for_routing_secrets(&gateway, settings) {
        match routing_table(request, &gateway.manifest.metadata, settings, secrets) {
            Ok(table) => table,
            Err(answer) => return Ok(answer),
        }
    } else {
        RoutingTable::default()
    };
    let is_triggered = form.is_triggered(&gateway);
    let coverage = Coverage {
        table: &table,
        settings,
    };
    let case = Case {
        form,
        gateway: &gateway,
        intent: &intent,
        table: &table,
        is_triggered,
        plan: Plan::new(&intent, coverage, is_triggered),
    };
    case.decide(settings)
}

/// A Gateway or ListenerSet and all that is known about it.
struct Case<'a> {
    form: Form,
    gateway: &'a Gateway<'a>,
    intent: &'a Intent<'a>,
    table: &'a RoutingTable<'a>,
    is_triggered: bool,
    plan: Plan<'a>,
}

impl Case<'_> {
    fn decide(&self, settings: &Settings) -> serde_json::Result<Decision> {
        let outcome = Outcome::planned(self.intent, &self.plan)?;
        let reason = self.reason_to_leave(&outcome, settings);
        let is_planned = reason.is_none();
        let mut warnings = reason.unwrap_or_default();
        let (outcome, routes) = if is_planned {
            warnings.extend(held_back_warnings(&self.plan));
            (outcome, self.plan.served.as_slice())
        } else {
            (Outcome::planned(self.intent, &Plan::default())?, &[][..])
        };
        if self.is_triggered {
            warnings.extend(danger_warnings(
                self.intent,
                self.table,
                &self.plan,
                is_planned,
            ));
        }
        let Some(object) = outcome.apply(self.gateway)? else {
            return Ok(Decision::accept().warn(warnings));
        };
        let decision = match settings.gateway.action {
            Action::Mutate => Decision::mutate(object)
                .warn(warnings)
                .warn(change_warnings(&outcome, self.gateway)),
            Action::Require => {
                let subject = subject(self.form.name(), &self.gateway.manifest.metadata);
                match violation(&subject, &faults(&outcome, self.gateway)) {
                    Some(message) => Decision::reject(message),
                    None => return Ok(Decision::accept().warn(warnings)),
                }
            }
        };
        Ok(decision.audit(routes.to_vec()))
    }

    /// The warnings, if the plan is not to be carried out.
    fn reason_to_leave(&self, outcome: &Outcome<'_>, settings: &Settings) -> Option<Vec<String>> {
        if self.plan.is_empty() {
            return None;
        }
        if self.is_triggered && settings.gateway.triggered == Triggered::Leave {
            let reason = "cert-manager orders certificates for its listeners";
            return Some(left_warnings(reason, &self.plan));
        }
        if !self.plan.ignored.is_empty() && self.intent.ignored == Ignored::Unreadable {
            let reason = format!("annotation {IGNORED} is not text");
            return Some(left_warnings(&reason, &self.plan));
        }
        (!outcome.fits(self.gateway)).then(|| vec![oversized_record()])
    }
}

/// Whether no rule applies to an object, whatever its listeners are.
fn is_left_alone(manifest: &Manifest<'_>) -> bool {
    manifest.is_deleted() || manifest.is_skipped()
}

/// Whether a routing secret could make a difference.
fn asks_for_routing_secrets(gateway: &Gateway<'_>, settings: &Settings) -> bool {
    let mut ours = gateway
        .listeners
        .iter()
        .filter(|listener| listener.role == Role::Ours);
    !makes_routing_secrets(&gateway.manifest.annotations, settings)
        && ours.any(|listener| settings.host(&listener.host).is_some())
}
