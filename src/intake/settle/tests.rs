use std::{path::Path, time::Duration};

use proptest::prelude::*;

use super::{QUICK, Settle, Sighting, Stamp};

const SETTLE: u64 = 300;

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

fn stamp(size: u64, modified: i64) -> Stamp {
    Stamp { size, modified_ns: modified * 1_000_000 }
}

/// The events of one file, as (time, sighting, size, modification time).
type Story = &'static [(u64, Sighting, u64, i64)];
/// A name, a story, and when the file must be complete, with its size then.
type Case = (&'static str, Story, &'static [(u64, u64)]);

/// Plays the story, looking whenever a look is due: when the file was complete, and its size then.
fn completions(story: Story) -> Vec<(u64, u64)> {
    let path = Path::new("/in/film.dcm");
    let mut settle = Settle::new(ms(SETTLE));
    let mut current = stamp(0, 0);
    let mut told = Vec::new();
    let end = (60_000, None);
    for (at, sighting) in story.iter().map(|step| (step.0, Some(step))).chain([end]) {
        while let Some(look_at) = settle.next_look().filter(|look_at| *look_at <= ms(at)) {
            let due = settle.due(look_at).expect("what is next is due");
            if settle.seen(&due, current, Sighting::Looked, look_at) {
                told.push((u64::try_from(look_at.as_millis()).unwrap(), current.size));
            }
        }
        if let Some(&(_, sighting, size, modified)) = sighting {
            current = stamp(size, modified);
            if settle.seen(path, current, sighting, ms(at)) {
                told.push((at, size));
            }
        }
    }
    assert_eq!(settle.next_look(), None, "nothing waits for ever");
    told
}

#[test]
fn a_file_is_complete_when_it_has_rested() {
    use Sighting::{Found, Looked, Whole, Written};
    const OLD: Sighting = Found { age: Duration::from_secs(10) };
    const YOUNG: Sighting = Found { age: Duration::from_millis(100) };
    const FROM_THE_FUTURE: Sighting = Found { age: Duration::ZERO };
    let cases: &[Case] = &[
        ("an old file of the first scan, at once", &[(5, OLD, 9, -10_000)], &[(5, 9)]),
        ("a fresh file of the first scan rests first", &[(5, YOUNG, 9, -95)], &[(305, 9)]),
        ("a time in the future stalls nothing", &[(5, FROM_THE_FUTURE, 9, 9_999_999)], &[(305, 9)]),
        ("seen by a walk, then resting", &[(5, Looked, 9, 1)], &[(305, 9)]),
        (
            "a slow writer is waited for",
            &[(0, Written, 1, 0), (250, Written, 2, 250), (500, Written, 3, 500), (750, Looked, 4, 740)],
            &[(1_050, 4)],
        ),
        (
            "writes within one tick of the clock count too",
            &[(0, Written, 4, 0), (200, Written, 4, 0)],
            &[(500, 4)],
        ),
        ("a look that was not due changes nothing", &[(0, Written, 4, 0), (200, Looked, 4, 0)], &[(300, 4)]),
        ("closed after writing, one quick look", &[(0, Written, 4, 0), (100, Whole, 4, 90)], &[(130, 4)]),
        ("renamed into place, one quick look", &[(100, Whole, 4, 90)], &[(130, 4)]),
        (
            "closed, but opened and written again",
            &[(0, Whole, 4, 0), (20, Written, 5, 20), (40, Written, 6, 40)],
            &[(340, 6)],
        ),
        ("created first, written later", &[(0, Whole, 0, 0), (3_000, Whole, 7, 3_000)], &[(3_030, 7)]),
        ("empty for good is told in the end", &[(0, Whole, 0, 0)], &[(5_000, 0)]),
        ("an old empty file of the first scan", &[(0, OLD, 0, -10_000)], &[(0, 0)]),
        ("a young empty file of the first scan", &[(0, YOUNG, 0, 0)], &[(5_000, 0)]),
        (
            "sent again, and touched",
            &[(0, Whole, 4, 0), (1_000, Whole, 4, 1_000), (2_000, Looked, 4, 2_000)],
            &[(30, 4), (1_030, 4), (2_300, 4)],
        ),
        (
            "told once, however often it is seen",
            &[(0, OLD, 4, 0), (10, Looked, 4, 0), (20, Whole, 4, 0), (400, Written, 4, 0)],
            &[(0, 4)],
        ),
        (
            "an older file put over it is a new state",
            &[(0, Whole, 4, 500), (1_000, Whole, 4, -90_000)],
            &[(30, 4), (1_030, 4)],
        ),
    ];
    for (name, story, expected) in cases {
        assert_eq!(completions(story), *expected, "{name}");
    }
}

#[test]
fn a_name_for_the_time_being_rests_long_though_its_writer_closed_it() {
    let (path, rest) = (Path::new("/in/.film.dcm.Xa3f9Q"), ms(10_000));
    let mut settle = Settle::new(ms(SETTLE));
    for (at, sighting, complete) in [
        (0, Sighting::Whole, false),
        (100, Sighting::Looked, false),
        (400, Sighting::Whole, false),
        (10_399, Sighting::Looked, false),
        (10_400, Sighting::Looked, true),
    ] {
        assert_eq!(settle.seen_at_rest(path, stamp(4, 0), sighting, ms(at), rest), complete, "at {at}");
    }
    let old = Sighting::Found { age: ms(9_999) };
    assert!(!settle.seen_at_rest(Path::new("/in/.young"), stamp(4, 0), old, ms(0), rest));
    let old = Sighting::Found { age: ms(10_000) };
    assert!(settle.seen_at_rest(Path::new("/in/.old"), stamp(4, 0), old, ms(0), rest));
}

#[test]
fn a_settle_of_nothing_still_looks_twice() {
    let mut settle = Settle::new(Duration::ZERO);
    assert!(!settle.seen(Path::new("/in/a"), stamp(1, 1), Sighting::Written, ms(0)));
    assert_eq!(settle.next_look(), Some(QUICK));
}

#[test]
fn a_folder_takes_all_beneath_it_along() {
    let mut settle = Settle::new(ms(SETTLE));
    let old = Sighting::Found { age: ms(1_000) };
    for path in ["/in/a", "/in/a.dcm", "/in/a/1", "/in/a/b/2", "/in/ab/3"] {
        assert!(settle.seen(Path::new(path), stamp(1, 1), old, ms(0)), "{path}");
    }
    settle.gone(Path::new("/in/a"));
    for (path, left) in
        [("/in/a", false), ("/in/a.dcm", true), ("/in/a/1", false), ("/in/a/b/2", false), ("/in/ab/3", true)]
    {
        assert_eq!(settle.is_complete(Path::new(path)), left, "{path}");
    }
}

#[test]
fn the_first_scan_is_done_when_its_files_are_complete_or_gone() {
    let mut settle = Settle::new(ms(SETTLE));
    let fresh = Sighting::Found { age: ms(1) };
    for path in ["/in/1", "/in/2", "/in/3"] {
        settle.seen(Path::new(path), stamp(1, 1), fresh, ms(0));
    }
    settle.seen(Path::new("/in/later"), stamp(1, 1), Sighting::Written, ms(0));
    assert_eq!(settle.first_waiting(), 3);
    assert!(settle.seen(Path::new("/in/1"), stamp(1, 1), Sighting::Looked, ms(300)));
    settle.gone(Path::new("/in/2"));
    settle.seen(Path::new("/in/3"), stamp(2, 2), Sighting::Written, ms(300));
    assert_eq!(settle.first_waiting(), 1, "the third has grown and is still waited for");
    assert!(settle.seen(Path::new("/in/3"), stamp(2, 2), Sighting::Looked, ms(600)));
    assert_eq!(settle.first_waiting(), 0);
}

#[test]
fn what_a_whole_walk_does_not_see_is_forgotten() {
    let mut settle = Settle::new(ms(SETTLE));
    let old = Sighting::Found { age: ms(1_000) };
    for path in ["/in/stays", "/in/goes"] {
        settle.seen(Path::new(path), stamp(1, 1), old, ms(0));
    }
    settle.begin_walk();
    assert!(!settle.seen(Path::new("/in/stays"), stamp(1, 1), Sighting::Looked, ms(10)));
    settle.end_walk();
    assert!(settle.is_complete(Path::new("/in/stays")));
    assert!(!settle.is_complete(Path::new("/in/goes")));
    settle.seen(Path::new("/in/goes"), stamp(1, 1), Sighting::Looked, ms(20));
    assert!(settle.seen(Path::new("/in/goes"), stamp(1, 1), Sighting::Looked, ms(320)), "and is new again");
}

#[derive(Debug, Clone)]
enum Step {
    Wait(u64),
    /// A write, and whether its event came through.
    Write {
        file: usize,
        grow: u64,
        told: bool,
    },
    Close(usize),
    Walk,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..700_u64).prop_map(Step::Wait),
        (0..3_usize, 0..3_u64, any::<bool>()).prop_map(|(file, grow, told)| Step::Write { file, grow, told }),
        (0..3_usize).prop_map(Step::Close),
        Just(Step::Walk),
    ]
}

/// Three files on a disk that only the test knows.
#[derive(Default)]
struct World {
    now: u64,
    writes: i64,
    disk: [Option<Stamp>; 3],
    told: [Vec<Stamp>; 3],
}

impl World {
    fn path(file: usize) -> String {
        format!("/in/{file}")
    }

    fn see(&mut self, settle: &mut Settle, file: usize, sighting: Sighting) {
        if let Some(stamp) = self.disk[file]
            && settle.seen(Path::new(&Self::path(file)), stamp, sighting, ms(self.now))
        {
            self.told[file].push(stamp);
        }
    }

    fn wait(&mut self, settle: &mut Settle, until: u64) {
        while let Some(at) = settle.next_look().filter(|at| *at <= ms(until)) {
            self.now = u64::try_from(at.as_millis()).unwrap();
            let due = settle.due(at).unwrap();
            let file = (0..3).find(|file| due == Path::new(&Self::path(*file))).unwrap();
            self.see(settle, file, Sighting::Looked);
        }
        self.now = until;
    }
}

proptest! {
    /// Whatever the order of writes, closes, lost events and walks: each file ends delivered in its
    /// final state, exactly once, and no state is ever delivered twice.
    #[test]
    fn every_file_ends_delivered_once_as_it_is(steps in prop::collection::vec(step(), 1..60)) {
        let mut settle = Settle::new(ms(SETTLE));
        let mut world = World::default();
        for step in steps {
            match step {
                Step::Wait(time) => {
                    let until = world.now + time;
                    world.wait(&mut settle, until);
                }
                Step::Write { file, grow, told } => {
                    world.writes += 1;
                    let size = world.disk[file].map_or(0, |stamp| stamp.size) + grow;
                    world.disk[file] = Some(stamp(size, world.writes));
                    if told {
                        world.see(&mut settle, file, Sighting::Written);
                    }
                }
                Step::Close(file) => world.see(&mut settle, file, Sighting::Whole),
                Step::Walk => (0..3).for_each(|file| world.see(&mut settle, file, Sighting::Looked)),
            }
        }
        (0..3).for_each(|file| world.see(&mut settle, file, Sighting::Looked));
        let end = world.now + 20_000;
        world.wait(&mut settle, end);
        for file in 0..3 {
            let told = &world.told[file];
            prop_assert_eq!(told.last().copied(), world.disk[file]);
            for (index, state) in told.iter().enumerate() {
                prop_assert!(!told[..index].contains(state), "file {} told twice as {:?}", file, state);
            }
        }
        prop_assert_eq!(settle.next_look(), None);
    }
}
