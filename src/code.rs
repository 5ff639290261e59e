//! Numbers on products: how they are put together, read and minted.
//!
//! Owns the way from digits to a [`ProductCode`] and back. Does not know what was issued: that a tag is right says that
//! the number is one we could have issued, the index says whether we did.
//!
//! The check digit is tested before the tag and in one step with the reading, so that there is no `ProductCode` with a
//! wrong one: a slip of the finger must never look like a forgery.

pub mod issue;
pub mod layout;
mod mint;

use contract::reading::trade_item;
use contract::{Number, TradeItem};
use subtle::ConstantTimeEq as _;

use crate::index::UnitKey;
use crate::secret::Secret;
use layout::{Layouts, Parts, damm};
use mint::Mint;

/// The epoch of the tags' keys, where none is set.
pub const FIRST_EPOCH: u32 = 1;

/// The layouts in force and the master key of their tags.
#[derive(Debug)]
pub struct Codes {
    layouts: Layouts,
    mint: Mint,
    epoch: u32,
}

/// What the digits of a number amount to before anything is looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadCode {
    /// A number of one of our layouts, with the right check digit.
    Own(ProductCode),
    /// Of no layout and no other known shape.
    Malformed {
        /// How many digits or letters were read.
        read: u32,
        /// How many digits the network's own numbers have.
        expected: u32,
    },
    /// The length is right, the check digit wrong.
    Typo,
    /// The number of a kind of goods or of a licence; also a GS1 item without a serial.
    NotUnitCode(TradeItem),
    /// A GS1 item whose serial is no number of ours.
    Gs1 {
        /// 14 digits.
        gtin: String,
        /// AI 21.
        serial: String,
    },
}

/// A number of one of our layouts with the right check digit; its tag is still to be compared
/// ([`Codes::tag_matches`]). [`Codes::read`] is the only door.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ProductCode {
    layout: u8,
    resource: u64,
    serial: u64,
    tag: u64,
}

impl ProductCode {
    /// The layout's id.
    #[must_use]
    pub const fn layout(&self) -> u8 {
        self.layout
    }

    /// The resource.
    #[must_use]
    pub const fn resource(&self) -> u64 {
        self.resource
    }

    /// The serial.
    #[must_use]
    pub const fn serial(&self) -> u64 {
        self.serial
    }

    /// The identity of the unit it claims to be.
    #[must_use]
    pub fn key(&self) -> UnitKey {
        UnitKey::native(self.layout, self.resource, self.serial)
    }
}

impl Codes {
    /// Reads and mints in these layouts, under this master key.
    #[must_use]
    pub fn new(layouts: Layouts, master: Secret) -> Self {
        Self { layouts, mint: Mint::new(&master), epoch: FIRST_EPOCH }
    }

    /// Issues new batches under the keys of another epoch; batches keep the one they were issued in.
    #[must_use]
    pub const fn with_epoch(mut self, epoch: u32) -> Self {
        self.epoch = epoch;
        self
    }

    /// The epoch that new batches are issued in.
    #[must_use]
    pub const fn epoch(&self) -> u32 {
        self.epoch
    }

    /// The layouts in force.
    #[must_use]
    pub const fn layouts(&self) -> &Layouts {
        &self.layouts
    }

    /// The digits of one number. `None` where there is no such layout or a part is out of its range.
    #[must_use]
    pub fn mint(&self, layout: u8, resource: u64, epoch: u32, serial: u64) -> Option<String> {
        let layout = self.layouts.with_id(layout)?;
        if resource >= layout.resources() || serial >= layout.serials() {
            return None;
        }
        let tag = self.mint.tag(layout, resource, epoch, serial);
        Some(layout.write(Parts { resource, serial, tag }))
    }

    /// What a number amounts to by its form.
    #[must_use]
    pub fn read(&self, number: &Number) -> ReadCode {
        match number {
            Number::Digits(digits) => self
                .read_own(digits)
                .or_else(|| trade_item(digits).map(|_| ReadCode::NotUnitCode(TradeItem::Gtin)))
                .unwrap_or_else(|| self.malformed(digits.len())),
            Number::Mixed(text) if is_licence(text) => ReadCode::NotUnitCode(TradeItem::Licence),
            Number::Mixed(text) => self.malformed(text.len()),
            Number::Gs1 { serial: None, .. } => ReadCode::NotUnitCode(TradeItem::Gtin),
            Number::Gs1 { gtin, serial: Some(serial) } => {
                self.read_own(serial).unwrap_or_else(|| ReadCode::Gs1 { gtin: gtin.clone(), serial: serial.clone() })
            }
            Number::Unreadable { read } => {
                ReadCode::Malformed { read: *read, expected: narrow(self.layouts.own_digits()) }
            }
        }
    }

    /// Whether the number carries the tag that its serial has in an epoch. Takes the same time wherever they differ.
    #[must_use]
    pub fn tag_matches(&self, code: &ProductCode, epoch: u32) -> bool {
        let Some(layout) = self.layouts.with_id(code.layout) else { return false };
        self.mint.tag(layout, code.resource, epoch, code.serial).ct_eq(&code.tag).into()
    }

    /// A number as it is printed; a text that has no layout's length is given back as it is.
    #[must_use]
    pub fn grouped(&self, digits: &str) -> String {
        self.layouts.of_length(digits.len()).map_or_else(|| digits.to_owned(), |layout| layout.grouped(digits))
    }

    /// `None` where the text has no layout's length.
    fn read_own(&self, digits: &str) -> Option<ReadCode> {
        let layout = self.layouts.of_length(digits.len())?;
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        if damm(digits.bytes()) != 0 {
            return Some(ReadCode::Typo);
        }
        let Parts { resource, serial, tag } = layout.split(digits)?;
        Some(ReadCode::Own(ProductCode { layout: layout.id(), resource, serial, tag }))
    }

    fn malformed(&self, read: usize) -> ReadCode {
        ReadCode::Malformed { read: narrow(read), expected: narrow(self.layouts.own_digits()) }
    }
}

/// The digits of a GTIN of 14 that name the goods: without the indicator of the packaging level and the check digit.
pub(crate) fn item_reference(gtin: &str) -> &str {
    gtin.get(1..13).unwrap_or(gtin)
}

/// Whether this has the shape of an approval or licence number, less its Chinese prefix: one or two letters and eight
/// digits (drugs, health food, cosmetics, pesticides: H20203456, PD20080001), `SC` and 14 (food production since 2015)
/// or `QS` and 12 (food production before).
fn is_licence(text: &str) -> bool {
    let digits = text.trim_start_matches(|c: char| c.is_ascii_uppercase());
    let letters = text.strip_suffix(digits).unwrap_or_default();
    let shape = match letters {
        "SC" => matches!(digits.len(), 8 | 14),
        "QS" => matches!(digits.len(), 8 | 12),
        _ => matches!(letters.len(), 1 | 2) && digits.len() == 8,
    };
    shape && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn narrow(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
