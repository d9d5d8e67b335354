//! A configuration, plugins and models that others may have put into the working folder are not read, and it is said.

use std::{
    fs::{self, Permissions},
    os::unix::fs::{PermissionsExt, chown},
    path::Path,
};

use crate::cli::support::{Bench, text};

/// Another user's number.
const SOMEBODY: u32 = 12_345;

/// Lets another write to it: by mode, or by ownership where the test may do that.
fn open_to_others(path: &Path, by_owner: bool) -> bool {
    if by_owner {
        return chown(path, Some(SOMEBODY), Some(SOMEBODY)).is_ok();
    }
    fs::set_permissions(path, Permissions::from_mode(if path.is_dir() { 0o777 } else { 0o666 })).is_ok()
}

fn scene() -> Bench {
    let bench = Bench::new();
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/weights/starter/model.toml");
    let manifest = fs::read_to_string(manifest).unwrap().replacen("\"starter\"", "\"planted\"", 1);
    fs::create_dir_all(bench.path("weights/planted")).unwrap();
    fs::write(bench.path("weights/planted/model.toml"), manifest).unwrap();
    fs::create_dir(bench.path("plugins")).unwrap();
    fs::write(bench.path("plugins/planted.luau"), "return { api = 1, name = \"planted\" }").unwrap();
    bench
}

#[test]
fn what_others_may_have_written_is_left_alone_with_a_reason() {
    // what is opened, the command, what it prints of what was planted, what it says instead
    for (opened, command, planted, reason) in [
        ("cxr-triage.toml", &["config", "path"][..], "cxr-triage.toml\n", "cxr-triage.toml in the working"),
        (".", &["config", "path"], "cxr-triage.toml\n", "cxr-triage.toml in the working"),
        ("weights", &["weights", "list"], "planted", "weights in the working folder"),
        ("weights/planted/model.toml", &["weights", "list"], "planted", "weights in the working folder"),
        ("plugins", &["plugins", "list"], "planted", "plugins in the working folder"),
        ("plugins/planted.luau", &["plugins", "list"], "planted", "plugins in the working folder"),
    ] {
        for by_owner in [false, true] {
            let bench = scene();
            let before = bench.run(command);
            assert!(text(&before.stdout).contains(planted), "{opened}: {}", text(&before.stdout));
            assert!(before.stderr.is_empty(), "{opened}: {}", text(&before.stderr));
            if !open_to_others(&bench.path(opened), by_owner) {
                println!("skipped: this user gives no file away");
                continue;
            }
            let after = bench.run(command);
            let said = text(&after.stderr);
            assert!(after.status.success(), "{opened}: {said}");
            assert!(!text(&after.stdout).contains(planted), "{opened}: {}", text(&after.stdout));
            assert!(said.contains(reason) && said.contains("chown, chmod"), "{opened}: {said}");
            let why = if by_owner { "belongs to another user" } else { "written to by everybody" };
            assert!(said.contains(why), "{opened}: {said}");
        }
    }
}

#[test]
fn what_is_named_is_read_whoever_wrote_it() {
    let bench = scene();
    for opened in ["cxr-triage.toml", "weights", "plugins"] {
        assert!(open_to_others(&bench.path(opened), false));
    }
    let path = bench.run(&["config", "path", "--config", "cxr-triage.toml"]);
    assert_eq!(text(&path.stdout), "cxr-triage.toml\n");
    assert!(!text(&path.stderr).contains("cxr-triage.toml in"), "{}", text(&path.stderr));
    let list = bench.run(&["weights", "list", "--weights", "weights", "--config", "cxr-triage.toml"]);
    assert!(text(&list.stdout).contains("planted"), "{}", text(&list.stdout));
}
