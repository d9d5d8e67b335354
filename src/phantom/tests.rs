use super::*;
use crate::quality::{self, Gate, Gates};

/// The mean grey of a square of the picture; place and size are shares of the side.
fn grey(picture: &[u16], side: usize, x: f32, y: f32) -> f32 {
    let at = |share: f32| (share * side as f32) as usize;
    let reach = side / 40;
    let mut sum = 0.0;
    for row in at(y) - reach..at(y) + reach {
        for column in at(x) - reach..at(x) + reach {
            sum += f32::from(picture[row * side + column]);
        }
    }
    sum / (4 * reach * reach) as f32
}

fn with(disease: Option<(Disease, Side, Extent)>) -> Vec<u16> {
    let healthy = Phantom::nth(1, 0);
    Phantom { diseases: disease.into_iter().collect(), ..healthy }.picture(200)
}

#[test]
fn a_seed_gives_the_same_film_to_the_byte() {
    let taken = civil::date(2026, 3, 2).at(14, 2, 0, 0);
    assert_eq!(Phantom::nth(7, 3).dicom(96, taken), Phantom::nth(7, 3).dicom(96, taken));
    assert_ne!(Phantom::nth(7, 3).picture(64), Phantom::nth(8, 3).picture(64));
}

#[test]
fn a_chest_has_dark_lungs_beside_a_bright_middle() {
    let picture = with(None);
    let (right, middle, left) =
        (grey(&picture, 200, 0.28, 0.42), grey(&picture, 200, 0.5, 0.55), grey(&picture, 200, 0.72, 0.42));
    assert!(middle > right * 1.6 && middle > left * 1.6, "{right} {middle} {left}");
    assert!(picture[100 * 200] < 100, "the open beam is black");
}

#[test]
fn a_disease_is_seen_on_its_own_side() {
    let healthy = with(None);
    // disease, its side, a place where it shows, whether it is brighter there
    for (disease, side, (x, y), brighter) in [
        (Disease::Effusion, Side::Left, (0.76, 0.66), true),
        (Disease::Effusion, Side::Right, (0.24, 0.66), true),
        (Disease::Pneumothorax, Side::Left, (0.84, 0.45), false),
        (Disease::Cardiomegaly, Side::Left, (0.68, 0.63), true),
    ] {
        let ill = with(Some((disease, side, Extent::Moderate)));
        let (before, after) = (grey(&healthy, 200, x, y), grey(&ill, 200, x, y));
        let differs = if brighter { after > before * 1.2 } else { after < before * 0.9 };
        assert!(differs, "{disease:?} {side:?}: {before} to {after}");
    }
    let mass = with(Some((Disease::Mass, Side::Right, Extent::Moderate)));
    let brightest = |picture: &[u16]| {
        (0..20).flat_map(|y| (0..10).map(move |x| (x, y))).fold(0.0_f32, |most, (x, y)| {
            let place = (0.2 + 0.016 * x as f32, 0.3 + 0.014 * y as f32);
            let most_there = grey(picture, 200, place.0, place.1) - grey(&healthy, 200, place.0, place.1);
            most.max(most_there)
        })
    };
    assert!(brightest(&mass) > 300.0, "{}", brightest(&mass));
}

#[test]
fn our_own_reader_takes_the_file_and_the_gates_take_the_film() {
    let taken = civil::date(2026, 3, 2).at(14, 2, 0, 0);
    let phantom = Phantom::nth(1, 1);
    let film = cxr_film::decode(&phantom.dicom(400, taken)).unwrap();
    assert_eq!((film.width, film.height), (400, 400));
    let header = &film.header;
    assert_eq!(header.patient_name, phantom.patient.name);
    assert_eq!((header.study_date.as_str(), header.view_position.as_str()), ("20260302", "PA"));
    assert_eq!(header.patient_orientation, "L\\F");
    assert!(!header.study_instance_uid.is_empty() && !header.sop_instance_uid.is_empty());
    assert_eq!(quality::inspect(&film, &Gates::default()), Ok(Vec::new()));
}

#[test]
fn the_programme_has_a_lateral_that_is_held_every_disease_and_a_prior_of_somebody() {
    let series: Vec<Phantom> = (0..24).map(|place| Phantom::nth(1, place)).collect();
    for disease in [Disease::Cardiomegaly, Disease::Effusion, Disease::Mass, Disease::Pneumothorax] {
        assert!(series.iter().any(|phantom| phantom.has(disease)), "{disease:?}");
    }
    let taken = civil::date(2026, 3, 2).at(14, 2, 0, 0);
    let [lateral] = series.iter().filter(|phantom| phantom.view == View::Lateral).collect::<Vec<_>>()[..]
    else {
        panic!("one lateral in 24")
    };
    let film = cxr_film::decode(&lateral.dicom(300, taken)).unwrap();
    assert_eq!(quality::inspect(&film, &Gates::default()).unwrap_err().gate, Gate::View);
    let prior = series.iter().find(|phantom| phantom.years_ago > 0).unwrap();
    let of_the_same = series.iter().filter(|phantom| phantom.patient == prior.patient).count();
    assert_eq!(of_the_same, 2);
    assert_eq!(cxr_film::decode(&prior.dicom(64, taken)).unwrap().header.study_date, "20250302");
}

#[test]
fn the_mark_is_burned_in() {
    let picture = with(None);
    let white = picture[190 * 200..].iter().filter(|&&value| value == 4095).count();
    assert!(white > 150, "{white}");
}

/// Against the same place of the other side, which is healthy.
#[test]
fn a_lesion_is_where_the_picture_shows_it() {
    let side = 200_u32;
    for (disease, which, is_brighter) in [
        (Disease::Effusion, Side::Left, true),
        (Disease::Effusion, Side::Right, true),
        (Disease::Pneumothorax, Side::Left, false),
        (Disease::Pneumothorax, Side::Right, false),
        (Disease::Mass, Side::Left, true),
        (Disease::Mass, Side::Right, true),
    ] {
        let ill = Phantom { diseases: vec![(disease, which, Extent::Large)], ..Phantom::nth(1, 0) };
        let (picture, lesion) = (ill.picture(side), ill.lesion(disease, side));
        let width = side as usize;
        let mirrored = |place: usize| place - place % width + width - 1 - place % width;
        let (mut there, mut opposite, mut pixels) = (0.0, 0.0, 0);
        for (place, _) in lesion.iter().enumerate().filter(|(_, is)| **is) {
            assert_eq!(place % width > width / 2, which == Side::Left, "{disease:?} lies on its side");
            there += f32::from(picture[place]);
            opposite += f32::from(picture[mirrored(place)]);
            pixels += 1;
        }
        assert!((400..lesion.len() / 5).contains(&pixels), "{disease:?}: {pixels} pixels");
        let differs = if is_brighter { there > opposite * 1.2 } else { there < opposite * 0.9 };
        assert!(differs, "{disease:?} {which:?}: {there} and {opposite}");
    }
    let heart = (Disease::Cardiomegaly, Side::Left, Extent::Small);
    let heart = Phantom { diseases: vec![heart], ..Phantom::nth(1, 0) };
    let lesion = heart.lesion(Disease::Cardiomegaly, side);
    assert!(lesion[120 * 200 + 105] && !lesion[20 * 200 + 100] && !lesion[100 * 200 + 20]);
    assert!(heart.lesion(Disease::Mass, side).iter().all(|is| !is), "nobody has what he has not");
}
