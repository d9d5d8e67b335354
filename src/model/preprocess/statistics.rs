//! A film against its own mean and deviation.

use super::plane::Plane;

/// (value - mean) / (deviation + epsilon). Sums are kept in f64: a film has a million pixels.
pub(super) fn standardise(plane: Plane, epsilon: f32, ddof: u8) -> Plane {
    let count = plane.values.len() as f64;
    let mean = plane.values.iter().map(|&value| f64::from(value)).sum::<f64>() / count;
    let squares: f64 = plane.values.iter().map(|&value| (f64::from(value) - mean).powi(2)).sum();
    let deviation = (squares / (count - f64::from(ddof)).max(1.0)).sqrt();
    let (mean, divisor) = (mean as f32, deviation as f32 + epsilon);
    // A constant film without an epsilon has no deviation to divide by: it becomes 0, not NaN.
    let divisor = if divisor > 0.0 { divisor } else { 1.0 };
    plane.map(|value| (value - mean) / divisor)
}
