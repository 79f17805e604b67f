//! Routing secrets that go, or are renewed with fewer names, while something names them.

use e2e_tests::{Cluster, Response, certificates::TlsSecret, request_from};
use proptest::{prelude::*, sample::select};
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::*;

const SKIP: &str = "routing-secrets-policy/skip";
const PRODUCER: &str = "cert-manager.io/certificate-name";
const READS: &str = "nginx.ingress.kubernetes.io/auth-tls-secret";
const REFLECTS: &str = "reflector.v1.k8s.emberstack.com/reflects";

fn mode(in_use: &str) -> Value {
    json!({"secret": {"inUse": in_use}})
}

/// The Ingress `shop`, which names this Secret for its host.
fn shop(host: &str, secret: &str) -> Value {
    let mut object = ingress(&[host], json!([entry(&[host], secret)]));
    object["metadata"]["name"] = json!("shop");
    object
}

/// A Gateway, or a ListenerSet, of one listener; without hostname if that is empty.
fn listening(kind: &str, hostname: &str, secret: &str) -> Value {
    let mut listener = json!({
        "name": "https", "protocol": "HTTPS", "port": 443,
        "tls": {"mode": "Terminate", "certificateRefs": [{"name": secret}]},
    });
    if !hostname.is_empty() {
        listener["hostname"] = json!(hostname);
    }
    json!({
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": kind,
        "metadata": {"name": "edge", "namespace": NAMESPACE},
        "spec": {"gatewayClassName": "eg", "listeners": [listener]},
    })
}

/// The entry without hosts of the routing secret `wild`.
fn named_by_default() -> Value {
    json!([{"secretName": "wild"}])
}

/// A cluster with these Secrets and whoever names them.
fn with_users(secrets: &[TlsSecret], users: &[Value]) -> Cluster {
    let secrets = secrets.iter().map(TlsSecret::to_manifest);
    Cluster::new(secrets.chain(users.iter().cloned()).collect())
}

/// The request to delete an object, or to update it to a new one.
fn request(old: &Value, new: Option<&Value>) -> Value {
    let mut request = request_from(old.clone()).unwrap();
    request["operation"] = json!(if new.is_some() { "UPDATE" } else { "DELETE" });
    request["object"] = new.cloned().unwrap_or_default();
    request["oldObject"] = old.clone();
    request
}

fn deleted(secret: &TlsSecret, settings: &Value, cluster: &Cluster) -> Response {
    let request = request(&secret.to_manifest(), None);
    POLICY.validate(&request, settings, cluster).unwrap().response
}

fn updated(old: &Value, new: &Value, settings: &Value, cluster: &Cluster) -> Response {
    let request = request(old, Some(new));
    POLICY.validate(&request, settings, cluster).unwrap().response
}

fn unlabelled(secret: &TlsSecret) -> Value {
    let mut secret = secret.to_manifest();
    secret["metadata"]["labels"] = json!({});
    secret
}

#[rstest]
#[case::ingress(shop("a.example.com", "wild"), "Ingress shop: a.example.com", "ing")]
#[case::gateway(listening("Gateway", "a.example.com", "wild"), "Gateway edge: a.example.com", "gtw")]
#[case::listener_set(
    listening("ListenerSet", "a.example.com", "wild"),
    "ListenerSet edge: a.example.com",
    "lset"
)]
#[case::listener_without_hostname(listening("Gateway", "", "wild"), "Gateway edge: *.example.com", "gtw")]
#[case::listener_for_a_wildcard(
    listening("Gateway", "*.example.com", "wild"),
    "Gateway edge: *.example.com",
    "gtw"
)]
#[case::default_entry(
    ingress(&["a.example.com", "a.example.org"], named_by_default()), "Ingress app: a.example.com", "ing",
)]
#[case::default_entry_and_a_rule_without_host(
    with_rule(ingress(&[], named_by_default()), json!({"http": {"paths": []}})),
    "Ingress app: *.example.com",
    "ing"
)]
#[case::default_entry_and_a_rule_with_an_empty_host(
    with_rule(ingress(&[], named_by_default()), rule("")),
    "Ingress app: *.example.com",
    "ing"
)]
#[case::default_entry_and_a_default_backend(
    with_default_backend(ingress(&["a.example.org"], named_by_default()), "service"),
    "Ingress app: *.example.com",
    "ing"
)]
#[case::default_entry_and_a_resource_by_default(
    with_default_backend(ingress(&["a.example.org"], named_by_default()), "resource"),
    "Ingress app: *.example.com",
    "ing"
)]
fn who_names_a_routing_secret_is_said_when_it_goes(
    #[case] user: Value,
    #[case] names: &str,
    #[case] resources: &str,
) {
    let cluster = with_users(&[wild()], &[user]);
    for response in [
        deleted(&wild(), &json!({}), &cluster),
        updated(&wild().to_manifest(), &unlabelled(&wild()), &json!({}), &cluster),
    ] {
        assert!(response.accepted, "{:?}", response.message);
        let [command, user] = response.warnings.as_slice() else {
            panic!("{:?}", response.warnings);
        };
        assert_eq!(user, &format!("{names} still names this Secret"));
        let first = format!("for k in {resources} cert; do kubectl annotate ");
        assert!(command.starts_with(&first), "{command}");
        assert!(command.ends_with(" -n workspace; done"), "{command}");
    }
    for denied in [
        deleted(&wild(), &mode("deny"), &cluster),
        // That of a Certificate, too: it is no machine that deletes it.
        deleted(&wild().annotation(PRODUCER, "wild"), &mode("deny"), &cluster),
        updated(&wild().to_manifest(), &unlabelled(&wild()), &mode("deny"), &cluster),
    ] {
        assert!(!denied.accepted);
        let message = denied.message.unwrap();
        let skip = format!("annotate secret wild -n workspace {SKIP}=true");
        for part in ["Secret workspace/wild", names, &skip, resources, "[in-use]"] {
            assert!(message.contains(part), "{part} is missing in {message}");
        }
    }
    let ignored = deleted(&wild(), &mode("ignore"), &cluster);
    assert!(ignored.accepted && ignored.warnings.is_empty());
}

/// An annotation that reads the Secret counts as naming it.
#[test]
fn who_reads_a_routing_secret_is_said_when_it_goes() {
    let user = annotated(shop("a.example.com", "own"), READS, "workspace/wild");
    let cluster = with_users(&[wild()], &[user]);
    let warned = deleted(&wild(), &json!({}), &cluster);
    assert!(warned.accepted && warned.warnings.join("\n").contains("Ingress shop"));
    let denied = deleted(&wild(), &mode("deny"), &cluster);
    assert!(!denied.accepted && denied.message.unwrap().contains("Ingress shop"));
}

/// What is cut off cannot be pasted.
#[test]
fn the_commands_for_a_long_namespace_are_whole() {
    let namespace = "n".repeat(63);
    let moved = |mut object: Value| {
        object["metadata"]["namespace"] = json!(namespace);
        object
    };
    let users = [
        shop("a.example.com", "wild"),
        listening("Gateway", "a.example.com", "wild"),
        listening("ListenerSet", "a.example.com", "wild"),
    ];
    let cluster = Cluster::new(users.map(moved).to_vec());
    let request = request(&moved(wild().to_manifest()), None);
    let evaluation = POLICY.validate(&request, &json!({}), &cluster).unwrap();
    let warnings = evaluation.response.warnings;
    let begin = "for k in gtw,ing,lset cert; do kubectl annotate $k --all --overwrite at=";
    assert!(warnings[0].starts_with(begin), "{warnings:?}");
    assert!(warnings[0].ends_with(&format!(" -n {namespace}; done")), "{warnings:?}");
    assert_eq!(warnings.len(), 1 + 3);
}

/// The host lists in any order.
#[test]
fn those_who_name_it_come_by_their_names() {
    let user = |number| {
        let mut user = shop("a.example.com", "wild");
        user["metadata"]["name"] = json!(format!("shop-{number}"));
        user
    };
    let users: Vec<_> = (0..5).map(user).collect();
    let told = |seed| {
        let cluster = with_users(&[wild()], &users).with_seed(seed);
        deleted(&wild(), &json!({}), &cluster).warnings.split_off(1)
    };
    let expected: Vec<_> = (0..5)
        .map(|number| format!("Ingress shop-{number}: a.example.com still names this Secret"))
        .collect();
    for seed in 0..5 {
        assert_eq!(told(seed), expected);
    }
}

#[test]
fn the_routing_secret_that_takes_over_is_named() {
    let exact = routing_secret("exact", &["a.example.com"]);
    let mut skipped = annotated(shop("a.example.com", "wild"), SKIP, "true");
    skipped["metadata"]["name"] = json!("skipped");
    let mut owned = shop("a.example.com", "wild");
    owned["metadata"]["name"] = json!("owned");
    owned["metadata"]["ownerReferences"] = json!([{"kind": "App", "name": "shop", "controller": true}]);
    let users = [shop("a.example.com", "wild"), skipped, owned];
    let cluster = with_users(&[wild(), exact], &users).with_seed(1);
    let mut warnings = deleted(&wild(), &json!({}), &cluster).warnings;
    warnings.sort();
    assert_eq!(
        warnings[..3],
        [
            "Ingress owned: a.example.com still names this Secret",
            "Ingress shop: a.example.com still names this Secret; exact is next",
            "Ingress skipped: a.example.com still names this Secret",
        ]
    );
}

#[rstest]
#[case::another_secret(shop("a.example.com", "own"))]
#[case::reads_another_secret(annotated(shop("a.example.com", "own"), READS, "workspace/wild-2"))]
#[case::only_says_its_name(annotated(shop("a.example.com", "own"), "notes", "wild"))]
#[case::a_host_that_it_never_covered(shop("a.example.org", "wild"))]
#[case::no_host(ingress(&[], json!([{"secretName": "wild"}])))]
#[case::an_entry_with_hosts_beside_a_default_backend(with_default_backend(
    shop("a.example.org", "wild"),
    "service"
))]
#[case::a_default_entry_of_another_secret(with_default_backend(ingress(&[], json!([{"secretName": "own"}])), "service"))]
#[case::an_ignored_class({
    let mut object = shop("a.example.com", "wild");
    object["spec"]["ingressClassName"] = json!("istio");
    object
})]
#[case::contour(annotated(shop("a.example.com", "wild"), "projectcontour.io/tls-cert-namespace", "tls"))]
#[case::being_deleted({
    let mut object = shop("a.example.com", "wild");
    object["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    object
})]
#[case::another_namespace({
    let mut object = shop("a.example.com", "wild");
    object["metadata"]["namespace"] = json!("other");
    object
})]
#[case::a_reference_to_another_namespace({
    let mut object = listening("Gateway", "a.example.com", "wild");
    object["spec"]["listeners"][0]["tls"]["certificateRefs"][0]["namespace"] = json!("other");
    object
})]
#[case::a_gateway_of_an_ignored_class({
    let mut object = listening("Gateway", "a.example.com", "wild");
    object["spec"]["gatewayClassName"] = json!("ignored");
    object
})]
#[case::what_cannot_be_read({
    let mut object = shop("a.example.com", "wild");
    object["spec"]["tls"] = json!(7);
    object
})]
fn who_does_not_use_it_does_not_count(#[case] user: Value) {
    let cluster = with_users(&[wild()], &[user]);
    let settings = json!({"secret": {"inUse": "deny"}, "gateway": {"ignoredClasses": ["ignored"]}});
    let response = deleted(&wild(), &settings, &cluster);
    assert!(response.accepted, "{:?}", response.message);
    assert!(response.warnings.is_empty(), "{:?}", response.warnings);
}

/// Nobody is asked about a write after which everything is as before, or about the one that retires a Secret.
#[rstest]
#[case::another_label(|secret: &mut Value| secret["metadata"]["labels"]["app"] = json!("x"))]
#[case::retired(|secret: &mut Value| secret["metadata"]["annotations"] = json!({SKIP: "true"}))]
#[case::renewed(|secret: &mut Value| secret["data"] = wild().valid(-1, 60).to_manifest()["data"].clone())]
fn an_update_that_takes_nothing_asks_nobody(#[case] change: fn(&mut Value)) {
    let old = wild().to_manifest();
    let mut new = old.clone();
    change(&mut new);
    let request = request(&old, Some(&new));
    let evaluation = POLICY.validate(&request, &mode("deny"), &cluster(&[])).unwrap();
    assert!(evaluation.response.accepted && evaluation.response.warnings.is_empty());
    assert_eq!(evaluation.calls, []);
}

/// What nobody could use before is no loss, and costs no look-up.
#[rstest]
#[case::expired(wild().valid(-9, -1).to_manifest())]
#[case::not_yet_valid(wild().valid(1, 9).to_manifest())]
#[case::temporary(wild().issuer_cn("cert-manager.local").to_manifest())]
#[case::unreadable(wild().tls_crt("junk").to_manifest())]
#[case::of_another_type(wild().secret_type("Opaque").to_manifest())]
#[case::unlabelled(unlabelled(&wild()))]
fn an_unusable_or_unlabelled_secret_goes_without_a_look_up(#[case] secret: Value) {
    let cluster = with_users(&[], &[shop("a.example.com", "wild")]);
    let request = request(&secret, None);
    let evaluation = POLICY.validate(&request, &mode("deny"), &cluster).unwrap();
    assert!(evaluation.response.accepted, "{:?}", evaluation.response.message);
    assert!(evaluation.response.warnings.is_empty());
    assert_eq!(evaluation.calls, []);
}

#[test]
fn an_unused_secret_goes_without_a_warning() {
    let response = deleted(&wild(), &mode("deny"), &with_users(&[wild()], &[]));
    assert!(response.accepted && response.warnings.is_empty());
}

#[rstest]
#[case("system:serviceaccount:kube-system:namespace-controller")]
#[case("system:serviceaccount:kube-system:generic-garbage-collector")]
#[case("system:kube-controller-manager")]
fn who_cleans_up_is_never_held_up(#[case] user: &str) {
    let mut request = request(&wild().to_manifest(), None);
    request["userInfo"]["username"] = json!(user);
    let cluster = with_users(&[wild()], &[shop("a.example.com", "wild")]);
    let evaluation = POLICY.validate(&request, &mode("deny"), &cluster).unwrap();
    assert!(evaluation.response.accepted);
    assert_eq!(evaluation.calls, []);
}

#[rstest]
#[case::no_old_object(json!(null))]
#[case::an_old_object_that_is_none(json!("wild"))]
#[case::nothing_in_it(json!({}))]
#[case::odd_metadata(json!({"type": "kubernetes.io/tls", "metadata": {"labels": {"epinio.io/routing": 7}}, "data": []}))]
fn a_deletion_that_says_nothing_is_accepted(#[case] old: Value) {
    let mut request = request(&wild().to_manifest(), None);
    request["oldObject"] = old;
    let evaluation = POLICY.validate(&request, &mode("deny"), &cluster(&[])).unwrap();
    assert!(evaluation.response.accepted, "{:?}", evaluation.response.message);
}

/// Each look-up of the kinds, by the arguments that never change.
#[test]
fn there_is_one_list_call_a_kind() {
    let request = request(&wild().to_manifest(), None);
    let evaluation = POLICY.validate(&request, &json!({}), &with_users(&[wild()], &[])).unwrap();
    let calls: Vec<_> = evaluation.calls.iter().map(|call| &call.request).collect();
    let gateway_api = "gateway.networking.k8s.io/v1";
    let expected = [
        ("networking.k8s.io/v1", "Ingress", &["spec.ingressClassName", "spec.rules.host", "spec.tls"][..]),
        (gateway_api, "Gateway", &["spec.gatewayClassName", "spec.listeners"]),
        (gateway_api, "ListenerSet", &["spec.listeners"]),
    ];
    assert_eq!(calls.len(), expected.len());
    for (call, (api_version, kind, masks)) in calls.into_iter().zip(expected) {
        // How a default backend is shown is open.
        let mut call = call.clone();
        let shown = call["field_masks"].as_array_mut().unwrap();
        let count = shown.len();
        shown.retain(|mask| !mask.as_str().unwrap().starts_with("spec.defaultBackend"));
        assert_eq!(count > shown.len(), kind == "Ingress");
        let expected = json!({
            "api_version": api_version, "kind": kind, "namespace": NAMESPACE,
            "label_selector": null, "field_selector": null, "field_masks": masks,
        });
        assert_eq!(call, expected);
    }
}

#[rstest]
#[case("Callback evaluation failure: Cannot find resource gateway.networking.k8s.io/v1/Gateway")]
#[case("the server could not find the requested resource: not found")]
fn a_kind_that_the_cluster_lacks_has_no_objects(#[case] cause: &str) {
    let cluster = with_users(&[wild()], &[shop("a.example.com", "wild")])
        .failing("Gateway", cause)
        .failing("ListenerSet", cause);
    let response = deleted(&wild(), &json!({}), &cluster);
    assert_eq!(response.warnings.len(), 2, "{:?}", response.warnings);
    let response = deleted(&wild(), &mode("deny"), &with_users(&[wild()], &[]).failing("Gateway", cause));
    assert!(response.accepted);
}

#[rstest]
#[case::ingresses("Ingress", "networking.k8s.io/v1 Ingress")]
#[case::gateways("Gateway", "gateway.networking.k8s.io/v1 Gateway")]
#[case::listener_sets("ListenerSet", "gateway.networking.k8s.io/v1 ListenerSet")]
fn a_look_up_that_fails_loses_no_deletion_but_under_deny(#[case] kind: &str, #[case] of: &str) {
    let cluster = with_users(&[wild()], &[shop("a.example.com", "wild")])
        .failing(kind, "Policy has not been granted access");
    let response = deleted(&wild(), &json!({}), &cluster);
    assert!(response.accepted);
    assert_eq!(response.warnings[0], "Secret wild: cannot look up who still uses it");
    let denied = deleted(&wild(), &mode("deny"), &cluster);
    assert!(!denied.accepted);
    let message = denied.message.unwrap();
    for part in ["Policy has not been granted access", of, "contextAwareResources"] {
        assert!(message.contains(part), "{part} is missing in {message}");
    }
}

/// Who names it is known all the same.
#[test]
fn a_refused_look_up_of_routing_secrets_hides_nobody() {
    let cluster = with_users(&[wild()], &[shop("a.example.com", "wild")]).failing("Secret", "forbidden");
    let response = deleted(&wild(), &json!({}), &cluster);
    assert_eq!(response.warnings[1], "Ingress shop: a.example.com still names this Secret");
    assert!(!deleted(&wild(), &mode("deny"), &cluster).accepted);
}

/// Every cluster has Ingresses: whatever the cause says, they are not known.
#[test]
fn ingresses_that_are_not_found_are_not_known() {
    let cluster = with_users(&[wild()], &[]).failing("Ingress", "secret of the account not found");
    assert!(!deleted(&wild(), &mode("deny"), &cluster).accepted);
}

/// The wildcard of a certificate is not renewed, or it is.
#[rstest]
#[case::fewer(&["b.example.com"], &["a.example.com"])]
#[case::others(&["*.example.org"], &["a.example.com"])]
#[case::a_wildcard_for_names(&["*.example.com"], &[])]
#[case::the_same(&["B.example.com", "a.example.com"], &[])]
#[case::more(&["a.example.com", "b.example.com", "c.example.com"], &[])]
#[case::one_that_nobody_uses_less(&["a.example.com"], &[])]
fn a_renewal_counts_by_the_hosts_that_it_loses(#[case] sans: &[&str], #[case] lost: &[&str]) {
    let old = routing_secret("app", &["a.example.com", "b.example.com"]).to_manifest();
    let new = routing_secret("app", sans).to_manifest();
    let cluster = with_users(&[], &[shop("a.example.com", "app")]);
    let told = |host| format!("Ingress shop: {host} still names this Secret");
    let expected: Vec<_> = lost.iter().map(told).collect();
    // Most renewals are written by machines, which would try for ever.
    let [warned, denied] = [json!({}), mode("deny")].map(|settings| {
        let mut response = updated(&old, &new, &settings, &cluster);
        assert!(response.accepted, "{:?}", response.message);
        // The line with the commands has the time in it.
        response.warnings.retain(|warning| !warning.starts_with("for k in"));
        response
    });
    assert_eq!(warned.warnings, expected);
    assert_eq!(denied, warned);
    let silent = updated(&old, &new, &mode("ignore"), &cluster);
    assert!(silent.accepted && silent.warnings.is_empty());
}

/// An entry without hosts serves every name of the certificate where any host is served.
#[rstest]
#[case::default_backend(with_default_backend(ingress(&["x.example.org"], json!([{"secretName": "app"}])), "service"), &["b.example.com"])]
#[case::rule_without_host(with_rule(ingress(&["b.example.com"], json!([{"secretName": "app"}])), rule("")), &["b.example.com"])]
#[case::only_named_hosts(ingress(&["a.example.com"], json!([{"secretName": "app"}])), &[])]
fn a_renewal_counts_for_an_entry_without_hosts(#[case] user: Value, #[case] lost: &[&str]) {
    let old = routing_secret("app", &["a.example.com", "b.example.com"]).to_manifest();
    let new = routing_secret("app", &["a.example.com"]).to_manifest();
    let response = updated(&old, &new, &json!({}), &with_users(&[], &[user]));
    let mut users = response.warnings;
    users.retain(|warning| warning.starts_with("Ingress"));
    let expected: Vec<_> =
        lost.iter().map(|host| format!("Ingress app: {host} still names this Secret")).collect();
    assert_eq!(users, expected);
}

/// Whoever writes it, and whatever cannot be looked up: the certificate would expire for all hosts.
#[rstest]
#[case::by_hand("notes", "x")]
#[case::cert_manager(PRODUCER, "app")]
#[case::reflector(REFLECTS, "apps/app")]
#[case::replicator("replicator.v1.mittwald.de/replicate-from", "apps/app")]
#[case::external_secrets("reconcile.external-secrets.io/data-hash", "0")]
fn no_renewal_is_refused(#[case] annotation: &str, #[case] value: &str) {
    let old = routing_secret("app", &["a.example.com", "b.example.com"]).to_manifest();
    let new = routing_secret("app", &["b.example.com"]).annotation(annotation, value).to_manifest();
    let cluster = with_users(&[], &[shop("a.example.com", "app")]);
    for in_use in ["warn", "deny"] {
        let response = updated(&old, &new, &mode(in_use), &cluster);
        assert!(response.accepted, "{:?}", response.message);
        let mut warnings = response.warnings.iter();
        assert!(warnings.any(|warning| warning.contains("a.example.com")));
        let refused = cluster.clone().refusing("forbidden");
        let response = updated(&old, &new, &mode(in_use), &refused);
        assert!(response.accepted, "{:?}", response.message);
        assert!(!response.warnings.is_empty());
    }
    // It is the removal of the label that counts, then.
    let mut unlabelled = new;
    unlabelled["metadata"]["labels"] = json!({});
    let denied = updated(&old, &unlabelled, &mode("deny"), &cluster);
    assert!(!denied.accepted && denied.message.unwrap().ends_with("[in-use]"));
}

/// `deny` from start to end: retire the Secret, write who names it, delete it.
#[rstest]
#[case::with_another_routing_secret(true)]
#[case::without_one(false)]
fn a_routing_secret_in_use_is_drained(#[case] has_other: bool) {
    let deny = mode("deny");
    let others: Vec<_> = has_other.then(|| routing_secret("other", &["*.example.com"])).into_iter().collect();
    let all = |secret: &TlsSecret| [vec![secret.clone()], others.clone()].concat();
    let longer = wild().valid(-1, 200);
    let author = shop("a.example.com", "own");
    let user = stored(&author, &deny, &cluster(&all(&longer)));
    assert_eq!(user["spec"]["tls"][0]["secretName"], "wild");
    assert!(!deleted(&longer, &deny, &with_users(&all(&longer), std::slice::from_ref(&user))).accepted);

    let retired = longer.clone().annotation(SKIP, "true");
    let response = updated(&longer.to_manifest(), &retired.to_manifest(), &deny, &cluster(&[]));
    assert!(response.accepted && response.warnings.is_empty());
    // It still serves the host until the Ingress is written.
    let response = deleted(&retired, &deny, &with_users(&all(&retired), std::slice::from_ref(&user)));
    assert!(!response.accepted);
    let moved = stored_update(&user, &user, &deny, &cluster(&all(&retired)));
    let expected = if has_other { "other" } else { "own" };
    assert_eq!(moved["spec"]["tls"][0]["secretName"], expected);
    assert_eq!(moved == author, !has_other);
    let response = deleted(&retired, &deny, &with_users(&all(&retired), &[moved]));
    assert!(response.accepted && response.warnings.is_empty(), "{:?}", response.message);
}

#[test]
fn many_users() {
    let users: Vec<_> = (0..1_000)
        .map(|number| {
            let mut user = shop(&format!("h{number}.example.com"), "wild");
            user["metadata"]["name"] = json!(format!("shop-{number}"));
            user
        })
        .collect();
    let response = deleted(&wild(), &json!({}), &with_users(&[wild()], &users));
    assert_ten_short(&response.warnings);
    let message = deleted(&wild(), &mode("deny"), &with_users(&[wild()], &users)).message.unwrap();
    assert!(message.ends_with("[in-use]") && message.len() < 16 * 1024, "{message}");
}

fn an_object() -> impl Strategy<Value = Value> {
    let hosts = select(vec!["a.example.com", "B.example.com", "*.example.com", "a.example.org", ""]);
    let secrets = select(vec!["app", "other"]);
    (hosts, secrets, 0..4_usize).prop_map(|(host, secret, kind)| {
        let by_default = ingress(&["a.example.com"], json!([{"secretName": secret}]));
        match kind {
            0 if host.is_empty() => by_default,
            0 => shop(host, secret),
            1 => listening("Gateway", host, secret),
            2 => listening("ListenerSet", host, secret),
            _ => with_default_backend(by_default, "service"),
        }
    })
}

/// The hosts for which an object names Secret `app`; without a host these are all names of the certificate.
fn hosts_of(user: &Value, sans: &[&str]) -> Vec<String> {
    let spec = &user["spec"];
    let listener = &spec["listeners"][0];
    let (secret, host) = match listener.is_null() {
        true => (&spec["tls"][0]["secretName"], &spec["rules"][0]["host"]),
        false => (&listener["tls"]["certificateRefs"][0]["name"], &listener["hostname"]),
    };
    let is_open = host.is_null() || !spec["defaultBackend"].is_null();
    let names = sans.iter().filter(|_| is_open).copied();
    let hosts = names.chain(host.as_str()).map(str::to_owned);
    hosts.filter(|_| secret == "app").collect()
}

#[derive(Clone, Debug)]
enum Write {
    Delete,
    Unlabel,
    Renew(&'static [&'static str]),
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// After a write that `deny` accepted without a word, nobody names the Secret for a host that it covered
    /// before and covers no more; a renewal is never refused.
    #[test]
    fn deny_leaves_nobody_without_a_certificate(
        users in proptest::collection::vec(an_object(), 0..4),
        write in select(vec![
            Write::Delete,
            Write::Unlabel,
            Write::Renew(&["a.example.com"]),
            Write::Renew(&["*.example.com"]),
            Write::Renew(&["b.example.com", "a.example.org"]),
        ]),
    ) {
        let old_sans = ["*.example.com", "a.example.org"];
        let old = routing_secret("app", &old_sans);
        let (new, sans) = match write {
            Write::Delete => (None, &[][..]),
            Write::Unlabel => (Some(unlabelled(&old)), &[][..]),
            Write::Renew(sans) => (Some(routing_secret("app", sans).to_manifest()), sans),
        };
        let request = request(&old.to_manifest(), new.as_ref());
        let response = POLICY.validate(&request, &mode("deny"), &with_users(&[], &users)).unwrap().response;
        let covers = |sans: &[&str], host: &str| {
            let host = host.to_ascii_lowercase();
            let parent = host.split_once('.').map(|(_, parent)| format!("*.{parent}"));
            sans.contains(&host.as_str()) || parent.is_some_and(|parent| sans.contains(&parent.as_str()))
        };
        let mut hosts = users.iter().flat_map(|user| hosts_of(user, &old_sans));
        let is_lost = hosts.any(|host| covers(&old_sans, &host) && !covers(sans, &host));
        let is_renewal = matches!(write, Write::Renew(_));
        prop_assert_eq!(response.accepted, !is_lost || is_renewal, "{:?}", response.message);
        prop_assert_eq!(!response.warnings.is_empty(), is_lost && is_renewal, "{:?}", response.warnings);
    }
}
