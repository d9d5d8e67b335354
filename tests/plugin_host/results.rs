//! Results on their way to a destination that the configuration does not name any more.

use std::{sync::mpsc::channel, time::Duration};

use cxr_triage::{
    config,
    deliver::{Listener, Retries},
    plugin::{Host, HostParts},
    study::SendingState,
};
use jiff::{SignedDuration, Timestamp};

use crate::{
    plugin_host::support::PATIENCE,
    store_behaviours::support::{Bench, dicom, scored},
};

#[test]
fn a_result_for_a_destination_that_nobody_names_any_more_is_told_of_once_and_given_up_in_time() {
    let mut bench = Bench::new();
    let (_, row) = bench.record("a", &dicom(scored("a", [0.9, 0.1, 0.1]), "a", "a"), Timestamp::now());
    assert!(bench.store.ask_to_send(row.id, "PACS", "anna", Timestamp::now()).unwrap());
    let (tell, told) = channel();
    let retries = Retries {
        first: Duration::from_millis(1),
        longest: Duration::from_millis(5),
        give_up: SignedDuration::from_millis(200),
        ..Retries::default()
    };
    let nothing = bench.path.with_extension("plugins");
    let parts = HostParts {
        retries,
        listener: Listener::new(move |news| tell.send(news.sending.state.clone()).unwrap()),
        ..HostParts::new(bench.path.clone(), nothing, config::Plugins::default())
    };
    let _host = Host::start(parts).unwrap();
    let first = told.recv_timeout(PATIENCE).unwrap();
    let SendingState::Failing { why, .. } = &first else { panic!("{first:?}") };
    assert_eq!(why, "the configuration has no section [send.PACS]");
    let last = told.recv_timeout(PATIENCE).unwrap();
    assert!(matches!(last, SendingState::GivenUp { .. }), "{last:?}");
    assert!(bench.store.waiting_send(row.id, "PACS").unwrap().is_none());
}
