//! A Certificate as its JSON writes it, as far as the rules read it.

use serde_json::value::RawValue;

use crate::{
    json::Object,
    keys::{Keys, text},
    metadata::Manifest,
};

/// The usage that makes a certificate one for servers, as cert-manager names it.
const SERVER_AUTH: &str = "server auth";
/// What a Certificate may ask for besides DNS names (cert-manager, `pkg/apis/certmanager/v1`).
const OTHER_NAMES: [&str; 4] = ["ipAddresses", "uris", "emailAddresses", "otherNames"];

/// A Certificate: the objects it is made of, and what the rules read of them.
#[derive(Debug)]
pub struct Certificate<'a> {
    pub manifest: Manifest<'a>,
    pub spec: Object<'a>,
    /// `spec.issuerRef`
    pub issuer_ref: Object<'a>,
    /// `metadata.name`, which the API server makes up from `generateName` later than now.
    pub name: Option<String>,
    /// `spec.secretName`
    pub secret: Option<String>,
    /// `spec.dnsNames` and `spec.commonName`, each name once.
    pub names: Vec<String>,
    usages: Vec<String>,
    owners: Vec<Owner>,
}

/// One of `metadata.ownerReferences`.
#[derive(Debug)]
struct Owner {
    api_version: String,
    kind: String,
    is_controller: bool,
}

impl<'a> Certificate<'a> {
    /// Reads a Certificate.
    ///
    /// # Errors
    /// The name of the field that is missing or of the wrong type; nothing of its content.
    pub fn parse(root: &'a Object<'a>) -> Result<Self, &'static str> {
        let manifest = Manifest::parse(root)?;
        let spec = root.object("spec").ok_or("spec")?;
        let mut names = spec.texts("dnsNames").ok_or("spec.dnsNames")?;
        if spec.get("commonName").is_some() {
            let name = spec.text("commonName").ok_or("spec.commonName")?;
            names.extend((!name.is_empty()).then_some(name));
        }
        let mut seen = Keys::default();
        names.retain(|name| seen.add(text(name.to_ascii_lowercase())));
        let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
        Ok(Self {
            issuer_ref: spec.object("issuerRef").ok_or("spec.issuerRef")?,
            name: filled(manifest.metadata.text("name")),
            secret: filled(spec.text("secretName")),
            usages: spec.texts("usages").ok_or("spec.usages")?,
            owners: owners(&manifest.metadata).ok_or("metadata.ownerReferences")?,
            names,
            manifest,
            spec,
        })
    }

    /// The name of its issuer.
    pub fn issuer(&self) -> Option<String> {
        self.issuer_ref.text("name")
    }

    /// Whether the Secret that cert-manager makes from it gets this label.
    pub fn is_labelled(&self, label: &str) -> bool {
        let template = self.spec.object("secretTemplate");
        let labels = template.and_then(|template| template.object("labels"));
        labels.is_some_and(|labels| labels.raw(label).is_some())
    }

    /// Whether a routing secret could serve in its place: it is for a server that has DNS names, and
    /// nothing needs another form of it.
    pub fn is_for_routing(&self) -> bool {
        let is_filled = |name: &&str| {
            let value = self.spec.get(name).map(RawValue::get);
            value.is_some_and(|value| !matches!(value, "[]" | "{}" | "\"\""))
        };
        let serves = self.usages.is_empty() || self.usages.iter().any(|usage| usage == SERVER_AUTH);
        let is_ca = self.spec.get("isCA").map(RawValue::get) == Some("true");
        // A literal subject may have names that are not read here.
        let others = OTHER_NAMES.iter().chain(&["keystores", "literalSubject"]);
        serves && !is_ca && !others.copied().any(|name| is_filled(&name))
    }

    /// Whether cert-manager made it for an Ingress, a Gateway or a ListenerSet
    /// (`pkg/controller/certificate-shim/sync.go`): it exists only where that was left alone.
    pub fn is_owned_by_shim(&self) -> bool {
        self.owners.iter().any(|owner| {
            let group = owner.api_version.split('/').next().unwrap_or_default();
            let is_served = matches!(
                (group, owner.kind.as_str()),
                ("networking.k8s.io", "Ingress")
                    | ("gateway.networking.k8s.io", "Gateway" | "ListenerSet")
            );
            is_served && owner.is_controller
        })
    }
}

/// `metadata.ownerReferences`; `None` if a field is of the wrong type.
fn owners(metadata: &Object<'_>) -> Option<Vec<Owner>> {
    let owner = |owner| {
        let owner = Object::parse(owner)?;
        Some(Owner {
            api_version: owner.text("apiVersion")?,
            kind: owner.text("kind")?,
            is_controller: match owner.get("controller").map(RawValue::get) {
                None | Some("false") => false,
                Some("true") => true,
                Some(_) => return None,
            },
        })
    };
    let owners = metadata.list("ownerReferences")?;
    owners.into_iter().map(owner).collect()
}
