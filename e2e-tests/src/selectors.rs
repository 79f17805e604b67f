//! Label and field selectors in their text form, as the API server reads them.
//!
//! <https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors>,
//! <https://kubernetes.io/docs/concepts/overview/working-with-objects/field-selectors/>

use std::str::FromStr;

use anyhow::{Context, Error, Result, bail, ensure};
use serde_json::Value;

/// A label selector; its requirements must all hold.
#[derive(Debug, Default)]
pub(crate) struct LabelSelector(Vec<LabelRequirement>);

#[derive(Debug)]
struct LabelRequirement {
    key: String,
    condition: Condition,
}

#[derive(Debug)]
enum Condition {
    Exists,
    Absent,
    In(Vec<String>),
    /// An object without the label matches, too.
    NotIn(Vec<String>),
}

impl LabelSelector {
    pub(crate) fn matches(&self, object: &Value) -> bool {
        let labels = object.pointer("/metadata/labels");
        self.0.iter().all(|requirement| {
            let value = labels.and_then(|labels| labels.get(&requirement.key)).and_then(Value::as_str);
            let is_one_of =
                |values: &[String]| value.is_some_and(|value| values.iter().any(|one| one == value));
            match &requirement.condition {
                Condition::Exists => value.is_some(),
                Condition::Absent => value.is_none(),
                Condition::In(values) => is_one_of(values),
                Condition::NotIn(values) => !is_one_of(values),
            }
        })
    }
}

impl FromStr for LabelSelector {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        let mut depth = 0;
        let terms = text.split(move |character| {
            match character {
                '(' => depth += 1,
                ')' => depth -= 1,
                _ => {}
            }
            character == ',' && depth == 0
        });
        let requirements: Result<_> = terms.map(|term| term.trim().parse()).collect();
        Ok(Self(requirements.with_context(|| format!("unable to parse label selector {text:?}"))?))
    }
}

impl FromStr for LabelRequirement {
    type Err = Error;

    fn from_str(term: &str) -> Result<Self> {
        let one = |value: &str| vec![value.trim().to_owned()];
        let (key, condition) = if let Some(head_and_values) = term.strip_suffix(')') {
            parse_set(head_and_values)?
        } else if let Some((key, value)) = term.split_once("!=") {
            (key, Condition::NotIn(one(value)))
        } else if let Some((key, value)) = term.split_once("==").or_else(|| term.split_once('=')) {
            (key, Condition::In(one(value)))
        } else if let Some(key) = term.strip_prefix('!') {
            (key, Condition::Absent)
        } else {
            (term, Condition::Exists)
        };
        let key = key.trim().to_owned();
        ensure!(
            !key.is_empty() && key.chars().all(|c| is_label_character(c) || c == '/'),
            "{key:?} is no label key"
        );
        if let Condition::In(values) | Condition::NotIn(values) = &condition
            && let Some(bad) = values.iter().find(|value| !value.chars().all(is_label_character))
        {
            bail!("{bad:?} is no label value");
        }
        Ok(Self { key, condition })
    }
}

/// Reads `key in (a, b` and `key notin (a, b`; the closing parenthesis is gone already.
fn parse_set(term: &str) -> Result<(&str, Condition)> {
    let (head, values) = term.split_once('(').context("a parenthesis was never opened")?;
    let values = values.split(',').map(|value| value.trim().to_owned()).collect();
    match head.split_whitespace().collect::<Vec<_>>().as_slice() {
        [key, "in"] => Ok((key, Condition::In(values))),
        [key, "notin"] => Ok((key, Condition::NotIn(values))),
        _ => bail!("expected `in` or `notin` before the parenthesis"),
    }
}

fn is_label_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || "-_.".contains(character)
}

/// A field selector; its requirements must all hold.
#[derive(Debug, Default)]
pub(crate) struct FieldSelector(Vec<FieldRequirement>);

#[derive(Debug)]
struct FieldRequirement {
    pointer: &'static str,
    equal: bool,
    value: String,
}

impl FieldSelector {
    /// Reads a selector for objects of `kind`, since which fields can be selected depends on it.
    pub(crate) fn parse(text: &str, kind: &str) -> Result<Self> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        text.split(',').map(|term| FieldRequirement::parse(term, kind)).collect::<Result<_>>().map(Self)
    }

    pub(crate) fn matches(&self, object: &Value) -> bool {
        self.0.iter().all(|requirement| {
            let value = object.pointer(requirement.pointer).and_then(Value::as_str).unwrap_or_default();
            (value == requirement.value) == requirement.equal
        })
    }
}

impl FieldRequirement {
    fn parse(term: &str, kind: &str) -> Result<Self> {
        let (field, equal, value) = if let Some((field, value)) = term.split_once("!=") {
            (field, false, value)
        } else if let Some((field, value)) = term.split_once("==").or_else(|| term.split_once('=')) {
            (field, true, value)
        } else {
            bail!("invalid field selector {term:?}: no operator");
        };
        let pointer = match field.trim() {
            "metadata.name" => "/metadata/name",
            "metadata.namespace" => "/metadata/namespace",
            "type" if kind == "Secret" => "/type",
            other => bail!(
                "{other:?} is not a known field selector of {kind}: only metadata.name, metadata.namespace and a Secret's type are"
            ),
        };
        Ok(Self { pointer, equal, value: value.trim().to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case("", true)]
    #[case("app", true)]
    #[case("example.com/routing", true)]
    #[case("absent", false)]
    #[case("!app", false)]
    #[case("!absent", true)]
    #[case("app=shop", true)]
    #[case("app = shop", true)]
    #[case("app==shop", true)]
    #[case("app=other", false)]
    #[case("absent=shop", false)]
    #[case("app!=shop", false)]
    #[case("app!=other", true)]
    #[case("absent!=shop", true)]
    #[case("app in (shop, other)", true)]
    #[case("app in(shop)", true)]
    #[case("app in (other)", false)]
    #[case("absent in (shop)", false)]
    #[case("app notin (shop,other)", false)]
    #[case("app notin (other)", true)]
    #[case("absent notin (shop)", true)]
    #[case("app=shop,example.com/routing", true)]
    #[case("app in (shop,other),!absent", true)]
    #[case("app=shop,absent", false)]
    fn label_selectors(#[case] selector: &str, #[case] expected: bool) {
        let object = json!({"metadata": {"labels": {"app": "shop", "example.com/routing": ""}}});
        assert_eq!(selector.parse::<LabelSelector>().unwrap().matches(&object), expected);
    }

    #[rstest]
    #[case(",")]
    #[case("app,")]
    #[case("=shop")]
    #[case("app shop")]
    #[case("app=a b")]
    #[case("app near (shop)")]
    #[case("app in (shop")]
    #[case("app in shop)")]
    #[case("a>1")]
    fn bad_label_selectors(#[case] selector: &str) {
        assert!(selector.parse::<LabelSelector>().is_err());
    }

    #[test]
    fn an_object_without_labels_has_none() {
        assert!("!app".parse::<LabelSelector>().unwrap().matches(&json!({"metadata": {}})));
    }

    #[rstest]
    #[case("", true)]
    #[case("type=kubernetes.io/tls", true)]
    #[case("type==kubernetes.io/tls", true)]
    #[case("type=Opaque", false)]
    #[case("type!=Opaque", true)]
    #[case("metadata.name=a,metadata.namespace=n", true)]
    #[case("metadata.name=a,metadata.namespace!=n", false)]
    fn field_selectors(#[case] selector: &str, #[case] expected: bool) {
        let object = json!({"metadata": {"name": "a", "namespace": "n"}, "type": "kubernetes.io/tls"});
        assert_eq!(FieldSelector::parse(selector, "Secret").unwrap().matches(&object), expected);
    }

    #[rstest]
    #[case("data=x", "Secret")]
    #[case("type=x", "Ingress")]
    #[case("type", "Secret")]
    #[case("metadata.name=a,", "Secret")]
    fn bad_field_selectors(#[case] selector: &str, #[case] kind: &str) {
        assert!(FieldSelector::parse(selector, kind).is_err());
    }
}
