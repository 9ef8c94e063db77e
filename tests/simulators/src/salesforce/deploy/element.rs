//! One XML element of a metadata file, read by the schema's rules: known children only, each where
//! it belongs.

use roxmltree::{Document, Node};

const NAMESPACE: &str = "http://soap.sforce.com/2006/04/metadata";

/// What is wrong with a file or a part of it, in the service's words.
pub(super) type Fault = String;

/// Parses a file whose root must be this element.
pub(super) fn document<'a>(text: &'a str, root: &str) -> Result<Document<'a>, Fault> {
    let document = Document::parse(text).map_err(|error| format!("Error parsing file: {error}"))?;
    if document.root().children().any(|node| node.is_comment()) {
        // Contract salesforce 5.1.
        return Err("Error parsing file: a comment stands outside of the root element".into());
    }
    if !document.root_element().has_tag_name((NAMESPACE, root)) {
        let name = document.root_element().tag_name().name();
        return Err(format!(
            "Error parsing file: the root element is {name}, not {root} of {NAMESPACE}"
        ));
    }
    Ok(document)
}

/// An element and the name of its type, for messages.
#[derive(Clone, Copy, Debug)]
pub(super) struct Element<'a, 'i> {
    node: Node<'a, 'i>,
    kind: &'static str,
}

impl<'a, 'i> Element<'a, 'i> {
    pub(super) fn new(node: Node<'a, 'i>, kind: &'static str) -> Self {
        Self { node, kind }
    }

    /// Refuses children that the type does not have.
    pub(super) fn allows(&self, names: &[&str]) -> Result<(), Fault> {
        let mut elements = self.node.children().filter(Node::is_element);
        match elements.find(|child| !names.contains(&child.tag_name().name())) {
            Some(child) => Err(format!(
                "Element {{{NAMESPACE}}}{} invalid at this location in type {}",
                child.tag_name().name(),
                self.kind
            )),
            None => Ok(()),
        }
    }

    pub(super) fn children(&self, name: &'static str, kind: &'static str) -> Vec<Element<'a, 'i>> {
        let elements = self.node.children().filter(|child| child.tag_name().name() == name);
        elements.map(|node| Element::new(node, kind)).collect()
    }

    pub(super) fn text(&self, name: &str) -> Option<&'a str> {
        let child = self.node.children().find(|child| child.tag_name().name() == name)?;
        Some(child.text().unwrap_or_default().trim())
    }

    pub(super) fn texts(&self, name: &str) -> Vec<&'a str> {
        let children = self.node.children().filter(|child| child.tag_name().name() == name);
        children.map(|child| child.text().unwrap_or_default().trim()).collect()
    }

    pub(super) fn required(&self, name: &str) -> Result<&'a str, Fault> {
        let missing = || format!("Required field is missing: {name}");
        self.text(name).filter(|text| !text.is_empty()).ok_or_else(missing)
    }

    /// `true` or `false`; `None` when it is not there.
    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, Fault> {
        match self.text(name) {
            None => Ok(None),
            Some("true" | "1") => Ok(Some(true)),
            Some("false" | "0") => Ok(Some(false)),
            Some(other) => Err(format!("'{other}' is not a valid value for the boolean {name}")),
        }
    }

    pub(super) fn required_flag(&self, name: &str) -> Result<bool, Fault> {
        self.flag(name)?.ok_or_else(|| format!("Required field is missing: {name}"))
    }

    pub(super) fn number(&self, name: &str) -> Result<Option<usize>, Fault> {
        let invalid = |text: &str| format!("'{text}' is not a valid value for the integer {name}");
        self.text(name).map(|text| text.parse().map_err(|_| invalid(text))).transpose()
    }

    /// One of the values that an enumeration has.
    pub(super) fn one_of(
        &self,
        name: &str,
        values: &[&str],
        enumeration: &str,
    ) -> Result<Option<&'a str>, Fault> {
        let text = self.text(name);
        match text {
            Some(text) if !values.contains(&text) => {
                Err(format!("'{text}' is not a valid value for the enum '{enumeration}'"))
            }
            other => Ok(other),
        }
    }
}
