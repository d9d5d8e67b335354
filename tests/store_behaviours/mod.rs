//! What a user would miss if the store did not do it.

mod counting_once;
mod exposures;
mod following;
mod identity;
mod in_work;
mod on_request;
mod opening;
mod panels;
mod past;
mod people;
mod priors;
mod retention;
mod roles;
mod senders;
mod sends;
mod severity;
mod shift;
mod similar;
mod spread;
pub(crate) mod support;
mod thresholds;
mod time_and_people;
mod unanswered;
mod unreadable;
