mod object;
mod record;
mod request;
mod response;
