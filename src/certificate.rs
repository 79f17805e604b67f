//! Certificates: none may overwrite a routing secret, and none is issued for names that one covers.
//!
//! As for Ingresses, a review begins with what the author wants, whatever was made of it before, and
//! decides afresh: a Certificate is *parked* by the name of an issuer that does not exist, so that no
//! CA is asked and its status says why.

mod object;
mod parking;

use self::{
    object::Certificate,
    parking::{Author, ISSUER, RECORD},
};
use crate::{
    coverage::Coverage,
    decision::{Decision, Route},
    keys::{Keys, host},
    lookup::{SecretSource, routing_table},
    metadata::{is_name, subject},
    request::Request,
    routing::RoutingTable,
    settings::{Covered, Settings},
};

/// How many names a rejection lists.
const MOST_NAMES: usize = 50;

/// Judges a Certificate that is created or updated.
///
/// # Errors
/// None that is known: what is written was read before.
pub fn review(
    request: &Request<'_>,
    settings: &Settings,
    secrets: &impl SecretSource,
) -> serde_json::Result<Decision> {
    let certificate = match request.object().and_then(Certificate::parse) {
        Ok(certificate) => certificate,
        Err(field) => return Ok(Decision::unreadable("the Certificate", field)),
    };
    if certificate.manifest.is_deleted() {
        return Ok(Decision::accept());
    }
    let table = match routing_table(request, &certificate.manifest.metadata, settings, secrets) {
        Ok(table) => table,
        Err(answer) => return Ok(answer),
    };
    let author = Author::of(&certificate);
    let case = Case {
        certificate: &certificate,
        author: author.as_ref(),
        table: &table,
        settings,
    };
    case.decide(request)
}

/// A Certificate and all that is known about it.
struct Case<'a> {
    certificate: &'a Certificate<'a>,
    /// What its author wants; `None` if the record of that is not ours.
    author: Option<&'a Author>,
    table: &'a RoutingTable<'a>,
    settings: &'a Settings,
}

impl Case<'_> {
    fn decide(&self, request: &Request<'_>) -> serde_json::Result<Decision> {
        let secret = match self.author {
            Some(author) => author.secret.as_deref(),
            None => self.certificate.secret.as_deref(),
        };
        let endangered = secret.filter(|secret| self.takes_over(secret));
        let served = self.served(secret);
        let covered = self.settings.certificate.covered;
        match (endangered, self.author) {
            (Some(secret), Some(author)) => {
                let can_be_parked =
                    covered == Covered::Park && !served.is_empty() && author.issuer.is_some();
                match self.refuge().filter(|_| can_be_parked) {
                    Some(refuge) => self.park(author, served, Some(refuge)),
                    None => Ok(self.keep_away(secret)),
                }
            }
            (Some(secret), None) => Ok(self.refuse(secret)),
            (None, None) if covered == Covered::Reject && self.is_refusable(&served, request) => {
                Ok(self.reject(served))
            }
            (None, None) => Ok(Decision::accept().warn([format!(
                "left alone: annotation {RECORD} was not written by this policy; remove it"
            )])),
            (None, Some(author)) if served.is_empty() => self.give_back(author),
            (None, Some(author)) => match covered {
                Covered::Park if author.issuer.is_some() => self.park(author, served, None),
                Covered::Reject if self.is_refusable(&served, request) => Ok(self.reject(served)),
                Covered::Park | Covered::Reject | Covered::Allow => {
                    let issued = served.iter().map(|Route { host, secret }| {
                        format!("{host}: issued although routing secret {secret} covers it")
                    });
                    Ok(self.give_back(author)?.warn(issued))
                }
            },
        }
    }

    /// Whether cert-manager makes a routing secret from this Certificate.
    fn owns(&self, secret: &str) -> bool {
        let producer = self.table.producer(secret);
        producer.is_some() && producer == self.certificate.name.as_deref()
    }

    /// Whether cert-manager would write this Certificate into a routing secret that is not its own
    /// (`pkg/controller/certificates/issuing/internal/secret.go` overwrites whatever is there).
    fn takes_over(&self, secret: &str) -> bool {
        self.table.is_routing_secret(secret) && !self.owns(secret)
    }

    /// Every name with the routing secret that covers it; empty if the Certificate is needed: its
    /// author says so, it makes a routing secret itself, it is for something else than routing, or a
    /// name is not covered.
    fn served(&self, secret: Option<&str>) -> Vec<Route> {
        let certificate = self.certificate;
        let is_needed = certificate.manifest.is_skipped()
            || certificate.is_labelled(&self.settings.routing_label)
            || secret.is_some_and(|secret| self.owns(secret))
            || !certificate.is_for_routing()
            || certificate.is_owned_by_shim();
        if is_needed {
            return Vec::new();
        }
        let coverage = Coverage {
            table: self.table,
            settings: self.settings,
        };
        let routes = certificate.names.iter().map(|name| {
            let secret = coverage.choose(name)?.to_owned();
            let host = name.clone();
            Some(Route { host, secret })
        });
        routes.collect::<Option<_>>().unwrap_or_default()
    }

    /// The name of a Secret in which a Certificate that takes over harms nobody.
    fn refuge(&self) -> Option<String> {
        let name = self.certificate.name.as_ref()?;
        let refuge = parking::refuge(name);
        (is_name(&refuge) && !self.table.is_routing_secret(&refuge)).then_some(refuge)
    }

    /// Lets it be stored, but not be issued.
    fn park(
        &self,
        author: &Author,
        served: Vec<Route>,
        refuge: Option<String>,
    ) -> serde_json::Result<Decision> {
        let Some(object) = author.parked(self.certificate, refuge.as_deref())? else {
            return Ok(Decision::accept());
        };
        let warnings = served.iter().map(|Route { host, secret }| {
            format!("{host}: no certificate is issued, routing secret {secret} covers it")
        });
        let moved = refuge.map(|refuge| {
            format!("spec.secretName is {refuge} now: a routing secret must not be overwritten")
        });
        Ok(Decision::mutate(object)
            .warn(moved)
            .warn(warnings)
            .audit(served.iter().cloned()))
    }

    /// Lets it be what its author wants.
    fn give_back(&self, author: &Author) -> serde_json::Result<Decision> {
        let issuer = author.issuer.as_deref().unwrap_or_default();
        let lost = (issuer == ISSUER).then(|| {
            format!("no certificate is issued: {ISSUER} is no issuer, name the one you want")
        });
        let Some(object) = author.given_back(self.certificate)? else {
            return Ok(Decision::accept().warn(lost));
        };
        let certificate = self.certificate;
        let issuer = (certificate.issuer() != author.issuer)
            .then(|| format!("spec.issuerRef.name is {issuer} again"));
        let secret = author.secret.as_deref().unwrap_or_default();
        let secret = (certificate.secret != author.secret)
            .then(|| format!("spec.secretName is {secret} again"));
        Ok(Decision::mutate(object)
            .warn(lost)
            .warn(issuer)
            .warn(secret))
    }

    /// Refuses a Certificate that takes over a routing secret, unless it is out of its way already:
    /// one that was parked stays as it is while it cannot get its Secret back.
    fn keep_away(&self, secret: &str) -> Decision {
        match self.certificate.secret.as_deref() {
            Some(found) if self.takes_over(found) => self.refuse(found),
            Some(found) if found != secret => Decision::accept().warn([format!(
                "stays parked with Secret {found}: it would overwrite routing secret {secret}"
            )]),
            _ => self.refuse(secret),
        }
    }

    /// What is said against a Certificate that takes over a routing secret.
    fn refuse(&self, secret: &str) -> Decision {
        let subject = subject("Certificate", &self.certificate.manifest.metadata);
        let (maker, remedy) = match self.table.producer(secret) {
            Some(producer) => (
                format!("Certificate {producer} makes"),
                format!("or delete Certificate {producer} and the Secret first"),
            ),
            None => (
                "no Certificate makes".to_owned(),
                "or delete the Secret first".to_owned(),
            ),
        };
        Decision::reject(format!(
            "{subject} would overwrite routing secret {secret}, which {maker}: \
             name another Secret in spec.secretName, {remedy} if this Certificate is to make it"
        ))
    }

    /// What is said against a Certificate that nobody needs.
    fn reject(&self, served: Vec<Route>) -> Decision {
        let subject = subject("Certificate", &self.certificate.manifest.metadata);
        let names = served.iter().take(MOST_NAMES);
        let names: Vec<_> = names
            .map(|Route { host, secret }| format!("{host} by Secret {secret}"))
            .collect();
        let more = match served.len().saturating_sub(MOST_NAMES) {
            0 => String::new(),
            more => format!(", and {more} more"),
        };
        let names = names.join(", ");
        Decision::reject(format!(
            "{subject} is not needed, routing secrets cover all of its names: {names}{more}; \
             remove it and name the routing secret where the certificate is used"
        ))
        .audit(served)
    }

    /// Whether nobody needs it, and its names are others than before.
    fn is_refusable(&self, served: &[Route], request: &Request<'_>) -> bool {
        let old = request.old_object();
        let old = old.as_ref().and_then(|old| Certificate::parse(old).ok());
        let is_new = |old: Certificate<'_>| keys(&old.names) != keys(&self.certificate.names);
        let has_new_names = || old.is_none_or(is_new);
        !served.is_empty() && has_new_names()
    }
}

/// Names, whatever their letters' case.
fn keys(names: &[String]) -> Keys<'_> {
    names.iter().map(|name| host(name, None)).collect()
}
