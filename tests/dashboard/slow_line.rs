//! A line to the terminal that is slow: the picture comes strip by strip, and never of two films at once.

use cxr_triage::dashboard::{Canvas, Detail, Message};

use crate::dashboard::fixture::Desk;

const SCREEN: (u16, u16) = (120, 40);

/// The morning's studies over a line of 64 kbit/s; the picture is encoded, and nothing of it is sent yet.
fn desk() -> Desk {
    let mut desk = Desk::morning(SCREEN.0, SCREEN.1);
    let bandwidth = Some("64 kbit/s".parse().unwrap());
    desk.handle(Message::Canvas(Canvas { bandwidth, ..Canvas::halfblocks() }));
    desk.settle();
    desk
}

/// Cells of the picture that are on the screen.
fn drawn(desk: &Desk) -> usize {
    let screen = desk.screen(SCREEN.0, SCREEN.1);
    screen.chars().filter(|c| matches!(c, '▀' | '▄')).count()
}

fn send(desk: &mut Desk, strips: usize) {
    for _ in 0..strips {
        desk.handle(Message::LineIsFree);
        desk.settle();
    }
}

fn send_all(desk: &mut Desk) {
    while desk.state.gallery().has_more() {
        send(desk, 1);
    }
}

#[test]
fn a_picture_comes_strip_by_strip_in_the_detail_that_the_line_can_take() {
    let mut desk = desk();
    let (_, print) = desk.state.gallery().shown().expect("a picture");
    assert!(print.detail() != Detail::WHOLE && print.strips().len() > 3, "{print:?}");
    let mut seen = vec![drawn(&desk)];
    let first = desk.screen(SCREEN.0, SCREEN.1);
    assert!(first.contains("loading"), "{first}");
    while desk.state.gallery().has_more() {
        send(&mut desk, 1);
        seen.push(drawn(&desk));
    }
    // The film's upper edge is black, and black cells are blank.
    let grown = seen.windows(2).filter(|pair| pair[1] > pair[0]).count();
    assert!(seen[0] == 0 && seen.is_sorted() && grown > 2, "{seen:?}");
    let screen = desk.screen(SCREEN.0, SCREEN.1);
    assert!(screen.contains("slow line: reduced") && !screen.contains("loading"), "{screen}");
}

#[test]
fn nothing_of_the_film_before_stands_beside_the_strips_of_the_next() {
    let mut desk = desk();
    send_all(&mut desk);
    let whole = drawn(&desk);
    desk.press("j");
    assert!(whole > 0 && drawn(&desk) == 0, "{}", desk.screen(SCREEN.0, SCREEN.1));
}

#[test]
fn a_picture_under_a_panel_goes_and_comes_again_strip_by_strip() {
    let mut desk = desk();
    send_all(&mut desk);
    let whole = drawn(&desk);
    desk.press("?");
    send(&mut desk, 2);
    assert_eq!(drawn(&desk), 0);
    desk.press("esc");
    assert_eq!(drawn(&desk), 0);
    send_all(&mut desk);
    assert_eq!(drawn(&desk), whole);
}

#[test]
fn a_line_of_no_known_speed_gets_the_whole_picture_at_once() {
    let desk = Desk::morning(SCREEN.0, SCREEN.1);
    let (_, print) = desk.state.gallery().shown().expect("a picture");
    assert_eq!((print.detail(), print.strips().len()), (Detail::WHOLE, 1));
    assert!(drawn(&desk) > 0 && !desk.state.gallery().has_more());
}
