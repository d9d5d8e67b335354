//! How a command fails, and with which exit code.

use std::{error::Error, process::ExitCode};

use crate::{
    config::{ConfigError, WatchError},
    dashboard::DashboardError,
    intake::IntakeError,
    model::{ImportError, ModelError, NewHeadError, PullError, PullErrorKind},
    pipeline::{MembershipError, PipelineError},
    plugin::HostError,
    similar::SimilarError,
    store::StoreError,
    text::clean,
    train::TrainError,
};

/// An error that brought another one about.
type Source = Box<dyn Error + Send + Sync>;

/// A failed command. Exit codes: 1 something could not be read or done, 2 usage or configuration, 130
/// interrupted.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// Usage or configuration.
    #[error("{message}")]
    Usage {
        /// The mistake in the command or its files, and what to do about it.
        message: String,
        /// The cause, for the log.
        source: Option<Source>,
    },
    /// Something could not be read or done.
    #[error("{message}")]
    Failed {
        /// The failure, its reason, and what to do about it.
        message: String,
        /// The cause, for the log.
        source: Option<Source>,
    },
    /// Ctrl-C.
    #[error("interrupted")]
    Interrupted,
    /// Ctrl-C, and what became of the work.
    #[error("{0}")]
    InterruptedWith(String),
    /// The program is not ready; `health` has said why.
    #[error("not ready")]
    NotReady,
    /// Nobody reads the output any more (`| head`): no fault.
    #[error("nobody reads the output")]
    OutputClosed,
}

impl CommandError {
    /// A mistake on the command line or in the configuration, in one line: what it quotes begins none of its own.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::Usage { message: clean(&message.into()), source: None }
    }

    /// Something that could not be done, in one line.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::Failed { message: clean(&message.into()), source: None }
    }

    /// Things that could not be read, a line each.
    pub(super) fn unread(films: &[String]) -> Self {
        let lines: String = films.iter().map(|film| format!("\n  {}", clean(film))).collect();
        Self::Failed { message: format!("could not be read:{lines}"), source: None }
    }

    /// [`Self::usage`], in the words of the error that brought it about.
    pub(super) fn usage_by(error: impl Error + Send + Sync + 'static) -> Self {
        Self::Usage { message: clean(&error.to_string()), source: Some(Box::new(error)) }
    }

    /// [`Self::failed`], in the words of the error that brought it about.
    fn failed_by(error: impl Error + Send + Sync + 'static) -> Self {
        Self::Failed { message: clean(&error.to_string()), source: Some(Box::new(error)) }
    }

    /// Whether the store is the cause, in a way that may be over in a while by itself.
    pub(super) fn may_pass(&self) -> bool {
        let Self::Failed { source: Some(source), .. } = self else { return false };
        source.downcast_ref::<StoreError>().is_some_and(|error| error.kind.may_pass())
    }

    /// The process's exit code.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.code())
    }

    /// [`Self::exit_code`] as a number.
    #[must_use]
    pub fn code(&self) -> u8 {
        match self {
            Self::OutputClosed => 0,
            Self::Failed { .. } | Self::NotReady => 1,
            Self::Usage { .. } => 2,
            Self::Interrupted | Self::InterruptedWith(_) => 130,
        }
    }

    /// Of a service, whose output is there to be listened to: that nobody does is a fault.
    #[must_use]
    pub fn of_service(self) -> Self {
        match self {
            Self::OutputClosed => Self::failed(
                "nobody reads the output any more, so the program ends; what came in and is not scored stays queued",
            ),
            other => other,
        }
    }
}

impl From<SimilarError> for CommandError {
    fn from(error: SimilarError) -> Self {
        Self::failed_by(error)
    }
}

impl From<ConfigError> for CommandError {
    fn from(error: ConfigError) -> Self {
        // Of several lines: it shows the one of the file that is wrong.
        Self::Usage { message: error.to_string(), source: Some(Box::new(error)) }
    }
}

impl From<WatchError> for CommandError {
    fn from(error: WatchError) -> Self {
        Self::failed_by(error)
    }
}

/// Whether the model that was chosen cannot be used, so that another choice is the way out; else something failed that
/// has nothing to do with what was asked for.
fn is_usage(error: &ModelError) -> bool {
    match error {
        ModelError::BadName { .. }
        | ModelError::NotFound { .. }
        | ModelError::Unreadable { .. }
        | ModelError::Manifest { .. }
        | ModelError::Checksum { .. }
        | ModelError::Format { .. }
        | ModelError::Profile { .. }
        | ModelError::Tensors { .. }
        | ModelError::Trunk { .. }
        | ModelError::Device { .. }
        | ModelError::Precision { .. } => true,
        ModelError::Film { .. } | ModelError::NotFinite { .. } | ModelError::Engine { .. } => false,
    }
}

impl From<ModelError> for CommandError {
    fn from(error: ModelError) -> Self {
        match is_usage(&error) {
            true => Self::usage_by(error),
            false => Self::failed_by(error),
        }
    }
}

impl From<ImportError> for CommandError {
    fn from(error: ImportError) -> Self {
        match error {
            ImportError::Model(error) => error.into(),
            ImportError::NoPreset { .. } | ImportError::Occupied { .. } => Self::usage_by(error),
            _ => Self::failed_by(error),
        }
    }
}

impl From<NewHeadError> for CommandError {
    fn from(error: NewHeadError) -> Self {
        match error {
            NewHeadError::Model(error) => error.into(),
            NewHeadError::Occupied { .. } | NewHeadError::Itself { .. } | NewHeadError::NoBlock { .. } => {
                Self::usage_by(error)
            }
            NewHeadError::Write { .. } => Self::failed_by(error),
        }
    }
}

impl From<TrainError> for CommandError {
    fn from(error: TrainError) -> Self {
        match error {
            // All films have been read by then.
            TrainError::Interrupted => Self::InterruptedWith(
                "interrupted: what the network saw in the films is in the cache; the same command goes on from there"
                    .to_owned(),
            ),
            TrainError::Leak { .. } | TrainError::Column { .. } => Self::usage_by(error),
            TrainError::Engine { .. }
            | TrainError::NotConverged { .. }
            | TrainError::State { .. }
            | TrainError::Film { .. } => Self::failed_by(error),
        }
    }
}

impl From<PullError> for CommandError {
    fn from(error: PullError) -> Self {
        match error.kind {
            PullErrorKind::Stopped => Self::InterruptedWith(error.to_string()),
            _ => Self::failed_by(error),
        }
    }
}

impl From<IntakeError> for CommandError {
    fn from(error: IntakeError) -> Self {
        match error {
            IntakeError::Missing(_) | IntakeError::NotAFolder(_) => Self::usage_by(error),
            IntakeError::Unreadable { .. } | IntakeError::Thread(_) => Self::failed_by(error),
        }
    }
}

impl From<StoreError> for CommandError {
    fn from(error: StoreError) -> Self {
        Self::failed_by(error)
    }
}

impl From<PipelineError> for CommandError {
    fn from(error: PipelineError) -> Self {
        match error {
            PipelineError::Intake(error) => error.into(),
            PipelineError::Store(error) => error.into(),
            PipelineError::Thread(_) => Self::failed_by(error),
        }
    }
}

impl From<MembershipError> for CommandError {
    fn from(error: MembershipError) -> Self {
        match error {
            MembershipError::Store(error) => error.into(),
            MembershipError::Thread(_) => Self::failed_by(error),
        }
    }
}

impl From<HostError> for CommandError {
    fn from(error: HostError) -> Self {
        match error {
            HostError::Store(error) => error.into(),
            HostError::Thread(_) | HostError::Notes(_) => Self::failed_by(error),
        }
    }
}

impl From<DashboardError> for CommandError {
    fn from(error: DashboardError) -> Self {
        match error {
            DashboardError::NotATerminal | DashboardError::DumbTerminal(_) => Self::usage_by(error),
            DashboardError::Ended(_) | DashboardError::Terminal { .. } => Self::failed_by(error),
        }
    }
}

/// An error of standard output.
impl From<std::io::Error> for CommandError {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::BrokenPipe => Self::OutputClosed,
            _ => Self::failed_by(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{io, process::ExitCode};

    use super::*;

    #[test]
    fn what_failed_by_itself_is_no_mistake_on_the_command_line() {
        let inbox = std::path::PathBuf::from("inbox");
        let cases: Vec<(CommandError, u8)> = vec![
            (ModelError::Engine { reason: "no memory".to_owned() }.into(), 1),
            (ModelError::Film { reason: "no pixels".to_owned() }.into(), 1),
            (ModelError::NotFinite { film: 0 }.into(), 1),
            (ModelError::Device { reason: "no GPU".to_owned() }.into(), 2),
            (ModelError::BadName { name: String::new() }.into(), 2),
            (ImportError::Model(ModelError::Engine { reason: "no memory".to_owned() }).into(), 1),
            (ImportError::NoPreset { name: String::new(), known: Vec::new() }.into(), 2),
            (IntakeError::Missing(inbox.clone()).into(), 2),
            (IntakeError::Unreadable { inbox, source: io::Error::other("refused") }.into(), 1),
            (IntakeError::Thread(io::Error::other("none left")).into(), 1),
            (DashboardError::NotATerminal.into(), 2),
            (DashboardError::Terminal { doing: "drawing", source: io::Error::other("gone") }.into(), 1),
        ];
        for (failure, code) in cases {
            assert_eq!(failure.exit_code(), ExitCode::from(code), "{failure}");
        }
    }
}
