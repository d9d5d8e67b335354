//! Thresholds written into the file, its comments kept.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use toml_edit::{DocumentMut, Item, Table, TableLike, value};

use super::{ConfigError, LabelDefaults, parse, rules};

/// Sets `alert` for labels of one model in the text of a configuration; all else stays as it is, comments
/// and order included.
///
/// # Errors
/// The text is no TOML, or `thresholds`, the model or a label is there and is no table.
pub fn with_alerts(text: &str, model: &str, alerts: &[(&str, f64)]) -> Result<String, ConfigError> {
    let fail = |message: &str| {
        ConfigError::of_file(None, message, Some("write the thresholds as [thresholds.MODEL.LABEL] by hand"))
    };
    let mut document: DocumentMut = text.parse().map_err(|_| fail("this is not TOML"))?;
    let thresholds = document.entry("thresholds").or_insert_with(implicit);
    let thresholds = thresholds.as_table_like_mut().ok_or_else(|| fail("`thresholds` is no section"))?;
    let of_model = thresholds.entry(model).or_insert_with(implicit);
    let of_model =
        of_model.as_table_like_mut().ok_or_else(|| fail(&format!("`thresholds.{model}` is no section")))?;
    let mut first_new = None;
    for (label, alert) in alerts {
        let is_new = !of_model.contains_key(label);
        let section = of_model.entry(label).or_insert_with(|| Item::Table(Table::new()));
        let section = section
            .as_table_like_mut()
            .ok_or_else(|| fail(&format!("`thresholds.{model}.{label}` is no section")))?;
        set(section, "alert", *alert);
        first_new = first_new.or(is_new.then_some(*label));
    }
    if let Some(label) = first_new {
        keep_last_comments(&mut document, text, [model, label]);
    }
    Ok(document.to_string())
}

/// What follows the last section is often that section's commented settings: a new section at the end must come
/// behind them, not between.
fn keep_last_comments(document: &mut DocumentMut, before: &str, [model, label]: [&str; 2]) {
    let last_header = |text: &str| text.lines().rev().find(|line| line.starts_with('[')).map(str::to_owned);
    let comments = document.trailing().as_str().unwrap_or_default().to_owned();
    if comments.trim().is_empty() || last_header(&document.to_string()) == last_header(before) {
        return;
    }
    if let Some(section) = document["thresholds"][model][label].as_table_mut() {
        section.decor_mut().set_prefix(format!("{}\n\n", comments.trim_end()));
        document.set_trailing("");
    }
}

/// A section that has a header only if something is written right into it.
fn implicit() -> Item {
    let mut table = Table::new();
    table.set_implicit(true);
    Item::Table(table)
}

/// Sets a number, the comment behind the old one kept.
fn set(section: &mut dyn TableLike, key: &str, number: f64) {
    let mut new = value(number);
    if let (Some(old), Some(new)) = (section.get(key).and_then(Item::as_value), new.as_value_mut()) {
        *new.decor_mut() = old.decor().clone();
    }
    match section.get_mut(key) {
        Some(item) => *item = new,
        None => {
            section.insert(key, new);
        }
    }
}

/// Writes alert thresholds into the file at `path`: the new text is checked against the model's labels
/// first, then replaces the old file at once, or not at all. A file that changed meanwhile is read anew.
///
/// # Errors
/// The file cannot be read or written, or would not be right afterwards: a critical threshold that the file
/// sets would lie below the new alert threshold.
pub fn write_alerts(
    path: &Path,
    model: &str,
    labels: &[LabelDefaults<'_>],
    alerts: &[(&str, f64)],
) -> Result<(), ConfigError> {
    let old = super::read(path)?;
    let new = with_alerts(&old.text, model, alerts)?;
    let loaded = parse(&new, Some(path))?;
    rules(&loaded, model, labels)?;
    replace(path, &new).map_err(|error| {
        let help = "see that your user may write the file and its folder; nothing was changed";
        ConfigError::of_file(Some(path), &format!("cannot be written: {error}"), Some(help))
    })
}

/// Puts a file in another's place, with its permissions; a link stays a link.
fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let path = fs::canonicalize(path)?;
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{}.tmp", std::process::id()));
    let beside: PathBuf = path.with_file_name(name);
    let written = (|| {
        let mut file = fs::File::create_new(&beside)?;
        file.set_permissions(fs::metadata(&path)?.permissions())?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&beside, &path)
    })();
    if written.is_err() {
        // The half-written one is of no use to anybody.
        let _ = fs::remove_file(&beside);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    const LABELS: [LabelDefaults<'static>; 2] = [
        LabelDefaults { name: "Effusion", alert: 0.4, validated: true },
        LabelDefaults { name: "Lung Lesion", alert: 0.2, validated: false },
    ];

    #[test]
    fn comments_and_everything_else_stay() {
        let text = "# ours\n[thresholds.starter.Effusion] # the pleura\n# set by Ines\nalert = 0.3 # since May\n\
                    critical = 0.9\n\n[log]\nlevel = \"warn\"\n";
        let new = with_alerts(text, "starter", &[("Effusion", 0.25), ("Lung Lesion", 0.125)]).unwrap();
        insta::assert_snapshot!(new, @r#"
        # ours
        [thresholds.starter.Effusion] # the pleura
        # set by Ines
        alert = 0.25 # since May
        critical = 0.9

        [thresholds.starter."Lung Lesion"]
        alert = 0.125

        [log]
        level = "warn"
        "#);
    }

    #[test]
    fn a_file_of_comments_gets_its_first_section() {
        let new = with_alerts(super::super::TEMPLATE, "starter", &[("Effusion", 0.25)]).unwrap();
        let added = "\n[thresholds.starter.Effusion]\nalert = 0.25\n";
        assert_eq!(
            new,
            format!("{}{added}", super::super::TEMPLATE),
            "behind what belongs to the last section"
        );
        let loaded = parse(&new, None).unwrap();
        assert_eq!(rules(&loaded, "starter", &LABELS).unwrap().labels[0].alert, 0.25);
    }

    #[test]
    fn short_forms_are_kept_short() {
        let text = "[thresholds.starter]\nEffusion = { alert = 0.3, cap = \"urgent\" }\n";
        let new = with_alerts(text, "starter", &[("Effusion", 0.5)]).unwrap();
        assert_eq!(new, "[thresholds.starter]\nEffusion = { alert = 0.5, cap = \"urgent\" }\n");
    }

    #[test]
    fn a_file_that_would_be_wrong_is_not_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cxr-triage.toml");
        let text = "[thresholds.starter.Effusion]\ncritical = 0.45\n";
        fs::write(&path, text).unwrap();
        let error = write_alerts(&path, "starter", &LABELS, &[("Effusion", 0.5)]).unwrap_err();
        assert!(error.to_string().contains("critical"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
        write_alerts(&path, "starter", &LABELS, &[("Effusion", 0.42)]).unwrap();
        assert!(fs::read_to_string(&path).unwrap().contains("alert = 0.42"));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left lying about");
    }
}
