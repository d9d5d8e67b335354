//! Plugins that take too much, in every way that Luau has: each call ends within its limit and a second, by the
//! processor's clock, as a fault that is named or with a harmless answer.

use std::{collections::BTreeMap, fs, process::Command, time::Duration};

use cxr_triage::plugin::{
    Call, Ender, Limits, PluginError, PluginErrorKind, PluginProcess, Source, StudyView,
};

use crate::plugin_host::support::program;

const CALL: Duration = Duration::from_millis(50);

fn load(text: &str) -> Result<PluginProcess, PluginError> {
    let limits = Limits { call: CALL, load: Duration::from_millis(300), ..Limits::default() };
    let source = Source::of_text("bomb", text);
    PluginProcess::load(&program(), &Ender::default(), &source, &BTreeMap::new(), limits)
}

/// A plugin whose `on_study` has this body.
fn calling(body: &str) -> String {
    format!(
        "return {{ api = 1, name = 'bomb', permissions = {{ 'tag', 'webhook' }}, on_study = function(study)\n{body}\nend }}"
    )
}

/// Processor time that a process has used, also of one that has ended and that nobody has waited for.
fn processor_time(process: u32) -> Option<Duration> {
    let told = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let mut fields = told.rsplit_once(')')?.1.split_whitespace().skip(11);
    let ticks: u64 = fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?;
    // A tick is a hundredth of a second on every Linux that the program is built for.
    Some(Duration::from_millis(10 * ticks))
}

/// Minutes in one step of the VM.
const SEARCH: &str = "return string.find(string.rep('a', 4e6), string.rep('a', 2e6) .. 'b', 1, true)";

/// Bodies of a hook. Those of the first list need no end from outside; those of the second never ask the VM's clock,
/// or only once in a long while.
const LOOPS: &[&str] = &[
    "while true do end",
    "repeat local ok = pcall(function() while true do end end) until false",
    "local function again() pcall(again) xpcall(again, again) return again() end again()",
    "while true do coroutine.wrap(function() while true do coroutine.yield() end end)() end",
    "local function deep(n) return coroutine.wrap(deep)(n + 1) end while true do pcall(deep, 1) end",
    "local t = setmetatable({}, { __index = function(t, k) return t[k .. 'x'] end }) while true do pcall(function() return t.a end) end",
    "local m = {} m.__lt = function(a, b) return not (b < a) end local a, b = setmetatable({}, m), setmetatable({}, m) while true do pcall(function() return a < b end) end",
    "local m = {} m.__tostring = function(v) return tostring(v) end while true do pcall(tostring, setmetatable({}, m)) end",
    "while true do pcall(error, string.rep('x', 1e6)) end",
    "local t = {} for i = 1, 2e5 do t[i] = i end while true do table.sort(t, function(a, b) return true end) end",
    "while true do string.gsub(string.rep('a', 1e5), '.', function() coroutine.yield() end) end",
    "for _ in string.gmatch(string.rep('a', 5e6), '') do end while true do end",
    "while true do local ok, why = pcall(require, './bomb') end",
    "while true do print(string.rep('x', 1e6)) end",
    "while true do csv.line(table.create(100, string.rep('x', 1e4))) end",
];
const LONG_STEPS: &[&str] = &[
    // Patterns.
    "return string.find(string.rep('a', 1e5), string.rep('.-', 20) .. 'b')",
    "return string.match(string.rep('a', 1e6), '.-.-.-.-b')",
    "return string.find(string.rep('a', 4e6), '[' .. string.rep('b', 4e6) .. 'a]*c')",
    "return string.find(string.rep('(', 3e6), '%b()')",
    "return string.gsub(string.rep('a', 1e6), 'a*b', '')",
    SEARCH,
    "return string.find(string.rep('a', 8e6), string.rep('a?', 190) .. string.rep('a', 190) .. 'b')",
    // Strings.
    "local s = string.rep('a', 4e6) local n = 0 while true do n += #string.split(s, 'a') end",
    "local s = string.rep('%c', 2e6) while true do pcall(os.date, s) end",
    "local s = string.rep('%5.5f', 1e5) while true do pcall(string.format, s) end",
    "local s = string.rep('b', 4e6) while true do pcall(string.pack, s, 1) end",
    "local s = string.rep('x', 8e6) while true do utf8.len(s) s = string.reverse(s) end",
    "local a, b = string.rep('a', 1e7) .. 'b', string.rep('a', 1e7) .. 'c' while true do local x = a < b end",
    // Tables.
    "table.move({}, 1, 2^31 - 2, 1)",
    "table.move({}, 1, 5e8, 2, {})",
    "local t = table.create(1e6, 1) while true do table.insert(t, 1, 1) table.remove(t, 1) end",
    "local a = string.rep('a', 4e6) local t = {} for i = 1, 200 do t[i] = a .. i end table.sort(t) while true do table.sort(t) end",
    "local t = table.create(1e6, 'x') while true do table.concat(t) end",
    "local t = table.create(1e6, 1) while true do table.find(t, 2) table.clone(t) end",
    "while true do pcall(table.unpack, {}, 1, 1e6) pcall(string.char, table.unpack(table.create(7000, 65))) end",
    "local t = {} for i = 1, 5e5 do t[i] = i end for i = 1, 5e5 do t[i] = nil end while true do next(t) end",
    // Buffers.
    "local b = buffer.create(2e7) while true do buffer.fill(b, 0, 1) buffer.copy(b, 0, b, 1, 1e7) end",
    "local b = buffer.create(2e7) while true do buffer.tostring(b) end",
    // Answers.
    "local t = {} for i = 1, 1000 do t = { t } end return { webhook = 'https://a/', body = t }",
];

#[test]
fn every_call_ends_within_its_limit_and_a_second() {
    for body in LOOPS.iter().chain(LONG_STEPS) {
        let mut process = load(&calling(body)).unwrap();
        let before = processor_time(process.id());
        let result = process.call(&Call::Study(&StudyView::recorded()));
        let after = processor_time(process.id());
        if let Err(fault) = &result {
            let kinds = [
                PluginErrorKind::Time,
                PluginErrorKind::Memory,
                PluginErrorKind::Runtime,
                PluginErrorKind::Effect,
            ];
            assert!(kinds.contains(&fault.kind), "{body}: {fault}");
            assert_eq!(
                (fault.hook.as_str(), fault.file.as_str()),
                ("on_study", "bomb.luau"),
                "{body}: {fault}"
            );
        }
        let bound = CALL + Duration::from_secs(1);
        assert!(process.took() <= bound, "{body}: {:?}", process.took());
        if let (Some(before), Some(after)) = (before, after) {
            assert!(after - before <= bound, "{body}: {:?} of the processor", after - before);
        }
    }
}

#[test]
fn a_step_that_nothing_in_the_vm_can_stop_is_a_fault_with_hook_and_file() {
    let mut process = load(&calling(SEARCH)).unwrap();
    let fault = process.call(&Call::Study(&StudyView::recorded())).unwrap_err();
    assert_eq!(fault.kind, PluginErrorKind::Time);
    assert_eq!(
        fault.to_string(),
        "bomb.luau: it took longer than 50 ms in one step and was stopped (in on_study)"
    );
}

#[test]
fn a_file_that_takes_too_much_before_it_is_loaded_is_refused() {
    let nested = |open: &str, close: &str, depth: usize| {
        format!("return {}1{}", open.repeat(depth), close.repeat(depth))
    };
    let doubling: String = (1..60).map(|n| format!("local s{n} = s{} .. s{}\n", n - 1, n - 1)).collect();
    let cases = [
        SEARCH.to_owned(),
        "while true do end".to_owned(),
        nested("(", ")", 200_000),
        nested("{", "}", 200_000),
        nested("not ", "", 200_000),
        nested("function() return ", " end", 20_000),
        format!("local s0 = 'xxxxxxxxxxxxxxxx'\n{doubling} return s59"),
        format!("return {}", "'a' .. ".repeat(100_000) + "'a'"),
        format!("return {{ api = 1, name = 'bomb', x = {} }}", "a.".repeat(200_000) + "a"),
        "local x = 1 ".repeat(80_000),
    ];
    for text in cases {
        let fault = load(&text).err().unwrap_or_else(|| panic!("{text:.60} was taken"));
        assert!(fault.kind != PluginErrorKind::Process, "{text:.60}: {fault}");
        assert_eq!(fault.file, "bomb.luau", "{text:.60}: {fault}");
    }
}

#[test]
fn a_process_that_dies_is_a_fault_and_another_one_takes_its_place() {
    let text = calling("return { tag = 'x' }");
    let mut process = load(&text).unwrap();
    Command::new("kill").args(["-9", &process.id().to_string()]).status().unwrap();
    let fault = process.call(&Call::Study(&StudyView::recorded())).unwrap_err();
    assert!(fault.kind == PluginErrorKind::Crash && fault.kind.spoils_vm(), "{fault}");
    assert!(fault.message.contains("signal: 9"), "{fault}");
    let again = load(&text).unwrap().call(&Call::Study(&StudyView::recorded()));
    assert_eq!(again.unwrap().len(), 1);
}

#[test]
fn a_process_that_is_no_longer_wanted_ends_in_the_middle_of_a_call() {
    let limits = Limits { call: Duration::from_secs(3_600), ..Limits::default() };
    let source = Source::of_text("bomb", &calling("while true do end"));
    let ender = Ender::default();
    let mut process = PluginProcess::load(&program(), &ender, &source, &BTreeMap::new(), limits).unwrap();
    let fault = std::thread::scope(|scope| {
        let call = scope.spawn(|| process.call(&Call::Study(&StudyView::recorded())).unwrap_err());
        ender.end();
        call.join().unwrap()
    });
    assert_eq!(fault.kind, PluginErrorKind::Crash);
    let refused = PluginProcess::load(&program(), &ender, &source, &BTreeMap::new(), limits);
    assert_eq!(refused.err().map(|fault| fault.kind), Some(PluginErrorKind::Process));
}
