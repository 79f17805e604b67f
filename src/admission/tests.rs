mod object;
mod request;
mod response;
