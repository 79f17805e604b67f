use std::collections::BTreeSet;

use proptest::{
    collection::{btree_map, vec},
    prelude::*,
    sample::{select, subsequence},
};
use rstest::rstest;
use serde_json::json;

use super::*;

fn valid(settings: &Value) -> Settings {
    Settings::parse(settings).unwrap_or_else(|faults| panic!("{settings}: {faults:?}"))
}

fn faults(settings: &Value) -> Vec<String> {
    Settings::parse(settings).err().unwrap_or_default()
}

/// The fields that faults name.
fn faulty(settings: &Value) -> BTreeSet<String> {
    let faults = faults(settings);
    let fields: BTreeSet<_> =
        faults.iter().map(|fault| fault.split_once(": ").unwrap().0.to_owned()).collect();
    assert_eq!(fields.len(), faults.len(), "one fault each: {faults:?}");
    fields
}

fn set<const N: usize>(fields: [&str; N]) -> BTreeSet<String> {
    fields.map(str::to_owned).into()
}

#[rstest]
#[case::absent(json!(null))]
#[case::empty(json!({}))]
#[case::empty_section(json!({"ingress": {}}))]
#[case::null_section(json!({"ingress": null}))]
#[case::null_fields(json!({
    "routingLabel": null,
    "wildcards": null,
    "ignoredHosts": null,
    "ingress": {
        "action": null,
        "plainHosts": null,
        "partlyCovered": null,
        "issuerAnnotations": null,
        "ignoredClasses": null,
    },
}))]
#[case::written_out(json!({
    "routingLabel": "epinio.io/routing",
    "wildcards": "oneLabel",
    "ignoredHosts": [],
    "ingress": {
        "action": "mutate",
        "plainHosts": "secure",
        "partlyCovered": "leave",
        "issuerAnnotations": [],
        "ignoredClasses": ["istio", "alb", "tailscale"],
    },
    "gateway": {"action": "mutate", "triggered": "ignoreListeners"},
    "certificate": {"covered": "park"},
    "secret": {"minimumDaysLeft": 0, "warnDaysLeft": 21, "labelMirrors": true},
}))]
fn defaults(#[case] settings: Value) {
    let settings = valid(&settings);
    assert_eq!(settings.routing_label, "epinio.io/routing");
    assert_eq!(settings.wildcards, Wildcards::OneLabel);
    assert!(settings.host("a.example.com").is_some());
    assert_eq!(settings.ingress.action, Action::Mutate);
    assert_eq!(settings.ingress.plain_hosts, PlainHosts::Secure);
    assert_eq!(settings.ingress.partly_covered, PartlyCovered::Leave);
    assert!(settings.ingress.issuer_annotations.is_empty());
    assert_eq!(settings.ingress.ignored_classes, ["istio", "alb", "tailscale"]);
    assert_eq!(settings.gateway.action, Action::Mutate);
    assert_eq!(settings.gateway.triggered, Triggered::IgnoreListeners);
    assert!(settings.gateway.ignored_classes.is_empty());
    assert_eq!(settings.secret.in_use, InUse::Warn);
    assert_eq!(settings.certificate.covered, Covered::Park);
    assert_eq!(settings.secret.minimum_days_left, 0);
    assert_eq!(settings.secret.warn_days_left, 21);
    assert!(settings.secret.label_mirrors);
    assert!(settings.secret.index);
}

#[test]
fn every_field_can_be_set() {
    let settings = valid(&json!({
        "routingLabel": "example.com/routing",
        "wildcards": "anyDepth",
        "ignoredHosts": ["*.internal.example.com", "v?.example.com"],
        "ingress": {
            "action": "require",
            "plainHosts": "ignore",
            "partlyCovered": "omitHosts",
            "issuerAnnotations": ["example.com/issuer", "issue"],
            "ignoredClasses": ["a", "Some class"],
        },
        "gateway": {"action": "require", "triggered": "leave", "ignoredClasses": ["eg"]},
        "certificate": {"covered": "reject"},
        "secret": {
            "minimumDaysLeft": 7, "warnDaysLeft": 30, "labelMirrors": false, "inUse": "deny", "index": false,
        },
    }));
    assert_eq!(settings.routing_label, "example.com/routing");
    assert_eq!(settings.wildcards, Wildcards::AnyDepth);
    assert_eq!(settings.ingress.action, Action::Require);
    assert_eq!(settings.ingress.plain_hosts, PlainHosts::Ignore);
    assert_eq!(settings.ingress.partly_covered, PartlyCovered::OmitHosts);
    assert_eq!(settings.ingress.issuer_annotations, ["example.com/issuer", "issue"]);
    assert_eq!(settings.ingress.ignored_classes, ["a", "Some class"]);
    assert_eq!(settings.gateway.action, Action::Require);
    assert_eq!(settings.gateway.triggered, Triggered::Leave);
    assert_eq!(settings.gateway.ignored_classes, ["eg"]);
    assert_eq!(settings.secret.in_use, InUse::Deny);
    assert_eq!(settings.certificate.covered, Covered::Reject);
    assert_eq!(settings.secret.minimum_days_left, 7);
    assert_eq!(settings.secret.warn_days_left, 30);
    assert!(!settings.secret.label_mirrors);
    assert!(!settings.secret.index);
    for ignored in ["a.internal.example.com", "V1.example.com", "a.b.internal.example.com."] {
        assert!(Host::parse(ignored).is_some() && settings.host(ignored).is_none(), "{ignored}");
    }
    for touched in ["internal.example.com", "v10.example.com", "example.com"] {
        assert!(settings.host(touched).is_some(), "{touched}");
    }
}

#[test]
fn the_default_class_can_be_taken_away() {
    let settings = valid(&json!({"ingress": {"ignoredClasses": []}}));
    assert!(settings.ingress.ignored_classes.is_empty());
}

#[rstest]
#[case("routing")]
#[case("r")]
#[case("Routing_label.v1-beta")]
#[case("epinio.io/routing")]
#[case("a/b")]
#[case("1.2/3")]
#[case("some-app.example.com/Routing")]
#[case::longest_name(&format!("example.com/{}", "a".repeat(63)))]
#[case::longest_prefix_of_short_labels(&format!("{}a/name", "a.".repeat(126)))]
#[case::longest_prefix(&format!("{}/name", "a".repeat(253)))]
fn keys_of_labels_and_annotations(#[case] key: &str) {
    assert_eq!(valid(&json!({"routingLabel": key})).routing_label, key);
    let settings = valid(&json!({"ingress": {"issuerAnnotations": [key]}}));
    assert_eq!(settings.ingress.issuer_annotations, [key]);
}

#[rstest]
#[case::empty("")]
#[case::blank(" ")]
#[case::space_inside("a b")]
#[case::space_after("routing ")]
#[case::line_break("routing\n")]
#[case::no_prefix("/routing")]
#[case::no_name("epinio.io/")]
#[case::only_slash("/")]
#[case::two_slashes("a/b/c")]
#[case::value("routing=true")]
#[case::expression("!routing")]
#[case::two_labels("routing,other")]
#[case::begins_with_dash("-routing")]
#[case::ends_with_dash("routing-")]
#[case::ends_with_dot("routing.")]
#[case::begins_with_underscore("_routing")]
#[case::not_ascii("röuting")]
#[case::upper_case_prefix("Epinio.io/routing")]
#[case::underscore_in_prefix("epinio_io/routing")]
#[case::empty_label_of_prefix("epinio..io/routing")]
#[case::dash_ends_label_of_prefix("epinio-.io/routing")]
#[case::wildcard_prefix("*.epinio.io/routing")]
#[case::name_too_long(&"a".repeat(64))]
#[case::prefix_of_short_labels_too_long(&format!("{}aa/name", "a.".repeat(126)))]
#[case::prefix_too_long(&format!("{}/name", "a".repeat(254)))]
fn not_keys_of_labels_and_annotations(#[case] text: &str) {
    assert_eq!(faulty(&json!({"routingLabel": text})), set(["routingLabel"]));
    assert_eq!(
        faulty(&json!({"ingress": {"issuerAnnotations": ["fine", text]}})),
        set(["ingress.issuerAnnotations[1]"])
    );
}

#[rstest]
#[case::text(json!("mutate"), &["settings"])]
#[case::list(json!([]), &["settings"])]
#[case::number(json!(1), &["settings"])]
#[case::truth(json!(false), &["settings"])]
#[case::unknown_field(json!({"ingres": {}}), &["ingres"])]
#[case::unknown_null(json!({"other": null}), &["other"])]
#[case::unknown_with_empty_name(json!({"": 1}), &[""])]
#[case::other_letter_case(json!({"RoutingLabel": "a"}), &["RoutingLabel"])]
#[case::field_of_the_section_outside(json!({"action": "mutate"}), &["action"])]
#[case::unknown_field_of_the_section(json!({"ingress": {"plain_hosts": "secure"}}), &["ingress.plain_hosts"])]
#[case::field_of_the_root_in_the_section(json!({"ingress": {"wildcards": "oneLabel"}}), &["ingress.wildcards"])]
#[case::section_as_text(json!({"ingress": "mutate"}), &["ingress"])]
#[case::section_as_list(json!({"ingress": [{"action": "mutate"}]}), &["ingress"])]
#[case::section_as_truth(json!({"ingress": true}), &["ingress"])]
#[case::label_as_number(json!({"routingLabel": 5}), &["routingLabel"])]
#[case::label_as_list(json!({"routingLabel": ["a"]}), &["routingLabel"])]
#[case::unknown_wildcards(json!({"wildcards": "all"}), &["wildcards"])]
#[case::wildcards_letter_case(json!({"wildcards": "onelabel"}), &["wildcards"])]
#[case::wildcards_as_object(json!({"wildcards": {"oneLabel": true}}), &["wildcards"])]
#[case::hosts_as_text(json!({"ignoredHosts": "a.example.com"}), &["ignoredHosts"])]
#[case::hosts_as_object(json!({"ignoredHosts": {}}), &["ignoredHosts"])]
#[case::one_bad_host(json!({"ignoredHosts": ["a", "b c", "d"]}), &["ignoredHosts[1]"])]
#[case::all_bad_hosts(
    json!({"ignoredHosts": ["", 1, null, ["a"], "ü"]}),
    &["ignoredHosts[0]", "ignoredHosts[1]", "ignoredHosts[2]", "ignoredHosts[3]", "ignoredHosts[4]"],
)]
#[case::unknown_action(json!({"ingress": {"action": "deny"}}), &["ingress.action"])]
#[case::empty_action(json!({"ingress": {"action": ""}}), &["ingress.action"])]
#[case::action_as_truth(json!({"ingress": {"action": true}}), &["ingress.action"])]
#[case::plain_hosts(json!({"ingress": {"plainHosts": "Secure"}}), &["ingress.plainHosts"])]
#[case::plain_hosts_as_number(json!({"ingress": {"plainHosts": 0}}), &["ingress.plainHosts"])]
#[case::partly_covered(json!({"ingress": {"partlyCovered": "omit"}}), &["ingress.partlyCovered"])]
#[case::partly_covered_as_list(json!({"ingress": {"partlyCovered": ["leave"]}}), &["ingress.partlyCovered"])]
#[case::annotations_as_text(json!({"ingress": {"issuerAnnotations": "a"}}), &["ingress.issuerAnnotations"])]
#[case::annotation_as_object(json!({"ingress": {"issuerAnnotations": [{}]}}), &["ingress.issuerAnnotations[0]"])]
#[case::classes_as_text(json!({"ingress": {"ignoredClasses": "istio"}}), &["ingress.ignoredClasses"])]
#[case::empty_class(json!({"ingress": {"ignoredClasses": ["istio", ""]}}), &["ingress.ignoredClasses[1]"])]
#[case::gateway_action(json!({"gateway": {"action": "reject"}}), &["gateway.action"])]
#[case::triggered(json!({"gateway": {"triggered": "ignore"}}), &["gateway.triggered"])]
#[case::triggered_as_list(json!({"gateway": {"triggered": ["leave"]}}), &["gateway.triggered"])]
#[case::triggered_elsewhere(json!({"ingress": {"triggered": "leave"}}), &["ingress.triggered"])]
#[case::unknown_of_gateways(json!({"gateway": {"plainHosts": "secure"}}), &["gateway.plainHosts"])]
#[case::gateway_as_text(json!({"gateway": "leave"}), &["gateway"])]
#[case::gateway_classes(json!({"gateway": {"ignoredClasses": "eg"}}), &["gateway.ignoredClasses"])]
#[case::empty_gateway_class(json!({"gateway": {"ignoredClasses": ["eg", ""]}}), &["gateway.ignoredClasses[1]"])]
#[case::in_use(json!({"secret": {"inUse": "refuse"}}), &["secret.inUse"])]
#[case::in_use_as_truth(json!({"secret": {"inUse": true}}), &["secret.inUse"])]
#[case::covered(json!({"certificate": {"covered": "Park"}}), &["certificate.covered"])]
#[case::covered_outside(json!({"covered": "park"}), &["covered"])]
#[case::negative_days(json!({"secret": {"minimumDaysLeft": -1}}), &["secret.minimumDaysLeft"])]
#[case::half_days(json!({"secret": {"warnDaysLeft": 0.5}}), &["secret.warnDaysLeft"])]
#[case::days_as_text(json!({"secret": {"warnDaysLeft": "21"}}), &["secret.warnDaysLeft"])]
#[case::flag_as_text(json!({"secret": {"labelMirrors": "true"}}), &["secret.labelMirrors"])]
#[case::flag_as_number(json!({"secret": {"labelMirrors": 1}}), &["secret.labelMirrors"])]
#[case::null_class(json!({"ingress": {"ignoredClasses": [null]}}), &["ingress.ignoredClasses[0]"])]
fn a_fault_names_its_field(#[case] settings: Value, #[case] fields: &[&str]) {
    let expected: BTreeSet<_> = fields.iter().map(|field| (*field).to_owned()).collect();
    assert_eq!(faulty(&settings), expected);
}

#[rstest]
#[case(json!({"wildcards": "all"}), "wildcards", &["oneLabel", "anyDepth"])]
#[case(json!({"ingress": {"action": "deny"}}), "ingress.action", &["mutate", "require"])]
#[case(json!({"ingress": {"plainHosts": "no"}}), "ingress.plainHosts", &["secure", "ignore"])]
#[case(json!({"ingress": {"partlyCovered": "x"}}), "ingress.partlyCovered", &["leave", "omitHosts"])]
#[case(json!({"gateway": {"action": "x"}}), "gateway.action", &["mutate", "require"])]
#[case(json!({"gateway": {"triggered": "x"}}), "gateway.triggered", &["ignoreListeners", "leave"])]
#[case(json!({"certificate": {"covered": "x"}}), "certificate.covered", &["park", "reject", "allow"])]
#[case(json!({"secret": {"inUse": "x"}}), "secret.inUse", &["warn", "deny", "ignore"])]
fn a_fault_lists_the_possible_words(#[case] settings: Value, #[case] field: &str, #[case] words: &[&str]) {
    let faults = faults(&settings);
    assert_eq!(faults.len(), 1);
    assert!(faults[0].starts_with(&format!("{field}: ")), "{faults:?}");
    for word in words {
        assert!(faults[0].contains(word), "{faults:?}");
    }
}

#[rstest]
#[case(json!({"secret": {"inUse": true}}), "secret.inUse: ", "boolean `true`")]
#[case(json!({"wildcards": {"oneLabel": null}}), "wildcards: ", "map")]
#[case(json!({"routingLabel": 5}), "routingLabel: ", "integer `5`")]
#[case(json!({"ignoredHosts": [7]}), "ignoredHosts[0]: ", "integer `7`")]
#[case(json!({"ingress": {"ignoredClasses": [null]}}), "ingress.ignoredClasses[0]: ", "null")]
#[case(json!({"ingress": {"issuerAnnotations": "a"}}), "ingress.issuerAnnotations: ", "string \"a\"")]
#[case(json!({"secret": {"labelMirrors": "true"}}), "secret.labelMirrors: ", "string \"true\"")]
#[case(json!({"secret": [0]}), "secret: ", "sequence")]
#[case(json!([]), "settings: ", "sequence")]
fn a_fault_says_which_type_is_wrong(#[case] settings: Value, #[case] field: &str, #[case] wrong: &str) {
    let faults = faults(&settings);
    assert_eq!(faults.len(), 1);
    let expected = format!("{field}invalid type: {wrong}, expected ");
    assert!(faults[0].starts_with(&expected), "{faults:?}");
}

#[test]
fn a_null_among_faults_is_none() {
    let settings = json!({
        "routingLabel": null,
        "ingress": {"action": null, "plainHosts": "x"},
        "secret": null,
        "other": null,
    });
    assert_eq!(faulty(&settings), set(["ingress.plainHosts", "other"]));
}

/// Fields of the root or of the section `ingress`, each with something wrong, and the faults.
const MISTAKES: [(&str, &str, &str); 12] = [
    ("routingLabel", "\"a b\"", "routingLabel"),
    ("wildcards", "\"some\"", "wildcards"),
    ("ignoredHosts", "[\"a\", \"b:1\"]", "ignoredHosts[1]"),
    ("ingres", "{}", "ingres"),
    ("labels", "[]", "labels"),
    ("ingress.action", "[]", "ingress.action"),
    ("ingress.plainHosts", "{}", "ingress.plainHosts"),
    ("ingress.partlyCovered", "\"\"", "ingress.partlyCovered"),
    ("ingress.issuerAnnotations", "[\"/\"]", "ingress.issuerAnnotations[0]"),
    ("ingress.ignoredClasses", "[7]", "ingress.ignoredClasses[0]"),
    ("ingress.Action", "\"mutate\"", "ingress.Action"),
    ("ingress.class", "1", "ingress.class"),
];

/// Any JSON, with the names and the words of the settings here and there.
fn any_json() -> impl Strategy<Value = Value> {
    const WORDS: [&str; 12] = [
        "oneLabel",
        "anyDepth",
        "mutate",
        "require",
        "secure",
        "ignore",
        "leave",
        "omitHosts",
        "istio",
        "epinio.io/routing",
        "*.example.com",
        "",
    ];
    const NAMES: [&str; 9] = [
        "routingLabel",
        "wildcards",
        "ignoredHosts",
        "ingress",
        "action",
        "plainHosts",
        "partlyCovered",
        "issuerAnnotations",
        "ignoredClasses",
    ];
    let leaf = prop_oneof![
        1 => Just(json!(null)),
        1 => any::<bool>().prop_map(Value::from),
        1 => any::<f64>().prop_map(Value::from),
        4 => select(WORDS.as_slice()).prop_map(Value::from),
        2 => any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 8, |inner| {
        let name = prop_oneof![
            8 => select(NAMES.as_slice()).prop_map(str::to_owned),
            1 => any::<String>(),
        ];
        prop_oneof![
            1 => vec(inner.clone(), 0..4).prop_map(Value::from),
            3 => btree_map(name, inner, 0..9).prop_map(|object| json!(object)),
        ]
    })
}

proptest! {
    #[test]
    fn all_faults_are_reported_at_once(mistakes in subsequence(MISTAKES.to_vec(), 0..=MISTAKES.len())) {
        let mut settings = json!({"ingress": {}});
        for (field, value, _) in &mistakes {
            let value = serde_json::from_str(value).unwrap();
            match field.strip_prefix("ingress.") {
                Some(field) => settings["ingress"][field] = value,
                None => settings[*field] = value,
            }
        }
        let expected: BTreeSet<_> = mistakes.iter().map(|(_, _, fault)| (*fault).to_owned()).collect();
        prop_assert_eq!(Settings::parse(&settings).is_ok(), mistakes.is_empty());
        prop_assert_eq!(faulty(&settings), expected);
    }

    #[test]
    fn no_settings_make_it_panic(settings in any_json()) {
        if let Err(faults) = Settings::parse(&settings) {
            prop_assert!(!faults.is_empty());
            prop_assert!(faults.iter().all(|fault| fault.contains(": ")), "{:?}", faults);
        }
    }
}
