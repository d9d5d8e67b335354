//! A PostgreSQL server for the tests: one a process, on this machine alone, gone with the process; a schema a test.

use std::{
    env,
    fmt::Write as _,
    fs,
    io::{BufRead, BufReader, Read},
    path::PathBuf,
    process::{Child, ChildStdin, Command, Stdio},
    sync::{
        Mutex, OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

use cxr_triage::store_place::StorePlace;

use crate::ports::free_port;

/// Where Debian puts the programs of the versions that it has.
const DEBIAN: &str = "/usr/lib/postgresql";

/// Where a test's stores lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Backend {
    /// In files.
    File,
    /// On a PostgreSQL server; in files all the same where there is none to test with.
    Server,
}

/// Sets up a cluster in a folder of its own, runs the server, and ends it with the pipe that it reads from. It does what
/// it does as `postgres` where it is started by root, whom the server refuses.
const SCRIPT: &str = r#"
set -e
umask 077
folder=$(mktemp -d)
trap 'kill -INT $server 2>/dev/null || true; wait $server 2>/dev/null || true; rm -rf "$folder"' EXIT
"$BIN/initdb" -D "$folder/data" -U postgres -A trust -E UTF8 --locale=C --no-sync >"$folder/initdb.log" 2>&1 || {
    cat "$folder/initdb.log" >&2; exit 1; }
secure=off
if [ -n "$TLS" ]; then
    cd "$folder"
    openssl req -x509 -subj /CN=root -newkey rsa:2048 -nodes -days 2 -keyout root.key -out root.pem
    openssl req -subj /CN=db -newkey rsa:2048 -nodes -keyout server.key -out server.csr
    echo "subjectAltName=DNS:localhost" >names
    openssl x509 -req -in server.csr -CA root.pem -CAkey root.key -CAcreateserial -days 2 -extfile names -out server.pem
    chmod 755 "$folder"; chmod 644 root.pem
    secure=on
    cd /
fi 2>"$folder/openssl.log" >&2
sed -i '1i host all locked 127.0.0.1/32 scram-sha-256' "$folder/data/pg_hba.conf"
"$BIN/postgres" -D "$folder/data" -p "$PORT" -c listen_addresses=127.0.0.1 -c unix_socket_directories="$folder" \
    -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=300 -c shared_buffers=64MB \
    -c autovacuum=off -c logging_collector=off -c ssl="$secure" -c ssl_cert_file="$folder/server.pem" -c ssl_key_file="$folder/server.key" >"$folder/log" 2>&1 </dev/null &
server=$!
for try in $(seq 300); do
    "$BIN/pg_isready" -q -h 127.0.0.1 -p "$PORT" && break
    kill -0 $server 2>/dev/null || { cat "$folder/log" >&2; exit 1; }
    sleep 0.1
done
"$BIN/psql" -q -h 127.0.0.1 -p "$PORT" -U postgres -d postgres \
    -c "CREATE ROLE locked LOGIN PASSWORD 's3cret'; CREATE ROLE guest LOGIN; CREATE ROLE crowded LOGIN CONNECTION LIMIT 0"
echo ready "$folder"
cat >/dev/null
"#;

/// A server that runs as long as the value lives.
pub(crate) struct Server {
    pub(crate) port: u16,
    /// Its folder; `log` in it is what it says.
    pub(crate) folder: PathBuf,
    child: Child,
    ends: Option<ChildStdin>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.ends = None;
        let _ = self.child.wait();
    }
}

/// The folder of the newest server's programs; why there is none to test with.
pub(crate) fn programs() -> Result<PathBuf, String> {
    if let Some(named) = env::var_os("CXR_TRIAGE_POSTGRES_BIN") {
        return Ok(named.into());
    }
    let mut versions: Vec<u32> = fs::read_dir(DEBIAN)
        .map(|found| found.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect())
        .unwrap_or_default();
    versions.sort_unstable();
    let newest = versions
        .last()
        .ok_or_else(|| format!("no PostgreSQL below {DEBIAN} (apt-get install postgresql-15)"))?;
    Ok(PathBuf::from(DEBIAN).join(newest.to_string()).join("bin"))
}

impl Server {
    /// Starts one; the reason where that cannot be done here.
    pub(crate) fn start() -> Result<Self, String> {
        Self::begin(false)
    }

    /// Starts one that has TLS, with a certificate for `localhost` by the root in `root.pem` of its folder.
    pub(crate) fn start_with_tls() -> Result<Self, String> {
        Self::begin(true)
    }

    fn begin(has_tls: bool) -> Result<Self, String> {
        let bin = programs()?;
        let port = free_port();
        let is_root = rustix::process::getuid().is_root();
        let mut command = if is_root {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=postgres", "--regid=postgres", "--init-groups", "sh", "-c", SCRIPT]);
            command
        } else {
            let mut command = Command::new("sh");
            command.args(["-c", SCRIPT]);
            command
        };
        command
            .env("BIN", &bin)
            .env("PORT", port.to_string())
            .env("LC_ALL", "C")
            .env("TLS", if has_tls { "yes" } else { "" })
            .env_remove("TMPDIR")
            .current_dir("/");
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = child.map_err(|error| format!("the server does not start: {error}"))?;
        let mut said = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut said).unwrap();
        let mut words = said.split_whitespace();
        let (Some("ready"), Some(folder)) = (words.next(), words.next()) else {
            let mut why = String::new();
            child.stderr.take().unwrap().read_to_string(&mut why).unwrap();
            return Err(format!("the server does not start: {why}"));
        };
        let (folder, ends) = (folder.into(), child.stdin.take());
        Ok(Self { port, folder, child, ends })
    }

    /// The URL of its first database.
    pub(crate) fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres?sslmode=disable", self.port)
    }

    /// A URL with a schema that nothing is in.
    pub(crate) fn schema(&self) -> String {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("test{}", NEXT.fetch_add(1, Ordering::Relaxed));
        Raw::connect(&self.url()).batch(&format!("CREATE SCHEMA {name}"));
        format!("{}&options=-c%20search_path%3D{name}", self.url())
    }
}

/// The server of this process; none, and the reason is printed once, where there cannot be one.
pub(crate) fn server() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    SERVER
        .get_or_init(|| {
            Server::start()
                .inspect_err(|why| println!("tests of a store on a server are skipped: {why}"))
                .ok()
        })
        .as_ref()
}

/// The place of a URL.
pub(crate) fn place(url: &str) -> StorePlace {
    StorePlace::parse(url.as_ref()).unwrap()
}

/// A connection of a test's own.
pub(crate) struct Raw {
    client: Mutex<tokio_postgres::Client>,
    runtime: tokio::runtime::Runtime,
}

impl Raw {
    pub(crate) fn connect(url: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let client = runtime.block_on(async {
            let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
            tokio::spawn(connection);
            client
        });
        Self { client: Mutex::new(client), runtime }
    }

    /// Carries out statements.
    pub(crate) fn batch(&self, sql: &str) {
        let client = self.client.lock().unwrap();
        self.runtime.block_on(client.batch_execute(sql)).unwrap();
    }

    /// The rows of a query as text, columns divided by a bar.
    pub(crate) fn rows(&self, sql: &str) -> Vec<String> {
        let client = self.client.lock().unwrap();
        let messages = self.runtime.block_on(client.simple_query(sql)).unwrap();
        let rows = messages.into_iter().filter_map(|message| match message {
            tokio_postgres::SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        });
        rows.map(|row| {
            let mut text = String::new();
            for at in 0..row.len() {
                let bar = if at > 0 { "|" } else { "" };
                write!(text, "{bar}{}", row.get(at).unwrap_or("")).unwrap();
            }
            text
        })
        .collect()
    }
}
