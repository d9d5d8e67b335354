//! Decimal strings (DS and IS, PS3.5 6.2) as they are written, which is not always as the standard says: with a decimal
//! comma, or with their thousands set apart.

/// A number, not always a finite one; `None` for what is no number.
pub(super) fn number(text: &str) -> Option<f64> {
    if let Ok(number) = text.parse() {
        return Some(number);
    }
    let point = text.rfind(['.', ','])?;
    let (whole, fraction) = text.split_at(point);
    let mark = &fraction[..1];
    let other = if mark == "." { "," } else { "." };
    if text.matches(mark).count() == 1 {
        // The last mark is the decimal one, and another before it sets the thousands apart.
        return is_grouped(whole, other)
            .then(|| format!("{}.{}", whole.replace(other, ""), &fraction[1..]).parse().ok())?;
    }
    // One mark, several times.
    (!text.contains(other) && is_grouped(text, mark)).then(|| text.replace(mark, "").parse().ok())?
}

/// Returns whether every group but the first has three digits.
fn is_grouped(text: &str, mark: &str) -> bool {
    text.split(mark).skip(1).all(|group| group.len() == 3 && group.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn numbers_are_read_as_people_and_consoles_write_them() {
        for (text, value) in [
            ("40", Some(40.0)),
            ("+5", Some(5.0)),
            ("-5.", Some(-5.0)),
            (".5", Some(0.5)),
            ("1e3", Some(1000.0)),
            ("1.5E+03", Some(1500.0)),
            ("1500,5", Some(1500.5)),
            ("-1500,0", Some(-1500.0)),
            ("1,5e3", Some(1500.0)),
            ("1,500", Some(1.5)),
            ("1,500.25", Some(1500.25)),
            ("1.500,25", Some(1500.25)),
            ("1,234,567", Some(1_234_567.0)),
            ("1.234.567", Some(1_234_567.0)),
            ("1,2,3", None),
            ("1.2,3,4", None),
            ("12,34.5", None),
            ("", None),
            (",", None),
            ("1500 HU", None),
            ("wide", None),
            ("--5", None),
            ("1e400", Some(f64::INFINITY)),
        ] {
            assert_eq!(number(text), value, "{text}");
        }
        assert!(number("NaN").is_some_and(f64::is_nan));
    }
}
