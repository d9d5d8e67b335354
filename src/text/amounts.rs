//! Lengths of time, sizes and numbers of processes, in words.

/// A length of time in its two largest units: "3 s", "2 min 5 s", "1 h 4 min", "3 d 2 h".
#[must_use]
pub fn long_time(seconds: i64) -> String {
    let seconds = seconds.max(0);
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    let two = |first: i64, unit: &str, second: i64, of: &str| match second {
        0 => format!("{first} {unit}"),
        _ => format!("{first} {unit} {second} {of}"),
    };
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => two(minutes, "min", seconds % 60, "s"),
        (0, _, _) => two(hours, "h", minutes, "min"),
        _ => two(days, "d", hours, "h"),
    }
}

/// A number of bytes in the largest unit of 1024 of which it has one: "512 B", "1.5 GiB".
#[must_use]
pub fn size(bytes: u64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
    let (mut amount, mut unit) = (bytes as f64, 0);
    while amount >= 1024.0 && unit + 1 < units.len() {
        amount /= 1024.0;
        unit += 1;
    }
    if unit == 0 { format!("{bytes} B") } else { format!("{amount:.1} {}", units[unit]) }
}

/// The number of a process as it stands behind its name in a message: " (process 12)", with a space before it; empty where
/// it is not known.
#[must_use]
pub fn process_number(pid: Option<u32>) -> String {
    pid.map(|pid| format!(" (process {pid})")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_sizes_are_read_at_a_glance() {
        let times = [
            (-3, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (125, "2 min 5 s"),
            (3_600, "1 h"),
            (3_840, "1 h 4 min"),
            (266_400, "3 d 2 h"),
        ];
        for (seconds, words) in times {
            assert_eq!(long_time(seconds), words);
        }
        for (bytes, words) in [(0, "0 B"), (1_023, "1023 B"), (1_536, "1.5 KiB"), (5 << 40, "5.0 TiB")] {
            assert_eq!(size(bytes), words);
        }
    }
}
