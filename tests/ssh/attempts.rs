//! Attempts at anything but the dashboard, with what each got.

use std::{
    fs,
    process::{Command, Output, Stdio},
};

use cxr_triage::study::AuditKind;

use super::{
    connection::Connection,
    host::{Host, greets},
};
use crate::support::peers::{Peer, free_port, said};

const ONLY: &str = "this key opens the dashboard and nothing else";

/// Runs a client to its end.
fn run(program: &str, arguments: &[String]) -> Output {
    Command::new(program).args(arguments).stdin(Stdio::null()).output().unwrap()
}

fn words(options: Vec<String>, more: &[&str]) -> Vec<String> {
    options.into_iter().chain(more.iter().map(|word| (*word).to_owned())).collect()
}

#[test]
fn a_key_of_the_list_opens_the_dashboard_and_nothing_else() {
    let Some(host) = Host::start() else { return };
    let key = host.person("ANNA", "admin");
    let options = || host.options(&key);
    let mut table = Vec::new();
    let mut note = |what: &str, got: &str| {
        table.push(format!("| {what} | {} |", got.lines().last().unwrap_or("nothing")));
    };

    // Commands, with a terminal and without one.
    let commands: [&[&str]; 5] =
        [&["id"], &["sh", "-c", "id"], &["cxr-triage users list"], &["echo $(id); id"], &["true\nid"]];
    for command in commands {
        let arguments = words(options(), &[&["-T", "root@127.0.0.1"][..], command].concat());
        let output = run("ssh", &arguments);
        let text = said(&output);
        assert_eq!(output.status.code(), Some(2), "{command:?}: {text}");
        assert!(text.contains(ONLY) && !text.contains("uid="), "{command:?}: {text}");
        note(&format!("`ssh HOST {}`", command.join(" ").replace('\n', "; ")), &text);
    }
    let (code, screen) = Connection::without_answers(&host, &key, &["sh"]).end();
    assert!(code == 2 && screen.contains(ONLY), "{code}: {screen}");
    note("`ssh -t HOST sh`", &screen);

    // No terminal, no dashboard.
    let output = run("ssh", &words(options(), &["-T", "root@127.0.0.1"]));
    assert!(output.status.code() == Some(2) && said(&output).contains("ssh -t HOST"), "{}", said(&output));
    note("`ssh -T HOST`", &said(&output));

    // Files, by each way.
    let here = host.path("here.txt");
    fs::write(&here, "a file").unwrap();
    let there = host.path("there.txt");
    let target = format!("root@127.0.0.1:{}", there.display());
    for (what, legacy) in [("`scp FILE HOST:`", None), ("`scp -O FILE HOST:`", Some("-O"))] {
        let more: Vec<&str> = legacy.into_iter().chain([here.to_str().unwrap(), &target]).collect();
        let output = run("scp", &words(options(), &more));
        assert!(!output.status.success() && !there.exists(), "{what}: {}", said(&output));
        note(what, &said(&output));
    }
    let output = run("sftp", &words(options(), &["root@127.0.0.1:/etc/hostname", there.to_str().unwrap()]));
    assert!(!output.status.success() && !there.exists(), "{}", said(&output));
    note("`sftp HOST:/etc/hostname`", &said(&output));
    let output = run("ssh", &words(options(), &["-T", "-s", "root@127.0.0.1", "sftp"]));
    assert!(output.status.code() == Some(2), "{}", said(&output));
    note("`ssh -s HOST sftp`", &said(&output));

    // Ways through the host.
    let port = host.port.to_string();
    let output = run("ssh", &words(options(), &["-W", &format!("127.0.0.1:{port}"), "root@127.0.0.1"]));
    assert!(!output.status.success() && !said(&output).contains("SSH-"), "{}", said(&output));
    note("`ssh -W HOST2:22 HOST`", &said(&output));
    let backward = format!("{}:127.0.0.1:{port}", free_port());
    let output = run(
        "ssh",
        &words(options(), &["-N", "-o", "ExitOnForwardFailure=yes", "-R", &backward, "root@127.0.0.1"]),
    );
    assert_eq!(output.status.code(), Some(255), "{}", said(&output));
    note("`ssh -R PORT:HOST2:22 HOST`", &said(&output));
    let local = free_port();
    let forward = format!("{local}:127.0.0.1:{port}");
    let arguments =
        words(options(), &["-N", "-o", "ExitOnForwardFailure=yes", "-L", &forward, "root@127.0.0.1"]);
    let mut staying = Peer::start(Command::new("ssh").args(&arguments));
    assert!(staying.listens(local), "the client has ended");
    assert!(!greets(local), "a way through the host");
    drop(staying);
    note("`ssh -L PORT:HOST2:22 HOST`", "the port is open at the client, and nothing comes through it");

    // Somebody else's key, and another account.
    let stranger = host.key("stranger");
    let output = run("ssh", &words(host.options(&stranger), &["-T", "root@127.0.0.1"]));
    assert!(
        output.status.code() == Some(255) && said(&output).contains("Permission denied"),
        "{}",
        said(&output)
    );
    note("a key that is not on the list", &said(&output));
    let output = run("ssh", &words(options(), &["-T", "daemon@127.0.0.1"]));
    assert!(
        output.status.code() == Some(255) && said(&output).contains("Permission denied"),
        "{}",
        said(&output)
    );
    note("`ssh ANOTHER-ACCOUNT@HOST`", &said(&output));

    let denied = host.audit(AuditKind::Denied);
    let programs: Vec<&str> = denied.iter().filter_map(|event| event.detail["command"].as_str()).collect();
    println!("| attempt | what it got |\n|---|---|\n{}", table.join("\n"));
    println!("the audit has: {programs:?}");
    for program in ["id", "sh", "cxr-triage", "echo", "scp", "internal-sftp"] {
        assert!(programs.contains(&program), "{program}: {programs:?}");
    }
    assert!(
        denied.iter().all(|event| event.actor == "ANNA" && event.detail["key"] == host.fingerprint(&key))
    );
    assert_eq!(host.audit(AuditKind::Login).len(), 0, "nobody came in");
}
