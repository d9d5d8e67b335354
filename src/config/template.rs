//! The file that `config init` writes.

/// Every setting with its default, commented out, and what it means. A line that begins with `#` and
/// no space after it is a setting; indented lines are examples.
pub const TEMPLATE: &str = include_str!("template.toml");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, parse};

    /// The template with its lines that begin with `mark` uncommented.
    fn uncommented(mark: &str) -> String {
        let line = |line: &'static str| match line.strip_prefix(mark) {
            Some(rest) if !rest.starts_with(' ') => rest,
            _ => line,
        };
        TEMPLATE.lines().map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn as_it_is_written_it_changes_nothing() {
        assert_eq!(parse(TEMPLATE, None).unwrap().config, Config::default());
    }

    #[test]
    fn each_commented_setting_is_the_default() {
        assert_eq!(parse(&uncommented("#"), None).unwrap().config, Config::default());
    }

    #[test]
    fn the_examples_can_be_used() {
        let config = parse(&uncommented("#     "), None).unwrap().config;
        let labels = &config.thresholds["starter"].labels;
        assert!(labels.values().any(|label| label.alert.is_some() && label.critical.is_some()));
        assert!(labels.values().any(|label| label.cap.is_some()));
        assert!(labels.values().any(|label| label.rank.is_some()));
        assert!(labels.keys().any(|name| name.contains(' ')));
    }

    #[test]
    fn every_setting_is_named() {
        let written: toml::Table = uncommented("#").parse().unwrap();
        let settings = serde_json::to_value(Config::default()).unwrap();
        for (section, keys) in settings.as_object().unwrap() {
            if section == "thresholds" {
                continue;
            }
            for key in keys.as_object().unwrap().keys() {
                assert!(written[section].get(key).is_some(), "[{section}] {key} is not in the template");
            }
        }
    }

    #[test]
    fn no_line_is_too_long_for_a_terminal() {
        assert_eq!(TEMPLATE.lines().find(|line| line.chars().count() > 80), None);
    }
}
