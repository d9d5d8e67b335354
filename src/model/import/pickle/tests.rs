//! Attempts of hostile pickles. None of it may do more than end in an error.

use proptest::prelude::*;

use super::*;
use crate::model::import::reader_error::ReaderError;

/// Protocol 2, what is given, stop.
fn pickle(body: &[u8]) -> Vec<u8> {
    [b"\x80\x02", body, b"."].concat()
}

fn refused(bytes: &[u8]) -> String {
    match read(bytes) {
        Err(ReaderError::Refused(reason)) => reason,
        other => panic!("not refused: {other:?}"),
    }
}

fn damaged(bytes: &[u8]) -> String {
    match read(bytes) {
        Err(ReaderError::Damaged(reason)) => reason,
        other => panic!("not damaged: {other:?}"),
    }
}

#[test]
fn plain_data_comes_through() {
    // {"a": [1, -2, True, None], "b": 0.5, "c": (3,), "d": 2 ** 70}, as pickle.dumps(..., 2) writes it.
    let bytes =
        b"\x80\x02}q\x00(X\x01\x00\x00\x00aq\x01]q\x02(K\x01J\xfe\xff\xff\xff\x88NeX\x01\x00\x00\x00bq\x03\
                  G?\xe0\x00\x00\x00\x00\x00\x00X\x01\x00\x00\x00cq\x04K\x03\x85q\x05X\x01\x00\x00\x00dq\x06\
                  \x8a\x09\x00\x00\x00\x00\x00\x00\x00\x00@u.rest";
    let pickle = read(bytes).unwrap();
    assert_eq!(&bytes[pickle.length..], b"rest");
    let entry = |key: &str| pickle.entry(pickle.root, key).unwrap();
    let list = pickle.members(entry("a")).unwrap();
    let values: Vec<&Value<'_>> = list.iter().map(|&id| pickle.get(id)).collect();
    assert_eq!(values, [&Value::Int(1), &Value::Int(-2), &Value::Bool(true), &Value::None]);
    assert_eq!(pickle.get(entry("b")), &Value::Float(0.5));
    assert_eq!(pickle.members(entry("c")).unwrap().len(), 1);
    assert_eq!(pickle.get(entry("d")), &Value::Long(&[0, 0, 0, 0, 0, 0, 0, 0, 0x40]));
}

#[test]
fn functions_that_weights_do_not_need_are_refused_by_name() {
    for (module, name) in [
        ("os", "system"),
        ("posix", "system"),
        ("nt", "system"),
        ("subprocess", "Popen"),
        ("builtins", "eval"),
        ("__builtin__", "exec"),
        ("builtins", "getattr"),
        ("importlib", "import_module"),
        ("torch", "load"),
        ("torch.hub", "load"),
        ("torch.storage", "_load_from_bytes"),
        ("torch.jit", "load"),
        ("collections", "OrderedDict.__reduce__"),
        ("numpy", "load"),
        ("", ""),
        ("\u{1b}[2J", "x"),
    ] {
        let name_of = format!("{module}.{name}");
        // GLOBAL, then a call of it with one text: what `__reduce__` of a hostile class writes.
        let called = [format!("c{module}\n{name}\n").as_bytes(), b"X\x02\x00\x00\x00id\x85R"].concat();
        let reason = refused(&pickle(&called));
        assert!(reason.contains("nothing of the file was executed"), "{name_of}: {reason}");
        assert!(!reason.contains('\u{1b}'), "{reason}");
        // The same by protocol 4, the name put together on the stack.
        let stacked = [
            &[b'\x8c', module.len() as u8],
            module.as_bytes(),
            &[b'\x8c', name.len() as u8],
            name.as_bytes(),
            b"\x93)R",
        ]
        .concat();
        assert_eq!(refused(&pickle(&stacked)), reason);
    }
}

#[test]
fn a_call_of_what_is_allowed_makes_a_record_and_no_more() {
    let bytes = pickle(b"ctorchxrayvision.models\nDenseNet\n)\x81}X\x01\x00\x00\x00aK\x01sb");
    let pickle = read(&bytes).unwrap();
    let (class, object) = pickle.object(pickle.root).unwrap();
    assert_eq!(class, "torchxrayvision.");
    assert_eq!(pickle.get(pickle.entry(object.state.unwrap(), "a").unwrap()), &Value::Int(1));
    // The result of a call cannot be called: that is how chains of harmless functions do harm.
    let chain = b"ctorchxrayvision.models\nDenseNet\n)R)R";
    assert!(refused(&super::tests::pickle(chain)).contains("calls what is no function"));
}

#[test]
fn instructions_that_nobody_needs_are_refused() {
    // INST, OBJ, EXT1, NEWOBJ_EX, PERSID, BYTEARRAY8, NEXT_BUFFER, text integers and strings of protocol 0
    for code in
        [b'i', b'o', b'\x82', b'\x92', b'P', b'\x96', b'\x97', b'I', b'L', b'S', b'V', b'F', b'g', b'p']
    {
        let reason = refused(&pickle(&[b'(', code, b'1', b'\n']));
        assert!(reason.contains(&format!("0x{code:02x} at byte 3")), "{reason}");
    }
}

#[test]
fn lengths_that_lie_cost_nothing() {
    for body in [
        &b"X\xff\xff\xff\xff"[..],
        b"\x8d\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\x8e\xff\xff\xff\xff\xff\xff\xff\x7f",
        b"\x8b\xff\xff\xff\x7f",
        b"B\x00\x00\x00\x80",
        b"\x8a\xff",
        b"\x95\xff",
        b"ctorch",
    ] {
        assert!(damaged(&pickle(body)).contains("cut short"), "{body:?}");
    }
}

#[test]
fn a_stack_has_a_bottom() {
    for body in [
        &b"0"[..],
        b"1",
        b"2",
        b"t",
        b"\x85",
        b"(\x85",
        b"K\x01(\x85",
        b"R",
        b"a",
        b"s",
        b"(u",
        b"b",
        b"q\x00",
        b"",
    ] {
        damaged(&pickle(body));
    }
    assert!(damaged(&pickle(b"h\x07")).contains("never kept"));
    assert!(damaged(&pickle(b"}(K\x01u")).contains("key without a value"));
    assert!(damaged(b"").contains("cut short"));
    assert!(damaged(b"\x80\x09.").contains("protocol 9"));
}

/// A thousand times a thousand: in Python ten lists of ten lists of ten ... fill any memory.
#[test]
fn a_list_in_a_list_many_times_over_stays_one_list() {
    let mut body = b"]q\x00".to_vec();
    for level in 0..200u8 {
        body.extend(b"](");
        for _ in 0..100 {
            body.extend([b'h', level]);
        }
        body.extend([b'e', b'q', level + 1]);
    }
    let bytes = pickle(&body);
    let pickle = read(&bytes).unwrap();
    assert_eq!(pickle.ids().count(), 201);
}

#[test]
fn nesting_has_no_end_that_hurts() {
    let mut body = vec![b']'; 250_000];
    body.extend(vec![b'a'; 249_999]);
    let bytes = pickle(&body);
    let pickle = read(&bytes).unwrap();
    assert_eq!(pickle.ids().count(), 250_000);
    // Dropped here: nothing recurses.
}

#[test]
fn there_is_a_largest_number_of_values() {
    assert!(refused(&pickle(&vec![b'N'; 300_001])).contains("more than 300000 values"));
    let body = [&b"N"[..], &vec![b'2'; 1_200_001]].concat();
    assert!(refused(&pickle(&body)).contains("more instructions"));
}

proptest! {
    /// Whatever the bytes are, reading ends, and with no more values than bytes.
    #[test]
    fn no_bytes_do_harm(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        if let Ok(pickle) = read(&bytes) {
            prop_assert!(pickle.ids().count() <= bytes.len());
            prop_assert!(pickle.length <= bytes.len());
        }
    }

    /// Bytes that are mostly instructions do no harm either.
    #[test]
    fn no_program_does_harm(codes in proptest::collection::vec(
        proptest::sample::select(b"(012NK\x88\x8a)\x85\x86\x87t]}ae\x8f\x90\x91suR\x81bQq\x94h.\x00\x01X".to_vec()), 0..300,
    )) {
        let bytes = pickle(&codes);
        if let Ok(pickle) = read(&bytes) {
            prop_assert!(pickle.ids().count() <= bytes.len());
            for id in pickle.ids() {
                let _ = (pickle.object(id), pickle.entries(id), pickle.members(id));
            }
        }
    }
}
