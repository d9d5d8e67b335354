//! The stack machine, of protocols 2 to 5 as far as PyTorch writes them (Python's `pickletools.py`
//! describes every instruction).

use std::collections::HashMap;

use super::{Id, Object, Pickle, Value, globals};
use crate::model::import::reader_error::{Outcome, ReaderError};

/// A pickle of a network has some ten thousand values; a network of more than this is none of this family.
const MOST_VALUES: usize = 300_000;
/// Marks, copies and memories in all: a pickle of a network has about one for each value.
const MOST_STACKED: usize = 4 * MOST_VALUES;

/// Reads the pickle that `bytes` begin with; what comes after it is left alone.
///
/// # Errors
/// [`ReaderError::Damaged`], [`ReaderError::Refused`].
pub(in crate::model::import) fn read(bytes: &[u8]) -> Outcome<Pickle<'_>> {
    let mut machine = Machine {
        bytes,
        at: 0,
        values: Vec::new(),
        stack: Vec::new(),
        marks: Vec::new(),
        memo: HashMap::new(),
        stacked: 0,
    };
    loop {
        let place = machine.at;
        let code = machine.byte()?;
        if code == b'.' {
            break;
        }
        machine.step(code, place)?;
    }
    let root = machine.pop()?;
    Ok(Pickle { root, length: machine.at, values: machine.values })
}

struct Machine<'a> {
    bytes: &'a [u8],
    at: usize,
    values: Vec<Value<'a>>,
    stack: Vec<Id>,
    /// How high the stack was at each open mark.
    marks: Vec<usize>,
    memo: HashMap<u32, Id>,
    /// Marks, copies and memories so far.
    stacked: usize,
}

impl<'a> Machine<'a> {
    fn step(&mut self, code: u8, place: usize) -> Outcome<()> {
        match code {
            b'\x80' => match self.byte()? {
                2..=5 => Ok(()),
                other => Err(ReaderError::damaged(format!("pickle protocol {other}: 2 to 5 are known"))),
            },
            // A frame's length helps to read ahead; it is no data.
            b'\x95' => self.take(8).map(drop),
            b'(' => {
                self.marks.push(self.stack.len());
                self.count()
            }
            b'0' => self.pop().map(drop),
            b'1' => self.pop_to_mark().map(drop),
            b'2' => {
                let top = *self.stack.last().ok_or_else(empty)?;
                self.stack.push(top);
                self.count()
            }
            b'N' => self.push(Value::None),
            b'\x88' => self.push(Value::Bool(true)),
            b'\x89' => self.push(Value::Bool(false)),
            b'J' | b'K' | b'M' | b'\x8a' | b'\x8b' | b'G' => self.number(code),
            b'X' | b'\x8c' | b'\x8d' | b'U' | b'T' | b'B' | b'C' | b'\x8e' => self.string(code),
            b')' | b'\x85' | b'\x86' | b'\x87' | b't' => self.tuple(code),
            b']' | b'\x8f' => self.push(Value::List(Vec::new())),
            b'}' => self.push(Value::Dict(Vec::new())),
            b'\x91' => {
                let members = self.pop_to_mark()?;
                self.push(Value::List(members))
            }
            b'a' => {
                let item = self.pop()?;
                self.append(&[item])
            }
            b'e' | b'\x90' => {
                let items = self.pop_to_mark()?;
                self.append(&items)
            }
            b's' => {
                let (value, key) = (self.pop()?, self.pop()?);
                self.set(&[key, value])
            }
            b'u' => {
                let items = self.pop_to_mark()?;
                self.set(&items)
            }
            b'c' | b'\x93' => self.global(code),
            b'R' | b'\x81' => {
                let (arguments, class) = (self.pop()?, self.pop()?);
                self.object(class, arguments)
            }
            b'b' => self.build(),
            b'Q' => {
                let reference = self.pop()?;
                self.push(Value::Persistent(reference))
            }
            b'q' | b'r' | b'\x94' => self.remember(code),
            b'h' | b'j' => self.recall(code),
            other => Err(ReaderError::refused(format!(
                "its pickle has the instruction 0x{other:02x} at byte {place}, which no weights need"
            ))),
        }
    }

    fn number(&mut self, code: u8) -> Outcome<()> {
        let value = match code {
            b'J' => Value::Int(i64::from(i32::from_le_bytes(self.array()?))),
            b'K' => Value::Int(i64::from(self.byte()?)),
            b'M' => Value::Int(i64::from(u16::from_le_bytes(self.array()?))),
            b'G' => Value::Float(f64::from_be_bytes(self.array()?)),
            _ => {
                let length = if code == b'\x8a' { u64::from(self.byte()?) } else { self.u32()? };
                long(self.take(length)?)
            }
        };
        self.push(value)
    }

    fn string(&mut self, code: u8) -> Outcome<()> {
        let length = match code {
            b'\x8c' | b'U' | b'C' => u64::from(self.byte()?),
            b'X' | b'T' | b'B' => self.u32()?,
            _ => u64::from_le_bytes(self.array()?),
        };
        let bytes = self.take(length)?;
        let value = match (code, std::str::from_utf8(bytes)) {
            (b'B' | b'C' | b'\x8e', _) => Value::Bytes(bytes),
            // Strings of Python 2 are bytes, and mostly names.
            (b'U' | b'T', Err(_)) => Value::Bytes(bytes),
            (_, Ok(text)) => Value::Text(text),
            (_, Err(_)) => return Err(ReaderError::damaged("a text in its pickle is not UTF-8")),
        };
        self.push(value)
    }

    fn tuple(&mut self, code: u8) -> Outcome<()> {
        let members = match code {
            b't' => self.pop_to_mark()?,
            _ => {
                let count = if code == b')' { 0 } else { usize::from(code - b'\x84') };
                let start = self.stack.len().checked_sub(count).ok_or_else(empty)?;
                if self.marks.last().is_some_and(|&mark| mark > start) {
                    return Err(empty());
                }
                self.stack.drain(start..).collect()
            }
        };
        self.push(Value::Tuple(members))
    }

    fn append(&mut self, new: &[Id]) -> Outcome<()> {
        match self.top()? {
            Value::List(items) => items.extend_from_slice(new),
            Value::Object(object) => object.items.extend_from_slice(new),
            _ => return Err(ReaderError::damaged("its pickle appends to what is no list")),
        }
        Ok(())
    }

    fn set(&mut self, new: &[Id]) -> Outcome<()> {
        if !new.len().is_multiple_of(2) {
            return Err(ReaderError::damaged("its pickle has a key without a value"));
        }
        let pairs = new.chunks_exact(2).map(|pair| (pair[0], pair[1]));
        match self.top()? {
            Value::Dict(entries) => entries.extend(pairs),
            Value::Object(object) => object.entries.extend(pairs),
            _ => return Err(ReaderError::damaged("its pickle sets a key of what is no dictionary")),
        }
        Ok(())
    }

    fn global(&mut self, code: u8) -> Outcome<()> {
        let (module, name) = if code == b'c' {
            (self.line()?, self.line()?)
        } else {
            let (name, module) = (self.pop()?, self.pop()?);
            match (self.value(module)?, self.value(name)?) {
                (&Value::Text(module), &Value::Text(name)) => (module, name),
                _ => return Err(ReaderError::damaged("its pickle names a function by what is no text")),
            }
        };
        self.push(Value::Global(globals::known(module, name)?))
    }

    /// Notes a call; whether what is called has been allowed was decided where it was named.
    fn object(&mut self, class: Id, arguments: Id) -> Outcome<()> {
        if !matches!(self.value(class)?, Value::Global(_) | Value::Persistent(_)) {
            return Err(ReaderError::refused("its pickle calls what is no function by name"));
        }
        let object = Object { class, arguments, state: None, items: Vec::new(), entries: Vec::new() };
        self.push(Value::Object(Box::new(object)))
    }

    fn build(&mut self) -> Outcome<()> {
        let state = self.pop()?;
        match self.top()? {
            Value::Object(object) => object.state = Some(state),
            _ => return Err(ReaderError::damaged("its pickle gives a state to what has none")),
        }
        Ok(())
    }

    fn remember(&mut self, code: u8) -> Outcome<()> {
        let key = match code {
            b'q' => u32::from(self.byte()?),
            b'r' => u32::from_le_bytes(self.array()?),
            _ => u32::try_from(self.memo.len()).unwrap_or(u32::MAX),
        };
        let top = *self.stack.last().ok_or_else(empty)?;
        self.memo.insert(key, top);
        self.count()
    }

    fn recall(&mut self, code: u8) -> Outcome<()> {
        let key = if code == b'h' { u32::from(self.byte()?) } else { u32::from_le_bytes(self.array()?) };
        let id = self
            .memo
            .get(&key)
            .ok_or_else(|| ReaderError::damaged("its pickle recalls what it never kept"))?;
        self.stack.push(*id);
        self.count()
    }

    /// Counts what takes memory and is no value.
    fn count(&mut self) -> Outcome<()> {
        self.stacked += 1;
        match self.stacked <= MOST_STACKED {
            true => Ok(()),
            false => Err(ReaderError::refused("its pickle has more instructions than any network needs")),
        }
    }

    fn push(&mut self, value: Value<'a>) -> Outcome<()> {
        if self.values.len() >= MOST_VALUES {
            return Err(ReaderError::refused(format!("its pickle holds more than {MOST_VALUES} values")));
        }
        self.stack.push(Id(self.values.len() as u32));
        self.values.push(value);
        Ok(())
    }

    fn pop(&mut self) -> Outcome<Id> {
        if self.marks.last().is_some_and(|&mark| mark >= self.stack.len()) {
            return Err(empty());
        }
        self.stack.pop().ok_or_else(empty)
    }

    fn pop_to_mark(&mut self) -> Outcome<Vec<Id>> {
        let mark = self.marks.pop().ok_or_else(empty)?;
        if mark > self.stack.len() {
            return Err(empty());
        }
        Ok(self.stack.drain(mark..).collect())
    }

    fn top(&mut self) -> Outcome<&mut Value<'a>> {
        let id = *self.stack.last().ok_or_else(empty)?;
        self.values.get_mut(id.0 as usize).ok_or_else(empty)
    }

    fn value(&self, id: Id) -> Outcome<&Value<'a>> {
        self.values.get(id.0 as usize).ok_or_else(empty)
    }

    fn byte(&mut self) -> Outcome<u8> {
        self.array().map(|[byte]| byte)
    }

    fn u32(&mut self) -> Outcome<u64> {
        self.array().map(|bytes| u64::from(u32::from_le_bytes(bytes)))
    }

    fn array<const N: usize>(&mut self) -> Outcome<[u8; N]> {
        let bytes = self.take(N as u64)?;
        bytes.try_into().map_err(|_| cut())
    }

    /// The next `length` bytes. A length beyond the file's end costs nothing but this error.
    fn take(&mut self, length: u64) -> Outcome<&'a [u8]> {
        let length = usize::try_from(length).map_err(|_| cut())?;
        let end = self.at.checked_add(length).ok_or_else(cut)?;
        let bytes = self.bytes.get(self.at..end).ok_or_else(cut)?;
        self.at = end;
        Ok(bytes)
    }

    fn line(&mut self) -> Outcome<&'a str> {
        let rest = self.bytes.get(self.at..).ok_or_else(cut)?;
        let length = rest.iter().position(|&byte| byte == b'\n').ok_or_else(cut)?;
        self.at += length + 1;
        std::str::from_utf8(&rest[..length])
            .map_err(|_| ReaderError::damaged("a name in its pickle is not UTF-8"))
    }
}

/// Little-endian, two's complement, of any length.
fn long(bytes: &[u8]) -> Value<'_> {
    if bytes.len() > 8 {
        return Value::Long(bytes);
    }
    let negative = bytes.last().is_some_and(|&byte| byte >= 0x80);
    let mut wide = if negative { [0xff; 8] } else { [0; 8] };
    wide[..bytes.len()].copy_from_slice(bytes);
    Value::Int(i64::from_le_bytes(wide))
}

fn cut() -> ReaderError {
    ReaderError::damaged("its pickle ends in the middle: the file was cut short")
}

fn empty() -> ReaderError {
    ReaderError::damaged("its pickle takes more from the stack than there is")
}
