//! Random sequences of steps that people may well take.

use proptest::{collection::vec, prelude::*, sample::select};

use crate::{
    cluster::{CLUSTER_ISSUER, ISSUER},
    steps::*,
};

/// The first two are covered most of the time.
const HOSTS: [&str; 6] = [
    "a.example.com",
    "b.example.com",
    "a.example.com",
    "b.example.com",
    "www.a.example.com",
    "c.example.org",
];
const SECRETS: [&str; 6] = ["web-tls", "shop-tls", "bought", "wild", "wild", "org"];
const EXTRAS: [Extra; 8] = [
    NOTES,
    SKIP,
    WWW_REDIRECT,
    SERVER_ALIAS,
    READS_SECRET,
    PASSTHROUGH,
    Extra::Class("alb"),
    Extra::ControllingOwner,
];
const SETTINGS: [&str; 7] = [
    "{}",
    "{}",
    r#"{"ingress": {"partlyCovered": "omitHosts"}}"#,
    r#"{"ingress": {"plainHosts": "ignore"}}"#,
    r#"{"ignoredHosts": ["b.*"]}"#,
    r#"{"certificate": {"covered": "allow"}}"#,
    r#"{"gateway": {"triggered": "leave"}}"#,
];

/// What an author changes in his manifest.
#[derive(Clone, Debug)]
enum Change {
    /// Nothing: it is only sent once more.
    Nothing,
    AddHost(&'static str),
    AddEntry(&'static str, &'static str),
    AddPlainHost(&'static str),
    DropHost(&'static str),
    DropEntries,
    UseSecret(&'static str),
    Issuer(Issuer),
    Extra(Extra),
}

impl Change {
    fn apply(&self, manifest: &mut Manifest) {
        let last = manifest.tls.last_mut();
        match (self, last) {
            (Change::AddHost(host), Some((hosts, _))) if !hosts.contains(host) => hosts.push(host),
            (Change::AddEntry(host, secret), _) => manifest.tls.push((vec![host], secret)),
            (Change::AddPlainHost(host), _) => manifest.plain.push(host),
            (Change::UseSecret(secret), Some((_, named))) => *named = secret,
            (Change::Issuer(issuer), _) => manifest.issuer = *issuer,
            (Change::Extra(extra), _) => manifest.extra = *extra,
            (Change::DropEntries, _) => manifest
                .plain
                .extend(manifest.tls.drain(..).flat_map(|(hosts, _)| hosts)),
            (Change::DropHost(host), _) => {
                manifest.plain.retain(|name| name != host);
                manifest.tls.retain_mut(|(hosts, _)| {
                    hosts.retain(|name| name != host);
                    !hosts.is_empty()
                });
            }
            (Change::Nothing | Change::AddHost(_) | Change::UseSecret(_), _) => {}
        }
    }
}

#[derive(Clone, Debug)]
enum Move {
    Change(usize, Change),
    Step(Step),
}

fn host() -> impl Strategy<Value = &'static str> {
    select(HOSTS.as_slice())
}

fn secret() -> impl Strategy<Value = &'static str> {
    select(SECRETS.as_slice())
}

fn extra() -> impl Strategy<Value = Extra> {
    prop_oneof![2 => Just(Extra::None), 1 => select(EXTRAS.as_slice())]
}

fn issuer() -> impl Strategy<Value = Issuer> {
    select(vec![
        Issuer::None,
        Issuer::LetsEncrypt,
        Issuer::LocalCa,
        Issuer::Unknown,
    ])
}

fn manifest(
    new: fn(&'static str) -> Manifest,
    name: &'static str,
) -> impl Strategy<Value = Manifest> {
    let issuer =
        prop_oneof![2 => Just(Issuer::None), 5 => Just(Issuer::LetsEncrypt), 1 => issuer()];
    let entry = || {
        (
            vec(host(), 1..3),
            select(vec![
                "web-tls", "web-tls", "web-tls", "shop-tls", "bought", "wild",
            ]),
        )
    };
    let tls = prop_oneof![3 => vec(entry(), 1), 1 => vec(entry(), 0..3)];
    let plain = prop_oneof![4 => Just(Vec::new()), 1 => vec(host(), 1..3)];
    (tls, plain, issuer, extra()).prop_map(move |(mut tls, plain, issuer, extra)| {
        for (hosts, _) in &mut tls {
            hosts.sort_unstable();
            hosts.dedup();
        }
        Manifest {
            tls,
            plain,
            issuer,
            extra,
            ..new(name)
        }
    })
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        2 => Just(Change::Nothing),
        2 => host().prop_map(Change::AddHost),
        2 => (host(), secret()).prop_map(|(host, secret)| Change::AddEntry(host, secret)),
        1 => host().prop_map(Change::AddPlainHost),
        1 => host().prop_map(Change::DropHost),
        1 => Just(Change::DropEntries),
        3 => secret().prop_map(Change::UseSecret),
        3 => issuer().prop_map(Change::Issuer),
        2 => extra().prop_map(Change::Extra),
    ]
}

fn edit() -> impl Strategy<Value = Edit> {
    let annotations = vec![
        Edit::Annotate("notes", Some("y")),
        Edit::Annotate("notes", None),
        Edit::Annotate(CLUSTER_ISSUER, Some("letsencrypt")),
        Edit::Annotate(CLUSTER_ISSUER, None),
        Edit::Annotate(ISSUER, Some("local-ca")),
        Edit::Annotate(ISSUER, None),
    ];
    prop_oneof![
        2 => select(annotations),
        2 => (host(), secret()).prop_map(|(host, secret)| Edit::UseSecret(host, secret)),
        2 => (host(), host()).prop_map(|(host, beside)| Edit::AddHost(host, beside)),
        1 => host().prop_map(Edit::DropHost),
    ]
}

fn routing_secret() -> impl Strategy<Value = Step> {
    let wild = vec![
        vec!["*.example.com"],
        vec!["*.example.com"],
        vec!["a.example.com"],
        vec!["*.example.com", "www.a.example.com"],
        vec!["*.example.com", "*.example.org"],
    ];
    let org = vec![
        vec!["*.example.org"],
        vec!["a.example.com", "c.example.org"],
    ];
    let named = prop_oneof![
        3 => (Just("wild"), select(wild)),
        1 => (Just("org"), select(org)),
    ];
    (named, 0..10_u8).prop_map(|((name, names), what)| {
        let secret = match what {
            0..=5 => Secret::Valid(names),
            6 => Secret::Expired(names),
            7 => Secret::Retired,
            _ => Secret::Gone,
        };
        Step::Routing(name, secret)
    })
}

/// What is written by people: an object has one author with one tool.
const SLOTS: [(&str, &str); 4] = [
    ("Ingress", "web"),
    ("Ingress", "shop"),
    ("Certificate", "cert"),
    ("Gateway", "edge"),
];

fn slot() -> impl Strategy<Value = usize> {
    prop_oneof![8 => Just(0_usize), 2 => Just(1), 3 => Just(2), 3 => Just(3)]
}

/// An object, or the copy of one.
fn object() -> impl Strategy<Value = (&'static str, &'static str)> {
    (slot(), prop::bool::weighted(0.2)).prop_map(|(slot, is_copy)| {
        let (kind, name) = SLOTS[slot];
        (kind, if is_copy { "copy" } else { name })
    })
}

fn a_move() -> impl Strategy<Value = Move> {
    let names = select(vec![
        vec!["a.example.com"],
        vec!["a.example.com", "b.example.com", "c.example.org"],
        vec!["c.example.org"],
    ]);
    let step = prop_oneof![
        6 => routing_secret(),
        4 => (object(), edit()).prop_map(|((kind, name), edit)| Step::Edit(kind, name, edit)),
        2 => slot().prop_map(|slot| Step::Copy(SLOTS[slot].0, SLOTS[slot].1, "copy")),
        1 => object().prop_map(|(kind, name)| Step::Delete(kind, name)),
        1 => (select(vec!["web-tls", "bought"]), names).prop_map(|(name, names)| Step::Bring(name, names)),
        1 => select(SETTINGS.as_slice()).prop_map(Step::Settings),
    ];
    prop_oneof![
        2 => (slot(), change()).prop_map(|(slot, change)| Move::Change(slot, change)),
        3 => step.prop_map(Move::Step),
    ]
}

fn tool() -> impl Strategy<Value = Tool> {
    select(vec![
        Tool::Kubectl,
        Tool::Helm,
        Tool::ServerSideApply,
        Tool::Replace,
    ])
}

pub fn steps() -> impl Strategy<Value = Vec<Step>> {
    let manifests = (
        manifest(ingress, "web"),
        manifest(ingress, "shop"),
        manifest(certificate, "cert"),
        manifest(gateway, "edge"),
    );
    let tools = vec(tool(), SLOTS.len());
    let firsts = vec(slot(), 1..4);
    let secrets = prop_oneof![
        3 => Just(vec![Step::Routing("wild", Secret::Valid(vec!["*.example.com"]))]),
        1 => vec(routing_secret(), 0..3),
    ];
    (secrets, manifests, tools, firsts, vec(a_move(), 0..6)).prop_map(
        |(secrets, (web, shop, cert, edge), tools, firsts, moves)| {
            let mut manifests = [web, shop, cert, edge];
            let firsts = firsts
                .into_iter()
                .map(|slot| Move::Change(slot, Change::Nothing));
            let secrets = secrets.into_iter().map(Move::Step);
            let mut sent = [false; SLOTS.len()];
            let mut steps = Vec::new();
            for next in secrets.chain(firsts).chain(moves) {
                match next {
                    Move::Step(step) => steps.push(step),
                    Move::Change(slot, change) => {
                        // The first manifest is as it is; who skips the policy does so from the start, and for good.
                        let mut manifest = manifests[slot].clone();
                        if sent[slot] {
                            change.apply(&mut manifest);
                        }
                        if sent[slot] && (manifest.extra == SKIP) != (manifests[slot].extra == SKIP)
                        {
                            manifest.extra = manifests[slot].extra;
                        }
                        sent[slot] = true;
                        manifests[slot] = manifest.clone();
                        steps.push(Step::Send(tools[slot], manifest));
                    }
                }
            }
            steps
        },
    )
}
