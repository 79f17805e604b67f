//! What must hold whatever people do: the policy helps, and harms nobody.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::{
    cluster::*,
    steps::*,
    writers::{LAST_APPLIED, Write, helm_upgrade, kubectl_apply, replace, server_side_apply},
};

const RECORDS: [&str; 2] = ["routing-secrets-policy/replaced", "routing-secrets-policy/parked-issuer"];
const AUTHORED: [&str; 3] = ["Ingress", "Gateway", "Certificate"];

/// The same people in a cluster with the policy and in one without.
#[derive(Clone, Debug, Default)]
struct TwoWorlds {
    with: World,
    without: World,
    /// What Helm sent last.
    releases: BTreeMap<Key, Value>,
    /// Objects of which somebody edited the hosts.
    edited: BTreeSet<Key>,
    /// Objects of which the last change cannot be seen where the policy had made it already.
    unseen: BTreeSet<Key>,
    touches: usize,
    broken: Vec<String>,
}

/// Takes the steps in both worlds. Which laws are broken.
pub fn broken_laws(steps: &[Step]) -> Vec<String> {
    let mut worlds = TwoWorlds::default();
    worlds.with.policy = Some(json!({}));
    for step in steps {
        worlds.take(step);
    }
    worlds.touch_all();
    worlds.a_host_that_is_served_without_the_policy_is_served_with_it();
    worlds.no_secret_is_overwritten();
    worlds.what_others_decide_stays();
    worlds.routing_secrets_go();
    worlds.touch_all();
    worlds.each_object_is_what_its_author_makes_of_it();
    worlds.no_secret_is_overwritten();
    worlds.broken.sort();
    worlds.broken.dedup();
    worlds.broken
}

/// The steps.
impl TwoWorlds {
    fn both(&mut self, change: impl Fn(&mut World)) {
        change(&mut self.with);
        change(&mut self.without);
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Send(tool, manifest) => self.send(*tool, &manifest.to_json()),
            Step::Edit(kind, name, edit) => self.edit(kind, name, *edit),
            Step::Copy(tool, kind, name, to) => self.copy(*tool, kind, name, to),
            Step::Delete(kind, name) => self.both(|world| world.delete(kind, name)),
            // Nobody puts one where cert-manager writes.
            Step::Routing(name, secret) => {
                let is_taken = |world: &World| !world.certificates_for(name).is_empty();
                if ![&self.with, &self.without].into_iter().any(is_taken) {
                    self.both(|world| routing_secret(world, name, secret));
                }
            }
            Step::Bring(name, names) => self.bring(name, names),
            Step::Settings(settings) => {
                self.with.policy = Some(serde_json::from_str(settings).unwrap());
            }
        }
        self.both(World::settle);
        self.no_two_triggers_exclude_each_other();
    }

    fn send(&mut self, tool: Tool, manifest: &Value) {
        let key = key_of(manifest);
        let before = self.releases.get(&key).cloned();
        let write = |world: &World| {
            let live = world.get(&key.0, &key.1);
            match tool {
                Tool::Kubectl => kubectl_apply(manifest, live),
                Tool::Helm => helm_upgrade(manifest, before.as_ref(), live),
                Tool::ServerSideApply => Some(server_side_apply(manifest, live, "flux")),
                Tool::Replace => Some(replace(manifest, live)),
            }
        };
        let (sent, elsewhere) = (write(&self.with), write(&self.without));
        let live = self.with.get(&key.0, &key.1);
        let is_unseen = live.is_some_and(|live| match tool {
            Tool::Kubectl | Tool::ServerSideApply => false,
            Tool::Helm => {
                has_record(live) && sent.as_ref().is_none_or(|sent| sent.object["spec"] == live["spec"])
            }
            Tool::Replace => has_record(live) && has_secret_in_common(live, manifest),
        });
        if self.write(sent, elsewhere) {
            if tool == Tool::Helm {
                self.releases.insert(key.clone(), manifest.clone());
            }
            if !is_unseen {
                self.unseen.remove(&key);
            } else if before.as_ref() != Some(manifest) {
                self.unseen.insert(key);
            }
        }
    }

    /// Deletes the Certificates that would write into a Secret, and puts it there.
    fn bring(&mut self, name: &str, names: &[&str]) {
        let worlds = [&self.with, &self.without];
        let certificates: BTreeSet<_> =
            worlds.into_iter().flat_map(|world| world.certificates_for(name)).map(key_of).collect();
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        let leaf = Leaf { names, is_trusted: true };
        self.both(|world| {
            for (kind, name) in &certificates {
                world.delete(kind, name);
            }
            world.put_secret(name, &leaf, json!({}), false);
        });
    }

    fn edit(&mut self, kind: &str, name: &str, edit: Edit) {
        let manager = match edit {
            Edit::Annotate(..) => "kubectl-annotate",
            _ => "kubectl-edit",
        };
        let Some(seen) = self.with.get(kind, name).cloned() else {
            return;
        };
        let edited = |world: &World| {
            let live = world.get(kind, name)?;
            let mut object = live.clone();
            edit.apply(&mut object, &seen);
            (&object != live).then(|| Write::update(object, Some(live), manager))
        };
        let key = (kind.to_owned(), name.to_owned());
        let (sent, elsewhere) = (edited(&self.with), edited(&self.without));
        // What changes nothing here is not written.
        if sent.is_some() && self.write(sent, elsewhere) && !matches!(edit, Edit::Annotate(..)) {
            self.edited.insert(key);
        }
    }

    /// `kubectl get -o yaml`, with another name and without what is the API server's.
    fn copy(&mut self, tool: Tool, kind: &str, name: &str, to: &str) {
        let copied = |world: &World| {
            let mut object = world.get(kind, name)?.clone();
            object.as_object_mut().unwrap().remove("status");
            let metadata = object["metadata"].as_object_mut().unwrap();
            metadata
                .retain(|field, _| ["annotations", "labels", "ownerReferences"].contains(&field.as_str()));
            metadata.insert("name".to_owned(), json!(to));
            if tool == Tool::Kubectl {
                set_annotation(&mut object, LAST_APPLIED, None);
            }
            world.get(kind, to).is_none().then_some(object)
        };
        if let [Some(sent), Some(elsewhere)] = [&self.with, &self.without].map(copied) {
            let write = |manifest: &Value| match tool {
                Tool::Kubectl => kubectl_apply(manifest, None),
                Tool::ServerSideApply => Some(server_side_apply(manifest, None, "flux")),
                Tool::Helm | Tool::Replace => Some(Write::update(manifest.clone(), None, "kubectl-create")),
            };
            let (key, original) = (key_of(&sent), (kind.to_owned(), name.to_owned()));
            if self.write(write(&sent), write(&elsewhere)) {
                for marked in [&mut self.edited, &mut self.unseen] {
                    if marked.contains(&original) {
                        marked.insert(key.clone());
                    }
                }
            }
        }
    }

    /// Writes in both worlds. Who is refused in one does not write in the other either.
    fn write(&mut self, sent: Option<Write>, elsewhere: Option<Write>) -> bool {
        if let Some(sent) = sent
            && self.with.write(sent).is_err()
        {
            return false;
        }
        if let Some(elsewhere) = elsewhere {
            self.without.write(elsewhere).unwrap();
        }
        true
    }

    /// Has everything written once more that people wrote: first what names Secrets, then Certificates.
    fn touch_all(&mut self) {
        self.touches += 1;
        let touch = self.touches.to_string();
        for kind in AUTHORED {
            let keys: Vec<_> = authored(&self.without, kind).map(key_of).collect();
            for (kind, name) in keys {
                let touched = |world: &World| {
                    let live = world.get(&kind, &name)?;
                    let mut object = live.clone();
                    object["metadata"]["annotations"]["touched"] = json!(touch);
                    Some(Write::update(object, Some(live), "kubectl-annotate"))
                };
                let (sent, elsewhere) = (touched(&self.with), touched(&self.without));
                self.write(sent, elsewhere);
                self.twice_is_once(&(kind, name));
                self.both(World::settle);
            }
        }
    }

    /// With the Certificates that would make them anew.
    fn routing_secrets_go(&mut self) {
        self.both(|world| {
            let certificates =
                world.all("Certificate").into_iter().filter(|object| makes_routing_secret(object));
            let secrets = world.all("Secret").into_iter().filter(|object| is_routing_secret(object));
            for (kind, name) in certificates.chain(secrets).map(key_of).collect::<Vec<_>>() {
                world.delete(&kind, &name);
            }
        });
    }
}

fn routing_secret(world: &mut World, name: &str, secret: &Secret) {
    let mut put = |names: &[&str], is_trusted| {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        world.put_secret(name, &Leaf { names, is_trusted }, json!({}), true);
    };
    match secret {
        Secret::Valid(names) => put(names, true),
        Secret::Expired(names) => put(names, false),
        Secret::Retired => world.retire_secret(name),
        Secret::Gone => world.delete("Secret", name),
    }
}

fn has_secret_in_common(one: &Value, other: &Value) -> bool {
    let other = secrets_by_host(other);
    secrets_by_host(one).iter().any(|(host, secret)| other.get(host) == Some(secret))
}

fn has_record(object: &Value) -> bool {
    RECORDS.iter().any(|record| annotation(object, record).is_some())
}

/// What cert-manager did not make for an Ingress or Gateway.
fn authored<'a>(world: &'a World, kind: &'a str) -> impl Iterator<Item = &'a Value> {
    world.all(kind).into_iter().filter(|object| {
        let made_for = object["metadata"]["ownerReferences"][0]["kind"].as_str();
        !made_for.is_some_and(|kind| AUTHORED.contains(&kind))
    })
}

/// The laws.
impl TwoWorlds {
    fn twice_is_once(&mut self, (kind, name): &Key) {
        let Some(stored) = self.with.get(kind, name) else {
            return;
        };
        let again = self.with.admit(stored, Some(stored), "kubectl-annotate");
        if again.as_ref() != Ok(stored) {
            let [again, stored] = [again, Ok(stored.clone())]
                .map(|object| object.map(|object| said_by_author(&object, false, false).to_string()));
            self.broken.push(format!("twice is once: {kind} {name} becomes {again:?} after {stored:?}"));
        }
    }

    fn no_two_triggers_exclude_each_other(&mut self) {
        for kind in ["Ingress", "Gateway"] {
            for object in self.with.all(kind) {
                let name = object["metadata"]["name"].as_str().unwrap();
                if has_both_triggers(object) && !self.without.get(kind, name).is_some_and(has_both_triggers) {
                    self.broken.push(format!("no two triggers: {kind} {name} has both"));
                }
            }
        }
    }

    fn a_host_that_is_served_without_the_policy_is_served_with_it(&mut self) {
        type Controller = fn(&World, &str) -> Served;
        let controllers: [(&str, &str, Controller); 3] = [
            ("Ingress", "ingress-nginx", World::served_by_nginx),
            ("Ingress", "Traefik", World::served_by_traefik),
            ("Gateway", "Gateway", World::served_by_gateway),
        ];
        for (kind, controller, served) in controllers {
            let objects = self.without.all(kind).into_iter();
            let hosts: BTreeSet<_> = objects.flat_map(|object| names_served(object).into_keys()).collect();
            for host in hosts {
                let (before, after) = (served(&self.without, &host), served(&self.with, &host));
                let is_kept = match &before {
                    Served::By { secret, named_in } => {
                        matches!(after, Served::By { .. }) || !self.is_owed(secret, named_in.as_ref())
                    }
                    Served::Plain => after != Served::Broken,
                    Served::Broken => true,
                };
                if !is_kept {
                    self.broken.push(format!(
                        "served: {controller} serves {host} {after:?}, without the policy {before:?}"
                    ));
                }
            }
        }
    }

    /// Whether a Secret that serves a host without the policy is one to be missed. Not if it does so by chance: because
    /// it has a name too many, because cert-manager has overwritten a routing secret, because it is left of an order
    /// that nobody gives any more, or because of two different orders one was first. Such a leftover may also be in the
    /// way where there is the policy. And who orders into a routing secret is refused, and has other orders held up.
    fn is_owed(&self, secret: &str, named_in: Option<&Key>) -> bool {
        let world = &self.without;
        let is_named = named_in.is_some_and(|object| {
            !self.unseen.contains(object) && !self.with.orders_into_routing_secret(object)
        });
        let is_made =
            world.get("Secret", secret).is_some_and(|secret| annotation(secret, CERTIFICATE_NAME).is_some());
        let is_ordered = !world.is_routing(secret) && world.is_as_ordered(secret);
        let mut owners = self.with.owners_of_orders(secret).into_iter();
        let is_in_the_way =
            owners.any(|owner| AUTHORED.contains(&owner.0.as_str()) && !world.is_ordered_by(secret, &owner));
        is_named && (is_ordered || !is_made) && !is_in_the_way
    }

    /// A routing secret by nobody, one of somebody's own only where it would be without the policy too.
    fn no_secret_is_overwritten(&mut self) {
        for secret in &self.with.overwritten {
            let is_by_author = self.without.overwritten.contains(secret) || !self.unseen.is_empty();
            if self.with.is_routing(secret) || !is_by_author {
                self.broken.push(format!("overwritten: Secret {secret}"));
            }
        }
    }

    /// An operator finds its own version, what reads a Secret finds it, and who does TLS otherwise goes on.
    fn what_others_decide_stays(&mut self) {
        for kind in AUTHORED {
            for wanted in authored(&self.without, kind).filter(|object| is_decided_by_others(object)) {
                let (kind, name) = key_of(wanted);
                let [found, wanted] = [self.with.get(&kind, &name), Some(wanted)].map(|object| {
                    object.map(|object| said_by_author(object, true, has_both_triggers(wanted)))
                });
                if found != wanted {
                    self.broken.push(format!("others: {kind} {name} is {}", found.unwrap_or_default()));
                }
            }
        }
    }

    fn each_object_is_what_its_author_makes_of_it(&mut self) {
        for kind in AUTHORED {
            for wanted in authored(&self.without, kind) {
                let key = key_of(wanted);
                if self.unseen.contains(&key) {
                    continue;
                }
                let is_edited = self.edited.contains(&key);
                let found = self.with.get(&key.0, &key.1);
                let [found, wanted] = [found, Some(wanted)].map(|object| {
                    object.map(|object| said_by_author(object, is_edited, has_both_triggers(wanted)))
                });
                if found != wanted {
                    let [found, wanted] =
                        [found, wanted].map(|object| object.unwrap_or_default().to_string());
                    self.broken.push(format!("author: {} {} is {found}, not {wanted}", key.0, key.1));
                }
            }
        }
    }
}

fn makes_routing_secret(certificate: &Value) -> bool {
    certificate["spec"]["secretTemplate"]["labels"].get(ROUTING_LABEL).is_some()
}

fn is_decided_by_others(object: &Value) -> bool {
    let is_owned = items(&object["metadata"]["ownerReferences"]).any(|owner| owner["controller"] == true);
    let is_ingress = object["kind"] == "Ingress";
    let has =
        |extra| matches!(extra, Extra::Annotation(name, value) if annotation(object, name) == Some(value));
    let reads_entry = has(READS_SECRET) && secrets_by_host(object).values().any(|secret| secret == "web-tls");
    let class = object["spec"]["ingressClassName"] == "alb";
    is_owned || makes_routing_secret(object) || is_ingress && (class || has(PASSTHROUGH) || reads_entry)
}

fn has_both_triggers(object: &Value) -> bool {
    [CLUSTER_ISSUER, ISSUER].iter().all(|trigger| annotation(object, trigger).is_some())
}

/// What of an object its author decides: after an edit, each host's Secret, rather than the list.
fn said_by_author(object: &Value, is_edited: bool, has_both_triggers: bool) -> Value {
    let mut annotations = object["metadata"]["annotations"].as_object().cloned().unwrap_or_default();
    annotations.retain(|name, _| {
        let is_trigger = name == CLUSTER_ISSUER || name == ISSUER;
        name != LAST_APPLIED && name != "touched" && !(is_trigger && has_both_triggers)
    });
    let mut spec = object["spec"].clone();
    let rules = items(&object["spec"]["rules"]).map(|rule| rule["host"].clone());
    spec["rules"] = rules.collect();
    if is_edited {
        spec = json!({"secrets": secrets_by_host(object), "issuerRef": spec["issuerRef"]});
    }
    json!({"annotations": annotations, "labels": object["metadata"]["labels"], "spec": spec})
}
