//! `size`: which crates a WebAssembly module is made of.
//!
//! It takes two builds of one module: with the name section, which tells whose functions they are, and as it
//! is shipped.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail};
use rustc_demangle::demangle;
use wasmparser::{KnownCustom, Name, Parser, Payload};

/// What is no Rust function: the C library, and what the linker makes.
const OTHERS: &str = "wasi-libc and linker";

/// The bytes of a module.
#[derive(Default)]
struct Sizes {
    code: BTreeMap<String, usize>,
    data: usize,
    /// Types, imports, tables and the like; the headers of all sections.
    rest: usize,
}

fn main() -> Result<()> {
    let paths: Vec<_> = std::env::args_os().skip(1).collect();
    let [named, shipped] = paths.as_slice() else {
        bail!("usage: size WASM-WITH-NAMES WASM");
    };
    let sizes = Sizes::of(&read(named.as_ref())?)?;
    sizes.print(read(shipped.as_ref())?.len());
    Ok(())
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

impl Sizes {
    fn of(module: &[u8]) -> Result<Self> {
        let mut sizes = Self::default();
        let mut imported = 0;
        let mut bodies = Vec::new();
        let mut names = BTreeMap::new();
        // Custom sections are not needed to run, and not shipped.
        let mut custom = 0;
        for payload in Parser::new(0).parse_all(module) {
            match payload? {
                Payload::ImportSection(imports) => {
                    for import in imports.into_imports() {
                        imported += u32::from(matches!(import?.ty, wasmparser::TypeRef::Func(_)));
                    }
                }
                Payload::CodeSectionEntry(body) => bodies.push(body.range().len()),
                Payload::DataSection(data) => sizes.data = data.range().len(),
                Payload::CustomSection(section) => {
                    custom += section.range().len();
                    if let KnownCustom::Name(subsections) = section.as_known() {
                        names.extend(function_names(subsections)?);
                    }
                }
                _ => {}
            }
        }
        if names.is_empty() {
            bail!("this module has no names of functions");
        }
        for (number, body) in (imported..).zip(&bodies) {
            let owner = names
                .get(&number)
                .map_or_else(|| OTHERS.to_owned(), |name| crate_of(name));
            *sizes.code.entry(owner).or_default() += body;
        }
        let accounted = custom + bodies.iter().sum::<usize>() + sizes.data;
        sizes.rest = module.len().saturating_sub(accounted);
        Ok(sizes)
    }

    fn print(&self, shipped: usize) {
        let total = self.code.values().sum::<usize>() + self.data + self.rest;
        let line = |what: &str, bytes: usize| {
            let share = 100.0 * bytes as f64 / total as f64;
            println!("{what:<32} {bytes:>9} {share:>6.1} %");
        };
        println!("{:<32} {:>9} {:>8}", "code of", "bytes", "share");
        let mut crates: Vec<_> = self.code.iter().collect();
        crates.sort_by_key(|&(name, &bytes)| (std::cmp::Reverse(bytes), name));
        for (name, &bytes) in crates {
            line(name, bytes);
        }
        println!();
        line("all code", self.code.values().sum());
        line("data", self.data);
        line("other sections and headers", self.rest);
        println!("{:<32} {shipped:>9}", "the module as shipped");
    }
}

fn function_names(subsections: wasmparser::NameSectionReader<'_>) -> Result<BTreeMap<u32, String>> {
    let mut names = BTreeMap::new();
    for subsection in subsections {
        if let Name::Function(functions) = subsection? {
            for function in functions {
                let function = function?;
                names.insert(function.index, format!("{:#}", demangle(function.name)));
            }
        }
    }
    Ok(names)
}

/// The crate in which a function is written; generic code counts there too, whoever instantiates it. Methods look
/// like `<crate::Type as other::Trait>::method`; that of `<T as other::Trait>` is the trait's.
fn crate_of(name: &str) -> String {
    let mut subject = name;
    loop {
        subject = subject.trim_start_matches(['<', '&', '*', '(', '[', ' ']);
        let word = subject
            .find(|character: char| !character.is_alphanumeric() && character != '_')
            .and_then(|end| subject.split_at_checked(end));
        match word {
            Some((krate, rest)) if rest.starts_with("::") => return krate.to_owned(),
            Some(("mut" | "const" | "dyn", rest)) => subject = rest,
            _ => match subject.split_once(" as ") {
                Some((_, of_trait)) => subject = of_trait,
                None => return OTHERS.to_owned(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_belong_to_crates() {
        for (name, expected) in [
            ("serde_json::de::from_slice", "serde_json"),
            ("<der::Any as der::Encode>::encode", "der"),
            ("<&mut dyn slog::Drain as core::fmt::Debug>::fmt", "slog"),
            ("<&str as serde::Deserialize>::deserialize", "serde"),
            ("<[T] as alloc::slice::Join<&str>>::join", "alloc"),
            ("dlmalloc", OTHERS),
        ] {
            assert_eq!(crate_of(name), expected, "{name}");
        }
    }
}
