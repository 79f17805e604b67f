//! The list of ignored listeners; what becomes of whole objects is tested on the module.

use rstest::rstest;

use super::ignore_list::{names, with, without};

#[rstest]
#[case("a", &["a"])]
#[case(" a ,\tb", &["a", "b"])]
#[case("a,a", &["a"])]
#[case("x y,", &["", "x y"])]
fn entries_are_trimmed(#[case] list: &str, #[case] expected: &[&str]) {
    let names: Vec<_> = names(list).into_iter().collect();
    assert_eq!(names, expected);
}

#[rstest]
#[case(None, "a,b")]
#[case(Some(""), ",a,b")]
#[case(Some(" x ,"), " x ,,a,b")]
fn names_are_appended_and_taken_away(#[case] list: Option<&str>, #[case] expected: &str) {
    let added = ["a".to_owned(), "b".to_owned()];
    let longer = with(list, &added);
    assert_eq!(longer, expected);
    assert_eq!(without(&longer, &added).as_deref(), list);
}

#[rstest]
#[case("b, y ,x", &["a", "b"], Some(" y ,x"))]
#[case(" a,x ,a,b", &["a", "b"], Some(" a,x "))]
#[case("a,a,a", &["a", "a"], Some("a"))]
#[case(" a ", &["a"], None)]
#[case("", &[], Some(""))]
fn the_last_entry_of_each_name_is_taken_away(
    #[case] list: &str,
    #[case] names: &[&str],
    #[case] expected: Option<&str>,
) {
    let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(without(list, &names).as_deref(), expected);
}
