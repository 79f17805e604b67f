//! `e2e-tests`: evaluates requests with a policy, without a cluster.

mod report;
mod run;

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
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Run(arguments) => run::run(&arguments),
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
