//! The messages between the program and a plugin's process: length, then JSON.

use std::{
    collections::BTreeMap,
    io::{self, Read},
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value as Json;

use super::super::{
    Call, Computed, Description, Limits, PluginError, RequestedEffect, Source, StatusChange, StudyView,
    bound::Excess,
};

/// Bytes of one message at most: 64 effects of 64 KiB each, every byte of them escaped.
const MESSAGE: usize = 64 << 20;

/// A request of the program to a plugin's process.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Request {
    /// The study of this question and the next ones, where it is another one than before.
    pub(super) study: Option<StudyView>,
    pub(super) question: Question,
}

/// One question, answered by one reply.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Question {
    /// Load a plugin; with what the site sets.
    Load { source: Source, settings: BTreeMap<String, Json>, limits: Limits },
    /// Call a hook.
    Call(Hook),
    /// Compute columns and filters.
    Compute,
    /// Call everything once.
    SelfTest,
    /// Give memory back.
    Collect,
}

/// A hook to call: [`Call`] without its study.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Hook {
    Start,
    Film(usize),
    Study,
    Status(StatusChange),
    CriticalWaiting,
    Tick(Json),
    Command(usize),
}

impl Hook {
    pub(super) fn of(call: &Call<'_>) -> Self {
        match call {
            Call::Start => Self::Start,
            Call::Film { film, .. } => Self::Film(*film),
            Call::Study(_) => Self::Study,
            Call::Status(_, change) => Self::Status((*change).clone()),
            Call::CriticalWaiting(_) => Self::CriticalWaiting,
            Call::Tick(tick) => Self::Tick((*tick).clone()),
            Call::Command(index, _) => Self::Command(*index),
        }
    }

    pub(super) fn call<'a>(&'a self, study: &'a StudyView) -> Call<'a> {
        match self {
            Self::Start => Call::Start,
            Self::Film(film) => Call::Film { film: *film, study },
            Self::Study => Call::Study(study),
            Self::Status(change) => Call::Status(study, change),
            Self::CriticalWaiting => Call::CriticalWaiting(study),
            Self::Tick(tick) => Call::Tick(tick),
            Self::Command(index) => Call::Command(*index, study),
        }
    }
}

/// A message of a plugin's process.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Message {
    /// The answer to the question.
    Reply(Reply),
    /// It ends: the plugin took too much, where nothing in the VM could stop it.
    Stopped { micros: u64, excess: Excess },
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Reply {
    pub(super) result: Result<Answer, PluginError>,
    /// Processor time, in microseconds.
    pub(super) micros: u64,
    /// Bytes that the VM holds.
    pub(super) memory: u64,
    pub(super) printed: Vec<String>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Answer {
    Loaded(Box<Description>),
    Effects(Vec<RequestedEffect>),
    Computed(Computed),
    Tested(Vec<(String, Vec<RequestedEffect>)>),
    Collected,
}

/// A message as bytes.
pub(super) fn encode(message: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; 4];
    serde_json::to_writer(&mut bytes, message)?;
    let length = bytes.len() - 4;
    let told = u32::try_from(length).ok().filter(|_| length <= MESSAGE);
    let told = told.ok_or_else(|| io::Error::other("a message is too long"))?;
    bytes[..4].copy_from_slice(&told.to_le_bytes());
    Ok(bytes)
}

/// The next message; none at the end.
pub(super) fn read<T: DeserializeOwned>(input: &mut impl Read) -> io::Result<Option<T>> {
    let mut told = [0; 4];
    match input.read_exact(&mut told) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    let length = usize::try_from(u32::from_le_bytes(told)).unwrap_or(usize::MAX);
    if length > MESSAGE {
        return Err(io::Error::other("a message is too long"));
    }
    let mut bytes = Vec::new();
    input.take(length as u64).read_to_end(&mut bytes)?;
    if bytes.len() < length {
        return Ok(None);
    }
    Ok(Some(serde_json::from_slice(&bytes)?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{
        super::super::{Effect, Raise},
        *,
    };

    #[test]
    fn every_effect_comes_out_as_it_went_in() {
        let effects = [
            Effect::Raise(Raise::Promote),
            Effect::Tag("ICU".to_owned()),
            Effect::Note("a\u{2028}b \"c\"".to_owned()),
            Effect::Column { title: "N".to_owned(), value: "7".to_owned() },
            Effect::Notify("n".to_owned()),
            Effect::Webhook { url: "https://a/".to_owned(), body: json!({ "a": [1, 2.5, null, "x"] }) },
            Effect::Write {
                file: "a.csv".to_owned(),
                text: "1\t2\n".to_owned(),
                header: String::new(),
                replace: true,
            },
            Effect::Copy { to: "ct".to_owned() },
            Effect::Run { program: "page".to_owned() },
            Effect::Send { to: "pacs".to_owned() },
        ];
        let effects: Vec<RequestedEffect> = effects
            .into_iter()
            .flat_map(|effect| {
                [None, Some("7".to_owned())].map(|once| RequestedEffect { effect: effect.clone(), once })
            })
            .collect();
        let bytes = encode(&effects).unwrap();
        let read: Option<Vec<RequestedEffect>> = read(&mut bytes.as_slice()).unwrap();
        assert_eq!(read, Some(effects));
    }

    #[test]
    fn a_message_that_is_cut_off_or_too_long_is_none() {
        let bytes = encode(&Message::Stopped { micros: 1, excess: Excess::Time }).unwrap();
        for end in 0..bytes.len() {
            assert!(read::<Message>(&mut &bytes[..end]).unwrap().is_none(), "{end}");
        }
        assert!(read::<Message>(&mut [0xff; 8].as_slice()).is_err());
    }
}
