//! What is found again, and in which order it is listed.

use super::*;

#[test]
fn the_case_of_hosts_makes_no_difference() {
    let keys: Keys<'_> = [host("A.example.com", None)].into_iter().collect();
    assert!(keys.contains(&host("a.EXAMPLE.com", None)));
    assert!(keys.contains(&text("a.example.com")));
    assert!(!keys.contains(&text("A.example.com")));
    assert!(!keys.contains(&host("A.example.com", Some("wild"))));
}

#[test]
fn no_secret_is_another_than_one_without_a_name() {
    let keys: Keys<'_> = [secret(None)].into_iter().collect();
    assert!(keys.contains(&secret(None)));
    assert!(!keys.contains(&secret(Some(""))));
}

#[test]
fn a_key_is_new_once() {
    let mut keys = Keys::default();
    assert!(keys.is_empty());
    assert!(keys.add(text("a")));
    assert!(!keys.add(text("a")));
    assert!(keys.add(text("b")));
    assert_eq!(keys.len(), 2);
}

#[test]
fn a_number_stays() {
    let mut keys = Keys::default();
    assert_eq!(keys.number(text("a"), 7), 7);
    assert_eq!(keys.number(text("a"), 8), 7);
    assert_eq!(keys.get(&text("a")), Some(7));
    assert_eq!(keys.get(&text("b")), None);
}

#[test]
fn texts_and_secrets_are_listed_in_order_each_once() {
    let keys: Keys<'_> = [
        host("b", Some("y")),
        host("a", Some("z")),
        host("B", Some("x")),
        host("ab", Some("x")),
        host("b", None),
        host("b", Some("y")),
    ]
    .into_iter()
    .collect();
    assert_eq!(keys.texts().collect::<Vec<_>>(), ["a", "ab", "b"]);
    assert_eq!(keys.secrets("b"), [None, Some("x"), Some("y")]);
    assert_eq!(keys.secrets("a"), [Some("z")]);
    assert_eq!(keys.secrets("c"), [] as [Option<&str>; 0]);
}

#[test]
fn something_belongs_to_a_key() {
    let mut keyed: Keyed<'_, Vec<u8>> = Keyed::default();
    assert!(keyed.is_empty());
    keyed.update(text("b"), |items| items.push(1));
    keyed.update(text("a"), |items| items.push(2));
    keyed.update(text("b"), |items| items.push(3));
    assert_eq!(keyed.get(&text("b")), Some(&vec![1, 3]));
    keyed.set(text("b"), vec![4]);
    keyed.set(text("c"), vec![5]);
    if let Some(items) = keyed.get_mut(&text("c")) {
        items.push(6);
    }
    assert!(keyed.get_mut(&text("d")).is_none());
    let listed = keyed
        .iter()
        .map(|((text, _), items)| (text.as_ref(), items.as_slice()));
    let expected: [(&str, &[u8]); 3] = [("a", &[2]), ("b", &[4]), ("c", &[5, 6])];
    assert_eq!(listed.collect::<Vec<_>>(), expected);
}
