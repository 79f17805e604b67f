//! Gateways and ListenerSets: their listeners name the routing secrets that cover their hosts.
//!
//! cert-manager's annotations are never removed here: ListenerSets inherit them from their Gateway, and
//! cert-manager needs them to delete Certificates that nothing uses any more
//! (`pkg/controller/certificate-shim`, `inheritAnnotations` and `SyncFnFor`). It is told to ignore single
//! listeners instead.

mod ignore_list;
mod messages;
mod plan;
mod restore;

#[cfg(test)]
mod tests;

use self::{
    plan::Plan,
    restore::{record_of, restore},
};
use crate::{
    admission::{Decision, Kind, Request, ReviewError, object},
    cluster::{Cluster, routing_table},
    objects::{Gateway, GatewayRecord},
    record::{self, Replaced},
    routing::{RoutingTable, ServedHost, controlled, left, require},
    settings::{Action, Settings, Triggered},
    users,
};

/// Reviews a Gateway or ListenerSet that is created or updated. Fails if it cannot be read, or a look-up
/// fails.
pub(crate) fn review(
    request: Request,
    kind: Kind,
    settings: &Settings,
    cluster: &impl Cluster,
) -> Result<Decision, ReviewError> {
    if object::is_being_deleted(&request.object) || object::is_skipped(&request.object) {
        return Ok(Decision::accept());
    }
    let submitted =
        Gateway::read(&request.object, request.namespace().ok()).map_err(|field| request.malformed(field))?;
    let Some(record) = record_of(&request, &submitted) else {
        return Ok(Decision::accept().warn([record::foreign::<GatewayRecord>()]));
    };
    let original = restore(&submitted, &record);
    let table = if asks_for_routing_secrets(&original, settings) {
        routing_table(&request, settings, cluster)?
    } else {
        RoutingTable::new(Vec::new(), settings)
    };
    let is_triggered = original.is_triggered(kind);
    let mut plan = Plan::new(&original, &table, is_triggered);
    let mut warnings = messages::held_back(&plan);
    let (mut stored, mut served) = (original.clone(), Vec::new());
    if let Some(reason) = reason_to_leave(&original, &plan, is_triggered, settings) {
        warnings = left(&reason, &plan.served);
    } else {
        let unmade = plan.unmade_secrets(&original, &table);
        for need in users::who_needs(&unmade, kind, &request, &table, cluster)? {
            plan.hold(&need.secret, &original);
            warnings.push(need.warning());
        }
        let (rewritten, record) = rewrite(&original, &plan);
        match record::write(&record, rewritten.annotations.clone())? {
            Some(annotations) => {
                stored = Gateway { annotations, ..rewritten };
                served = plan.served;
            }
            None => warnings = vec![record::too_long::<GatewayRecord>("not rewritten")],
        }
    }
    let is_endangered = is_triggered || !original.other_issuers(settings).is_empty();
    warnings.extend(messages::unserved(&stored, &table, is_endangered));
    let changes = messages::changes(&submitted, &original, &stored);
    if settings.gateway.action == Action::Require {
        let violations = messages::violations(&changes, &submitted, &stored);
        return Ok(require(&request.describe(), &violations, warnings, served));
    }
    if stored == submitted {
        return Ok(Decision::accept().warn(warnings));
    }
    let changed = messages::changed(&changes, &submitted, &stored);
    let audit = served.into_iter().map(ServedHost::audit_entry);
    Ok(Decision::mutate(stored.write(request.object, &submitted)).warn(warnings).warn(changed).audit(audit))
}

/// Whether a routing secret could make a difference.
fn asks_for_routing_secrets(original: &Gateway, settings: &Settings) -> bool {
    !original.is_left_to_author(settings)
        && original
            .listeners
            .iter()
            .filter(|listener| listener.is_rewritable)
            .any(|listener| settings.host(&listener.hostname).is_some())
}

/// Why an object of which routing secrets cover hosts is left as its author wants it.
fn reason_to_leave(
    original: &Gateway,
    plan: &Plan,
    is_triggered: bool,
    settings: &Settings,
) -> Option<String> {
    let issuers = original.other_issuers(settings);
    if plan.served.is_empty() {
        None
    } else if let Some(owner) = &original.owner {
        Some(controlled(&owner.describe()))
    } else if !issuers.is_empty() {
        Some(format!("{} would overwrite the routing secret", issuers.join(", ")))
    } else if is_triggered
        && settings.gateway.triggered == Triggered::Leave
        && rewrite(original, plan).0 != *original
    {
        Some("cert-manager makes certificates for it (setting gateway.triggered)".to_owned())
    } else {
        None
    }
}

/// The object as planned, and the record of what that replaces.
fn rewrite(original: &Gateway, plan: &Plan) -> (Gateway, GatewayRecord) {
    let mut stored = original.clone();
    let mut record = GatewayRecord::default();
    for (listener, applied) in stored.listeners.iter_mut().zip(&plan.secrets) {
        if let (Some(original), Some(applied)) = (listener.secret(), applied)
            && original != applied
        {
            let replaced = Replaced { original: original.to_owned(), applied: applied.clone() };
            record.listeners.insert(listener.name.clone(), replaced);
            listener.set_secret(applied);
        }
    }
    if !plan.ignored.is_empty() {
        let list = ignore_list::with(ignore_list::of(original), &plan.ignored);
        ignore_list::set(&mut stored, Some(list));
        record.ignored_listeners.clone_from(&plan.ignored);
    }
    (stored, record)
}
