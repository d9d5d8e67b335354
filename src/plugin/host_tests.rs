//! Plugins whose threads die.

use std::{fs, path::PathBuf, time::Duration};

use super::*;
use crate::{
    config,
    plugin::Pace,
    store::PluginState,
    supervise::{Supervisor, doomed::doom},
};

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

const PLUGIN: &str = "return { api = 1, name = \"quiet\", on_study = function(study) end }";

#[test]
fn the_threads_of_plugins_start_again_and_a_plugin_that_dies_always_is_switched_off() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("quiet.luau"), PLUGIN).unwrap();
    let config = config::Plugins { enabled: vec!["quiet".to_owned()], ..config::Plugins::default() };
    let (tell, told) = unbounded();
    let path = folder.path().join("store.db");
    let parts = HostParts {
        pace: Pace { glance: Duration::from_millis(10), ..Pace::default() },
        supervisor: Supervisor::new(move |sentence| tell.send(sentence).unwrap()),
        // Here threads are looked at, not what runs in a plugin's process: that ends at once.
        program: PathBuf::from("/bin/true"),
        ..HostParts::new(path.clone(), folder.path().to_owned(), config)
    };
    let host = Host::start(parts).unwrap();
    let next = |word: &str| loop {
        let sentence: String = told.recv_timeout(PATIENCE).unwrap();
        if sentence.contains(word) {
            return sentence;
        }
    };
    doom("plugins", 1);
    assert!(next("`plugins`").contains("started again"));
    doom("deliverer", 1);
    assert!(next("`deliver-").contains("started again"));
    doom("plugin-worker", 1);
    assert!(next("the plugin quiet").contains("started again"));
    assert!(host.settle(PATIENCE), "it follows again");
    doom("plugin-worker", 2);
    assert!(next("the plugin quiet").contains("started again"));
    assert!(next("the plugin quiet").contains("switched off"));
    let store = Store::open(&path).unwrap();
    assert_eq!(store.plugins().unwrap()[0].state, PluginState::Off);

    // A changed file is another plugin.
    fs::write(folder.path().join("quiet.luau"), format!("{PLUGIN}\n")).unwrap();
    while store.plugins().unwrap()[0].state == PluginState::Off {
        thread::sleep(std::time::Duration::from_millis(5));
    }
    drop(host);
}
