//! Plugins that mean harm, or are merely wrong: each ends as a named fault, and the next call goes on.

use std::{collections::BTreeMap, time::Duration};

use super::*;

fn limits() -> Limits {
    Limits { call: Duration::from_millis(30), load: Duration::from_millis(200), ..Limits::default() }
}

fn study() -> StudyView {
    StudyView { id: 7, films: vec![FilmView::default()], ..StudyView::default() }
}

fn load(text: &str) -> Result<Vm, PluginError> {
    load_with(text, limits())
}

fn load_with(text: &str, limits: Limits) -> Result<Vm, PluginError> {
    Vm::load(&Source::of_text("evil", text), &BTreeMap::new(), limits)
}

/// A plugin whose `on_study` has this body.
fn plugin(body: &str) -> String {
    format!(
        "return {{ api = 1, name = \"evil\", permissions = {{ \"tag\", \"note\", \"webhook\", \"write\", \"raise\" }},\n\
         on_study = function(study, settings)\n{body}\nend }}"
    )
}

#[test]
fn bombs_end_as_faults_with_file_and_line() {
    // body of on_study (its first line is line 3), kind, line, part of the message
    let cases: &[(&str, PluginErrorKind, Option<u32>, &str)] = &[
        ("while true do end", PluginErrorKind::Time, Some(3), "30 ms"),
        ("while true do\npcall(function() while true do end end)\nend", PluginErrorKind::Time, None, "30 ms"),
        ("local function f() pcall(f) pcall(f) end f()", PluginErrorKind::Time, None, "30 ms"),
        (
            "local ok = xpcall(function() while true do end end, function() while true do end end)\nreturn {}",
            PluginErrorKind::Time,
            None,
            "30 ms",
        ),
        (
            "pcall(function() while true do end end) return { tag = 'caught' }",
            PluginErrorKind::Time,
            Some(3),
            "30 ms",
        ),
        (
            "local t = {} while true do t[#t + 1] = table.create(1000, 0) end",
            PluginErrorKind::Memory,
            None,
            "memory",
        ),
        ("local s = 'x' while true do s = s .. s end", PluginErrorKind::Memory, None, "memory"),
        ("return { tag = string.rep('x', 1e8) }", PluginErrorKind::Memory, None, "memory"),
        ("return { tag = string.rep('x', 1e7) }", PluginErrorKind::Effect, Some(2), "longer than"),
        ("return { note = string.rep('x', 1e7) }", PluginErrorKind::Effect, Some(2), "longer than"),
        ("buffer.create(1e9)", PluginErrorKind::Memory, None, "memory"),
        ("table.create(6e7, 0)", PluginErrorKind::Memory, None, "memory"),
        ("local function f(n) return 1 + f(n) end f(1)", PluginErrorKind::Runtime, Some(3), "stack overflow"),
        (
            "local t = setmetatable({}, { __index = function(t, k) return t[k] end }) return t.x",
            PluginErrorKind::Runtime,
            Some(3),
            "",
        ),
        (
            "local c = coroutine.wrap(function() while true do end end) c()",
            PluginErrorKind::Time,
            Some(3),
            "30 ms",
        ),
        (
            "while true do local c = coroutine.create(function() end) coroutine.resume(c) end",
            PluginErrorKind::Time,
            Some(3),
            "30 ms",
        ),
        (
            "return string.find(string.rep('a', 1e5), string.rep('.-', 20) .. 'b')",
            PluginErrorKind::Time,
            None,
            "30 ms",
        ),
        ("error('gone \\27[2J wrong')", PluginErrorKind::Runtime, Some(3), "gone [2J wrong"),
        ("error({})", PluginErrorKind::Runtime, None, ""),
        ("study.severity = 'routine'", PluginErrorKind::Runtime, Some(3), "readonly"),
        ("rawset(study, 'severity', 'routine')", PluginErrorKind::Runtime, None, "readonly"),
        ("study.films[1].scored = true", PluginErrorKind::Runtime, Some(3), "readonly"),
        ("string.format = nil", PluginErrorKind::Runtime, Some(3), "readonly"),
        ("getmetatable('').__index = {}", PluginErrorKind::Runtime, Some(3), ""),
        ("coroutine.yield()", PluginErrorKind::Runtime, None, ""),
    ];
    for (body, kind, line, says) in cases {
        // Where memory is to end it, time must not: filling it can take a slow machine longer.
        let call = if *kind == PluginErrorKind::Memory { Duration::from_secs(60) } else { limits().call };
        let vm = load_with(&plugin(body), Limits { call, ..limits() }).unwrap();
        let fault = vm.call(&Call::Study(&study())).expect_err(body);
        assert_eq!(fault.kind, *kind, "{body}: {fault}");
        if line.is_some() {
            assert_eq!(fault.line, *line, "{body}: {fault}");
        }
        assert!(fault.message.contains(says), "{body}: {fault}");
        assert!(fault.message.len() < 600 && !fault.to_string().contains('\u{1b}'), "{body}: {fault}");
        assert_eq!((fault.hook.as_str(), fault.file.as_str()), ("on_study", "evil.luau"), "{body}");
    }
}

#[test]
fn what_is_no_effect_is_refused_by_name() {
    let flood = "local t = table.create(1e6, { tag = 'x' }) return t";
    let cyclic = "local t = {} t.t = t return { webhook = 'https://a/', body = t }";
    let wide =
        "local t = {} for i = 1, 3000 do t['k' .. i] = i end return { webhook = 'https://a/', body = t }";
    let cases: &[(&str, &str)] = &[
        (flood, "1000000 effects, 64 are allowed"),
        (cyclic, "deep"),
        (wide, "over 2000 values"),
        ("return { webhook = 'https://a/', body = { 0 / 0 } }", "nan"),
        ("return { webhook = 'https://a/', body = { 1 / 0 } }", "infinity"),
        ("return { webhook = 'https://a/', body = { print } }", "function"),
        ("return { webhook = 'https://a/', body = { [print] = 1 } }", "keys"),
        ("return { webhook = 'https://a/', body = '\\255\\254' }", "UTF-8"),
        ("return { webhook = 'https://a/', body = string.rep('x', 70000) }", "too long"),
        ("return 7", "a number, not effects"),
        ("return 'tag'", "text, not effects"),
        ("return { 1, 2 }", "effect 1 is a number"),
        ("return { tag = 1 }", "`tag` must be text"),
        ("return { tag = '' }", "`tag` is empty"),
        ("return { tag = 'a\\27[31m' }", "cannot be shown"),
        ("return { tag = 'x', note = 'y' }", "two effects"),
        ("return { tga = 'x' }", "did you mean `tag`"),
        ("return { tag = 'x', once = 'y' }", "`once` does not go with `tag`"),
        ("return { raise = 'routine' }", "can be raised to urgent or critical"),
        ("return { raise = -1 }", "must be text"),
        ("return { lower = 'routine' }", "no effect"),
        ("return { done = true }", "no effect"),
        ("return { hide = true }", "no effect"),
        ("return { score = 0 }", "no effect"),
        ("return { notify = 'x' }", "does not ask for that"),
        ("return { write = '../x.csv', text = 'x' }", "a path here is names"),
        ("return { write = '/etc/passwd', text = 'x' }", "a path here is names"),
        ("return { write = 'a\\27]0;x.csv', text = 'x' }", "cannot be shown"),
        ("return { write = 'x.csv', text = 3 }", "must be text"),
        (
            "return setmetatable({}, { __index = function() while true do end end, __iter = error }) and { 'x' }",
            "effect 1 is text",
        ),
    ];
    for (body, says) in cases {
        let vm = load(&plugin(body)).unwrap();
        let fault = vm.call(&Call::Study(&study())).expect_err(body);
        assert_eq!(fault.kind, PluginErrorKind::Effect, "{body}: {fault}");
        assert!(fault.message.contains(says), "{body}: {fault}");
    }
}

#[test]
fn nothing_reaches_out_of_the_vm() {
    for reach in [
        "io",
        "os.execute",
        "os.getenv",
        "os.remove",
        "os.exit",
        "os.tmpname",
        "loadstring",
        "load",
        "loadfile",
        "dofile",
        "getfenv",
        "setfenv",
        "newproxy",
        "collectgarbage",
        "gcinfo",
        "debug",
        "package",
        "ffi",
        "string.dump",
        "vm",
        "_G.io",
    ] {
        let vm = load(&plugin(&format!("assert({reach} == nil, 'it is there')"))).unwrap();
        assert_eq!(vm.call(&Call::Study(&study())), Ok(Vec::new()), "{reach}");
    }
    for file in ["/etc/passwd", "../evil", "./other", "@self", "evil", "@std/fs", ""] {
        let fault = load(&plugin(&format!("return require({file:?})"))).unwrap().call(&Call::Study(&study()));
        let fault = fault.expect_err(file);
        assert!(fault.message.contains("plugin's own folder"), "{fault}");
        assert_eq!(fault.line, Some(3), "{fault}");
    }
}

#[test]
fn files_that_are_no_plugin_say_why() {
    let long = "x".repeat(61);
    let cases = [
        ("", "must return one table, but returns nothing"),
        ("return 1", "but returns a number"),
        ("return {", "Expected"),
        ("x = = 1", "Expected"),
        ("return { name = 'evil' }", "`api = 1` is missing"),
        ("return { api = 2, name = 'evil' }", "its `api` is 2"),
        ("return { api = 0/0, name = 'evil' }", "its `api`"),
        ("return { api = 1 }", "`name` is missing"),
        ("return { api = 1, name = 'good' }", "its file says `evil`"),
        ("return { api = 1, name = '../evil' }", "its file says"),
        ("return { api = 1, name = 'ev\\27[2Jil' }", "cannot be shown"),
        ("return { api = 1, name = 'evil', on_studdy = print }", "did you mean `on_study`?"),
        ("return { api = 1, name = 'evil', on_study = 3 }", "`on_study` must be a function"),
        ("return { api = 1, name = 'evil', on_tick = print }", "go together"),
        ("return { api = 1, name = 'evil', on_tick = print, every = '1s' }", "10s or more"),
        ("return { api = 1, name = 'evil', permissions = { 'root' } }", "unknown permission `root`"),
        ("return { api = 1, name = 'evil', columns = { { title = 'x' } } }", "need a permission"),
        ("return { api = 1, name = 'evil', commands = { { title = 'x' } } }", "`run` must be a function"),
        ("return { api = 1, name = 'evil', settings = { n = 0/0 } }", "nan"),
        ("return { api = 1, name = 'evil', settings = { n = { default = 1, min = 2 } } }", "1 is below 2"),
        ("return { api = 1, name = 'evil', commands = table.create(17, {}) }", "more than 16"),
        ("while true do end", "longer than 200 ms"),
        ("local t = {} while true do t[#t + 1] = string.rep('x', 1e5) .. #t end", "memory"),
        ("\u{1b}LuaQ", ""),
        ("\u{6}\u{3}bytecode", ""),
    ];
    for (text, says) in cases {
        let fault = load(text).err().unwrap_or_else(|| panic!("{text:?} was taken"));
        assert!(fault.message.contains(says), "{text:?}: {fault}");
        assert_eq!(fault.file, "evil.luau", "{text:?}");
    }
    let title = format!(
        "return {{ api = 1, name = 'evil', filters = {{ {{ title = '{long}', matches = print }} }} }}"
    );
    assert!(load(&title).err().unwrap().message.contains("longer than 60"));
}

#[test]
fn after_a_fault_the_plugin_still_works() {
    let text = plugin("if study.id == 7 then error('no') end return { tag = 'seen ' .. study.id }");
    let vm = load(&text).unwrap();
    for _ in 0..3 {
        assert!(vm.call(&Call::Study(&study())).is_err());
        let good = StudyView { id: 8, ..study() };
        let effects = vm.call(&Call::Study(&good)).unwrap();
        assert_eq!(effects, [RequestedEffect { effect: Effect::Tag("seen 8".to_owned()), once: None }]);
    }
}

#[test]
fn memory_returns_after_bombs() {
    let vm = load(&plugin("local t = {} while true do t[#t + 1] = table.create(1000, 0) end")).unwrap();
    let before = vm.memory();
    for _ in 0..5 {
        let fault = vm.call(&Call::Study(&study())).unwrap_err();
        assert!(fault.kind.spoils_vm(), "{fault}");
    }
    vm.collect();
    assert!(vm.memory() < before + (1 << 20), "{before} bytes became {}", vm.memory());
}

#[test]
fn a_hundred_reloads_leave_nothing_behind() {
    let text = plugin("return { tag = 'x' }");
    for round in 0..100 {
        let vm = load(&text).unwrap();
        assert_eq!(vm.call(&Call::Study(&study())).unwrap().len(), 1, "round {round}");
    }
}

#[test]
fn a_tick_that_throws_is_named() {
    let text =
        "return { api = 1, name = 'evil', every = '10s',\non_tick = function(tick) error(tick.queued) end }";
    let vm = load(text).unwrap();
    let fault = vm.call(&Call::Tick(&tick(&BTreeMap::new(), 3))).unwrap_err();
    assert_eq!(fault.to_string(), "evil.luau:2: 3 (in on_tick)");
}
