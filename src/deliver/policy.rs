//! The site's word on what leaves the program, and where to.

use std::{collections::BTreeMap, path::PathBuf};

use crate::config;

/// The ways out of the program that the site allows.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Policy {
    /// The folder below which plugins may write.
    pub exports: Option<PathBuf>,
    /// The beginnings of the URLs that are allowed.
    pub webhooks: Vec<String>,
    /// Folders for copies, by name.
    pub copy_to: BTreeMap<String, PathBuf>,
    /// Programs with their arguments, by name.
    pub programs: BTreeMap<String, Vec<String>>,
    /// Where results are sent, by name.
    pub destinations: config::Destinations,
}

impl Policy {
    /// Reads the configuration.
    #[must_use]
    pub fn new(config: &config::Plugins, destinations: &config::Destinations) -> Self {
        Self {
            exports: config.exports.clone(),
            webhooks: config.webhooks.clone(),
            copy_to: config.copy_to.clone(),
            programs: config.programs.clone(),
            destinations: destinations.clone(),
        }
    }

    /// Returns whether a URL is on the list: one of its beginnings, and then the end, `/` or `?`, so that
    /// `https://a.org` does not allow `https://a.org.evil.net`.
    #[must_use]
    pub fn allows_url(&self, url: &str) -> bool {
        let lower = url.to_lowercase();
        let is_crooked = url.contains(['\\', '#', '@'])
            || url.chars().any(|c| c.is_whitespace() || c.is_control())
            || ["/..", "/.%", "%2e", "%2f", "%5c"].iter().any(|part| lower.contains(part));
        !is_crooked
            && self.webhooks.iter().any(|start| {
                url.strip_prefix(start.as_str()).is_some_and(|rest| {
                    start.ends_with('/') || rest.is_empty() || rest.starts_with(['/', '?'])
                })
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_taken_only_below_what_the_site_wrote() {
        let webhooks = vec!["https://a.org".to_owned(), "https://b.org/hooks/".to_owned()];
        let policy = Policy { webhooks, ..Policy::default() };
        for good in ["https://a.org", "https://a.org/x", "https://a.org?x=1", "https://b.org/hooks/y"] {
            assert!(policy.allows_url(good), "{good}");
        }
        for bad in [
            "https://a.org.evil.net/",
            "https://a.org@evil.net/",
            "https://a.org:8080/",
            "http://a.org/",
            "https://b.org/admin",
            "https://b.org/hooks/../admin",
            "https://b.org/hooks/%2e%2e/admin",
            "https://b.org/hooks/x y",
            "https://b.org/hooks/\r\nX: y",
            "file:///etc/passwd",
            "",
            "https://b.org\\@evil.net",
        ] {
            assert!(!policy.allows_url(bad), "{bad}");
        }
    }
}
