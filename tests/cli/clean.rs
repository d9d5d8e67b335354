//! Every command with hostile names in every place that it prints from: nothing of them drives the terminal.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Output};

use cxr_triage::text::harmless;
use dicom_core::VR;
use dicom_dictionary_std::tags;

use crate::cli::{
    dicom,
    support::{Bench, drawn_film, text},
};

/// A title, a cleared screen in eight bits, overrides, isolates, separators, what is not seen, and a line of its own.
const HOSTILE: &str = "a\u{1b}]0;t\u{7}\u{9b}2J\u{202e}\u{2066}\u{2028}\u{200b}\u{7f}\nFORGED";
/// The same as text of Luau, TOML and JSON.
const ESCAPED: &str = r"a\u{1b}]0;t\u{7}\u{9b}2J\u{202e}\u{2066}\u{2028}\u{200b}\u{7f}\u{a}FORGED";
const IN_TOML: &str = r"a\u001b]0;t\u0007\u009b2J\u202e\u2066\u2028\u200b\u007f\nFORGED";

/// Commands; `EVIL` stands for the hostile name.
const COMMANDS: &[&[&str]] = &[
    &["scan", "inbox"],
    &["scan", "inbox", "--json"],
    &["scan", "inbox", "EVIL.png"],
    &["show", "inbox/EVIL.png"],
    &["show", "EVIL.png"],
    &["show", "inbox/EVIL.png", "--out", "EVIL.png"],
    &["show", "inbox/EVIL.png", "--out", "EVIL/EVIL.png"],
    &["show", "inbox/EVIL.png", "--label", "EVIL"],
    &["evaluate", "--films", "inbox", "--labels", "EVIL.csv"],
    &["evaluate", "--films", "inbox", "--labels", "EVIL.csv", "--json"],
    &["evaluate", "--films", "inbox", "--labels", "EVIL.csv", "--out", "EVIL report"],
    &["evaluate", "--films", "inbox", "--labels", "EVIL.csv", "--split", "EVIL"],
    &["evaluate", "--films", "EVIL", "--labels", "EVIL.csv"],
    &["evaluate", "--films", "inbox", "--labels", "EVIL none.csv"],
    &["evaluate", "--explore", "EVIL.csv"],
    &["evaluate", "--explore", "EVIL.csv", "--json"],
    &["train", "--films", "inbox", "--labels", "EVIL.csv", "--from", "starter", "--name", "mine"],
    &["train", "--films", "EVIL", "--labels", "EVIL.csv", "--from", "EVIL", "--name", "EVIL"],
    &[
        "train", "--films", "EVIL", "--labels", "EVIL.csv", "--from", "starter", "--name", "mine", "--only",
        "EVIL",
    ],
    &[
        "train",
        "--films",
        "inbox",
        "--labels",
        "EVIL.csv",
        "--from",
        "starter",
        "--name",
        "mine",
        "--split-column",
        "EVIL",
    ],
    &["weights", "list"],
    &["weights", "list", "--weights", "EVIL"],
    &["weights", "list", "--weights", "models"],
    &["weights", "verify", "EVIL"],
    &["weights", "verify", "broken", "--weights", "models"],
    &["weights", "pull", "EVIL"],
    &["weights", "import", "EVIL.safetensors", "--preset", "EVIL"],
    &["weights", "import", "EVIL.safetensors", "--preset", "xrv-all"],
    &["weights", "import", "EVIL.safetensors", "--manifest", "EVIL.toml"],
    &["weights", "profile", "EVIL", "--films", "EVIL"],
    &["plugins", "list"],
    &["plugins", "check"],
    &["plugins", "check", "EVIL.luau"],
    &["plugins", "run", "plugins/evil.luau"],
    &["plugins", "run", "plugins/evil.luau", "--study", "EVIL.json"],
    &["plugins", "run", "plugins/fault.luau"],
    &["config", "path", "--config", "EVIL.toml"],
    &["config", "check", "--config", "EVIL.toml"],
    &["config", "check", "--config", "wrong.toml"],
    &["config", "init", "--config", "EVIL.toml"],
    &["config", "init", "--config", "EVIL new.toml"],
    &["scan", "inbox", "--store", "EVIL/EVIL.db", "--log", "EVIL/EVIL.log"],
    &["watch", "EVIL", "--headless", "--once"],
    &["similar", "EVIL.png"],
    &["similar", "inbox/EVIL.png", "--store", "EVIL/EVIL.db"],
    &["health", "--store", "EVIL/EVIL.db"],
    &["health", "--json"],
    &["store", "backup", "EVIL/EVIL.db"],
    &["retention", "--dry-run"],
    &["receive", "inbox", "--aet", "EVIL"],
    &["echo", "EVIL"],
    &["send", "EVIL", "--to", "EVIL"],
    &["send", "EVIL", "--to", "pacs", "--config", "pacs.toml"],
    &["echo", "pacs", "--config", "pacs.toml"],
    &["completions", "EVIL"],
    &["man", "--out", "EVIL/EVIL"],
    &["evaluate", "--films", "inbox", "--labels", "EVIL.csv", "--by", "EVIL"],
    &["evaluate", "--films", "inbox", "--labels", "EVIL.csv", "--compare", "EVIL"],
    &["users", "add", "EVIL", "--key", "EVIL.pub", "--role", "view"],
    &["users", "add", "EVIL", "--key", "good.pub", "--role", "view"],
    &["users", "add", "ANNA", "--key", "good.pub", "--role", "EVIL"],
    &["users", "list"],
    &["users", "remove", "EVIL"],
    &["users", "authorized-keys", "cxr", "ssh-ed25519", GOOD],
    &["watch", "--as", "EVIL", "--key", "EVIL", "--store", "data/2.db"],
    &["watch", "inbox", "--headless", "--once", "--store", "data/EVIL.db", "--log", "EVIL.log"],
    &["watch", "inbox", "--headless", "--once", "--no-names", "--store", "data/2.db"],
    &["similar", "inbox/EVIL.png", "--store", "data/2.db"],
    &["similar", "inbox/EVIL.png", "--store", "data/2.db", "--json"],
    &["similar", "EVIL.png", "--store", "data/2.db"],
    &["watch", "inbox", "--headless", "--once", "--store", "EVIL.png/EVIL.db"],
    &["watch", "inbox", "--plain", "--theme", "EVIL"],
    &["watch", "inbox", "--plain", "--theme", "EVIL theme.toml"],
    &["EVIL", "scan", "inbox"],
    &["EVIL", "EVIL"],
    &["scan", "inbox", "--EVIL"],
    &["scan", "inbox", "--device", "EVIL"],
    &["bench", "--runs", "EVIL"],
    &["demo", "--every", "EVIL"],
];

/// A public key's content.
const GOOD: &str = "AAAAC3NzaC1lZDI1NTE5AAAAIAMSHkbY1eAQRHQIZOwHvmP1QrObjJ05t7atVVCY6Jk+";

/// A list of people with a hostile name, and keys.
fn people(bench: &Bench) {
    let list = bench.path("people.toml");
    fs::write(&list, format!("[\"{IN_TOML}\"]\nrole = \"{IN_TOML}\"\nkeys = [\"{IN_TOML}\"]\n")).unwrap();
    fs::set_permissions(&list, fs::Permissions::from_mode(0o640)).unwrap();
    fs::write(bench.path(&format!("{HOSTILE}.pub")), format!("{HOSTILE} {GOOD}")).unwrap();
    fs::write(bench.path("good.pub"), format!("ssh-ed25519 {GOOD} {HOSTILE}")).unwrap();
    let config = fs::read_to_string(bench.path("cxr-triage.toml")).unwrap();
    fs::write(bench.path("cxr-triage.toml"), format!("{config}[people]\nfile = \"people.toml\"\n")).unwrap();
}

fn scene() -> Bench {
    let bench = Bench::new();
    let evil = |ending: &str| format!("{HOSTILE}{ending}");
    let picture = drawn_film(1);
    bench.film(&evil(".png"), 2);
    bench.film(&format!("{HOSTILE}/{HOSTILE}.png"), 3);
    fs::write(bench.inbox().join(evil(" broken.png")), b"\x89PNG\r\n\x1a\n half a film").unwrap();
    fs::copy(bench.inbox().join(evil(".png")), bench.inbox().join(evil(" again.png"))).unwrap();
    // What Latin-1 has of it, and a NUL.
    let named: String = HOSTILE.chars().filter(|c| u32::from(*c) < 256).chain(['\0']).collect();
    let object = dicom::object(
        7,
        &picture,
        &[
            (tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 100"),
            (tags::PATIENT_NAME, VR::PN, &named),
            (tags::STUDY_DESCRIPTION, VR::LO, &named),
            (tags::BODY_PART_EXAMINED, VR::CS, &named),
        ],
    );
    fs::write(bench.inbox().join(evil(".dcm")), dicom::file(object)).unwrap();
    let csv = format!("Image,Pneumonia,\"{HOSTILE}\"\n\"{HOSTILE}.png\",1,0\n\"{HOSTILE} none.png\",0,1\n");
    fs::write(bench.path(&evil(".csv")), csv).unwrap();
    let wrong = format!("[dashboard]\ntheme = \"{IN_TOML}\"\n{HOSTILE} = \"{HOSTILE}\"\n");
    fs::write(bench.path(&evil(".toml")), wrong).unwrap();
    let pacs = "[send.pacs]\nhost = \"127.0.0.1\"\nport = 1\naet = \"PACS\"\n";
    fs::write(bench.path("pacs.toml"), pacs).unwrap();
    fs::write(bench.path("wrong.toml"), format!("\"{IN_TOML}\" = \"{IN_TOML}\"\n")).unwrap();
    fs::write(bench.path(&evil(" theme.toml")), format!("inherits = \"{IN_TOML}\"\n")).unwrap();
    fs::write(bench.path(&evil(".json")), format!("{{\"status\": \"{IN_TOML}\", \"{IN_TOML}\": 3}}"))
        .unwrap();
    fs::write(bench.path(&evil(".luau")), "return {").unwrap();
    fs::write(bench.path(&evil(".safetensors")), tensors()).unwrap();
    for (name, manifest) in [("broken", IN_TOML), (HOSTILE, "x")] {
        fs::create_dir_all(bench.path("models").join(name)).unwrap();
        let text = format!("name = \"{name}\"\ntitle = \"{manifest}\"\n\"{manifest}\" = 3\n");
        fs::write(bench.path("models").join(name).join("model.toml"), text).unwrap();
    }
    plugins(&bench);
    people(&bench);
    bench
}

/// One tensor with a hostile name.
fn tensors() -> Vec<u8> {
    let header = format!("{{\"{IN_TOML}\":{{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}}}");
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.extend([0; 4]);
    bytes
}

fn plugins(bench: &Bench) {
    fs::create_dir(bench.path("plugins")).unwrap();
    let evil = format!(
        "local evil = \"{ESCAPED}\"
         return {{ api = 1, name = \"evil\", version = \"1\", description = evil, permissions = {{ \"tag\", \"note\" }},
             settings = {{ words = {{ default = evil, help = evil }} }},
             on_study = function(study) print(evil) return {{ {{ note = evil }} }} end }}"
    );
    fs::write(bench.path("plugins/evil.luau"), evil).unwrap();
    let fault =
        format!("return {{ api = 1, name = \"fault\", on_study = function() error(\"{ESCAPED}\") end }}");
    fs::write(bench.path("plugins/fault.luau"), fault).unwrap();
    fs::write(bench.path("plugins").join(format!("{HOSTILE}.luau")), "return {").unwrap();
    let config = fs::read_to_string(bench.path("cxr-triage.toml")).unwrap();
    let enabled = format!("{config}[plugins]\nenabled = [\"evil\", \"fault\", \"{IN_TOML}\"]\n");
    fs::write(bench.path("cxr-triage.toml"), enabled).unwrap();
}

#[test]
fn no_command_lets_a_hostile_name_drive_the_terminal() {
    let bench = scene();
    for command in COMMANDS {
        let arguments: Vec<String> = command.iter().map(|word| word.replace("EVIL", HOSTILE)).collect();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let Output { status, stdout, stderr } = bench.run(&arguments);
        assert!(status.code().is_some_and(|code| code <= 2), "{command:?}: {status}");
        assert!(!stdout.is_empty() || !stderr.is_empty(), "{command:?} says nothing");
        for (name, bytes) in [("stdout", &stdout), ("stderr", &stderr)] {
            harmless_text(&format!("{command:?}, {name}"), bytes);
        }
    }
    harmless_text("the log", &fs::read(bench.path(&format!("{HOSTILE}.log"))).unwrap());
}

fn harmless_text(place: &str, bytes: &[u8]) {
    let said = String::from_utf8(bytes.to_owned()).unwrap_or_else(|_| panic!("{place}: {}", text(bytes)));
    let bad = said.chars().find(|c| *c != '\n' && harmless(*c) != Some(*c));
    assert_eq!(bad, None, "{place}: {said:?}");
    assert!(!said.lines().any(|line| line.starts_with("FORGED")), "{place}: {said}");
}

#[test]
fn json_holds_the_name_whole_as_escapes() {
    let bench = Bench::new();
    bench.film(&format!("{HOSTILE}.png"), 2);
    let (events, _) = bench.watch(&["--once"]).rest();
    let path = events.iter().find(|event| event["event"] == "arrived").unwrap()["path"].as_str().unwrap();
    let inbox = fs::canonicalize(bench.inbox()).unwrap();
    assert_eq!(Path::new(path), inbox.join(format!("{HOSTILE}.png")));
}
