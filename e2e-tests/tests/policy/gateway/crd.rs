//! The validation that the API server does after the policy.

use std::collections::BTreeSet;

use serde_json::Value;

use super::support::listeners;

/// What the CRDs of Gateway API 1.5 have against an object, as far as listeners and annotations can
/// break it (`config/crd/standard`, schema and `x-kubernetes-validations` of `spec.listeners`), and
/// what the API server has against its annotations.
pub fn crd_faults(object: &Value) -> BTreeSet<String> {
    let mut faults = BTreeSet::new();
    let mut fault = |is_broken: bool, rule: &str| {
        if is_broken {
            faults.insert(rule.to_owned());
        }
    };
    let listeners = listeners(object);
    fault(listeners.is_empty() || listeners.len() > 64, "minItems, maxItems");
    let (mut names, mut places) = (BTreeSet::new(), BTreeSet::new());
    for listener in listeners {
        let (tls, protocol) = (&listener["tls"], &listener["protocol"]);
        let mode = tls["mode"].as_str().unwrap_or("Terminate");
        let size = |name: &str| match &tls[name] {
            Value::Array(items) => items.len(),
            Value::Object(members) => members.len(),
            _ => 0,
        };
        fault(!names.insert(listener["name"].to_string()), "Listener name must be unique");
        let place = [&listener["port"], protocol, &listener["hostname"]].map(Value::to_string);
        fault(!places.insert(place), "Combination of port, protocol and hostname must be unique");
        fault(protocol == "HTTP" && !tls.is_null(), "tls must not be specified for HTTP");
        fault(protocol == "HTTPS" && mode != "Terminate", "tls mode must be Terminate for HTTPS");
        fault(protocol == "TLS" && tls.is_null(), "tls mode must be set for protocol TLS");
        let has_certificate = size("certificateRefs") > 0 || size("options") > 0;
        fault(
            !tls.is_null() && mode == "Terminate" && !has_certificate,
            "certificateRefs or options must be specified",
        );
        fault(size("certificateRefs") > 64, "maxItems of certificateRefs");
        for reference in tls["certificateRefs"].as_array().into_iter().flatten() {
            let name = reference["name"].as_str().unwrap_or_default();
            fault(name.is_empty() || name.len() > 253, "name of certificateRefs");
        }
    }
    let annotations = object["metadata"]["annotations"].as_object().into_iter().flatten();
    let bytes: usize =
        annotations.map(|(name, value)| name.len() + value.as_str().unwrap_or_default().len()).sum();
    fault(bytes > 256 * 1024, "TotalAnnotationSizeLimitB");
    faults
}
