//! Hides whose films they are from a dashboard that may not show names: what is taken out here never reaches it.
//!
//! What is free text loses the patient's name and numbers, what holds nothing else is emptied; staff keep their names.
//! Letters that are part of the picture itself cannot be hidden.

use cxr_film::Header;

use super::protocol::{Health, Update};
use crate::{
    store::{FilmRow, FilmState, Note, PluginRecord, StudyDetail, StudyRow},
    study::{Clash, Sending, SendingState},
    text::Secrets,
};

/// In place of a text that people or plugins wrote.
pub(super) const HIDDEN: &str = "(hidden with the names)";

/// The update without names.
pub(super) fn without_names(update: Update) -> Update {
    match update {
        Update::Studies(mut rows) => {
            rows.iter_mut().for_each(hide_row);
            Update::Studies(rows)
        }
        Update::Detail(mut detail) => {
            hide_detail(&mut detail);
            Update::Detail(detail)
        }
        Update::Health(health) => {
            let working_on = health.working_on.map(|_| "a film".to_owned());
            Update::Health(Health { working_on, ..health })
        }
        Update::Similar(mut similar) => {
            for film in similar.neighbours.iter_mut().flatten() {
                hide_row(&mut film.study);
                film.notes.iter_mut().for_each(hide_note);
            }
            Update::Similar(similar)
        }
        Update::Sendings(mut sendings) => {
            sendings.iter_mut().for_each(hide_remark);
            Update::Sendings(sendings)
        }
        Update::Plugins(records) => Update::Plugins(records.into_iter().map(without_fault).collect()),
        // They have no text that came with a film; a plugin's notice is hidden where it is read.
        Update::Anew(_)
        | Update::Priors(..)
        | Update::Spread(_)
        | Update::Shift(..)
        | Update::Senders(_)
        | Update::Picture(_)
        | Update::Notice(_)
        | Update::Bench(_)
        | Update::Role(_)
        | Update::Ended(_) => update,
    }
}

/// Returns what went wrong in a plugin may quote what it was told.
fn without_fault(record: PluginRecord) -> PluginRecord {
    let fault = if record.fault.is_empty() { String::new() } else { HIDDEN.to_owned() };
    PluginRecord { fault, ..record }
}

/// A destination may answer with what it was sent.
fn hide_remark(sending: &mut Sending) {
    match &mut sending.state {
        SendingState::Failing { why, .. } | SendingState::GivenUp { why, .. } => HIDDEN.clone_into(why),
        SendingState::Sent { remark, .. } if !remark.is_empty() => HIDDEN.clone_into(remark),
        SendingState::Sent { .. } | SendingState::Waiting => {}
    }
}

fn hide_row(row: &mut StudyRow) {
    let secrets = Secrets::of_study(row);
    hide_row_with(row, &secrets);
}

fn hide_row_with(row: &mut StudyRow, secrets: &Secrets) {
    row.key = format!("study {}", row.id);
    for text in [&mut row.patient_id, &mut row.patient_name, &mut row.accession_number, &mut row.file_name] {
        text.clear();
    }
    for text in [&mut row.description, &mut row.view, &mut row.held_reason] {
        *text = secrets.hide(text);
    }
    if let Some(outside) = &mut row.outside {
        outside.source = secrets.hide(&outside.source);
    }
    // All of them, whatever attribute comes.
    row.attributes = row.attributes.map(|text| secrets.hide(text));
    for tag in &mut row.marks.tags {
        tag.text = secrets.hide(&tag.text);
    }
    row.marks.notes.clear();
    row.marks.cells.clear();
}

fn hide_detail(detail: &mut StudyDetail) {
    let secrets = detail.secrets();
    // What is new in it does not compile until it is decided here.
    let StudyDetail { study, films, notes, clashes, sendings } = detail;
    hide_row_with(study, &secrets);
    films.iter_mut().for_each(|film| hide_film(film, &secrets));
    notes.iter_mut().for_each(hide_note);
    clashes.iter_mut().for_each(hide_clash);
    sendings.iter_mut().for_each(hide_remark);
}

fn hide_note(note: &mut Note) {
    HIDDEN.clone_into(&mut note.text);
}

fn hide_film(film: &mut FilmRow, secrets: &Secrets) {
    film.path.clear();
    film.clashes.iter_mut().for_each(hide_clash);
    for text in &mut film.warnings {
        *text = secrets.hide(text);
    }
    if let FilmState::Held(held) = &mut film.state {
        held.reason = secrets.hide(&held.reason);
    }
    if let Some(request) = &mut film.on_request {
        request.was_held = secrets.hide(&request.was_held);
    }
    hide_header(&mut film.header, secrets);
}

/// Takes a header apart and does with each attribute what its list says. Every attribute is named in one of them: a new one
/// does not compile until it is decided what becomes of it.
macro_rules! hide_attributes {
    (
        $header:ident, $secrets:ident;
        keep $($kept:ident)*;
        clear $($cleared:ident)*;
        hide $($hidden:ident)*;
        hide_each $($listed:ident)*;
    ) => {
        let Header { $($kept: _,)* $($cleared,)* $($hidden,)* $($listed,)* } = $header;
        $($cleared.clear();)*
        $(*$hidden = $secrets.hide($hidden);)*
        $($listed.iter_mut().for_each(|text| *text = $secrets.hide(text));)*
    };
}

fn hide_header(header: &mut Header, secrets: &Secrets) {
    hide_attributes! {
        header, secrets;
        // What has no text, or digits and dots of the standard alone.
        keep format transfer_syntax sop_class_uid columns rows bits_stored coloured_percent frames pixels;
        // What says whose film it is.
        clear
            patient_name patient_id patient_birth_date accession_number study_instance_uid
            series_instance_uid sop_instance_uid source_images study_date study_time acquired_at content_at;
        // Text, into which anybody may have written a name.
        hide
            photometric_interpretation patient_age patient_sex study_description series_description
            protocol_name modality body_part_examined anatomic_region_code anatomic_region view_position
            view_code laterality patient_orientation presentation_intent_type detector_id institution_name
            station_name;
        hide_each view_modifiers;
    }
}

fn hide_clash(clash: &mut Clash) {
    match clash {
        Clash::Film { file_name, study, .. } => {
            file_name.clear();
            study.clear();
        }
        Clash::Study { key } => key.clear(),
    }
}

#[cfg(test)]
#[path = "hidden_tests.rs"]
mod tests;
