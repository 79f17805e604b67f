//! How an evaluation is shown.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use anyhow::Result;
use e2e_tests::{Answer, Evaluation, HostCall, counted, plural};
use serde_json::{Value, json};
use similar::TextDiff;

const ADDED: Style = AnsiColor::Green.on_default();
const REMOVED: Style = AnsiColor::Red.on_default();
const POSITION: Style = AnsiColor::Cyan.on_default();
const HEADLINE: Style = Style::new().bold();

/// The policy's response and its look-ups, as one JSON document.
pub(crate) fn json(evaluation: &Evaluation) -> Result<String> {
    let mut document = serde_json::to_value(&evaluation.response)?;
    if let Some(fields) = document.as_object_mut() {
        fields.insert("calls".to_owned(), json!(evaluation.calls));
    }
    Ok(serde_json::to_string_pretty(&document)?)
}

/// What was asked, what came of it, and how the object changes.
pub(crate) fn text(request: &Value, evaluation: &Evaluation, coloured: bool) -> Result<String> {
    let response = &evaluation.response;
    let mutation = mutation(request, evaluation);
    let (verdict, style) = match (response.accepted, mutation) {
        (false, _) => ("REJECTED", REMOVED),
        (true, None) => ("ACCEPTED", ADDED),
        (true, Some(_)) => ("ACCEPTED and MUTATED", ADDED),
    };
    let mut report = String::new();
    writeln!(report, "{}", paint(&headline(request), HEADLINE, coloured))?;
    writeln!(report, "{}", paint(verdict, style.bold(), coloured))?;
    for look_up in look_ups(&evaluation.calls) {
        writeln!(report, "looked up: {look_up}")?;
    }
    if let Some(message) = &response.message {
        writeln!(report, "message: {message}")?;
    }
    for warning in &response.warnings {
        writeln!(report, "warning: {warning}")?;
    }
    for (key, value) in &response.audit_annotations {
        writeln!(report, "audit annotation: {key}: {value}")?;
    }
    if let Some((before, after)) = mutation {
        report.push_str(&diff(before, after, coloured)?);
    }
    Ok(report)
}

fn headline(request: &Value) -> String {
    let text = |pointer| request.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let place = match text("/namespace") {
        "" => String::new(),
        namespace => format!("{namespace}/"),
    };
    let name = match text("/name") {
        "" => "(unnamed)",
        name => name,
    };
    format!("{} {place}{name}, {}", text("/kind/kind"), text("/operation"))
}

/// What the policy asked for, one line for each list, and one for the objects of a kind that it got one by one.
fn look_ups(calls: &[HostCall]) -> Vec<String> {
    let mut lines = Vec::new();
    let mut got: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for call in calls {
        let text = |field| call.request.get(field).and_then(Value::as_str);
        let kind = text("kind").unwrap_or(&call.operation);
        let namespace = text("namespace").unwrap_or_default();
        // The routing label is the only one that the policy selects by.
        let noun = text("label_selector").map_or(kind, |_| "routing secret");
        match (text("name"), found(&call.answer)) {
            (Some(name), Ok(_)) => {
                got.entry((kind, namespace)).or_default().insert(name);
            }
            (Some(name), Err(cause)) => {
                lines.push(format!("{kind} {namespace}/{name} failed: {cause}"));
            }
            (None, Ok(count)) => {
                lines.push(format!("{} in namespace {namespace}", counted(count, noun)));
            }
            (None, Err(cause)) => {
                let what = plural(noun);
                lines.push(format!("{what} in namespace {namespace} failed: {cause}"));
            }
        }
    }
    lines.extend(got.into_iter().map(|((kind, namespace), names)| {
        let kind = if names.len() > 1 { plural(kind) } else { kind.to_owned() };
        let names = names.into_iter().collect::<Vec<_>>().join(", ");
        format!("{kind} {names} in namespace {namespace}")
    }));
    lines
}

/// How many objects an answer has, or why there is none.
fn found(answer: &Answer) -> Result<usize, &str> {
    let payload = answer.0.as_ref().map_err(String::as_str)?;
    let list: Value = serde_json::from_slice(payload).unwrap_or_default();
    let items = list.get("items").and_then(Value::as_array);
    Ok(items.map_or(1, Vec::len))
}

/// The object before and after, when there is a difference: the host makes a patch of it, and an empty patch is none.
fn mutation<'a>(request: &'a Value, evaluation: &'a Evaluation) -> Option<(&'a Value, &'a Value)> {
    let before = request.get("object").unwrap_or(&Value::Null);
    let after = evaluation.response.mutated_object.as_ref()?;
    (before != after).then_some((before, after))
}

fn diff(before: &Value, after: &Value, coloured: bool) -> Result<String> {
    let (before, after) = without_secrets(before, after);
    let (before, after) = (yaml_serde::to_string(&before)?, yaml_serde::to_string(&after)?);
    let diff = TextDiff::from_lines(&before, &after).unified_diff().header("before", "after").to_string();
    let lines = diff.lines().map(|line| {
        let style = match line.chars().next() {
            Some('+') => ADDED,
            Some('-') => REMOVED,
            Some('@') => POSITION,
            _ => Style::new(),
        };
        paint(line, style, coloured) + "\n"
    });
    Ok(lines.collect())
}

/// Hides the values of a Secret the way `kubectl diff` does: a terminal is no place for a private key.
fn without_secrets(before: &Value, after: &Value) -> (Value, Value) {
    let (mut hidden_before, mut hidden_after) = (before.clone(), after.clone());
    if after.get("kind").is_some_and(|kind| kind == "Secret") {
        for field in ["data", "stringData"] {
            hide_values(&mut hidden_before, field, "*** (before)", after);
            hide_values(&mut hidden_after, field, "*** (after)", before);
        }
    }
    (hidden_before, hidden_after)
}

fn hide_values(secret: &mut Value, field: &str, changed: &str, other: &Value) {
    let Some(values) = secret.get_mut(field).and_then(Value::as_object_mut) else {
        return;
    };
    for (key, value) in values {
        let same = other.get(field).and_then(|values| values.get(key)) == Some(value);
        *value = json!(if same { "***" } else { changed });
    }
}

fn paint(text: &str, style: Style, coloured: bool) -> String {
    if coloured { format!("{style}{text}{style:#}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use e2e_tests::{Response, request_from};

    use super::*;

    fn evaluation(response: Value) -> Evaluation {
        let response: Response = serde_json::from_value(response).unwrap();
        Evaluation { response, calls: vec![], logs: vec![], elapsed: Duration::ZERO }
    }

    fn call(request: Value, answer: Result<Value, &str>) -> HostCall {
        let answer = answer.map(|answer| answer.to_string().into_bytes());
        HostCall {
            operation: "any".into(),
            request,
            bytes: answer.as_ref().map_or(0, Vec::len),
            answer: Answer(answer.map_err(str::to_owned)),
        }
    }

    fn request(kind: &str) -> Value {
        let object =
            json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": "a"}, "data": {"k": "secret"}});
        request_from(object).unwrap()
    }

    #[test]
    fn a_rejection_is_explained() {
        let response = json!({"accepted": false, "message": "no", "warnings": ["careful"],
            "audit_annotations": {"routing-secrets": "a=b"}});
        let expected = "Secret default/a, CREATE\nREJECTED\nmessage: no\nwarning: careful\n\
            audit annotation: routing-secrets: a=b\n";
        assert_eq!(text(&request("Secret"), &evaluation(response), false).unwrap(), expected);
    }

    #[test]
    fn a_mutation_is_a_diff() {
        let request = request("ConfigMap");
        let mut object = request["object"].clone();
        object["data"]["k"] = json!("new");
        let evaluation = evaluation(json!({"accepted": true, "mutated_object": object}));
        let plain = text(&request, &evaluation, false).unwrap();
        assert!(plain.contains("ACCEPTED and MUTATED\n--- before\n+++ after\n@@"), "{plain}");
        assert!(plain.contains("\n-  k: secret\n+  k: new\n"), "{plain}");
        let coloured = text(&request, &evaluation, true).unwrap();
        assert!(coloured.contains("\u{1b}[32m+  k: new\u{1b}[0m\n"), "{coloured:?}");
    }

    #[test]
    fn the_same_object_is_no_mutation() {
        let request = request("Secret");
        let evaluation = evaluation(json!({"accepted": true, "mutated_object": request["object"]}));
        assert_eq!(text(&request, &evaluation, false).unwrap(), "Secret default/a, CREATE\nACCEPTED\n");
    }

    #[test]
    fn values_of_a_secret_stay_hidden() {
        let request = request("Secret");
        let mut object = request["object"].clone();
        object["metadata"]["labels"] = json!({"l": ""});
        let same =
            text(&request, &evaluation(json!({"accepted": true, "mutated_object": object})), false).unwrap();
        assert!(same.contains("k: '***'") && !same.contains("secret"), "{same}");
        object["data"]["k"] = json!("new");
        let changed =
            text(&request, &evaluation(json!({"accepted": true, "mutated_object": object})), false).unwrap();
        assert!(changed.contains("+  k: '*** (after)'") && !changed.contains("new"), "{changed}");
    }

    #[test]
    fn json_has_the_calls() {
        let mut evaluation = evaluation(json!({"accepted": true}));
        evaluation.calls = vec![call(json!({"name": "a"}), Ok(json!({})))];
        let document: Value = serde_json::from_str(&super::json(&evaluation).unwrap()).unwrap();
        assert_eq!(document["accepted"], true);
        assert_eq!(document["calls"], json!([{"operation": "any", "request": {"name": "a"}, "bytes": 2}]));
    }

    #[test]
    fn look_ups_are_counted_and_named() {
        let secrets = json!({"kind": "Secret", "namespace": "n", "label_selector": "l"});
        let ingresses = json!({"kind": "Ingress", "namespace": "n", "label_selector": null});
        let one = |name: &str| json!({"kind": "Secret", "namespace": "n", "name": name});
        let items = |count: usize| Ok(json!({"items": vec![json!({}); count]}));
        let mut evaluation = evaluation(json!({"accepted": true}));
        evaluation.calls = vec![
            call(secrets.clone(), items(2)),
            call(secrets, Err("forbidden")),
            call(one("b"), Ok(json!({}))),
            call(one("a"), Ok(json!({}))),
            call(one("c"), Err("not found")),
            call(ingresses, items(1)),
        ];
        let text = text(&request("Secret"), &evaluation, false).unwrap();
        let lines: Vec<_> = text.lines().skip(2).collect();
        assert_eq!(
            lines,
            [
                "looked up: 2 routing secrets in namespace n",
                "looked up: routing secrets in namespace n failed: forbidden",
                "looked up: Secret n/c failed: not found",
                "looked up: 1 Ingress in namespace n",
                "looked up: Secrets a, b in namespace n",
            ]
        );
    }
}
