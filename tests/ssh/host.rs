//! A host with a service, a list of people, and an sshd that asks for them.

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    net::TcpStream,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use cxr_triage::{
    phantom::Phantom,
    store::{AuditEvent, Store, StudyRow},
    study::AuditKind,
};
use tempfile::TempDir;

use crate::support::{
    peers::free_port,
    program::{PROGRAM, program},
    terminal::PATIENCE,
};

const SSHD: &str = "/usr/sbin/sshd";
/// Folders that root alone writes to: sshd runs no program from another one.
const SAFE: &str = "/run";

const CONFIG: &str = "\
[inbox]
path = \"inbox\"
[store]
path = \"data/store.db\"
[people]
file = \"people.toml\"
account = \"root\"
[quality]
inverted = \"off\"
out_of_distribution = \"off\"
";

pub(crate) struct Host {
    folder: TempDir,
    pub(crate) port: u16,
    sshd: Child,
    service: Child,
}

impl Host {
    /// A host whose service has scored one film; none where sshd cannot be run: the reason is printed.
    pub(crate) fn start() -> Option<Self> {
        Self::configured("")
    }

    /// Starts one with more of a configuration.
    pub(crate) fn configured(more: &str) -> Option<Self> {
        if let Some(why) = missing() {
            println!("skipped: {why}");
            return None;
        }
        let folder = tempfile::Builder::new().prefix("cxr-triage-ssh-").tempdir_in(SAFE).unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("inbox")).unwrap();
        fs::write(at("config.toml"), format!("{CONFIG}{more}")).unwrap();
        let film = Phantom::nth(1, 1).dicom(300, "2026-03-02T14:02:00".parse().unwrap());
        fs::write(at("inbox/film.dcm"), film).unwrap();
        let service = start_service(folder.path());
        let port = free_port();
        let sshd = start_sshd(folder.path(), port);
        Some(Self { folder, port, sshd, service })
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn store(&self) -> Store {
        Store::open(self.path("data/store.db")).unwrap()
    }

    /// The one study.
    pub(crate) fn study(&self) -> StudyRow {
        self.store().studies_since(0).unwrap().remove(0)
    }

    pub(crate) fn audit(&self, kind: AuditKind) -> Vec<AuditEvent> {
        self.store().events(0, 10_000).unwrap().into_iter().filter(|event| event.kind == kind).collect()
    }

    /// Waits for the audit to have so many events of a kind.
    pub(crate) fn wait_for(&self, kind: AuditKind, number: usize) -> Vec<AuditEvent> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let events = self.audit(kind);
            if events.len() >= number {
                return events;
            }
            assert!(Instant::now() < deadline, "{number} events {kind:?} did not come: {events:?}");
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// `users ...` on this host.
    pub(crate) fn users(&self, arguments: &[&str]) -> Output {
        command(self.folder.path()).arg("users").args(arguments).output().unwrap()
    }

    /// Makes a key for a person, and puts the person on the list.
    pub(crate) fn person(&self, name: &str, role: &str) -> PathBuf {
        let key = self.key(name);
        let public = key.with_extension("pub");
        let added = self.users(&["add", name, "--key", public.to_str().unwrap(), "--role", role]);
        assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
        key
    }

    /// Makes a key that nobody is known by.
    pub(crate) fn key(&self, name: &str) -> PathBuf {
        let key = self.path(name);
        let made =
            Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key).status();
        assert!(made.unwrap().success());
        key
    }

    /// The fingerprint of a key, by ssh-keygen.
    pub(crate) fn fingerprint(&self, key: &Path) -> String {
        let told = Command::new("ssh-keygen").arg("-lf").arg(key.with_extension("pub")).output().unwrap();
        String::from_utf8(told.stdout).unwrap().split(' ').nth(1).unwrap().to_owned()
    }

    /// The options of a client that comes with a key: none of the developer's own.
    pub(crate) fn options(&self, key: &Path) -> Vec<String> {
        let identity = format!("IdentityFile={}", key.display());
        let port = format!("Port={}", self.port);
        let mut options = vec!["-F".to_owned(), "none".to_owned()];
        for option in [
            "UserKnownHostsFile=/dev/null",
            "StrictHostKeyChecking=no",
            "IdentitiesOnly=yes",
            "IdentityAgent=none",
            "BatchMode=yes",
            "LogLevel=ERROR",
            &identity,
            &port,
        ] {
            options.extend(["-o".to_owned(), option.to_owned()]);
        }
        options
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        for child in [&mut self.sshd, &mut self.service] {
            let _ = child.kill();
            let _ = child.wait();
        }
        if thread::panicking() {
            let log = fs::read_to_string(self.path("sshd.log")).unwrap_or_default();
            println!("sshd said:\n{log}");
        }
    }
}

/// What of sshd's needs is not there.
fn missing() -> Option<String> {
    for program in [SSHD, "/usr/bin/ssh", "/usr/bin/sftp", "/usr/bin/scp"] {
        if !Path::new(program).exists() {
            return Some(format!("there is no {program} here (openssh-server, openssh-client)"));
        }
    }
    let own = fs::metadata("/proc/self").map_or(1, |found| found.uid());
    let safe = fs::metadata(SAFE).is_ok_and(|found| found.uid() == 0 && found.mode() & 0o022 == 0);
    if own != 0 || !safe {
        return Some(format!("sshd is tried by root, with files of root's in {SAFE}"));
    }
    let locked = fs::read_to_string("/etc/shadow").unwrap_or_default();
    let is_locked = |line: &str| line.starts_with("root:!");
    locked.lines().any(is_locked).then(|| "root's account is locked here, and sshd lets nobody in".to_owned())
}

/// The program on the host's configuration, in an environment of its own.
fn command(folder: &Path) -> Command {
    let mut command = program(folder, &[]);
    command.arg("--config").arg(folder.join("config.toml"));
    command
}

/// Starts the pipeline, and waits until the film is scored.
fn start_service(folder: &Path) -> Child {
    let mut service = command(folder).args(["watch", "--headless"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut events = BufReader::new(service.stdout.take().unwrap()).lines();
    let scored = events.by_ref().map(Result::unwrap).any(|event| event.contains("\"event\":\"study\""));
    assert!(scored, "the film was not scored");
    // Somebody must go on reading.
    thread::spawn(move || events.for_each(drop));
    service
}

fn start_sshd(folder: &Path, port: u16) -> Child {
    let at = |name: &str| folder.join(name).display().to_string();
    let made =
        Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f", &at("host_key")]).status();
    assert!(made.unwrap().success());
    // sshd wants a program in folders of root's alone; where the tests are built is anywhere.
    let script = format!(
        "#!/bin/sh\nexec '{PROGRAM}' users authorized-keys --config '{}' \"$@\"\n",
        at("config.toml")
    );
    fs::write(folder.join("authorized-keys"), script).unwrap();
    fs::set_permissions(folder.join("authorized-keys"), fs::Permissions::from_mode(0o755)).unwrap();
    // It permits everything: what is refused, the lines of the list refuse.
    let config = format!(
        "Port {port}\nListenAddress 127.0.0.1\nHostKey {}\nPidFile none\nUsePAM no\nPasswordAuthentication no\n\
         KbdInteractiveAuthentication no\nPermitRootLogin yes\nAuthorizedKeysFile none\n\
         AuthorizedKeysCommand {} %u %t %k\nAuthorizedKeysCommandUser root\nSubsystem sftp internal-sftp\n\
         AllowTcpForwarding yes\nX11Forwarding yes\nAllowAgentForwarding yes\nAllowStreamLocalForwarding yes\n\
         GatewayPorts yes\nPermitTunnel yes\nPermitUserRC yes\nLogLevel VERBOSE\n",
        at("host_key"),
        at("authorized-keys"),
    );
    fs::write(folder.join("sshd_config"), config).unwrap();
    // Its own, for the part without rights.
    let _ = fs::create_dir("/run/sshd");
    let log = fs::File::create(folder.join("sshd.log")).unwrap();
    let sshd = Command::new(SSHD).args(["-D", "-e", "-f", &at("sshd_config")]).stderr(log).spawn().unwrap();
    let deadline = Instant::now() + PATIENCE;
    while !greets(port) {
        assert!(Instant::now() < deadline, "{}", fs::read_to_string(folder.join("sshd.log")).unwrap());
        thread::sleep(Duration::from_millis(20));
    }
    sshd
}

/// Whether an sshd answers at a port of this machine.
pub(crate) fn greets(port: u16) -> bool {
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else { return false };
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut greeting = [0; 4];
    stream.read_exact(&mut greeting).is_ok() && greeting == *b"SSH-"
}
