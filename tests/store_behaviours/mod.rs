//! What a user would miss if the store did not do it.

use crate::postgres::Backend;

/// Where the stores of these tests lie; those of `on_server`, which are the same, lie there.
const BACKEND: Backend = Backend::File;

mod backups;
mod counting_once;
mod exposures;
mod following;
mod identity;
mod in_work;
mod on_request;
mod on_server;
mod opening;
mod panels;
mod past;
mod people;
mod plugin_work;
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
