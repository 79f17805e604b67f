//! Secrets: one with the routing label must be able to serve TLS and gets an index, and a mirror of one gets
//! the label.

mod in_use;
mod refusal;
mod validate;

use serde_json::{Map, Value};

use self::{refusal::Refusal, validate::Validator};
use crate::{
    admission::{
        Decision, Request, ReviewError,
        object::{self, Texts, is_dns_subdomain},
    },
    cluster::Cluster,
    ecosystem::REFLECTS,
    objects::Secret,
    routing::index::{self, INDEX},
    settings::Settings,
};

/// Reviews a Secret that is created, updated or deleted at the second `now` since 1970. Fails if the Secret
/// cannot be read, or the users of one that goes are not known.
pub(crate) fn review(
    request: &Request,
    settings: &Settings,
    cluster: &impl Cluster,
    now: u64,
) -> Result<Decision, ReviewError> {
    let label = settings.routing_label.as_str();
    let old = request.stored_object().and_then(|old| Secret::read(old, label).ok());
    if request.is_deletion() {
        return in_use::review(request, old.as_ref(), None, settings, cluster, now);
    }
    let mut secret = Secret::read(&request.object, label).map_err(|field| request.malformed(field))?;
    let was_labelled = old.as_ref().is_some_and(|old| old.label.is_some());
    let mut warnings = Vec::new();
    if secret.label.is_some() {
        if old.as_ref().is_none_or(|old| !old.is_judged_like(&secret)) {
            match validate(&secret, settings, now) {
                Ok(found) => warnings = found,
                // A mirror is not refused for the content of its source.
                Err(refusal) if was_labelled && is_labelled_mirror(&secret, settings) => {
                    warnings = vec![not_labelled(&refusal)];
                    secret.label = None;
                }
                Err(refusal) => {
                    let secret = request.describe();
                    return Ok(Decision::deny(format!("{secret} cannot be a routing secret: {refusal}")));
                }
            }
        }
    } else if is_labelled_mirror(&secret, settings) && !was_labelled {
        warnings = label_mirror(&mut secret, settings, cluster, now);
    }
    let stored = write(&request.object, &secret, settings);
    let in_use = in_use::review(request, old.as_ref(), Some(&secret), settings, cluster, now)?;
    let about = |warning| format!("Secret {}: {warning}", secret.name);
    Ok(in_use.warn(warnings.into_iter().map(about)).and_store(&request.object, stored))
}

/// Warnings about a labelled Secret, or why it cannot be a routing secret.
fn validate(secret: &Secret, settings: &Settings, now: u64) -> Result<Vec<String>, Refusal> {
    if secret.is_placeholder() {
        return Ok(Vec::new());
    }
    if !secret.is_tls {
        return Err(Refusal::WrongType);
    }
    Validator { settings, now }.validate(&secret.tls_crt, &secret.tls_key)
}

/// The object with the label of a Secret, and with its index if it is a routing secret.
fn write(object: &Value, secret: &Secret, settings: &Settings) -> Value {
    let mut stored = object.clone();
    let label = settings.routing_label.as_str();
    if object::label(object, label) != secret.label.as_deref()
        && let Some(metadata) = stored.get_mut("metadata")
    {
        let mut labels: Map<_, _> = object::field(object, "metadata.labels").unwrap_or_default();
        match &secret.label {
            Some(value) => labels.insert(label.to_owned(), Value::String(value.clone())),
            None => labels.remove(label),
        };
        object::set(metadata, "labels", Value::Object(labels));
    }
    if settings.secret.index {
        object::set_annotations(&mut stored, with_index(secret));
    }
    stored
}

/// The annotations of a Secret with its index, or without one. An index that the API server would not store
/// is left out: it would refuse the whole Secret.
fn with_index(secret: &Secret) -> Texts {
    let mut annotations = secret.annotations.clone();
    annotations.remove(INDEX);
    let Some(leaf) = secret.leaf.as_ref().filter(|_| secret.is_routing_secret()) else {
        return annotations;
    };
    let mut indexed = annotations.clone();
    indexed.insert(INDEX.to_owned(), Value::String(index::write(leaf)));
    if object::fit(&indexed) { indexed } else { annotations }
}

/// Whether the policy cares for the label of a mirror, because Reflector copies none.
fn is_labelled_mirror(secret: &Secret, settings: &Settings) -> bool {
    settings.secret.label_mirrors && source(secret).is_some()
}

/// Namespace and name of the Secret of which this one is a mirror.
fn source(secret: &Secret) -> Option<(&str, &str)> {
    let (namespace, name) = secret.annotations.get(REFLECTS)?.as_str()?.split_once('/')?;
    (is_dns_subdomain(namespace) && is_dns_subdomain(name)).then_some((namespace, name))
}

/// Gives a mirror the label of its source, if it can be a routing secret.
fn label_mirror(secret: &mut Secret, settings: &Settings, cluster: &impl Cluster, now: u64) -> Vec<String> {
    let Some((namespace, name)) = source(secret) else {
        return Vec::new();
    };
    let label = &settings.routing_label;
    let value = match cluster.label_of(namespace, name, label) {
        Ok(None) => return Vec::new(),
        Ok(Some(value)) => value,
        Err(error) => {
            return vec![
                format!("not labelled: cannot read {namespace}/{name}"),
                error.brief(),
                format!("the policy server needs get on secrets in namespace {namespace}"),
                "the policy needs v1 Secret in contextAwareResources".to_owned(),
            ];
        }
    };
    match validate(secret, settings, now) {
        Ok(mut warnings) => {
            warnings.push(format!("labelled {label}, like {namespace}/{name}"));
            secret.label = Some(value);
            warnings
        }
        Err(refusal) => vec![not_labelled(&refusal)],
    }
}

/// The warning about a mirror that is stored without the label.
fn not_labelled(refusal: &Refusal) -> String {
    format!("not labelled: {refusal}")
}
