//! The outcome of one try.

use serde_json::Value as Json;

use crate::store::StoreError;

/// The outcome of one try: what is worth proving, or why it failed; none if it was cut short by the end of the program.
pub(super) type Attempt = Option<Result<Json, Failure>>;

/// Why a try failed, in words without a patient's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) why: String,
    /// Whether no further try can help.
    pub(super) for_good: bool,
}

impl Failure {
    /// A failure that another try cannot mend.
    pub(super) fn for_good(why: impl Into<String>) -> Self {
        Self { why: why.into(), for_good: true }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        error.to_string().into()
    }
}

impl From<String> for Failure {
    fn from(why: String) -> Self {
        Self { why, for_good: false }
    }
}
