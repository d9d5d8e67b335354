//! A PostgreSQL server of one test, that can be stopped and started.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    process::{Command, Stdio},
};

use rustix::process::getuid;
use tempfile::TempDir;

use crate::{postgres::programs, support::peers::free_port};

/// A server on a port of this host; ended with its data when dropped.
pub(crate) struct Server {
    folder: TempDir,
    programs: PathBuf,
    port: u16,
}

impl Server {
    /// Makes and starts one; none, and a line that says so, where its programs are not there.
    pub(crate) fn start() -> Option<Self> {
        let programs = programs().inspect_err(|why| println!("skipped: {why}")).ok()?;
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let data = folder.path().join("data");
        fs::create_dir(&data).unwrap();
        let port = free_port();
        let server = Self { folder, programs, port };
        if getuid().is_root() {
            let status = Command::new("chown").arg("postgres").arg(&data).status().unwrap();
            assert!(status.success());
        }
        server.call(
            "initdb",
            &["-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C.UTF-8"],
        );
        let settings = format!(
            "port = {port}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = ''\nfsync = off\n\
             shared_buffers = '32MB'\nmax_connections = 200\n"
        );
        let file = data.join("postgresql.conf");
        fs::write(&file, fs::read_to_string(&file).unwrap() + &settings).unwrap();
        server.begin();
        Some(server)
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn call(&self, program: &str, arguments: &[&str]) {
        let program = self.programs.join(program);
        let mut command = if getuid().is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.arg("-D").arg(self.data()).args(arguments).current_dir(self.data()).stdin(Stdio::null());
        let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
        assert!(status.success(), "{command:?}");
    }

    /// Starts it again.
    pub(crate) fn begin(&self) {
        let log = self.data().join("log");
        self.call("pg_ctl", &["-l", log.to_str().unwrap(), "-w", "-t", "120", "start"]);
    }

    /// Stops it: "fast", or "immediate", as if the machine had lost its power.
    pub(crate) fn stop(&self, how: &str) {
        self.call("pg_ctl", &["-m", how, "-w", "-t", "120", "stop"]);
    }

    /// Keeps a copy of its data, as they are now.
    pub(crate) fn keep_copy(&self) {
        self.stop("fast");
        let status =
            Command::new("cp").arg("-a").arg(self.data()).arg(self.folder.path().join("copy")).status();
        assert!(status.unwrap().success());
        self.begin();
    }

    /// It is lost, and the copy takes its place, as a replica that lagged: it is promoted.
    pub(crate) fn fail_over(&self) {
        self.stop("immediate");
        fs::rename(self.data(), self.folder.path().join("lost")).unwrap();
        fs::rename(self.folder.path().join("copy"), self.data()).unwrap();
        let signal = self.data().join("standby.signal");
        fs::write(&signal, "").unwrap();
        if getuid().is_root() {
            assert!(Command::new("chown").arg("postgres").arg(&signal).status().unwrap().success());
        }
        self.begin();
        self.call("pg_ctl", &["-w", "-t", "120", "promote"]);
    }

    /// Stops all its processes where they are, so that it answers nobody; or lets them go on.
    pub(crate) fn pause(&self, is_paused: bool) {
        let pid = fs::read_to_string(self.data().join("postmaster.pid")).unwrap();
        let pid = pid.lines().next().unwrap().to_owned();
        let children = Command::new("pgrep").args(["-P", &pid]).output().unwrap().stdout;
        let children = String::from_utf8(children).unwrap();
        let signal = if is_paused { "-STOP" } else { "-CONT" };
        let all = std::iter::once(pid.as_str()).chain(children.lines());
        let _ = Command::new("kill").arg(signal).args(all).status().unwrap();
    }

    /// The URL of its database.
    pub(crate) fn url(&self) -> String {
        self.url_of("postgres")
    }

    /// The same for a user.
    pub(crate) fn url_of(&self, user: &str) -> String {
        format!("postgres://{user}@127.0.0.1:{}/postgres?sslmode=disable", self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let log = self.data().join("postmaster.pid");
        if log.exists() {
            self.stop("immediate");
        }
    }
}
