//! `e2e-tests run`: evaluates requests and shows what the policy makes of them.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::{Args, ValueEnum};
use e2e_tests::{Cluster, Policy, Session, manifests, request_from};
use serde_json::{Value, json};

use crate::report;

#[derive(Args)]
pub(crate) struct Run {
    /// The policy.
    #[arg(long, value_name = "WASM")]
    policy: PathBuf,
    /// What to evaluate: manifests (to be created), AdmissionRequests or AdmissionReviews, in YAML or JSON. `-` is
    /// standard input, here and below.
    #[arg(long, value_name = "FILE", required = true)]
    request: Vec<PathBuf>,
    /// Manifests that the policy's look-ups find: files, or directories of them.
    #[arg(long, value_name = "FILE|DIR")]
    cluster: Vec<PathBuf>,
    /// The policy's settings, or the ClusterAdmissionPolicy that has them; without them `{}`.
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// Refuse all look-ups with this text.
    #[arg(long, value_name = "TEXT")]
    refuse: Option<String>,
    /// Write the look-ups of the one request, with their answers and thus with private keys, to a session for kwctl.
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Answer the look-ups of the one request from a session, and fail if they are others.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["cluster", "refuse", "record"])]
    replay: Option<PathBuf>,
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

/// Evaluates every request, and says whether all were accepted.
pub(crate) fn run(arguments: &Run) -> Result<bool> {
    let settings_file = arguments.settings.iter();
    let files = arguments.request.iter().chain(&arguments.cluster);
    let from_stdin = files.chain(settings_file).filter(|file| manifests::is_standard_input(file));
    ensure!(from_stdin.count() <= 1, "standard input can be one file only");
    let requests = requests(&arguments.request)?;
    ensure!(
        requests.len() == 1 || (arguments.record.is_none() && arguments.replay.is_none()),
        "a session belongs to one request, and these are {}",
        requests.len()
    );
    let cluster = cluster(arguments)?;
    let settings = settings(arguments.settings.as_deref())?;
    let policy = load(&arguments.policy, &settings)?;

    let mut stdout = io::stdout().lock();
    let coloured = stdout.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let mut all_accepted = true;
    for request in &requests {
        let evaluation = policy.validate(request, &settings, &cluster)?;
        if let Some(file) = &arguments.record {
            let session = Session::of(&evaluation.calls)?.to_yaml()?;
            std::fs::write(file, session).with_context(|| format!("cannot write {}", file.display()))?;
        }
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
                request_from(document).with_context(|| format!("cannot use {}", manifests::Name(file)))?,
            );
        }
    }
    Ok(requests)
}

fn cluster(arguments: &Run) -> Result<Cluster> {
    if let Some(file) = &arguments.replay {
        let session = Session::parse(&manifests::read(file)?)
            .with_context(|| format!("cannot use {}", file.display()))?;
        return Ok(Cluster::replaying(session));
    }
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

/// The policy, which accepts these settings.
pub(crate) fn load(policy: &Path, settings: &Value) -> Result<Policy> {
    let policy = Policy::load(policy)?;
    let verdict = policy.validate_settings(settings)?;
    ensure!(
        verdict.valid,
        "the settings are not valid: {}",
        verdict.message.as_deref().unwrap_or("the policy does not say why")
    );
    Ok(policy)
}

/// What a file has: settings as such, or a policy as it is deployed.
pub(crate) fn settings(file: Option<&Path>) -> Result<Value> {
    let Some(file) = file else {
        return Ok(json!({}));
    };
    let name = manifests::Name(file);
    let mut documents =
        manifests::documents(&manifests::read(file)?).with_context(|| format!("cannot use {name}"))?;
    let Some(document) = documents.pop() else {
        return Ok(json!({}));
    };
    ensure!(documents.is_empty(), "{name} holds more than one document");
    let is_policy = document.get("kind").is_some_and(|kind| kind == "ClusterAdmissionPolicy");
    if is_policy {
        let settings = document.pointer("/spec/settings").cloned();
        return Ok(settings.unwrap_or_else(|| json!({})));
    }
    Ok(document)
}
