//! What `examples/epinio-gateway.yaml` shows: Epinio's Gateway mode installs, and no routing secret is
//! overwritten.

use std::path::Path;

use e2e_tests::{Cluster, manifests};
use serde_json::json;

use super::support::*;
use crate::{certificate::support::*, support::*};

#[test]
fn epinios_gateway_stays_and_its_certificate_is_parked_under_another_name() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let cluster = Cluster::new(manifests::load(&examples.join("cluster.yaml")).unwrap());
    let objects = manifests::load(&examples.join("epinio-gateway.yaml")).unwrap();
    let [certificate, named, triggered] = objects.as_slice() else {
        panic!("a Certificate and two Gateways");
    };
    assert_eq!(certificate["spec"]["secretName"], secrets(named)[0]);
    let parked = stored(certificate, &json!({}), &cluster);
    assert_eq!(parked["spec"]["issuerRef"]["name"], PARKED);
    assert_eq!(parked["spec"]["secretName"], "blog-7d02f9c3-parked");
    assert_untouched(named, &json!({}), &cluster);
    let rewritten = stored(triggered, &json!({}), &cluster);
    assert_eq!(secrets(&rewritten), ["apps-wildcard"]);
    assert_eq!(ignored(&rewritten), Some("news-https"));
}
