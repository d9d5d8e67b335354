//! Looking at films: keys, and the picture that they ask for.

use crate::dashboard::fixture::Desk;
use cxr_triage::{
    picture::{Colours, Mode, Presentation, Window},
    session::protocol::{Request, Update},
    store::PriorFilm,
};

/// The presentation of the picture that was asked for last.
fn asked(desk: &Desk) -> Presentation {
    let last = desk.sent.iter().rev().find_map(|request| match request {
        Request::Picture(picture) => Some(picture.presentation),
        _ => None,
    });
    last.unwrap_or_else(|| panic!("a picture was asked for"))
}

fn pictures(desk: &Desk) -> usize {
    desk.sent.iter().filter(|request| matches!(request, Request::Picture(_))).count()
}

#[test]
fn keys_change_the_presentation_and_the_picture_follows() {
    let usual = Presentation::default();
    let window = |level, width| Presentation { window: Window { level, width }, ..usual };
    for (keys, presentation) in [
        ("v", Presentation { mode: Mode::Beside, ..usual }),
        ("v v", Presentation { mode: Mode::Contours, ..usual }),
        ("v v v", Presentation { mode: Mode::Film, ..usual }),
        ("h", Presentation { mode: Mode::Film, ..usual }),
        // The heatmap comes back as it was.
        ("v h h", Presentation { mode: Mode::Beside, ..usual }),
        ("m m", Presentation { colours: Colours::Viridis, ..usual }),
        ("{ {", Presentation { opacity: 40, ..usual }),
        ("}", Presentation { opacity: 70, ..usual }),
        ("i", Presentation { inverted: true, ..usual }),
        ("w", Presentation { window: Window::PRESETS[1].1, ..usual }),
        (", ,", window(144, 256)),
        (".", window(120, 256)),
        ("> >", window(128, 224)),
        ("> <", window(128, 256)),
        ("> , i 0", usual),
    ] {
        let mut desk = Desk::morning(120, 40);
        desk.press(keys);
        // What was made before is not asked for again: go by what is shown.
        let shown = desk.state.gallery().shown().map(|(request, _)| request.presentation);
        assert_eq!(shown, Some(presentation), "{keys}");
    }
}

#[test]
fn near_the_film_arrows_move_over_it_and_else_through_the_list() {
    let mut desk = Desk::morning(120, 40);
    desk.press("enter + + + +");
    let study = desk.selected();
    let near = asked(&desk).zoom;
    assert_eq!(near.percent, 244);
    desk.press("down right");
    let moved = asked(&desk).zoom;
    assert!(moved.x > near.x && moved.y > near.y, "{moved:?}");
    assert_eq!(desk.selected(), study);
    desk.press("z");
    assert!(!desk.state.presentation().zoom.is_near());
    desk.press("down");
    assert_ne!(desk.selected(), study);
    // In the list the arrows are the list's, however near the film is.
    let mut desk = Desk::morning(120, 40);
    desk.press("+ down");
    assert_ne!(desk.selected(), study);
    assert!(!desk.state.presentation().zoom.is_near(), "the next study is shown whole");
}

#[test]
fn a_presentation_that_makes_no_difference_makes_no_picture() {
    let mut desk = Desk::morning(120, 40);
    desk.press("h");
    let before = pictures(&desk);
    desk.press("{ m");
    assert_eq!(pictures(&desk), before, "there is no heatmap to colour");
    desk.press("h h");
    assert_eq!(pictures(&desk), before + 1, "one with the new colours, none for the film again");
}

#[test]
fn the_old_picture_stays_until_the_new_one_is_there() {
    let mut desk = Desk::morning(120, 40);
    desk.makes_pictures = false;
    desk.press("i");
    let shown = desk.state.gallery().shown().map(|(request, _)| request.presentation.inverted);
    assert_eq!(shown, Some(false));
    assert!(desk.screen(120, 40).contains("loading …"));
}

#[test]
fn the_latest_earlier_film_stands_beside_and_its_date_is_told() {
    let mut desk = Desk::morning(200, 50);
    let taken = |time: &str| time.parse().ok();
    let priors = vec![
        PriorFilm { film: 777, study_time: taken("2025-11-02T09:00:00") },
        PriorFilm { film: 776, study_time: None },
    ];
    desk.priors.insert(1, priors);
    desk.press("home p");
    let first = desk.selected();
    let asked: Vec<_> = desk.sent.iter().filter(|request| matches!(request, Request::Priors(_))).collect();
    assert_eq!(asked.len(), 1);
    let shown = desk.state.gallery().shown().map(|(request, _)| request.prior);
    assert_eq!((first, shown), (Some(1), Some(Some(777))));
    assert!(desk.screen(200, 50).contains("right: prior of 2025-11-02"), "{}", desk.screen(200, 50));
    desk.press("p");
    assert_eq!(desk.state.gallery().shown().map(|(request, _)| request.prior), Some(None));
    // A patient without any: said, and the film stays alone.
    desk.press("down p");
    assert!(desk.screen(200, 50).contains("No earlier film of this patient"));
    // A late answer for another study changes nothing.
    desk.tell(Update::Priors(1, vec![PriorFilm { film: 777, study_time: None }]));
    assert_eq!(desk.state.gallery().shown().map(|(request, _)| request.prior), Some(None));
}

#[test]
fn the_patients_sides_stand_where_the_header_says() {
    let mut desk = Desk::empty(120, 40);
    for (orientation, ends) in [("L\\F", Some("R coarse")), ("R\\F", Some("L coarse")), ("", None)] {
        let mut detail = crate::dashboard::fixture::morning().remove(0);
        detail.films[0].header.patient_orientation = orientation.to_owned();
        detail.study.revision += 1000;
        desk.arrive(vec![detail.clone()]);
        desk.tell(Update::Detail(Box::new(detail)));
        desk.settle();
        let screen = desk.screen(120, 40);
        match ends {
            Some(marks) => assert!(screen.contains(marks), "{orientation}: {screen}"),
            None => assert!(screen.contains("│coarse hint, starter"), "{screen}"),
        }
    }
}
