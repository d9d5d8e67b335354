//! Plugins from the command line: checked, tried, and at work in a headless run.

use std::fs;

use serde_json::Value;

use crate::cli::support::{Bench, text};

const ICU: &str = "return { api = 1, name = \"icu\", version = \"2\", permissions = { \"write\", \"tag\" },
    on_film = function(film, study, settings)
        print(\"film\", film.id)
        return { { tag = \"seen\" }, { write = \"films.csv\", header = \"id\\n\", text = study.id .. \"\\n\" } }
    end }";

const CONFIG: &str =
    "[plugins]\nenabled = [\"icu\"]\nexports = \"out\"\n[plugins.icu]\nallow = [\"write\"]\n";

fn bench() -> Bench {
    let bench = Bench::new();
    bench.config(CONFIG);
    fs::create_dir(bench.path("plugins")).unwrap();
    fs::write(bench.path("plugins/icu.luau"), ICU).unwrap();
    bench
}

#[test]
fn a_headless_run_ends_when_the_plugins_have_done_their_part() {
    let bench = bench();
    bench.film("a.png", 1);
    bench.film("b.png", 2);
    let run =
        ["watch", "inbox", "--headless", "--once", "--store", "data/store.db", "--config", "config.toml"];
    let output = bench.run(&run);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let csv = fs::read_to_string(bench.path("out/films.csv")).unwrap();
    assert_eq!(csv.lines().count(), 3, "{csv}");
    let list = bench.run(&["plugins", "list", "--store", "data/store.db", "--config", "config.toml"]);
    let list = text(&list.stdout);
    let line = list.lines().find(|line| line.starts_with("icu ")).unwrap_or_else(|| panic!("{list}"));
    assert!(line.contains("running") && line.contains(" 2 ") && line.contains("your folder"), "{list}");
    assert!(list.contains("portable-first") && list.contains("not enabled"), "{list}");
    // Nothing is done twice.
    assert!(bench.run(&run).status.success());
    assert_eq!(fs::read_to_string(bench.path("out/films.csv")).unwrap(), csv);
}

#[test]
fn check_says_what_a_plugin_asks_for_and_where_a_broken_one_is_wrong() {
    let bench = bench();
    bench.config("[plugins]\nenabled = [\"icu\"]\n");
    let output = bench.run(&["plugins", "check", "--config", "config.toml"]);
    let said = text(&output.stdout);
    assert!(output.status.success(), "{said}");
    for part in
        ["icu 2: in order", "asks for: tag, write", "allow = [\"write\"] under [plugins.icu]", "on_film"]
    {
        assert!(said.contains(part), "{part}: {said}");
    }
    fs::write(bench.path("plugins/icu.luau"), "return {\n  api = 1,\n  name = = 2 }").unwrap();
    let output = bench.run(&["plugins", "check", "plugins/icu.luau", "--config", "config.toml"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).contains("icu.luau:3: "), "{}", text(&output.stdout));
}

#[test]
fn run_prints_what_would_be_done_and_does_nothing() {
    let bench = bench();
    fs::write(bench.path("study.json"), "{\"id\": 5, \"films\": [{\"id\": 9}]}").unwrap();
    let run = ["plugins", "run", "plugins/icu.luau", "--study", "study.json", "--config", "config.toml"];
    let output = bench.run(&run);
    let said = text(&output.stdout);
    let lines: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2, "{said}");
    assert_eq!(lines[0]["effect"]["tag"], "seen");
    assert_eq!(lines[1]["effect"]["write"]["text"], "5\n");
    assert!(text(&output.stderr).contains("film 9"), "{}", text(&output.stderr));
    assert!(!bench.path("out").exists());
    // Those that come with the program go by their names.
    assert!(bench.run(&["plugins", "run", "portable-first", "--config", "config.toml"]).status.success());
}
