use super::*;

fn map(labels: usize, rows: usize, columns: usize, values: Vec<f32>, region: Region) -> Heatmap {
    assert_eq!(values.len(), labels * rows * columns);
    Heatmap { labels, rows, columns, values, region }
}

/// One hot cell of a 7 x 7 grid.
fn spot(row: usize, column: usize, region: Region) -> Heatmap {
    let mut values = vec![0.0; 49];
    values[row * 7 + column] = 3.0;
    map(1, 7, 7, values, region)
}

fn peak(values: &[f32], width: usize) -> (usize, usize) {
    let best = (0..values.len()).max_by(|&a, &b| values[a].total_cmp(&values[b])).unwrap();
    (best % width, best / width)
}

#[test]
fn a_hot_cell_is_drawn_where_it_lies_on_the_film() {
    let right_half = Region { x: 0.5, y: 0.0, width: 0.5, height: 1.0 };
    for (row, column, region, wanted) in [
        (3, 3, Region::WHOLE, (35, 35)),
        (1, 5, Region::WHOLE, (55, 15)),
        (1, 5, right_half, (63, 15)),
        (0, 0, right_half, (40, 5)),
    ] {
        let values = spot(row, column, region).upsampled(0, 71, 71).unwrap();
        let (x, y) = peak(&values, 71);
        assert!(x.abs_diff(wanted.0) <= 5 && y.abs_diff(wanted.1) <= 5, "{row} {column}: {x} {y}");
        assert_eq!(values[y * 71 + x], 1.0);
    }
}

#[test]
fn outside_the_crop_there_is_nothing() {
    let middle = Region { x: 0.25, y: 0.0, width: 0.5, height: 1.0 };
    let even = map(1, 7, 7, vec![0.4; 49], middle);
    let values = even.upsampled(0, 40, 20).unwrap();
    for (n, value) in values.iter().enumerate() {
        let inside = (10..30).contains(&(n % 40));
        assert!((value - if inside { 1.0 } else { 0.0 }).abs() < 1e-6, "pixel {n}: {value}");
    }
}

#[test]
fn an_empty_map_stays_empty_and_a_label_that_is_not_there_is_none() {
    let empty = map(2, 7, 7, vec![0.0; 98], Region::WHOLE);
    assert!(empty.upsampled(1, 30, 30).unwrap().iter().all(|&value| value == 0.0));
    assert!(empty.upsampled(2, 30, 30).is_none());
    assert_eq!(empty.upsampled(0, 0, 0).unwrap(), Vec::<f32>::new());
}

#[test]
fn the_stored_form_of_fourteen_labels_is_small() {
    let map = map(14, 7, 7, (0..14 * 49).map(|n| n as f32).collect(), Region::WHOLE);
    assert!(map.to_bytes().len() < 1536, "{} bytes", map.to_bytes().len());
}

#[test]
fn what_is_not_a_stored_map_is_refused() {
    let good = spot(2, 2, Region::WHOLE).to_bytes();
    assert!(Heatmap::from_bytes(&good).is_some());
    let changed = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] = byte;
        bytes
    };
    for (why, bytes) in [
        ("empty", vec![]),
        ("cut", good[..good.len() - 1].to_vec()),
        ("longer", [&good[..], &[0]].concat()),
        ("another version", changed(2, 2)),
        ("counts beyond the bytes", changed(5, 255)),
        ("no rows", changed(6, 0)),
        ("a region that is no fraction", changed(13, 0x44)),
        ("a maximum that is no number", changed(29, 0xff)),
        ("a negative value", changed(good.len() - 1, 0xbc)),
    ] {
        assert_eq!(Heatmap::from_bytes(&bytes), None, "{why}");
    }
}

proptest::proptest! {
    #[test]
    fn drawn_maps_stay_between_0_and_1(
        values in proptest::collection::vec(0.0f32..100.0, 5 * 6),
        width in 1u32..60,
        height in 1u32..60,
        x in 0.0f32..0.5,
        part in 0.1f32..0.5,
    ) {
        let region = Region { x, y: x, width: part, height: part };
        let drawn = map(1, 5, 6, values, region).upsampled(0, width, height).unwrap();
        proptest::prop_assert_eq!(drawn.len(), (width * height) as usize);
        proptest::prop_assert!(drawn.iter().all(|value| (0.0..=1.0).contains(value)));
    }

    #[test]
    fn maps_survive_the_store(values in proptest::collection::vec(0.0f32..1e6, 3 * 4 * 5), tiny in 0.0f32..1e-6) {
        // One label far weaker than the others: its own scale keeps it.
        let values: Vec<f32> = values.iter().enumerate().map(|(n, v)| if n < 20 { v * tiny } else { *v }).collect();
        let before = map(3, 4, 5, values, Region { x: 0.1, y: 0.0, width: 0.75, height: 1.0 });
        let after = Heatmap::from_bytes(&before.to_bytes()).unwrap();
        proptest::prop_assert_eq!((after.labels, after.rows, after.columns), (3, 4, 5));
        proptest::prop_assert_eq!(after.region, before.region);
        for label in 0..3 {
            let (before, after) = (before.grid(label).unwrap(), after.grid(label).unwrap());
            let highest = before.iter().copied().fold(0.0, f32::max);
            for (a, b) in before.iter().zip(after) {
                proptest::prop_assert!((a - b).abs() <= highest * 1e-3, "{} {}", a, b);
            }
        }
    }

    #[test]
    fn any_bytes_can_be_read(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
        let mut framed = b"HM\x01\0".to_vec();
        framed.extend(&bytes);
        for bytes in [bytes, framed] {
            if let Some(map) = Heatmap::from_bytes(&bytes) {
                proptest::prop_assert_eq!(map.values.len(), map.labels * map.rows * map.columns);
            }
        }
    }
}
