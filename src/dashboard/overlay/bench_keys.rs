//! The keys of the threshold workbench: one table for what they do, for its last line and for the documents.

/// What a key does in the workbench.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::dashboard) enum Deed {
    /// Move the threshold.
    Move(f64),
    /// Turn to the label's other threshold.
    Turn,
    /// The label's thresholds as the model brings them.
    Own,
    /// Take the last change back.
    Undo,
    /// Write the changes into the configuration.
    Save,
}

/// One row of the workbench's keys. The list is moved in, and the workbench closed, by the keys of those actions.
#[derive(Debug)]
pub(in crate::dashboard) struct BenchKey {
    /// What is done.
    pub deed: Deed,
    /// The keys that do it, the one to show first.
    pub keys: &'static [&'static str],
    /// What it does.
    pub about: &'static str,
    /// A word for the last line; neighbours with the same word share it.
    pub hint: &'static str,
}

const fn row(deed: Deed, keys: &'static [&'static str], about: &'static str, hint: &'static str) -> BenchKey {
    BenchKey { deed, keys, about, hint }
}

/// The workbench's own keys.
#[rustfmt::skip]
pub(in crate::dashboard) const BENCH_KEYS: &[BenchKey] = &[
    row(Deed::Move(-0.01), &["left", "h"], "the threshold lower by 0.01", "0.01"),
    row(Deed::Move(0.01), &["right", "l"], "higher by 0.01", "0.01"),
    row(Deed::Move(-0.001), &[","], "lower by 0.001", "0.001"),
    row(Deed::Move(0.001), &["."], "higher by 0.001", "0.001"),
    row(Deed::Move(-0.05), &["<"], "lower by 0.05", "0.05"),
    row(Deed::Move(0.05), &[">"], "higher by 0.05", "0.05"),
    row(Deed::Turn, &["tab", "shift-tab"], "from alert to critical, and back", "alert/critical"),
    row(Deed::Own, &["r"], "the label's thresholds as the model brings them", "own"),
    row(Deed::Undo, &["u"], "take the last change back; with nothing unsaved: write the values before the last save", "undo"),
    row(Deed::Save, &["enter", "ctrl-s"], "write the changes into the configuration", "save"),
];

/// The keys as the documents show them, in Markdown.
#[must_use]
pub fn bench_markdown() -> String {
    let mut lines = vec![
        "| key | what it does |".to_owned(),
        "|---|---|".to_owned(),
        "| `up` `k` `down` `j` | the label above, the label below |".to_owned(),
        "| `pageup` `pagedown` | through the studies that would change their band |".to_owned(),
    ];
    for entry in BENCH_KEYS {
        let keys: Vec<String> = entry.keys.iter().map(|key| format!("`{key}`")).collect();
        lines.push(format!("| {} | {} |", keys.join(" "), entry.about));
    }
    lines.push("| `esc` `q` `t` | close; asks once if something is not saved |".to_owned());
    lines.join("\n")
}
