//! What must hold for every Secret, whatever is in it.

use std::{fmt, sync::LazyLock};

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
    prelude::BASE64_STANDARD,
};
use e2e_tests::{Evaluation, request_from};
use proptest::{
    collection::vec,
    prelude::*,
    sample::{Index, select},
};
use serde_json::{Value, json};

use super::{certificates::*, keys::*, support::*};
use crate::{ingress::properties::pointers, support::*};

/// A certificate and the key that belongs to it.
struct Pair {
    key: &'static Key,
    certificates: Vec<Vec<u8>>,
    label: &'static str,
    private_key: Vec<u8>,
}

/// Every kind of key, in a form that has all the optional parts.
static PAIRS: LazyLock<Vec<Pair>> = LazyLock::new(|| {
    let issuers = [ca("Intermediate", "Root"), ca("Root", "Root")];
    let pair = |key: &'static Key, label, private_key| Pair {
        key,
        certificates: [leaf(key)].iter().chain(&issuers).map(Certificate::der).collect(),
        label,
        private_key,
    };
    vec![
        pair(&P256, "PRIVATE KEY", P256.pkcs8()),
        pair(&P256, "PRIVATE KEY", P256.pkcs8_with_point(&P256.public)),
        pair(&P256, "EC PRIVATE KEY", P256.sec1_with_point(&P256.public)),
        pair(&P384, "EC PRIVATE KEY", P384.sec1()),
        pair(&P521, "PRIVATE KEY", P521.pkcs8()),
        pair(&ED25519, "PRIVATE KEY", ED25519.pkcs8_with_public(&ED25519.public)),
        pair(&ED25519, "PRIVATE KEY", ED25519.pkcs8()),
        pair(&RSA, "RSA PRIVATE KEY", RSA.pkcs1()),
        pair(&RSA, "PRIVATE KEY", RSA.pkcs8()),
    ]
});

/// A failed case says which pair it was; the keys are long and say nothing.
impl fmt::Debug for Pair {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let length = self.private_key.len();
        write!(formatter, "{} of {length} bytes", self.label)
    }
}

impl Pair {
    fn tls_crt(&self) -> String {
        self.certificates.iter().map(|der| certificate_pem(der)).collect()
    }

    fn tls_key(&self) -> String {
        pem(self.label, &self.private_key)
    }

    /// Whether these are still a certificate and a key that belong together. A change of one place cannot
    /// make another pair of them, so they are what they were.
    fn belongs(&self, leaf: &[u8], private_key: &[u8]) -> bool {
        contains(leaf, &self.key.spki()) && contains(private_key, self.key.private())
    }
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

fn a_pair() -> impl Strategy<Value = &'static Pair> {
    (0..PAIRS.len()).prop_map(|at| &PAIRS[at])
}

/// Changes that a byte can suffer; a bit of it most of all.
fn a_flip() -> impl Strategy<Value = u8> {
    prop_oneof![(0..8_u8).prop_map(|bit| 1 << bit), 1..=255_u8]
}

/// Evaluates a Secret; the answer must not disclose any key of the pair.
fn verdict(pair: &Pair, tls_crt: &[u8], tls_key: &[u8]) -> Evaluation {
    let secret = secret(tls_crt, tls_key);
    let evaluation = judged(&secret, &json!({}));
    let original = with(secret, "/stringData", json!({"tls.key": pair.tls_key()}));
    assert_discreet(&evaluation, &original);
    let response = &evaluation.response;
    assert_eq!(response.accepted, response.message.is_none());
    assert_eq!(response.mutated_object, None);
    evaluation
}

/// What the first block of this kind holds, read by whoever reads leniently.
fn first_block(text: &[u8], ends_with: &str) -> Vec<u8> {
    let text = String::from_utf8_lossy(text);
    let mut lines = text.lines().map(str::trim);
    let is_begin =
        |line: &str| line.starts_with("-----BEGIN") && line.trim_end_matches('-').ends_with(ends_with);
    lines.find(|line| is_begin(line));
    let body: String = lines.take_while(|line| !line.starts_with("-----")).collect();
    let config = GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let body: String =
        body.chars().filter(|char| char.is_ascii_alphanumeric() || "+/".contains(*char)).collect();
    GeneralPurpose::new(&STANDARD, config).decode(body).unwrap_or_default()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_byte_of_a_certificate(pair in a_pair(), which in any::<Index>(), at in any::<Index>(), flip in a_flip()) {
        let mut certificates = pair.certificates.clone();
        let certificate = &mut certificates[which.index(pair.certificates.len())];
        let at = at.index(certificate.len());
        certificate[at] ^= flip;
        let tls_crt: String = certificates.iter().map(|der| certificate_pem(der)).collect();
        let evaluation = verdict(pair, tls_crt.as_bytes(), pair.tls_key().as_bytes());
        prop_assert!(!evaluation.response.accepted || pair.belongs(&certificates[0], &pair.private_key));
    }

    #[test]
    fn a_byte_of_a_key(pair in a_pair(), at in any::<Index>(), flip in a_flip()) {
        let mut private_key = pair.private_key.clone();
        let at = at.index(private_key.len());
        private_key[at] ^= flip;
        let evaluation = verdict(pair, pair.tls_crt().as_bytes(), pem(pair.label, &private_key).as_bytes());
        prop_assert!(!evaluation.response.accepted || pair.belongs(&pair.certificates[0], &private_key));
    }

    #[test]
    fn a_character_of_the_certificates(pair in a_pair(), at in any::<Index>(), flip in a_flip()) {
        let mut tls_crt = pair.tls_crt().into_bytes();
        let at = at.index(tls_crt.len());
        tls_crt[at] ^= flip;
        let evaluation = verdict(pair, &tls_crt, pair.tls_key().as_bytes());
        let leaf = first_block(&tls_crt, "CERTIFICATE");
        prop_assert!(!evaluation.response.accepted || pair.belongs(&leaf, &pair.private_key));
    }

    #[test]
    fn a_character_of_the_key(pair in a_pair(), at in any::<Index>(), flip in a_flip()) {
        let mut tls_key = pair.tls_key().into_bytes();
        let at = at.index(tls_key.len());
        tls_key[at] ^= flip;
        let evaluation = verdict(pair, pair.tls_crt().as_bytes(), &tls_key);
        let private_key = first_block(&tls_key, "PRIVATE KEY");
        prop_assert!(!evaluation.response.accepted || pair.belongs(&pair.certificates[0], &private_key));
    }

    /// The compiled policy decodes base64 in other instructions than its unit tests do.
    #[test]
    fn a_character_of_the_data(pair in a_pair(), at in any::<Index>(), character in prop_oneof![0..128_u8, select(b"\r\n=".as_slice())]) {
        let key = pair.tls_key();
        let manifest = secret(pair.tls_crt(), &key);
        let mut base64 = manifest["data"]["tls.crt"].as_str().unwrap().to_owned().into_bytes();
        let at = at.index(base64.len());
        base64[at] = character;
        let base64 = String::from_utf8(base64).unwrap();
        let content = BASE64_STANDARD.decode(base64.replace(['\r', '\n'], ""));
        let expected = content.is_ok_and(|tls_crt| judged(&secret(tls_crt, &key), &json!({})).response.accepted);
        let evaluation = judged(&with(manifest, "/data/tls.crt", json!(base64)), &json!({}));
        prop_assert_eq!(evaluation.response.accepted, expected, "{:?}", evaluation.response.message);
    }

    #[test]
    fn only_pairs_are_accepted(certified in a_pair(), other in a_pair()) {
        let response = verdict(other, certified.tls_crt().as_bytes(), other.tls_key().as_bytes()).response;
        prop_assert_eq!(response.accepted, certified.key.public == other.key.public);
    }

    /// Whatever is accepted is chosen, however few bytes differ from a good one.
    #[test]
    fn what_is_accepted_is_chosen(pair in a_pair(), at in any::<Index>(), flip in a_flip()) {
        let mut certificates = pair.certificates.clone();
        let at = at.index(certificates[0].len());
        certificates[0][at] ^= flip;
        let tls_crt: String = certificates.iter().map(|der| certificate_pem(der)).collect();
        let name = b"a.example.com".as_slice();
        let same_name = contains(&certificates[0], name);
        let response = verdict(pair, tls_crt.as_bytes(), pair.tls_key().as_bytes()).response;
        let chosen = is_chosen("a.example.com", &secret(tls_crt, pair.tls_key()), &json!({}));
        prop_assert!(!response.accepted || !same_name || chosen);
    }

    #[test]
    fn junk_never_traps(
        tls_crt in vec(any::<u8>(), 0..300),
        tls_key in vec(any::<u8>(), 0..300),
        label in select(["PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY"].as_slice()),
        at in any::<Index>(),
        length in 0..40_usize,
    ) {
        let pair = &PAIRS[0];
        prop_assert!(!verdict(pair, &tls_crt, &tls_key).response.accepted);
        prop_assert!(!verdict(pair, certificate_pem(&tls_crt).as_bytes(), pem(label, &tls_key).as_bytes()).response.accepted);
        prop_assert!(!verdict(pair, pair.tls_crt().as_bytes(), pem(label, &tls_key).as_bytes()).response.accepted);
        // Junk within something good gets further.
        let mut certificate = pair.certificates[0].clone();
        let from = at.index(certificate.len());
        let until = (from + length).min(certificate.len());
        certificate.splice(from..until, tls_crt);
        let response = verdict(pair, certificate_pem(&certificate).as_bytes(), pair.tls_key().as_bytes()).response;
        prop_assert!(!response.accepted || pair.belongs(&certificate, &pair.private_key));
    }
}

/// What a key may be taken for by mistake.
fn misplaced() -> impl Strategy<Value = Value> {
    let pair = &PAIRS[1];
    let manifest = good_secret();
    select(vec![
        json!(pair.tls_key()),
        manifest["data"]["tls.key"].clone(),
        json!([pair.tls_key()]),
        json!({manifest["data"]["tls.key"].as_str().unwrap(): pair.tls_key()}),
        json!({"tls.key": pair.tls_key()}),
    ])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    /// A name is what messages show, so nobody would put a key there; everything else is kept.
    #[test]
    fn a_key_at_any_place_is_disclosed_to_nobody(
        wrong in vec((any::<Index>(), misplaced()), 1..3),
        good in any::<bool>(),
        is_update in any::<bool>(),
        is_mirror in any::<bool>(),
    ) {
        let mut secret = if good { good_secret() } else { expired_secret() };
        secret["stringData"] = json!({"more": "x"});
        if is_mirror {
            secret["metadata"]["labels"] = json!({});
            secret["metadata"]["annotations"] = json!({"reflector.v1.k8s.emberstack.com/reflects": "epinio/absent"});
        }
        let (namespace, name) = (json!(NAMESPACE), json!(NAME));
        let old = secret.clone();
        for (place, value) in wrong {
            let mut places = Vec::new();
            pointers(&secret, "", &mut places);
            *secret.pointer_mut(place.get(&places).as_str()).unwrap() = value;
        }
        if let Some(metadata) = secret.pointer_mut("/metadata").and_then(Value::as_object_mut) {
            metadata.insert("name".to_owned(), name.clone());
            metadata.insert("namespace".to_owned(), namespace.clone());
        }
        let mut request = request_from(good_secret()).unwrap();
        request["object"] = secret;
        if is_update {
            request["operation"] = json!("UPDATE");
            request["oldObject"] = old;
        }
        let evaluation = POLICY.validate(&request, &json!({}), &closed()).unwrap();
        assert_discreet(&evaluation, &good_secret());
        let other = json!({"stringData": {"tls.key": PAIRS[1].tls_key()}});
        assert_discreet(&evaluation, &other);
    }
}
