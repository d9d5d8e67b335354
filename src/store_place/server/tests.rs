use super::*;

fn place(url: &str) -> Result<ServerPlace, StoreUrlError> {
    ServerPlace::parse_with(url, |name| (name == "PGUSER").then(|| "rad".to_owned()))
}

#[test]
fn a_url_is_shown_without_its_password() {
    for (url, expected) in [
        ("postgres://ines@db.example/films", "postgres://ines@db.example/films"),
        ("postgres://ines:s3cret@db.example:5433/films", "postgres://ines@db.example:5433/films"),
        ("postgresql://ines:s3cret@a,b/films?password=s3cret", "postgres://ines@a,b/films"),
        (
            "postgres://db/films?sslmode=require&options=-c%20search_path%3Der",
            "postgres://rad@db/films?options=-c search_path=er",
        ),
        ("postgres://rad@%2Ftmp%2Fpg:5555/films", "postgres://rad@/tmp/pg:5555/films"),
    ] {
        let place = place(url).unwrap();
        assert_eq!(place.to_string(), expected, "{url}");
        assert!(!format!("{place:?}").contains("s3cret"), "{place:?}");
    }
}

#[test]
fn sslmode_is_that_of_libpq() {
    for (word, mode, wire) in [
        ("disable", TlsMode::Disable, SslMode::Disable),
        ("prefer", TlsMode::Prefer, SslMode::Prefer),
        ("require", TlsMode::Require, SslMode::Require),
        ("verify-ca", TlsMode::VerifyCa, SslMode::Require),
        ("verify-full", TlsMode::VerifyFull, SslMode::Require),
    ] {
        let place = place(&format!("postgres://h/d?sslmode={word}&sslrootcert=%2Fetc%2Fr.pem")).unwrap();
        assert_eq!((place.tls(), place.config().get_ssl_mode()), (mode, wire), "{word}");
        assert_eq!(place.root_certificates(), Some(Path::new("/etc/r.pem")));
    }
    assert_eq!(place("postgres://h/d").unwrap().tls(), TlsMode::Prefer);
}

#[test]
fn a_url_with_a_mistake_is_refused_without_its_password() {
    for (url, word) in [
        ("postgres://a:s3cret@h/d?sslmode=full", "sslmode"),
        ("postgres://a:s3cret@h/d?colour=red", "colour"),
        ("postgres://a:s3cret@h:port/d", "port"),
    ] {
        let error = place(url).unwrap_err().to_string();
        assert!(error.contains(word) && !error.contains("s3cret"), "{url}: {error}");
    }
}

#[test]
fn a_password_with_the_signs_of_a_url_costs_no_tls() {
    for url in [
        "postgres://a:s3?cret@h/d?sslmode=require",
        "postgres://a:s3?cr=et@h/d?sslmode=require&application_name=x",
        "postgres://a:s3?cret@h?sslmode=require",
        "postgres://a:s3/cret@h/d?sslmode=require",
        "postgres://a:s3%3Fcret@h/d?sslmode=require",
        "postgres://a@h/d?sslmode=require&passfile=/etc/a@b",
        "postgres://h/d?sslmode=require&application_name=a@b",
    ] {
        let place = place(url).unwrap();
        assert_eq!((place.tls(), place.hosts()), (TlsMode::Require, vec![("h".to_owned(), PORT)]), "{url}");
    }
    let password = place("postgres://a:s3?cret@h/d").unwrap().password().unwrap().unwrap();
    assert_eq!(password.bytes(), b"s3?cret");
    for url in [
        "postgres://a:s3?cr/et@h/d?sslmode=require",
        "postgres://a:s3/cr?et@h/d?sslmode=require",
        "postgres://a:s3/cr?et=1@h/d?sslmode=require",
        "postgres://h?sslmode=require&passfile=a@b",
    ] {
        let error = place(url).unwrap_err().to_string();
        assert!(error.contains("%3F") && !error.contains("s3"), "{url}: {error}");
    }
}

#[test]
fn ways_to_write_one_database_have_one_folder_and_others_another() {
    let name = |url: &str| place(url).unwrap().folder_name();
    let one = name("postgres://a@h/d");
    assert_eq!(one, name("postgresql://b:x@h:5432/d?sslmode=disable"));
    for other in [
        "postgres://a@h/e",
        "postgres://a@g/d",
        "postgres://a@h:1/d",
        "postgres://a@h/d?options=-c%20search_path=x",
    ] {
        assert_ne!(one, name(other), "{other}");
    }
    assert!(name("postgres://a@%2Fvar%2Frun/d").chars().all(|c| c != '/'));
}

#[test]
fn a_socket_of_this_host_needs_no_tls() {
    for url in ["postgres://%2Ftmp%2Fpg/d?sslmode=require", "postgres:///d?host=/tmp/pg"] {
        assert_eq!(place(url).unwrap().config().get_ssl_mode(), SslMode::Disable, "{url}");
    }
    assert_eq!(place("postgres://%2Ftmp%2Fpg,h/d").unwrap().config().get_ssl_mode(), SslMode::Prefer);
}
