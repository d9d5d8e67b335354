//! TLS with dcmtk, with and without the certificates of senders.

use crate::network::support::{Site, has_dcmtk, peer};

/// A root, and certificates of it for the receiver and a sender; false where openssl is not here.
pub(crate) fn certificates(site: &Site) -> bool {
    let path = |name: &str| site.path(name).to_str().unwrap().to_owned();
    let openssl = |arguments: &[&str]| {
        let output = std::process::Command::new("openssl").args(arguments).output();
        output.is_ok_and(|output| output.status.success())
    };
    let (root, root_key) = (path("root.pem"), path("root.key"));
    let new_key = ["-newkey", "rsa:2048", "-nodes", "-days", "2"];
    let made = openssl(
        &[&["req", "-x509", "-subj", "/CN=root", "-keyout", &root_key, "-out", &root][..], &new_key].concat(),
    ) && ["receiver", "sender"].iter().all(|name| {
        let (request, key, certificate) =
            (path(&format!("{name}.csr")), path(&format!("{name}.key")), path(&format!("{name}.pem")));
        let subject = format!("/CN={name}");
        let names = path("names");
        std::fs::write(&names, "subjectAltName=IP:127.0.0.1,DNS:localhost\n").unwrap();
        openssl(&[&["req", "-subj", &subject, "-keyout", &key, "-out", &request][..], &new_key].concat())
            && openssl(&[
                "x509",
                "-req",
                "-in",
                &request,
                "-CA",
                &root,
                "-CAkey",
                &root_key,
                "-CAcreateserial",
                "-days",
                "2",
                "-extfile",
                &names,
                "-out",
                &certificate,
            ])
    });
    if !made {
        println!("skipped: openssl is not installed");
    }
    made
}

#[test]
fn a_sender_speaks_tls_and_needs_a_certificate_where_the_site_wants_one() {
    let base = "[receive]\ntls_certificate = \"receiver.pem\"\ntls_key = \"receiver.key\"\n";
    let mutual = format!("{base}tls_senders = \"root.pem\"\n");
    for (config, is_anonymous_let_in) in [(base, true), (mutual.as_str(), false)] {
        let site = Site::new(config);
        if !has_dcmtk() || !certificates(&site) {
            return;
        }
        let mut receiver = site.receive();
        let path = |name: &str| site.path(name).to_str().unwrap().to_owned();
        let port = receiver.port.to_string();
        let (root, key, certificate) = (path("root.pem"), path("sender.key"), path("sender.pem"));
        let to = ["-aec", "CXRTRIAGE", "127.0.0.1", &port];
        let with = [&["+tls", &key, &certificate, "+cf", &root][..], &to].concat();
        let without = [&["+tla", "+cf", &root][..], &to].concat();
        let known = peer("echoscu", &with);
        assert!(known.status.success(), "{}", String::from_utf8_lossy(&known.stderr));
        assert_eq!(receiver.event("echo")["sender"], "ECHOSCU");
        assert_eq!(peer("echoscu", &without).status.success(), is_anonymous_let_in);
        assert!(!peer("echoscu", &to).status.success(), "plain DICOM");
        let reason = receiver.event("refused")["reason"].as_str().unwrap().to_owned();
        assert!(reason.contains("TLS"), "{reason}");
    }
}
