//! cert-manager's Certificates: none may overwrite a routing secret, and none is issued for names that
//! routing secrets cover.
//!
//! A Certificate that is not needed is *parked*: a self-signed issuer fills a Secret that nobody reads, so
//! that no CA is asked, and the Certificate becomes ready for whoever waits for it.

mod parking;

#[cfg(test)]
mod tests;

use serde_json::Value;

use self::parking::{CertificateRecord, ISSUER, park};
use crate::{
    admission::{
        Decision, Request, ReviewError,
        object::{self, SKIP},
        response::message_list,
    },
    cluster::{Cluster, routing_table},
    objects::Certificate,
    record,
    routing::{Maker, RoutingTable, ServedHost},
    settings::{Covered, Settings},
    users::{self, SecretUser},
};

/// Reviews a Certificate that is created or updated. Fails if it cannot be read, or the look-up of routing
/// secrets fails.
pub(crate) fn review(
    request: &Request,
    settings: &Settings,
    cluster: &impl Cluster,
) -> Result<Decision, ReviewError> {
    if object::is_being_deleted(&request.object) {
        return Ok(Decision::accept());
    }
    let restored = parking::restore(&request.object, request.old_object());
    let is_foreign = restored.is_none();
    let original = restored.unwrap_or_else(|| request.object.clone());
    let certificate = Certificate::read(&original).map_err(|field| request.malformed(field))?;
    let old = request.old_object().and_then(|old| {
        let original = parking::restore(old, None).unwrap_or_else(|| old.clone());
        Certificate::read(&original).ok()
    });
    let table = routing_table(request, settings, cluster)?;
    let review = Review {
        served: serve_all(&certificate, &original, &table, settings),
        // It is not if the record is lost or somebody else's.
        is_issuer_known: !is_foreign && certificate.issuer.as_ref().is_some_and(|issuer| issuer != ISSUER),
        request,
        settings,
        original,
        certificate,
        old,
        table,
    };
    if let Some(secret) = review.certificate.secret_name.as_deref()
        && review.takes_over(secret)
    {
        let secret = secret.to_owned();
        return review.prevent_take_over(&secret);
    }
    if review.is_not_needed() {
        return Ok(review.deny());
    }
    if is_foreign {
        return Ok(Decision::accept().warn([record::foreign::<CertificateRecord>()]));
    }
    if !review.can_be_parked() || !review.was_parked() && !review.is_new() {
        return Ok(review.issue(Vec::new()));
    }
    review.park_unless_used(cluster)
}

struct Review<'a> {
    request: &'a Request,
    settings: &'a Settings,
    /// As its author wants it.
    original: Value,
    certificate: Certificate,
    /// The one that is stored now, as its author wants it.
    old: Option<Certificate>,
    table: RoutingTable<'a>,
    /// Every name with the routing secret that covers it; empty if one is not covered, or the Certificate is
    /// needed all the same.
    served: Vec<ServedHost>,
    is_issuer_known: bool,
}

impl Review<'_> {
    /// Whether cert-manager would write this Certificate into a routing secret that is not its own
    /// (`pkg/controller/certificates/issuing/internal/secret.go` overwrites what is there).
    fn takes_over(&self, secret: &str) -> bool {
        self.table.is_routing_secret(secret) && !makes(&self.certificate, secret, &self.table)
    }

    fn can_be_parked(&self) -> bool {
        self.settings.certificate.covered == Covered::Park && !self.served.is_empty() && self.is_issuer_known
    }

    fn was_parked(&self) -> bool {
        self.request.old_object().is_some_and(parking::is_parked)
    }

    /// The name of a Secret into which it can be parked without harm, or why there is none.
    fn parked_secret_name(&self) -> Result<String, String> {
        let own_name = self.certificate.name.as_ref().ok_or("its name is not known yet")?;
        let name = parking::parked_secret_name(own_name);
        if !object::is_dns_subdomain(&name) {
            Err("its name with -parked is too long for a Secret".to_owned())
        } else if self.certificate.secret_name.as_ref() == Some(&name) {
            Err(format!("Secret {name} is its own"))
        } else if self.table.is_routing_secret(&name) {
            Err(format!("Secret {name} is a routing secret"))
        } else {
            Ok(name)
        }
    }

    fn has_new_names(&self) -> bool {
        self.old.as_ref().is_none_or(|old| old.name_set() != self.certificate.name_set())
    }

    /// Whether it was never issued in its present form. What was issued goes on: its Secret may be in use by
    /// something that is not seen, and would not be renewed.
    fn is_new(&self) -> bool {
        let new_secret = |old: &Certificate| old.secret_name != self.certificate.secret_name;
        self.old.as_ref().is_none_or(|old| !old.is_issued || new_secret(old)) || self.has_new_names()
    }

    /// Whether setting `certificate.covered: reject` denies it.
    fn is_not_needed(&self) -> bool {
        self.settings.certificate.covered == Covered::Reject
            && !self.served.is_empty()
            && self.has_new_names()
    }

    fn deny(self) -> Decision {
        let names = message_list(&self.served);
        let message = format!(
            "{} is not needed, routing secrets cover its names: {names}. \
             Remove it, and name the routing secret where the certificate is used",
            self.request.describe()
        );
        Decision::deny(message).audit(self.served.into_iter().map(ServedHost::audit_entry))
    }

    /// The Certificate as its author wants it, with the reason if it could be parked.
    fn issue(self, mut warnings: Vec<String>) -> Decision {
        for field in ["spec.issuerRef.name", "spec.secretName"] {
            let value = object::text(&self.original, field);
            if value != object::text(&self.request.object, field) {
                warnings.push(format!("{field} is {} again", value.unwrap_or_default()));
            }
        }
        if parking::issuer(&self.original) == Some(ISSUER) {
            warnings.push(format!("no client trusts its issuer {ISSUER}; set spec.issuerRef"));
        } else {
            if warnings.is_empty() && !self.served.is_empty() {
                warnings.push("issued, although routing secrets cover its names".to_owned());
            }
            warnings.extend(self.covered());
        }
        Decision::store(&self.request.object, self.original).warn(warnings)
    }

    fn covered(&self) -> Vec<String> {
        let covered = |ServedHost { host, secret }: &_| format!("{host}: routing secret {secret} covers it");
        self.served.iter().map(covered).collect()
    }

    /// Parks it while nobody uses its Secret.
    fn park_unless_used(self, cluster: &impl Cluster) -> Result<Decision, ReviewError> {
        let parked = match self.parked_secret_name() {
            Ok(name) => name,
            Err(reason) => return Ok(self.issue(vec![format!("issued: {reason}")])),
        };
        let secret = self.certificate.secret_name.clone().unwrap_or_default();
        let namespace = self.request.namespace()?;
        // Nor must a self-signed certificate lie where somebody reads.
        let secrets = [secret.as_str(), &parked];
        let needs = |user: &SecretUser| secrets.iter().any(|secret| user.needs(secret, self.settings));
        let mut warnings = Vec::new();
        match users::first(namespace, self.settings, cluster, needs) {
            Ok(users) if users.is_empty() => {}
            Ok(users) => {
                for user in &users {
                    let name = user.describe();
                    let used = if user.needs(&secret, self.settings) { &secret } else { &parked };
                    warnings.push(format!("issued: {name} uses Secret {used}"));
                    warnings.extend((!user.is_skipped).then(|| format!("to park it, write {name} first")));
                }
                return Ok(self.issue(warnings));
            }
            Err(error) => {
                let outcome = if self.was_parked() { "stays parked" } else { "issued" };
                warnings.push(format!("{outcome}: cannot look up who uses Secret {secret}"));
                warnings.push(error.brief());
                if !self.was_parked() {
                    return Ok(self.issue(warnings));
                }
            }
        }
        Ok(match park(&self.original, &parked)? {
            Some(object) => {
                let told = [
                    format!("parked: Secret {secret} is not made"),
                    format!("if something uses it later, write this again or set {SKIP}"),
                ];
                self.store_parked(object, told).warn(warnings)
            }
            None => {
                let warning = record::too_long::<CertificateRecord>("issued");
                Decision::store(&self.request.object, self.original).warn([warning])
            }
        })
    }

    /// Lets it be stored, but not be issued. Its author is told if that is new.
    fn store_parked(self, parked: Value, told: [String; 2]) -> Decision {
        if parked == self.request.object {
            return Decision::accept();
        }
        let old_record: Option<CertificateRecord> = record::of_old(self.request.old_object());
        let has_other_issuer = old_record
            .is_some_and(|old| Ok(old.issuer_ref) != object::field(&self.original, "spec.issuerRef"));
        let other_issuer = has_other_issuer.then(|| {
            let kind = object::text(&self.original, "spec.issuerRef.kind").unwrap_or("Issuer");
            let name = parking::issuer(&self.original).unwrap_or_default();
            format!("its issuer changes to {kind} {name}; it stays parked")
        });
        Decision::mutate(parked)
            .warn(other_issuer)
            .warn(told)
            .warn(self.covered())
            .audit(self.served.into_iter().map(ServedHost::audit_entry))
    }

    /// Parks a Certificate that would take over a routing secret, or denies it. One that was parked stays so
    /// while it cannot get its Secret back.
    fn prevent_take_over(self, secret: &str) -> Result<Decision, ReviewError> {
        let found = parking::secret_name(&self.request.object).unwrap_or_default();
        let parked_secret = self.parked_secret_name().ok().filter(|_| self.is_issuer_known);
        let is_parked_anew = self.can_be_parked() && parked_secret.is_some();
        let other = match parked_secret {
            Some(parked_secret) if is_parked_anew || self.was_parked() => parked_secret,
            _ => found.to_owned(),
        };
        let parked = park(&self.original, &other)?.filter(|_| !self.takes_over(&other));
        let overwrites = format!("would overwrite routing secret {secret}; name another Secret");
        Ok(match parked {
            Some(object) if is_parked_anew => {
                self.store_parked(object, [format!("parked with Secret {other}"), overwrites])
            }
            Some(object) => Decision::store(&self.request.object, object)
                .warn([format!("stays parked with Secret {other}"), overwrites]),
            None => {
                let maker = self.table.certificate_name(found);
                let maker = maker.map(|maker| format!("Certificate {maker} and ")).unwrap_or_default();
                Decision::deny(format!(
                    "{} would overwrite routing secret {found}. Name another Secret in spec.secretName. \
                     To make the routing secret with this Certificate, delete {maker}the Secret first",
                    self.request.describe()
                ))
            }
        })
    }
}

/// Every name with the routing secret that covers it; empty if one is not covered. It is also empty for a
/// Certificate that must be issued all the same: its author says so, it makes a routing secret itself, it is
/// for something else than routing, or a controller made it, which would write it back.
fn serve_all(
    certificate: &Certificate,
    original: &Value,
    table: &RoutingTable<'_>,
    settings: &Settings,
) -> Vec<ServedHost> {
    let secret = certificate.secret_name.as_deref();
    let is_needed = object::is_skipped(original)
        || certificate.secret_labels.contains_key(&settings.routing_label)
        || secret.is_some_and(|secret| makes(certificate, secret, table))
        || !certificate.is_for_routing
        || certificate.is_controlled;
    certificate
        .names
        .iter()
        .map(|name| Some(ServedHost::new(name, table.choose(name)?)))
        .collect::<Option<Vec<_>>>()
        .filter(|_| !is_needed)
        .unwrap_or_default()
}

/// Whether cert-manager makes a routing secret from this Certificate.
fn makes(certificate: &Certificate, secret: &str, table: &RoutingTable<'_>) -> bool {
    let name = certificate.name.as_deref();
    name.is_some_and(|name| table.is_made_from(secret, Maker::Certificate(name)))
}
