//! HTTP, at least once: a repeat carries the same key.

use std::time::Duration;

use serde_json::{Value as Json, json};
use ureq::Agent;

use super::{Policy, attempt::Failure};
use crate::{VERSION, store::Delivery};

/// The header by which a server tells a repeat (draft-ietf-httpapi-idempotency-key-header).
const KEY: &str = "Idempotency-Key";

/// An error of the transport; one that may quote the URL does not, for its query may hold a token.
fn in_words(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Io(error) => error.to_string(),
        ureq::Error::Timeout(_) | ureq::Error::HostNotFound | ureq::Error::ConnectionFailed => {
            error.to_string()
        }
        ureq::Error::Tls(why) => format!("no secure connection ({why})"),
        ureq::Error::Rustls(why) => format!("no secure connection ({why})"),
        ureq::Error::BadUri(_) | ureq::Error::Http(_) => "its URL cannot be used".to_owned(),
        _ => "the connection failed".to_owned(),
    }
}

#[derive(Clone)]
pub(super) struct Client {
    agent: Agent,
}

impl Client {
    pub(super) fn new(timeout: Duration) -> Self {
        let config = Agent::config_builder()
            .timeout_global(Some(timeout))
            // A redirect would lead past the site's list.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .user_agent(format!("cxr-triage/{VERSION}"))
            .build();
        Self { agent: config.into() }
    }

    pub(super) fn post(&self, delivery: &Delivery, policy: &Policy) -> Result<Json, Failure> {
        let content: Json = serde_json::from_str(&delivery.content).map_err(|error| error.to_string())?;
        let url = content["url"].as_str().unwrap_or_default();
        if !policy.allows_url(url) {
            return Err("the configuration no longer allows its URL".to_owned().into());
        }
        let body = content["body"].to_string();
        let sent = self
            .agent
            .post(url)
            .header(KEY, &delivery.key)
            .header("Content-Type", "application/json")
            .send(body.as_bytes());
        let response = sent.map_err(|error| format!("{}: {}", delivery.target, in_words(&error)))?;
        let status = response.status().as_u16();
        if (200..300).contains(&status) {
            Ok(json!({ "status": status, "bytes": body.len() }))
        } else {
            Err(format!("{} answered {status}", delivery.target).into())
        }
    }
}
