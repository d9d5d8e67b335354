//! `[retention]`.

use jiff::SignedDuration;

use crate::{config::parse, files::Space};

#[test]
fn ages_are_read_as_days() {
    let read = |text: &str| parse(text, None).map(|loaded| loaded.config.retention);
    let kept = read("[retention]\nfilms = \"90d\"\nresults = \"3650d\"\nmin_free = \"10%\"\n").unwrap();
    assert_eq!(kept.films, Some(SignedDuration::from_hours(90 * 24)));
    assert_eq!(kept.results, Some(SignedDuration::from_hours(3_650 * 24)));
    assert_eq!(kept.min_free, Some(Space::Percent(10.0)));
    for wrong in ["films = \"0d\"", "films = \"3h\"", "films = 90", "min_free = \"10\""] {
        assert!(read(&format!("[retention]\n{wrong}\n")).is_err(), "{wrong}");
    }
}
