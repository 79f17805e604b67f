//! `bench`: measures the policy beside a baseline, a native program and an empty policy, and prints a table.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use routing_secrets_bench::authority::Authority;
use routing_secrets_bench::cases::{self, Secrets};
use routing_secrets_bench::guest::Guest;
use routing_secrets_bench::measure::{Cost, Runner, in_turn};
use routing_secrets_bench::table::{Row, Yardsticks, print_head};

/// Secrets in the namespace, for an Ingress with one host.
const SECRETS: [usize; 4] = [1, 10, 100, 1000];

/// Secrets and hosts that grow together.
const GROWTH: [usize; 2] = [100, 1000];

struct Policies {
    policy: Guest,
    baseline: Guest,
    empty: Guest,
    authority: Authority,
}

fn main() -> Result<()> {
    let paths: Vec<_> = std::env::args_os().skip(1).collect();
    let [policy, baseline, empty] = paths.as_slice() else {
        bail!("usage: bench POLICY BASELINE EMPTY");
    };
    let load = |path| Guest::load(Path::new(path));
    let policies = Policies {
        policy: load(policy)?,
        baseline: load(baseline)?,
        empty: load(empty)?,
        authority: Authority::new()?,
    };
    print_head();
    policies.without_look_up()?;
    for secrets in SECRETS {
        policies.with_look_up(secrets, 1)?;
    }
    let mut growth = Vec::new();
    for number in GROWTH {
        growth.push(policies.with_look_up(number, number)?);
    }
    if let [small, big] = growth.as_slice() {
        print_growth(small, big);
    }
    Ok(())
}

impl Policies {
    fn without_look_up(&self) -> Result<()> {
        let payload = cases::skipped_ingress()?;
        let secrets = Secrets::new(0, &self.authority, &self.policy)?;
        let runners = [
            Runner::Policy(&self.policy, &secrets.unindexed),
            Runner::Policy(&self.empty, &secrets.unindexed),
        ];
        let costs = in_turn(&runners, &payload)?;
        let yardsticks = Yardsticks {
            empty: costs.last().map(|cost| cost.time),
            ..Yardsticks::default()
        };
        for (who, cost) in ["no look-up", "empty"].into_iter().zip(&costs) {
            let row = Row {
                secrets: 0,
                hosts: 1,
                who,
            };
            row.print(cost, &yardsticks);
        }
        Ok(())
    }

    /// The medians of the policy with an index, without one, of the baseline and of the native program.
    fn with_look_up(&self, secrets: usize, hosts: usize) -> Result<Vec<(&'static str, Duration)>> {
        const WHO: [&str; 4] = ["indexed", "unindexed", "baseline", "native"];
        let payload = cases::ingress(hosts)?;
        let namespace = Secrets::new(secrets, &self.authority, &self.policy)?;
        let runners = [
            Runner::Policy(&self.policy, &namespace.indexed),
            Runner::Policy(&self.policy, &namespace.unindexed),
            Runner::Policy(&self.baseline, &namespace.unindexed),
            Runner::Native(&namespace.list),
        ];
        for (who, runner) in WHO.into_iter().zip(&runners) {
            cases::check(&runner.run(&payload)?, hosts).context(who)?;
        }
        let costs = in_turn(&runners, &payload)?;
        let time = |cost: Option<&Cost>| cost.map(|cost| cost.time);
        let yardsticks = Yardsticks {
            baseline: time(costs.get(2)),
            native: time(costs.get(3)),
            empty: None,
        };
        for (who, cost) in WHO.into_iter().zip(&costs) {
            let row = Row {
                secrets,
                hosts,
                who,
            };
            row.print(cost, &yardsticks);
        }
        Ok(WHO
            .into_iter()
            .zip(costs.iter().map(|cost| cost.time))
            .collect())
    }
}

fn print_growth(small: &[(&str, Duration)], big: &[(&str, Duration)]) {
    println!("\nFrom 100 to 1000 secrets and hosts, the time becomes so many times as long:");
    for ((who, small), (_, big)) in small.iter().zip(big) {
        println!("{who:<11} {:>6.2}", big.as_secs_f64() / small.as_secs_f64());
    }
}
