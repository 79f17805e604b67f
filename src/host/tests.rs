//! Hosts, and the names and patterns that cover them.

use proptest::{collection::vec, prelude::*, sample::select};
use rstest::rstest;

use super::*;

/// Whether a certificate with just this DNS SAN covers a host; never what is no host.
fn covers(san: &str, host: &str, wildcards: Wildcards) -> bool {
    let pattern = DnsPattern::parse(san, wildcards);
    let host = Host::parse(host);
    pattern.zip(host).is_some_and(|(pattern, host)| pattern.fit(&host).is_some())
}

/// A SAN, a host, and whether the one covers the other.
type Row = (&'static str, &'static str, bool);

const ONE_LABEL: &[Row] = &[
    // Exact names.
    ("a.example.com", "a.example.com", true),
    ("example.com", "example.com", true),
    ("localhost", "localhost", true),
    ("a", "a", true),
    ("a.example.com", "b.example.com", false),
    ("a.example.com", "example.com", false),
    ("example.com", "a.example.com", false),
    ("example.com", "a.b.example.com", false),
    ("example.com", "badexample.com", false),
    ("example.com", "example.com.org", false),
    ("example.com", "example.co", false),
    ("example.com", "example", false),
    ("example.com", "com", false),
    ("com", "example.com", false),
    // Letter case.
    ("A.Example.COM", "a.example.com", true),
    ("a.example.com", "A.EXAMPLE.com", true),
    ("*.EXAMPLE.com", "a.example.com", true),
    ("*.example.com", "A.Example.Com", true),
    ("*.Example.com", "*.example.COM", true),
    // A wildcard is one label.
    ("*.example.com", "a.example.com", true),
    ("*.example.com", "xn--bcher-kva.example.com", true),
    ("*.example.com", "_acme.example.com", true),
    ("*.example.com", "7.example.com", true),
    ("*.example.com", "example.com", false),
    ("*.example.com", "a.b.example.com", false),
    ("*.example.com", "a.b.c.example.com", false),
    ("*.example.com", "a.example.org", false),
    ("*.example.com", "a.badexample.com", false),
    ("*.example.com", "aexample.com", false),
    ("*.example.com", "a.example.com.org", false),
    ("*.example.com", "com", false),
    ("*.b.example.com", "a.b.example.com", true),
    ("*.b.example.com", "a.example.com", false),
    ("*.b.example.com", "b.example.com", false),
    ("*.com", "example.com", true),
    ("*.com", "a.example.com", false),
    ("*.com", "com", false),
    // Wildcard hosts are covered by the identical SAN only.
    ("*.example.com", "*.example.com", true),
    ("*.com", "*.com", true),
    ("*.com", "*.example.com", false),
    ("*.example.com", "*.b.example.com", false),
    ("*.b.example.com", "*.example.com", false),
    ("*.example.com", "*.example.org", false),
    ("example.com", "*.example.com", false),
    ("a.example.com", "*.example.com", false),
    ("*", "*.example.com", false),
    ("*.*.com", "*.example.com", false),
    // A wildcard that is not the complete left-most label covers nothing.
    ("*", "a", false),
    ("*", "example.com", false),
    ("*", "a.example.com", false),
    ("f*.example.com", "foo.example.com", false),
    ("f*.example.com", "f.example.com", false),
    ("*o.example.com", "foo.example.com", false),
    ("f*o.example.com", "foo.example.com", false),
    ("**.example.com", "a.example.com", false),
    ("a.*.com", "a.example.com", false),
    ("a.*", "a.com", false),
    ("a.example.*", "a.example.com", false),
    ("*.*.com", "a.example.com", false),
    ("*.*", "a.com", false),
    ("*.*.example.com", "a.b.example.com", false),
    ("xn--*.example.com", "xn--a.example.com", false),
    ("*a", "a", false),
    ("*example.com", "a.example.com", false),
    ("*example.com", "example.com", false),
    // Such a name is no host either, not even for the same SAN.
    ("*", "*", false),
    ("f*.example.com", "f*.example.com", false),
    ("a.*.com", "a.*.com", false),
    ("*.*.com", "*.*.com", false),
    ("**.example.com", "**.example.com", false),
    // A final dot marks a host as absolute; in a SAN it is only a letter.
    ("a.example.com", "a.example.com.", true),
    ("*.example.com", "a.example.com.", true),
    ("a.example.com.", "a.example.com.", true),
    ("A.example.com.", "a.EXAMPLE.com.", true),
    ("a.example.com.", "a.example.com", false),
    ("*.example.com.", "a.example.com", false),
    ("*.example.com.", "a.example.com.", false),
    ("*.example.com.", "*.example.com", false),
    ("*.example.com", "*.example.com.", false),
    ("a.example.com", "a.example.com..", false),
    ("a.example.com..", "a.example.com", false),
    ("*.example.com", "example.com.", false),
    ("a", "a.", true),
    ("*.", "a.", false),
    ("*.", "a", false),
    // Empty names and labels.
    ("", "", false),
    (".", ".", false),
    ("", "a", false),
    ("a", "", false),
    ("*.example.com", "", false),
    ("*.example.com", ".example.com", false),
    (".example.com", ".example.com", false),
    (".example.com", "a.example.com", false),
    (".example.com", "example.com", false),
    ("a..com", "a..com", false),
    ("*..com", "a.b.com", false),
    ("*.example.com", "a..example.com", false),
    // The characters of a name.
    ("a_b.example.com", "a_b.example.com", true),
    ("_a.example.com", "_a.example.com", true),
    ("a-b.example.com", "a-b.example.com", true),
    ("a-.example.com", "a-.example.com", true),
    ("a--b.example.com", "a--b.example.com", true),
    ("-a.example.com", "-a.example.com", false),
    ("*.example.com", "-a.example.com", false),
    ("*.-a.com", "b.-a.com", false),
    ("*.example.com", "a b.example.com", false),
    ("*.example.com", " a.example.com", false),
    ("a.example.com ", "a.example.com", false),
    (" a.example.com", "a.example.com", false),
    ("*.example.com", "a.example.com\n", false),
    ("a.example.com\0", "a.example.com", false),
    ("a.example.com", "a.example.com\0.org", false),
    ("*.example.com", "bücher.example.com", false),
    ("bücher.example.com", "bücher.example.com", false),
    // The Kelvin sign and the long s would be `k` and `s` in another kind of lower case.
    ("\u{212a}.example.com", "k.example.com", false),
    ("k.example.com", "\u{212a}.example.com", false),
    ("\u{17f}.example.com", "s.example.com", false),
    ("*.example.com", "a:443.example.com", false),
    ("a.example.com:443", "a.example.com", false),
    ("a.example.com", "a.example.com:443", false),
    ("https://a.example.com", "a.example.com", false),
    ("*.example.com", "a/b.example.com", false),
    ("*.example.com", "a@b.example.com", false),
    ("*.example.com", "?.example.com", false),
    ("?.example.com", "a.example.com", false),
    // IP addresses are no hosts; what only looks like one is.
    ("10.0.0.1", "10.0.0.1", false),
    ("*.0.0.1", "10.0.0.1", false),
    ("::1", "::1", false),
    ("[::1]", "[::1]", false),
    ("[10.0.0.1]", "[10.0.0.1]", false),
    ("*.0.0.1", "a.0.0.1", true),
    ("*.0.1", "10.0.1", true),
    ("256.0.0.1", "256.0.0.1", true),
    ("10.0.0.1.example.com", "10.0.0.1.example.com", true),
    ("*.0.0.1", "*.0.0.1", true),
];

const ANY_DEPTH: &[Row] = &[
    // Without `*` nothing differs.
    ("a.example.com", "A.example.com", true),
    ("a.example.com", "a.example.com.", true),
    ("a.example.com.", "a.example.com", false),
    ("a.example.com", "b.a.example.com", false),
    ("example.com", "a.example.com", false),
    // `*` crosses dots.
    ("*.example.com", "a.example.com", true),
    ("*.example.com", "a.b.example.com", true),
    ("*.example.com", "a.b.c.d.example.com", true),
    ("*.EXAMPLE.com", "a.b.example.COM", true),
    ("*.example.com", "a.b.example.com.", true),
    ("*.example.com", "example.com", false),
    ("*.example.com", "badexample.com", false),
    ("*.example.com", "a.badexample.com", false),
    ("*.example.com", "a.example.com.org", false),
    ("*.b.example.com", "a.example.com", false),
    // It stands for hosts with `*` as well.
    ("*.example.com", "*.example.com", true),
    ("*.example.com", "*.b.example.com", true),
    ("*.b.example.com", "*.example.com", false),
    ("a.example.com", "*.example.com", false),
    // It may be anywhere, also alone, and stands for no text at all, too.
    ("*", "a", true),
    ("*", "a.example.com", true),
    ("*", "*.example.com", true),
    ("**", "a.example.com", true),
    ("**.example.com", "a.b.example.com", true),
    ("*example.com", "example.com", true),
    ("*example.com", "badexample.com", true),
    ("*example.com", "a.example.com", true),
    ("f*.example.com", "foo.example.com", true),
    ("f*.example.com", "f.example.com", true),
    ("f*.example.com", "f.o.o.example.com", true),
    ("F*.example.com", "foo.example.com", true),
    ("f*.example.com", "goo.example.com", false),
    ("f*o.example.com", "fo.example.com", true),
    ("f*o.example.com", "f.example.com", false),
    ("a.*.com", "a.example.com", true),
    ("a.*.com", "a.b.c.com", true),
    ("a.*.com", "a.com", false),
    ("a.*", "a.com", true),
    ("a.*", "a.com.", true),
    ("a.*", "b.com", false),
    ("*.*.com", "a.b.com", true),
    ("*.*.com", "a.b.c.com", true),
    ("*.*.com", "b.com", false),
    ("*a*b*c*", "xaxbxc.example.com", true),
    ("*a*b*c", "aabbcc", true),
    ("*a*b*c", "cba", false),
    // `?` and all other characters are themselves.
    ("?.example.com", "a.example.com", false),
    ("*?.example.com", "a.example.com", false),
    ("*é.example.com", "a.example.com", false),
    ("* .example.com", "a .example.com", false),
    ("[ab]*.example.com", "a.example.com", false),
    // Still no hosts.
    ("*", "", false),
    ("*", ".", false),
    ("*", "*", false),
    ("*", "10.0.0.1", false),
    ("*", "::1", false),
    ("*.0.0.1", "10.0.0.1", false),
    ("*", "a b", false),
    ("*", "-a", false),
    ("f*.example.com", "f*.example.com", false),
];

#[rstest]
#[case::one_label(ONE_LABEL, Wildcards::OneLabel)]
#[case::any_depth(ANY_DEPTH, Wildcards::AnyDepth)]
fn covers_as_the_table_says(#[case] rows: &[Row], #[case] wildcards: Wildcards) {
    let wrong: Vec<_> =
        rows.iter().filter(|(san, host, covered)| covers(san, host, wildcards) != *covered).collect();
    assert!(wrong.is_empty(), "these rows (SAN, host, covered) do not hold: {wrong:#?}");
}

#[test]
fn a_glob_that_is_longer_than_any_host_is_none() {
    for (length, is_glob) in [(253, true), (254, false), (1_000_000, false)] {
        let glob: String = "*a".chars().cycle().take(length).collect();
        assert_eq!(HostGlob::try_from(glob.clone()).is_ok(), is_glob, "{length}");
        let pattern = DnsPattern::parse(glob, Wildcards::AnyDepth);
        assert_eq!(pattern.is_some(), is_glob, "{length}");
    }
}

#[test]
fn names_of_any_length_are_compared_whole() {
    let label = "a".repeat(300);
    let deep = "a.".repeat(300);
    assert!(covers(&format!("{label}.com"), &format!("{label}.com"), Wildcards::OneLabel));
    assert!(covers("*.com", &format!("{label}.com"), Wildcards::OneLabel));
    assert!(!covers("*.com", &format!("{deep}com"), Wildcards::OneLabel));
    assert!(covers("*.com", &format!("{deep}com"), Wildcards::AnyDepth));
}

/// What Go's `x509.Certificate.VerifyHostname` says of a certificate with just this DNS SAN.
fn go_accepts(san: &str, host: &str) -> bool {
    let bare = host.strip_prefix('[').and_then(|ip| ip.strip_suffix(']'));
    if is_ip(bare.unwrap_or(host)) {
        return false;
    }
    let (san, host) = (san.to_ascii_lowercase(), host.to_ascii_lowercase());
    if !is_go_host(&host) || !is_go_pattern(&san) {
        return san == host && !["", "."].contains(&host.as_str());
    }
    let host = host.strip_suffix('.').unwrap_or(&host);
    let sans: Vec<&str> = san.split('.').collect();
    let hosts: Vec<&str> = host.split('.').collect();
    let same = sans.iter().zip(&hosts).skip(1).all(|(san, host)| san == host);
    sans.len() == hosts.len() && same && (sans[0] == "*" || sans[0] == hosts[0])
}

fn is_ip(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok()
}

/// What Go takes for a host name.
fn is_go_host(text: &str) -> bool {
    let name = text.strip_suffix('.').unwrap_or(text);
    name.split('.').all(is_go_label)
}

/// What Go takes for a name in a certificate that may have a wildcard.
fn is_go_pattern(text: &str) -> bool {
    let (first, others) = text.split_once('.').unwrap_or((text, "a"));
    text != "*" && (first == "*" || is_go_label(first)) && others.split('.').all(is_go_label)
}

fn is_go_label(label: &str) -> bool {
    let allowed = |char: char| char.is_ascii_alphanumeric() || char == '-' || char == '_';
    !label.is_empty() && !label.starts_with('-') && label.chars().all(allowed)
}

/// Whether each `*` of a pattern can be read as some text, so that the pattern is `text`.
fn is_glob_match(pattern: &str, text: &str) -> bool {
    // Whether the pattern, as far as it has been read, is the first so many bytes of the text.
    let mut is_prefix = vec![false; text.len() + 1];
    is_prefix[0] = true;
    for byte in pattern.bytes() {
        if byte == b'*' {
            let shortest = is_prefix.iter().position(|is_prefix| *is_prefix);
            is_prefix[shortest.unwrap_or(text.len() + 1)..].fill(true);
        } else {
            let longer = text.bytes().zip(&is_prefix);
            let longer = longer.map(|(next, is_prefix)| *is_prefix && next == byte);
            is_prefix = [false].into_iter().chain(longer).collect();
        }
    }
    is_prefix[text.len()]
}

/// Texts that are names, or nearly.
fn nearly_name() -> impl Strategy<Value = String> {
    const LABELS: [&str; 20] = [
        "a", "b", "A", "ab", "_", "a-", "a", "b", "-", "-a", "*", "*", "a*", "**", "é", "", "1", "10",
        "xn--a", " ",
    ];
    const IPS: [&str; 6] = ["10.0.0.1", "::1", "[::1]", "[1.2.3.4]", "1.2.3.4.", "::"];
    let name = (vec(select(LABELS.as_slice()), 1..5), any::<bool>())
        .prop_map(|(labels, dot)| labels.join(".") + if dot { "." } else { "" });
    prop_oneof![
        8 => name,
        4 => r"[ab.*\-_Aé]{0,8}",
        4 => r"(\*\.)?[abA_](\.[ab_]){0,3}\.?",
        1 => select(IPS.as_slice()).prop_map(str::to_owned),
        1 => (1_usize..300, r"(\*\.)?[ab]{1,2}\.").prop_map(|(times, name)| name.repeat(times) + "a"),
        1 => any::<String>(),
    ]
}

/// A SAN and a host, which often are nearly alike.
fn san_and_host() -> impl Strategy<Value = (String, String)> {
    let change = select(
        ["none", "none", "first", "first", "first", "drop", "add", "dot", "undot", "case", "last"].as_slice(),
    );
    let alike = (nearly_name(), change).prop_map(|(host, change)| {
        let (first, rest) = host.split_once('.').unwrap_or(("", &host));
        let san = match change {
            "first" => format!("*.{rest}"),
            "drop" => rest.to_owned(),
            "add" => format!("*.{host}"),
            "dot" => format!("{host}."),
            "undot" => host.strip_suffix('.').unwrap_or(&host).to_owned(),
            "case" => host.to_uppercase(),
            "last" => format!("{first}.*"),
            _ => host.clone(),
        };
        (san, host)
    });
    prop_oneof![3 => alike, 1 => (nearly_name(), nearly_name())]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5000))]

    #[test]
    fn one_label_agrees_with_go((san, host) in san_and_host()) {
        if Host::parse(&host).is_some() {
            prop_assert_eq!(covers(&san, &host, Wildcards::OneLabel), go_accepts(&san, &host));
        }
    }

    #[test]
    fn hosts_are_what_go_takes_for_hosts_and_wildcards_of_names(text in nearly_name()) {
        let expected = match text.strip_prefix("*.") {
            Some(parent) => is_go_host(parent) && !parent.ends_with('.'),
            None => is_go_host(&text) && !is_ip(&text),
        };
        prop_assert_eq!(Host::parse(&text).is_some(), expected);
    }

    #[test]
    fn any_depth_is_a_glob_if_there_is_a_wildcard((san, host) in san_and_host()) {
        if Host::parse(&host).is_some() {
            let expected = if san.contains('*') {
                let relative = host.strip_suffix('.').unwrap_or(&host);
                is_glob_match(&san.to_ascii_lowercase(), &relative.to_ascii_lowercase())
            } else {
                go_accepts(&san, &host)
            };
            prop_assert_eq!(covers(&san, &host, Wildcards::AnyDepth), expected);
        }
    }

    #[test]
    fn any_depth_covers_whatever_one_label_covers((san, host) in san_and_host()) {
        prop_assert!(
            !covers(&san, &host, Wildcards::OneLabel) || covers(&san, &host, Wildcards::AnyDepth)
        );
    }

    #[test]
    fn a_glob_of_the_settings_is_any_text_for_each_wildcard(
        pattern in r"[ab.*]{1,8}",
        host in r"(\*\.)?[ab](\.[ab]{1,2}){0,3}",
    ) {
        let glob = HostGlob::try_from(pattern.clone()).unwrap();
        let parsed = Host::parse(&host).unwrap();
        prop_assert_eq!(glob.matches(&parsed), is_glob_match(&pattern, &host));
    }
}

#[rstest]
#[case("a.example.com", "a.example.com", true)]
#[case("A.Example.com", "a.EXAMPLE.com", true)]
#[case("a.example.com", "a.example.com.", true)]
#[case("a.example.com", "b.a.example.com", false)]
#[case("*.example.com", "a.b.example.com", true)]
#[case("*.example.com", "*.example.com", true)]
#[case("*.example.com", "example.com", false)]
#[case("*example.com", "example.com", true)]
#[case("*", "example.com", true)]
#[case("?.example.com", "a.example.com", true)]
#[case("?.example.com", "*.example.com", true)]
#[case("?.example.com", "ab.example.com", false)]
#[case("?.example.com", ".example.com", false)]
#[case("a?b.example.com", "a.b.example.com", true)]
#[case("v?-*.example.com", "v1-app.example.com", true)]
#[case("*", "10.0.0.1", false)]
fn globs_of_the_settings(#[case] glob: &str, #[case] host: &str, #[case] matches: bool) {
    let glob = HostGlob::try_from(glob.to_owned()).unwrap();
    assert_eq!(Host::parse(host).is_some_and(|host| glob.matches(&host)), matches);
}

#[rstest]
#[case::empty("")]
#[case::blank(" ")]
#[case::white_space("a .example.com")]
#[case::not_ascii("bücher.example.com")]
#[case::port("a.example.com:443")]
#[case::character_class("[ab].example.com")]
#[case::list("a.example.com,b.example.com")]
#[case::url("https://a.example.com")]
fn globs_that_no_host_can_match_are_refused(#[case] glob: &str) {
    assert!(HostGlob::try_from(glob.to_owned()).is_err());
}
