//! The settings of the dashboard, in its own terms; mistakes at their lines.

use crate::{
    config::{self, ConfigError, Loaded},
    dashboard::{Column, Keymap, MOST_VIEWS, SavedViews, Site},
    study::Rules,
};

/// The dashboard's settings as the site has them, for the model whose rules these are.
pub(super) fn site(loaded: &Loaded, rules: &Rules) -> Result<Site, ConfigError> {
    Ok(Site {
        max_wait: loaded.config.triage.max_wait,
        columns: columns(loaded)?,
        views: views(loaded)?,
        keymap: keymap(loaded)?,
        bell: loaded.config.dashboard.bell,
        title: loaded.config.dashboard.title,
        desktop_notice: loaded.config.dashboard.desktop_notice,
        hide_names_after: loaded.config.dashboard.hide_names_after,
        findings_order: findings_order(loaded, rules)?,
        destinations: loaded.config.send.keys().cloned().collect(),
        doubt: None,
    })
}

/// The labels that come first among a film's findings.
pub(super) fn findings_order(loaded: &Loaded, rules: &Rules) -> Result<Vec<String>, ConfigError> {
    let labels: Vec<&str> = rules.labels.iter().map(|rule| rule.label.as_str()).collect();
    config::findings_order(loaded, &rules.model, &labels)
}

fn columns(loaded: &Loaded) -> Result<Vec<Column>, ConfigError> {
    let at = ["dashboard", "columns"];
    let mut columns = Vec::new();
    for name in &loaded.config.dashboard.columns {
        let column = column(loaded, &at, name)?;
        if columns.contains(&column) {
            let message = format!("the column `{name}` is here twice");
            return Err(loaded.error_at_value(&at, &message, "take one of them away"));
        }
        columns.push(column);
    }
    if columns.is_empty() {
        let help = "name one at least, or leave the line out";
        return Err(loaded.error_at_value(&at, "there is no column", help));
    }
    Ok(columns)
}

/// The column of a name: one of the list's own, or `PLUGIN.TITLE`.
fn column(loaded: &Loaded, at: &[&str], name: &str) -> Result<Column, ConfigError> {
    let names = Column::ALL.map(Column::name).join(", ");
    let unknown = || {
        let help = format!("the columns are {names}, and PLUGIN.TITLE");
        loaded.error_at_value(at, &format!("there is no column `{name}`"), &help)
    };
    let Some((plugin, title)) = name.split_once('.') else {
        return Column::from_name(name).ok_or_else(unknown);
    };
    if !loaded.config.plugins.enabled.iter().any(|enabled| enabled == plugin) {
        let message = format!("the column `{name}` is of a plugin that is not enabled");
        let help = format!("add \"{plugin}\" to `enabled` in [plugins], or take the column away");
        return Err(loaded.error_at_value(at, &message, &help));
    }
    Column::of_plugin(plugin, title).ok_or_else(unknown)
}

fn views(loaded: &Loaded) -> Result<SavedViews, ConfigError> {
    let mut views = SavedViews::default();
    for (name, filter) in &loaded.config.dashboard.views {
        let at = ["dashboard", "views", name];
        views.add(name, filter).map_err(|error| {
            let wrong = &filter[error.at.clone()];
            let place = if wrong.is_empty() { String::new() } else { format!(" at `{wrong}`") };
            let message = format!("the filter `{filter}` cannot be understood{place}");
            loaded.error_at_value(&at, &message, &error.message)
        })?;
        if views.all().len() > MOST_VIEWS {
            let message = format!("there are only {MOST_VIEWS} number keys");
            let help =
                "take a view away, or give it the name of one that is there: All, New, Critical, Held, Done";
            return Err(loaded.error_at_value(&at, &message, help));
        }
    }
    Ok(views)
}

fn keymap(loaded: &Loaded) -> Result<Keymap, ConfigError> {
    let keys = loaded.config.keys.iter().map(|(name, keys)| (name, &keys.0));
    Keymap::of_site(keys).map_err(|error| {
        let at = ["keys", error.action.as_str()];
        if error.is_name {
            loaded.error_at_key(&at, &error.message, &error.help)
        } else {
            loaded.error_at_value(&at, &error.message, &error.help)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{TEMPLATE, parse};

    fn site_of(text: &str) -> Result<Site, ConfigError> {
        let rules = Rules { model: "starter".to_owned(), labels: Vec::new() };
        site(&parse(text, None).unwrap(), &rules)
    }

    #[test]
    fn a_site_that_says_nothing_gets_the_usual_dashboard() {
        let max_wait = crate::config::Config::default().triage.max_wait;
        for text in ["", TEMPLATE] {
            assert_eq!(site_of(text).unwrap(), Site { max_wait, ..Site::default() });
        }
    }

    #[test]
    fn a_site_has_its_own_columns_views_and_keys() {
        let site = site_of(
            "[dashboard]\ncolumns = [\"waits\", \"band\", \"id\"]\n\
             [dashboard.views]\nEffusions = \"effusion score>0.5\"\nNew = \"status:new band:urgent\"\n\
             [keys]\ndone = [\"x\", \"g d\"]\nundo = \"ctrl-u\"",
        )
        .unwrap();
        assert_eq!(site.columns, [Column::Waits, Column::Band, Column::Id]);
        let plugged =
            "[plugins]\nenabled = [\"ward\"]\n[dashboard]\ncolumns = [\"band\", \"ward.Bed\", \"tags\"]";
        let names: Vec<&str> = site_of(plugged).unwrap().columns.into_iter().map(Column::name).collect();
        assert_eq!(names, ["band", "ward.Bed", "tags"]);
        let names: Vec<&str> = site.views.all().iter().map(|view| view.name.as_str()).collect();
        assert_eq!(names, ["All", "New", "Critical", "Held", "Done", "Effusions"]);
        let keys: Vec<String> =
            site.keymap.keys(crate::dashboard::action::Action::Done).map(ToString::to_string).collect();
        assert_eq!(keys, ["x", "g d"]);
    }

    #[test]
    fn mistakes_are_shown_at_their_lines() {
        for (text, line, message) in [
            ("[dashboard]\ncolumns = [\"band\", \"nmae\"]", 2, "there is no column `nmae`"),
            ("[dashboard]\ncolumns = [\"band\", \"band\"]", 2, "is here twice"),
            ("[dashboard]\ncolumns = []", 2, "there is no column"),
            ("[dashboard]\ncolumns = [\"ward.Bed\"]", 2, "of a plugin that is not enabled"),
            ("[dashboard.views]\nBig = \"score>\"", 2, "cannot be understood"),
            ("[dashboard.views]\nBig = \"scor>0.5\"", 2, "at `scor`"),
            ("[keys]\nquit = \"q\"\ndonne = \"x\"", 3, "there is no action `donne`"),
            ("[keys]\ndone = \"space\"", 2, "`space` stands for both `done` and `seen`"),
            ("[dashboard]\nfindings_order = [\"Mass\"]", 2, "starter has no label `Mass`"),
            ("[keys]\ndone = \"d\"\nundo = \"d\"", 3, "`d` stands for both `undo` and `done`"),
        ] {
            let error = site_of(text).expect_err(text);
            assert_eq!(error.line, Some(line), "{text}: {error}");
            assert!(error.message.contains(message), "{}", error.message);
            assert!(error.help.is_some_and(|help| !help.is_empty()));
        }
        let views: String = (0..5).map(|at| format!("V{at} = \"doe\"\n")).collect();
        let error = site_of(&format!("[dashboard.views]\n{views}")).unwrap_err();
        assert!(error.message.contains("only 9 number keys"));
    }
}
