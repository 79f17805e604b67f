//! What the policy answers, in the form of the SDK.

use std::collections::HashMap;

use kubewarden_policy_sdk::response::ValidationResponse;
use serde_json::Value;

use super::ReviewError;
use crate::routing::ServedHost;

/// What `kubectl` shows of a warning, and Kubernetes recommends at most, in characters.
pub(crate) const LONGEST_WARNING: usize = 120;
const MOST_WARNINGS: usize = 10;
/// Enough for fifty hosts; names of any length can be part of a message.
const LONGEST_MESSAGE: usize = 16 * 1024;
/// What the audit annotation holds at most, in bytes.
const LONGEST_AUDIT: usize = 4 * 1024;
/// The audit annotation, to which the API server prefixes the name of the webhook.
const AUDIT_KEY: &str = "routing-secrets";

/// The answer to one request.
#[derive(Debug)]
pub(crate) struct Decision {
    verdict: Verdict,
    warnings: Vec<String>,
    served: Vec<ServedHost>,
}

#[derive(Debug)]
enum Verdict {
    Accept,
    Mutate(Value),
    Deny {
        message: String,
        status: Option<u16>,
    },
}

impl Decision {
    /// The object may be stored as it is.
    pub(crate) fn accept() -> Self {
        Self::new(Verdict::Accept)
    }

    /// The object is stored in this form, which may be that of the request.
    pub(crate) fn store(submitted: &Value, object: Value) -> Self {
        Self::new(if object == *submitted {
            Verdict::Accept
        } else {
            Verdict::Mutate(object)
        })
    }

    /// The same, but if it is accepted, the object is stored in this form.
    pub(crate) fn and_store(self, submitted: &Value, object: Value) -> Self {
        match self.verdict {
            Verdict::Deny { .. } => self,
            _ => Self::store(submitted, object).warn(self.warnings),
        }
    }

    /// The object breaks a rule.
    pub(crate) fn deny(message: impl Into<String>) -> Self {
        Self::new(Verdict::Deny {
            message: message.into(),
            status: None,
        })
    }

    /// The request could not be decided; `status` is the HTTP status that says whose fault it is.
    pub(crate) fn fail(message: impl Into<String>, status: u16) -> Self {
        Self::new(Verdict::Deny {
            message: message.into(),
            status: Some(status),
        })
    }

    /// Adds warnings for whoever sent the request.
    pub(crate) fn warn(mut self, warnings: impl IntoIterator<Item = String>) -> Self {
        self.warnings.extend(warnings);
        self
    }

    /// Has the warnings begin with what they are about: kubectl prints equal ones once.
    pub(crate) fn about(mut self, object: &str) -> Self {
        let warnings = self.warnings.iter();
        self.warnings = warnings
            .map(|warning| format!("{object}: {warning}"))
            .collect();
        self
    }

    /// Adds hosts and their routing secrets for the audit log.
    pub(crate) fn audit(mut self, served: impl IntoIterator<Item = ServedHost>) -> Self {
        self.served.extend(served);
        self
    }

    fn new(verdict: Verdict) -> Self {
        Self {
            verdict,
            warnings: Vec::new(),
            served: Vec::new(),
        }
    }
}

impl From<ReviewError> for Decision {
    fn from(error: ReviewError) -> Self {
        Self::fail(error.to_string(), error.status())
    }
}

impl From<Decision> for ValidationResponse {
    fn from(decision: Decision) -> Self {
        let (accepted, message, code, mutated_object) = match decision.verdict {
            Verdict::Accept => (true, None, None, None),
            Verdict::Mutate(object) => (true, None, None, Some(object)),
            Verdict::Deny { message, status } => {
                (false, Some(clip(&message, LONGEST_MESSAGE)), status, None)
            }
        };
        let audit = HashMap::from([(AUDIT_KEY.to_owned(), audit_text(&decision.served))]);
        Self {
            accepted,
            message,
            code,
            mutated_object,
            audit_annotations: Some(audit).filter(|_| !decision.served.is_empty()),
            warnings: Some(limit(&decision.warnings)).filter(|lines| !lines.is_empty()),
        }
    }
}

/// Hosts and their routing secrets, as many as fit, and how many more there are.
fn audit_text(served: &[ServedHost]) -> String {
    let mut text = String::new();
    for (place, ServedHost { host, secret }) in served.iter().enumerate() {
        let pair = format!("{host}={secret}");
        let more = format!(",and {} more", served.len() - place);
        if text.len() + pair.len() + ",".len() + more.len() > LONGEST_AUDIT {
            return text + more.trim_start_matches(if place == 0 { "," } else { "" });
        }
        if place > 0 {
            text.push(',');
        }
        text.push_str(&pair);
    }
    text
}

/// At most ten warnings of one line each; the tenth says how many more there are.
fn limit(warnings: &[String]) -> Vec<String> {
    let shown = match warnings.len() {
        all @ ..=MOST_WARNINGS => all,
        _ => MOST_WARNINGS - 1,
    };
    let lines = warnings.iter().take(shown);
    let mut lines: Vec<_> = lines.map(|line| clip(line, LONGEST_WARNING)).collect();
    if warnings.len() > shown {
        lines.push(format!("and {} more warnings", warnings.len() - shown));
    }
    lines
}

/// One line of at most so many characters.
fn clip(text: &str, longest: usize) -> String {
    let line = text
        .chars()
        .map(|char| if char.is_control() { ' ' } else { char });
    if text.chars().count() <= longest {
        line.collect()
    } else {
        line.take(longest - 3).chain("...".chars()).collect()
    }
}

/// As many items as fit into a warning, and how many more there are.
pub(crate) fn list<T: ToString>(items: &[T]) -> String {
    const LENGTH: usize = 70;
    let mut line = String::new();
    for (place, item) in items.iter().map(T::to_string).enumerate() {
        if place > 0 && line.len() + item.len() > LENGTH {
            return format!("{line} and {} more", items.len() - place);
        }
        if place > 0 {
            line.push_str(", ");
        }
        line.push_str(&item);
    }
    line
}

/// The message of `action: require`.
pub(crate) fn not_using_routing_secrets(object: &str, violations: &[String]) -> String {
    let violations = join(violations.iter().cloned(), "; ");
    format!("{object} does not use its routing secrets: {violations}")
}

/// The first fifty items for a message, fewer if they are long, and how many more there are.
pub(crate) fn join(items: impl ExactSizeIterator<Item = String>, separator: &str) -> String {
    const MOST: usize = 50;
    const LONGEST: usize = 12 * 1024;
    let count = items.len();
    let mut length = 0;
    let mut shown: Vec<_> = items
        .take(MOST)
        .take_while(|item| {
            length += item.len() + separator.len();
            length <= LONGEST
        })
        .collect();
    if count > shown.len() {
        shown.push(format!("and {} more", count - shown.len()));
    }
    shown.join(separator)
}
