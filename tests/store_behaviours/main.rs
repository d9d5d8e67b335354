//! What a user would miss if the store did not do it.

mod counting_once;
mod following;
mod opening;
mod severity;
mod support;
mod thresholds;
mod time_and_people;
