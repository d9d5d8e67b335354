//! The real program on a terminal that nobody touches: what it writes, what it computes, what memory it
//! takes.

use std::{thread, time::Duration};

use crate::{
    server::Wire,
    terminal::{Running, milliseconds_of},
};

/// Prints the figures of a program on its terminal, after so many seconds at rest, with the bytes that go over the way to
/// its server, if it has one.
pub(crate) fn measure(program: Running, name: &str, seconds: u64, wire: Option<&Wire>) {
    program.wait_until_quiet();
    let (bytes, before) = (program.written(), program.ticks());
    let sent = wire.map(Wire::bytes);
    thread::sleep(Duration::from_secs(seconds));
    let (bytes, after) = (program.written() - bytes, program.ticks());
    let spent = milliseconds_of(after.values().sum::<u64>() - before.values().sum::<u64>());
    println!("the program at rest, {name}, {seconds} s");
    println!("  bytes to the terminal            {bytes:>12}");
    if let (Some(wire), Some(sent)) = (wire, sent) {
        println!("  bytes to the server and back     {:>12}", wire.bytes() - sent);
    }
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
