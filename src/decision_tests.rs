use kubewarden_policy_sdk::response::ValidationResponse;
use proptest::{collection::vec, prelude::*};
use rstest::rstest;
use serde_json::{Value, json};

use super::*;

/// The answer as the host reads it.
fn answer(decision: &Decision) -> ValidationResponse {
    serde_json::from_slice(&decision.to_json().unwrap()).unwrap()
}

fn raw(json: &str) -> Box<RawValue> {
    RawValue::from_string(json.to_owned()).unwrap()
}

fn warnings(warnings: impl IntoIterator<Item = String>) -> Option<Vec<String>> {
    answer(&Decision::accept().warn(warnings)).warnings
}

fn route(host: &str, secret: &str) -> Route {
    Route {
        host: host.to_owned(),
        secret: secret.to_owned(),
    }
}

#[test]
fn accepting_says_nothing_else() {
    let answer = answer(&Decision::accept());
    assert!(answer.accepted);
    assert_eq!(answer.message, None);
    assert_eq!(answer.code, None);
    assert_eq!(answer.mutated_object, None);
    assert_eq!(answer.audit_annotations, None);
    assert_eq!(answer.warnings, None);
}

#[test]
fn mutating_sends_the_object_as_it_is_written() {
    let text = r#"{"b": 1e400, "a":[ null,1.0 ],"c":"é\u00e9\n"}"#;
    let decision = Decision::mutate(raw(text));
    let sent = String::from_utf8(decision.to_json().unwrap()).unwrap();
    assert!(sent.contains(text), "{sent}");
}

#[test]
fn mutating_accepts() {
    let answer = answer(&Decision::mutate(raw(r#"{"spec":{"tls":[]}}"#)));
    assert!(answer.accepted);
    assert_eq!(answer.mutated_object, Some(json!({"spec": {"tls": []}})));
    assert_eq!(answer.message, None);
    assert_eq!(answer.code, None);
}

#[rstest]
#[case::breaks_a_rule(Decision::reject("no \"secret\" for a.example.com"), None)]
#[case::cannot_be_judged(Decision::fail("no \"secret\" for a.example.com", 500), Some(500))]
fn rejecting_says_why(#[case] decision: Decision, #[case] code: Option<u16>) {
    let answer = answer(&decision);
    assert!(!answer.accepted);
    assert_eq!(
        answer.message.as_deref(),
        Some("no \"secret\" for a.example.com")
    );
    assert_eq!(answer.code, code);
    assert_eq!(answer.mutated_object, None);
}

/// A message may have names in it that are whatever the author of an object wrote.
#[test]
fn a_message_is_one_line_of_limited_length() {
    let answer = answer(&Decision::reject(format!(
        "a\u{1b}[2J\n{}",
        "x".repeat(1_000_000)
    )));
    let message = answer.message.unwrap();
    assert!(message.starts_with("a [2J xxx") && message.ends_with("x..."));
    assert_eq!(message.len(), 16 * 1024);
}

#[test]
fn every_verdict_may_come_with_warnings_and_routes() {
    let verdicts = [
        Decision::accept(),
        Decision::mutate(raw("{}")),
        Decision::reject("no"),
        Decision::fail("no", 400),
    ];
    for verdict in verdicts {
        let decision = verdict
            .warn(["one".to_owned()])
            .audit([route("a.example.com", "wild")])
            .warn(["two".to_owned()])
            .audit([route("*.example.org", "other")]);
        let answer = answer(&decision);
        assert_eq!(answer.warnings.unwrap(), ["one", "two"], "{decision:?}");
        assert_eq!(
            json!(answer.audit_annotations),
            json!({"routing-secrets": "a.example.com=wild,*.example.org=other"}),
            "{decision:?}"
        );
    }
}

#[test]
fn no_warnings_and_no_routes_are_no_lists() {
    let decision = Decision::accept().warn([]).audit([]);
    let answer: Value = serde_json::from_slice(&decision.to_json().unwrap()).unwrap();
    for key in ["warnings", "audit_annotations"] {
        assert!(answer.get(key).is_none_or(Value::is_null), "{answer}");
    }
}

#[test]
fn one_route_has_no_comma() {
    let decision = Decision::accept().audit([route("a.example.com", "wild")]);
    assert_eq!(
        answer(&decision).audit_annotations.unwrap()["routing-secrets"],
        "a.example.com=wild"
    );
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
#[case::as_long_as_allowed("a".repeat(120), "a".repeat(120))]
#[case::too_long("a".repeat(121), "a".repeat(117) + "...")]
#[case::much_too_long("a".repeat(9999), "a".repeat(117) + "...")]
#[case::characters_count_rather_than_bytes("é".repeat(120), "é".repeat(120))]
#[case::no_character_is_cut_in_two("€".repeat(121), "€".repeat(117) + "...")]
#[case::four_bytes("🔒".repeat(500), "🔒".repeat(117) + "...")]
fn a_warning_has_at_most_120_characters(#[case] given: String, #[case] shown: String) {
    assert_eq!(warnings([given]).unwrap(), [shown]);
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

proptest! {
    #[test]
    fn warnings_stay_within_the_limits(given in vec(any::<String>(), 1..25), repeat in 1_usize..20) {
        let given: Vec<_> = given.iter().map(|warning| warning.repeat(repeat)).collect();
        let lines = warnings(given.clone()).unwrap();
        prop_assert_eq!(lines.len(), given.len().min(10));
        for line in lines {
            prop_assert!(line.chars().count() <= 120);
            prop_assert!(!line.chars().any(char::is_control));
        }
    }
}
