//! Secrets: one with the routing label must be able to serve TLS and gets an index, and a mirror of one
//! gets the label.

mod in_use;
mod refusal;
mod validate;

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Map, Value};

use self::{refusal::Refusal, validate::Validation};
use crate::{
    admission::{
        Decision, Kind, Request, ReviewError,
        object::{self, Texts},
    },
    routing::{
        Cluster, TLS_TYPE,
        index::{self, INDEX},
    },
    settings::Settings,
    x509::{leaf::Leaf, pem::first_certificate},
};

/// The certificates, as the type `kubernetes.io/tls` names them.
const TLS_CRT: &str = "tls.crt";
/// The private key.
const TLS_KEY: &str = "tls.key";
/// The annotations of a Secret that something else fills: that of Reflector, and that of replicator.
const MIRRORS: [&str; 2] = [REFLECTS, REPLICATES];
/// The Secret of which this is a copy (Reflector, `Mirroring/SecretMirror.cs`).
const REFLECTS: &str = "reflector.v1.k8s.emberstack.com/reflects";
/// The Secret from which replicator fills this one (`replicate/common/consts.go`).
const REPLICATES: &str = "replicator.v1.mittwald.de/replicate-from";

/// Reviews a Secret that is created or updated at the second `now` since 1970.
///
/// # Errors
/// If the Secret cannot be read, or it is not known who names one that goes.
pub(crate) fn review(
    request: &Request,
    settings: &Settings,
    cluster: &impl Cluster,
    now: u64,
) -> Result<Decision, ReviewError> {
    if request.is_deletion() {
        return in_use::review(request, None, settings, cluster, now);
    }
    let label = settings.routing_label.as_str();
    let submitted = &request.object;
    let old = request.old_object();
    let mut stored = submitted.clone();
    let mut warnings = Vec::new();
    if object::label(submitted, label).is_some() {
        if old.is_none_or(|old| !is_unchanged(old, submitted, label)) {
            match validate(submitted, settings, now)? {
                Ok(found) => warnings.extend(found),
                Err(refusal) => return Ok(deny(submitted, &refusal)),
            }
        }
    } else if settings.secret.label_mirrors
        && is_tls(submitted)
        && old.is_none_or(|old| object::label(old, label).is_none())
    {
        label_mirror(&mut stored, label, cluster, &mut warnings);
    }
    if settings.secret.index {
        stamp(&mut stored, label);
    }
    let in_use = in_use::review(request, Some(submitted), settings, cluster, now)?;
    Ok(in_use.and_store(submitted, stored).warn(warnings))
}

/// The warnings about a labelled Secret, or why it cannot be a routing secret.
fn validate(
    secret: &Value,
    settings: &Settings,
    now: u64,
) -> Result<Result<Vec<String>, Refusal>, ReviewError> {
    let (tls_crt, tls_key) = (content(secret, TLS_CRT)?, content(secret, TLS_KEY)?);
    let is_copy = MIRRORS
        .iter()
        .any(|name| object::annotation(secret, name).is_some());
    if tls_crt.is_empty() && tls_key.is_empty() && is_copy {
        // A placeholder, which the copier fills.
        return Ok(Ok(Vec::new()));
    }
    if !is_tls(secret) {
        return Ok(Err(Refusal::WrongType));
    }
    let validation = Validation {
        settings: &settings.secret,
        wildcards: settings.wildcards,
        now,
    };
    let name = object::describe(Kind::Secret.name(), secret);
    let warnings = validation.validate(&tls_crt, &tls_key);
    Ok(warnings.map(|warnings| {
        let warnings = warnings.into_iter();
        warnings
            .map(|warning| format!("{name}: {warning}"))
            .collect()
    }))
}

fn deny(secret: &Value, refusal: &Refusal) -> Decision {
    let name = object::describe(Kind::Secret.name(), secret);
    let code = refusal.code();
    Decision::deny(format!(
        "{name} cannot be a routing secret: {refusal} [{code}]"
    ))
}

fn is_tls(secret: &Value) -> bool {
    object::text(secret, "/type") == Some(TLS_TYPE)
}

/// Whether a Secret has the type and the label of routing secrets.
fn is_routing_secret(secret: &Value, label: &str) -> bool {
    is_tls(secret) && object::label(secret, label).is_some()
}

/// The content of a key, empty if it is absent; `stringData` goes before `data`, as in the API server.
///
/// # Errors
/// If it is not base64, or the fields are no maps.
fn content(secret: &Value, key: &str) -> Result<Vec<u8>, ReviewError> {
    let malformed = |field: &str| ReviewError::Malformed {
        object: object::describe(Kind::Secret.name(), secret),
        field: field.to_owned(),
    };
    let values = |field: &str| {
        let values = object::field::<Map<_, _>>(secret, &format!("/{field}"));
        values.ok_or_else(|| malformed(field))
    };
    if let Some(text) = values("stringData")?.remove(key) {
        let text = text.as_str().map(|text| text.as_bytes().to_vec());
        return text.ok_or_else(|| malformed(key));
    }
    let Some(base64) = values("data")?.remove(key) else {
        return Ok(Vec::new());
    };
    // Go's encoding/base64 steps over the ends of lines.
    let base64 = base64
        .as_str()
        .map(|base64| base64.replace(['\r', '\n'], ""));
    let bytes = base64.and_then(|base64| BASE64_STANDARD.decode(base64).ok());
    bytes.ok_or_else(|| malformed(key))
}

/// Whether an update leaves alone what a routing secret is judged by.
fn is_unchanged(old: &Value, new: &Value, label: &str) -> bool {
    let is_same_content = |key: &&str| match (content(old, key), content(new, key)) {
        (Ok(old), Ok(new)) => old == new,
        _ => false,
    };
    is_tls(old) == is_tls(new)
        && object::label(old, label) == object::label(new, label)
        && [TLS_CRT, TLS_KEY].iter().all(is_same_content)
}

/// Writes the index of a routing secret, or removes that of another Secret.
fn stamp(secret: &mut Value, label: &str) {
    let leaf = is_routing_secret(secret, label)
        .then(|| leaf(secret))
        .flatten();
    let Some(mut annotations) = object::field::<Texts>(secret, "/metadata/annotations") else {
        return;
    };
    annotations.remove(INDEX);
    if let Some(leaf) = leaf {
        let mut indexed = annotations.clone();
        indexed.insert(INDEX.to_owned(), Value::String(index::write(&leaf)));
        // Else the API server would refuse the whole Secret.
        if object::fit(&indexed) {
            annotations = indexed;
        }
    }
    object::set_annotations(secret, annotations);
}

/// The certificate that a routing secret is matched by, if there is one that can be read.
fn leaf(secret: &Value) -> Option<Leaf> {
    Leaf::from_der(&first_certificate(&content(secret, TLS_CRT).ok()?)?).ok()
}

/// Gives a mirror the label of its source, because Reflector copies no labels.
fn label_mirror(
    secret: &mut Value,
    label: &str,
    cluster: &impl Cluster,
    warnings: &mut Vec<String>,
) {
    let reflects = object::annotation(secret, REFLECTS).unwrap_or_default();
    let reflects = reflects.to_owned();
    let Some((namespace, source)) = reflects.split_once('/') else {
        return;
    };
    if ![namespace, source]
        .into_iter()
        .all(object::is_dns_subdomain)
    {
        return;
    }
    let name = object::describe(Kind::Secret.name(), secret);
    match cluster.label_of(namespace, source, label) {
        Ok(None) => {}
        Ok(Some(value)) => {
            warnings.push(format!(
                "{name}: labelled {label}, like its source {namespace}/{source}"
            ));
            let mut labels: Map<_, _> =
                object::field(secret, "/metadata/labels").unwrap_or_default();
            labels.insert(label.to_owned(), Value::String(value));
            if let Some(metadata) = secret.get_mut("metadata") {
                object::set(metadata, "labels", Value::Object(labels));
            }
        }
        Err(error) => warnings.extend([
            format!(
                "{name} is not labelled {label}: its source {namespace}/{source} cannot be read"
            ),
            error.brief(),
            format!(
                "it needs get on secrets in namespace {namespace}, and v1 Secret in contextAwareResources"
            ),
        ]),
    }
}
