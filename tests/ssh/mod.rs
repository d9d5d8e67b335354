//! People over SSH: a real sshd on the loopback network, with its own configuration, host key and port, and OpenSSH's own
//! clients. It takes root, for sshd asks who owns its files; where it cannot be done, that is said, and the tests are
//! skipped.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "the helpers of tests fail and skip like tests")]

mod attempts;
mod connection;
mod host;
mod sessions;

#[test]
fn the_set_up_that_the_documents_show_is_the_file_that_the_package_brings() {
    let page = include_str!("../../docs/ssh.md");
    let file = include_str!("../../packaging/sshd_config");
    let (_, shown) = page.split_once("<<'END'\n").unwrap();
    let (shown, _) = shown.split_once("END\n").unwrap();
    let brought: String = file.split_inclusive('\n').filter(|line| !line.starts_with('#')).collect();
    assert_eq!(shown, brought);
}
