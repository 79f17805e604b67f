//! Parking and its undoing; what becomes of whole objects is tested on the module.

use rstest::rstest;
use serde_json::{Value, json};

use super::parking::{CertificateRecord, ISSUER, park, restore};
use crate::record::Record;

fn author() -> Value {
    json!({
        "metadata": {"name": "app"},
        "spec": {
            "secretName": "own",
            "issuerRef": {"group": "cert-manager.io", "kind": "ClusterIssuer", "name": "le"},
        },
    })
}

#[test]
fn what_is_parked_comes_back() {
    let parked = park(&author(), "app-parked").unwrap().unwrap();
    assert_eq!(parked["spec"]["issuerRef"]["name"], ISSUER);
    assert_eq!(parked["spec"]["secretName"], "app-parked");
    assert_eq!(restore(&parked, None), Some(author()));
    let mut lost = parked.clone();
    lost["metadata"] = json!({"name": "app"});
    assert_eq!(restore(&lost, Some(&parked)), Some(author()));
    assert_eq!(restore(&lost, None), Some(lost));
}

#[test]
fn what_the_author_changed_meanwhile_stays() {
    let mut changed = park(&author(), "app-parked").unwrap().unwrap();
    changed["spec"]["issuerRef"]["name"] = json!("internal");
    changed["spec"]["secretName"] = json!("theirs");
    let restored = restore(&changed, None).unwrap();
    assert_eq!(restored["spec"], changed["spec"]);
    assert_eq!(restored["metadata"], author()["metadata"]);
}

#[rstest]
#[case::emptied("", true)]
#[case::ours(r#"{"issuerRef":{"name":"le"}}"#, true)]
#[case::text("le", false)]
#[case::list(r#"[{"name":"le"},"own"]"#, false)]
#[case::other_members(r#"{"issuerRef":{"name":"le"},"more":1}"#, false)]
#[case::no_name(r#"{"issuerRef":{"name":7}}"#, false)]
#[case::our_issuer(r#"{"issuerRef":{"name":"covered-by-routing-secret"}}"#, false)]
fn a_record_is_ours_or_not(#[case] record: &str, #[case] is_ours: bool) {
    let mut object = author();
    object["metadata"]["annotations"] = json!({CertificateRecord::ANNOTATION: record});
    assert_eq!(restore(&object, None).is_some(), is_ours);
}
