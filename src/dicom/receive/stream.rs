//! A connection that cannot be held up: each read and each write ends at a deadline.

use std::{
    io::{self, Read, Write},
    net::TcpStream,
    sync::Arc,
    time::{Duration, Instant},
};

use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// A socket with two clocks: none of its reads and writes lasts longer than `idle`, and none goes on after `until`.
#[derive(Debug)]
pub(super) struct Timed {
    socket: TcpStream,
    idle: Duration,
    until: Instant,
}

impl Timed {
    /// A socket that has to come to an end within `time`.
    pub(super) fn new(socket: TcpStream, time: Duration) -> Self {
        Self { socket, idle: time, until: Instant::now() + time }
    }

    /// Sets both clocks anew.
    pub(super) fn limit(&mut self, idle: Duration, time: Duration) {
        self.idle = idle;
        self.until = Instant::now() + time;
    }

    /// Returns the time that the next read or write may take.
    fn left(&self) -> io::Result<Duration> {
        let left = self.until.saturating_duration_since(Instant::now()).min(self.idle);
        // A timeout of zero would mean none.
        if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(left) }
    }
}

impl Read for Timed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.socket.set_read_timeout(Some(self.left()?))?;
        self.socket.read(buffer).map_err(timed_out)
    }
}

impl Write for Timed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.socket.set_write_timeout(Some(self.left()?))?;
        self.socket.write(bytes).map_err(timed_out)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.socket.flush()
    }
}

/// Unix reports a socket's timeout as if the read would block.
fn timed_out(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::WouldBlock => io::ErrorKind::TimedOut.into(),
        _ => error,
    }
}

/// A connection in plain text or in TLS.
#[derive(Debug)]
pub(super) enum Channel {
    /// TCP alone.
    Plain(Timed),
    /// TLS over TCP. The first read or write does the handshake.
    Tls(Box<StreamOwned<ServerConnection, Timed>>),
}

impl Channel {
    /// Takes a socket over; with `tls`, the peer has to begin with a handshake.
    pub(super) fn new(socket: Timed, tls: Option<&Arc<ServerConfig>>) -> Result<Self, rustls::Error> {
        let Some(config) = tls else { return Ok(Self::Plain(socket)) };
        let connection = ServerConnection::new(Arc::clone(config))?;
        Ok(Self::Tls(Box::new(StreamOwned::new(connection, socket))))
    }

    /// Returns the socket, for its clocks.
    pub(super) fn timed(&mut self) -> &mut Timed {
        match self {
            Self::Plain(socket) => socket,
            Self::Tls(stream) => &mut stream.sock,
        }
    }

    /// Says that nothing more will be written.
    pub(super) fn finish_writing(&mut self) {
        if let Self::Tls(stream) = self {
            stream.conn.send_close_notify();
            let _ = stream.flush();
        }
        let _ = self.timed().socket.shutdown(std::net::Shutdown::Write);
    }
}

impl Read for Channel {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.read(buffer),
            Self::Tls(stream) => stream.read(buffer),
        }
    }
}

impl Write for Channel {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.write(bytes),
            Self::Tls(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(socket) => socket.flush(),
            Self::Tls(stream) => stream.flush(),
        }
    }
}
