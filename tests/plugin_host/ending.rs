//! The end of plugins and of deliveries, while they hang: nothing waits for them, and nothing is done twice.

use std::{
    fs,
    io::Read,
    net::TcpListener,
    os::unix::fs::symlink,
    time::{Duration, Instant},
};

use cxr_triage::{plugin::Limits, store::PluginState, study::AuditKind};

use crate::plugin_host::support::{PATIENCE, Scene, files, plugin, program, until};

/// Far longer than any test: who waits for this call waits for ever.
const FOR_EVER: Limits = Limits {
    call: Duration::from_secs(36_000),
    load: Duration::from_secs(30),
    memory: 32 << 20,
    effects: 64,
    failures: 5,
};

const HANGS: &str = "permissions = { 'tag' }, on_study = function(study)
    if study.id ~= 42 then while true do end end end";
const GOOD: &str = "permissions = { 'tag' }, on_study = function() return { tag = 'seen' } end";

fn tagging(name: &str, version: &str, seconds: &str) -> String {
    let inside = format!(
        "permissions = {{ 'tag' }}, on_study = function(study)
            local began = os.clock()
            while study.id ~= 42 and os.clock() - began < {seconds} do end
            return {{ tag = '{version}' }}
         end"
    );
    plugin(name, &inside).replace("version = \"1\"", &format!("version = \"{version}\""))
}

fn hanging() -> Scene {
    let mut scene = Scene::new(&[("hangs", &plugin("hangs", HANGS)), ("good", &plugin("good", GOOD))], "");
    scene.limits = FOR_EVER;
    scene.start();
    let study = scene.critical_at_once("a");
    assert!(until(|| (scene.tags(study) == ["seen"]).then_some(())).is_some(), "the good plugin stood still");
    scene
}

#[test]
fn the_program_ends_although_a_plugin_hangs() {
    let mut scene = hanging();
    scene.stop();
    // What it had not finished is given to the version that works.
    scene.write("hangs", &tagging("hangs", "mended", "0"));
    scene.start();
    let study = scene.critical("b");
    assert_eq!(scene.tags(study).len(), 2);
    let first = scene.bench.store.studies_since(0).unwrap()[0].id;
    let mut tags = scene.tags(first);
    tags.sort();
    assert_eq!(tags, ["mended", "seen"]);
}

#[test]
fn a_hanging_plugin_that_is_taken_out_of_the_list_holds_up_no_other() {
    let mut scene = hanging();
    scene.config.enabled.retain(|name| name != "hangs");
    scene.reconfigure();
    scene.wait("hangs", |record| record.state == PluginState::Stopped);
    let study = scene.critical("b");
    assert_eq!(scene.tags(study), ["seen"]);
    // And it can be put back.
    scene.write("hangs", &tagging("hangs", "mended", "0"));
    scene.config.enabled.push("hangs".to_owned());
    scene.reconfigure();
    scene.wait("hangs", |record| record.state == PluginState::Running && record.version == "mended");
    let study = scene.critical("c");
    assert_eq!(scene.tags(study).len(), 2);
}

#[test]
fn neither_the_end_nor_another_version_waits_for_a_backlog() {
    // More than the patience of a test, were it waited for.
    const BACKLOG: usize = 2_000;
    let mut scene = Scene::new(&[("slow", &tagging("slow", "one", "0.06"))], "");
    scene.limits.call = Duration::from_secs(30);
    scene.start();
    let studies: Vec<i64> =
        (0..BACKLOG).map(|number| scene.critical_at_once(&format!("film {number}"))).collect();
    scene.write("slow", &tagging("slow", "two", "0.06"));
    scene.wait("slow", |record| record.version == "two");
    let began = Instant::now();
    scene.stop();
    assert!(began.elapsed() < PATIENCE, "it waited for {:?}", began.elapsed());
    scene.write("slow", &tagging("slow", "three", "0"));
    scene.start();
    scene.settle();
    let tags: Vec<Vec<String>> = studies.iter().map(|study| scene.tags(*study)).collect();
    assert!(tags.iter().all(|tags| tags.len() == 1), "a study was told of twice, or not at all");
    assert!(tags.iter().any(|tags| tags[0] == "three"), "the backlog was waited for");
}

#[test]
fn a_plugin_whose_process_cannot_be_started_misses_nothing() {
    let mut scene = Scene::new(&[("good", &plugin("good", GOOD))], "");
    scene.program = scene.path("program");
    scene.start();
    let record = scene.record("good");
    assert_eq!(record.state, PluginState::Broken);
    assert!(record.fault.contains("a process for it cannot be started"), "{}", record.fault);
    let study = scene.critical_at_once("a");
    symlink(program(), scene.path("program")).unwrap();
    scene.wait("good", |record| record.state == PluginState::Running);
    scene.settle();
    assert_eq!(scene.tags(study), ["seen"]);
}

#[test]
fn a_program_that_hangs_at_the_end_is_ended_and_run_again_under_the_same_key() {
    let out = tempfile::tempdir().unwrap();
    let script = "echo $CXR_IDEMPOTENCY_KEY >> \"$0/keys\"; [ -e \"$0/go\" ] || exec sleep 36000";
    let toml = format!(
        "[plugins]\nprograms = {{ page = [\"/bin/sh\", \"-c\", '''{script}''', \"{}\"] }}\n[plugins.pager]\nallow = [\"run\"]",
        out.path().display()
    );
    let text = plugin(
        "pager",
        "permissions = { 'run' }, on_study = function(study)
            return { run = 'page', once = tostring(study.id) } end",
    );
    let mut scene = Scene::new(&[("pager", &text)], &toml);
    scene.retries.one_try = Duration::from_secs(36_000);
    scene.start();
    scene.critical_at_once("a");
    let keys = || fs::read_to_string(out.path().join("keys")).unwrap_or_default();
    until(|| keys().ends_with('\n').then_some(())).expect("it was never run");
    scene.stop();
    fs::write(out.path().join("go"), "").unwrap();
    scene.start();
    scene.settle();
    let keys: Vec<String> = keys().lines().map(str::to_owned).collect();
    assert!(keys.len() == 2 && keys[0] == keys[1], "{keys:?}");
    assert_eq!(done(&scene, AuditKind::Run), 1);
    assert_eq!(files(out.path()), ["go", "keys"]);
}

#[test]
fn a_server_that_does_not_answer_at_the_end_is_asked_again_at_the_next_start() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let text = plugin(
        "page",
        &format!(
            "permissions = {{ 'webhook' }}, on_study = function(study) return {{ webhook = '{url}' }} end"
        ),
    );
    let toml = format!("[plugins]\nwebhooks = [\"{url}\"]\n[plugins.page]\nallow = [\"webhook\"]");
    let mut scene = Scene::new(&[("page", &text)], &toml);
    scene.retries.one_try = Duration::from_secs(36_000);
    scene.start();
    scene.critical_at_once("a");
    // It takes the request and says nothing.
    let (silent, _) = listener.accept().unwrap();
    scene.stop();
    scene.start();
    let (mut answered, _) = listener.accept().unwrap();
    let mut request = [0; 1 << 16];
    let _ = answered.read(&mut request).unwrap();
    std::io::Write::write_all(&mut answered, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").unwrap();
    until(|| (done(&scene, AuditKind::Webhook) == 1).then_some(())).expect("it was not done");
    drop(silent);
    assert_eq!(done(&scene, AuditKind::Webhook), 1);
}

fn done(scene: &Scene, kind: AuditKind) -> usize {
    scene.bench.store.events(0, 10_000).unwrap().iter().filter(|event| event.kind == kind).count()
}
