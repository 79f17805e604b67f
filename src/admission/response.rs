//! The answer of the policy, in the form of the SDK.

use std::collections::HashMap;

use kubewarden_policy_sdk::response::ValidationResponse;
use serde_json::Value;

use super::ReviewError;

/// The length of a warning that the API server passes on, in characters.
const MAX_WARNING: usize = 256;
/// The length to which names are cut in a warning that is longer, in characters.
const MAX_NAME: usize = 63;
const MAX_WARNINGS: usize = 10;
/// The length of a list in a warning, in bytes.
const MAX_LIST: usize = 100;
/// The length of a list in a message of a denial, in items and in bytes.
const MAX_MESSAGE_ITEMS: usize = 50;
const MAX_MESSAGE_LIST: usize = 12 * 1024;
/// The length of a message, in which a name may have any length, in characters.
const MAX_MESSAGE: usize = 16 * 1024;
/// The length of the audit annotation, in bytes.
const MAX_AUDIT: usize = 4 * 1024;
/// The audit annotation, to which the API server prefixes the name of the webhook.
const AUDIT_KEY: &str = "routing-secrets";

/// The answer to one request.
#[derive(Debug)]
pub(crate) struct Decision {
    verdict: Verdict,
    warnings: Vec<String>,
    /// The entries of the audit annotation, such as `a.example.com=wild`.
    audit: Vec<String>,
}

#[derive(Debug)]
enum Verdict {
    Accept,
    Mutate(Value),
    Deny { message: String, status: Option<u16> },
}

impl Decision {
    pub(crate) fn accept() -> Self {
        Self::new(Verdict::Accept)
    }

    pub(crate) fn mutate(object: Value) -> Self {
        Self::new(Verdict::Mutate(object))
    }

    /// The object is stored in this form, which may be that of the request.
    pub(crate) fn store(submitted: &Value, object: Value) -> Self {
        if object == *submitted { Self::accept() } else { Self::mutate(object) }
    }

    /// The same, but if it is accepted, the object is stored in this form.
    pub(crate) fn and_store(self, submitted: &Value, object: Value) -> Self {
        match self.verdict {
            Verdict::Deny { .. } => self,
            _ => Self::store(submitted, object).warn(self.warnings),
        }
    }

    pub(crate) fn deny(message: impl Into<String>) -> Self {
        Self::new(Verdict::Deny { message: message.into(), status: None })
    }

    pub(crate) fn warn(mut self, warnings: impl IntoIterator<Item = String>) -> Self {
        for warning in warnings {
            if !self.warnings.contains(&warning) {
                self.warnings.push(warning);
            }
        }
        self
    }

    /// Lets all warnings begin with the object that they are about: kubectl prints equal ones once.
    pub(crate) fn about(mut self, object: &str) -> Self {
        for warning in &mut self.warnings {
            *warning = format!("{object}: {warning}");
        }
        self
    }

    pub(crate) fn audit(mut self, entries: impl IntoIterator<Item = String>) -> Self {
        self.audit.extend(entries);
        self
    }

    fn new(verdict: Verdict) -> Self {
        Self { verdict, warnings: Vec::new(), audit: Vec::new() }
    }
}

impl From<ReviewError> for Decision {
    fn from(error: ReviewError) -> Self {
        Self::new(Verdict::Deny { message: error.to_string(), status: Some(error.status()) })
    }
}

impl From<Decision> for ValidationResponse {
    fn from(decision: Decision) -> Self {
        let (accepted, message, code, mutated_object) = match decision.verdict {
            Verdict::Accept => (true, None, None, None),
            Verdict::Mutate(object) => (true, None, None, Some(object)),
            Verdict::Deny { message, status } => (false, Some(clip(&message, MAX_MESSAGE)), status, None),
        };
        let audit = join(&decision.audit, ",", usize::MAX, MAX_AUDIT);
        Self {
            accepted,
            message,
            code,
            mutated_object,
            audit_annotations: (!audit.is_empty()).then(|| HashMap::from([(AUDIT_KEY.to_owned(), audit)])),
            warnings: Some(limit(&decision.warnings)).filter(|lines| !lines.is_empty()),
        }
    }
}

/// At most ten warnings of one line each; the tenth says how many more there are.
fn limit(warnings: &[String]) -> Vec<String> {
    let shown = if warnings.len() > MAX_WARNINGS { MAX_WARNINGS - 1 } else { warnings.len() };
    let more = warnings.len() - shown;
    warnings
        .iter()
        .take(shown)
        .map(|warning| clip(&cut_names(warning), MAX_WARNING))
        .chain((more > 0).then(|| format!("and {more} more warnings")))
        .collect()
}

/// Cuts long names of a warning that is too long, from its front, until it fits.
fn cut_names(warning: &str) -> String {
    let mut length = warning.chars().count();
    if length <= MAX_WARNING {
        return warning.to_owned();
    }
    let words = warning.split(' ').map(|word| {
        let name = word.trim_end_matches([':', ',', ';', ')']);
        let end = word.strip_prefix(name).unwrap_or_default();
        let characters = name.chars().count();
        if length <= MAX_WARNING || characters <= MAX_NAME {
            return word.to_owned();
        }
        length -= characters - MAX_NAME;
        clip(name, MAX_NAME) + end
    });
    words.collect::<Vec<_>>().join(" ")
}

/// One line of at most `max` characters.
fn clip(text: &str, max: usize) -> String {
    let line = text.chars().map(|char| if char.is_control() { ' ' } else { char });
    if text.chars().count() <= max {
        line.collect()
    } else {
        line.take(max - 3).chain("...".chars()).collect()
    }
}

/// The first items, at most `max_items` and as many as fit into `max_bytes` but at least one, and how many
/// more there are.
fn join(items: &[impl ToString], separator: &str, max_items: usize, max_bytes: usize) -> String {
    let mut text = String::new();
    for (place, item) in items.iter().map(ToString::to_string).enumerate() {
        let more = format!("{separator}and {} more", items.len() - place);
        let length = text.len() + separator.len() + item.len() + more.len();
        if place == 0 {
            text = item;
        } else if place == max_items || length > max_bytes {
            return text + &more;
        } else {
            text = text + separator + &item;
        }
    }
    text
}

pub(crate) fn list(items: &[impl ToString]) -> String {
    join(items, ", ", usize::MAX, MAX_LIST)
}

pub(crate) fn message_list(items: &[impl ToString]) -> String {
    join(items, "; ", MAX_MESSAGE_ITEMS, MAX_MESSAGE_LIST)
}
