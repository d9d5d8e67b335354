//! A study's line follows from its films.

use cxr_film::Header;
use cxr_triage::{
    quality::Gate,
    store::{FilmState, Outcome, OutsidePriority, Verdict},
    study::{Attribute, Severity},
};

use super::support::{Bench, at, broken, dicom, held, scored};

#[test]
fn a_study_takes_its_worst_film() {
    // Films as they come, and what the study then is: severity, top finding.
    let calm = [0.1, 0.2, 0.9];
    let urgent = [0.6, 0.2, 0.1];
    let critical = [0.1, 0.95, 0.1];
    type Case<'a> = (&'a [Option<[f32; 3]>], Severity, Option<&'a str>);
    let cases: &[Case<'_>] = &[
        (&[Some(calm)], Severity::Routine, Some("Mass")),
        (&[Some(calm), Some(urgent)], Severity::Urgent, Some("Effusion")),
        (&[Some(urgent), Some(calm)], Severity::Urgent, Some("Effusion")),
        (&[Some(urgent), Some(critical), Some(calm)], Severity::Critical, Some("Mass")),
        (&[None], Severity::Held, None),
        (&[None, Some(urgent)], Severity::Urgent, Some("Effusion")),
        (&[Some(critical), None], Severity::Critical, Some("Mass")),
    ];
    for (films, severity, top) in cases {
        let mut bench = Bench::new();
        let mut last = None;
        for (number, film) in films.iter().enumerate() {
            let bytes = format!("x{number}");
            let outcome =
                film.map_or_else(|| held(&bytes, Gate::View, "a lateral film"), |p| scored(&bytes, p));
            let outcome = dicom(outcome, "1.2", &format!("1.2.{number}"));
            last = Some(bench.record(&bytes, &outcome, at(0)).1);
        }
        let row = last.unwrap();
        assert_eq!(
            (row.severity, row.assessed, row.top.as_deref()),
            (*severity, *severity, *top),
            "{films:?}"
        );
        let scored = films.iter().flatten().count() as u32;
        let laterals = films.len() as u32 - scored;
        let (listed, held) = if scored > 0 { (laterals, 0) } else { (0, laterals) };
        assert_eq!((row.scored_films, row.listed_films, row.held_films), (scored, listed, held), "{films:?}");
        assert_eq!(row.score.is_some(), scored > 0, "{films:?}");
        assert_eq!(row.held_reason.is_empty(), row.held_films == 0, "{films:?}");
        assert_eq!(bench.store.detail(row.id).unwrap().unwrap().study, row, "{films:?}");
    }
}

#[test]
fn the_line_says_who_and_what_and_when() {
    let with = |outcome: Outcome, view: &str, name: &str| {
        let mut outcome = outcome;
        let header = outcome.header.get_or_insert_default();
        header.patient_name = name.to_owned();
        header.patient_id = "4711".to_owned();
        header.accession_number = "A1".to_owned();
        header.study_description = "Thorax".to_owned();
        header.study_date = "20240131".to_owned();
        header.study_time = "081502.5".to_owned();
        header.view_position = view.to_owned();
        header.patient_age = format!("{view}Y");
        header.patient_sex = "F".to_owned();
        header.station_name = format!("{view} ROOM");
        outcome
    };
    let mut bench = Bench::new();
    let damaged = with(dicom(broken("w"), "1.2", "1.2.2"), "", "D\u{fffd}E");
    bench.record("/inbox/broken.dcm", &damaged, at(-3));
    let first = with(dicom(scored("x", [0.6, 0.1, 0.1]), "1.2", "1.2.3"), "PA", "DOE^JANE");
    bench.record("/inbox/one.dcm", &first, at(0));
    let second = with(dicom(scored("y", [0.1, 0.9, 0.1]), "1.2", "1.2.4"), "AP", "DOE^JANE");
    let (top, row) = bench.record("/inbox/two.dcm", &second, at(5));
    assert_eq!(row.patient_name, "DOE^JANE", "from the film that decoded");
    assert_eq!((row.patient_id.as_str(), row.accession_number.as_str()), ("4711", "A1"));
    assert_eq!((row.description.as_str(), row.view.as_str()), ("Thorax", "AP"));
    let attributes = Attribute::ALL.map(|attribute| row.attributes.get(attribute));
    assert_eq!(attributes, ["PAY", "F", "PA ROOM"], "from the first film that decoded");
    assert_eq!(row.study_time.unwrap().to_string(), "2024-01-31T08:15:02");
    assert_eq!((row.file_name.as_str(), row.model.as_str()), ("broken.dcm", "starter"));
    assert_eq!((row.first_arrival, row.last_arrival), (at(-3), at(5)));

    let detail = bench.store.detail(row.id).unwrap().unwrap();
    assert_eq!(detail.films[0].id, top, "the film with the top finding comes first");
    assert_eq!(detail.films.len(), 3);
    assert!(matches!(detail.films[2].state, FilmState::Held(_)), "held films come last");
    let Header { view_position, columns, .. } = &detail.films[0].header;
    assert_eq!((view_position.as_str(), *columns), ("AP", 0));
}

#[test]
fn findings_and_heatmap_come_back_as_they_went_in() {
    let mut bench = Bench::new();
    let outcome = scored("x", [0.123_456_79, 0.95, 0.5]);
    let (film, _) = bench.record("a", &outcome, at(0));
    let row = bench.store.film(film).unwrap().unwrap();
    let Verdict::Scored(given) = &outcome.verdict else { panic!() };
    let FilmState::Scored { findings, model, model_sha256, scored_at } = row.state else { panic!() };
    assert_eq!(findings, given.findings);
    assert_eq!((model.as_str(), model_sha256, scored_at), ("starter", "ab".repeat(32), at(0)));
    assert_eq!((row.sha256.as_str(), &row.header), ("x", outcome.header.as_ref().unwrap()));
    let heatmap = bench.store.heatmap(film).unwrap().unwrap();
    assert_eq!(
        (heatmap.bytes.as_slice(), heatmap.labels.join(" ")),
        (&b"x"[..], "Effusion Mass Hernia".to_owned())
    );
    assert_eq!(bench.store.heatmap(film + 1).unwrap(), None);
    assert_eq!(bench.store.film(film + 1).unwrap(), None);
    assert_eq!(bench.store.detail(99).unwrap(), None);
}

#[test]
fn what_gates_said_of_a_scored_film_is_kept_with_it() {
    let mut bench = Bench::new();
    for (bytes, warnings) in [("x", vec![]), ("y", vec!["It is small.", "It is\u{1b}[31m clipped."])] {
        let mut outcome = scored(bytes, [0.1; 3]);
        let Verdict::Scored(result) = &mut outcome.verdict else { panic!() };
        result.warnings = warnings.iter().map(|&warning| warning.to_owned()).collect();
        let (film, _) = bench.record(bytes, &outcome, at(0));
        let kept = bench.store.film(film).unwrap().unwrap().warnings;
        let clean: Vec<String> = warnings.iter().map(|warning| cxr_triage::text::clean(warning)).collect();
        assert_eq!(kept, clean);
    }
}

#[test]
fn a_priority_from_outside_only_raises() {
    let stat = |floor, source: &str| OutsidePriority { floor, source: source.to_owned() };
    let mut bench = Bench::new();
    let outcome = Outcome { outside: Some(stat(Severity::Urgent, "STAT")), ..scored("x", [0.1; 3]) };
    let (_, row) = bench.record("a", &outcome, at(0));
    assert_eq!((row.severity, row.assessed), (Severity::Urgent, Severity::Routine));
    for floor in [Severity::Held, Severity::Routine, Severity::Urgent] {
        assert_eq!(bench.store.raise(row.id, &stat(floor, "plugin"), at(1)).unwrap(), None, "{floor:?}");
    }
    let raised = bench.store.raise(row.id, &stat(Severity::Critical, "icu"), at(2)).unwrap().unwrap();
    assert_eq!((raised.severity, raised.outside.unwrap().source.as_str()), (Severity::Critical, "icu"));
    assert_eq!(bench.store.raise(99, &stat(Severity::Critical, "icu"), at(2)).unwrap(), None);
    assert_eq!(bench.count_kind("raised"), 2);
}

#[test]
fn counts_tell_bands_apart_and_leave_out_what_has_gone() {
    let mut bench = Bench::new();
    bench.record("a", &scored("x", [0.1; 3]), at(0));
    bench.record("b", &scored("y", [0.95; 3]), at(0));
    bench.record("c", &broken("z"), at(0));
    let (_, done) = bench.record("d", &scored("w", [0.6; 3]), at(0));
    bench.store.set_status(done.id, cxr_triage::store::Status::Done, "anna", at(1)).unwrap();
    bench.record("e", &broken("v"), at(0));
    bench.record("e", &scored("u", [0.6; 3]), at(1));
    bench.receive("f", at(2));
    let counts = bench.store.counts().unwrap();
    let open: Vec<_> = counts.open.into_iter().collect();
    let expected =
        [(Severity::Held, 1), (Severity::Routine, 1), (Severity::Urgent, 1), (Severity::Critical, 1)];
    assert_eq!(open, expected);
    assert_eq!((counts.queued, counts.done, counts.scored_films, counts.held_films), (1, 1, 4, 1));
}
