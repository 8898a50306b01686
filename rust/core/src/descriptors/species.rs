//! The elements that a descriptor tells apart.

use serde::Deserialize;

use super::validate::check;
use crate::Error;
use crate::error::LAST_ELEMENT;

/// Most species: every element once.
const MOST: usize = LAST_ELEMENT as usize;

/// Elements with a channel each, or one channel for all elements; and what becomes of atoms without a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Species {
    /// Atomic numbers in the order of the channels; `None` stands, alone, for every element.
    numbers: Vec<Option<i64>>,
    ignores_unknown: bool,
}

/// A species of which nothing but its element is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Element {
    /// Atomic number; `None`: every element, in one channel.
    pub number: Option<i64>,
}

impl Species {
    /// Gives every element of `numbers` a channel, in their order; `None`, alone, is a channel for every element.
    /// `ignores_unknown` says whether atoms of other elements are passed over in silence or are an error.
    ///
    /// # Errors
    /// [`Error::Parameter`] where there are none or too many, where one is listed twice or is no element.
    pub fn new(numbers: impl IntoIterator<Item = Option<i64>>, ignores_unknown: bool) -> Result<Self, Error> {
        let numbers: Vec<_> = numbers.into_iter().collect();
        let count = numbers.len();
        let remedy = format!("give between 1 and {MOST} elements");
        check((1..=MOST).contains(&count), "species", format!("{count} elements"), remedy)?;
        let alone = count == 1 || !numbers.contains(&None);
        check(alone, "species", "\"any\" and others", "one channel for every element leaves no atom to others")?;
        for (k, number) in numbers.iter().enumerate() {
            let number = number.unwrap_or_default();
            let remedy = format!("it must be an atomic number, up to {LAST_ELEMENT}, or 0 for a placeholder");
            check((0..=LAST_ELEMENT).contains(&number), "species", number, remedy)?;
            let repeated = numbers[..k].contains(&Some(number));
            check(!repeated, "species", number, "it is listed twice; list every element once")?;
        }
        Ok(Self { numbers, ignores_unknown })
    }

    /// Number of channels.
    #[expect(clippy::len_without_is_empty, reason = "there is at least one")]
    pub fn len(&self) -> usize {
        self.numbers.len()
    }

    /// The error where there is not one of `symbols` for each channel.
    ///
    /// # Errors
    /// [`Error::Shape`].
    pub fn expect_symbols(&self, symbols: &[String]) -> Result<(), Error> {
        if symbols.len() == self.len() {
            return Ok(());
        }
        Err(Error::Shape { name: "symbols", expected: vec![self.len()], found: vec![symbols.len()] })
    }

    /// Channel of the element with this atomic number; `None` if it has none.
    pub fn channel(&self, number: i64) -> Option<u8> {
        let sees = |own: &Option<i64>| own.is_none_or(|own| own == number);
        self.numbers.iter().position(sees).map(|channel| channel as u8)
    }

    /// Whether atoms without a channel are passed over in silence or are an error.
    pub fn ignores_unknown(&self) -> bool {
        self.ignores_unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(numbers: impl IntoIterator<Item = Option<i64>>) -> String {
        Species::new(numbers, false).expect_err("no sensible species").to_string()
    }

    #[test]
    fn channels_are_in_the_order_of_the_numbers() {
        let species = Species::new([6, 1, 118, 0].map(Some), true).expect("legal species");
        assert_eq!(
            [6, 1, 118, 0, 8, -1].map(|number| species.channel(number)),
            [Some(0), Some(1), Some(2), Some(3), None, None]
        );
        assert!(species.ignores_unknown());
        assert_eq!(species.len(), 4);
    }

    #[test]
    fn one_channel_may_be_for_every_element() {
        let species = Species::new([None], false).expect("legal species");
        assert_eq!([1, 79].map(|number| species.channel(number)), [Some(0); 2]);
        assert!(!species.ignores_unknown());
    }

    #[test]
    fn every_element_fits_once() {
        assert!(Species::new((1..=118).map(Some), false).is_ok());
        assert!(refusal((0..=118).map(Some)).starts_with("species is 119 elements"));
        assert!(refusal([]).starts_with("species is 0 elements"));
        assert!(refusal([6, 1, 6].map(Some)).starts_with("species is 6; it is listed twice"));
        assert!(refusal([Some(1), Some(119)]).starts_with("species is 119; it must be an atomic number"));
        assert!(refusal([Some(-1)]).starts_with("species is -1; it must be an atomic number"));
        assert!(refusal([None, Some(1)]).contains("leaves no atom to others"));
        assert!(refusal([None, None]).contains("leaves no atom to others"));
    }
}
