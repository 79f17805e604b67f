//! Ingresses: `spec.tls` names the routing secrets that cover its hosts.

mod messages;
mod plan;
mod restore;

use serde_json::Value;

use self::{
    plan::{Plan, secures_plain_hosts},
    restore::{record_of, restore},
};
use crate::{
    admission::{
        Decision, Kind, Request, ReviewError,
        object::{self, Texts},
    },
    cluster::{Cluster, routing_table},
    ecosystem,
    objects::{Ingress, IngressRecord},
    record::{self, Replaced},
    routing::{Maker, RoutingTable, ServedHost, controlled, left, require, uncovered},
    settings::{Action, PartlyCovered, Settings},
    users::{self, Need},
};

/// Reviews an Ingress that is created or updated. Fails if it cannot be read, or a look-up fails.
pub(crate) fn review(
    request: Request,
    settings: &Settings,
    cluster: &impl Cluster,
) -> Result<Decision, ReviewError> {
    if object::is_being_deleted(&request.object) || object::is_skipped(&request.object) {
        return Ok(Decision::accept());
    }
    let submitted = Ingress::read(&request.object).map_err(|field| request.malformed(field))?;
    let Some(record) = record_of(&request, &submitted) else {
        return Ok(Decision::accept().warn([record::foreign::<IngressRecord>()]));
    };
    let original = restore(&submitted, &record, settings);
    let review = Review { triggers: original.triggers(settings), request, settings, submitted, original };
    if review.original.is_left_to_author(settings) || !review.asks_for_routing_secrets() {
        let outcome = review.unchanged();
        return review.answer(outcome);
    }
    let table = routing_table(&review.request, settings, cluster)?;
    let outcome = review.decide(&table, cluster)?;
    review.answer(outcome)
}

struct Review<'a> {
    request: Request,
    settings: &'a Settings,
    submitted: Ingress,
    /// As its author wants it.
    original: Ingress,
    /// The trigger annotations that its author wants.
    triggers: Vec<String>,
}

#[derive(Default)]
struct Outcome {
    /// The Ingress that is stored, without its record.
    stored: Ingress,
    record: IngressRecord,
    /// The hosts that routing secrets serve because of this policy.
    served: Vec<ServedHost>,
    warnings: Vec<String>,
    /// The Secrets that ingress-shim makes for the author's version, and not for the stored one.
    unmade: Vec<String>,
    /// Whether entries of routing secrets have no hosts, so that ingress-shim skips them.
    omits_hosts: bool,
}

impl Review<'_> {
    /// Whether a routing secret could make a difference.
    fn asks_for_routing_secrets(&self) -> bool {
        let original = &self.original;
        let rule_hosts_count = secures_plain_hosts(original, self.settings) || original.has_default_entry();
        let rule_hosts = original.rule_hosts.iter().filter(|_| rule_hosts_count);
        original
            .tls
            .iter()
            .flat_map(|entry| &entry.hosts)
            .chain(rule_hosts)
            .any(|host| self.settings.host(host).is_some())
    }

    fn unchanged(&self) -> Outcome {
        Outcome { stored: self.original.clone(), ..Outcome::default() }
    }

    /// Decides with the routing secrets of the namespace. ingress-shim must not be made to order a
    /// certificate into one: while there is a trigger, no entry may have both hosts and a routing secret.
    fn decide(&self, table: &RoutingTable<'_>, cluster: &impl Cluster) -> Result<Outcome, ReviewError> {
        let plan = Plan::new(&self.original, table, self.settings);
        let is_partly_covered = !self.triggers.is_empty() && !plan.uncovered.is_empty();
        let omits_hosts =
            is_partly_covered && self.settings.ingress.partly_covered == PartlyCovered::OmitHosts;
        let mut warnings = messages::plain(&plan);
        let mut rewritten = None;
        let is_producer = self.is_producer(table);
        if plan.served.is_empty() {
            // Nothing is replaced.
        } else if is_producer {
            let others = messages::not_using(&plan.served, &self.original);
            let left = left("cert-manager makes a routing secret from it", &others);
            warnings.extend(left.into_iter().filter(|_| !others.is_empty()));
        } else if let Some(owner) = &self.original.owner {
            warnings.extend(left(&controlled(&owner.describe()), &plan.served));
        } else if let Some((annotation, secret)) = self.reader(table) {
            warnings.extend(left(&format!("{annotation} reads Secret {secret}"), &plan.served));
        } else if is_partly_covered && !omits_hosts {
            let triggers = self.triggers.join(", ");
            let reason = format!("it has {triggers}, but some hosts are not covered");
            warnings.extend(left(&reason, &plan.served));
            warnings.push(uncovered(&plan.uncovered, messages::REMEDY));
        } else {
            let mut outcome = self.rewritten(plan, omits_hosts);
            outcome.unmade = self.unmade_secrets(&outcome.stored, table);
            let needs = users::who_needs(&outcome.unmade, Kind::Ingress, &self.request, table, cluster)?;
            warnings.extend(needs.iter().map(Need::warning));
            rewritten = Some(outcome).filter(|_| needs.is_empty());
        }
        let mut outcome = rewritten.unwrap_or_else(|| self.unchanged());
        let kept = match self.settings.ingress.action {
            Action::Mutate => &outcome.stored,
            Action::Require => &self.submitted,
        };
        warnings.extend(messages::endangered(kept, &self.triggers, table));
        if !is_producer {
            warnings.extend(messages::unserved(kept, outcome.omits_hosts, table, self.settings));
        }
        outcome.warnings = warnings;
        Ok(outcome)
    }

    /// The Secrets that ingress-shim makes for the author's version, and would not make for the stored one.
    fn unmade_secrets(&self, stored: &Ingress, table: &RoutingTable<'_>) -> Vec<String> {
        if self.triggers.is_empty() {
            return Vec::new();
        }
        let named = stored.secrets_with_hosts();
        let has_trigger = !stored.triggers(self.settings).is_empty();
        self.original
            .secrets_with_hosts()
            .into_iter()
            .filter(|secret| !has_trigger || !named.contains(secret))
            .filter(|secret| !table.is_routing_secret(secret))
            .map(str::to_owned)
            .collect()
    }

    /// Whether ingress-shim makes a routing secret from this Ingress.
    fn is_producer(&self, table: &RoutingTable<'_>) -> bool {
        let mut routing_secrets = self.original.secrets().filter(|secret| table.is_routing_secret(secret));
        let makes = |secret| table.is_made_from(secret, Maker::Triggered(&self.original.hosts_of(secret)));
        !self.triggers.is_empty() && routing_secrets.any(makes)
    }

    /// An annotation by which something else reads the Secret of an entry, and that Secret.
    fn reader(&self, table: &RoutingTable<'_>) -> Option<(&str, &str)> {
        let more = &self.settings.ingress.issuer_annotations;
        self.original.secrets().filter(|secret| !table.is_routing_secret(secret)).find_map(|secret| {
            let annotation = ecosystem::reader_of(secret, &self.original.annotations, more)?;
            Some((annotation, secret))
        })
    }

    /// The Ingress as planned, and what that replaces.
    fn rewritten(&self, plan: Plan, omits_hosts: bool) -> Outcome {
        let mut outcome = Outcome { omits_hosts, ..self.unchanged() };
        outcome.stored.tls = plan.tls(&self.original, omits_hosts);
        for name in self.triggers.iter().filter(|_| !omits_hosts) {
            outcome.remove(name);
        }
        if outcome.stored != self.original {
            outcome.record.tls =
                Replaced { original: self.original.tls.clone(), applied: outcome.stored.tls.clone() };
        }
        outcome.served = plan.served;
        outcome
    }

    /// The answer: the Ingress as it is stored, or, with `ingress.action: require`, what is wrong with it.
    /// The audit scanner and the monitor mode of policy-server count a changed object as a good one. Fails if
    /// the record cannot be written.
    fn answer(self, mut outcome: Outcome) -> Result<Decision, ReviewError> {
        match record::write(&outcome.record, std::mem::take(&mut outcome.stored.annotations))? {
            Some(annotations) => outcome.stored.annotations = annotations,
            None => {
                outcome = self.unchanged();
                outcome.warnings.push(record::too_long::<IngressRecord>("not rewritten"));
            }
        }
        Ok(match self.settings.ingress.action {
            Action::Mutate => self.mutate(outcome),
            Action::Require => self.require(outcome),
        })
    }

    fn mutate(self, outcome: Outcome) -> Decision {
        let Outcome { stored, served, warnings, unmade, .. } = outcome;
        if stored == self.submitted {
            return Decision::accept().warn(warnings);
        }
        let old_triggers = self.request.old_object().map(|old| {
            let annotations: Texts = object::field(old, "metadata.annotations").unwrap_or_default();
            ecosystem::triggers(&annotations, &self.settings.ingress.issuer_annotations)
        });
        let removed = messages::more_annotations(&self.submitted, &stored);
        let changes = messages::changes(&self.submitted, &stored, &served);
        Decision::mutate(stored.write(self.request.object, &self.submitted))
            .warn(warnings)
            .warn(messages::removed(&removed, &old_triggers.unwrap_or_default(), &unmade))
            .warn(changes.iter().map(|change| change.warning()))
            .audit(served.into_iter().map(ServedHost::audit_entry))
    }

    fn require(self, outcome: Outcome) -> Decision {
        let Outcome { stored, served, warnings, omits_hosts, .. } = outcome;
        let mut violations: Vec<_> = messages::changes(&self.submitted, &stored, &served)
            .iter()
            .filter_map(|change| change.violation())
            .collect();
        violations.extend(messages::annotation_violations(&self.submitted, &stored));
        if omits_hosts && stored != self.original {
            violations.extend(messages::listed_hosts(&self.submitted, &stored, &self.triggers));
        }
        require(&self.request.describe(), &violations, warnings, served)
    }
}

impl Outcome {
    /// Removes a trigger annotation, and records it.
    fn remove(&mut self, name: &str) {
        if let Some(Value::String(value)) = self.stored.annotations.remove(name) {
            self.record.annotations.insert(name.to_owned(), value);
        }
    }
}

#[cfg(test)]
mod tests;
