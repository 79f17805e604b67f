//! Random sequences of steps that people may well take.

use std::collections::BTreeSet;

use proptest::{
    collection::vec,
    prelude::*,
    sample::{Index, select},
};

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
        let named: Vec<_> = manifest.tls.iter().flat_map(|(hosts, _)| hosts.clone()).collect();
        let is_new = |host| !named.contains(host);
        let last = manifest.tls.last_mut();
        match (self, last) {
            (Change::AddHost(host), Some((hosts, _))) if is_new(host) => hosts.push(host),
            (Change::AddEntry(host, secret), _) if is_new(host) => manifest.tls.push((vec![host], secret)),
            (Change::AddPlainHost(host), _) => manifest.plain.push(host),
            (Change::UseSecret(secret), Some((_, named))) => *named = secret,
            (Change::Issuer(issuer), _) => manifest.issuer = *issuer,
            (Change::Extra(extra), _) => manifest.extra = *extra,
            (Change::DropEntries, _) => {
                manifest.plain.extend(manifest.tls.drain(..).flat_map(|(hosts, _)| hosts))
            }
            (Change::DropHost(host), _) => {
                manifest.plain.retain(|name| name != host);
                manifest.tls.retain_mut(|(hosts, _)| {
                    hosts.retain(|name| name != host);
                    !hosts.is_empty()
                });
            }
            (Change::Nothing | Change::AddHost(_) | Change::AddEntry(..) | Change::UseSecret(_), _) => {}
        }
    }
}

/// The next step. What it is about is only known when its turn comes.
#[derive(Clone, Debug)]
enum Move {
    /// Of the manifest of a slot; the first time it is sent as it is.
    Change(usize, Change),
    Edit(Index, Edit),
    Copy(Index, Tool),
    Delete(Index),
    Other(Step),
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
    select(vec![Issuer::None, Issuer::LetsEncrypt, Issuer::LocalCa, Issuer::Unknown])
}

fn manifest(new: fn(&'static str) -> Manifest, name: &'static str) -> impl Strategy<Value = Manifest> {
    let issuer = prop_oneof![2 => Just(Issuer::None), 5 => Just(Issuer::LetsEncrypt), 1 => issuer()];
    let entry =
        || (vec(host(), 1..3), select(vec!["web-tls", "web-tls", "web-tls", "shop-tls", "bought", "wild"]));
    let tls = prop_oneof![3 => vec(entry(), 1), 1 => vec(entry(), 0..3)];
    let plain = prop_oneof![4 => Just(Vec::new()), 1 => vec(host(), 1..3)];
    (tls, plain, issuer, extra()).prop_map(move |(mut tls, plain, issuer, extra)| {
        // One entry a host: of two, each controller takes another.
        let mut seen = BTreeSet::new();
        tls.retain_mut(|(hosts, _): &mut (Vec<_>, _)| {
            hosts.retain(|host| seen.insert(*host));
            !hosts.is_empty()
        });
        Manifest { tls, plain, issuer, extra, ..new(name) }
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
    let org = vec![vec!["*.example.org"], vec!["a.example.com", "c.example.org"]];
    let named = prop_oneof![
        3 => (Just("wild"), select(wild)),
        1 => (Just("org"), select(org)),
    ];
    named.prop_flat_map(|(name, names)| {
        prop_oneof![
            4 => Just(Secret::Valid(names.clone())),
            1 => Just(Secret::Expired(names)),
            1 => Just(Secret::Retired),
            2 => Just(Secret::Gone),
        ]
        .prop_map(move |secret| Step::Routing(name, secret))
    })
}

/// What is written by people: an object has one author with one tool.
const SLOTS: [(&str, &str); 4] =
    [("Ingress", "web"), ("Ingress", "shop"), ("Certificate", "cert"), ("Gateway", "edge")];

fn slot() -> impl Strategy<Value = usize> {
    prop_oneof![8 => Just(0_usize), 2 => Just(1), 3 => Just(2), 3 => Just(3)]
}

fn a_move() -> impl Strategy<Value = Move> {
    let names = select(vec![
        vec!["a.example.com"],
        vec!["a.example.com", "b.example.com", "c.example.org"],
        vec!["c.example.org"],
    ]);
    let bring = (select(vec!["web-tls", "bought"]), names);
    prop_oneof![
        8 => (slot(), change()).prop_map(|(slot, change)| Move::Change(slot, change)),
        4 => (any::<Index>(), edit()).prop_map(|(at, edit)| Move::Edit(at, edit)),
        2 => (any::<Index>(), tool()).prop_map(|(at, tool)| Move::Copy(at, tool)),
        1 => any::<Index>().prop_map(Move::Delete),
        6 => routing_secret().prop_map(Move::Other),
        1 => bring.prop_map(|(name, names)| Move::Other(Step::Bring(name, names))),
        1 => Just(Move::Other(Step::Send(Tool::Kubectl, wildcard_certificate()))),
        1 => select(SETTINGS.as_slice()).prop_map(|settings| Move::Other(Step::Settings(settings))),
    ]
}

/// A Certificate whose Secret becomes a routing secret.
fn wildcard_certificate() -> Manifest {
    certificate("wildcard").tls(&["*.example.com"], "wildcard").extra(Extra::RoutingLabel)
}

fn tool() -> impl Strategy<Value = Tool> {
    select(vec![Tool::Kubectl, Tool::Helm, Tool::ServerSideApply, Tool::Replace])
}

/// Steps of people who all use one tool.
pub fn steps(tool: Tool) -> impl Strategy<Value = Vec<Step>> {
    let manifests = (
        manifest(ingress, "web"),
        manifest(ingress, "shop"),
        manifest(certificate, "cert"),
        manifest(gateway, "edge"),
    );
    let secrets = prop_oneof![
        3 => Just(vec![Step::Routing("wild", Secret::Valid(vec!["*.example.com"]))]),
        1 => vec(routing_secret(), 0..3),
    ];
    let firsts = vec(slot().prop_map(|slot| Move::Change(slot, Change::Nothing)), 1..4);
    (secrets, manifests, firsts, vec(a_move(), 0..6)).prop_map(
        move |(mut steps, (web, shop, cert, edge), firsts, moves)| {
            let mut authors = Authors { manifests: [web, shop, cert, edge], tool, objects: Vec::new() };
            steps.extend(firsts.into_iter().chain(moves).filter_map(|next| authors.step(next)));
            steps
        },
    )
}

struct Authors {
    manifests: [Manifest; SLOTS.len()],
    tool: Tool,
    /// What there is.
    objects: Vec<(&'static str, &'static str)>,
}

impl Authors {
    fn step(&mut self, next: Move) -> Option<Step> {
        let at = |at: Index| (!self.objects.is_empty()).then(|| at.index(self.objects.len()));
        Some(match next {
            Move::Other(step) => step,
            Move::Edit(index, edit) => {
                let (kind, name) = self.objects[at(index)?];
                Step::Edit(kind, name, edit)
            }
            Move::Delete(index) => {
                let (kind, name) = self.objects.remove(at(index)?);
                Step::Delete(kind, name)
            }
            Move::Copy(index, tool) => {
                let (kind, name) = self.objects[at(index)?];
                self.add((kind, "copy"))?;
                Step::Copy(tool, kind, name, "copy")
            }
            Move::Change(slot, change) => {
                let manifest = &mut self.manifests[slot];
                if self.objects.contains(&SLOTS[slot]) {
                    let extra = manifest.extra;
                    change.apply(manifest);
                    // Who skips the policy does so from the start, and for good: nothing is restored.
                    if (extra == SKIP) != (manifest.extra == SKIP) {
                        manifest.extra = extra;
                    }
                }
                let step = Step::Send(self.tool, manifest.clone());
                self.add(SLOTS[slot]);
                step
            }
        })
    }

    /// `None` if it is there already.
    fn add(&mut self, object: (&'static str, &'static str)) -> Option<()> {
        let is_new = !self.objects.contains(&object);
        is_new.then(|| self.objects.push(object))
    }
}
