use super::*;
use crate::evaluate::{Whose, random::nth};

/// A film that was made up: its score, whether it has the finding, its group.
struct Made {
    score: [f32; 1],
    positive: bool,
    group: &'static str,
}

/// An even number from 0 to 1, the same in every run.
fn even(n: usize, what: u64) -> f32 {
    (nth(what << 32 | n as u64) >> 40) as f32 / (1_u32 << 24) as f32
}

/// Films, two a patient, whose score is even noise plus what finding and group add to it.
fn films(count: usize, share_in_ap: f32, share_in_pa: f32, finding: f32, ap: f32) -> Vec<Made> {
    let film = |n: usize| {
        let is_ap = even(n, 1) < 0.5;
        let positive = even(n, 2) < if is_ap { share_in_ap } else { share_in_pa };
        let of = |it: bool, adds: f32| if it { adds } else { 0.0 };
        let score = [even(n, 3) / 2.0 + of(positive, finding) + of(is_ap, ap)];
        Made { score, positive, group: if is_ap { "AP" } else { "PA" } }
    };
    (0..count).map(film).collect()
}

fn reported(films: &[Made]) -> ColumnReport {
    let cases: Vec<Case<'_>> = films.iter().enumerate().map(|(n, film)| film.case(n)).collect();
    let groups: Vec<&str> = films.iter().map(|film| film.group).collect();
    by_column(&Column::of("View", &groups), &[LabelInfo::plain("Mass", 0.4)], &cases)
}

impl Made {
    fn case(&self, n: usize) -> Case<'_> {
        Case { probabilities: &self.score, truths: vec![Some(self.positive)], whose: Whose::patient(n / 2) }
    }
}

#[test]
fn a_sound_score_in_even_groups_is_not_warned_of() {
    let found = reported(&films(600, 0.3, 0.3, 0.2, 0.0));
    assert_eq!(found.warnings, Vec::<String>::new());
    let [ap, pa] = found.labels[0].groups.as_slice() else { panic!("two groups: {found:?}") };
    assert_eq!((ap.group.as_str(), pa.group.as_str()), ("AP", "PA"));
    assert_eq!(ap.films + pa.films, 600);
    assert!(ap.patients.unwrap() > 150 && ap.patients.unwrap() < ap.films);
    for group in [ap, pa] {
        let [low, high] = group.auc_interval.unwrap();
        let auc = group.auc.unwrap();
        assert!(low < auc && auc < high && auc > 0.75, "{group:?}");
        assert!((group.prevalence.unwrap().value - 0.3).abs() < 0.06, "{group:?}");
        let alarms = group.sensitivity.unwrap().value * group.positives as f64
            + (1.0 - group.specificity.unwrap().value) * (group.films - group.positives) as f64;
        assert!((group.alert_rate.unwrap().value - alarms / group.films as f64).abs() < 1e-9);
    }
}

/// A score that knows nothing but how the film was taken, on a set whose sick are taken so: AUC 0.8 over all.
#[test]
fn a_score_that_only_knows_the_view_is_found_out() {
    let found = reported(&films(600, 0.8, 0.1, 0.0, 0.3));
    let label = &found.labels[0];
    let within = label.within.unwrap();
    assert!(within.over_all > 0.75 && (within.auc - 0.5).abs() < 0.1, "{within:?}");
    for says in [
        "the Mass score tells AP from PA with AUC 0.9",
        "among films without it alone 0.9",
        "over all films, but 0.",
        "films with and without Mass come from different groups: the group alone",
    ] {
        assert!(found.warnings.iter().any(|warning| warning.contains(says)), "{says}: {:?}", found.warnings);
    }
}

#[test]
fn a_sound_score_on_a_lopsided_set_is_warned_of_by_the_set_alone() {
    let found = reported(&films(600, 0.8, 0.1, 0.4, 0.0));
    let tells = found.labels[0].tells.clone().unwrap();
    assert!((tells.without_finding.unwrap() - 0.5).abs() < 0.1, "{tells:?}");
    assert!(!found.warnings.iter().any(|warning| warning.contains("among films of one group")), "{found:?}");
    assert!(found.warnings.iter().any(|warning| warning.contains("the group alone")), "{found:?}");
}

/// A score that knows the finding in one place and nothing in the other.
#[test]
fn an_auc_that_holds_in_one_place_alone_is_told() {
    let mut films = films(600, 0.3, 0.3, 0.0, 0.0);
    for film in films.iter_mut().filter(|film| film.group == "AP" && film.positive) {
        film.score[0] += 0.25;
    }
    let found = reported(&films);
    let [ap, pa] = found.labels[0].groups.as_slice() else { panic!("two groups") };
    let told = found.labels[0].apart.clone().unwrap();
    let (mut here, mut there) = (ap.auc.unwrap(), pa.auc.unwrap());
    if told.group == "PA" {
        (here, there) = (there, here);
    }
    assert!((told.auc - here).abs() < 1e-9 && (told.elsewhere - there).abs() < 1e-9, "{told:?}");
    let says =
        |warning: &&String| warning.contains("Mass has an AUC of 0.") && warning.contains(" elsewhere: 0.");
    assert_eq!(found.warnings.iter().filter(says).count(), 1, "{:?}", found.warnings);
}

#[test]
fn a_set_of_one_group_is_told_to_prove_nothing_of_others() {
    let mut films = films(100, 0.3, 0.3, 0.2, 0.0);
    films.iter_mut().for_each(|film| film.group = "AP");
    let found = reported(&films);
    let [warning] = found.warnings.as_slice() else { panic!("one warning: {:?}", found.warnings) };
    assert!(warning.starts_with("View: all films are of one group, AP:"), "{warning}");
}

#[test]
fn sick_of_one_place_and_healthy_of_another_leave_nothing_to_compare() {
    let found = reported(&films(200, 1.0, 0.0, 0.2, 0.0));
    assert_eq!(found.labels[0].within, None);
    assert!(found.warnings.iter().any(|warning| warning.contains("may tell nothing but the group")));
    let one_class = reported(&films(50, 0.0, 0.0, 0.2, 0.0));
    assert_eq!(one_class.labels, []);
}

#[test]
fn a_group_that_says_nothing_about_the_label_scores_under_a_half() {
    for (seed, count) in [(0, 60), (1, 120), (2, 300)] {
        let films: Vec<Made> = films(count + seed, 0.4, 0.4, 0.2, 0.0);
        let alone = reported(&films).labels[0].alone.unwrap();
        assert!(alone.auc < 0.56, "{count}: {alone:?}");
    }
}
