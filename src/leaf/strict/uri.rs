//! URIs among the names of a certificate, of which Go refuses the whole certificate if one is not to
//! its taste (`net/url`, `Parse`).
//!
//! This is RFC 3986 with a scheme, without user information, ports and IP addresses: what SPIFFE, URNs
//! and web addresses look like, and a part of what Go accepts.

/// Whether a certificate may have this URI.
pub fn is_valid(uri: &str) -> bool {
    let Some((scheme, rest)) = uri.split_once(':') else {
        return false;
    };
    let (authority, path) = match rest.strip_prefix("//") {
        Some(rest) => {
            let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
            rest.split_at(end)
        }
        None => ("", rest),
    };
    is_scheme(scheme) && (authority.is_empty() || is_domain(authority)) && is_path(path)
}

/// RFC 3986, section 3.1.
fn is_scheme(text: &str) -> bool {
    text.starts_with(|char: char| char.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

fn is_domain(text: &str) -> bool {
    text.split('.').all(|label| {
        !label.is_empty()
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    }) && text.bytes().any(|byte| byte.is_ascii_alphabetic())
}

/// The characters of RFC 3986, section 2, and `%` only before two hexadecimal digits.
fn is_path(text: &str) -> bool {
    let mut parts = text.split('%');
    let is_plain = |part: &str| {
        part.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._~:/?#@!$&'()*+,;=".contains(&byte))
    };
    let is_escape = |part: &str| {
        part.as_bytes()
            .get(..2)
            .is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    parts.next().is_none_or(is_plain) && parts.all(|part| is_escape(part) && is_plain(part))
}
