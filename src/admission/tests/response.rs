//! The answer, and the limits of what it says.

use kubewarden_policy_sdk::response::ValidationResponse;
use proptest::{collection::vec, prelude::*};
use rstest::rstest;
use serde_json::{Value, json};

use crate::{
    admission::{Decision, ReviewError, response::list},
    routing::require,
};

/// The answer as the host reads it.
fn answer(decision: Decision) -> ValidationResponse {
    let sent = serde_json::to_vec(&ValidationResponse::from(decision)).unwrap();
    serde_json::from_slice(&sent).unwrap()
}

fn undecided(message: &str) -> Decision {
    ReviewError::Lookup(message.to_owned()).into()
}

fn warnings(warnings: impl IntoIterator<Item = String>) -> Option<Vec<String>> {
    answer(Decision::accept().warn(warnings)).warnings
}

#[test]
fn accepting_says_nothing_else() {
    let answer = answer(Decision::accept());
    assert!(answer.accepted);
    assert_eq!(answer.message, None);
    assert_eq!(answer.code, None);
    assert_eq!(answer.mutated_object, None);
    assert_eq!(answer.audit_annotations, None);
    assert_eq!(answer.warnings, None);
}

#[test]
fn storing_accepts() {
    let submitted = json!({"spec": {"tls": [], "more": 1.5}});
    let stored = json!({"spec": {"more": 1.5}});
    let answer = answer(Decision::store(&submitted, stored.clone()));
    assert!(answer.accepted);
    assert_eq!(answer.mutated_object, Some(stored));
    assert_eq!(answer.message, None);
    assert_eq!(answer.code, None);
}

#[test]
fn storing_what_was_sent_is_a_plain_accept() {
    let submitted = json!({"metadata": {"name": "web"}, "spec": {"a": 1, "b": null}});
    let same = json!({"spec": {"b": null, "a": 1}, "metadata": {"name": "web"}});
    let answer = answer(Decision::store(&submitted, same));
    assert!(answer.accepted);
    assert_eq!(answer.mutated_object, None);
}

#[rstest]
#[case::breaks_a_rule(Decision::deny("no \"secret\" for a.example.com"), None)]
#[case::cannot_be_decided(undecided("no \"secret\" for a.example.com"), Some(500))]
fn denying_says_why(#[case] decision: Decision, #[case] code: Option<u16>) {
    let answer = answer(decision);
    assert!(!answer.accepted);
    assert_eq!(answer.message.as_deref(), Some("no \"secret\" for a.example.com"));
    assert_eq!(answer.code, code);
    assert_eq!(answer.mutated_object, None);
}

/// A message may have names in it that are whatever the author of an object wrote.
#[test]
fn a_message_is_one_line_of_limited_length() {
    let text = format!("a\u{1b}[2J\n{}", "x".repeat(1_000_000));
    let message = answer(Decision::deny(text)).message.unwrap();
    assert!(message.starts_with("a [2J xxx") && message.ends_with("x..."));
    assert_eq!(message.len(), 16 * 1024);
}

#[rstest]
#[case(Decision::accept())]
#[case(Decision::store(&json!(1), json!({})))]
#[case(Decision::deny("no"))]
#[case(undecided("no"))]
fn every_verdict_may_come_with_warnings_and_served_hosts(#[case] verdict: Decision) {
    let decision = verdict
        .warn(["one".to_owned()])
        .audit(["a.example.com=wild".to_owned()])
        .warn(["two".to_owned()])
        .audit(["*.example.org=other".to_owned()]);
    let answer = answer(decision);
    assert_eq!(answer.warnings.unwrap(), ["one", "two"]);
    assert_eq!(
        json!(answer.audit_annotations),
        json!({"routing-secrets": "a.example.com=wild,*.example.org=other"})
    );
}

#[test]
fn no_warnings_and_no_served_hosts_are_no_lists() {
    let answer = ValidationResponse::from(Decision::accept().warn([]).audit([]));
    let answer = serde_json::to_value(&answer).unwrap();
    for key in ["warnings", "audit_annotations"] {
        assert!(answer.get(key).is_none_or(Value::is_null), "{answer}");
    }
}

#[rstest]
#[case(1, 1, None)]
#[case(9, 9, None)]
#[case(10, 10, None)]
#[case(11, 10, Some(2))]
#[case(12, 10, Some(3))]
#[case(1000, 10, Some(991))]
fn at_most_ten_warnings(#[case] given: usize, #[case] shown: usize, #[case] more: Option<usize>) {
    let given: Vec<_> = (1..=given).map(|number| format!("host {number}")).collect();
    let lines = warnings(given.clone()).unwrap();
    assert_eq!(lines.len(), shown);
    let Some(more) = more else {
        assert_eq!(lines, given);
        return;
    };
    let (last, first) = lines.split_last().unwrap();
    assert_eq!(first, &given[..9]);
    assert!(last.contains(&more.to_string()), "{last}");
    assert!(!last.contains("host"), "{last}");
}

#[rstest]
#[case::as_long_as_allowed("a ".repeat(128), "a ".repeat(128))]
#[case::too_long("a ".repeat(129), "a ".repeat(126) + "a...")]
#[case::characters_count_rather_than_bytes("é ".repeat(128), "é ".repeat(128))]
#[case::no_character_is_cut_in_two("€ ".repeat(129), "€ ".repeat(126) + "€...")]
#[case::long_names_that_fit("a".repeat(256), "a".repeat(256))]
#[case::long_name("a".repeat(257), "a".repeat(60) + "...")]
fn a_warning_has_at_most_256_characters(#[case] given: String, #[case] shown: String) {
    assert_eq!(warnings([given]).unwrap(), [shown]);
}

/// The end of a warning is what to do.
#[test]
fn names_are_cut_from_the_front_as_far_as_necessary() {
    let (long, short) = ("n".repeat(100), "n".repeat(60) + "...");
    let warning = |one: &str, two: &str, three: &str| format!("Ingress {one}: {two}: {three}; do this");
    let shown = |given| warnings([given]).unwrap();
    assert_eq!(shown(warning(&long, &long, "a")), [warning(&long, &long, "a")]);
    assert_eq!(shown(warning(&long, &long, &long)), [warning(&short, &short, &long)]);
    let longer = "n".repeat(200);
    assert_eq!(shown(warning(&longer, &longer, &longer)), [warning(&short, &short, &short)]);
}

#[rstest]
#[case("a\nb", "a b")]
#[case("a\r\nb", "a  b")]
#[case("a\tb\0c\u{7f}d", "a b c d")]
#[case::next_line("a\u{85}b", "a b")]
#[case::escape("\u{1b}[31mred", " [31mred")]
#[case("a \"quoted\" \\ b", "a \"quoted\" \\ b")]
fn a_warning_is_one_line(#[case] given: &str, #[case] shown: &str) {
    assert_eq!(warnings([given.to_owned()]).unwrap(), [shown]);
}

#[rstest]
#[case::none(&[], "")]
#[case::one(&["a.example.com"], "a.example.com")]
#[case::some(&["a.example.com", "b.example.com"], "a.example.com, b.example.com")]
fn a_list_fits_into_a_warning(#[case] items: &[&str], #[case] expected: &str) {
    assert_eq!(list(items), expected);
}

#[test]
fn the_first_item_is_shown_however_long_it_is() {
    let long = "n".repeat(200);
    assert_eq!(list(&[&long, "b", "c"]), format!("{long}, and 2 more"));
}

#[rstest]
#[case(1, None)]
#[case(50, None)]
#[case(1000, Some(" more"))]
fn a_denial_lists_what_fits(#[case] count: usize, #[case] more: Option<&str>) {
    let violations: Vec<_> = (0..count)
        .map(|number| format!("host-{number:03}.example.com names Secret own, expected Secret wild"))
        .collect();
    let decision = require("Ingress default/web", &violations, Vec::new(), Vec::new());
    let message = answer(decision).message.unwrap();
    assert!(
        message.starts_with("Ingress default/web does not use its routing secrets: host-000"),
        "{message}"
    );
    assert!(message.len() < 5000, "{message}");
    match more {
        Some(more) => assert!(message.ends_with(more), "{message}"),
        None => assert_eq!(message.matches("host-").count(), count),
    }
}

proptest! {
    #[test]
    fn warnings_stay_within_the_limits(given in vec(any::<String>(), 1..25), repeat in 1_usize..20) {
        // Each is another one: what is said twice is told once.
        let given: Vec<_> = given
            .iter()
            .enumerate()
            .map(|(number, warning)| format!("{number} {}", warning.repeat(repeat)))
            .collect();
        let lines = warnings(given.clone()).unwrap();
        prop_assert_eq!(lines.len(), given.len().min(10));
        for line in lines {
            prop_assert!(line.chars().count() <= 256);
            prop_assert!(!line.chars().any(char::is_control));
        }
    }

    #[test]
    fn every_item_of_a_list_is_shown_or_counted(items in vec("[a-z.]{1,40}", 0..30)) {
        let line = list(&items);
        let (shown, more) = match line.split_once(", and ") {
            Some((shown, more)) => (shown, more.trim_end_matches(" more").parse().unwrap()),
            None => (line.as_str(), 0),
        };
        let shown: Vec<_> = shown.split(", ").filter(|item| !item.is_empty()).collect();
        prop_assert_eq!(&shown, &items[..shown.len()]);
        prop_assert_eq!(shown.len() + more, items.len());
    }
}
