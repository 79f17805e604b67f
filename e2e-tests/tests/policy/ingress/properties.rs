//! What must hold for every Ingress, whatever it looks like.

use std::{collections::BTreeMap, sync::LazyLock};

use e2e_tests::Cluster;
use proptest::{
    collection::vec,
    prelude::*,
    sample::{Index, select},
};
use serde_json::{Value, json};

use crate::support::*;

/// Clusters between which an object may move, the last one without any routing secret.
pub static CLUSTERS: LazyLock<Vec<Cluster>> = LazyLock::new(|| {
    let exact = routing_secret("exact", &["b.example.com", "x.example.org"]);
    let deep = routing_secret("deep", &["*.internal.example.com"]).valid(-1, 200);
    let own = routing_secret("own", &["a.example.com"]).annotation("cert-manager.io/certificate-name", "own");
    let expired = routing_secret("exact", &["*.example.org"]).valid(-9, -1);
    vec![
        cluster(&[wild()]),
        cluster(&[wild(), exact.clone(), deep.clone()]),
        cluster(&[exact, own, wild()]),
        cluster(&[expired, deep]),
        cluster(&[]),
    ]
});

const HOSTS: [&str; 10] = [
    "a.example.com",
    "A.Example.com",
    "b.example.com",
    "c.example.com",
    "*.example.com",
    "x.example.org",
    "y.example.org",
    "i.internal.example.com",
    "10.0.0.1",
    "not a host",
];

fn hosts() -> impl Strategy<Value = Value> {
    vec(select(HOSTS.as_slice()), 1..5).prop_map(|hosts| json!(hosts))
}

fn tls_entry() -> impl Strategy<Value = Value> {
    let secret = select(["own", "own", "other", "wild", "exact", "deep"].as_slice());
    (prop::option::weighted(0.9, hosts()), prop::option::weighted(0.8, secret), any::<bool>()).prop_map(
        |(hosts, secret, more)| {
            let mut entry = json!({});
            if let Some(hosts) = hosts {
                entry["hosts"] = hosts;
            }
            if more {
                entry["more"] = json!({"deep": [null, 1.5]});
            }
            if let Some(secret) = secret {
                entry["secretName"] = json!(secret);
            }
            entry
        },
    )
}

fn annotations() -> impl Strategy<Value = Value> {
    select(vec![
        json!({"notes": "x"}),
        json!({ISSUER: ""}),
        json!({ISSUER: "le", "cert-manager.io/issuer": "x"}),
        json!({"kubernetes.io/tls-acme": "true"}),
        json!({"kubernetes.io/tls-acme": "no", "notes": "x"}),
        json!({ISSUER: "le", "notes": "x"}),
        json!({"nginx.ingress.kubernetes.io/from-to-www-redirect": "true"}),
        json!({ISSUER: "le", "nginx.ingress.kubernetes.io/server-alias": "b.example.com"}),
        json!({ISSUER: "le", "haproxy-ingress.github.io/server-alias": "a.example.com,x.example.org"}),
        json!({ISSUER: "le", "nginx.ingress.kubernetes.io/auth-tls-secret": "workspace/own"}),
        json!({"networking.gke.io/managed-certificates": "x"}),
    ])
}

prop_compose! {
    fn an_ingress()(
        rules in vec(select(HOSTS.as_slice()), 0..5),
        tls in vec(tls_entry(), 0..5),
        annotations in prop::option::weighted(0.7, annotations()),
        has_default_backend in prop::bool::weighted(0.2),
        unknown in any::<bool>(),
    ) -> Value {
        let mut object = ingress(&rules, json!(tls));
        if has_default_backend {
            object = with_default_backend(object, "service");
        }
        if let Some(annotations) = annotations {
            object["metadata"]["annotations"] = annotations;
        }
        if unknown {
            object["spec"]["unknown"] = json!({"nothing": null, "list": [{}, 1e100]});
            object["status"] = json!({"loadBalancer": null});
        }
        object
    }
}

prop_compose! {
    fn settings()(
        wildcards in select(["oneLabel", "anyDepth"].as_slice()),
        plain in select(["secure", "ignore"].as_slice()),
        partly in select(["leave", "omitHosts"].as_slice()),
        ignored in select(vec![json!([]), json!(["i.*"]), json!(["b.example.com"])]),
    ) -> Value {
        json!({"wildcards": wildcards, "ignoredHosts": ignored, "ingress": {"plainHosts": plain, "partlyCovered": partly}})
    }
}

/// How often each Secret is named by an entry.
fn secret_counts(ingress: &Value) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for entry in ingress["spec"]["tls"].as_array().into_iter().flatten() {
        if let Some(secret) = entry["secretName"].as_str() {
            *counts.entry(secret.to_owned()).or_default() += 1;
        }
    }
    counts
}

/// The Ingress without what the policy may change.
fn rest(ingress: &Value) -> Value {
    let mut rest = ingress.clone();
    rest["spec"].as_object_mut().unwrap().remove("tls");
    let ours = [RECORD, ISSUER, "cert-manager.io/issuer", "kubernetes.io/tls-acme"];
    without_annotations(rest, &ours)
}

/// The Secret of each host in lower case, of the first entry that names it.
fn secrets_by_host(tls: &Value) -> BTreeMap<String, &Value> {
    let mut secrets = BTreeMap::new();
    for entry in tls.as_array().into_iter().flatten() {
        for host in entry["hosts"].as_array().into_iter().flatten() {
            let host = host.as_str().unwrap().to_ascii_lowercase();
            secrets.entry(host).or_insert(&entry["secretName"]);
        }
    }
    secrets
}

/// Whether a list still says for some host, or in some entry without hosts, what was applied, rather
/// than being the author's own list.
fn says_what_was_applied(tls: &Value, record: &str) -> bool {
    let record: Value = serde_json::from_str(record).unwrap();
    let [original, applied] = ["original", "applied"].map(|list| &record["tls"][list]);
    let [found, was, ours] = [tls, original, applied].map(secrets_by_host);
    let is_ours = |host| ours.get(host) == found.get(host) && was.get(host) != found.get(host);
    let is_in = |list: &Value, entry: &Value| {
        let mut entries = list.as_array().into_iter().flatten();
        entries.any(|other| other.get("hosts").is_none() && other["secretName"] == entry["secretName"])
    };
    let entries = tls.as_array().into_iter().flatten();
    let mut without_hosts = entries.filter(|entry| entry.get("hosts").is_none());
    found.keys().any(is_ours) || without_hosts.any(|entry| is_in(applied, entry) && !is_in(original, entry))
}

/// What an author does to an Ingress that was rewritten.
#[derive(Clone, Debug)]
enum Edit {
    AddEntry(Value),
    DropEntry(Index),
    DropHost(Index),
    ChangeSecret(Index, &'static str),
    AddHost(Index, &'static str),
    Annotate,
}

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let edit = prop_oneof![
        tls_entry().prop_map(Edit::AddEntry),
        any::<Index>().prop_map(Edit::DropEntry),
        any::<Index>().prop_map(Edit::DropHost),
        (any::<Index>(), select(vec!["own", "new", "wild"]))
            .prop_map(|(at, secret)| Edit::ChangeSecret(at, secret)),
        (any::<Index>(), select(HOSTS.to_vec())).prop_map(|(at, host)| Edit::AddHost(at, host)),
        Just(Edit::Annotate),
    ];
    vec(edit, 1..3)
}

fn edit(ingress: &mut Value, edit: Edit) {
    if let Edit::Annotate = edit {
        ingress["metadata"]["annotations"]["edited"] = json!("yes");
        return;
    }
    let spec = ingress["spec"].as_object_mut().unwrap();
    let tls = spec.entry("tls").or_insert_with(|| json!([]));
    let tls = tls.as_array_mut().unwrap();
    if let Edit::AddEntry(entry) = edit {
        return tls.push(entry);
    }
    if tls.is_empty() {
        return;
    }
    match edit {
        Edit::DropEntry(at) => drop(tls.remove(at.index(tls.len()))),
        Edit::ChangeSecret(at, secret) => {
            let at = at.index(tls.len());
            tls[at]["secretName"] = json!(secret);
        }
        Edit::AddHost(at, host) => {
            let at = at.index(tls.len());
            let hosts = tls[at].as_object_mut().unwrap().entry("hosts");
            let hosts = hosts.or_insert_with(|| json!([]));
            hosts.as_array_mut().unwrap().push(json!(host));
        }
        Edit::DropHost(at) => {
            let at = at.index(tls.len());
            if let Some(Value::Array(hosts)) = tls[at].get_mut("hosts")
                && hosts.len() > 1
            {
                hosts.pop();
            }
        }
        Edit::AddEntry(_) | Edit::Annotate => {}
    }
    if tls.is_empty() {
        spec.remove("tls");
    }
}

fn is_triggered(ingress: &Value) -> bool {
    let annotations = &ingress["metadata"]["annotations"];
    annotations.get(ISSUER).is_some()
        || annotations.get("cert-manager.io/issuer").is_some()
        || annotations["kubernetes.io/tls-acme"] == "true"
}

fn tls_hosts(ingress: &Value) -> Vec<String> {
    let entries = ingress["spec"]["tls"].as_array().into_iter().flatten();
    let hosts = entries.flat_map(|entry| entry["hosts"].as_array().into_iter().flatten());
    hosts.map(|host| host.as_str().unwrap().to_ascii_lowercase()).collect()
}

/// Whether an entry with hosts names one of these Secrets.
fn names_a_secret_with_hosts(ingress: &Value, secrets: &[&str]) -> bool {
    let mut entries = ingress["spec"]["tls"].as_array().into_iter().flatten();
    entries.any(|entry| {
        let secret = entry["secretName"].as_str();
        !entry["hosts"].is_null() && secret.is_some_and(|secret| secrets.contains(&secret))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 800, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn twice_is_once_and_losing_the_secrets_restores(author in an_ingress(), settings in settings(), at in 0..4_usize) {
        let stored = stored(&author, &settings, &CLUSTERS[at]);
        assert_stable(&author, &stored, &settings, &CLUSTERS[at]);
    }

    #[test]
    fn only_the_present_cluster_counts(author in an_ingress(), settings in settings(), before in 0..5_usize, after in 0..5_usize) {
        let before = stored(&author, &settings, &CLUSTERS[before]);
        let mut moved = stored(&before, &settings, &CLUSTERS[after]);
        let fresh = stored(&author, &settings, &CLUSTERS[after]);
        // A trigger that was removed stays so while it would have a routing secret overwritten.
        if moved != fresh && moved["spec"] == fresh["spec"] {
            let withheld = record_of(&moved).map(|record| serde_json::from_str::<Value>(record).unwrap());
            let withheld = withheld.unwrap()["annotations"].clone();
            prop_assert!(names_a_secret_with_hosts(&fresh, &["wild", "exact", "both", "deep"]), "{}", fresh);
            let kept = moved["metadata"]["annotations"].as_object().unwrap().clone();
            moved = fresh.clone();
            for (name, value) in withheld.as_object().unwrap() {
                prop_assert_eq!(&fresh["metadata"]["annotations"][name], value);
                prop_assert!(!kept.contains_key(name));
            }
        }
        prop_assert_eq!(moved, fresh);
    }

    /// Helm and `kubectl apply` send their own values again, while the record is still there.
    #[test]
    fn values_sent_again_give_the_same_result(author in an_ingress(), settings in settings(), at in 0..4_usize) {
        let rewritten = stored(&author, &settings, &CLUSTERS[at]);
        let mut again = author.clone();
        if let Some(record) = rewritten["metadata"]["annotations"].get(RECORD) {
            again["metadata"]["annotations"][RECORD] = record.clone();
        }
        prop_assert_eq!(stored(&again, &settings, &CLUSTERS[at]), rewritten);
        prop_assert_eq!(stored(&again, &settings, &CLUSTERS[4]), author);
    }

    /// Server-side apply drops the annotations that nobody owns together with the last one that somebody does.
    #[test]
    fn losing_the_record_loses_nothing(author in an_ingress(), settings in settings(), before in 0..4_usize, after in 0..5_usize) {
        let rewritten = stored(&author, &settings, &CLUSTERS[before]);
        let lost = without_annotations(rewritten.clone(), &[RECORD]);
        let [kept, lost] = [&rewritten, &lost].map(|sent| stored_update(&rewritten, sent, &settings, &CLUSTERS[after]));
        prop_assert_eq!(lost, kept);
    }

    /// The same while the author edits what was applied, as long as something of it still stands.
    #[test]
    fn losing_the_record_with_an_edit_loses_nothing(
        author in an_ingress(), settings in settings(), before in 0..4_usize, after in 0..5_usize, edits in edits(),
    ) {
        let rewritten = stored(&author, &settings, &CLUSTERS[before]);
        let mut edited = rewritten.clone();
        for one in edits {
            edit(&mut edited, one);
        }
        let stands = record_of(&rewritten).is_some_and(|record| says_what_was_applied(&edited["spec"]["tls"], record));
        if stands {
            let lost = without_annotations(edited.clone(), &[RECORD]);
            let [kept, lost] = [&edited, &lost].map(|sent| stored_update(&rewritten, sent, &settings, &CLUSTERS[after]));
            prop_assert_eq!(lost, kept);
        }
    }

    #[test]
    fn nothing_else_changes(author in an_ingress(), settings in settings(), at in 0..4_usize) {
        let stored = stored(&author, &settings, &CLUSTERS[at]);
        prop_assert_eq!(rest(&stored), rest(&author));
    }

    #[test]
    fn no_secret_is_named_twice_because_of_us(author in an_ingress(), settings in settings(), at in 0..4_usize) {
        let stored = stored(&author, &settings, &CLUSTERS[at]);
        let before = secret_counts(&author);
        for (secret, count) in secret_counts(&stored) {
            prop_assert!(count <= before.get(&secret).copied().unwrap_or(0).max(1), "{}: {}", secret, count);
        }
    }

    #[test]
    fn no_host_loses_its_entry(author in an_ingress(), settings in settings(), at in 0..4_usize) {
        let stored = stored(&author, &settings, &CLUSTERS[at]);
        let may_omit = settings["ingress"]["partlyCovered"] == "omitHosts" && is_triggered(&author);
        if !may_omit {
            let after = tls_hosts(&stored);
            for host in tls_hosts(&author) {
                prop_assert!(after.contains(&host), "{} is lost", host);
            }
        }
    }

    /// Of several, or where any host is served, each is served by the names in its Secret.
    #[test]
    fn an_entry_without_hosts_is_lost_only_by_its_hosts(author in an_ingress(), settings in settings(), at in 0..4_usize) {
        let stored = stored(&author, &settings, &CLUSTERS[at]);
        let entries = |ingress: &Value| ingress["spec"]["tls"].as_array().cloned().unwrap_or_default();
        let without_hosts: Vec<_> = entries(&author).into_iter().filter(|entry| entry["hosts"].is_null()).collect();
        if without_hosts.len() > 1 || !author["spec"]["defaultBackend"].is_null() {
            let stay = without_hosts.iter().all(|entry| entries(&stored).contains(entry));
            prop_assert!(stay, "{:?} in {}", without_hosts, stored);
        }
    }

    /// ingress-nginx redirects each host of an Ingress that has any entry to HTTPS.
    #[test]
    fn plain_hosts_are_secured_all_or_none(author in an_ingress(), settings in settings(), at in 0..4_usize) {
        let stored = stored(&author, &settings, &CLUSTERS[at]);
        let [before, after] = [&author, &stored].map(tls_hosts);
        let is_host = |host: &String| !host.contains(' ') && *host != "10.0.0.1";
        let rules = author["spec"]["rules"].as_array().into_iter().flatten();
        let hosts = rules.map(|rule| rule["host"].as_str().unwrap().to_ascii_lowercase());
        let plain: Vec<_> = hosts.filter(|host| is_host(host) && !before.contains(host)).collect();
        let secured = plain.iter().filter(|host| after.contains(host)).count();
        prop_assert!(secured == 0 || secured == plain.len(), "{:?} in {}", plain, stored);
    }

    /// cert-manager makes a Certificate for every entry with hosts and a Secret while there is a trigger.
    #[test]
    fn no_certificate_is_ordered_into_a_routing_secret_because_of_us(author in an_ingress(), settings in settings(), at in 0..4_usize) {
        let stored = stored(&author, &settings, &CLUSTERS[at]);
        if is_triggered(&stored) {
            let before: Vec<_> = author["spec"]["tls"].as_array().into_iter().flatten().collect();
            for entry in stored["spec"]["tls"].as_array().into_iter().flatten() {
                let ordered = entry["hosts"].as_array().is_some_and(|hosts| !hosts.is_empty()) && entry["secretName"] != "";
                let is_routing = ["wild", "exact", "deep"].iter().any(|name| entry["secretName"] == *name);
                let was_ordered = before.iter().any(|old| {
                    let has_hosts = old["hosts"].as_array().is_some_and(|hosts| !hosts.is_empty());
                    has_hosts && old["secretName"] == entry["secretName"]
                });
                prop_assert!(!(ordered && is_routing) || was_ordered);
            }
        }
    }

    /// But for hosts that are only to be left out of their entries, of which there is no one right form.
    #[test]
    fn require_rejects_what_would_be_changed(author in an_ingress(), mut settings in settings(), at in 0..4_usize) {
        settings["ingress"]["partlyCovered"] = json!("leave");
        let is_changed = evaluate(&author, &settings, &CLUSTERS[at]).response.mutated_object.is_some();
        settings["ingress"]["action"] = json!("require");
        let response = evaluate(&author, &settings, &CLUSTERS[at]).response;
        prop_assert_eq!(response.accepted, !is_changed, "{:?}", response.message);
        prop_assert_eq!(response.mutated_object, None);
    }

    /// Whoever sends an Ingress is told what becomes of its hosts, each once.
    #[test]
    fn a_change_of_hosts_is_announced(author in an_ingress(), settings in settings(), at in 0..4_usize) {
        let response = evaluate(&author, &settings, &CLUSTERS[at]).response;
        let is_rewritten = response.mutated_object.is_some_and(|stored| stored["spec"] != author["spec"]);
        let words = ["uses routing secret", "uses Secret", "uses no Secret"];
        let says = |line: &&String| words.iter().any(|words| line.contains(words));
        let announced: Vec<_> = response.warnings.iter().filter(says).collect();
        prop_assert!(!is_rewritten || !announced.is_empty());
        let each_once: std::collections::BTreeSet<_> = announced.iter().map(|line| line.to_ascii_lowercase()).collect();
        prop_assert_eq!(each_once.len(), announced.len());
    }

    #[test]
    fn a_rewritten_ingress_passes_require(author in an_ingress(), at in 0..4_usize) {
        let rewritten = stored(&author, &json!({}), &CLUSTERS[at]);
        assert_untouched(&rewritten, &json!({"ingress": {"action": "require"}}), &CLUSTERS[at]);
    }
}

pub const HIDDEN: &str = "LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0t";

/// A value of any type, with a text that no answer may show.
pub fn anything() -> impl Strategy<Value = Value> {
    select(vec![
        json!(null),
        json!(true),
        json!(-1),
        json!(1e300),
        json!(""),
        json!(HIDDEN),
        json!([]),
        json!([HIDDEN]),
        json!({}),
        json!({HIDDEN: HIDDEN}),
        json!([[[[null]]]]),
    ])
}

/// Every place in a value, as JSON pointers.
pub fn pointers(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Array(items) => {
            for (place, item) in items.iter().enumerate() {
                pointers(item, &format!("{at}/{place}"), found);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                pointers(member, &format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")), found);
            }
        }
        _ => {}
    }
}

/// The request to update an Ingress that was rewritten before, with all that says who has written it.
fn update_of(author: &Value, settings: &Value) -> Value {
    let rewritten = stored(author, settings, &CLUSTERS[1]);
    let mut request = e2e_tests::request_from(rewritten.clone()).unwrap();
    request["operation"] = json!("UPDATE");
    request["oldObject"] = rewritten;
    request["options"] = json!({"fieldManager": "deployer"});
    let last_applied = "kubectl.kubernetes.io/last-applied-configuration";
    let metadata = &mut request["object"]["metadata"];
    metadata["annotations"][last_applied] = json!(author.to_string());
    metadata["ownerReferences"] = json!([{"kind": "Pod", "name": "x", "controller": false}]);
    let fields = json!({"f:metadata": {"f:annotations": {"f:notes": {}}}, "f:spec": {"f:tls": {}}});
    metadata["managedFields"] = ["deployer", "other"]
        .map(|manager| json!({"manager": manager, "operation": "Apply", "fieldsV1": fields}))
        .to_vec()
        .into();
    request
}

/// Puts values of any type at any place.
pub fn disturb(value: &mut Value, changes: Vec<(Index, Value)>) {
    for (place, change) in changes {
        let mut places = Vec::new();
        pointers(value, "", &mut places);
        *value.pointer_mut(place.get(&places).as_str()).unwrap() = change;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_payload_traps(
        author in an_ingress(),
        settings in settings(),
        changes in vec((any::<Index>(), anything()), 1..4),
        cut in prop::option::weighted(0.1, any::<Index>()),
    ) {
        let mut payload = json!({"request": update_of(&author, &settings), "settings": settings});
        disturb(&mut payload, changes);
        let mut text = payload.to_string().into_bytes();
        if let Some(cut) = cut {
            text.truncate(cut.index(text.len()));
        }
        let answer = POLICY.call("validate", &text, &CLUSTERS[1]).unwrap();
        let response: Value = serde_json::from_slice(&answer.answer).unwrap();
        prop_assert!(response["accepted"].is_boolean());
    }

    #[test]
    fn no_object_is_echoed(author in an_ingress(), changes in vec((any::<Index>(), anything()), 1..4)) {
        let mut request = update_of(&author, &json!({}));
        disturb(&mut request["object"], changes);
        let response = POLICY.validate(&request, &json!({}), &CLUSTERS[1]).unwrap().response;
        prop_assert!(!response.message.unwrap_or_default().contains(HIDDEN));
    }
}
