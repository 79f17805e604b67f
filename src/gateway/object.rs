//! A Gateway or ListenerSet as its JSON writes it, as far as the rules read it.

use serde_json::value::{RawValue, to_raw_value};

use crate::{
    json::{Object, set},
    keys::{Keyed, text},
    metadata::{Manifest, is_name},
    names::Host,
    request::Request,
};

/// Istio's way to ask clients for certificates: the Secret must hold a CA too, or is not used at all
/// (`pilot/pkg/config/kube/gateway/conversion.go`, `gatewayTLSTerminateModeKey`).
const ISTIO_MODE: &str = "gateway.istio.io/tls-terminate-mode";

/// A Gateway or ListenerSet: the objects it is made of, and what the rules read of them.
#[derive(Debug)]
pub struct Gateway<'a> {
    pub manifest: Manifest<'a>,
    pub spec: Object<'a>,
    /// `spec.listeners`
    pub listeners: Vec<Listener<'a>>,
}

/// One of `spec.listeners`.
#[derive(Debug)]
pub struct Listener<'a> {
    /// The listener as it is written.
    pub raw: &'a RawValue,
    /// Its name, empty if it has none.
    pub name: String,
    /// `hostname`, empty if it is absent.
    pub host: String,
    /// The Secrets of the object's own namespace that it names.
    pub secrets: Vec<String>,
    pub role: Role,
    is_single: bool,
}

/// What a listener is to us and to cert-manager.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It may be rewritten, and cert-manager orders a certificate for it.
    Ours,
    /// It stays, but cert-manager orders a certificate for it
    /// (`pkg/controller/certificate-shim/sync.go`, `validateGatewayListenerBlock`).
    Ordered,
    /// It stays, and nothing is ordered for it.
    Other,
}

impl<'a> Gateway<'a> {
    /// Reads the rest of a Gateway or ListenerSet; the request knows its namespace.
    ///
    /// # Errors
    /// The name of the field that is missing or of the wrong type; nothing of its content.
    pub fn read(manifest: Manifest<'a>, request: &Request<'_>) -> Result<Self, &'static str> {
        let spec = manifest.root.object("spec").ok_or("spec")?;
        let namespace = request.namespace_of(&manifest.metadata);
        let listeners = spec.list("listeners").ok_or("spec.listeners")?;
        let listeners = listeners
            .into_iter()
            .map(|raw| Listener::parse(raw, namespace.as_deref()));
        let mut listeners: Vec<_> = listeners.collect::<Option<_>>().ok_or("spec.listeners")?;
        disown_namesakes(&mut listeners);
        Ok(Self {
            manifest,
            spec,
            listeners,
        })
    }
}

/// What the CRDs allow of the text of `name`, `hostname` and of a reference's `name`, and of
/// `certificateRefs`. The API server refuses what is longer, but only after the policy has seen it.
const LONGEST_TEXT: usize = 253;
const MOST_REFERENCES: usize = 64;

impl<'a> Listener<'a> {
    fn parse(raw: &'a RawValue, namespace: Option<&str>) -> Option<Self> {
        let listener = Object::parse(raw)?;
        let name = listener.optional_text("name")?.unwrap_or_default();
        let host = listener.optional_text("hostname")?.unwrap_or_default();
        let protocol = listener.optional_text("protocol")?;
        let tls = listener.object("tls")?;
        let mode = tls.optional_text("mode")?;
        let options = tls.object("options")?;
        let references = tls.list("certificateRefs")?;
        let secrets = references
            .iter()
            .map(|reference| secret(reference, namespace));
        let mut secrets: Vec<Option<String>> = secrets.collect::<Option<_>>()?;
        if !fits(&name) || !fits(&host) || secrets.len() > MOST_REFERENCES {
            // It is never stored, and must not cost more than it is long.
            secrets.clear();
        }
        let terminates = mode.is_none_or(|mode| mode == "Terminate");
        let is_ordered = terminates
            && !host.is_empty()
            && !secrets.is_empty()
            && secrets.iter().all(Option::is_some);
        let is_ours = is_ordered
            && secrets.len() == 1
            && matches!(protocol.as_deref(), Some("HTTPS" | "TLS"))
            && Host::parse(&host).is_some()
            && options.raw(ISTIO_MODE).is_none()
            && is_name(&name);
        Some(Self {
            raw,
            name,
            host,
            is_single: secrets.len() == 1,
            secrets: secrets.into_iter().flatten().collect(),
            role: match (is_ours, is_ordered) {
                (true, _) => Role::Ours,
                (false, true) => Role::Ordered,
                (false, false) => Role::Other,
            },
        })
    }

    /// The Secret of the object's own namespace that is named by its single reference.
    pub fn secret(&self) -> Option<&str> {
        self.secrets
            .first()
            .filter(|_| self.is_single)
            .map(String::as_str)
    }

    /// The listener with another name in its single reference.
    ///
    /// # Errors
    /// None that is known: what is written was read before.
    pub fn with_secret(&self, secret: &str) -> serde_json::Result<Box<RawValue>> {
        let listener: Object<'_> = serde_json::from_str(self.raw.get())?;
        let tls = listener.object("tls").unwrap_or_default();
        let mut references = tls.list("certificateRefs").unwrap_or_default();
        let reference = references.first().copied().and_then(Object::parse);
        let reference = set(
            &reference.unwrap_or_default(),
            "name",
            Some(to_raw_value(secret)?),
        )?;
        if let Some(first) = references.first_mut() {
            *first = &reference;
        }
        let tls = set(&tls, "certificateRefs", Some(to_raw_value(&references)?))?;
        set(&listener, "tls", Some(tls))
    }
}

/// Names are unique in what Kubernetes stores; where they are not, nothing could be told apart by
/// them.
fn disown_namesakes(listeners: &mut [Listener<'_>]) {
    let mut counts: Keyed<'_, usize> = Keyed::default();
    for listener in listeners.iter() {
        counts.update(text(listener.name.clone()), |count| *count += 1);
    }
    for listener in listeners {
        if listener.role == Role::Ours && counts.get(&text(&listener.name)) != Some(&1) {
            listener.role = Role::Ordered;
        }
    }
}

/// The name in a reference, if it is one to a Secret of this namespace; the outer `None` if a field is
/// of the wrong type.
fn secret(reference: &RawValue, namespace: Option<&str>) -> Option<Option<String>> {
    let reference = Object::parse(reference)?;
    let field = |name| reference.optional_text(name);
    let is_secret = matches!(field("group")?.as_deref(), None | Some("" | "core"))
        && matches!(field("kind")?.as_deref(), None | Some("Secret"));
    let other = field("namespace")?;
    let is_own = other.is_none() || other.as_deref() == namespace;
    let name = field("name")?.filter(|name| is_secret_name(name));
    Some(name.filter(|_| is_secret && is_own))
}

/// Whether the CRDs take this for the name of a Secret, which may be one that no Secret can have.
pub fn is_secret_name(text: &str) -> bool {
    !text.is_empty() && fits(text)
}

fn fits(text: &str) -> bool {
    text.chars().count() <= LONGEST_TEXT
}
