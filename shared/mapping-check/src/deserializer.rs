//! Reads a mapping's structs from the tree of its file. The structs' own `Deserialize` is the grammar; what this adds is that each error
//! knows its place in the tree, and that reading can go on behind it ([`Repairs`]).

mod access;
mod error;
mod probe;
mod stand_in;

use std::collections::BTreeMap;

use serde::de::{Deserializer, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;
use toml::de::DeValue;

pub(crate) use error::{Problem, SchemaError, Wanted};

use crate::node::Node;
use access::{ListAccess, TableAccess};

/// From the root to a value.
pub(crate) type Path = Vec<Step>;

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    /// An entry of a table.
    Key(String),
    /// An item of a list.
    Item(usize),
}

/// What is read otherwise than it stands there, by path.
pub(crate) type Repairs = BTreeMap<Path, Repair>;

/// How a value is read that has an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repair {
    /// As if it were not there.
    Ignored,
    /// As some value that fits.
    StandIn,
}

/// Reads one value of the tree.
#[derive(Clone, Debug)]
pub(crate) struct ValueDeserializer<'a> {
    node: Node<'a>,
    path: Path,
    repairs: &'a Repairs,
}

impl<'a> ValueDeserializer<'a> {
    pub(crate) fn new(node: Node<'a>, repairs: &'a Repairs) -> Self {
        Self { node, path: Path::new(), repairs }
    }

    fn below(&self, step: Step, node: Node<'a>) -> Self {
        let mut path = self.path.clone();
        path.push(step);
        Self { node, path, repairs: self.repairs }
    }

    fn fails<T>(self, problem: Problem) -> Result<T, SchemaError> {
        Err(SchemaError { path: Some(self.path), problem })
    }

    fn misfit<T>(self, wanted: Wanted) -> Result<T, SchemaError> {
        self.fails(Problem::Misfit(wanted))
    }
}

impl<'de> Deserializer<'de> for ValueDeserializer<'de> {
    type Error = SchemaError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, SchemaError> {
        let path = self.path.clone();
        let read = match self.node.value() {
            DeValue::String(text) => visitor.visit_str(text),
            DeValue::Datetime(at) => visitor.visit_string(at.to_string()),
            DeValue::Boolean(yes) => visitor.visit_bool(*yes),
            DeValue::Integer(number) => {
                match i64::from_str_radix(number.as_str(), number.radix()) {
                    Ok(number) => visitor.visit_i64(number),
                    Err(_) => return self.fails(Problem::TooLarge),
                }
            }
            DeValue::Float(number) => match number.as_str().parse() {
                Ok(number) => visitor.visit_f64(number),
                Err(_) => return self.fails(Problem::TooLarge),
            },
            DeValue::Array(_) => visitor.visit_seq(ListAccess::new(&self)),
            DeValue::Table(_) => visitor.visit_map(TableAccess::new(&self)),
        };
        read.map_err(|error| error.at(&path))
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, SchemaError> {
        match self.node.value() {
            DeValue::String(_) | DeValue::Datetime(_) => self.deserialize_any(visitor),
            _ => self.misfit(Wanted::Text),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, SchemaError> {
        self.deserialize_string(visitor)
    }

    /// Every number in a mapping's own tables counts something: characters, or versions.
    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, SchemaError> {
        let number = self.node.value().as_integer();
        let count =
            number.and_then(|number| u64::from_str_radix(number.as_str(), number.radix()).ok());
        match count.filter(|count| *count > 0) {
            Some(count) => {
                visitor.visit_u64(count).map_err(|error: SchemaError| error.at(&self.path))
            }
            None => self.misfit(Wanted::Count),
        }
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, SchemaError> {
        self.deserialize_u64(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, SchemaError> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, SchemaError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, SchemaError> {
        match self.node.value() {
            DeValue::Array(_) => self.deserialize_any(visitor),
            _ => self.misfit(probe::list_wanted(visitor)),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, SchemaError> {
        match self.node.value() {
            DeValue::Table(_) => self.deserialize_any(visitor),
            _ => self.misfit(Wanted::Table),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, SchemaError> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        words: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, SchemaError> {
        match self.node.text() {
            Some(word) if words.contains(&word) => visitor.visit_enum(word.into_deserializer()),
            Some(word) => {
                let word = word.to_owned();
                self.fails(Problem::UnknownWord { word, known: words })
            }
            None => self.misfit(Wanted::OneOf(words)),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u128 f32 f64 char bytes byte_buf unit unit_struct
        tuple tuple_struct identifier ignored_any
    }
}
