//! Field masks: the parts of an object that a look-up asks for.

use std::collections::BTreeSet;

use serde_json::Value;

/// What the host keeps whatever the mask: it prunes the body of an object, not its type and metadata.
const ALWAYS_KEPT: [&str; 3] = ["apiVersion", "kind", "metadata"];

/// Reduces `object` to the fields that `masks` name. No mask at all means the whole object.
///
/// Paths split on every `.`, so a key that has one in it, like `tls.crt`, cannot be selected. Paths go through
/// arrays, and a path that ends selects everything below.
pub(crate) fn apply(masks: &BTreeSet<String>, object: &mut Value) {
    if masks.is_empty() {
        return;
    }
    let paths: Vec<Vec<&str>> = masks.iter().map(|mask| mask.split('.').collect()).collect();
    let mut paths: Vec<&[&str]> = paths.iter().map(Vec::as_slice).collect();
    let kept = ALWAYS_KEPT.map(|field| [field]);
    paths.extend(kept.iter().map(<[&str; 1]>::as_slice));
    prune(object, &paths);
}

fn prune(value: &mut Value, paths: &[&[&str]]) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| prune(item, paths)),
        Value::Object(fields) => fields.retain(|name, value| {
            let below: Vec<&[&str]> = paths
                .iter()
                .filter_map(|path| path.split_first())
                .filter(|(first, _)| *first == name)
                .map(|(_, rest)| rest)
                .collect();
            if below.iter().all(|path| !path.is_empty()) {
                prune(value, &below);
            }
            !below.is_empty()
        }),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case::empty(&[], json!({"kind": "Secret", "metadata": {"name": "a", "labels": {"l": ""}}, "type": "t",
        "data": {"tls.crt": "x"}, "spec": {"rules": [{"host": "a", "http": 1}, {"host": "b"}]}}))]
    #[case::type_drops_data(&["type"],
        json!({"kind": "Secret", "metadata": {"name": "a", "labels": {"l": ""}}, "type": "t"}))]
    #[case::metadata_stays_whole(&["metadata.name"],
        json!({"kind": "Secret", "metadata": {"name": "a", "labels": {"l": ""}}}))]
    #[case::keys_with_a_dot_are_lost(&["data.tls.crt"],
        json!({"kind": "Secret", "metadata": {"name": "a", "labels": {"l": ""}}, "data": {}}))]
    #[case::the_shorter_path_wins(&["data", "data.other"],
        json!({"kind": "Secret", "metadata": {"name": "a", "labels": {"l": ""}}, "data": {"tls.crt": "x"}}))]
    #[case::through_arrays(&["spec.rules.host"], json!({"kind": "Secret",
        "metadata": {"name": "a", "labels": {"l": ""}}, "spec": {"rules": [{"host": "a"}, {"host": "b"}]}}))]
    fn keeps_what_is_named(#[case] masks: &[&str], #[case] expected: Value) {
        let mut object = json!({"kind": "Secret", "metadata": {"name": "a", "labels": {"l": ""}}, "type": "t",
            "data": {"tls.crt": "x"}, "spec": {"rules": [{"host": "a", "http": 1}, {"host": "b"}]}});
        apply(&masks.iter().map(|&mask| mask.to_owned()).collect(), &mut object);
        assert_eq!(object, expected);
    }
}
