//! `show` where its output is no terminal: text, and a file.

use std::fs;

use crate::cli::support::{Bench, text};

#[test]
fn piped_output_is_plain_text_in_the_sites_order() {
    let bench = Bench::new();
    bench.film("a.png", 1);
    let output = bench.run(&["show", "inbox/a.png"]);
    let printed = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{printed}{}", text(&output.stderr));
    assert!(!printed.contains('\u{1b}') && !printed.contains('▄'), "{printed:?}");
    let lines: Vec<&str> = printed.lines().collect();
    assert_eq!(lines[0], "inbox/a.png");
    let first = |printed: &str| {
        let table = printed.lines().skip_while(|line| !line.starts_with("FINDING"));
        table
            .skip(1)
            .take(2)
            .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
            .collect::<Vec<_>>()
    };
    assert_eq!(first(&printed).len(), 2, "{printed}");

    bench.config("[dashboard]\nfindings_order = [\"Hernia\", \"Mass\"]\n");
    let output = bench.run(&["show", "inbox/a.png", "--config", "config.toml"]);
    assert_eq!(first(&text(&output.stdout)), ["Hernia", "Mass"]);

    bench.config("[dashboard]\nfindings_order = [\"Hernja\"]\n");
    let output = bench.run(&["show", "inbox/a.png", "--config", "config.toml"]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("config.toml:2") && said.contains("did you mean `Hernia`?"), "{said}");
}

#[test]
fn out_writes_a_picture_of_the_films_size() {
    let bench = Bench::new();
    bench.film("a.png", 1);
    for (label, grey) in [("Pneumonia", false), ("none", true)] {
        let output = bench.run(&["show", "inbox/a.png", "--label", label, "--out", "out.png"]);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        let picture = image::load_from_memory(&fs::read(bench.path("out.png")).unwrap()).unwrap().to_rgb8();
        assert_eq!(picture.dimensions(), (320, 300));
        let is_grey = picture.pixels().all(|pixel| pixel[0] == pixel[1] && pixel[1] == pixel[2]);
        assert_eq!(is_grey, grey, "the heatmap of {label}");
    }
    let output = bench.run(&["show", "inbox/a.png", "--label", "Efusion"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("Effusion"), "{}", text(&output.stderr));
}
