//! Duties between hosts that are not alike: one that lacks a plugin, one that cannot begin what it has the duty for.

use std::fs;

use cxr_triage::store::PluginState;

use super::{
    PLUGIN, has_duty, plugin,
    support::{Host, Site, lines, until},
};

fn watch(site: &Site, host: &str) -> Host {
    let inbox = site.mount(host, "er");
    site.start(host, &["watch", inbox.to_str().unwrap(), "--headless"], &["er"])
}

#[test]
fn a_plugin_that_one_host_no_longer_enables_misses_nothing_on_the_next_host_that_does() {
    let Some(site) = Site::new() else { return };
    plugin(&site);
    let other = PLUGIN.replace("\"count\"", "\"other\"").replace("studies.csv", "other.csv");
    fs::write(site.path("plugins/other.luau"), other).unwrap();
    let enables = |enabled: &str| {
        let exports = site.path("exports");
        let section = format!("[plugins.{enabled}]\nallow = [\"write\"]\n");
        let text =
            format!("[plugins]\nenabled = [\"{enabled}\"]\nexports = \"{}\"\n{section}", exports.display());
        site.config_of("passing", &text);
        fs::rename(site.path("passing.toml"), site.path("a.toml")).unwrap();
    };
    let written = |file: &str| lines(&site.path("exports").join(file)).len();
    enables("count");
    let first = watch(&site, "a");
    site.films("er", 0..2);
    site.until_scored(2);
    until("each study has its line", || written("studies.csv") == 2);
    // It keeps the duty, for another plugin.
    enables("other");
    until("the other plugin runs", || {
        let records = site.store().plugins().unwrap();
        records.iter().any(|record| record.name == "other" && record.state == PluginState::Running)
    });
    site.films("er", 2..4);
    site.until_scored(4);
    // And perhaps of the first two, if these fell quiet only now.
    until("the other plugin is told", || written("other.csv") >= 2);
    assert_eq!(written("studies.csv"), 2, "this host does not enable it");
    first.signal("-KILL");
    let _second = watch(&site, "b");
    until("what came in between has its lines", || written("studies.csv") == 4);
}

#[test]
fn a_host_that_cannot_begin_what_it_has_the_duty_for_says_so_and_leaves_it_to_another() {
    let Some(site) = Site::new() else { return };
    plugin(&site);
    let first = watch(&site, "first");
    until("it has the duty", || has_duty(&site, "first", "plugins"));
    let broken = watch(&site, "broken");
    until("both are there", || site.health("c", &[])["hosts"]["workers"].as_array().unwrap().len() == 2);
    // There is no place any more for what programs of plugins say.
    let state = site.path("broken/cxr-triage");
    fs::remove_dir_all(&state).unwrap();
    fs::write(&state, "").unwrap();
    first.signal("-KILL");
    until("it says that it cannot begin", || broken.has_said("has the duty `plugins` and cannot begin it"));
    let _third = watch(&site, "third");
    until("another has the duty", || has_duty(&site, "third", "plugins"));
    site.films("er", 0..2);
    site.until_scored(2);
    until("each study has its line", || lines(&site.path("exports/studies.csv")).len() == 2);
}
