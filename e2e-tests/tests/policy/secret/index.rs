//! What is written down when a routing secret is admitted.

use e2e_tests::Cluster;
use rstest::rstest;
use serde_json::{Value, json};
use time::Duration;

use super::{certificates::*, keys::*, support::*};
use crate::support::*;

/// An index that claims something else than any certificate here.
const FORGED: &str = "v1 issued 0 99999999999 *.forged.example";

fn forged(secret: Value) -> Value {
    annotated(secret, INDEX, FORGED)
}

/// What is stored of a Secret that is created.
fn created(secret: &Value) -> Value {
    stored(secret, &json!({}), &closed())
}

/// What is stored of a Secret that is updated.
fn stored_update(old: &Value, new: &Value) -> Value {
    let evaluation = POLICY.validate(&update(old, new), &nobody_is_asked(), &closed());
    let response = evaluation.unwrap().response;
    assert!(response.accepted, "{:?}", response.message);
    assert!(response.warnings.is_empty(), "{:?}", response.warnings);
    response.mutated_object.unwrap_or_else(|| new.clone())
}

fn index_of(secret: &Value) -> Option<&str> {
    secret["metadata"]["annotations"][INDEX].as_str()
}

/// The index that a Secret must have.
fn true_index(secret: &Value) -> String {
    let stored = created(&without(secret.clone(), "/metadata", "annotations"));
    index_of(&stored).unwrap().to_owned()
}

/// The words of an index: version and kind, the two times, and the names.
fn words(index: &str) -> (String, [i64; 2], Vec<&str>) {
    let words: Vec<_> = index.split(' ').collect();
    let times = [words[2], words[3]].map(|word| word.parse().unwrap());
    (words[..2].join(" "), times, words[4..].to_vec())
}

fn unlabelled(secret: Value) -> Value {
    without(secret, "/metadata", "labels")
}

#[test]
fn the_index_is_one_line_of_what_matching_needs() {
    let before = time::OffsetDateTime::now_utc().unix_timestamp();
    let certificate = leaf(&P256)
        .names(&["*.Example.com", "a.example.org", "localhost"])
        .valid(Duration::days(-3), Duration::days(40));
    let stored = created(&secret_of(&certificate));
    let index = index_of(&stored).unwrap();
    let (kind, times, names) = words(index);
    assert_eq!(kind, "v1 issued");
    assert_eq!(names, ["*.Example.com", "a.example.org", "localhost"]);
    let day = 24 * 60 * 60;
    for (time, days) in times.into_iter().zip([-3, 40]) {
        let distance = time - (before + days * day);
        assert!((0..60).contains(&distance), "{index}");
    }
    assert!(!index.contains('\n'), "{index}");
}

#[test]
fn everything_else_stays_as_it_is() {
    let mut author = annotated(good_secret(), "notes", "x");
    author["metadata"]["unknown"] = json!({"deep": [1e100, null]});
    author["unknown"] = json!(12_345_678_901_234_567_890_u64);
    author["stringData"] = json!({"more": "x"});
    let mut stored = created(&author);
    let annotations = stored["metadata"]["annotations"].as_object_mut().unwrap();
    assert!(annotations.remove(INDEX).is_some());
    assert_eq!(stored, author);
}

#[test]
fn a_temporary_certificate_is_never_selected() {
    let temporary = secret_of(&leaf(&P256).issuer("cert-manager.local"));
    let index = true_index(&temporary);
    assert_eq!(words(&index).0, "v1 temporary");
    let stored = created(&temporary);
    assert!(!is_chosen("a.example.com", &stored, &json!({})));
}

/// What one setting of `wildcards` cannot use may be of use with the other, so both see one index.
#[test]
fn the_index_does_not_depend_on_settings() {
    let odd = secret_of(&leaf(&P256).names(&["a.example.com", "f*.example.com", "a b", "*"]));
    let any_depth = json!({"wildcards": "anyDepth", "secret": {"minimumDaysLeft": 1}});
    // It could not be created like that: what is not judged gets its index too.
    let request = update(&odd, &odd);
    let index_with = |settings: &Value| {
        let evaluation = POLICY.validate(&request, settings, &closed()).unwrap();
        let stored = evaluation.response.mutated_object.unwrap();
        index_of(&stored).unwrap().to_owned()
    };
    let index = index_with(&json!({}));
    assert_eq!(index, index_with(&any_depth));
    assert_eq!(words(&index).2, ["a.example.com", "f*.example.com", "*"]);
    let stored = stored_update(&odd, &odd);
    assert!(is_chosen("foo.example.com", &stored, &any_depth));
    assert!(!is_chosen("foo.example.com", &stored, &json!({})));
    assert!(is_chosen("a.example.com", &stored, &json!({})));
}

#[rstest]
#[case::by_a_claim(FORGED)]
#[case::of_another_version("v2 issued 0 99999999999 a.example.com")]
#[case::a_word("x")]
#[case::empty("")]
fn an_index_of_others_is_overwritten(#[case] claim: &str) {
    let good = good_secret();
    let index = true_index(&good);
    let forged = annotated(good.clone(), INDEX, claim);
    let other = secret(leaf(&OTHER_P256).pem(), OTHER_P256.pem());
    for stored in [
        created(&forged),
        stored_update(&good, &forged),
        stored_update(&forged, &forged),
        stored_update(&created(&good), &forged),
        stored_update(&other, &forged),
    ] {
        assert_eq!(index_of(&stored), Some(index.as_str()));
    }
}

#[test]
fn a_new_certificate_gets_a_new_index() {
    let old = created(&good_secret());
    let renewed = secret_of(&leaf(&P256).names(&["b.example.com"]));
    let new = annotated(renewed.clone(), INDEX, index_of(&old).unwrap());
    let stored = stored_update(&old, &new);
    assert_eq!(index_of(&stored), Some(true_index(&renewed).as_str()));
}

#[test]
fn a_right_index_is_not_rewritten() {
    let stored = created(&good_secret());
    assert_untouched(&stored, &json!({}), &closed());
    let evaluation = POLICY.validate(&update(&stored, &stored), &json!({}), &closed());
    let response = evaluation.unwrap().response;
    assert!(response.accepted);
    assert_eq!(response.mutated_object, None);
}

#[test]
fn what_is_not_judged_gets_a_missing_index_if_its_certificate_can_be_read() {
    let expired = expired_secret();
    let stored = stored_update(&expired, &expired);
    assert_eq!(words(index_of(&stored).unwrap()).2, ["a.example.com"]);
    for unreadable in [
        secret("junk", "junk"),
        with(good_secret(), "/type", json!("Opaque")),
        without(good_secret(), "", "data"),
    ] {
        assert_eq!(stored_update(&unreadable, &unreadable), unreadable);
        let claimed = forged(unreadable.clone());
        assert_eq!(index_of(&stored_update(&unreadable, &claimed)), None);
    }
}

#[test]
fn a_placeholder_has_no_index() {
    let mut empty = secret("", "");
    empty["metadata"]["annotations"] = json!({"replicator.v1.mittwald.de/replicate-from": "epinio/tls"});
    assert_untouched(&empty, &json!({}), &closed());
    assert_eq!(created(&forged(empty.clone())), empty);
}

#[rstest]
#[case::no_annotations(json!(null))]
#[case::others(json!({"notes": "x"}))]
fn without_the_label_it_is_removed(#[case] annotations: Value) {
    let mut author = unlabelled(good_secret());
    if !annotations.is_null() {
        author["metadata"]["annotations"] = annotations;
    }
    let labelled = created(&good_secret());
    let indexed = annotated(author.clone(), INDEX, index_of(&labelled).unwrap());
    assert_eq!(stored_update(&labelled, &indexed), author);
    assert_eq!(created(&indexed), author);
    assert_eq!(stored_update(&indexed, &indexed), author);
}

#[test]
fn a_mirror_gets_label_and_index_at_once() {
    let mut source = good_secret();
    source["metadata"] = json!({"name": "source", "namespace": "epinio", "labels": {LABEL: "public"}});
    let mut mirror = unlabelled(good_secret());
    mirror["metadata"]["annotations"] = json!({"reflector.v1.k8s.emberstack.com/reflects": "epinio/source"});
    let stored = stored(&mirror, &json!({}), &Cluster::new(vec![source]));
    assert_eq!(stored["metadata"]["labels"][LABEL], json!("public"));
    assert_eq!(index_of(&stored), Some(true_index(&stored).as_str()));
}

#[test]
fn the_setting_turns_it_off() {
    let settings = json!({"secret": {"index": false}});
    let good = good_secret();
    for secret in [good.clone(), forged(good.clone()), unlabelled(forged(good))] {
        assert_untouched(&secret, &settings, &closed());
    }
}

/// Kubernetes takes 256 KiB of annotations and would refuse the Secret otherwise.
#[test]
fn an_index_that_would_not_be_stored_is_left_out() {
    let full = annotated(good_secret(), "notes", &"x".repeat(256 * 1024 - 20));
    assert_untouched(&full, &json!({}), &closed());
    assert!(is_chosen("a.example.com", &full, &json!({})));
    let names: Vec<_> =
        (0..10_000).map(|number| format!("name-of-some-length-{number}.example.com")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let many = secret_of(&leaf(&P256).names(&names));
    assert_untouched(&many, &json!({}), &closed());
    assert!(is_chosen(names[9_999], &many, &json!({})));
}
