//! The pages of the repository: their prose, tables and fenced blocks.

use crate::{manifests::files, support::*};

/// A page, taken apart.
pub struct Page {
    pub name: String,
    /// The lines outside fenced blocks.
    pub prose: String,
    /// The fenced blocks: the language and the text.
    blocks: Vec<(String, String)>,
}

/// All pages.
pub fn pages() -> Vec<Page> {
    let mut names = files("docs");
    names.extend(root_files());
    names.retain(|name| name.ends_with(".md"));
    names.iter().map(|name| Page::read(name)).collect()
}

impl Page {
    pub fn read(name: &str) -> Self {
        let (mut prose, mut blocks) = (String::new(), Vec::new());
        let mut is_open = false;
        for line in text(name).lines() {
            let fence = line.trim_start().strip_prefix("```");
            match (fence, blocks.last_mut()) {
                (Some(_), Some(_)) if is_open => is_open = false,
                (Some(language), _) => {
                    blocks.push((language.to_owned(), String::new()));
                    is_open = true;
                }
                (None, Some((_, block))) if is_open => *block += &format!("{line}\n"),
                (None, _) => prose += &format!("{line}\n"),
            }
        }
        assert!(!is_open, "{name}: a block without an end");
        Self {
            name: name.to_owned(),
            prose,
            blocks,
        }
    }

    /// The blocks of a language.
    pub fn blocks(&self, language: &str) -> impl Iterator<Item = &str> {
        let blocks = self.blocks.iter().filter(move |(of, _)| of == language);
        blocks.map(|(_, block)| block.as_str())
    }

    /// What stands between backticks in the prose.
    pub fn code(&self) -> impl Iterator<Item = &str> {
        code(&self.prose)
    }

    /// What is to be typed, each command on one line: in blocks, and between backticks.
    pub fn commands(&self) -> Vec<String> {
        let blocks = self.blocks("sh").map(|block| block.replace("\\\n", " "));
        let typed: String = blocks.collect();
        let typed = typed.lines().map(str::trim);
        typed.chain(self.code()).map(str::to_owned).collect()
    }

    /// The cells of the rows of tables whose first heading is this one.
    pub fn rows(&self, first_heading: &str) -> Vec<Vec<&str>> {
        let (mut rows, mut is_meant) = (Vec::new(), false);
        let mut before = "";
        for line in self.prose.lines() {
            let inner = line
                .strip_prefix("| ")
                .and_then(|line| line.strip_suffix('|'));
            if line.starts_with("|---") {
                is_meant = before.starts_with(&format!("| {first_heading} |"));
            } else if let Some(inner) = inner.filter(|_| is_meant) {
                rows.push(inner.split(" | ").map(str::trim).collect());
            } else if inner.is_none() {
                is_meant = false;
            }
            before = line;
        }
        assert!(
            !rows.is_empty(),
            "{}: no table of {first_heading}",
            self.name
        );
        rows
    }
}

/// What stands between backticks.
pub fn code(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}
