//! `e2e-tests`: evaluates requests with a policy, without a cluster.

mod preview;
mod report;
mod run;
mod write_cases;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

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
    Run(run::Run),
    /// Show what the policy would change in a cluster, host by host, without touching it.
    ///
    /// The policy reviews each object as if it were written unchanged. No key is printed.
    ///
    /// Exit status: 0 when all writes were accepted, 1 when one was denied, 2 when what was read cannot be used.
    Preview(preview::Preview),
    /// Evaluate cases, and write for each what kwctl needs to do the same: NAME-request.json, NAME-settings.json and
    /// the session NAME-session.yaml.
    WriteCases(write_cases::WriteCases),
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Run(arguments) => run::run(&arguments),
        Command::Preview(arguments) => preview::run(&arguments),
        Command::WriteCases(arguments) => write_cases::run(&arguments).map(|()| true),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}
