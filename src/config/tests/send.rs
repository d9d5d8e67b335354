use crate::{
    config::{When, parse},
    dicom::results::What,
    study::Severity,
};

const PACS: &str = "[send.pacs]\nhost = \"10.1.2.3\"\naet = \"PACS\"\n";

#[test]
fn a_destination_is_read() {
    let text = format!(
        "{PACS}port = 2762\ncalling_aet = \"TRIAGE 1\"\ntls = true\ntls_roots = \"ca.pem\"\nwhat = [\"sr\", \"sc\"]\n\
         when = \"urgent\"\nheld = true\n[send.archive]\nhost = \"archive.example.org\"\naet = \"A\""
    );
    let send = parse(&text, Some("/etc/cxr/c.toml".as_ref())).unwrap().config.send;
    let pacs = &send["pacs"];
    assert_eq!(
        (pacs.port, pacs.calling_aet.as_str(), pacs.when, pacs.held),
        (2762, "TRIAGE 1", When::Urgent, true)
    );
    assert_eq!(pacs.what, [What::Sr, What::Sc]);
    assert_eq!(pacs.tls_roots.as_deref(), Some("/etc/cxr/ca.pem".as_ref()));
    let archive = &send["archive"];
    assert_eq!(
        (archive.port, archive.when),
        (104, When::OnCommand),
        "nothing goes out by itself unless it is written"
    );
    assert_eq!(archive.what, [What::Sr]);
}

#[test]
fn a_band_is_sent_or_not() {
    use Severity::{Critical, Held, Routine, Urgent};
    for (when, bands) in [
        (When::Critical, &[Critical][..]),
        (When::Urgent, &[Critical, Urgent]),
        (When::All, &[Critical, Urgent, Routine]),
        (When::OnCommand, &[]),
    ] {
        for band in [Critical, Urgent, Routine, Held] {
            assert_eq!(when.includes(band), bands.contains(&band), "{when:?} {band:?}");
        }
    }
}

#[test]
fn mistakes_are_named() {
    for (text, says) in [
        ("[send.pacs]\naet = \"PACS\"", "has no `host`"),
        ("[send.pacs]\nhost = \"h\"", "has no `aet`"),
        ("[send.pacs]\nhost = \"http://h\"\naet = \"A\"", "is not a host"),
        ("[send.\"my pacs\"]\nhost = \"h\"\naet = \"A\"", "no name for a destination"),
        (&format!("{PACS}port = 0"), "0 is no port"),
        (&format!("{PACS}calling_aet = \"A TITLE THAT IS TOO LONG\""), "is not an AE title"),
        (&format!("{PACS}what = []"), "nothing is sent"),
        (&format!("{PACS}what = [\"pdf\"]"), "pdf"),
        (&format!("{PACS}when = \"always\""), "always"),
        (&format!("{PACS}tls = true"), "no `tls_roots`"),
        (&format!("{PACS}tls_roots = \"ca.pem\""), "`tls` is not on"),
        (&format!("{PACS}tls_certificate = \"c.pem\"\ntls_key = \"k.pem\""), "`tls` is not on"),
        (&format!("{PACS}tls_key = \"k.pem\""), "`tls` is not on"),
        (&format!("{PACS}tls_name = \"pacs.example.org\""), "`tls` is not on"),
        (&format!("{PACS}tls = true\ntls_roots = \"ca.pem\"\ntls_key = \"k.pem\""), "no `tls_certificate`"),
        (&format!("{PACS}tls = true\ntls_roots = \"ca.pem\"\ntls_certificate = \"c.pem\""), "no `tls_key`"),
        (&format!("{PACS}hots = \"h\""), "hots"),
    ] {
        let error = parse(text, None).unwrap_err();
        assert!(error.message.contains(says), "{text}: {error}");
        assert!(error.line.is_some(), "{text}: {error}");
    }
}
