//! What the policy answers, and the only place that writes it down for the host.

use serde::Serialize;
use serde_json::value::RawValue;

/// What `kubectl` shows of a warning, and Kubernetes recommends at most.
const LONGEST_WARNING: usize = 120;
const MOST_WARNINGS: usize = 10;
/// Enough for fifty hosts; names of any length can be part of a message.
const LONGEST_MESSAGE: usize = 16 * 1024;

/// The answer to one request.
#[derive(Debug)]
pub struct Decision {
    verdict: Verdict,
    warnings: Vec<String>,
    routes: Vec<Route>,
}

/// A host and the routing secret that serves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The host as its object writes it.
    pub host: String,
    /// The name of the Secret.
    pub secret: String,
}

#[derive(Debug)]
enum Verdict {
    Accept,
    Mutate(Box<RawValue>),
    Reject { message: String, code: Option<u16> },
}

impl Decision {
    /// The object may be stored as it is.
    pub fn accept() -> Self {
        Self::new(Verdict::Accept)
    }

    /// The object may be stored in this form.
    pub fn mutate(object: Box<RawValue>) -> Self {
        Self::new(Verdict::Mutate(object))
    }

    /// The object breaks a rule.
    pub fn reject(message: impl Into<String>) -> Self {
        Self::new(Verdict::Reject {
            message: message.into(),
            code: None,
        })
    }

    /// The request could not be judged; `code` is the HTTP status that says whose fault it is.
    pub fn fail(message: impl Into<String>, code: u16) -> Self {
        Self::new(Verdict::Reject {
            message: message.into(),
            code: Some(code),
        })
    }

    /// A field of the object is missing or of the wrong type. Nothing of its content is named, which
    /// may be a key.
    pub fn unreadable(subject: &str, field: &str) -> Self {
        Self::fail(
            format!("{subject} cannot be read: {field} is missing or of the wrong type"),
            400,
        )
    }

    /// Adds warnings for whoever sent the request.
    pub fn warn(mut self, warnings: impl IntoIterator<Item = String>) -> Self {
        self.warnings.extend(warnings);
        self
    }

    /// Adds hosts and their routing secrets for the audit log.
    pub fn audit(mut self, routes: impl IntoIterator<Item = Route>) -> Self {
        self.routes.extend(routes);
        self
    }

    fn new(verdict: Verdict) -> Self {
        Self {
            verdict,
            warnings: Vec::new(),
            routes: Vec::new(),
        }
    }

    /// The answer as the host reads it: the SDK's `ValidationResponse`, but with the object as text.
    ///
    /// # Errors
    /// None that is known: the parts are text already.
    pub fn to_json(&self) -> serde_json::Result<Vec<u8>> {
        let (accepted, message, code, mutated_object) = match &self.verdict {
            Verdict::Accept => (true, None, None, None),
            Verdict::Mutate(object) => (true, None, None, Some(object.as_ref())),
            Verdict::Reject { message, code } => {
                (false, Some(clip(message, LONGEST_MESSAGE)), *code, None)
            }
        };
        let routes: Vec<_> = self
            .routes
            .iter()
            .map(|route| format!("{}={}", route.host, route.secret))
            .collect();
        serde_json::to_vec(&Response {
            accepted,
            message,
            code,
            mutated_object,
            audit_annotations: (!routes.is_empty()).then(|| AuditAnnotations {
                routes: routes.join(","),
            }),
            warnings: limit(&self.warnings),
        })
    }
}

/// The SDK's `ValidationResponse`, whose `mutated_object` would have to be a parsed value.
#[derive(Serialize)]
struct Response<'a> {
    accepted: bool,
    message: Option<String>,
    code: Option<u16>,
    mutated_object: Option<&'a RawValue>,
    audit_annotations: Option<AuditAnnotations>,
    warnings: Option<Vec<String>>,
}

/// The annotations of an audit event.
#[derive(Serialize)]
struct AuditAnnotations {
    /// Which host uses which routing secret.
    #[serde(rename = "routing-secrets")]
    routes: String,
}

/// At most ten warnings of one line each; the tenth says how many more there are.
fn limit(warnings: &[String]) -> Option<Vec<String>> {
    let shown = if warnings.len() > MOST_WARNINGS {
        MOST_WARNINGS - 1
    } else {
        warnings.len()
    };
    let more = warnings.len() - shown;
    let mut lines: Vec<_> = warnings
        .iter()
        .take(shown)
        .map(|warning| clip(warning, LONGEST_WARNING))
        .collect();
    if more > 0 {
        lines.push(format!("and {more} more warnings"));
    }
    (!lines.is_empty()).then_some(lines)
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

#[cfg(test)]
#[path = "decision_tests.rs"]
mod tests;
