//! How a command fails, and with which exit code.

use std::process::ExitCode;

use crate::{
    config::{ConfigError, WatchError},
    dashboard::DashboardError,
    intake::IntakeError,
    model::{ImportError, ModelError},
    pipeline::PipelineError,
    store::StoreError,
};

/// A failed command. Exit codes: 1 something could not be read or done, 2 usage or configuration, 130
/// interrupted.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Usage or configuration.
    #[error("{0}")]
    Usage(String),
    /// Something could not be read or done.
    #[error("{0}")]
    Failed(String),
    /// Ctrl-C.
    #[error("interrupted")]
    Interrupted,
    /// Ctrl-C, and what became of the work.
    #[error("{0}")]
    InterruptedWith(String),
    /// Nobody reads the output any more (`| head`): no fault.
    #[error("nobody reads the output")]
    OutputClosed,
}

impl Failure {
    /// A mistake on the command line or in the configuration.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::Usage(message.into())
    }

    /// Something that could not be done.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::Failed(message.into())
    }

    /// The process's exit code.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::OutputClosed => ExitCode::SUCCESS,
            Self::Failed(_) => ExitCode::from(1),
            Self::Usage(_) => ExitCode::from(2),
            Self::Interrupted | Self::InterruptedWith(_) => ExitCode::from(130),
        }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::Usage(error.to_string())
    }
}

impl From<WatchError> for Failure {
    fn from(error: WatchError) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<ModelError> for Failure {
    fn from(error: ModelError) -> Self {
        Self::Usage(error.to_string())
    }
}

impl From<ImportError> for Failure {
    fn from(error: ImportError) -> Self {
        match error {
            ImportError::NoPreset { .. } | ImportError::Occupied { .. } | ImportError::Model(_) => {
                Self::Usage(error.to_string())
            }
            _ => Self::Failed(error.to_string()),
        }
    }
}

impl From<IntakeError> for Failure {
    fn from(error: IntakeError) -> Self {
        Self::Usage(error.to_string())
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<PipelineError> for Failure {
    fn from(error: PipelineError) -> Self {
        match error {
            PipelineError::Intake(error) => error.into(),
            PipelineError::Store(error) => error.into(),
            PipelineError::Thread(_) => Self::Failed(error.to_string()),
        }
    }
}

impl From<DashboardError> for Failure {
    fn from(error: DashboardError) -> Self {
        Self::Usage(error.to_string())
    }
}

/// An error of standard output.
impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::BrokenPipe => Self::OutputClosed,
            _ => Self::Failed(error.to_string()),
        }
    }
}
