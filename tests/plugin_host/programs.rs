//! Programs of the site's list: what reaches them, what is written down of them, and one that fails or hangs.

#![cfg(unix)]

use std::{fs, path::Path};

use cxr_triage::store::AuditEvent;
use serde_json::Value;

use crate::support::{Scene, files, plugin, until};

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
    assert_eq!(files(out.path()), [key, "environment"], "one call, under the key of the audit");
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

#[test]
fn what_the_site_does_not_list_is_refused_by_name() {
    let mut scene = Scene::new(&[("pager", &pager())], "[plugins.pager]\nallow = [\"run\"]");
    scene.start();
    scene.critical("a film");
    let refused = until(|| audited(&scene, "plugin-refused").into_iter().next()).expect("nobody said so");
    assert!(refused.detail["why"].as_str().unwrap().contains("page"), "{}", refused.detail);
}
