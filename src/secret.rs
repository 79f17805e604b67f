//! Secrets: one with the routing label must be able to serve TLS, and a mirror of one gets the label.

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
    decision::Decision,
    json::set,
    lookup::SecretSource,
    metadata::{is_name, subject},
    request::Request,
    settings::Settings,
};

/// The Secret of which this is a copy (Reflector, `Mirroring/SecretMirror.cs`).
const REFLECTS: &str = "reflector.v1.k8s.emberstack.com/reflects";
/// The Secret from which replicator fills this one.
const REPLICATES: &str = "replicator.v1.mittwald.de/replicate-from";

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
    let secret = match request.object().ok_or("object").and_then(Secret::parse) {
        Ok(secret) => secret,
        Err(field) => return Ok(Decision::unreadable("the Secret", field)),
    };
    // An old object that cannot be read makes no difference to what the new one must be.
    let old = request.old_object().and_then(|old| Secret::parse(old).ok());
    let label = settings.routing_label.as_str();
    if secret.labels.raw(label).is_none() {
        let had_label = old.is_some_and(|old| old.labels.raw(label).is_some());
        if had_label || !settings.secret.label_mirrors || !secret.is_tls() {
            return Ok(Decision::accept());
        }
        return label_mirror(&secret, label, secrets);
    }
    if old.is_some_and(|old| is_unchanged(&old, &secret, label)) {
        return Ok(Decision::accept());
    }
    let standard = Standard {
        settings: &settings.secret,
        wildcards: settings.wildcards,
        now,
    };
    Ok(judge(&secret, &standard))
}

fn judge(secret: &Secret<'_>, standard: &Standard<'_>) -> Decision {
    let subject = subject("Secret", &secret.metadata);
    let contents = secret
        .content(TLS_CRT)
        .and_then(|crt| Ok((crt, secret.content(TLS_KEY)?)));
    let (tls_crt, tls_key) = match contents {
        Ok(contents) => contents,
        Err(field) => return Decision::unreadable(&subject, field),
    };
    let is_copy = [REFLECTS, REPLICATES]
        .iter()
        .any(|name| secret.annotations.raw(name).is_some());
    if tls_crt.is_empty() && tls_key.is_empty() && is_copy {
        return Decision::accept();
    }
    let verdict = if secret.is_tls() {
        standard.judge(&tls_crt, &tls_key)
    } else {
        Err(Fault::WrongType)
    };
    match verdict {
        Ok(warnings) => Decision::accept().warn(
            warnings
                .into_iter()
                .map(|warning| format!("{subject}: {warning}")),
        ),
        Err(fault) => Decision::reject(format!(
            "{subject} cannot be a routing secret: {fault} [{}]",
            fault.code()
        )),
    }
}

/// Whether an update leaves alone what a judgement depends on.
fn is_unchanged(old: &Secret<'_>, new: &Secret<'_>, label: &str) -> bool {
    let same_text = |old: Option<&RawValue>, new: Option<&RawValue>| {
        old.map(RawValue::get) == new.map(RawValue::get)
    };
    old.root.text("type") == new.root.text("type")
        && same_text(old.labels.raw(label), new.labels.raw(label))
        && [TLS_CRT, TLS_KEY].iter().all(|key| {
            old.content(key)
                .is_ok_and(|content| new.content(key) == Ok(content))
        })
}

/// Reflector copies no labels, so a mirror gets that of its source.
fn label_mirror(
    secret: &Secret<'_>,
    label: &str,
    secrets: &impl SecretSource,
) -> serde_json::Result<Decision> {
    let subject = subject("Secret", &secret.metadata);
    let reflects = secret.annotations.text(REFLECTS);
    let Some((namespace, name)) = reflects
        .as_deref()
        .and_then(|reflects| reflects.split_once('/'))
        .filter(|(namespace, name)| is_name(namespace) && is_name(name))
    else {
        return Ok(Decision::accept());
    };
    let value = match secrets.label_of(namespace, name, label) {
        Ok(Some(value)) => value,
        Ok(None) => return Ok(Decision::accept()),
        Err(error) => {
            return Ok(Decision::accept().warn([
                format!("{subject} is not labelled {label}: its source {namespace}/{name} cannot be read"),
                error.to_string(),
                format!("it needs get on secrets in namespace {namespace}, and v1 Secret in contextAwareResources"),
            ]));
        }
    };
    let labels = set(&secret.labels, label, Some(to_raw_value(&value)?))?;
    let metadata = set(&secret.metadata, "labels", Some(labels))?;
    let object = set(&secret.root, "metadata", Some(metadata))?;
    Ok(Decision::mutate(object).warn([format!(
        "{subject}: labelled {label}, like its source {namespace}/{name}"
    )]))
}
