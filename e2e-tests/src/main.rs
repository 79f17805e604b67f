//! `e2e-tests run`: evaluates requests with a policy, without a cluster.

mod report;

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::{Args, Parser, Subcommand, ValueEnum};
use e2e_tests::{Cluster, Policy, manifests, request_from};
use serde_json::{Value, json};

/// Runs a Kubewarden policy against manifests, without a cluster.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Evaluate requests and show what the policy makes of them.
    ///
    /// Exit status: 0 when all were accepted, 1 when one was rejected, 2 when one could not be evaluated.
    Run(Run),
}

#[derive(Args)]
struct Run {
    /// The policy.
    #[arg(long, value_name = "WASM")]
    policy: PathBuf,
    /// What to evaluate: manifests (to be created), AdmissionRequests or AdmissionReviews, in YAML or JSON.
    #[arg(long, value_name = "FILE", required = true)]
    request: Vec<PathBuf>,
    /// Manifests that the policy's look-ups find: files, or directories of them.
    #[arg(long, value_name = "FILE|DIR")]
    cluster: Vec<PathBuf>,
    /// The policy's settings; without them `{}`.
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// Refuse all look-ups with this text.
    #[arg(long, value_name = "TEXT")]
    refuse: Option<String>,
    /// How to show the result.
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

#[derive(Clone, Copy, ValueEnum)]
enum Output {
    /// For people.
    Text,
    /// One JSON document for every request.
    Json,
}

fn main() -> ExitCode {
    let Command::Run(arguments) = Arguments::parse().command;
    match run(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Evaluates every request, and says whether all were accepted.
fn run(arguments: &Run) -> Result<bool> {
    let requests = requests(&arguments.request)?;
    let cluster = cluster(arguments)?;
    let settings = arguments
        .settings
        .as_deref()
        .map_or_else(|| Ok(json!({})), settings)?;
    let policy = Policy::load(&arguments.policy)?;
    let verdict = policy.validate_settings(&settings)?;
    if !verdict.valid {
        bail!(
            "the settings are not valid: {}",
            verdict
                .message
                .as_deref()
                .unwrap_or("the policy does not say why")
        );
    }

    let mut stdout = io::stdout().lock();
    let coloured =
        stdout.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let mut all_accepted = true;
    for request in &requests {
        let evaluation = policy.validate(request, &settings, &cluster)?;
        all_accepted &= evaluation.response.accepted;
        let report = match arguments.output {
            Output::Text => report::text(request, &evaluation, coloured)?,
            Output::Json => report::json(&evaluation)?,
        };
        writeln!(stdout, "{report}").context("cannot write the result")?;
    }
    Ok(all_accepted)
}

fn requests(files: &[PathBuf]) -> Result<Vec<Value>> {
    let mut requests = Vec::new();
    for file in files {
        for document in manifests::load(file)? {
            requests.push(
                request_from(document).with_context(|| format!("cannot use {}", file.display()))?,
            );
        }
    }
    Ok(requests)
}

fn cluster(arguments: &Run) -> Result<Cluster> {
    let mut objects = Vec::new();
    for path in &arguments.cluster {
        objects.extend(manifests::load(path)?);
    }
    let cluster = Cluster::new(objects);
    Ok(match &arguments.refuse {
        Some(cause) => cluster.refusing(cause),
        None => cluster,
    })
}

fn settings(file: &Path) -> Result<Value> {
    let text =
        std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let mut documents = manifests::documents(&text)
        .with_context(|| format!("cannot use {}", file.display()))?
        .into_iter();
    match (documents.next(), documents.next()) {
        (None, _) => Ok(json!({})),
        (Some(settings), None) => Ok(settings),
        _ => bail!("{} holds more than one document", file.display()),
    }
}
