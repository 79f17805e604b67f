//! The host's edge: an admission request as JSON in, an answer as JSON out.

pub(crate) mod object;
pub(crate) mod request;
pub(crate) mod response;

pub(crate) use self::{
    request::{Kind, Payload, Request, ReviewError},
    response::Decision,
};

#[cfg(test)]
mod tests;
