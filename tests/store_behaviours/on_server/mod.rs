//! The same behaviours of a store on a PostgreSQL server, from the same files. What is of files alone is left out:
//! `opening`, `on_a_file`.

use crate::postgres::Backend;

/// Where the stores of these tests lie.
const BACKEND: Backend = Backend::Server;

mod duties;
mod elsewhere;
mod hosts;
mod server;

#[path = "../counting_once.rs"]
mod counting_once;
#[path = "../exposures.rs"]
mod exposures;
#[path = "../following.rs"]
mod following;
#[path = "../identity.rs"]
mod identity;
#[path = "../in_work.rs"]
mod in_work;
#[path = "../on_request.rs"]
mod on_request;
#[path = "../panels.rs"]
mod panels;
#[path = "../past.rs"]
mod past;
#[path = "../people.rs"]
mod people;
#[path = "../plugin_work.rs"]
mod plugin_work;
#[path = "../priors.rs"]
mod priors;
#[path = "../retention.rs"]
mod retention;
#[path = "../roles.rs"]
mod roles;
#[path = "../senders.rs"]
mod senders;
#[path = "../sends.rs"]
mod sends;
#[path = "../severity.rs"]
mod severity;
#[path = "../shift.rs"]
mod shift;
#[path = "../similar.rs"]
mod similar;
#[path = "../spread.rs"]
mod spread;
#[path = "../support.rs"]
mod support;
#[path = "../thresholds.rs"]
mod thresholds;
#[path = "../time_and_people.rs"]
mod time_and_people;
#[path = "../unanswered.rs"]
mod unanswered;
#[path = "../unreadable.rs"]
mod unreadable;
