//! The outcome of one try.

use serde_json::Value as Json;

use crate::{
    store::{Delivery, StoreError},
    text::clean,
};

/// The outcome of one try: what is worth proving, or why it failed; none if it was cut short by the end of the program.
pub(super) type Attempt = Option<Result<Json, Failure>>;

/// Why a try failed, in words without a patient's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) why: String,
    pub(super) remedy: Remedy,
}

/// The remedy for a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Remedy {
    /// Another try.
    Time,
    /// Another try, once a configuration names what this one lacks.
    Configuration,
    /// Another host, or a share that comes back to this one: what was tried here is no try.
    AnotherHost,
    /// Nothing.
    Nothing,
}

impl Failure {
    /// A failure that another try cannot mend.
    pub(super) fn for_good(why: impl Into<String>) -> Self {
        Self { why: why.into(), remedy: Remedy::Nothing }
    }

    /// A failure for want of a part of the configuration.
    pub(super) fn configuration(why: impl Into<String>) -> Self {
        Self { why: why.into(), remedy: Remedy::Configuration }
    }

    /// A failure for want of what another host may have.
    pub(super) fn elsewhere(why: impl Into<String>) -> Self {
        Self { why: why.into(), remedy: Remedy::AnotherHost }
    }

    /// Whether a delivery has failed so before, and will for as long as nobody does anything: that is told once.
    pub(super) fn is_known(&self, delivery: &Delivery) -> bool {
        matches!(self.remedy, Remedy::Configuration | Remedy::AnotherHost)
            && delivery.fault == clean(&self.why)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        error.to_string().into()
    }
}

impl From<String> for Failure {
    fn from(why: String) -> Self {
        Self { why, remedy: Remedy::Time }
    }
}

impl From<&str> for Failure {
    fn from(why: &str) -> Self {
        why.to_owned().into()
    }
}
