//! Measures what an evaluation of the policy costs, beside yardsticks that run in turn with it.

pub mod answers;
pub mod authority;
pub mod cases;
pub mod guest;
pub mod measure;
pub mod memory;
pub mod native;
pub mod table;
