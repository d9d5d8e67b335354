//! The last films of a model, with which the one on the screen is compared.

use std::sync::Arc;

use super::State;
use crate::{
    dashboard::message::Effect,
    session::protocol::Request,
    store::{FilmState, Spread},
};

/// The model that was asked about, and its last films, once they are known.
#[derive(Debug, Default)]
pub(in crate::dashboard) struct Compared {
    asked: Option<(String, String)>,
    known: Option<Arc<Spread>>,
}

impl Compared {
    /// Takes an answer.
    pub(in crate::dashboard) fn take(&mut self, spread: Arc<Spread>) {
        self.known = Some(spread);
    }
}

/// Asks about the model of the film that is shown, once.
pub(in crate::dashboard) fn settle(state: &mut State) -> Option<Effect> {
    let (model, sha256) = model_of(state)?;
    let wanted = (model.to_owned(), sha256.to_owned());
    if state.compared.asked.as_ref() == Some(&wanted) {
        return None;
    }
    let (model, model_sha256) = wanted.clone();
    state.compared.asked = Some(wanted);
    Some(Effect::Request(Request::Spread { model, model_sha256 }))
}

fn model_of(state: &State) -> Option<(&str, &str)> {
    match &state.film()?.state {
        FilmState::Scored { model, model_sha256, .. } => Some((model, model_sha256)),
        FilmState::Held(_) => None,
    }
}

impl State {
    /// The probabilities that the last films of the shown film's model got for a label, ascending; none while they
    /// are not known.
    pub(in crate::dashboard) fn last_films(&self, label: &str) -> Option<&[f32]> {
        let (model, sha256) = model_of(self)?;
        let spread = self.compared.known.as_deref()?;
        (spread.model == model && spread.model_sha256 == sha256).then(|| spread.of(label))
    }
}
