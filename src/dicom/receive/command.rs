//! Command sets (PS3.7 chapter 9 and annex E): requests read, answers written. Always implicit VR little endian.

/// The longest command set: those of C-STORE and C-ECHO take some hundreds of bytes.
pub(super) const MAX_COMMAND: usize = 16 << 10;
/// Command Data Set Type that says that no data set follows.
const NO_DATA: u16 = 0x0101;
/// Bit of Command Field that makes an answer.
const ANSWER: u16 = 0x8000;
/// Most characters of a UID.
const UID: usize = 64;
/// Most characters of an error comment (0000,0902).
const COMMENT: usize = 64;

/// Elements of group 0000.
mod element {
    pub(super) const GROUP_LENGTH: u16 = 0x0000;
    pub(super) const CLASS: u16 = 0x0002;
    pub(super) const FIELD: u16 = 0x0100;
    pub(super) const MESSAGE: u16 = 0x0110;
    pub(super) const ANSWERED: u16 = 0x0120;
    pub(super) const DATA_SET_TYPE: u16 = 0x0800;
    pub(super) const STATUS: u16 = 0x0900;
    pub(super) const COMMENT: u16 = 0x0902;
    pub(super) const INSTANCE: u16 = 0x1000;
}

/// Command Field of the requests that are known here.
pub(super) mod field {
    pub(in super::super) const STORE: u16 = 0x0001;
    pub(in super::super) const ECHO: u16 = 0x0030;
    pub(in super::super) const CANCEL: u16 = 0x0FFF;
}

/// A status that a request is answered with, and a sentence for whoever reads the sender's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Status {
    pub(super) code: u16,
    pub(super) reason: String,
}

/// Status codes (PS3.4 table B.2-1, PS3.7 annex C).
pub(super) mod code {
    pub(in super::super) const SUCCESS: u16 = 0x0000;
    pub(in super::super) const INVALID_INSTANCE: u16 = 0x0117;
    pub(in super::super) const CLASS_NOT_SUPPORTED: u16 = 0x0122;
    pub(in super::super) const UNRECOGNISED_OPERATION: u16 = 0x0211;
    pub(in super::super) const OUT_OF_RESOURCES: u16 = 0xA700;
    pub(in super::super) const CANNOT_UNDERSTAND: u16 = 0xC000;
}

impl Status {
    pub(super) fn success() -> Self {
        Self { code: code::SUCCESS, reason: String::new() }
    }

    pub(super) fn new(code: u16, reason: impl Into<String>) -> Self {
        Self { code, reason: reason.into() }
    }
}

/// A request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Command {
    pub(super) field: u16,
    pub(super) message: u16,
    /// Affected SOP Class UID.
    pub(super) class: String,
    /// Affected SOP Instance UID.
    pub(super) instance: String,
    /// Whether a data set follows.
    pub(super) has_data: bool,
}

impl Command {
    /// Reads a command set; an error says why it cannot be one.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, &'static str> {
        let mut command = Self { has_data: true, ..Self::default() };
        let (mut has_field, mut has_message) = (false, false);
        let mut rest = bytes;
        while let Some((head, tail)) = rest.split_first_chunk::<8>() {
            let [g0, g1, e0, e1, a, b, c, d] = *head;
            if (g0, g1) != (0, 0) {
                return Err("a command has an element of another group");
            }
            let length = u32::from_le_bytes([a, b, c, d]) as usize;
            let Some((value, next)) = tail.split_at_checked(length) else {
                return Err("a command's element is longer than the command");
            };
            rest = next;
            match u16::from_le_bytes([e0, e1]) {
                element::FIELD => (command.field, has_field) = (number(value)?, true),
                element::MESSAGE => (command.message, has_message) = (number(value)?, true),
                element::DATA_SET_TYPE => command.has_data = number(value)? != NO_DATA,
                element::CLASS => command.class = uid(value),
                element::INSTANCE => command.instance = uid(value),
                _ => {}
            }
        }
        if has_field && has_message && rest.is_empty() {
            Ok(command)
        } else {
            Err("a command is not complete")
        }
    }

    /// Writes the answer to this request.
    pub(super) fn answer(&self, status: &Status) -> Vec<u8> {
        let mut elements = Vec::with_capacity(256);
        let mut put = |element: u16, value: &[u8]| {
            elements.extend([0, 0]);
            elements.extend(element.to_le_bytes());
            elements.extend((value.len() as u32).to_le_bytes());
            elements.extend(value);
        };
        if is_uid(&self.class) {
            put(element::CLASS, &padded(&self.class, 0));
        }
        put(element::FIELD, &(self.field | ANSWER).to_le_bytes());
        put(element::ANSWERED, &self.message.to_le_bytes());
        put(element::DATA_SET_TYPE, &NO_DATA.to_le_bytes());
        put(element::STATUS, &status.code.to_le_bytes());
        if !status.reason.is_empty() {
            let comment: String =
                status.reason.chars().filter(|c| matches!(c, ' '..='~') && *c != '\\').collect();
            put(element::COMMENT, &padded(&comment[..comment.len().min(COMMENT)], b' '));
        }
        if is_uid(&self.instance) {
            put(element::INSTANCE, &padded(&self.instance, 0));
        }
        let mut answer = vec![0, 0];
        answer.extend(element::GROUP_LENGTH.to_le_bytes());
        answer.extend(4_u32.to_le_bytes());
        answer.extend((elements.len() as u32).to_le_bytes());
        answer.extend(elements);
        answer
    }
}

/// Whether a text can be a UID: senders in use put more than digits and dots into them, so anything that is printed
/// and can do no harm will do.
pub(super) fn is_uid(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= UID
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
}

/// Returns a text's bytes, of an even number.
pub(super) fn padded(text: &str, with: u8) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    if bytes.len() % 2 == 1 {
        bytes.push(with);
    }
    bytes
}

fn number(value: &[u8]) -> Result<u16, &'static str> {
    let [low, high] = value else { return Err("a command's number does not have two bytes") };
    Ok(u16::from_le_bytes([*low, *high]))
}

/// Returns a UID without its padding; whatever is no ASCII becomes a question mark.
fn uid(value: &[u8]) -> String {
    let text: String =
        value.iter().map(|byte| if byte.is_ascii() { char::from(*byte) } else { '?' }).collect();
    text.trim_matches(['\0', ' ']).to_owned()
}
