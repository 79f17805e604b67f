//! How people are told what happens to their objects, the same for all kinds.

/// How many faults a rejection lists.
const MOST_FAULTS: usize = 50;

/// The warning about a host that gets a routing secret.
pub fn served(host: &str, secret: &str) -> String {
    format!("{host}: served by routing secret {secret}")
}

/// The warning about a host that gets back what its author named.
pub fn returned(host: &str, secret: &str) -> String {
    format!("{host}: back to Secret {secret} of its author")
}

/// The message of a rejection; `None` if there are no faults.
pub fn violation(subject: &str, faults: &[String]) -> Option<String> {
    if faults.is_empty() {
        return None;
    }
    let (shown, more) = faults.split_at(faults.len().min(MOST_FAULTS));
    let more = match more.len() {
        0 => String::new(),
        more => format!("; and {more} more"),
    };
    Some(format!(
        "{subject} does not use its routing secrets: {}{more}",
        shown.join("; ")
    ))
}

/// As many items as fit into a warning, and how many more there are.
pub fn list(items: &[String]) -> String {
    const LENGTH: usize = 90;
    let mut line = String::new();
    for (place, item) in items.iter().enumerate() {
        if place > 0 && line.len() + item.len() > LENGTH {
            return format!("{line} and {} more", items.len() - place);
        }
        if place > 0 {
            line.push_str(", ");
        }
        line.push_str(item);
    }
    line
}
