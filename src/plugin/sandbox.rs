//! A VM with nothing in it that reaches out: no files, no environment, no bytecode, no clock but for
//! reading.

use std::{
    cell::RefCell,
    collections::{BTreeMap, VecDeque},
    rc::Rc,
};

use mlua::{Lua, LuaOptions, MultiValue, StdLib, Table, Value, Variadic, chunk::ChunkMode};

use super::{Limits, Source, error::short, watchdog::Watchdog};

/// Functions of Luau's base library and its binding that a plugin must not have: other environments, compilers,
/// the collector, the binding's own `require`, which reads files anywhere.
const REMOVED: [&str; 8] =
    ["collectgarbage", "gcinfo", "getfenv", "setfenv", "loadstring", "load", "newproxy", "require"];

/// Lines of `print` that are kept.
const PRINTED: usize = 50;

/// The last lines that a plugin printed, for those who develop it.
pub(super) type Printed = Rc<RefCell<VecDeque<String>>>;

/// A fresh VM for one plugin; the watchdog sits on it already.
pub(super) fn new_vm(
    source: &Source,
    limits: &Limits,
    watchdog: &Rc<Watchdog>,
    printed: &Printed,
) -> mlua::Result<Lua> {
    let libraries = StdLib::MATH
        | StdLib::STRING
        | StdLib::TABLE
        | StdLib::BIT
        | StdLib::UTF8
        | StdLib::BUFFER
        | StdLib::VECTOR
        | StdLib::COROUTINE
        // In Luau `os` is a clock and a calendar, nothing else.
        | StdLib::OS;
    let lua = Lua::new_with(libraries, LuaOptions::default())?;
    let globals = lua.globals();
    for name in REMOVED {
        globals.raw_set(name, Value::Nil)?;
    }
    globals.raw_set("require", require(&lua, source)?)?;
    globals.raw_set("print", print(&lua, printed)?)?;
    globals.raw_set("csv", csv(&lua)?)?;
    lua.sandbox(true)?;
    lua.set_memory_limit(limits.memory)?;
    let watchdog = Rc::clone(watchdog);
    lua.set_interrupt(move |lua| watchdog.step(lua));
    Ok(lua)
}

/// Compiles one of the plugin's files. Bytecode is never taken: broken bytecode breaks the VM.
pub(super) fn compile(lua: &Lua, file: &str, text: &str) -> mlua::Result<mlua::Function> {
    lua.load(text).set_name(format!("={file}")).set_mode(ChunkMode::Text).into_function()
}

/// `require "./rules"`: another file of the plugin's own folder, from memory.
fn require(lua: &Lua, source: &Source) -> mlua::Result<mlua::Function> {
    let files = source.files.clone();
    let folder = source.main.rsplit_once('/').map(|(folder, _)| folder.to_owned());
    // None: it is being loaded.
    let loaded: RefCell<BTreeMap<String, Option<Value>>> = RefCell::default();
    lua.create_function(move |lua, wanted: String| {
        let plain = wanted.strip_prefix("./").unwrap_or(&wanted);
        let file = folder.as_ref().map(|folder| format!("{folder}/{plain}.luau")).unwrap_or_default();
        let Some(text) = files.get(&file) else {
            let wanted = short(&wanted);
            let why = format!("require: there is no `{wanted}` in the plugin's own folder");
            return Err(mlua::Error::runtime(why));
        };
        match loaded.borrow().get(&file) {
            Some(Some(value)) => return Ok(value.clone()),
            Some(None) => return Err(mlua::Error::runtime(format!("require: {file} requires itself"))),
            None => {}
        }
        loaded.borrow_mut().insert(file.clone(), None);
        let value: Value = compile(lua, &file, text)?.call(())?;
        loaded.borrow_mut().insert(file.clone(), Some(value.clone()));
        Ok(value)
    })
}

/// Goes nowhere but into a short list.
fn print(lua: &Lua, printed: &Printed) -> mlua::Result<mlua::Function> {
    let printed = Rc::clone(printed);
    lua.create_function(move |_, values: MultiValue| {
        let words: Vec<String> = values.iter().take(16).map(shown).collect();
        let mut printed = printed.borrow_mut();
        if printed.len() == PRINTED {
            printed.pop_front();
        }
        printed.push_back(short(&words.join(" ")));
        Ok(())
    })
}

/// A plain value as text; of others their type. No metamethod is called.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => {
            let bytes = text.as_bytes();
            short(&String::from_utf8_lossy(&bytes[..bytes.len().min(2_000)]))
        }
        Value::Integer(number) => number.to_string(),
        Value::Number(number) => number.to_string(),
        Value::Boolean(flag) => flag.to_string(),
        other => other.type_name().to_owned(),
    }
}

/// `csv.line { ... }`: one line of RFC 4180, in which no cell is taken for a formula by a spreadsheet.
fn csv(lua: &Lua) -> mlua::Result<Table> {
    let library = lua.create_table()?;
    let line = lua.create_function(|_, cells: Variadic<Value>| {
        let cells: Vec<String> = match cells.as_slice() {
            [Value::Table(list)] => {
                let length = list.raw_len().min(100);
                (1..=length).map(|at| Ok(cell(&list.raw_get(at)?))).collect::<mlua::Result<_>>()?
            }
            plain => plain.iter().take(100).map(cell).collect(),
        };
        Ok(cells.join(",") + "\n")
    })?;
    library.raw_set("line", line)?;
    library.set_readonly(true);
    Ok(library)
}

fn cell(value: &Value) -> String {
    let text = match value {
        Value::Nil => String::new(),
        other => shown(other),
    };
    let is_number = text.parse::<f64>().is_ok();
    let guarded = match text.chars().next() {
        Some('=' | '+' | '-' | '@') if !is_number => format!("'{text}"),
        _ => text,
    };
    if guarded.contains([',', '"']) { format!("\"{}\"", guarded.replace('"', "\"\"")) } else { guarded }
}
