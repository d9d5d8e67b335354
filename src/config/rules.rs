//! The rules of one model: what the site decided, over the model's own.

use super::{
    ConfigError, LabelThresholds, Loaded, ModelThresholds, checks::critical_below_alert, document::Document,
    plain_words::suggest,
};
use crate::study::{LabelRule, OperatingPoint, Rules, Severity};

/// A label as its model's manifest has it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LabelDefaults<'a> {
    /// The label's name.
    pub name: &'a str,
    /// The manifest's operating point: the thresholds unless the site sets others.
    pub own: OperatingPoint,
    /// Whether the label is validated, and so ranks unless the site says otherwise.
    pub validated: bool,
}

/// The rules of `model`, whose labels are given in the order of its outputs.
///
/// # Errors
/// The file sets thresholds for a label that the model does not have, or a critical threshold below
/// the alert threshold that is in force. Sections of other models are not looked at.
pub fn rules(loaded: &Loaded, model: &str, labels: &[LabelDefaults<'_>]) -> Result<Rules, ConfigError> {
    let none = ModelThresholds::default();
    let site = &loaded.config.thresholds.get(model).unwrap_or(&none).labels;
    let names: Vec<&str> = labels.iter().map(|label| label.name).collect();
    if let Some(unknown) = site.keys().find(|name| !names.contains(&name.as_str())) {
        return Err(unknown_label(loaded, model, unknown, &names));
    }
    let rule = |defaults: &LabelDefaults<'_>| {
        let thresholds = site.get(defaults.name).cloned().unwrap_or_default();
        label_rule(loaded, model, defaults, &thresholds)
    };
    Ok(Rules { model: model.to_owned(), labels: labels.iter().map(rule).collect::<Result<_, _>>()? })
}

fn label_rule(
    loaded: &Loaded,
    model: &str,
    defaults: &LabelDefaults<'_>,
    site: &LabelThresholds,
) -> Result<LabelRule, ConfigError> {
    let alert = site.alert.unwrap_or(defaults.own.alert);
    let critical = site.critical.unwrap_or_else(|| defaults.own.critical_above(alert));
    if critical < alert {
        let document = Document::parse(&loaded.text, loaded.path.as_deref())?;
        let source = format!("the default of {model}");
        return Err(critical_below_alert(&document, model, defaults.name, critical, alert, &source));
    }
    Ok(LabelRule {
        label: defaults.name.to_owned(),
        alert,
        critical,
        cap: site.cap.unwrap_or(Severity::Critical),
        rank: site.rank.unwrap_or(defaults.validated),
        validated: defaults.validated,
    })
}

/// The labels that the site lists first among a film's findings, in order; empty: none.
///
/// # Errors
/// It names a label that the model does not have, or one twice.
pub fn findings_order(loaded: &Loaded, model: &str, labels: &[&str]) -> Result<Vec<String>, ConfigError> {
    let order = loaded.config.dashboard.findings_order.as_deref().unwrap_or_default();
    let error =
        |message: &str, help: &str| loaded.error_at_value(&["dashboard", "findings_order"], message, help);
    for (at, label) in order.iter().enumerate() {
        if !labels.contains(&label.as_str()) {
            let message = format!("the model {model} has no label `{label}`");
            return Err(error(&message, &suggest(label, "its labels are", labels)));
        }
        if order[..at].contains(label) {
            return Err(error(&format!("the label `{label}` is here twice"), "take one of them away"));
        }
    }
    Ok(order.to_vec())
}

fn unknown_label(loaded: &Loaded, model: &str, unknown: &str, names: &[&str]) -> ConfigError {
    let message = format!("the model {model} has no label `{unknown}`");
    let help = suggest(unknown, "its labels are", names);
    match Document::parse(&loaded.text, loaded.path.as_deref()) {
        Ok(document) => document.error_at_key(&["thresholds", model, unknown], &message, &help),
        Err(error) => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config::parse, study::default_critical};

    const LABELS: [LabelDefaults<'static>; 3] = [
        LabelDefaults { name: "Effusion", own: OperatingPoint::of_alert(0.4), validated: true },
        LabelDefaults { name: "Lung Lesion", own: OperatingPoint::of_alert(0.2), validated: false },
        LabelDefaults { name: "Mass", own: OperatingPoint::of_alert(0.3), validated: true },
    ];

    fn rules_of(text: &str) -> Result<Rules, ConfigError> {
        rules(&parse(text, None).unwrap(), "starter", &LABELS)
    }

    #[test]
    fn a_site_that_sets_nothing_has_the_models_own_rules() {
        let rules = rules_of("[thresholds.another.Whatever]\nalert = 0.9").unwrap();
        assert_eq!(rules.model, "starter");
        for (rule, label) in rules.labels.iter().zip(LABELS) {
            let expected = LabelRule {
                label: label.name.into(),
                alert: label.own.alert,
                critical: default_critical(label.own.alert),
                cap: Severity::Critical,
                rank: label.validated,
                validated: label.validated,
            };
            assert_eq!(rule, &expected);
        }
    }

    #[test]
    fn what_the_site_sets_stands_over_the_models_own() {
        // setting of Lung Lesion; alert, critical, cap, rank
        let cases = [
            ("alert = 0.5", 0.5, default_critical(0.5), "critical", false),
            ("critical = 0.9", 0.2, 0.9, "critical", false),
            ("critical = 0.2", 0.2, 0.2, "critical", false),
            ("alert = 0.9\ncritical = 0.95", 0.9, 0.95, "critical", false),
            ("cap = \"urgent\"", 0.2, default_critical(0.2), "urgent", false),
            ("rank = true", 0.2, default_critical(0.2), "critical", true),
        ];
        for (setting, alert, critical, cap, rank) in cases {
            let rules = rules_of(&format!("[thresholds.starter.\"Lung Lesion\"]\n{setting}")).unwrap();
            let rule = &rules.labels[1];
            let found = (rule.alert, rule.critical, rule.cap.word(), rule.rank, rule.validated);
            assert_eq!(found, (alert, critical, cap, rank, false), "{setting}");
            assert_eq!(rules.labels[0], rules_of("").unwrap().labels[0], "{setting}");
        }
    }

    #[test]
    fn a_models_own_critical_threshold_stands_where_the_site_sets_none() {
        let own = OperatingPoint { alert: 0.4, critical: Some(0.6) };
        let labels = [LabelDefaults { name: "Effusion", own, validated: true }];
        for (setting, alert, critical) in [
            ("", 0.4, 0.6),
            ("alert = 0.3", 0.3, 0.6),
            ("alert = 0.7", 0.7, 0.7),
            ("critical = 0.9", 0.4, 0.9),
        ] {
            let loaded = parse(&format!("[thresholds.starter.Effusion]\n{setting}"), None).unwrap();
            let rule = &rules(&loaded, "starter", &labels).unwrap().labels[0];
            assert_eq!((rule.alert, rule.critical), (alert, critical), "{setting}");
        }
    }

    #[test]
    fn a_label_that_the_model_lacks_is_an_error_at_its_line() {
        let error = rules_of("# a comment\n[thresholds.starter]\nEfusion = { alert = 0.5 }").unwrap_err();
        insta::assert_snapshot!(error, @r"
        configuration:3:1: the model starter has no label `Efusion`
          |
        3 | Efusion = { alert = 0.5 }
          | ^^^^^^^
        help: did you mean `Effusion`? its labels are `Effusion`, `Lung Lesion`, `Mass`
        ");
    }

    #[test]
    fn the_order_of_findings_names_labels_of_the_model() {
        let order_of = |text: &str| {
            let loaded = parse(&format!("[dashboard]\nfindings_order = {text}"), None)?;
            findings_order(&loaded, "starter", &["Effusion", "Lung Lesion", "Mass"])
        };
        assert_eq!(order_of("\"score\"").unwrap(), Vec::<String>::new());
        assert_eq!(order_of("[\"Mass\", \"Effusion\"]").unwrap(), ["Mass", "Effusion"]);
        for (text, message, help) in [
            ("[\"Mas\"]", "the model starter has no label `Mas`", "did you mean `Mass`?"),
            ("[\"Mass\", \"Mass\"]", "the label `Mass` is here twice", "take one"),
            ("\"alphabet\"", "this is no order of findings", "write \"score\", or labels in a list"),
            ("[1]", "this is no order of findings", "write \"score\", or labels in a list"),
        ] {
            let error = order_of(text).unwrap_err();
            assert_eq!((error.line, error.message.as_str()), (Some(2), message), "{text}");
            assert!(error.help.as_deref().is_some_and(|found| found.contains(help)), "{text}: {error}");
        }
    }

    #[test]
    fn critical_below_the_models_alert_is_an_error_at_its_line() {
        let error = rules_of("[thresholds.starter.Effusion]\ncritical = 0.3").unwrap_err();
        insta::assert_snapshot!(error, @r"
        configuration:2:12: threshold `critical` of Effusion is 0.3, below its `alert`, 0.4 (the default of starter)
          |
        2 | critical = 0.3
          |            ^^^
        help: raise `critical`, or lower `alert`: what is critical must be urgent first
        ");
    }
}
