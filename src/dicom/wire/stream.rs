//! A connection that cannot be held up: each read and each write ends at a deadline.

use std::{
    io::{self, Read, Write},
    net::TcpStream,
    sync::Arc,
    time::{Duration, Instant},
};

use rustls::{
    ClientConfig, ClientConnection, ServerConfig, ServerConnection, StreamOwned, pki_types::ServerName,
};

/// A socket with two clocks: none of its reads and writes lasts longer than `idle`, and none goes on after `until`.
#[derive(Debug)]
pub(in crate::dicom) struct Timed {
    socket: TcpStream,
    idle: Duration,
    until: Instant,
}

impl Timed {
    /// A socket that has to come to an end within `time`.
    pub(in crate::dicom) fn new(socket: TcpStream, time: Duration) -> Self {
        Self { socket, idle: time, until: Instant::now() + time }
    }

    /// Sets both clocks anew.
    pub(in crate::dicom) fn limit(&mut self, idle: Duration, time: Duration) {
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
pub(in crate::dicom) enum Channel {
    /// TCP alone.
    Plain(Timed),
    /// TLS over TCP, of one who connected to us. The first read or write does the handshake.
    Accepted(Box<StreamOwned<ServerConnection, Timed>>),
    /// TLS over TCP, of one whom we connected to. The first read or write does the handshake.
    Connected(Box<StreamOwned<ClientConnection, Timed>>),
}

impl Channel {
    /// Takes the socket of one who connected to us; with `tls`, the peer has to begin with a handshake.
    pub(in crate::dicom) fn accept(
        socket: Timed,
        tls: Option<&Arc<ServerConfig>>,
    ) -> Result<Self, rustls::Error> {
        let Some(config) = tls else { return Ok(Self::Plain(socket)) };
        let connection = ServerConnection::new(Arc::clone(config))?;
        Ok(Self::Accepted(Box::new(StreamOwned::new(connection, socket))))
    }

    /// Takes the socket of a connection that we have made; with TLS, the peer has to prove that it bears the name.
    pub(in crate::dicom) fn connect(
        socket: Timed,
        tls: Option<(Arc<ClientConfig>, ServerName<'static>)>,
    ) -> Result<Self, rustls::Error> {
        let Some((config, name)) = tls else { return Ok(Self::Plain(socket)) };
        let connection = ClientConnection::new(config, name)?;
        Ok(Self::Connected(Box::new(StreamOwned::new(connection, socket))))
    }

    /// Returns the socket, for its clocks.
    pub(in crate::dicom) fn timed(&mut self) -> &mut Timed {
        match self {
            Self::Plain(socket) => socket,
            Self::Accepted(stream) => &mut stream.sock,
            Self::Connected(stream) => &mut stream.sock,
        }
    }

    /// Says that nothing more will be written.
    pub(in crate::dicom) fn finish_writing(&mut self) {
        match self {
            Self::Plain(_) => {}
            Self::Accepted(stream) => stream.conn.send_close_notify(),
            Self::Connected(stream) => stream.conn.send_close_notify(),
        }
        let _ = self.flush();
        let _ = self.timed().socket.shutdown(std::net::Shutdown::Write);
    }
}

impl Read for Channel {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.read(buffer),
            Self::Accepted(stream) => stream.read(buffer),
            Self::Connected(stream) => stream.read(buffer),
        }
    }
}

impl Write for Channel {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.write(bytes),
            Self::Accepted(stream) => stream.write(bytes),
            Self::Connected(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(socket) => socket.flush(),
            Self::Accepted(stream) => stream.flush(),
            Self::Connected(stream) => stream.flush(),
        }
    }
}
