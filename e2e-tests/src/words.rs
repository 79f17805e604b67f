//! Words for kinds and numbers.

/// The plural of a kind or noun, by the rules of English that the resources of Kubernetes keep to: Ingress, Ingresses;
/// Policy, Policies; Gateway, Gateways.
#[must_use]
pub fn plural(word: &str) -> String {
    let stem = word.strip_suffix('y').filter(|stem| !stem.ends_with(['a', 'e', 'o', 'u']));
    match stem {
        Some(stem) => format!("{stem}ies"),
        None if ["s", "x", "ch", "sh"].iter().any(|end| word.ends_with(end)) => format!("{word}es"),
        None => format!("{word}s"),
    }
}

/// So many of a thing: 1 Ingress, 2 Ingresses.
#[must_use]
pub fn counted(count: usize, word: &str) -> String {
    match count {
        1 => format!("1 {word}"),
        _ => format!("{count} {}", plural(word)),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("ingress", "ingresses")]
    #[case("Certificate", "Certificates")]
    #[case("Gateway", "Gateways")]
    #[case("listenerset", "listenersets")]
    #[case("networkpolicy", "networkpolicies")]
    #[case("routing secret", "routing secrets")]
    fn plurals(#[case] word: &str, #[case] expected: &str) {
        assert_eq!(plural(word), expected);
        assert_eq!(counted(2, word), format!("2 {expected}"));
        assert_eq!(counted(1, word), format!("1 {word}"));
    }
}
