//! The changelog has this version, released when the package says so.

use crate::support::*;

#[test]
fn it_has_a_section_for_this_version() {
    let changelog = text("CHANGELOG.md");
    let heading = format!("## [{VERSION}] - ");
    let date = changelog
        .lines()
        .find_map(|line| line.strip_prefix(heading.as_str()));
    let created = format!("{}T00:00:00Z", date.expect("a section with a date"));
    assert_eq!(yaml("artifacthub-pkg.yml")["createdAt"], created);
    let source = annotation("io.kubewarden.policy.source");
    let link = format!("[{VERSION}]: {source}/releases/tag/v{VERSION}\n");
    assert!(changelog.contains(&link), "{link}");
}

#[test]
fn sections_have_the_names_of_keep_a_changelog() {
    let names = [
        "Added",
        "Changed",
        "Deprecated",
        "Removed",
        "Fixed",
        "Security",
    ];
    for name in text("CHANGELOG.md")
        .lines()
        .filter_map(|line| line.strip_prefix("### "))
    {
        assert!(names.contains(&name), "{name}");
    }
}
