//! Values on their way to a PostgreSQL server and back, in the types that it has for them.

use std::error::Error;

use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use super::super::{ToSqlOutput, Value, ValueRef};

type Fault = Box<dyn Error + Sync + Send>;

/// A value for a parameter, written as the type that the server has found for it.
#[derive(Debug)]
pub(super) struct Parameter<'a>(pub(super) ToSqlOutput<'a>);

#[derive(Debug, thiserror::Error)]
#[error("a {value} does not fit a parameter of the type {wanted}")]
struct UnfitError {
    value: &'static str,
    wanted: String,
}

impl Parameter<'_> {
    fn value(&self) -> Option<ValueRef<'_>> {
        match &self.0 {
            ToSqlOutput::Borrowed(value) => Some(*value),
            ToSqlOutput::Owned(value) => Some(match value {
                Value::Null => ValueRef::Null,
                Value::Integer(number) => ValueRef::Integer(*number),
                Value::Real(number) => ValueRef::Real(*number),
                Value::Text(text) => ValueRef::Text(text.as_bytes()),
                Value::Blob(bytes) => ValueRef::Blob(bytes),
            }),
            // No statement of ours makes the others.
            _ => None,
        }
    }
}

impl ToSql for Parameter<'_> {
    fn to_sql(&self, kind: &Type, out: &mut bytes::BytesMut) -> Result<IsNull, Fault> {
        let unfit = |value: &'static str| Err(UnfitError { value, wanted: kind.name().to_owned() }.into());
        match self.value() {
            None => unfit("value of another kind"),
            Some(ValueRef::Null) => Ok(IsNull::Yes),
            Some(ValueRef::Integer(number)) => match *kind {
                Type::INT8 => number.to_sql(kind, out),
                Type::INT4 => i32::try_from(number)?.to_sql(kind, out),
                Type::INT2 => i16::try_from(number)?.to_sql(kind, out),
                Type::BOOL => (number != 0).to_sql(kind, out),
                Type::FLOAT8 => (number as f64).to_sql(kind, out),
                _ => unfit("whole number"),
            },
            // As SQLite has it: what is no number is nothing.
            Some(ValueRef::Real(number)) if number.is_nan() => Ok(IsNull::Yes),
            Some(ValueRef::Real(number)) => match *kind {
                Type::FLOAT8 => number.to_sql(kind, out),
                Type::FLOAT4 => (number as f32).to_sql(kind, out),
                _ => unfit("number"),
            },
            Some(ValueRef::Text(text)) => match *kind {
                Type::BYTEA => text.to_sql(kind, out),
                Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::UNKNOWN => {
                    let text = std::str::from_utf8(text)?;
                    // The server's texts end there; nothing that people write holds it.
                    text.replace('\0', "\u{fffd}").to_sql(kind, out)
                }
                _ => unfit("text"),
            },
            Some(ValueRef::Blob(bytes)) => match *kind {
                Type::BYTEA => bytes.to_sql(kind, out),
                _ => unfit("row of bytes"),
            },
        }
    }

    fn accepts(_kind: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// A column's value, borrowed from its row.
pub(in crate::store::sql) struct Cell<'a>(pub(in crate::store::sql) ValueRef<'a>);

#[derive(Debug, thiserror::Error)]
#[error("the server answers with the type {0}, which the store has no use for")]
struct UnknownTypeError(String);

impl<'a> FromSql<'a> for Cell<'a> {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> Result<Self, Fault> {
        Ok(Self(match *kind {
            Type::INT8 => ValueRef::Integer(i64::from_sql(kind, raw)?),
            Type::INT4 => ValueRef::Integer(i32::from_sql(kind, raw)?.into()),
            Type::INT2 => ValueRef::Integer(i16::from_sql(kind, raw)?.into()),
            Type::BOOL => ValueRef::Integer(bool::from_sql(kind, raw)?.into()),
            Type::FLOAT8 => ValueRef::Real(f64::from_sql(kind, raw)?),
            Type::FLOAT4 => ValueRef::Real(f32::from_sql(kind, raw)?.into()),
            Type::NUMERIC => ValueRef::Integer(whole_number(raw)?),
            Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::UNKNOWN => ValueRef::Text(raw),
            Type::BYTEA => ValueRef::Blob(raw),
            _ => return Err(UnknownTypeError(kind.name().to_owned()).into()),
        }))
    }

    fn from_sql_null(_kind: &Type) -> Result<Self, Fault> {
        Ok(Self(ValueRef::Null))
    }

    fn accepts(_kind: &Type) -> bool {
        true
    }
}

#[derive(Debug, thiserror::Error)]
#[error("a sum of the server is no whole number that fits")]
struct NotWholeError;

/// A NUMERIC that is a whole number, as the sum of whole numbers is: how many digits to the base of 10,000 there are,
/// the power of the first, the sign, decimal digits shown, and the digits, each two bytes.
fn whole_number(raw: &[u8]) -> Result<i64, NotWholeError> {
    let mut pairs = raw.chunks_exact(2).map(|pair| i64::from(i16::from_be_bytes([pair[0], pair[1]])));
    let mut next = || pairs.next().ok_or(NotWholeError);
    let (digits, first_power, sign, _shown) = (next()?, next()?, next()?, next()?);
    let mut number = 0_i64;
    for at in 0..digits.max(first_power + 1) {
        let digit = if at < digits { next()? } else { 0 };
        if at > first_power {
            // A fraction.
            return Err(NotWholeError);
        }
        number =
            number.checked_mul(10_000).and_then(|number| number.checked_add(digit)).ok_or(NotWholeError)?;
    }
    match sign {
        0 => Ok(number),
        0x4000 => Ok(-number),
        _ => Err(NotWholeError),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_read_as_whole_numbers() {
        let numeric = |parts: &[i16]| parts.iter().flat_map(|part| part.to_be_bytes()).collect::<Vec<u8>>();
        for (parts, expected) in [
            (&[0, 0, 0, 0][..], Some(0)),
            (&[1, 0, 0, 0, 7], Some(7)),
            (&[1, 0, 0x4000, 0, 7], Some(-7)),
            (&[2, 1, 0, 0, 12, 3456], Some(123_456)),
            (&[1, 1, 0, 0, 12], Some(120_000)),
            (&[2, 0, 0, 1, 7, 5000], None),
            (&[0, 0, -0x4000, 0], None),
            (&[5, 4, 0, 0, 9999, 9999, 9999, 9999, 9999], None),
            (&[2, 1, 0, 0, 12], None),
            (&[], None),
        ] {
            assert_eq!(whole_number(&numeric(parts)).ok(), expected, "{parts:?}");
        }
    }

    #[test]
    fn a_value_is_written_as_the_type_that_the_server_wants_or_not_at_all() {
        let written = |value: Value, kind: &Type| {
            let mut out = bytes::BytesMut::new();
            Parameter(ToSqlOutput::Owned(value)).to_sql(kind, &mut out).map(|_| out.to_vec())
        };
        assert_eq!(written(Value::Integer(7), &Type::INT8).unwrap(), 7_i64.to_be_bytes());
        assert_eq!(written(Value::Integer(7), &Type::INT4).unwrap(), 7_i32.to_be_bytes());
        assert_eq!(written(Value::Integer(1), &Type::BOOL).unwrap(), [1]);
        assert_eq!(written(Value::Text("a\0b".to_owned()), &Type::TEXT).unwrap(), "a\u{fffd}b".as_bytes());
        assert_eq!(written(Value::Text("/in/a".to_owned()), &Type::BYTEA).unwrap(), b"/in/a");
        for (value, kind) in [
            (Value::Integer(1 << 40), Type::INT4),
            (Value::Integer(1), Type::TEXT),
            (Value::Text("1".to_owned()), Type::INT8),
            (Value::Real(1.5), Type::INT8),
            (Value::Blob(vec![1]), Type::TEXT),
        ] {
            assert!(written(value.clone(), &kind).is_err(), "{value:?} as {kind}");
        }
    }
}
