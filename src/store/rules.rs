//! Models and sets of thresholds, each stored once however many films they judged.

use jiff::Timestamp;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{
    ModelRef,
    convert::Micros,
    sql::{self, Connection},
};
use crate::{hash::hex, study::Rules};

/// The row of a model, made at its first use.
pub(super) fn intern_model(connection: &Connection, model: &ModelRef, now: Timestamp) -> sql::Result<i64> {
    let digest = digest_of(&[&model.name, &model.sha256, &model.manifest]);
    connection
        .prepare_cached(
            "INSERT INTO models (digest, name, sha256, manifest, first_used) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (digest) DO NOTHING",
        )?
        .execute((&digest, &model.name, &model.sha256, &model.manifest, Micros(now)))?;
    connection
        .prepare_cached("SELECT id FROM models WHERE digest = ?1")?
        .query_row([&digest], |row| row.get(0))
}

/// The row of a set of thresholds, made at its first use.
pub(super) fn intern_rules(connection: &Connection, rules: &Rules, now: Timestamp) -> sql::Result<i64> {
    let content = rules_json(rules);
    let digest = digest_of(&[&content]);
    connection
        .prepare_cached(
            "INSERT INTO rules (digest, model, content, first_used) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (digest) DO NOTHING",
        )?
        .execute((&digest, &rules.model, &content, Micros(now)))?;
    connection
        .prepare_cached("SELECT id FROM rules WHERE digest = ?1")?
        .query_row([&digest], |row| row.get(0))
}

/// Returns the digest of rules: other rules have another one.
#[must_use]
pub fn rules_digest(rules: &Rules) -> String {
    digest_of(&[&rules_json(rules)])
}

fn rules_json(rules: &Rules) -> String {
    let labels: Vec<_> = rules
        .labels
        .iter()
        .map(|rule| {
            json!({
                "label": rule.label,
                "alert": rule.alert,
                "critical": rule.critical,
                "cap": rule.cap,
                "rank": rule.rank,
                "validated": rule.validated,
            })
        })
        .collect();
    json!({ "model": rules.model, "labels": labels }).to_string()
}

/// SHA-256, hex, of several texts, each with its length so that none runs into the next.
fn digest_of(parts: &[&str]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part.len().to_le_bytes());
        hasher.update(part);
    }
    hex(hasher.finalize())
}
