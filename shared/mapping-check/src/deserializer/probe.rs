//! Asks a type what it wants, without having it.

use serde::de::{DeserializeSeed, Deserializer, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

use super::error::{Problem, SchemaError, Wanted};

/// What the items of the list must be that `visitor` reads.
pub(super) fn list_wanted<'de, V: Visitor<'de>>(visitor: V) -> Wanted {
    let items = match visitor.visit_seq(OneProbe).err().map(|error: SchemaError| error.problem) {
        Some(Problem::Misfit(wanted)) => wanted,
        _ => Wanted::Other("a value".to_owned()),
    };
    Wanted::List(Box::new(items))
}

/// A list of which each item is a probe: its first ends the reading.
struct OneProbe;

impl<'de> SeqAccess<'de> for OneProbe {
    type Error = SchemaError;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, SchemaError> {
        seed.deserialize(Probe).map(Some)
    }
}

/// No value: every type that reads it says what it wanted.
struct Probe;

fn wants<T>(wanted: Wanted) -> Result<T, SchemaError> {
    Err(SchemaError { path: None, problem: Problem::Misfit(wanted) })
}

impl<'de> Deserializer<'de> for Probe {
    type Error = SchemaError;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, SchemaError> {
        wants(Wanted::Other("a value".to_owned()))
    }

    fn deserialize_string<V: Visitor<'de>>(self, _: V) -> Result<V::Value, SchemaError> {
        wants(Wanted::Text)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, SchemaError> {
        wants(Wanted::Table)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        words: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, SchemaError> {
        wants(Wanted::OneOf(words))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map identifier ignored_any
    }
}
