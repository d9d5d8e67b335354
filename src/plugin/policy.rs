//! The fate of an effect under what the site allows.

use std::collections::BTreeSet;

use serde_json::json;

use super::{Effect, Permission, RequestedEffect, StudyView};
use crate::{
    deliver::Policy,
    store::{DeliveryKind, NewDelivery, PluginEffect},
};

/// Returns the permissions of one plugin: those that the site grants, and those that need no grant.
#[must_use]
pub fn granted(allow: &[String]) -> BTreeSet<Permission> {
    let named = allow.iter().filter_map(|word| Permission::from_word(word));
    named.chain(Permission::ALL.into_iter().filter(|permission| !permission.needs_grant())).collect()
}

/// Turns a plugin's effect into one that the store takes: done there, sent, or refused with the reason.
pub(super) fn checked(
    effect: RequestedEffect,
    study: Option<&StudyView>,
    granted: &BTreeSet<Permission>,
    policy: &Policy,
) -> PluginEffect {
    let id = study.map(|study| study.id);
    check(effect, study, granted, policy).unwrap_or_else(|why| PluginEffect::Refused { study: id, why })
}

fn check(
    RequestedEffect { effect, once }: RequestedEffect,
    study: Option<&StudyView>,
    granted: &BTreeSet<Permission>,
    policy: &Policy,
) -> Result<PluginEffect, String> {
    let permission = effect.permission();
    if !granted.contains(&permission) {
        return Err(format!("`{}` is not allowed for this plugin in the configuration", permission.word()));
    }
    let id = study.map(|study| study.id);
    let of_study = || id.ok_or_else(|| "there is no study here".to_owned());
    let send = |kind: DeliveryKind, target: &str, content: String| {
        PluginEffect::Send(NewDelivery { study: id, kind, target: target.to_owned(), content, once })
    };
    Ok(match effect {
        Effect::Raise(raise) => PluginEffect::Raise { study: of_study()?, floor: raise.floor() },
        Effect::Tag(text) => PluginEffect::Tag { study: of_study()?, text },
        Effect::Note(text) => PluginEffect::Note { study: of_study()?, text },
        Effect::Column { title, value } => PluginEffect::Cell { study: of_study()?, title, text: value },
        Effect::Notify(text) => send(DeliveryKind::Notify, "", text),
        Effect::Webhook { url, body } => {
            if !policy.allows_url(&url) {
                return Err(format!("{} is not in `webhooks` of the configuration", without_secrets(&url)));
            }
            // A plugin that says nothing sends the study as it sees it.
            let body = if body.is_null() { json!({ "study": study }) } else { body };
            let content = json!({ "url": url, "body": body }).to_string();
            send(DeliveryKind::Webhook, &host(&url), content)
        }
        Effect::Write { file, text, header, replace } => {
            if policy.exports.is_none() {
                return Err("the configuration names no `exports` folder".to_owned());
            }
            let content = json!({ "text": text, "header": header, "replace": replace }).to_string();
            send(DeliveryKind::Write, &file, content)
        }
        Effect::Copy { to } => {
            let _ = of_study()?;
            if !policy.copy_to.contains_key(&to) {
                return Err(format!("`{to}` is not in `copy_to` of the configuration"));
            }
            send(DeliveryKind::Copy, &to, String::new())
        }
        Effect::Send { to } => {
            let _ = of_study()?;
            if !policy.destinations.contains_key(&to) {
                return Err(format!("`[send.{to}]` is not in the configuration"));
            }
            send(DeliveryKind::Send, &to, String::new())
        }
        Effect::Run { program } => {
            if !policy.programs.contains_key(&program) {
                return Err(format!("`{program}` is not in `programs` of the configuration"));
            }
            send(DeliveryKind::Run, &program, json!({ "study": study }).to_string())
        }
    })
}

/// A URL for messages and lists: scheme, host and path. What stands before `@` or after `?` may be a secret.
#[must_use]
pub fn without_secrets(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    let url = match url.split_once("://") {
        Some((scheme, rest)) => {
            let (host, path) = rest.split_at(rest.find(['/', '\\']).unwrap_or(rest.len()));
            format!("{scheme}://{}{path}", host.rsplit('@').next().unwrap_or_default())
        }
        None => url.rsplit('@').next().unwrap_or_default().to_owned(),
    };
    super::error::short(&url)
}

/// The part of a URL whose failure is shared: scheme, host and port.
fn host(url: &str) -> String {
    url.splitn(4, '/').take(3).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_told_without_its_secrets() {
        for (url, told) in [
            ("https://a.org/hook?token=s3cret#x", "https://a.org/hook"),
            ("https://user:s3cret@a.org:8080/hook", "https://a.org:8080/hook"),
            ("https://a.org/@home?s3cret", "https://a.org/@home"),
            ("user:s3cret@a.org/hook?s3cret", "a.org/hook"),
            ("?s3cret", ""),
        ] {
            assert_eq!(without_secrets(url), told);
        }
    }
}
