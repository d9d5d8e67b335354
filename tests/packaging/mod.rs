//! The package's files, and the pages that lead a new user through them: units, accounts, commands and settings are the same in
//! both.

use std::{collections::BTreeSet, fs, path::Path};

use clap::Parser;
use cxr_triage::{
    commands::{Cli, Command},
    config::parse,
    intake::Mounts,
};

const INSTALL: &str = include_str!("../../docs/install.md");
const SEVERAL_HOSTS: &str = include_str!("../../docs/several-hosts.md");
const OPERATIONS: &str = include_str!("../../docs/operations.md");
const SSH: &str = include_str!("../../docs/ssh.md");
const PAGES: [(&str, &str); 4] = [
    ("install.md", INSTALL),
    ("several-hosts.md", SEVERAL_HOSTS),
    ("operations.md", OPERATIONS),
    ("ssh.md", SSH),
];
const TEMPLATE: &str = include_str!("../../src/config/template.toml");
const POSTINST: &str = include_str!("../../packaging/deb/postinst");
const GENERATE: &str = include_str!("../../packaging/generate");
const CONFIGURATION: &str = "/etc/cxr-triage/config.toml";
/// What makes the service's configuration of the template of `config init`.
const NAMES_THE_STORE: &str = r#"s|^#path = "auto"$|path = "/var/lib/cxr-triage/store.db"|"#;

/// The units of the package, by name.
fn units() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/systemd");
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let services = files.filter(|path| path.extension().is_some_and(|extension| extension == "service"));
    let name = |path: &Path| path.file_stem().unwrap().to_str().unwrap().to_owned();
    services.map(|path| (name(&path), fs::read_to_string(path).unwrap())).collect()
}

/// The blocks of a language on a page.
fn blocks<'a>(page: &'a str, language: &str) -> Vec<&'a str> {
    let opening = format!("```{language}\n");
    page.split(opening.as_str()).skip(1).map(|block| block.split("\n```").next().unwrap()).collect()
}

/// The commands of a page's shell blocks, without their comments, as words.
fn commands(page: &str) -> Vec<Vec<String>> {
    let joined = blocks(page, "sh").join("\n").replace("\\\n", " ");
    joined.lines().flat_map(|line| line.split("&&")).map(words).filter(|words| !words.is_empty()).collect()
}

/// The words of a line of shell: quotes hold together, a comment ends it, and `$(...)` is one word like any other.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote, mut depth) = (Vec::new(), String::new(), None, 0);
    for letter in line.chars() {
        match (letter, quote) {
            ('\'' | '"', None) => quote = Some(letter),
            (_, Some(open)) if letter == open => quote = None,
            ('#', None) if word.is_empty() && depth == 0 => break,
            (' ', None) if depth == 0 => words.push(std::mem::take(&mut word)),
            (_, _) => {
                depth += i32::from(letter == '(') - i32::from(letter == ')');
                word.push(letter);
            }
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

/// The arguments of the program, where a command runs it, as whoever.
fn of_program(command: &[String]) -> Option<&[String]> {
    let rest = match command {
        [ssh, tty, _, rest @ ..] if (ssh.as_str(), tty.as_str()) == ("ssh", "-t") => rest,
        command => command,
    };
    let rest = match rest {
        [sudo, option, _, rest @ ..] if (sudo.as_str(), option.as_str()) == ("sudo", "-u") => rest,
        [sudo, rest @ ..] if sudo == "sudo" => rest,
        rest => rest,
    };
    rest.first().filter(|program| program.rsplit('/').next() == Some("cxr-triage")).map(|_| rest)
}

/// The command lines of the program in units and examples.
fn of_package() -> Vec<(String, Vec<String>)> {
    let after = |name: &str, text: &str, mark: &str| {
        let line =
            text.lines().find_map(|line| line.trim().strip_prefix(mark)).unwrap_or_else(|| panic!("{name}"));
        (name.to_owned(), words(line))
    };
    let mut all: Vec<_> = units().iter().map(|(name, text)| after(name, text, "ExecStart=")).collect();
    all.push(after("sshd_config", include_str!("../../packaging/sshd_config"), "AuthorizedKeysCommand "));
    let sudoers = include_str!("../../packaging/sudoers");
    all.push(after("sudoers", sudoers, "%radiographers ALL=(cxr) NOPASSWD: "));
    all
}

#[test]
fn what_the_package_runs_names_the_configuration_and_leaves_the_store_to_it() {
    for (name, words) in of_package() {
        let cli = Cli::try_parse_from(&words).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(cli.global.config.as_deref(), Some(Path::new(CONFIGURATION)), "{name}");
        // One on a command line counts before `[store]`, in silence.
        assert_eq!(cli.global.store, None, "{name}");
    }
}

#[test]
fn the_commands_on_the_pages_are_those_of_the_program() {
    for (name, page) in PAGES.into_iter().filter(|(name, _)| *name != "ssh.md") {
        let commands = commands(page);
        let ours: Vec<_> = commands.iter().filter_map(|command| of_program(command)).collect();
        assert!(!ours.is_empty(), "{name}");
        for words in ours {
            Cli::try_parse_from(words).unwrap_or_else(|error| panic!("{name}: {words:?}: {error}"));
        }
    }
}

#[test]
fn the_accounts_and_units_on_the_pages_are_those_that_the_package_brings() {
    let brought: BTreeSet<&str> =
        POSTINST.lines().filter_map(|line| line.trim().strip_prefix("account ")?.split(' ').next()).collect();
    assert_eq!(brought, BTreeSet::from(["cxr", "cxr-keys", "cxr-receive"]));
    let units: BTreeSet<String> = units().into_iter().map(|(name, _)| name).collect();
    let manifest = include_str!("../../Cargo.toml");
    for unit in &units {
        assert!(manifest.contains(&format!("unit-name = \"{unit}\"")), "{unit} is not in the package");
    }
    for (name, page) in PAGES {
        for (at, mark) in page.match_indices("sudo -u ") {
            let account = page[at + mark.len()..].split([' ', '`']).next().unwrap();
            assert!(account == "postgres" || brought.contains(account), "{name}: sudo -u {account}");
        }
        for command in commands(page) {
            let names = command.iter().skip_while(|word| *word != "systemctl").skip(2);
            for unit in names.filter(|word| word.starts_with("cxr")) {
                assert!(units.contains(unit.trim_end_matches(".service")), "{name}: {command:?}");
            }
        }
    }
}

#[test]
fn the_services_configuration_names_the_store_where_it_was_before_it_did() {
    for text in [INSTALL, GENERATE] {
        assert!(text.contains(NAMES_THE_STORE));
    }
    let named = r#"path = "/var/lib/cxr-triage/store.db""#;
    let brought = TEMPLATE.replace("\n#path = \"auto\"\n", &format!("\n{named}\n"));
    assert_ne!(brought, TEMPLATE);
    let config = parse(&brought, Some(Path::new(CONFIGURATION))).unwrap().config;
    let place = config.store_place().unwrap();
    assert_eq!(place.file(), Some(Path::new("/var/lib/cxr-triage/store.db")));
    assert!(POSTINST.contains("store=/var/lib/cxr-triage/store.db\n"));
    for (name, unit) in units() {
        let keeps = unit.contains("StateDirectory=cxr-triage\n");
        assert_eq!(keeps, name != "cxr-receive", "{name} cannot write the store");
    }
}

#[test]
fn the_configuration_of_several_hosts_is_one_and_its_services_reach_a_server() {
    let shown = blocks(SEVERAL_HOSTS, "toml");
    let config = parse(shown[0], Some(Path::new(CONFIGURATION))).unwrap().config;
    let place = config.store_place().unwrap();
    let server = place.server().unwrap();
    assert_eq!((server.user(), server.database()), ("cxr", "cxr"));
    let file = config.store.password_file.unwrap();
    assert!(SEVERAL_HOSTS.contains(&format!("cat > {}", file.display())));
    let roots = server.root_certificates().unwrap().display().to_string();
    assert!(SEVERAL_HOSTS.contains(&format!("/ssl-cert-snakeoil.pem {roots}\n")));
    // The folder that the service watches is one of the inboxes by name.
    let watched = of_package().into_iter().find(|(name, _)| name == "cxr-triage").unwrap().1;
    let Some(Command::Watch(watch)) = Cli::try_parse_from(watched).unwrap().command else {
        panic!("no watch")
    };
    let mounts: Mounts = cxr_triage::config::mounts(&config.inboxes, &[]).unwrap();
    assert_eq!(mounts.iter().next().map(|mount| mount.folder.as_path()), watch.inbox.as_deref());

    let of = |wanted: &str| units().into_iter().find(|(name, _)| name == wanted).unwrap().1;
    let is_cut_off = |unit: &str| unit.contains("PrivateNetwork=yes\n");
    assert!(is_cut_off(&of("cxr-triage")) && !is_cut_off(&of("cxr-work")));
    let drop_in = include_str!("../../packaging/systemd/network.conf");
    for line in ["PrivateNetwork=no\n", "RestrictAddressFamilies=AF_INET AF_INET6\n"] {
        assert!(drop_in.contains(line), "{line}");
    }
    let place = "/etc/systemd/system/cxr-triage.service.d/network.conf";
    assert!(SEVERAL_HOSTS.contains(place) && drop_in.contains(place));
}

#[test]
fn an_upgrade_gives_a_configuration_that_names_no_store_the_place_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.toml");
    let (functions, _) = POSTINST.split_once("\nif [ \"$1\" = configure ]").unwrap();
    let script = functions.replace("/etc/cxr-triage", folder.path().to_str().unwrap()) + "\nname_store\n";
    let program = Path::new(env!("CARGO_BIN_EXE_cxr-triage")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    let upgraded = |before: &str| {
        fs::write(&file, before).unwrap();
        let output =
            std::process::Command::new("sh").args(["-c", &script]).env("PATH", &path).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
        fs::read_to_string(&file).unwrap()
    };
    let was = "path = \"/var/lib/cxr-triage/store.db\"\n";
    for before in
        [TEMPLATE, "", "[log]\nlevel = \"info\"\n", "[log]\n[store]\n# path = \"a\"\n[inbox]\npath = \"b\"\n"]
    {
        let after = upgraded(before);
        let config = parse(&after, Some(Path::new(CONFIGURATION))).unwrap().config;
        assert_eq!(config.store.path.as_deref(), Some(Path::new("/var/lib/cxr-triage/store.db")), "{after}");
        assert_eq!(
            after.replace("\n[store]\n", "").replace(was, "").trim(),
            before.replace("\n[store]\n", "").trim()
        );
    }
    for before in ["[store]\nurl = \"postgres://cxr@db/cxr\"\n", "[store]\n  path = \"/data/a.db\"\n"] {
        assert_eq!(upgraded(before), before);
    }
    // What cannot be read is left as it is.
    assert_eq!(upgraded("[store\n"), "[store\n");
}
