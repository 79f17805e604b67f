//! Twenty thousand certificates that are nearly right, and what Go says of them: whether
//! `x509.ParseCertificate` reads one and finds the key of the certificate that it was made of, as
//! `tls.X509KeyPair` asks.
//!
//! Go's verdicts are in `go_verdicts.txt`, 100 a line. To ask Go anew, after a change of the mutants or of
//! Go:
//!
//! ```console
//! $ MUTANTS=$PWD/target/mutants cargo test --lib mutants
//! $ go run e2e-tests/go-oracle/main.go target/mutants > src/x509/tests/go_verdicts.txt
//! ```

use std::fmt::Write;

use super::certificate::*;
use crate::x509::{leaf::Leaf, public_key::PublicKey};

const MUTANTS: usize = 20_000;
const GO_VERDICTS: &str = include_str!("go_verdicts.txt");

/// Numbers that are the same in each run (splitmix64).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % limit as u64).unwrap()
    }

    fn one_of<T: Copy>(&mut self, choice: &[T]) -> T {
        choice[self.below(choice.len())]
    }
}

/// An element, with what is in it as far as that is elements too.
#[derive(Clone)]
struct Node {
    /// The bytes before the content, if they are not what they should be.
    odd_header: Option<Vec<u8>>,
    tag: u8,
    /// What is before the elements in it: the unused bits of a BIT STRING.
    bytes: Vec<u8>,
    children: Vec<Node>,
}

impl Node {
    fn new(tag: u8, bytes: &[u8]) -> Self {
        Self { odd_header: None, tag, bytes: bytes.to_vec(), children: Vec::new() }
    }

    /// The elements in these bytes, if there is nothing else.
    fn read_all(mut der: &[u8]) -> Option<Vec<Self>> {
        let mut nodes = Vec::new();
        while let [tag, length, rest @ ..] = der {
            let (length, rest) = match (length, rest) {
                (0..=0x7f, _) => (usize::from(*length), rest),
                (0x81, [low, rest @ ..]) => (usize::from(*low), rest),
                (0x82, [high, low, rest @ ..]) => (usize::from(u16::from_be_bytes([*high, *low])), rest),
                _ => return None,
            };
            let (content, rest) = rest.split_at_checked(length)?;
            nodes.push(Self::read(*tag, content));
            der = rest;
        }
        der.is_empty().then_some(nodes)
    }

    fn read(tag: u8, content: &[u8]) -> Self {
        let (bytes, elements) = match tag {
            BIT_STRING => content.split_at(1),
            OCTET_STRING => (&content[..0], content),
            _ if tag & 0x20 != 0 => (&content[..0], content),
            _ => return Self::new(tag, content),
        };
        match Self::read_all(elements) {
            Some(children) if !children.is_empty() => Self { children, ..Self::new(tag, bytes) },
            _ => Self::new(tag, content),
        }
    }

    fn content(&self) -> Vec<u8> {
        let mut content = self.bytes.clone();
        for child in &self.children {
            content.extend_from_slice(&child.der());
        }
        content
    }

    fn der(&self) -> Vec<u8> {
        match &self.odd_header {
            Some(header) => [header.as_slice(), &self.content()].concat(),
            None => der(self.tag, &self.content()),
        }
    }

    fn count(&self) -> usize {
        1 + self.children.iter().map(Self::count).sum::<usize>()
    }

    /// The list in which the element of this number is, and its place in it. The first one is in none.
    fn find(&mut self, number: usize) -> (&mut Vec<Node>, usize) {
        let mut left = number - 1;
        let mut place = 0;
        while left >= self.children[place].count() {
            left -= self.children[place].count();
            place += 1;
        }
        if left == 0 { (&mut self.children, place) } else { self.children[place].find(left) }
    }

    fn mutate(&mut self, numbers: &mut Numbers) {
        const TAGS: [u8; 24] = [
            0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0c, 0x12, 0x13, 0x14, 0x16, 0x17, 0x18, 0x1e, 0x24, 0x30,
            0x31, 0x80, 0x81, 0x82, 0x86, 0x87, 0xa0, 0xa3,
        ];
        let count = self.count();
        let other = self.find(1 + numbers.below(count - 1));
        let other = other.0[other.1].clone();
        let (list, place) = self.find(1 + numbers.below(count - 1));
        let node = &mut list[place];
        match numbers.below(16) {
            0 => node.tag = numbers.one_of(&TAGS),
            1 => node.tag ^= 1 << numbers.below(8),
            2 => node.odd_header = Some(odd_header(node, numbers)),
            3 => drop(list.remove(place)),
            4 => list.insert(place, list[place].clone()),
            5 => {
                let with = numbers.below(list.len());
                list.swap(place, with);
            }
            6 => *node = other,
            7 => list.insert(place, other),
            8 => {
                let new = Node::new(numbers.one_of(&TAGS), numbers.one_of(&CONTENTS));
                list.insert(place + numbers.below(2), new);
            }
            // A criticality, before the value of an extension.
            9 => list.insert(place, Node::new(0x01, numbers.one_of(&FLAGS))),
            10 => (node.bytes, node.children) = (numbers.one_of(&CONTENTS).to_vec(), Vec::new()),
            11 => node.bytes.push(numbers.one_of(&BYTES)),
            12 => node.bytes.insert(0, numbers.one_of(&BYTES)),
            _ if node.bytes.is_empty() => node.tag ^= 1 << numbers.below(8),
            13 => drop(node.bytes.remove(numbers.below(node.bytes.len()))),
            14 => {
                let at = numbers.below(node.bytes.len());
                node.bytes[at] ^= 1 << numbers.below(8);
            }
            _ => {
                let at = numbers.below(node.bytes.len());
                node.bytes[at] = numbers.one_of(&BYTES);
            }
        }
    }
}

const FLAGS: [&[u8]; 5] = [&[0xff], &[0], &[1], &[], &[0xff, 0xff]];
const BYTES: [u8; 10] = [0, 1, 7, 8, b'0', b'Z', b'*', b'.', 0x80, 0xff];
const CONTENTS: [&[u8]; 8] = [&[], &[0], &[1], &[0xff], &[0, 0], &[0x80, 1], &[0x30, 0], b"a.example.com"];

/// A header that is longer than it must be, of a long tag, or of another length.
fn odd_header(node: &Node, numbers: &mut Numbers) -> Vec<u8> {
    let [high, low] = u16::try_from(node.content().len()).unwrap().to_be_bytes();
    match numbers.below(7) {
        0 => vec![node.tag, 0x80],
        1 => vec![node.tag, 0x81, low],
        2 => vec![node.tag, 0x82, high, low],
        3 => vec![node.tag, 0x83, 0, high, low],
        4 => vec![node.tag, low.wrapping_add(1)],
        5 => vec![node.tag, low.wrapping_sub(1)],
        _ => vec![node.tag | 0x1f, node.tag & 0x1f, low],
    }
}

/// What mutants are made of: certificates of three kinds of keys, with all that Go decodes and without.
fn originals() -> [Vec<u8>; 4] {
    let key = |algorithm: &[Vec<u8>], key: &[u8]| {
        sequence(&[sequence(algorithm), der(BIT_STRING, &[&[0], key].concat())])
    };
    let modulus = [[0].as_slice(), &[0xab; 256]].concat();
    let rsa = sequence(&[der(INTEGER, &modulus), der(INTEGER, &[1, 0, 1])]);
    let rsa = key(&[der(OID, RSA), der(NULL, &[])], &rsa);
    let sha256_with_rsa = sequence(&[der(OID, SHA256_WITH_RSA), der(NULL, &[])]);
    let ed25519 = key(&[der(OID, ED25519)], &[7; 32]);
    let names = [
        (COUNTRY, PRINTABLE_STRING, b"XX".as_slice()),
        (b"\x55\x04\x0a", UTF8_STRING, "Größe".as_bytes()),
        (b"\x55\x04\x03", BMP_STRING, b"\0a\x20\xac"),
        (b"\x55\x04\x05", NUMERIC_STRING, b"12 34"),
        (b"\x55\x04\x0b", TELETEX_STRING, b"\xe9"),
        (EMAIL_ADDRESS, IA5_STRING, b"a@example.com"),
    ];
    let names = names.map(|(kind, tag, text)| der(SET, &sequence(&[der(OID, kind), der(tag, text)])));
    let usual = Parts {
        issuer: sequence(&names),
        subject: name(b"\x55\x04\x03", UTF8_STRING, b"a.example.com"),
        extensions: extensions(),
        ..Parts::default()
    };
    let with_rsa = Parts {
        key: rsa,
        inner_algorithm: sha256_with_rsa.clone(),
        algorithm: sha256_with_rsa,
        extensions: extensions(),
        ..Parts::default()
    };
    let old = Parts {
        version: der(0xa0, &der(INTEGER, &[1])),
        identifiers: [der(0x81, &[0, 7]), der(0x82, &[4, 0xf0])].concat(),
        extensions: Vec::new(),
        ..Parts::default()
    };
    let small = Parts { key: ed25519, ..Parts::default() };
    [usual, with_rsa, small, old].map(|parts| parts.der())
}

/// All that Go decodes in the certificate of a server, and one that it does not.
fn extensions() -> Vec<Vec<u8>> {
    let text = |tag: u8, text: &str| der(tag, text.as_bytes());
    let directory = der(0xa4, &name(COUNTRY, PRINTABLE_STRING, b"XX"));
    let names = [
        text(0x82, "a.example.com"),
        text(0x82, "*.example.com"),
        text(0x81, "a@example.com"),
        text(0x86, "spiffe://example.com/a"),
        der(0x87, &[10, 0, 0, 1]),
        der(0x88, b"\x2a\x03"),
        directory.clone(),
    ];
    let place = |kind: &[u8]| sequence(&[der(OID, kind), text(0x86, "http://a.example.com/ca")]);
    let point = der(0xa0, &der(0xa0, &text(0x86, "http://a.example.com/crl")));
    let reasons = der(0x81, &[1, 0xfe]);
    let notice = sequence(&[der(OID, b"\x2b\x06\x01\x05\x05\x07\x02\x01"), text(IA5_STRING, "http://a")]);
    let policies = [
        sequence(&[der(OID, b"\x67\x81\x0c\x01\x02\x01")]),
        sequence(&[der(OID, b"\x2a\x03"), sequence(&[notice])]),
    ];
    vec![
        extension(SUBJECT_ALT_NAME, sequence(&names)),
        critical(BASIC_CONSTRAINTS, sequence(&[der(0x01, &[0xff]), der(INTEGER, &[0])])),
        critical(KEY_USAGE, der(BIT_STRING, &[5, 0xa0])),
        extension(EXTENDED_KEY_USAGE, sequence(&[der(OID, SERVER_AUTH), der(OID, b"\x2a\x03")])),
        extension(SUBJECT_KEY_IDENTIFIER, der(OCTET_STRING, b"id")),
        extension(
            AUTHORITY_KEY_IDENTIFIER,
            sequence(&[der(0x80, b"id"), der(0xa1, &directory), der(0x82, &[1])]),
        ),
        extension(
            AUTHORITY_INFO_ACCESS,
            sequence(&[place(OCSP), place(b"\x2b\x06\x01\x05\x05\x07\x30\x02")]),
        ),
        extension(CERTIFICATE_POLICIES, sequence(&policies)),
        extension(CRL_DISTRIBUTION_POINTS, sequence(&[sequence(&[point, reasons])])),
        extension(b"\x2a\x03\x04", sequence(&[der(NULL, &[])])),
    ]
}

/// The mutants, each with the number of its original.
fn mutants() -> impl Iterator<Item = (usize, Vec<u8>)> {
    let trees = originals().map(|der| Node::read_all(&der).unwrap().remove(0));
    let mut numbers = Numbers(16);
    (0..MUTANTS).map(move |_| {
        let original = numbers.below(trees.len());
        let mut tree = trees[original].clone();
        for _ in 0..1 + numbers.below(2) {
            if tree.count() > 1 {
                tree.mutate(&mut numbers);
            }
        }
        (original, tree.der())
    })
}

/// The key, if the certificate can be that of a server. Go wants DNS names in ASCII, which validation checks
/// later.
fn key(der: &[u8]) -> Option<PublicKey> {
    let server = server_certificate(der).ok()?;
    let is_ascii = server.dns_names.iter().all(|name| name.is_ascii());
    let key = chain_certificate(der).ok()?.public_key.ok()?;
    is_ascii.then_some(key)
}

/// A look-up reads what a Secret was stored with as validation read it.
fn assert_same_leaf(der: &[u8]) {
    let server = server_certificate(der).unwrap();
    let certificate = chain_certificate(der).unwrap();
    let leaf = Leaf {
        dns_names: server.dns_names,
        not_before: certificate.not_before,
        not_after: certificate.not_after,
        is_temporary: server.is_temporary,
    };
    assert_eq!(Leaf::from_der(der), Some(leaf));
}

#[test]
fn originals_are_read_and_written_as_they_are() {
    for der in originals() {
        assert!(key(&der).is_some());
        assert_eq!(Node::read_all(&der).unwrap()[0].der(), der);
    }
}

/// Go reads more: bytes after the known elements of a SEQUENCE, a SET out of order, times without seconds or
/// with a time zone, extensions of authorities, and URIs with a port.
#[test]
fn what_go_refuses_is_refused() {
    let mutants: Vec<_> = mutants().collect();
    if let Some(path) = std::env::var_os("MUTANTS") {
        std::fs::write(path, lines(&mutants)).unwrap();
    }
    let keys = originals().map(|der| key(&der));
    let verdicts = GO_VERDICTS.bytes().filter(|byte| *byte != b'\n');
    let (mut both, mut only_go) = (0, 0);
    for (number, ((original, der), go)) in mutants.iter().zip(verdicts).enumerate() {
        // A look-up may read any of them, and must not panic.
        let _ = Leaf::from_der(der);
        let key = key(der);
        if key.is_some() {
            assert_same_leaf(der);
        }
        match (key == keys[*original], go == b'+') {
            (true, true) => both += 1,
            (true, false) => panic!("Go refuses mutant {number}"),
            (false, true) => only_go += 1,
            (false, false) => {}
        }
    }
    assert_eq!((both, only_go), (2505, 1793));
}

/// What the program that asks Go reads: the originals and the mutants.
fn lines(mutants: &[(usize, Vec<u8>)]) -> String {
    let originals = originals().into_iter().enumerate();
    let mut text = String::new();
    for (original, der) in originals.chain(mutants.iter().cloned()) {
        write!(text, "{original} ").unwrap();
        der.iter().for_each(|byte| write!(text, "{byte:02x}").unwrap());
        text.push('\n');
    }
    text
}
