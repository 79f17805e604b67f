//! A labelled Secret of a certificate and a key that are spoilt in some way, or not.
#![no_main]

use std::fmt;

use arbitrary::{Arbitrary, Unstructured};
use base64::{Engine, engine::general_purpose::STANDARD};
use libfuzzer_sys::fuzz_target;
use routing_secrets_fuzz::{
    answer,
    der::{self, Edit},
    pair::{self, Format, Owner, Style},
    pem::{self, Layout},
};
use rustls::{InconsistentKeys, crypto::ring, pki_types::PrivateKeyDer, sign::CertifiedKey};
use serde_json::{Map, Value, json};

const INDEX: &str = "routing-secrets-policy/index";
const LABEL: &str = "epinio.io/routing";

fuzz_target!(init: check_start(), |case: Case| {
    let payload = case.payload.to_string();
    let answer = answer::judge(payload.as_bytes());
    if let Some(message) = &answer.message {
        assert!(message.contains("fuzzed"), "no name: {message}");
    }
    if let Some(object) = &answer.mutated {
        let before = &case.payload["request"]["object"];
        for field in ["type", "data", "stringData"] {
            assert_eq!(object[field], before[field], "{field} has changed");
        }
    }
    // A mirror that cannot be a routing secret is accepted without the label.
    let lost_label = answer.mutated.as_ref().is_some_and(|object| object["metadata"]["labels"][LABEL].is_null());
    if answer.accepted && case.is_judged && !lost_label {
        case.check_pair();
        let index = answer.mutated.as_ref().map(|object| &object["metadata"]["annotations"][INDEX]);
        assert!(index.is_some_and(Value::is_string), "a look-up cannot read the leaf");
    }
});

/// A fuzzer that has nothing good to spoil would find nothing.
fn check_start() {
    for owner in pair::OWNERS {
        for style in pair::STYLES.into_iter().take(4) {
            for format in [Format::Pkcs8, Format::Traditional] {
                check_good(owner, style, format);
            }
        }
    }
}

fn check_good(owner: Owner, style: Style, format: Format) {
    let request = Request::arbitrary(&mut Unstructured::new(&[])).expect("no input is good input");
    let request = Request { owner, style, format, ..request };
    let case = request.case();
    let answer = answer::judge(case.payload.to_string().as_bytes());
    assert!(answer.accepted, "{owner:?}, {style:?}, {format:?}: {answer:?}");
    case.check_pair();
}

/// The request that an input stands for.
struct Case {
    payload: Value,
    tls_crt: Vec<u8>,
    tls_key: Vec<u8>,
    /// Whether the Secret could only be accepted because of its content.
    is_judged: bool,
}

impl Case {
    /// Checks that Go finds a certificate and a key, and that they belong together. That is what
    /// rustls says; if it cannot read the one or the other, it says nothing.
    fn check_pair(&self) {
        let mut certificates = pem::go_blocks(&self.tls_crt).into_iter();
        let leaf = certificates.find(|(label, _)| label == "CERTIFICATE");
        let mut keys = pem::go_blocks(&self.tls_key).into_iter();
        let key = keys.find(|(label, _)| label.ends_with("PRIVATE KEY"));
        let (_, leaf) = leaf.expect("Go should find a certificate");
        let (label, key) = key.expect("Go should find a key");
        let key = match label.as_str() {
            "RSA PRIVATE KEY" => PrivateKeyDer::Pkcs1(key.into()),
            "EC PRIVATE KEY" => PrivateKeyDer::Sec1(key.into()),
            _ => PrivateKeyDer::Pkcs8(key.into()),
        };
        let pair = CertifiedKey::from_der(vec![leaf.into()], key, &ring::default_provider());
        let mismatch = rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch);
        assert_ne!(pair.err(), Some(mismatch), "the key is another's");
    }
}

/// What `cargo fuzz fmt` shows of an input.
impl fmt::Debug for Case {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.payload)
    }
}

/// An input is read from its beginning, and where it ends the first of all choices is taken: an empty
/// one is a good pair.
impl<'a> Arbitrary<'a> for Case {
    fn arbitrary(input: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        Request::arbitrary(input).map(|request| request.case())
    }
}

#[derive(Arbitrary)]
struct Request<'a> {
    owner: Owner,
    style: Style,
    leaf: Form<'a>,
    format: Format,
    key: Form<'a>,
    key_owner: Option<Owner>,
    /// What follows the leaf.
    issuers: Vec<Block<'a>>,
    /// What comes before the key.
    parameters: Vec<Block<'a>>,
    tls_crt: Text<'a>,
    tls_key: Text<'a>,
    kind: Kind,
    copied_by: Option<Copier>,
    before: Before,
    settings: Settings,
}

/// How a block departs from what it should be.
#[derive(Arbitrary)]
struct Form<'a> {
    edits: Vec<Edit<'a>>,
    bytes: Vec<(u16, u8)>,
    label: Option<Label>,
    layout: Layout,
}

#[derive(Arbitrary)]
struct Block<'a> {
    content: Content<'a>,
    form: Form<'a>,
}

#[derive(Arbitrary)]
enum Content<'a> {
    Certificate(Owner, Style),
    Key(Owner, Format),
    Other(Label, &'a [u8]),
}

#[derive(Arbitrary, Clone, Copy)]
enum Label {
    Certificate,
    Pkcs8,
    Pkcs1,
    Sec1,
    Encrypted,
    EcParameters,
    Dsa,
    OpenSsh,
    Unknown,
}

/// What becomes of the text of all blocks.
#[derive(Arbitrary)]
struct Text<'a> {
    bytes: Vec<(u16, u8)>,
    preamble: &'a [u8],
    is_cut: bool,
    place: Place,
}

#[derive(Arbitrary)]
enum Place {
    Data,
    StringData,
    Both,
    Empty,
    Nowhere,
}

#[derive(Arbitrary)]
enum Kind {
    Tls,
    Opaque,
    None,
}

#[derive(Arbitrary)]
enum Copier {
    Reflector,
    Replicator,
}

#[derive(Arbitrary)]
enum Before {
    Nothing,
    Other,
    Unlabelled,
    Same,
}

#[derive(Arbitrary)]
struct Settings {
    /// In thousands, like the other: the certificates end in 4096.
    minimum_days_left: Option<u16>,
    warn_days_left: Option<u16>,
    any_depth: bool,
}

impl Request<'_> {
    fn case(&self) -> Case {
        let leaf = self.leaf.block("CERTIFICATE", pair::certificate(self.owner, self.style));
        let (label, key) = pair::private_key(self.key_owner.unwrap_or(self.owner), self.format);
        let blocks = |blocks: &[Block<'_>]| blocks.iter().map(Block::text).collect::<String>();
        let tls_crt = self.tls_crt.spoilt(leaf + &blocks(&self.issuers));
        let tls_key = self.tls_key.spoilt(blocks(&self.parameters) + &self.key.block(label, key));

        let mut data = [Map::new(), Map::new()];
        self.tls_crt.put("tls.crt", &tls_crt, &mut data);
        self.tls_key.put("tls.key", &tls_key, &mut data);
        let [data, string_data] = data;
        let annotation = match self.copied_by {
            None => "example.com/other",
            Some(Copier::Reflector) => "reflector.v1.k8s.emberstack.com/reflects",
            Some(Copier::Replicator) => "replicator.v1.mittwald.de/replicate-from",
        };
        let object = json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {
                "name": "fuzzed",
                "namespace": "apps",
                "labels": {LABEL: "true"},
                "annotations": {annotation: "other/name"},
            },
            "type": match self.kind {
                Kind::Tls => Some("kubernetes.io/tls"),
                Kind::Opaque => Some("Opaque"),
                Kind::None => None,
            },
            "data": data,
            "stringData": string_data,
        });
        let mut old = object.clone();
        match self.before {
            Before::Nothing => old = Value::Null,
            Before::Other => (old["data"], old["stringData"]) = Default::default(),
            Before::Unlabelled => old["metadata"]["labels"] = json!({}),
            Before::Same => {}
        }
        Case {
            is_judged: !matches!(self.before, Before::Same)
                && [&self.tls_crt, &self.tls_key].iter().all(|text| text.is_there()),
            payload: json!({
                "settings": self.settings.json(),
                "request": {
                    "kind": {"group": "", "version": "v1", "kind": "Secret"},
                    "operation": if old.is_null() { "CREATE" } else { "UPDATE" },
                    "namespace": "apps",
                    "name": "fuzzed",
                    "object": object,
                    "oldObject": old,
                },
            }),
            tls_crt,
            tls_key,
        }
    }
}

impl Form<'_> {
    fn block(&self, label: &'static str, der: &[u8]) -> String {
        let mut der = der::edited(der, &self.edits);
        replace(&mut der, &self.bytes);
        pem::block(self.label.map_or(label, Label::text), &der, self.layout)
    }
}

impl Block<'_> {
    fn text(&self) -> String {
        let (label, der) = match self.content {
            Content::Certificate(owner, style) => ("CERTIFICATE", pair::certificate(owner, style)),
            Content::Key(owner, format) => pair::private_key(owner, format),
            Content::Other(label, der) => (label.text(), der),
        };
        self.form.block(label, der)
    }
}

impl Label {
    fn text(self) -> &'static str {
        match self {
            Self::Certificate => "CERTIFICATE",
            Self::Pkcs8 => "PRIVATE KEY",
            Self::Pkcs1 => "RSA PRIVATE KEY",
            Self::Sec1 => "EC PRIVATE KEY",
            Self::Encrypted => "ENCRYPTED PRIVATE KEY",
            Self::EcParameters => "EC PARAMETERS",
            Self::Dsa => "DSA PRIVATE KEY",
            Self::OpenSsh => "OPENSSH PRIVATE KEY",
            Self::Unknown => "X509 CRL",
        }
    }
}

impl Text<'_> {
    fn spoilt(&self, blocks: String) -> Vec<u8> {
        let mut text = [self.preamble, blocks.as_bytes()].concat();
        replace(&mut text, &self.bytes);
        if self.is_cut {
            text.pop();
        }
        text
    }

    fn is_there(&self) -> bool {
        !matches!(self.place, Place::Empty | Place::Nowhere)
    }

    /// Puts the text into `data` or `stringData`, if anywhere.
    fn put(&self, name: &str, text: &[u8], [data, string_data]: &mut [Map<String, Value>; 2]) {
        if matches!(self.place, Place::Data) {
            data.insert(name.to_owned(), STANDARD.encode(text).into());
        }
        if matches!(self.place, Place::StringData | Place::Both) {
            string_data.insert(name.to_owned(), String::from_utf8_lossy(text).into());
        }
        if matches!(self.place, Place::Empty | Place::Both) {
            data.insert(name.to_owned(), "".into());
        }
    }
}

impl Settings {
    fn json(&self) -> Value {
        let days = |thousands: Option<u16>| 1000 * u32::from(thousands.unwrap_or_default());
        json!({
            "wildcards": if self.any_depth { "anyDepth" } else { "oneLabel" },
            "secret": {
                "minimumDaysLeft": days(self.minimum_days_left),
                "warnDaysLeft": days(self.warn_days_left),
            },
        })
    }
}

/// Replaces single bytes; places are counted round.
fn replace(bytes: &mut [u8], replacements: &[(u16, u8)]) {
    for (at, value) in replacements {
        let at = usize::from(*at) % bytes.len().max(1);
        if let Some(byte) = bytes.get_mut(at) {
            *byte = *value;
        }
    }
}
