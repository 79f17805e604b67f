//! As much junk as a Secret can hold is refused within the evaluation limit of policy-server, which the
//! host enforces: an evaluation that takes longer is an error here.

use e2e_tests::certificates::der;
use serde_json::{Value, json};

use super::{certificates::*, keys::*, rsa_keys::*, support::*};
use crate::support::*;

/// What Kubernetes stores at most (`core/v1`, `MaxSecretSize`).
const MOST: usize = 1024 * 1024;

/// As many copies as fit.
fn filled(part: impl AsRef<[u8]>) -> Vec<u8> {
    let part = part.as_ref();
    part.repeat(MOST / part.len())
}

fn block(label: &str, body: &[u8]) -> Vec<u8> {
    let begin = format!("-----BEGIN {label}-----\n");
    let end = format!("\n-----END {label}-----\n");
    [begin.as_bytes(), &body[..MOST - 100], end.as_bytes()].concat()
}

/// DER of the size that fills a Secret when it is written in base64.
const MOST_DER: usize = MOST / 4 * 3 - 20_000;

fn elements(element: Vec<u8>) -> Vec<u8> {
    element.repeat(MOST_DER / element.len())
}

/// Sequences within sequences; each says that it goes on to the end.
fn nested() -> Vec<u8> {
    let levels = MOST_DER / 5;
    let heads = (0..levels).map(|level| {
        let length = u32::try_from((levels - 1 - level) * 5).unwrap();
        [&[SEQUENCE, 0x83 + 1], length.to_be_bytes().as_slice()].concat()
    });
    // The head has six bytes, so every length is too small or too big for what follows.
    heads.flatten().take(MOST_DER).collect()
}

fn refuse(secret: &Value) {
    let request = e2e_tests::request_from(secret.clone()).unwrap();
    let evaluation = POLICY.validate(&request, &json!({}), &closed()).unwrap();
    let message = evaluation.response.message.unwrap_or_default();
    assert!(!evaluation.response.accepted);
    assert!(message.len() < 300 && message.ends_with(']'), "{message}");
    assert_eq!(evaluation.calls, []);
}

/// One of each kind: text, DER, a certificate, a chain and a key.
#[test]
fn junk_that_fills_a_secret() {
    let line_of_junk = block("CERTIFICATE", &filled("A"));
    let names = leaf(&P256).alternative_names(&[elements(der(0x82, b"*"))], false);
    let chain = leaf(&P256).pem() + &ca("Intermediate", "Root").pem().repeat(MOST / 700);
    for tls_crt in [
        filled("-----BEGIN CERTIFICATE-----\n"),
        line_of_junk,
        certificate_pem(&nested()).into_bytes(),
        names.pem().into_bytes(),
        chain.into_bytes(),
    ] {
        refuse(&secret(tls_crt, OTHER_P256.pem()));
    }
    refuse(&secret(leaf(&P256).pem(), filled("-----BEGIN PRIVATE KEY-----\n")));
    refuse(&secret(leaf(&RSA).pem(), huge_rsa_key(90 * 1024).pem()));
}
