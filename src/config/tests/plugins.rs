//! `[plugins]`.

use crate::config::parse;

#[test]
fn a_plugins_section_holds_its_grants_and_its_settings() {
    let text = "[plugins]\nenabled = [\"csv-log\"]\nexports = \"out\"\n\
                programs = { page = [\"/bin/page\", \"-x\"] }\n\
                [plugins.csv-log]\nallow = [\"write\"]\nminutes = 5\nwords = [\"ICU\"]";
    let plugins = parse(text, Some("/etc/cxr/c.toml".as_ref())).unwrap().config.plugins;
    assert_eq!(plugins.exports.as_deref(), Some("/etc/cxr/out".as_ref()));
    let own = &plugins.own["csv-log"];
    assert_eq!(own.allow, ["write"]);
    assert_eq!(own.settings["minutes"], 5);
    assert_eq!(own.settings["words"], serde_json::json!(["ICU"]));
}

#[test]
fn mistakes_are_named() {
    for (text, says) in [
        ("[plugins]\nenabeld = [\"a\"]", "unknown key `enabeld`"),
        ("[plugins]\nenabled = \"a\"", "there should be a list"),
        ("[plugins]\nwebhooks = [\"pager.example.org\"]", "not the beginning of a URL"),
        ("[plugins]\nwebhooks = [\"https://user@host/\"]", "not the beginning of a URL"),
        ("[plugins.programs]\npage = [\"page\"]", "no whole path"),
        ("[plugins.programs]\npage = []", "no whole path"),
        ("[plugins.a]\nallow = \"write\"", "no list of permissions"),
        ("[plugins.a]\nallow = [\"wriet\"]", "nothing that needs to be allowed"),
        ("[plugins.a]\nallow = [\"tag\"]", "nothing that needs to be allowed"),
    ] {
        let error = parse(text, None).unwrap_err();
        assert!(error.message.contains(says), "{text}: {error}");
        assert!(error.line.is_some(), "{text}: {error}");
    }
}
