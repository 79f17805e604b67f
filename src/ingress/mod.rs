//! Ingresses: `spec.tls` names the routing secrets that cover its hosts.

mod annotations;
mod messages;
mod plan;
mod restore;
mod tls;

use serde::Deserialize;
use serde_json::{Value, json};

pub(crate) use self::{annotations::reads_other_secrets, tls::TlsEntry};
use self::{
    annotations::{has_cloud_certificate, is_served_otherwise, reader_of},
    plan::Plan,
    restore::restore,
    tls::unnamed_hosts,
};
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
    let record = match Found::of(&request.object) {
        Found::Foreign => return Ok(Decision::accept().warn([foreign_record()])),
        Found::Forgotten => Record::default(),
        Found::Ours(record) => record,
        Found::Absent => restore::lost_record(&submitted, request.old_object()).unwrap_or_default(),
    };
    let original = restore(&submitted, &record);
    let triggers = triggers(&original.annotations, settings);
    let table = if is_left_alone(&original, &triggers, request, settings)
        || !asks_for_routing_secrets(&original, settings)
    {
        None
    } else {
        Some(routing_table(request, settings, cluster)?)
    };
    let case = Case {
        request,
        settings,
        submitted,
        original,
        record,
        triggers,
    };
    let outcome = match &table {
        Some(table) => case.decide(table)?,
        None => case.leave()?,
    };
    Ok(case.answer(outcome))
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

    /// Whether hosts of rules that no entry names get one.
    fn secures_plain_hosts(&self, settings: &Settings) -> bool {
        settings.ingress.plain_hosts == PlainHosts::Secure
            && !has_cloud_certificate(&self.annotations)
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

/// Whether an Ingress is as its author wants it, because something else than its `spec.tls` decides who
/// serves TLS, or because ingress-shim makes a routing secret from it.
fn is_left_alone(
    original: &Ingress,
    triggers: &[String],
    request: &Request,
    settings: &Settings,
) -> bool {
    let annotations = &original.annotations;
    reads_other_secrets(&request.object, settings)
        || is_served_otherwise(annotations)
        || !triggers.is_empty() && makes_routing_secrets(annotations, settings)
}

/// Whether a routing secret could make a difference.
fn asks_for_routing_secrets(original: &Ingress, settings: &Settings) -> bool {
    let has_default_entry = original.tls.iter().any(|entry| entry.hosts.is_empty());
    let rule_hosts_count = original.secures_plain_hosts(settings) || has_default_entry;
    let rule_hosts = original.rule_hosts.iter().filter(|_| rule_hosts_count);
    let mut hosts = original
        .tls
        .iter()
        .flat_map(|entry| &entry.hosts)
        .chain(rule_hosts);
    hosts.any(|host| settings.host(host).is_some())
}

/// An Ingress under review.
struct Case<'a> {
    request: &'a Request,
    settings: &'a Settings,
    submitted: Ingress,
    /// As its author wants it.
    original: Ingress,
    /// What was replaced in it before.
    record: Record,
    /// The trigger annotations that its author wants.
    triggers: Vec<String>,
}

/// What becomes of an Ingress.
struct Outcome {
    /// The Ingress that is stored, without its record.
    stored: Ingress,
    record: Record,
    /// The hosts that routing secrets serve because of this policy.
    served: Vec<ServedHost>,
    warnings: Vec<String>,
    /// Whether entries of routing secrets have no hosts, so that ingress-shim skips them.
    omits_hosts: bool,
}

impl Case<'_> {
    /// The Ingress as its author wants it.
    fn original(&self) -> Outcome {
        Outcome {
            stored: self.original.clone(),
            record: Record::default(),
            served: Vec::new(),
            warnings: Vec::new(),
            omits_hosts: false,
        }
    }

    /// Decides without a look-up.
    fn leave(&self) -> Result<Outcome, ReviewError> {
        let old = self.request.old_object();
        self.sealed(self.original(), &|stored| {
            restore::secret_still_applied(&stored.tls, &self.record, old)
        })
    }

    /// Decides with the routing secrets of the namespace. ingress-shim must not be made to order a
    /// certificate into one: while there is a trigger, no entry may have both hosts and a routing secret.
    fn decide(&self, table: &RoutingTable<'_>) -> Result<Outcome, ReviewError> {
        let Self {
            original,
            triggers,
            settings,
            ..
        } = self;
        let plan = Plan::new(original, table, settings);
        let is_partly_covered = !triggers.is_empty() && !plan.uncovered.is_empty();
        let omits_hosts =
            is_partly_covered && settings.ingress.partly_covered == PartlyCovered::OmitHosts;
        let mut outcome = self.original();
        let is_producer = self.is_producer(table);
        if is_producer || plan.served.is_empty() {
            // Nothing is to be replaced.
        } else if let Some(reader) = self.other_reader(table) {
            outcome.warnings.push(reader);
        } else if is_partly_covered && !omits_hosts {
            outcome.warnings = messages::partly_covered(&plan, triggers);
        } else {
            outcome = self.rewritten(plan, omits_hosts);
        }
        let mut outcome = self.sealed(outcome, &|stored| {
            let mut secrets = messages::secrets_with_hosts(stored).into_iter();
            let is_endangered = |secret: &&str| {
                table.is_routing_secret(secret) && !table.is_made_by_namesake(secret)
            };
            secrets.find(is_endangered).map(str::to_owned)
        })?;
        let kept = match settings.ingress.action {
            Action::Mutate => &outcome.stored,
            Action::Require => &self.submitted,
        };
        let endangered = messages::endangered(kept, triggers, table);
        outcome.warnings.extend(endangered);
        if !is_producer {
            let unserved = messages::unserved(kept, outcome.omits_hosts, table, settings);
            outcome.warnings.extend(unserved);
        }
        Ok(outcome)
    }

    /// Whether ingress-shim makes a routing secret from this Ingress: an entry names one that comes from
    /// a Certificate named like it, as ingress-shim names them.
    fn is_producer(&self, table: &RoutingTable<'_>) -> bool {
        let entries = self.original.tls.iter();
        let mut secrets = entries.filter_map(|entry| entry.secret_name.as_deref());
        !self.triggers.is_empty() && secrets.any(|secret| table.is_made_by_namesake(secret))
    }

    /// The warning about another annotation that reads the Secret of an entry, which would never be made
    /// without the trigger.
    fn other_reader(&self, table: &RoutingTable<'_>) -> Option<String> {
        let namespace = self.request.namespace().ok()?;
        let annotations = &self.original.annotations;
        let entries = self
            .original
            .tls
            .iter()
            .filter(|_| !self.triggers.is_empty());
        let secrets = entries.filter_map(|entry| entry.secret_name.as_deref());
        let mut secrets = secrets.filter(|secret| !table.is_routing_secret(secret));
        secrets.find_map(|secret| {
            let reader = reader_of(secret, namespace, annotations, &self.triggers)?;
            Some(messages::other_reader(reader, secret))
        })
    }

    /// The Ingress as planned, and what that replaces.
    fn rewritten(&self, plan: Plan, omits_hosts: bool) -> Outcome {
        let mut outcome = Outcome {
            omits_hosts,
            ..self.original()
        };
        outcome.stored.tls = plan.tls(&self.original, omits_hosts);
        if outcome.stored.tls != self.original.tls {
            outcome.record.tls = Some(Replaced {
                original: self.original.tls.clone(),
                applied: outcome.stored.tls.clone(),
            });
        }
        for name in self.triggers.iter().filter(|_| !omits_hosts) {
            outcome.remove(name);
        }
        outcome.served = plan.served;
        outcome
    }

    /// The outcome with its record in it. If a Secret is named that a trigger would have overwritten,
    /// triggers that were removed before do not come back.
    fn sealed(
        &self,
        mut outcome: Outcome,
        endangered: &dyn Fn(&Ingress) -> Option<String>,
    ) -> Result<Outcome, ReviewError> {
        let comes_back = |name: &&String| {
            outcome.stored.annotations.contains_key(*name)
                && !self.submitted.annotations.contains_key(*name)
        };
        let names: Vec<_> = self.record.annotations.keys().filter(comes_back).collect();
        if !names.is_empty()
            && let Some(secret) = endangered(&outcome.stored)
        {
            for name in names {
                outcome.remove(name);
                outcome.warnings.push(messages::withheld(name, &secret));
            }
        }
        outcome.record.write(&mut outcome.stored.annotations)?;
        if object::fit(&outcome.stored.annotations) {
            return Ok(outcome);
        }
        let mut left = self.original();
        left.warnings.push(oversized_record());
        // Without the list of TLS entries, the record may fit.
        if outcome.record.tls.is_some() {
            return self.sealed(left, endangered);
        }
        Ok(left)
    }

    /// The answer: the Ingress as it is stored, or, with `ingress.action: require`, what is wrong with
    /// it. The audit scanner and the monitor mode of policy-server count a changed object as a good one.
    fn answer(&self, outcome: Outcome) -> Decision {
        let Self {
            request, submitted, ..
        } = self;
        let Outcome {
            stored,
            served,
            warnings,
            omits_hosts,
            ..
        } = outcome;
        let changes = messages::changes(submitted, &stored, &served);
        let removed = messages::more_annotations(submitted, &stored);
        match self.settings.ingress.action {
            Action::Mutate => {
                let object = apply(&request.object, submitted, &stored);
                if object == request.object {
                    return Decision::accept().warn(warnings);
                }
                let old = request.old_object();
                let old = old.and_then(|old| object::field::<Texts>(old, "/metadata/annotations"));
                let old_triggers = triggers(&old.unwrap_or_default(), self.settings);
                Decision::store(&request.object, object)
                    .warn(warnings)
                    .warn(messages::changed(&changes, &removed, &old_triggers))
                    .audit(served)
            }
            Action::Require => {
                let given_back = messages::more_annotations(&stored, submitted);
                let mut violations = messages::violations(&changes, &removed, &given_back);
                if omits_hosts && stored != self.original {
                    let listed = messages::listed_hosts(submitted, &served, &self.triggers);
                    violations.extend(listed);
                }
                if violations.is_empty() {
                    return Decision::accept().warn(warnings);
                }
                let ingress = object::describe(Kind::Ingress.name(), &request.object);
                Decision::deny(not_using_routing_secrets(&ingress, &violations)).audit(served)
            }
        }
    }
}

impl Outcome {
    /// Takes a trigger annotation away, and remembers it.
    fn remove(&mut self, name: &str) {
        if let Some(Value::String(value)) = self.stored.annotations.remove(name) {
            self.record.annotations.insert(name.to_owned(), value);
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
