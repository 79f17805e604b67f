//! What is decoded of the content of `tls.crt`.

use base64::{Engine, engine::general_purpose::STANDARD};
use rcgen::{CertificateParams, KeyPair};

use super::*;

/// The PEM text of a certificate for so many names, the first of which is `a.example.com`.
fn certificate(names: usize) -> String {
    let more = (1..names).map(|number| format!("a{number}.example.com"));
    let names: Vec<_> = std::iter::once("a.example.com".to_owned())
        .chain(more)
        .collect();
    let key = KeyPair::generate().unwrap();
    let parameters = CertificateParams::new(names).unwrap();
    parameters.self_signed(&key).unwrap().pem()
}

/// The names in the leaf of a Secret with this `tls.crt`, which is base64.
fn names(tls_crt: &str) -> Result<Vec<String>, Unusable> {
    let item = serde_json::json!({"metadata": {"name": "a"}, "data": {"tls.crt": tls_crt}});
    let text = item.to_string();
    let item: SecretItem<'_> = serde_json::from_str(&text).unwrap();
    let names = item.leaf()?.dns_names;
    Ok(names.into_iter().map(Cow::into_owned).collect())
}

/// What must not grow with the length of chains.
#[test]
fn what_follows_the_leaf_is_not_decoded() {
    let chain = STANDARD.encode(certificate(1).repeat(100));
    let (beginning, _) = chain.split_at(BEGINNING);
    let broken = format!("{beginning}!");
    assert_eq!(names(&broken), Ok(vec!["a.example.com".to_owned()]));
    assert_eq!(names("!"), Err(Unusable::NoCertificate));
}

#[test]
fn a_leaf_may_be_longer() {
    let leaf = certificate(500);
    assert!(leaf.len() > 2 * BEGINNING);
    let names = names(&STANDARD.encode(leaf)).unwrap();
    assert_eq!(names.len(), 500);
}

#[test]
fn text_in_front_makes_no_difference() {
    let leaf = certificate(1);
    let chain = format!("{leaf}{}", certificate(2));
    // Wherever the beginning ends: in front of the leaf, in each of its lines, behind it.
    for length in 0..BEGINNING {
        let text = format!("{}\n{chain}", "-".repeat(length));
        let expected = vec!["a.example.com".to_owned()];
        assert_eq!(names(&STANDARD.encode(text)), Ok(expected), "{length}");
    }
}

/// A line that is cut off might be an end that the whole line is not.
#[test]
fn the_last_line_of_the_beginning_is_read_whole() {
    let leaf = certificate(1);
    let open = leaf.trim_end().to_owned() + " and so on\n";
    for length in 0..BEGINNING {
        let text = format!("{}\n{open}{}", "x".repeat(length), "y".repeat(BEGINNING));
        let found = names(&STANDARD.encode(text));
        assert_eq!(found, Err(Unusable::NoCertificate), "{length}");
    }
}
