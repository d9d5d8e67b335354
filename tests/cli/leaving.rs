//! Leaving works whatever hangs, and an output that nobody reads is no quiet success.

use std::{
    fs,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::cli::support::{Bench, is};

/// Far more than anything here takes: a test that waits so long has failed.
const PATIENCE: Duration = Duration::from_secs(60);

fn signal(child: &Child, name: &str) {
    assert!(Command::new("kill").args([name, &child.id().to_string()]).status().unwrap().success());
}

fn is_hangup_ignored() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap();
    u64::from_str_radix(mask.trim(), 16).unwrap() & 1 == 1
}

/// The exit code of a process, which must end; 128 and the signal where one ended it.
fn code(child: &mut Child) -> i32 {
    use std::os::unix::process::ExitStatusExt;
    let until = Instant::now() + PATIENCE;
    while Instant::now() < until {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code().unwrap_or_else(|| 128 + status.signal().unwrap());
        }
        thread::sleep(Duration::from_millis(10));
    }
    child.kill().unwrap();
    panic!("it does not end");
}

/// `watch --headless` that hangs, because it has more to say than its pipe takes and nobody reads.
fn hanging(bench: &Bench) -> Child {
    for number in 0..400 {
        fs::write(bench.inbox().join(format!("{number}.png")), format!("\x7fPNG {number}")).unwrap();
    }
    let arguments = ["watch", "inbox", "--headless", "--store", "data/store.db"];
    let child = bench.command(&arguments).stdout(Stdio::piped()).spawn().unwrap();
    // The pipe holds some 64 KiB; when it takes no more, the program waits in a write.
    let pipe = child.stdout.as_ref().unwrap();
    let (mut held, mut looks) = (0, 0);
    while held < 4_000 || looks < 20 {
        thread::sleep(Duration::from_millis(50));
        let now = rustix::io::ioctl_fionread(pipe).unwrap();
        (held, looks) = (now, if now == held { looks + 1 } else { 0 });
    }
    child
}

#[test]
#[cfg(target_os = "linux")]
fn a_program_that_hangs_ends_at_the_first_signal_in_time_and_at_the_second_at_once() {
    for (first, second, expected) in
        [("-TERM", None, 0), ("-INT", None, 130), ("-HUP", None, 0), ("-TERM", Some("-TERM"), 128 + 15)]
    {
        if first == "-HUP" && is_hangup_ignored() {
            println!("skipped: these tests were started by nohup");
            continue;
        }
        let bench = Bench::new();
        let mut child = hanging(&bench);
        signal(&child, first);
        if let Some(second) = second {
            // Two that come at once are one.
            thread::sleep(Duration::from_millis(200));
            signal(&child, second);
        }
        assert_eq!(code(&mut child), expected, "{first} {second:?}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_hangup_that_nohup_has_ignored_ends_nothing() {
    let bench = Bench::new();
    let plain = bench.command(&["watch", "inbox", "--headless", "--store", "data/store.db"]);
    let mut nohup = Command::new("sh");
    nohup.args(["-c", "trap '' HUP; exec \"$0\" \"$@\""]).arg(plain.get_program()).args(plain.get_args());
    nohup.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
    if let Some(folder) = plain.get_current_dir() {
        nohup.current_dir(folder);
    }
    let mut child = nohup.stdout(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    out.read_line(&mut first).unwrap();
    assert!(first.contains("\"idle\""), "{first}");
    signal(&child, "-HUP");
    signal(&child, "-INT");
    assert_eq!(code(&mut child), 130, "the first of them would have said 0");
}

#[test]
fn a_service_that_nobody_listens_to_ends_with_a_code_that_says_so() {
    let bench = Bench::new();
    bench.film("a.png", 1);
    // `head -1`: one line is read, then nobody reads. There is nothing more to say, and it ends all the same.
    let mut watch = bench.watch(&[]);
    watch.until(|event| is(event, "idle"));
    assert_eq!(code(watch.stop_reading()), 1);
}
