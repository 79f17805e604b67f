//! The table that is printed.

use std::time::Duration;

use crate::measure::Cost;

/// Prints the head of the table.
pub fn print_head() {
    println!(
        "{:>7} {:>6} {:<11} {:>11} {:>9} {:>9} {:>9} {:>6} {:>10} {:>11}",
        "secrets",
        "hosts",
        "who",
        "median us",
        "baseline",
        "native",
        "empty",
        "calls",
        "bytes in",
        "memory KiB"
    );
}

/// What a row is about.
pub struct Row<'a> {
    /// The number of routing secrets.
    pub secrets: usize,
    /// The number of hosts.
    pub hosts: usize,
    /// Who evaluated.
    pub who: &'a str,
}

/// What others took for the same request.
#[derive(Default)]
pub struct Yardsticks {
    /// The policy of the tutorials.
    pub baseline: Option<Duration>,
    /// The native program.
    pub native: Option<Duration>,
    /// The policy that does nothing.
    pub empty: Option<Duration>,
}

impl Row<'_> {
    /// Prints the row, with the times as multiples of the yardsticks'.
    pub fn print(&self, cost: &Cost, yardsticks: &Yardsticks) {
        let multiple = |of: Option<Duration>| {
            or_dash(of.map(|of| format!("{:.3}", cost.time.as_secs_f64() / of.as_secs_f64())))
        };
        let sandbox = cost.sandbox.as_ref();
        println!(
            "{:>7} {:>6} {:<11} {:>11.1} {:>9} {:>9} {:>9} {:>6} {:>10} {:>11}",
            self.secrets,
            self.hosts,
            self.who,
            cost.time.as_secs_f64() * 1e6,
            multiple(yardsticks.baseline),
            multiple(yardsticks.native),
            multiple(yardsticks.empty),
            or_dash(sandbox.map(|sandbox| sandbox.calls)),
            or_dash(sandbox.map(|sandbox| sandbox.bytes)),
            or_dash(sandbox.map(|sandbox| sandbox.memory / 1024)),
        );
    }
}

fn or_dash(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}
