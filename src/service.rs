//! Messages to a service manager, by the protocol of `sd_notify(3)`: a datagram each. Where nobody asks for it,
//! nothing is done.

use std::{
    env,
    ffi::OsStr,
    io,
    os::unix::net::{SocketAddr, UnixDatagram},
};

/// Names the socket that the service manager listens at.
const SOCKET: &str = "NOTIFY_SOCKET";

/// Says that the start is over and the work has begun.
pub fn is_ready() {
    tell("READY=1");
}

/// Gives a sign of life; where `WatchdogSec=` is set, the program is started again when none comes for that long.
pub fn is_alive() {
    tell("WATCHDOG=1");
}

/// Says that the end has begun.
pub fn is_stopping() {
    tell("STOPPING=1");
}

/// Says in one line how it goes, for `systemctl status`.
pub fn status(line: &str) {
    tell(&format!("STATUS={}", line.replace(['\n', '\r'], " ")));
}

fn tell(message: &str) {
    let Some(socket) = env::var_os(SOCKET).filter(|socket| !socket.is_empty()) else { return };
    if let Err(error) = send(&socket, message) {
        tracing::debug!(%error, "the service manager could not be told");
    }
}

fn send(socket: &OsStr, message: &str) -> io::Result<()> {
    let sender = UnixDatagram::unbound()?;
    // A service manager that does not read holds nothing up.
    sender.set_nonblocking(true)?;
    sender.send_to_addr(message.as_bytes(), &address(socket)?).map(|_| ())
}

/// A path, or with an `@` before it a name that is no file (unix(7), abstract).
fn address(socket: &OsStr) -> io::Result<SocketAddr> {
    use std::os::unix::ffi::OsStrExt;
    #[cfg(target_os = "linux")]
    if let Some(name) = socket.as_bytes().strip_prefix(b"@") {
        return <SocketAddr as std::os::linux::net::SocketAddrExt>::from_abstract_name(name);
    }
    SocketAddr::from_pathname(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_comes_by_a_path_and_by_a_name_that_is_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let name = format!("cxr-triage-test-{}", std::process::id());
        let of_name = <SocketAddr as std::os::linux::net::SocketAddrExt>::from_abstract_name(&name).unwrap();
        for (listener, socket) in [
            (UnixDatagram::bind(&path).unwrap(), path.clone().into_os_string()),
            (UnixDatagram::bind_addr(&of_name).unwrap(), format!("@{name}").into()),
        ] {
            send(&socket, "READY=1").unwrap();
            let mut bytes = [0; 64];
            let length = listener.recv(&mut bytes).unwrap();
            assert_eq!(&bytes[..length], b"READY=1");
        }
        send(folder.path().join("nobody").as_os_str(), "READY=1").unwrap_err();
    }
}
