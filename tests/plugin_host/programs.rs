//! Programs of the site's list: what reaches them, what is written down of them, and one that fails or hangs.

#![cfg(unix)]

use std::{fs, path::Path};

use cxr_triage::store::AuditEvent;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::plugin_host::support::{Scene, files, page, plugin, until};

/// Calls `page` for each critical study, once.
fn pager() -> String {
    plugin(
        "pager",
        "permissions = { 'run' },
         on_study = function(study)
            if study.severity == 'critical' then return { run = 'page', once = tostring(study.id) } end
         end",
    )
}

/// A site that lets the plugin run this shell script as `page`; `out` is a folder that it may use, as `$0`.
fn scene(script: &str, out: &Path) -> Scene {
    let out = out.to_str().unwrap();
    let toml = format!(
        "[plugins]\nprograms = {{ page = [\"/bin/sh\", \"-c\", '''{script}''', \"{out}\"] }}\n\
         [plugins.pager]\nallow = [\"run\"]"
    );
    Scene::new(&[("pager", &pager())], &toml)
}

fn audited(scene: &Scene, kind: &str) -> Vec<AuditEvent> {
    let events = scene.bench.store.events(0, 1_000).unwrap();
    events.into_iter().filter(|event| event.kind.word() == kind && event.actor == "pager").collect()
}

#[test]
fn a_program_gets_the_study_and_its_own_arguments_and_is_in_the_audit() {
    let out = tempfile::tempdir().unwrap();
    let mut scene = scene("cat > \"$0/$CXR_IDEMPOTENCY_KEY\"; env > \"$0/environment\"", out.path());
    scene.start();
    let study = scene.critical("a film");
    scene.study("nothing on it", [0.1; 3]);
    let done = until(|| audited(&scene, "run").into_iter().next()).expect("it was never run");

    let key = done.detail["key"].as_str().unwrap();
    assert_eq!((done.study, done.detail["target"].as_str()), (Some(study), Some("page")));
    let mut expected = [key, "environment"];
    expected.sort_unstable();
    assert_eq!(files(out.path()), expected, "one call, under the key of the audit");
    let given: Value = serde_json::from_slice(&fs::read(out.path().join(key)).unwrap()).unwrap();
    assert_eq!(given["study"]["severity"], "critical");
    assert!(given["study"].get("patient").is_none(), "who it is was not allowed: {given}");
    let environment = fs::read_to_string(out.path().join("environment")).unwrap();
    assert!(!environment.contains("CARGO"), "the program's own environment went along: {environment}");
}

#[test]
fn a_program_that_fails_is_tried_again_under_the_same_key() {
    let out = tempfile::tempdir().unwrap();
    let script = "echo \"$CXR_IDEMPOTENCY_KEY\" >> \"$0/keys\"; \
                  if [ $(wc -l < \"$0/keys\") -lt 3 ]; then echo 'the line is busy' >&2; exit 3; fi";
    let mut scene = scene(script, out.path());
    scene.start();
    scene.critical("a film");
    let done = until(|| audited(&scene, "run").into_iter().next()).expect("it was never run to its end");
    assert_eq!(done.detail["attempts"], 3);
    let keys = fs::read_to_string(out.path().join("keys")).unwrap();
    let said = fs::read_to_string(scene.bench.path.with_extension("programs.log")).unwrap();
    assert_eq!(said.matches("the line is busy").count(), 2, "{said}");
    let keys: Vec<&str> = keys.lines().collect();
    assert!(keys.len() == 3 && keys.iter().all(|key| *key == keys[0]), "{keys:?}");
}

#[test]
fn a_program_that_hangs_is_stopped_and_holds_up_nothing_else() {
    let out = tempfile::tempdir().unwrap();
    // The first hangs; who comes after it does not.
    let script =
        "if mkdir \"$0/first\" 2>/dev/null; then exec sleep 600; fi; cat > \"$0/$CXR_IDEMPOTENCY_KEY\"";
    let mut scene = scene(script, out.path());
    scene.start();
    let (one, other) = (scene.critical("a film"), scene.critical("another film"));
    let done = || Some(audited(&scene, "run")).filter(|events| events.len() == 2);
    let mut studies: Vec<_> =
        until(done).expect("one of them was lost").iter().map(|event| event.study).collect();
    studies.sort();
    assert_eq!(studies, [Some(one), Some(other)]);
}

#[test]
fn a_program_that_leaves_another_one_behind_is_done_when_it_ends_itself() {
    let out = tempfile::tempdir().unwrap();
    let script = "sleep 600 & echo $! > \"$0/behind\"";
    let mut scene = scene(script, out.path());
    scene.start();
    scene.critical("a film");
    let done = until(|| audited(&scene, "run").into_iter().next());
    let behind = fs::read_to_string(out.path().join("behind")).unwrap();
    std::process::Command::new("kill").arg(behind.trim()).status().unwrap();
    assert!(done.is_some(), "it is waited for what it left behind");
}

#[cfg(target_os = "linux")]
#[test]
fn what_a_stopped_program_has_started_ends_with_it() {
    let out = tempfile::tempdir().unwrap();
    let script = "sleep 36000 & echo $! > \"$0/$CXR_IDEMPOTENCY_KEY\"; wait";
    let mut scene = scene(script, out.path());
    scene.start();
    scene.critical_at_once("a film");
    let started = until(|| {
        let name = files(out.path()).into_iter().next()?;
        fs::read_to_string(out.path().join(name)).ok()?.trim().parse::<u32>().ok()
    });
    let process = std::path::PathBuf::from(format!("/proc/{}", started.expect("it was never run")));
    // The next try has another.
    let is_over = || {
        let state = fs::read_to_string(process.join("stat")).unwrap_or_default();
        (state.is_empty() || state.contains(") Z ")).then_some(())
    };
    assert!(until(is_over).is_some(), "it lives on");
}

#[test]
fn one_plugins_programs_that_hang_hold_up_no_other_plugin_and_no_other_program() {
    let out = tempfile::tempdir().unwrap();
    let hangs = plugin(
        "hangs",
        "permissions = { 'run' }, on_study = function(study)
            local all = {}
            for n = 1, 6 do all[n] = { run = 'hang' .. n } end
            return all
         end",
    );
    let hang: String = (1..=6).map(|n| format!("hang{n} = [\"/bin/sleep\", \"36000\"],")).collect();
    let page = format!("page = [\"/bin/sh\", \"-c\", 'echo x >> \"$0/pages\"', {:?}]", out.path());
    let toml = format!(
        "[plugins]\nprograms = {{ {hang} {page} }}\n[plugins.pager]\nallow = [\"run\"]\n[plugins.hangs]\nallow = [\"run\"]"
    );
    let mut scene = Scene::new(&[("hangs", &hangs), ("pager", &pager())], &toml);
    // A hanging try lasts longer than the test waits.
    scene.retries.one_try = std::time::Duration::from_secs(36_000);
    scene.start();
    for round in 0..5 {
        scene.critical_at_once(&format!("film {round}"));
    }
    let pages = || fs::read_to_string(out.path().join("pages")).unwrap_or_default().lines().count();
    assert!(until(|| (pages() == 5).then_some(())).is_some(), "{} of 5 were paged", pages());
}

#[test]
fn a_program_that_always_fails_is_given_up_after_real_trying_and_not_by_the_date() {
    let out = tempfile::tempdir().unwrap();
    let mut scene = scene("exit 1", out.path());
    // Asked for long ago, as after a jump of the clock; that is no reason to give it up.
    let long_ago = Timestamp::now() - SignedDuration::from_hours(72);
    scene.bench.store.save_plugin_work(&page(), long_ago).unwrap();
    scene.retries.give_up = SignedDuration::from_millis(1);
    scene.start();
    let given_up = until(|| audited(&scene, "given-up").into_iter().next()).expect("it is tried for ever");
    assert!(given_up.detail["attempts"].as_u64().unwrap() >= 5, "{}", given_up.detail);
}

#[test]
fn what_the_site_does_not_list_is_refused_by_name() {
    let mut scene = Scene::new(&[("pager", &pager())], "[plugins.pager]\nallow = [\"run\"]");
    scene.start();
    scene.critical("a film");
    let refused = until(|| audited(&scene, "plugin-refused").into_iter().next()).expect("nobody said so");
    assert!(refused.detail["why"].as_str().unwrap().contains("page"), "{}", refused.detail);
}
