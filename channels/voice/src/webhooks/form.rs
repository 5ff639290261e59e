//! The bodies of webhooks: forms and JSON, and the escaping of what goes back.
//!
//! Bounded before anything is kept. Knows no platform.

use std::borrow::Cow;

use serde_json::Value;

/// The most fields of a form that are looked at; platforms send some forty.
const MOST_FIELDS: usize = 256;

/// A body.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// A form's fields, decoded, in their order.
    Form(Vec<(String, String)>),
    /// JSON.
    Json(Value),
}

impl Body {
    /// Reads a form.
    #[must_use]
    pub fn form(octets: &[u8]) -> Self {
        let fields = form_urlencoded::parse(octets).take(MOST_FIELDS);
        Self::Form(fields.map(|(name, value)| (name.into_owned(), value.into_owned())).collect())
    }

    /// Reads JSON; `None` where it is none.
    #[must_use]
    pub fn json(octets: &[u8]) -> Option<Self> {
        serde_json::from_slice(octets).ok().map(Self::Json)
    }

    /// The fields of a form; none where it is none.
    #[must_use]
    pub fn fields(&self) -> &[(String, String)] {
        match self {
            Self::Form(fields) => fields,
            Self::Json(_) => &[],
        }
    }

    /// A field of a form, or a text or number at the top of JSON.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<Cow<'_, str>> {
        match self {
            Self::Form(fields) => {
                fields.iter().find(|(field, _)| field == name).map(|(_, value)| Cow::Borrowed(value.as_str()))
            }
            Self::Json(value) => text(value.get(name)?),
        }
    }

    /// A value within JSON, by its path.
    #[must_use]
    pub fn within(&self, pointer: &str) -> Option<&Value> {
        match self {
            Self::Form(_) => None,
            Self::Json(value) => value.pointer(pointer),
        }
    }
}

/// A text or a number as text.
pub(super) fn text(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Number(number) => Some(Cow::Owned(number.to_string())),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Text for an XML element or attribute. What XML 1.0 does not allow is left out.
pub(super) fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\t' | '\n' | '\r' => out.push(' '),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {}
            other => out.push(other),
        }
    }
    out
}
