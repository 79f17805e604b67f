//! The command itself: what it prints, and its exit status.

mod run;
mod support;
