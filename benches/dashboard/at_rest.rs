//! The real program on a terminal that nobody touches: what it writes, what it computes, what memory it
//! takes.

use std::{path::Path, thread, time::Duration};

use crate::terminal::{Running, milliseconds_of};

/// Prints the figures of the program with the store in `folder`, after so many seconds at rest.
pub(crate) fn measure(folder: &Path, name: &str, seconds: u64) {
    let program = Running::start(folder);
    program.wait_until_quiet();
    let (bytes, before) = (program.written(), program.ticks());
    thread::sleep(Duration::from_secs(seconds));
    let (bytes, after) = (program.written() - bytes, program.ticks());
    let spent = milliseconds_of(after.values().sum::<u64>() - before.values().sum::<u64>());
    println!("the program at rest, {name}, {seconds} s");
    println!("  bytes to the terminal            {bytes:>12}");
    println!(
        "  processor time                   {spent:>12.0} ms, {:.3} % of a core",
        spent / (seconds as f64 * 10.0)
    );
    for (thread, ticks) in after {
        let spent = ticks - before.get(&thread).copied().unwrap_or(0);
        if spent > 0 {
            println!("    {:<30} {:>12.0} ms", thread.1, milliseconds_of(spent));
        }
    }
    println!("  memory                           {}", program.memory());
    program.quit();
}
