//! Columns made of characters, an eighth of a cell the step.

/// A cell that is filled from below by so many eighths. Full is the seventh: in a line of its own an eighth eighth
/// would touch the line above.
pub(in crate::dashboard) const RISING: [&str; 8] = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇"];

/// The cell of a column of `height` eighths in the line that is so many lines above the ground.
pub(in crate::dashboard) fn cell(height: usize, line: usize) -> &'static str {
    let above = height.saturating_sub(line * 8);
    RISING.get(above).copied().unwrap_or("█")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_fills_its_lines_from_below() {
        for (height, lines) in [(0, "   "), (1, "▁  "), (8, "█  "), (12, "█▄ "), (24, "███"), (99, "███")]
        {
            let drawn: String = (0..3).map(|line| cell(height, line)).collect();
            assert_eq!(drawn, lines, "{height} eighths");
        }
    }
}
