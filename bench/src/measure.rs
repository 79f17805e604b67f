//! Times of several subjects, taken in turn.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::answers::Answers;
use crate::guest::Guest;
use crate::native;

/// How long the rounds of one case go on.
const LONG_ENOUGH: Duration = Duration::from_secs(5);

/// The rounds of a case whose evaluations take long.
const FEWEST_ROUNDS: usize = 25;

/// Someone who evaluates requests.
pub enum Runner<'a> {
    /// A policy, with the host's answers.
    Policy(&'a Guest, &'a Arc<Answers>),
    /// The native program, with the list of all Secrets.
    Native(&'a [u8]),
}

/// What an evaluation costs.
pub struct Cost {
    /// The median.
    pub time: Duration,
    /// What an evaluation in a sandbox costs beside time.
    pub sandbox: Option<Sandbox>,
}

/// What there is only with a sandbox.
pub struct Sandbox {
    /// The guest's host calls.
    pub calls: usize,
    /// The size of the request and the answers to the host calls.
    pub bytes: usize,
    /// The size of the guest's memory at the end, which is the most it had.
    pub memory: usize,
}

impl Runner<'_> {
    /// Evaluates once.
    ///
    /// # Errors
    ///
    /// There is no answer.
    pub fn run(&self, payload: &[u8]) -> Result<Vec<u8>> {
        match self {
            Self::Policy(guest, answers) => guest.validate(payload, answers),
            Self::Native(list) => native::evaluate(payload, list),
        }
    }

    fn sandbox(&self, payload: &[u8]) -> Result<Option<Sandbox>> {
        let Self::Policy(guest, answers) = self else {
            return Ok(None);
        };
        answers.take_traffic();
        let memory = guest.memory(payload, answers)?;
        let traffic = answers.take_traffic();
        Ok(Some(Sandbox {
            calls: traffic.calls,
            bytes: payload.len() + traffic.bytes,
            memory,
        }))
    }
}

/// Has everybody evaluate the same request, in turn, so that whatever else the machine does hits all alike. The turns
/// are shuffled in every round.
///
/// In a turn, the second evaluation counts. The first one pays for what others left behind, such as memory that the
/// kernel takes back late: after a megabyte of it, a short evaluation takes half as long again.
///
/// Everybody must have evaluated it before: the first time, the host prepares its answers.
///
/// # Errors
///
/// As [`Runner::run`].
pub fn in_turn(runners: &[Runner<'_>], payload: &[u8]) -> Result<Vec<Cost>> {
    let mut turns: Vec<_> = runners
        .iter()
        .enumerate()
        .map(|(number, runner)| (number, runner, Vec::new()))
        .collect();
    let mut order = fastrand::Rng::with_seed(1);
    let started = Instant::now();
    let mut rounds = 0;
    while rounds < FEWEST_ROUNDS || started.elapsed() < LONG_ENOUGH {
        order.shuffle(&mut turns);
        for (_, runner, times) in &mut turns {
            drop(runner.run(payload)?);
            let started = Instant::now();
            let answer = runner.run(payload)?;
            times.push(started.elapsed());
            drop(answer);
        }
        rounds += 1;
    }
    turns.sort_by_key(|&(number, ..)| number);
    let costs = turns.into_iter().map(|(_, runner, times)| {
        Ok(Cost {
            time: median(times).context("there are rounds")?,
            sandbox: runner.sandbox(payload)?,
        })
    });
    costs.collect()
}

fn median(mut times: Vec<Duration>) -> Option<Duration> {
    times.sort_unstable();
    times.get(times.len() / 2).copied()
}
