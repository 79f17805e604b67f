# Prints the section of one version in the changelog as `changes` of Artifact Hub:
# awk -v version=0.1.0 -f changes.awk CHANGELOG.md
function finish() {
    if (change == "") return
    gsub(/'/, "''", change)
    printf "  - kind: %s\n    description: '%s'\n", kind, change
    change = ""
}
BEGIN { print "changes:" }
/^(## |\[)/ { finish(); inside = index($0, "## [" version "]") == 1; next }
!inside { next }
/^### / { finish(); kind = tolower($2) }
/^- / { finish(); change = substr($0, 3) }
/^  / && change != "" { change = change " " substr($0, 3) }
END { finish() }
