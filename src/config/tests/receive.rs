//! `[receive]`.

use crate::config::parse;

#[test]
fn senders_are_read_as_people_write_them_and_files_start_at_the_configurations_folder() {
    let text = "[receive]\naet = \"CHEST 1\"\nmax_film = \"2 GB\"\ntls_certificate = \"c.pem\"\n\
                tls_key = \"/etc/k.pem\"\n[receive.peers]\nCR-1 = \"10.1.2.3\"\n\
                \"DX 2\" = [\"10.1.0.0/16\", \"fd00::1\"]\nPACS = \"any\"";
    let receive = parse(text, Some("/etc/cxr/c.toml".as_ref())).unwrap().config.receive;
    assert_eq!((receive.aet.as_str(), receive.max_film), ("CHEST 1", 2_000_000_000));
    assert_eq!(receive.tls_certificate.as_deref(), Some("/etc/cxr/c.pem".as_ref()));
    assert_eq!(receive.peers["DX 2"].0, ["10.1.0.0/16", "fd00::1"]);
    assert_eq!(receive.peers["PACS"].0, ["any"]);
}

#[test]
fn mistakes_are_named() {
    for (text, says) in [
        ("port = 0", "0 is no port"),
        ("port = 70000", "70000"),
        ("aet = \"A TITLE THAT IS TOO LONG\"", "is not an AE title"),
        ("aet = \" \"", "is not an AE title"),
        ("classes = [\"ct\"]", "`ct` is no class of films"),
        ("associations = 0", "there cannot be 0 associations"),
        ("idle = \"10ms\"", "too short"),
        ("max_film = \"a lot\"", "`a lot` is not a size"),
        ("max_film = 5", "`5` is not a size"),
        ("tls_certificate = \"c.pem\"", "no `tls_key`"),
        ("tls_senders = \"c.pem\"", "no `tls_certificate`"),
        ("peers = { CR-1 = \"here\" }", "`here` is not an address"),
        ("peers = { CR-1 = [\"10.1.2.0/40\"] }", "`10.1.2.0/40` is not an address"),
        ("peers = { CR-1 = 5 }", "an address is text"),
        ("peers = { \"a title that is too long\" = \"any\" }", "is not an AE title"),
    ] {
        let error = parse(&format!("[receive]\n{text}"), None).unwrap_err();
        assert!(error.message.contains(says), "{text}: {error}");
        assert_eq!(error.line, Some(2), "{text}: {error}");
    }
}
