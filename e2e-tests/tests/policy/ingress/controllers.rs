//! What annotations of controllers and clouds make of an Ingress.

use e2e_tests::Cluster;
use rstest::rstest;
use serde_json::{Value, json};

use crate::{certificate::support::update, support::*};

const WWW: &str = "nginx.ingress.kubernetes.io/from-to-www-redirect";
const ALIAS: &str = "nginx.ingress.kubernetes.io/server-alias";
const EXTENSION: &str = "appgw.ingress.kubernetes.io/hostname-extension";

fn author() -> Value {
    ingress(&["a.example.com"], json!([entry(&["a.example.com"], "own")]))
}

fn with_wild() -> Cluster {
    cluster(&[wild()])
}

fn secret_of(object: &Value) -> &Value {
    &object["spec"]["tls"][0]["secretName"]
}

fn warnings(object: &Value, settings: &Value, cluster: &Cluster) -> String {
    evaluate(object, settings, cluster).response.warnings.join("; ")
}

#[rstest]
#[case::ingress_nginx("nginx.ingress.kubernetes.io/ssl-passthrough", "true")]
#[case::haproxytech("haproxy.org/ssl-passthrough", "1")]
#[case::cilium("ingress.cilium.io/tls-passthrough", "enabled")]
#[case::any_prefix("example.com/ssl-passthrough", "T")]
#[case::openshift("route.openshift.io/termination", "passthrough")]
#[case::key_vault("kubernetes.azure.com/tls-cert-keyvault-uri", "https://vault/x")]
#[case::minion("nginx.org/mergeable-ingress-type", "minion")]
fn what_is_served_otherwise_is_left_and_restored(#[case] name: &str, #[case] value: &str) {
    for author in [author(), annotated(author(), ISSUER, "le"), ingress(&["a.example.com"], json!([]))] {
        let left = annotated(author.clone(), name, value);
        for settings in [json!({}), json!({"ingress": {"action": "require"}})] {
            assert_left_alone(&left, &settings);
        }
        let rewritten = stored(&author, &json!({}), &with_wild());
        assert_eq!(secret_of(&rewritten), "wild");
        let changed = annotated(rewritten, name, value);
        assert_eq!(stored(&changed, &json!({}), &with_wild()), left);
    }
}

#[rstest]
#[case::disabled("ingress.cilium.io/tls-passthrough", "disabled")]
#[case::off("nginx.ingress.kubernetes.io/ssl-passthrough", "false")]
#[case::no_boolean("nginx.ingress.kubernetes.io/ssl-passthrough", "yes")]
#[case::no_prefix("ssl-passthrough", "true")]
#[case::another_name("example.com/ssl-passthrough-port", "true")]
#[case::edge("route.openshift.io/termination", "edge")]
#[case::master("nginx.org/mergeable-ingress-type", "master")]
fn the_other_side_of_the_border(#[case] name: &str, #[case] value: &str) {
    assert_eq!(secret_of(&stored(&annotated(author(), name, value), &json!({}), &with_wild())), "wild");
}

#[rstest]
#[case("alb", true)]
#[case("tailscale", true)]
#[case("istio", true)]
#[case("nginx", false)]
fn classes_that_are_left_alone(#[case] class: &str, #[case] is_left: bool) {
    let mut object = author();
    object["spec"]["ingressClassName"] = json!(class);
    let stored = stored(&object, &json!({}), &with_wild());
    assert_eq!(secret_of(&stored), if is_left { "own" } else { "wild" });
}

/// No entry is added then ([`crate::ecosystem`]), but what is there is rewritten as ever.
#[test]
fn an_entry_beside_the_certificate_of_a_cloud_moves() {
    let author = annotated(author(), "alb.ingress.kubernetes.io/certificate-arn", "arn:aws:acm:x");
    let stored = agreed(&author, &json!({}), &with_wild()).mutated_object;
    assert_eq!(secret_of(&stored.unwrap()), "wild");
}

/// The host, the annotations and what the certificate covers.
#[rstest]
#[case::with_www("example.com", &[(WWW, "true")], &["example.com", "www.example.com"], true)]
#[case::with_www_by_wildcard("a.example.com", &[(WWW, "true")], &["a.example.com", "*.a.example.com"], true)]
#[case::www_is_not_covered("example.com", &[(WWW, "true")], &["example.com"], false)]
#[case::without_www("www.example.com", &[(WWW, "true")], &["*.example.com", "example.com"], true)]
#[case::the_bare_host_is_not_covered("www.example.com", &[(WWW, "true")], &["*.example.com"], false)]
#[case::no_redirect("example.com", &[(WWW, "false")], &["example.com"], true)]
#[case::malformed_redirect("example.com", &[(WWW, "yes")], &["example.com"], true)]
#[case::aliases("a.example.com", &[(ALIAS, "b.example.com, c.example.com")], &["*.example.com"], true)]
#[case::an_alias_that_is_not_covered("a.example.com", &[(ALIAS, "b.example.com,x.example.org")], &["*.example.com"], false)]
#[case::an_alias_that_is_no_host("a.example.com", &[(ALIAS, "~^x.*$")], &["*.example.com"], false)]
#[case::an_alias_without_prefix("a.example.com", &[("server-alias", "x.example.org")], &["*.example.com"], true)]
#[case::no_alias("a.example.com", &[(ALIAS, " , ")], &["*.example.com"], true)]
#[case::alias_of_haproxy("a.example.com", &[("haproxy-ingress.github.io/server-alias", "x.example.org")], &["*.example.com"], false)]
#[case::extension_of_azure("a.example.com", &[(EXTENSION, "b.example.com, c.example.com")], &["*.example.com"], true)]
#[case::an_extension_that_is_not_covered("a.example.com", &[(EXTENSION, "b.example.com,www.other.org")], &["*.example.com"], false)]
#[case::an_extension_of_another_project("a.example.com", &[("example.com/hostname-extension", "www.other.org")], &["*.example.com"], true)]
fn names_served_together_move_together(
    #[case] host: &str,
    #[case] annotations: &[(&str, &str)],
    #[case] sans: &[&str],
    #[case] moves: bool,
) {
    let secrets = cluster(&[routing_secret("wild", sans)]);
    for author in [
        ingress(&[host], json!([entry(&[host], "own")])),
        ingress(&[host], json!([{"secretName": "own"}])),
        ingress(&[host], json!([])),
    ] {
        let author = annotations.iter().fold(author, |object, (name, value)| annotated(object, name, value));
        let stored = stored(&author, &json!({}), &secrets);
        assert_eq!(stored != author, moves, "{stored}");
        assert_stable(&author, &stored, &json!({}), &secrets);
        let require = json!({"ingress": {"action": "require"}});
        assert_eq!(evaluate(&author, &require, &secrets).response.accepted, !moves);
        if !moves {
            let said = warnings(&author, &json!({}), &secrets);
            assert!(said.contains("no routing secret covers it and"), "{said}");
        }
    }
}

#[test]
fn the_choice_is_among_those_that_cover_all() {
    let exact = routing_secret("exact", &["a.example.com"]);
    let secrets = cluster(&[exact, wild()]);
    assert_eq!(secret_of(&stored(&author(), &json!({}), &secrets)), "exact");
    let aliased = annotated(author(), ALIAS, "b.example.com");
    assert_eq!(secret_of(&stored(&aliased, &json!({}), &secrets)), "wild");
}

/// Under omitHosts as well, a host whose alias is not covered stays with its author's Secret.
#[test]
fn names_served_together_are_partly_covered_together() {
    let aliased = annotated(annotated(author(), ISSUER, "le"), ALIAS, "x.example.org");
    for mode in ["leave", "omitHosts"] {
        let settings = json!({"ingress": {"partlyCovered": mode}});
        assert_untouched(&aliased, &settings, &with_wild());
    }
}

#[rstest]
#[case("haproxy-ingress.github.io/cert-signer", "acme")]
#[case("ingress.kubernetes.io/cert-signer", "")]
#[case("cert.gardener.cloud/purpose", "managed")]
fn other_issuers_triggers_are_removed(#[case] name: &str, #[case] value: &str) {
    let author = annotated(author(), name, value);
    let stored = stored(&author, &json!({}), &with_wild());
    assert!(stored["metadata"]["annotations"].get(name).is_none());
    assert_stable(&author, &stored, &json!({}), &with_wild());
    let said = warnings(&author, &json!({}), &with_wild());
    assert!(said.contains(name), "{said}");
}

#[test]
fn gardeners_annotation_counts_by_its_value() {
    let author = annotated(author(), "cert.gardener.cloud/purpose", "other");
    let stored = stored(&author, &json!({}), &with_wild());
    assert_eq!(stored["metadata"]["annotations"]["cert.gardener.cloud/purpose"], "other");
}

/// What an entry with an uncovered host needs, comes back, though it names a routing secret.
#[test]
fn a_trigger_comes_back_for_an_uncovered_host_that_names_a_routing_secret() {
    let author = annotated(author(), ISSUER, "le");
    let mut edited = stored(&author, &json!({}), &with_wild());
    assert!(edited["metadata"]["annotations"].get(ISSUER).is_none());
    let tls = edited["spec"]["tls"].as_array_mut().unwrap();
    tls.push(entry(&["x.example.org"], "wild"));
    let response = evaluate(&edited, &json!({}), &with_wild()).response;
    let stored = response.mutated_object.unwrap();
    assert_eq!(stored["metadata"]["annotations"][ISSUER], "le");
    let said = response.warnings.join("; ");
    assert!(said.contains("may overwrite") && said.contains("x.example.org"), "{said}");
    assert_untouched(&stored, &json!({}), &with_wild());
}

#[rstest]
#[case::own_secret("own")]
#[case::the_routing_secret("wild")]
fn a_trigger_comes_back_where_the_ingress_is_left(#[case] named: &str) {
    let author =
        annotated(ingress(&["a.example.com"], json!([entry(&["a.example.com"], named)])), ISSUER, "le");
    let rewritten = stored(&author, &json!({}), &with_wild());
    let left = annotated(rewritten, "nginx.ingress.kubernetes.io/ssl-passthrough", "true");
    let stored = stored(&left, &json!({}), &with_wild());
    assert_eq!(stored["metadata"]["annotations"][ISSUER], "le");
    assert_untouched(&stored, &json!({}), &with_wild());
}

#[rstest]
#[case::it_does_not_cover(wild(), "x.example.org", "does not cover it")]
#[case::expired(wild().valid(-9, -1), "a.example.com", "expired")]
#[case::retired(wild().annotation("routing-secrets-policy/skip", "true"), "a.example.com", "retired")]
fn an_entry_that_names_a_routing_secret_in_vain_is_announced(
    #[case] secret: e2e_tests::certificates::TlsSecret,
    #[case] host: &str,
    #[case] why: &str,
) {
    let author = ingress(&[host], json!([entry(&[host], "wild")]));
    let said = warnings(&author, &json!({}), &cluster(&[secret]));
    assert!(said.contains(&format!("Ingress app: {host}: routing secret wild ")), "{said}");
    assert!(said.contains(why), "{said}");
}

#[rstest]
#[case::expired(wild().valid(-9, -1), "expired")]
#[case::not_yet_valid(wild().valid(1, 9), "not valid yet")]
#[case::temporary(wild().issuer_cn("cert-manager.local"), "temporary")]
fn a_host_that_only_unusable_routing_secrets_cover_is_announced(
    #[case] secret: e2e_tests::certificates::TlsSecret,
    #[case] why: &str,
) {
    let secrets = cluster(std::slice::from_ref(&secret));
    for author in [author(), ingress(&["a.example.com"], json!([]))] {
        let said = warnings(&author, &json!({}), &secrets);
        assert!(said.contains("a.example.com: routing secret wild ") && said.contains(why), "{said}");
    }
    let covered = cluster(&[secret, routing_secret("good", &["a.example.com"])]);
    let said = warnings(&author(), &json!({}), &covered);
    assert!(!said.contains("wild"), "{said}");
    let ignored = json!({"ignoredHosts": ["*"]});
    assert_eq!(warnings(&author(), &ignored, &secrets), "");
}

/// Certificates are renewed that were ordered before, and none was, if there was no trigger.
#[rstest]
#[case::with_the_trigger(true)]
#[case::without_it(false)]
fn certificates_keep_renewing_only_if_they_were_ordered(#[case] had_it: bool) {
    let new = annotated(author(), ISSUER, "le");
    let old = if had_it { new.clone() } else { author() };
    let said = update(&old, &new, &json!({}), &with_wild()).response.warnings.join("; ");
    assert_eq!(said.contains("keep renewing"), had_it, "{said}");
    let said = warnings(&new, &json!({}), &with_wild());
    assert!(!said.contains("keep renewing"), "{said}");
}

/// Its presence is not enough.
#[test]
fn a_trigger_that_was_off_ordered_nothing() {
    let old = annotated(author(), "kubernetes.io/tls-acme", "false");
    let new = annotated(author(), "kubernetes.io/tls-acme", "true");
    let said = update(&old, &new, &json!({}), &with_wild()).response.warnings.join("; ");
    assert!(said.contains("tls-acme") && !said.contains("keep renewing"), "{said}");
}

/// A host that no rule names goes back too.
#[test]
fn a_host_that_goes_back_is_announced_under_omit_hosts() {
    let settings = json!({"ingress": {"partlyCovered": "omitHosts"}});
    let tls = json!([entry(&["a.example.com"], "own"), entry(&["x.example.org"], "other")]);
    let author = annotated(ingress(&[], tls), ISSUER, "le");
    let rewritten = stored(&author, &settings, &with_wild());
    assert!(rewritten["spec"]["tls"][0].get("hosts").is_none(), "{rewritten}");
    let said = warnings(&rewritten, &settings, &cluster(&[]));
    assert!(said.contains("a.example.com: uses Secret own again"), "{said}");
}

/// kubectl prints equal warnings once.
#[test]
fn warnings_begin_with_kind_and_name() {
    for name in ["shop", "blog"] {
        let mut object = annotated(author(), ISSUER, "le");
        object["metadata"]["name"] = json!(name);
        let response = evaluate(&object, &json!({}), &with_wild()).response;
        assert_eq!(response.warnings.len(), 4);
        let prefix = format!("Ingress {name}: ");
        assert!(response.warnings.iter().all(|warning| warning.starts_with(&prefix)));
    }
}

/// The API server refuses such annotations; they must do no harm.
#[rstest]
#[case(json!({WWW: true}))]
#[case(json!({ALIAS: ["a"]}))]
#[case(json!({"nginx.ingress.kubernetes.io/ssl-passthrough": 1}))]
#[case(json!({"cert.gardener.cloud/purpose": null}))]
fn annotations_that_are_no_texts_do_no_harm(#[case] annotations: Value) {
    let mut object = author();
    object["metadata"]["annotations"] = annotations;
    let response = evaluate(&object, &json!({}), &with_wild()).response;
    assert!(response.accepted, "{:?}", response.message);
    assert_eq!(response.mutated_object.unwrap()["spec"]["tls"][0]["secretName"], "wild");
}

/// A host that no entry named is not announced, and entries that lost their hosts are not doubted.
#[test]
fn what_omit_hosts_leaves_out_is_no_news() {
    let settings = json!({"ingress": {"partlyCovered": "omitHosts"}});
    let secrets = cluster(&[wild(), routing_secret("two", &["*.example.net"])]);
    let tls = json!([
        entry(&["a.example.com"], "own"),
        entry(&["b.example.net"], "other"),
        entry(&["x.example.org"], "third"),
    ]);
    let rules = ["a.example.com", "b.example.net", "x.example.org", "p.example.edu"];
    let author = annotated(ingress(&rules, tls), ISSUER, "le");
    for object in [author.clone(), stored(&author, &settings, &secrets)] {
        let said = warnings(&object, &settings, &secrets);
        for word in ["p.example.edu", "uses Secret", "does not cover"] {
            assert!(!said.contains(word), "{word} is in {said}");
        }
    }
}

/// An Ingress whose author names the routing secret himself, beside a trigger.
fn naming_wild() -> Value {
    let tls = json!([entry(&["a.example.com"], "wild")]);
    annotated(ingress(&["a.example.com"], tls), ISSUER, "le")
}

/// The Ingress becomes what a routing secret is made from, and still names another one.
#[test]
fn a_producer_that_names_another_routing_secret_is_told() {
    let made =
        routing_secret("made", &["p.example.net"]).annotation("cert-manager.io/certificate-name", "made");
    let secrets = cluster(&[wild(), made]);
    let mut edited = stored(&naming_wild(), &json!({}), &secrets);
    let tls = edited["spec"]["tls"].as_array_mut().unwrap();
    tls.push(entry(&["p.example.net"], "made"));
    let stored = stored(&edited, &json!({}), &secrets);
    assert_eq!(stored["metadata"]["annotations"][ISSUER], "le");
    let said = warnings(&stored, &json!({}), &secrets);
    assert!(said.contains("may overwrite routing secret wild"), "{said}");
    assert_untouched(&stored, &json!({}), &secrets);
}

/// Only the annotation was removed, so what was there before stands for what was applied.
#[test]
fn a_trigger_comes_back_when_its_author_names_another_secret() {
    let old = stored(&naming_wild(), &json!({}), &with_wild());
    let mut new = annotated(old.clone(), "nginx.ingress.kubernetes.io/ssl-passthrough", "true");
    new["spec"]["tls"][0]["secretName"] = json!("own");
    let stored = update(&old, &new, &json!({}), &with_wild()).response.mutated_object.unwrap();
    assert_eq!(stored["metadata"]["annotations"][ISSUER], "le");
    assert_eq!(record_of(&stored), None);
}

/// `require` denies what `mutate` would give back, too.
#[test]
fn an_annotation_that_would_come_back_is_required() {
    let rewritten = stored(&naming_wild(), &json!({}), &with_wild());
    let require = json!({"ingress": {"action": "require"}});
    assert!(evaluate(&rewritten, &require, &with_wild()).response.accepted);
    let gone = evaluate(&rewritten, &require, &cluster(&[])).response;
    assert!(!gone.accepted && gone.message.unwrap().contains(ISSUER));
}

/// `own` covers the host, but not what is served with it.
#[test]
fn an_entry_that_only_repeats_a_host_is_no_reason_to_write() {
    let both = routing_secret("both", &["a.example.com", "www.a.example.com"]);
    let own = routing_secret("own", &["a.example.com"]);
    let tls = json!([
        entry(&["a.example.com"], "both"),
        entry(&["a.example.com", "x.example.org"], "own"),
        entry(&["a.example.com"], "own"),
    ]);
    let author = annotated(ingress(&[], tls), WWW, "true");
    assert_untouched(&author, &json!({}), &cluster(&[both, own]));
}
