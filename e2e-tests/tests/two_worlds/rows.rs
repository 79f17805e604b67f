//! Small sequences, each of which a version of the policy took badly.

use rstest::rstest;

use crate::{
    cluster::*,
    laws::broken_laws,
    steps::*,
    steps::{Edit, Issuer::*, Tool::*},
};

const A: &str = "a.example.com";
const B: &str = "b.example.com";
const WWW: &str = "www.a.example.com";
const ORG: &str = "c.example.org";

/// The routing secret for `*.example.com`.
fn wild() -> Step {
    Step::Routing("wild", Secret::Valid(vec!["*.example.com"]))
}

fn gone() -> Step {
    Step::Routing("wild", Secret::Gone)
}

/// The Ingress `web` for one host, with an issuer.
fn web() -> Manifest {
    ingress("web").tls(&[A], "web-tls").issuer(LetsEncrypt)
}

/// The author names the routing secret himself, as docs/gitops.md advises.
#[rstest]
#[case(Kubectl)]
#[case(ServerSideApply)]
fn the_author_names_the_routing_secret(#[case] tool: Tool) {
    let named = ingress("web").tls(&[A], "wild");
    laws_hold(&[wild(), Step::Send(tool, web()), Step::Send(tool, named)]);
}

/// And his next change gives him back neither the Secret nor the issuer that he had before.
#[rstest]
#[case(Kubectl)]
#[case(Helm)]
#[case(ServerSideApply)]
fn the_author_names_the_routing_secret_and_one_more_host(#[case] tool: Tool) {
    let named = ingress("web").tls(&[A], "wild").tls(&[ORG], "bought");
    laws_hold(&[
        wild(),
        Step::Send(tool, web()),
        Step::Bring("bought", vec![ORG]),
        Step::Send(tool, named),
    ]);
}

/// The author removes the issuer and brings his own certificate.
#[rstest]
#[case(Kubectl)]
#[case(Helm)]
#[case(ServerSideApply)]
fn the_author_brings_his_own_certificate(#[case] tool: Tool) {
    let own = ingress("web").tls(&[A, ORG], "web-tls");
    laws_hold(&[
        wild(),
        Step::Send(tool, web()),
        Step::Send(tool, own),
        Step::Bring("web-tls", vec![A, ORG]),
    ]);
}

#[rstest]
#[case(Kubectl)]
#[case(Helm)]
#[case(ServerSideApply)]
fn the_author_changes_the_issuer(#[case] tool: Tool) {
    let more = ingress("web").tls(&[A, ORG], "web-tls").issuer(LocalCa);
    laws_hold(&[wild(), Step::Send(tool, web()), Step::Send(tool, more)]);
    laws_hold(&[
        wild(),
        Step::Send(tool, web()),
        Step::Send(tool, web().issuer(LocalCa)),
        gone(),
    ]);
}

#[rstest]
fn one_of_two_plain_hosts_is_covered() {
    laws_hold(&[
        wild(),
        Step::Send(Kubectl, ingress("web").plain(A).plain(WWW)),
    ]);
}

#[rstest]
#[case::skipped(SKIP)]
#[case::with_an_owner(Extra::ControllingOwner)]
#[case::partly_covered(Extra::None)]
fn another_ingress_needs_the_secret(#[case] extra: Extra) {
    let shop = ingress("shop").tls(&[B], "web-tls").extra(extra);
    let shop = if extra == Extra::None {
        shop.tls(&[ORG], "org-tls").issuer(LetsEncrypt)
    } else {
        shop
    };
    let web = ingress("web").tls(&[A, B], "web-tls").issuer(LetsEncrypt);
    laws_hold(&[wild(), Step::Send(Kubectl, shop), Step::Send(Kubectl, web)]);
}

/// `kubectl annotate` of the other trigger, where ours is in the record.
#[rstest]
fn another_issuer_is_set_by_hand() {
    let edit = Step::Edit("Ingress", "web", Edit::Annotate(ISSUER, Some("local-ca")));
    laws_hold(&[wild(), Step::Send(Kubectl, web()), edit, gone()]);
}

fn laws_hold(steps: &[Step]) {
    assert_eq!(broken_laws(steps), [""; 0]);
}
