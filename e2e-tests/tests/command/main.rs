//! The command itself: what it prints, and its exit status.

mod preview;
mod run;
mod support;
