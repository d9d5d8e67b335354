//! The keys of the threshold workbench: one table for what they do, for its last line and for the documents.

/// An action of the workbench.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum BenchAction {
    /// Move the threshold.
    Move(f64),
    /// Switch to the label's other threshold.
    Switch,
    /// The label's thresholds as the model brings them.
    Own,
    /// Take the last change back.
    Undo,
    /// Write the changes into the configuration.
    Save,
}

/// One row of the workbench's keys. The list is moved in, and the workbench closed, by the keys of those actions.
#[derive(Debug)]
pub(super) struct BenchKey {
    /// The action.
    pub action: BenchAction,
    /// The keys that do it, the one to show first.
    pub keys: &'static [&'static str],
    /// Its description.
    pub about: &'static str,
    /// A word for the last line; neighbours with the same word share it.
    pub hint: &'static str,
}

const fn row(
    action: BenchAction,
    keys: &'static [&'static str],
    about: &'static str,
    hint: &'static str,
) -> BenchKey {
    BenchKey { action, keys, about, hint }
}

/// The workbench's own keys.
#[rustfmt::skip]
pub(super) const BENCH_KEYS: &[BenchKey] = &[
    row(BenchAction::Move(-0.01), &["left", "h"], "the threshold lower by 0.01", "0.01"),
    row(BenchAction::Move(0.01), &["right", "l"], "higher by 0.01", "0.01"),
    row(BenchAction::Move(-0.001), &[","], "lower by 0.001", "0.001"),
    row(BenchAction::Move(0.001), &["."], "higher by 0.001", "0.001"),
    row(BenchAction::Move(-0.05), &["<"], "lower by 0.05", "0.05"),
    row(BenchAction::Move(0.05), &[">"], "higher by 0.05", "0.05"),
    row(BenchAction::Switch, &["tab", "shift-tab"], "from alert to critical, and back", "alert/critical"),
    row(BenchAction::Own, &["r"], "the label's thresholds as the model brings them", "own"),
    row(BenchAction::Undo, &["u"], "take the last change back; with nothing unsaved: write the values before the last save", "undo"),
    row(BenchAction::Save, &["enter", "ctrl-s"], "write the changes into the configuration", "save"),
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
