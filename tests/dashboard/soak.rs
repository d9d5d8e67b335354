//! Twelve hours in a few seconds: ten thousand arrivals, random keys, a clock that runs, terminals of
//! changing size. Nothing panics, nothing is lost, nothing grows that should not.

use crate::dashboard::fixture::{Desk, noon, study};
use cxr_triage::{
    dashboard::{Key, Message},
    store::Status,
};
use jiff::SignedDuration;
use ratatui::layout::Size;

const ARRIVALS: i64 = 10_000;
const SHIFT: SignedDuration = SignedDuration::from_hours(12);

/// Keys in about the proportions of a shift; none that leaves.
const KEYS: &[&str] = &[
    "j",
    "j",
    "j",
    "k",
    "k",
    "down",
    "up",
    "pagedown",
    "pageup",
    "G",
    "g g",
    "enter",
    "enter",
    "esc",
    "space",
    "c",
    "a",
    "A",
    "d",
    "d",
    "d",
    "u",
    "h",
    "[",
    "]",
    "tab",
    "n o k enter esc",
    "/ e f f enter esc",
    "/ s c o r e > 0 . 5 enter",
    "esc",
    "esc",
    "1",
    "2",
    "3",
    "4",
    "5",
    "1",
    "s w",
    "s r",
    "s p",
    "C space j J esc",
    "o j tab enter",
    "o tab esc",
    "?",
    "esc",
    ": h e a t enter",
    "N",
    "N",
    "ctrl-l",
    "ctrl-z",
    "@ e v a enter",
    "x",
    "g x",
];

/// Numbers that look random and are the same in every run (Knuth's MMIX).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % sides
    }
}

fn press(desk: &mut Desk, keys: &str) {
    for word in keys.split_whitespace() {
        let key: Key = word.parse().unwrap_or_else(|error| panic!("{error}"));
        desk.handle(Message::Key(key.into()));
    }
    desk.settle();
}

#[test]
fn a_shift_of_ten_thousand_films_and_random_keys_brings_nothing_down() {
    let labels = ["Effusion", "Mass", "Pneumothorax", "Cardiomegaly"];
    let mut dice = Dice(7);
    let mut desk = Desk::empty(120, 40);
    let mut size = Size::new(120, 40);
    for id in 1..=ARRIVALS {
        let now = noon() + SignedDuration::from_secs(SHIFT.as_secs() * id / ARRIVALS);
        desk.handle(Message::Clock(now));
        let probability = 0.02 + f64::from(u32::try_from(dice.roll(90)).unwrap_or(0)) / 100.0;
        let mut detail = study(id, "PATIENT^ANY", 0, &[(labels[dice.roll(4)], probability)]);
        (detail.study.first_arrival, detail.study.last_arrival) = (now, now);
        desk.arrive(vec![detail]);
        for _ in 0..dice.roll(4) {
            press(&mut desk, KEYS[dice.roll(KEYS.len())]);
        }
        if dice.roll(500) == 0 {
            size = [Size::new(60, 20), Size::new(80, 24), Size::new(200, 60), Size::new(20, 5)][dice.roll(4)];
            desk.handle(Message::Resized(size, None));
            desk.settle();
        }
        if id % 50 == 0 {
            let screen = desk.screen(size.width, size.height);
            assert_eq!(screen.lines().count(), usize::from(size.height));
        }
        desk.sent.clear();
        assert!(!desk.has_quit);
    }
    // Every study is there, with the status that the people gave it.
    press(&mut desk, "esc esc esc esc 1 s w s r s r s r");
    let list = desk.state.worklist();
    assert_eq!(i64::try_from(list.total()), Ok(ARRIVALS));
    let done = desk.studies.values().filter(|detail| detail.study.status == Status::Done).count();
    assert!(done > 100, "{done} studies were done");
    for detail in desk.studies.values() {
        let known = list.get(detail.study.id).map(|row| (row.status, row.severity, row.notes));
        assert_eq!(known, Some((detail.study.status, detail.study.severity, detail.study.notes)));
    }
    let alarms = desk.studies.values().filter(|detail| detail.study.is_alarm()).count();
    assert_eq!(list.alarms(), alarms);
    // What can be taken back has an end.
    let mut taken_back = 0;
    while desk.state.can_undo() {
        press(&mut desk, "u");
        taken_back += 1;
    }
    assert!(taken_back <= 100, "{taken_back} changes are remembered");
}
