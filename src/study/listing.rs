//! The order in which a film's findings are listed, everywhere.

use super::Finding;

/// The findings in the order in which people read them: first the labels of `order`, as they stand there; then the
/// others, those that rank before those that do not, the highest score first.
#[must_use]
pub fn in_order<'a>(findings: &'a [Finding], order: &[String]) -> Vec<&'a Finding> {
    let mut sorted: Vec<&Finding> = findings.iter().collect();
    let place = |finding: &Finding| order.iter().position(|label| *label == finding.label);
    sorted.sort_by(|a, b| {
        let places = place(a).unwrap_or(usize::MAX).cmp(&place(b).unwrap_or(usize::MAX));
        places.then_with(|| b.rank.cmp(&a.rank)).then_with(|| b.score.total_cmp(&a.score))
    });
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::Severity;

    #[test]
    fn the_sites_labels_come_first_as_it_lists_them_and_the_rest_by_score() {
        let finding = |label: &str, score: f64, rank: bool| Finding {
            label: label.to_owned(),
            probability: score,
            threshold: 0.5,
            critical: 0.8,
            score,
            severity: Severity::Routine,
            rank,
            validated: rank,
        };
        let findings = [
            finding("Mass", 0.2, true),
            finding("Hernia", 0.9, false),
            finding("Effusion", 0.7, true),
            finding("Nodule", 0.1, false),
        ];
        for (order, expected) in [
            (&[][..], ["Effusion", "Mass", "Hernia", "Nodule"]),
            (&["Nodule", "Mass"][..], ["Nodule", "Mass", "Effusion", "Hernia"]),
            (&["Mass", "Effusion", "Nodule", "Hernia"][..], ["Mass", "Effusion", "Nodule", "Hernia"]),
            // A label of another model stands nowhere.
            (&["Edema"][..], ["Effusion", "Mass", "Hernia", "Nodule"]),
        ] {
            let order: Vec<String> = order.iter().map(|label| (*label).to_owned()).collect();
            let listed: Vec<&str> =
                in_order(&findings, &order).iter().map(|finding| finding.label.as_str()).collect();
            assert_eq!(listed, expected, "{order:?}");
        }
    }
}
