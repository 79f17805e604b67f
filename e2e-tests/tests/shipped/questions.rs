//! `questions-ui.yml` asks for every setting, and for nothing else.

use serde_json::{Value, json};

use crate::{
    settings::{choices, defaults, faults},
    support::{strings, unique, yaml},
};

/// All questions, those below sections too.
fn questions() -> Vec<Value> {
    let form = yaml("questions-ui.yml");
    let mut questions = form["questions"].as_array().unwrap().clone();
    for at in 0..questions.len() {
        let below = questions[at]["subquestions"].as_array().cloned();
        questions.extend(below.unwrap_or_default());
    }
    questions
}

fn is_section(question: &Value) -> bool {
    question["type"] == "map["
}

#[test]
fn every_setting_is_asked_for_with_its_default() {
    let questions = questions();
    let asked = questions.iter().filter(|question| !is_section(question));
    let asked = unique(asked.map(|question| {
        let name = question["variable"].as_str().unwrap().to_owned();
        (name, question["default"].clone())
    }));
    assert_eq!(asked, defaults());
}

#[test]
fn each_question_has_the_type_and_the_choices_of_its_setting() {
    for question in questions().iter().filter(|question| !is_section(question)) {
        let name = question["variable"].as_str().unwrap();
        let (kind, options) = match (choices(name), &question["default"]) {
            (Some(words), _) => ("enum", json!(words)),
            (None, Value::String(_)) => ("string", json!(null)),
            (None, Value::Number(_)) => ("int", json!(null)),
            (None, Value::Bool(_)) => ("boolean", json!(null)),
            (None, _) => ("array[", json!(null)),
        };
        assert_eq!(question["type"], kind, "{name}");
        assert_eq!(question["options"], options, "{name}");
    }
}

#[test]
fn what_the_form_gives_when_nobody_fills_it_in_is_valid() {
    let mut settings = json!({});
    for question in questions() {
        let path = question["variable"].as_str().unwrap().replace('.', "/");
        if let Some((section, name)) = path.split_once('/') {
            settings[section][name] = question["default"].clone();
        } else {
            settings[path] = question["default"].clone();
        }
    }
    assert_eq!(faults(&settings), None);
}

#[test]
fn every_question_says_what_it_is_about() {
    for question in questions() {
        assert_eq!(question["required"], false, "{question}");
        let says = if is_section(&question) { "description" } else { "tooltip" };
        for field in ["group", "label", says] {
            let said = question[field].as_str().unwrap_or_default();
            assert!(!said.is_empty() && said == said.trim(), "{field} of {question}");
        }
    }
}

#[test]
fn the_questions_of_a_section_begin_with_its_name() {
    for section in questions().iter().filter(|question| is_section(question)) {
        let names = section["subquestions"].as_array().unwrap().iter();
        let names: Value = names.map(|question| question["variable"].clone()).collect();
        let prefix = format!("{}.", section["variable"].as_str().unwrap());
        for name in strings(&names) {
            assert!(name.starts_with(&prefix), "{name}");
        }
    }
}
