//! Which request asks for which permission: the one place, and what nobody names here does not compile.

use super::{BenchRequest, Request};
use crate::{
    store::{PluginAction, StudyId},
    study::{Permission, PersonRole},
};

impl Request {
    /// The permission that it takes.
    #[must_use]
    pub fn permission(&self) -> Permission {
        let role = match self {
            Self::Detail(_)
            | Self::Picture(_)
            | Self::Priors(_)
            | Self::Similar(_)
            | Self::Spread { .. }
            | Self::Shift(_)
            | Self::Senders(_)
            | Self::Sendings(_) => PersonRole::View,
            Self::Status(..)
            | Self::Acknowledge(_)
            | Self::TakeBack(..)
            | Self::Note(..)
            | Self::Send(..) => PersonRole::Triage,
            Self::Plugin(_) | Self::Score(_) => PersonRole::Admin,
            Self::Bench(
                BenchRequest::Open | BenchRequest::Reread | BenchRequest::Try(_) | BenchRequest::Save(_),
            ) => PersonRole::Admin,
            // The name of a person who has logged in is the key's, and stays.
            Self::Who(_) => return Permission::Account,
        };
        Permission::Role(role)
    }

    /// Its name in the audit.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Detail(_) => "detail",
            Self::Picture(_) => "picture",
            Self::Priors(_) => "priors",
            Self::Similar(_) => "similar",
            Self::Senders(_) => "senders",
            Self::Sendings(_) => "results",
            Self::Send(..) => "send",
            Self::Spread { .. } => "spread",
            Self::Shift(_) => "shift",
            Self::Status(..) => "status",
            Self::Acknowledge(_) => "acknowledge",
            Self::TakeBack(..) => "take-back",
            Self::Note(..) => "note",
            Self::Who(_) => "who",
            Self::Plugin(_) => "plugin",
            Self::Score(_) => "score",
            Self::Bench(_) => "thresholds",
        }
    }

    /// The study that it names, for the audit.
    #[must_use]
    pub fn study(&self) -> Option<StudyId> {
        match self {
            Self::Detail(study)
            | Self::Priors(study)
            | Self::Send(study, _)
            | Self::Status(study, _)
            | Self::Acknowledge(study)
            | Self::TakeBack(study, _)
            | Self::Note(study, _) => Some(*study),
            Self::Plugin(request) => match &request.action {
                PluginAction::Run { study, .. } => Some(*study),
                PluginAction::Enable => None,
            },
            Self::Picture(_)
            | Self::Similar(_)
            | Self::Spread { .. }
            | Self::Shift(_)
            | Self::Senders(_)
            | Self::Sendings(_)
            | Self::Score(_)
            | Self::Bench(_)
            | Self::Who(_) => None,
        }
    }

    /// The study that it would change, which a dashboard may show as changed already.
    #[must_use]
    pub fn changed_study(&self) -> Option<StudyId> {
        match self {
            Self::Status(study, _)
            | Self::Acknowledge(study)
            | Self::TakeBack(study, _)
            | Self::Note(study, _) => Some(*study),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::{
        picture::Presentation,
        session::protocol::{Period, PictureRequest, ShiftWatch},
        store::{Handling, PluginRequest, Status},
    };

    #[test]
    fn each_request_is_permitted_to_whom_it_is_meant_for() {
        let plugin = |action| Request::Plugin(PluginRequest { plugin: "beds".to_owned(), action });
        let picture = PictureRequest {
            film: 1,
            heatmap: None,
            prior: None,
            sheet: Vec::new(),
            presentation: Presentation::default(),
            width: 1,
            height: 1,
        };
        let handling = Handling { status: Status::New, by: String::new(), at: None, acknowledged: None };
        let looks = [true, true, true, true];
        let works = [false, true, true, true];
        let decides = [false, false, true, true];
        let alone = [false, false, false, true];
        for (request, may) in [
            (Request::Detail(1), looks),
            (Request::Picture(picture), looks),
            (Request::Priors(1), looks),
            (Request::Similar(1), looks),
            (Request::Senders(true), looks),
            (Request::Sendings(true), looks),
            (Request::Send(1, "pacs".to_owned()), works),
            (Request::Spread { model: String::new(), model_sha256: String::new() }, looks),
            (Request::Shift(None), looks),
            (Request::Shift(Some(ShiftWatch { period: Period::Today, zone: TimeZone::UTC })), looks),
            (Request::Status(1, Status::New), works),
            (Request::Status(1, Status::Seen), works),
            (Request::Status(1, Status::Claimed), works),
            (Request::Status(1, Status::Done), works),
            (Request::Acknowledge(1), works),
            (Request::TakeBack(1, Box::new(handling)), works),
            (Request::Note(1, "x".to_owned()), works),
            (plugin(PluginAction::Enable), decides),
            (plugin(PluginAction::Run { command: "x".to_owned(), study: 1 }), decides),
            (Request::Score(1), decides),
            (Request::Bench(BenchRequest::Open), decides),
            (Request::Bench(BenchRequest::Reread), decides),
            (Request::Bench(BenchRequest::Try(Vec::new())), decides),
            (Request::Bench(BenchRequest::Save(Vec::new())), decides),
            (Request::Who("BERT".to_owned()), alone),
        ] {
            let roles = PersonRole::ALL.map(Some).into_iter().chain([None]);
            let permitted: Vec<bool> = roles.map(|role| request.permission().is_given_to(role)).collect();
            assert_eq!(permitted, may, "{request:?}");
        }
    }
}
