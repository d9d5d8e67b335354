//! The domain: what the numbers mean, what a study is, what people do with it, and when it rings.
//!
//! Pure functions over plain data: no I/O, no clock, no model, no terminal, and nothing of ours but these files and the
//! header of a film, which is plain data. The store, the plugins and the dashboard ask here, so that a score, a band,
//! an order or an alarm means one thing everywhere.

mod alarm;
mod assess;
mod attribute;
mod audit;
mod header;
mod identity;
mod listing;
pub mod marks;
mod quantile;
mod rank;
mod request;
mod role;
mod row;
mod rules;
mod sending;
mod severity;
mod shift;
mod similar;
mod status;
mod waits;
mod what_if;
mod workbench;

pub use alarm::{Cause, StatusChange, rings};
pub(crate) use assess::finding_fields;
pub use assess::{Assessment, Finding, StudyAssessment, assess, combine, score};
pub use attribute::{Attribute, Attributes};
pub use audit::{AuditKind, AuditWord};
pub use identity::{Claim, Clash, Difference, MOST_CLASHES, Patient, row_key, row_of, study_uid};
pub use listing::in_order;
pub use marks::Marks;
pub use quantile::quantile;
pub use rank::{RankKey, Waiting, reported};
pub use request::{Answer, OnRequest};
pub use role::{Permission, PersonRole};
pub(crate) use row::study_fields;
pub use row::{FilmId, PriorFilm, StudyId, StudyRow};
pub use rules::{LabelRule, OperatingPoint, Rules, default_critical};
pub use sending::{Sending, SendingState};
pub use severity::Severity;
pub use shift::{Period, ShiftQuestion, ShiftWatch, Unseen, by_hour, time_to_empty};
pub use similar::SimilarFilm;
pub use status::{Acknowledged, Handling, Note, OutsidePriority, Status};
pub use waits::{Seen, WaitChange, waits};
pub use what_if::{BANDS, BINS, Band, Move, PastStudy, Sample, Side, Wait, WhatIf, what_if};
pub use workbench::{Bench, BenchLabel, Mark, Setting, Stop, ThresholdChange};
