//! The files of a mapping, and places in them.

use std::collections::BTreeMap;
use std::ops::Range;

/// One mapping file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MappingFile<'a> {
    /// What diagnostics call it, such as `infra/mapping/dynamics.toml`.
    pub name: &'a str,
    /// Its TOML.
    pub text: &'a str,
}

impl MappingFile<'_> {
    /// The byte order mark that some editors put in front is no TOML.
    fn without_mark(self) -> Self {
        Self { text: self.text.strip_prefix('\u{feff}').unwrap_or(self.text), ..self }
    }
}

/// A byte of one of the files. Places are in the order of the files: the shipped one, then the
/// override.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) source: Source,
    pub(crate) offset: usize,
}

/// Which of the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Source {
    Shipped,
    Override,
}

/// The keys that the override took out of the shipped file's tables, and where it says so.
#[derive(Clone, Debug, Default)]
pub(crate) struct RemovedKeys(BTreeMap<(usize, usize, String), usize>);

impl RemovedKeys {
    /// `key` is gone from the table of this span, because of what begins at `offset`.
    pub(crate) fn note(&mut self, table: &Range<usize>, key: &str, offset: usize) {
        self.0.insert((table.start, table.end, key.to_owned()), offset);
    }
}

/// Both files.
///
/// The override's spans count on from the end of the shipped file ([`Self::override_start`]), so
/// that a value in a merged tree needs nothing but its span to know where it stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sources<'a> {
    shipped: MappingFile<'a>,
    overriding: Option<MappingFile<'a>>,
    removed: Option<&'a RemovedKeys>,
}

impl<'a> Sources<'a> {
    pub(crate) fn new(shipped: MappingFile<'a>, overriding: Option<MappingFile<'a>>) -> Self {
        Self {
            shipped: shipped.without_mark(),
            overriding: overriding.map(MappingFile::without_mark),
            removed: None,
        }
    }

    /// The same of a merged tree, which lacks these keys.
    pub(crate) fn without<'b>(&self, removed: &'b RemovedKeys) -> Sources<'b>
    where
        'a: 'b,
    {
        Sources { removed: Some(removed), ..*self }
    }

    /// Where the override took `key` out of the table of this span.
    pub(crate) fn removal(&self, table: &Range<usize>, key: &str) -> Option<Place> {
        let RemovedKeys(removed) = self.removed?;
        let offset = removed.get(&(table.start, table.end, key.to_owned()))?;
        Some(self.place(*offset))
    }

    pub(crate) fn shipped_text(&self) -> &'a str {
        self.shipped.text
    }

    /// The override's text behind blanks, as many as its spans begin with.
    pub(crate) fn padded_override(&self) -> Option<String> {
        Some(" ".repeat(self.override_start()) + self.overriding?.text)
    }

    /// Where the override's spans begin. The shipped file's end is a place of its own.
    pub(crate) fn override_start(&self) -> usize {
        self.shipped.text.len() + 1
    }

    pub(crate) fn place(&self, offset: usize) -> Place {
        let source =
            if offset < self.override_start() { Source::Shipped } else { Source::Override };
        Place { source, offset }
    }

    /// The file's name, line and column, both from 1, the column in characters.
    pub(crate) fn locate(&self, place: Place) -> (&'a str, usize, usize) {
        let (file, offset) = match (place.source, self.overriding) {
            (Source::Override, Some(file)) => (file, place.offset - self.override_start()),
            _ => (self.shipped, place.offset),
        };
        let before = file.text.get(..offset).unwrap_or(file.text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let line = 1 + before.matches('\n').count();
        (file.name, line, 1 + before[line_start..].chars().count())
    }
}
