//! `work`: one of the workers of a store's queue. Nothing comes in here, and there is no dashboard.

use std::sync::Arc;

use super::{
    CommandError,
    cli::{GlobalArgs, WorkArgs},
    events::Wanted,
    headless::{Job, serve},
    setup::Setup,
};

/// Runs `work`.
pub(super) fn run(args: &WorkArgs, global: &GlobalArgs) -> Result<(), CommandError> {
    let wanted = Wanted { no_names: args.no_names, once: args.until_empty };
    serve(&Arc::new(Setup::new(global)?), Job { inbox: None, receive: None, wanted })
}
