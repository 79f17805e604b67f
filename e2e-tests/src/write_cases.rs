//! `e2e-tests write-cases`: the cases of the tests as files for kwctl.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;
use e2e_tests::{Policy, Session, cases};

#[derive(Args)]
pub(crate) struct WriteCases {
    /// The policy.
    #[arg(long, value_name = "WASM")]
    policy: PathBuf,
    /// The cases.
    #[arg(long, value_name = "DIR")]
    cases: PathBuf,
    /// Where to write; the directory exists.
    #[arg(long, value_name = "DIR")]
    into: PathBuf,
}

pub(crate) fn run(arguments: &WriteCases) -> Result<()> {
    let policy = Policy::load(&arguments.policy)?;
    for case in cases::load(&arguments.cases)? {
        let evaluation = policy
            .validate(&case.request, &case.settings, &case.cluster)
            .with_context(|| format!("cannot evaluate case {}", case.name))?;
        let session = Session::of(&evaluation.calls)?;
        let file = |rest: &str| arguments.into.join(format!("{}-{rest}", case.name));
        write(&file("request.json"), &case.request.to_string())?;
        write(&file("settings.json"), &case.settings.to_string())?;
        write(&file("session.yaml"), &session.to_yaml()?)?;
    }
    Ok(())
}

fn write(file: &Path, text: &str) -> Result<()> {
    std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
}
