//! Reads a mapping's structs from the tree of its file. The structs' own `Deserialize` is the
//! grammar; what this adds is that each error knows its place in the tree, and that reading can go
//! on behind it ([`Repairs`]).

pub(crate) mod error;
pub(crate) mod repair;
mod stand_in;

use std::sync::LazyLock;
use std::vec::IntoIter;

use serde::de::value::StrDeserializer;
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::Value as Json;
use toml::Spanned;
use toml::de::DeValue;

use crate::node::{Node, Tree};
use error::{Problem, SchemaError, Wanted};
use repair::{Path, Repair, Repairs, Step};
use stand_in::StandIn;

const UNREPAIRED: &Repairs = &Repairs::new();
/// No list of a mapping has such items: whoever reads it as one says what it wanted.
static MISFIT: LazyLock<Tree<'static>> =
    LazyLock::new(|| Spanned::new(0..0, DeValue::Boolean(true)));

/// What the node is as `T`, if it has that form.
pub(crate) fn read<'a, T: Deserialize<'a>>(node: Node<'a>) -> Option<T> {
    T::deserialize(ValueDeserializer::new(node, UNREPAIRED)).ok()
}

/// What the node is as JSON.
pub(crate) fn to_json(node: Node<'_>) -> Json {
    read(node).unwrap_or_default()
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

    /// What the items of the list must be that `visitor` reads.
    fn items_wanted<V: Visitor<'a>>(&self, visitor: V) -> Wanted {
        let item = Slot::Value(self.below(Step::Item(0), self.node.instead(&MISFIT)));
        let error = visitor.visit_seq(ListAccess(vec![item].into_iter())).err();
        match error.map(|error| error.problem) {
            Some(Problem::Misfit(wanted)) => wanted,
            _ => Wanted::Other("a value".to_owned()),
        }
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
        if self.node.value().is_array() {
            return self.deserialize_any(visitor);
        }
        let items = self.items_wanted(visitor);
        self.misfit(Wanted::List(Box::new(items)))
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

/// A value, or what stands in for it.
enum Slot<'a> {
    Value(ValueDeserializer<'a>),
    StandIn,
}

impl<'a> Slot<'a> {
    /// `None` for what is ignored.
    fn of(value: ValueDeserializer<'a>) -> Option<Self> {
        match value.repairs.get(&value.path) {
            None => Some(Self::Value(value)),
            Some(Repair::StandIn) => Some(Self::StandIn),
            Some(Repair::Ignored) => None,
        }
    }

    fn read<S: DeserializeSeed<'a>>(self, seed: S) -> Result<S::Value, SchemaError> {
        match self {
            Self::StandIn => seed.deserialize(StandIn),
            Self::Value(value) => {
                let path = value.path.clone();
                seed.deserialize(value).map_err(|error| error.at(&path))
            }
        }
    }
}

struct ListAccess<'a>(IntoIter<Slot<'a>>);

impl<'a> ListAccess<'a> {
    fn new(list: &ValueDeserializer<'a>) -> Self {
        let items = list.node.items().enumerate();
        let slots: Vec<Slot<'a>> =
            items.filter_map(|(at, item)| Slot::of(list.below(Step::Item(at), item))).collect();
        Self(slots.into_iter())
    }
}

impl<'de> SeqAccess<'de> for ListAccess<'de> {
    type Error = SchemaError;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, SchemaError> {
        self.0.next().map(|slot| slot.read(seed)).transpose()
    }
}

struct TableAccess<'a> {
    entries: IntoIter<(String, Slot<'a>)>,
    value: Option<Slot<'a>>,
}

impl<'a> TableAccess<'a> {
    /// The entries, and the stand-ins for what is missing.
    fn new(table: &ValueDeserializer<'a>) -> Self {
        let mut entries: Vec<(String, Slot<'a>)> = Vec::new();
        for (key, entry) in table.node.entries() {
            let slot = Slot::of(table.below(Step::Key(key.to_owned()), entry.value));
            entries.extend(slot.map(|slot| (key.to_owned(), slot)));
        }
        for path in table.repairs.keys() {
            if let Some((Step::Key(key), above)) = path.split_last()
                && above == table.path
                && table.node.get(key).is_none()
            {
                entries.push((key.clone(), Slot::StandIn));
            }
        }
        Self { entries: entries.into_iter(), value: None }
    }
}

impl<'de> MapAccess<'de> for TableAccess<'de> {
    type Error = SchemaError;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, SchemaError> {
        let Some((key, value)) = self.entries.next() else {
            return Ok(None);
        };
        self.value = Some(value);
        let name: StrDeserializer<'_, SchemaError> = key.as_str().into_deserializer();
        seed.deserialize(name).map(Some).map_err(|mut error| {
            if let Problem::UnknownName { name: key, known } = error.problem {
                error.problem = Problem::UnknownEntry { key, known };
            }
            error
        })
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<S::Value, SchemaError> {
        self.value.take().unwrap_or(Slot::StandIn).read(seed)
    }
}
