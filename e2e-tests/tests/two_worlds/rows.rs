//! Small sequences, each of which a version of the policy took badly.

use rstest::rstest;

use crate::{
    cluster::*,
    laws::broken_laws,
    steps::{Issuer::*, Tool::*, *},
};

const A: &str = "a.example.com";
const B: &str = "b.example.com";
const WWW: &str = "www.a.example.com";
const ORG: &str = "c.example.org";

fn laws_hold(steps: &[Step]) {
    assert_eq!(broken_laws(steps), [""; 0]);
}

/// The routing secret for `*.example.com`, which covers the first two hosts.
fn wild() -> Step {
    Step::Routing("wild", Secret::Valid(vec!["*.example.com"]))
}

/// The Ingress `web` for one host, with an issuer.
fn web() -> Manifest {
    ingress("web").tls(&[A], "web-tls").issuer(LetsEncrypt)
}

/// An edit of the Ingress `web`.
fn edit_web(edit: Edit) -> Step {
    Step::Edit("Ingress", "web", edit)
}

#[rstest]
fn the_author_names_the_routing_secret(#[values(Kubectl, ServerSideApply)] tool: Tool) {
    let named = ingress("web").tls(&[A], "wild");
    laws_hold(&[wild(), Step::Send(tool, web()), Step::Send(tool, named)]);
}

/// His next change gives him back neither the Secret nor the issuer that he had before.
#[rstest]
fn the_author_names_the_routing_secret_and_his_own(#[values(Kubectl, Helm, ServerSideApply)] tool: Tool) {
    let named = ingress("web").tls(&[A], "wild").tls(&[ORG], "bought");
    laws_hold(&[wild(), Step::Send(tool, web()), Step::Bring("bought", vec![ORG]), Step::Send(tool, named)]);
}

#[rstest]
fn the_author_brings_a_certificate_and_wants_no_issuer(#[values(Kubectl, Helm, ServerSideApply)] tool: Tool) {
    let own = ingress("web").tls(&[A, ORG], "web-tls");
    laws_hold(&[
        wild(),
        Step::Send(tool, web()),
        Step::Send(tool, own),
        Step::Bring("web-tls", vec![A, ORG]),
    ]);
}

#[rstest]
fn the_author_changes_the_kind_of_issuer(#[values(Kubectl, Helm, ServerSideApply)] tool: Tool) {
    let changed = ingress("web").tls(&[A, ORG], "web-tls").issuer(LocalCa);
    laws_hold(&[wild(), Step::Send(tool, web()), Step::Send(tool, changed)]);
}

/// The last annotation of an applier takes the record along.
#[test]
fn the_author_drops_his_last_annotation() {
    let send = |manifest| Step::Send(ServerSideApply, manifest);
    laws_hold(&[wild(), send(web().issuer(None).extra(NOTES)), send(web().issuer(None))]);
}

#[rstest]
fn the_author_of_a_gateway_names_the_routing_secret(#[values(Kubectl, ServerSideApply)] tool: Tool) {
    let edge = |secret| gateway("edge").tls(&[A], secret).issuer(LetsEncrypt);
    laws_hold(&[wild(), Step::Send(tool, edge("web-tls")), Step::Send(tool, edge("wild"))]);
}

/// The issuer was set by somebody else than the author of the manifest.
#[test]
fn the_author_does_not_know_the_issuer() {
    let first = web().issuer(None);
    let second = first.clone().tls(&[B], "wild");
    let issuer = edit_web(Edit::Annotate(CLUSTER_ISSUER, Some("letsencrypt")));
    laws_hold(&[wild(), Step::Send(Kubectl, first), issuer, Step::Send(Kubectl, second)]);
}

#[rstest]
fn a_host_is_edited_into_what_helm_made(#[values("web-tls", "wild", "bought")] secret: &'static str) {
    let edit = edit_web(Edit::UseSecret(B, secret));
    laws_hold(&[wild(), Step::Send(Helm, web().issuer(None)), edit]);
}

/// `last-applied-configuration` names the routing secret, but that was before the edit.
#[test]
fn an_own_secret_is_edited_in_place_of_the_routing_secret() {
    let named = ingress("web").tls(&[A], "wild");
    laws_hold(&[wild(), Step::Send(Kubectl, named), edit_web(Edit::UseSecret(A, "web-tls"))]);
}

/// The issuer comes back for the host that is covered no more together with one that is not covered.
#[rstest]
fn an_uncovered_host_is_edited_into_the_entry_of_the_routing_secret(
    #[values(Edit::AddHost(WWW, A), Edit::UseSecret(WWW, "wild"))] edit: Edit,
) {
    laws_hold(&[wild(), Step::Send(Kubectl, web()), edit_web(edit)]);
}

#[test]
fn another_issuer_is_set_by_hand() {
    let edit = edit_web(Edit::Annotate(ISSUER, Some("local-ca")));
    laws_hold(&[wild(), Step::Send(Kubectl, web()), edit]);
}

#[rstest]
fn a_copy_is_its_authors(
    #[values(Kubectl, ServerSideApply, Replace)] tool: Tool,
    #[values("web-tls", "wild")] secret: &'static str,
) {
    let web = ingress("web").tls(&[A], secret).issuer(LetsEncrypt);
    laws_hold(&[wild(), Step::Send(Kubectl, web), Step::Copy(tool, "Ingress", "web", "copy")]);
}

#[test]
fn one_of_two_plain_hosts_is_covered() {
    laws_hold(&[wild(), Step::Send(Kubectl, ingress("web").plain(A).plain(WWW))]);
}

/// Something names the Secret that would no longer be made, and does not move.
#[rstest]
#[case::skipped(ingress("shop").tls(&[A], "web-tls").extra(SKIP))]
#[case::partly_covered(ingress("shop").tls(&[A, ORG], "web-tls"))]
#[case::of_an_operator(ingress("shop").tls(&[A], "web-tls").extra(Extra::ControllingOwner))]
fn another_ingress_needs_the_secret(#[case] shop: Manifest) {
    laws_hold(&[wild(), Step::Send(Kubectl, shop.clone()), Step::Send(Kubectl, web())]);
    let edge = gateway("edge").tls(&[A], "web-tls").issuer(LetsEncrypt);
    laws_hold(&[wild(), Step::Send(Kubectl, shop), Step::Send(Kubectl, edge)]);
}

#[rstest]
#[case(web().extra(Extra::ControllingOwner))]
#[case(web().extra(READS_SECRET))]
#[case(web().issuer(None).extra(READS_SECRET))]
#[case(gateway("edge").tls(&[A], "web-tls").extra(Extra::ControllingOwner))]
fn others_find_what_was_written(#[case] manifest: Manifest) {
    laws_hold(&[wild(), Step::Send(Kubectl, manifest)]);
}

/// The entry names a routing secret, so the issuer is only restored once that is gone, whatever else is ignored.
#[test]
fn the_issuer_comes_back_to_a_host_that_is_ignored() {
    let named = ingress("web").tls(&[B], "wild").issuer(LetsEncrypt);
    laws_hold(&[wild(), Step::Send(Kubectl, named), Step::Settings(r#"{"ignoredHosts": ["b.*"]}"#)]);
}
