//! Secrets: one with the routing label must be able to serve TLS and gets an index, and a mirror of one
//! gets the label.

mod fault;
mod judgement;
mod object;

use serde_json::value::{RawValue, to_raw_value};

use self::{
    fault::Fault,
    judgement::Standard,
    object::{Secret, TLS_CRT, TLS_KEY},
};
use crate::{
    blank::field,
    decision::Decision,
    index::{self, INDEX},
    json::{Edits, set},
    leaf::Leaf,
    lookup::SecretSource,
    metadata::is_name,
    pem,
    record::{AnnotationEdits, effective, fits},
    request::Request,
    routing::leaf,
    settings::Settings,
};

/// The Secret of which this is a copy (Reflector, `Mirroring/SecretMirror.cs`).
const REFLECTS: &str = "reflector.v1.k8s.emberstack.com/reflects";
/// The Secret from which replicator fills this one.
const REPLICATES: &str = "replicator.v1.mittwald.de/replicate-from";

/// What becomes of a Secret that is not rejected.
#[derive(Default)]
struct Admission {
    /// The value of the routing label, if it is given one.
    label: Option<String>,
    warnings: Vec<String>,
}

/// Judges a Secret that is created or updated at the second `now` since 1970.
///
/// # Errors
/// None that is known: what is written was read before.
pub fn review(
    request: &Request<'_>,
    settings: &Settings,
    secrets: &impl SecretSource,
    now: u64,
) -> serde_json::Result<Decision> {
    let secret = match request.object().and_then(Secret::parse) {
        Ok(secret) => secret,
        Err(field) => return Ok(Decision::unreadable("the Secret", field)),
    };
    // An old object that cannot be read makes no difference to what the new one must be.
    let old = request.old_object();
    let old = old.as_ref().and_then(|old| Secret::parse(old).ok());
    let label = settings.routing_label.as_str();
    let has_label = secret.label(label).is_some();
    let admission = if has_label {
        if old.is_some_and(|old| is_unchanged(&old, &secret, label)) {
            Admission::default()
        } else {
            let standard = Standard {
                settings: &settings.secret,
                wildcards: settings.wildcards,
                now,
            };
            match judge(&secret, &standard) {
                Ok(warnings) => Admission {
                    label: None,
                    warnings,
                },
                Err(answer) => return Ok(answer),
            }
        }
    } else {
        let had_label = old.is_some_and(|old| old.label(label).is_some());
        if had_label || !settings.secret.label_mirrors || !secret.is_tls() {
            Admission::default()
        } else {
            label_of_source(&secret, label, secrets)
        }
    };
    let is_routing_secret = has_label || admission.label.is_some();
    let decision = match stored(&secret, settings, &admission, is_routing_secret)? {
        Some(object) => Decision::mutate(object),
        None => Decision::accept(),
    };
    Ok(decision.warn(admission.warnings))
}

/// What is stored of the Secret; `None` if that is what came.
fn stored(
    secret: &Secret<'_>,
    settings: &Settings,
    admission: &Admission,
    is_routing_secret: bool,
) -> serde_json::Result<Option<Box<RawValue>>> {
    let manifest = &secret.manifest;
    let mut edits = Edits::new();
    if let Some(value) = &admission.label {
        let label = settings.routing_label.as_str();
        let labels = set(&manifest.labels, label, Some(to_raw_value(value)?))?;
        edits.push(("labels".to_owned(), Some(labels)));
    }
    if settings.secret.index {
        let leaf = is_routing_secret.then(|| leaf_of(secret)).flatten();
        let index = leaf.map(|leaf| index::write(&leaf)).transpose()?;
        let index = index.map(|index| to_raw_value(&index)).transpose()?;
        let mut change = AnnotationEdits::of(INDEX, index);
        if !fits(&manifest.annotations, &change) {
            // Kubernetes would refuse the whole Secret.
            change = AnnotationEdits::of(INDEX, None);
        }
        let change = effective(&manifest.annotations, &change);
        if !change.is_empty() {
            let annotations = manifest.annotations.edited(&change);
            let annotations = field(&annotations, annotations.is_empty(), None)?;
            edits.push(("annotations".to_owned(), annotations));
        }
    }
    if edits.is_empty() {
        return Ok(None);
    }
    let metadata = to_raw_value(&manifest.metadata.edited(&edits))?;
    manifest.edited(&vec![("metadata".to_owned(), Some(metadata))])
}

/// The certificate that a routing secret is matched by, if there is one that can be read.
fn leaf_of(secret: &Secret<'_>) -> Option<Leaf<'static>> {
    let tls_crt = secret.is_tls().then(|| secret.content(TLS_CRT));
    let tls_crt = tls_crt?.ok()?;
    leaf(pem::first_certificate(&pem::text(&tls_crt))).ok()
}

/// The warnings about a routing secret.
///
/// # Errors
/// The answer to the request, if it cannot be one.
fn judge(secret: &Secret<'_>, standard: &Standard<'_>) -> Result<Vec<String>, Decision> {
    let subject = secret.subject();
    let (tls_crt, tls_key) = secret
        .content(TLS_CRT)
        .and_then(|crt| Ok((crt, secret.content(TLS_KEY)?)))
        .map_err(|field| Decision::unreadable(&subject, field))?;
    let is_copy = secret.has_any_annotation(&[REFLECTS, REPLICATES]);
    if tls_crt.is_empty() && tls_key.is_empty() && is_copy {
        return Ok(Vec::new());
    }
    let verdict = if secret.is_tls() {
        standard.judge(&tls_crt, &tls_key)
    } else {
        Err(Fault::WrongType)
    };
    match verdict {
        Ok(warnings) => Ok(warnings
            .into_iter()
            .map(|warning| format!("{subject}: {warning}"))
            .collect()),
        Err(fault) => Err(Decision::reject(format!(
            "{subject} cannot be a routing secret: {fault} [{}]",
            fault.code()
        ))),
    }
}

/// Whether an update leaves alone what a judgement depends on.
fn is_unchanged(old: &Secret<'_>, new: &Secret<'_>, label: &str) -> bool {
    let same_text = |old: Option<&RawValue>, new: Option<&RawValue>| {
        old.map(RawValue::get) == new.map(RawValue::get)
    };
    old.manifest.root.text("type") == new.manifest.root.text("type")
        && same_text(old.label(label), new.label(label))
        && [TLS_CRT, TLS_KEY].iter().all(|key| {
            old.content(key)
                .is_ok_and(|content| new.content(key) == Ok(content))
        })
}

/// Reflector copies no labels, so a mirror gets that of its source.
fn label_of_source(secret: &Secret<'_>, label: &str, secrets: &impl SecretSource) -> Admission {
    let subject = secret.subject();
    let reflects = secret.manifest.annotations.text(REFLECTS);
    let Some((namespace, name)) = reflects
        .as_deref()
        .and_then(|reflects| reflects.split_once('/'))
        .filter(|(namespace, name)| is_name(namespace) && is_name(name))
    else {
        return Admission::default();
    };
    let label_of_source = secrets.label_of(namespace, name, label);
    let warnings = match &label_of_source {
        Ok(Some(_)) => vec![format!(
            "{subject}: labelled {label}, like its source {namespace}/{name}"
        )],
        Ok(None) => Vec::new(),
        Err(error) => vec![
            format!(
                "{subject} is not labelled {label}: its source {namespace}/{name} cannot be read"
            ),
            error.to_string(),
            format!(
                "it needs get on secrets in namespace {namespace}, and v1 Secret in contextAwareResources"
            ),
        ],
    };
    Admission {
        label: label_of_source.ok().flatten(),
        warnings,
    }
}
