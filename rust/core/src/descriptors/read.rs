//! Counts among the parameters, read so that one out of the range of its type is out of range and not unreadable.

use serde::{Deserialize, Deserializer};

/// Integers that count something.
pub trait Count: TryFrom<i64> {
    /// The largest, which is out of every range.
    const LARGEST: Self;
}

impl Count for u8 {
    const LARGEST: Self = Self::MAX;
}

impl Count for u32 {
    const LARGEST: Self = Self::MAX;
}

impl Count for usize {
    const LARGEST: Self = Self::MAX;
}

/// Reads an integer; one that is negative or too large becomes one that is out of every range, so that the error about
/// it is that of the range.
pub fn count<'de, D: Deserializer<'de>, T: Count>(deserializer: D) -> Result<T, D::Error> {
    i64::deserialize(deserializer).map(|number| T::try_from(number).unwrap_or(T::LARGEST))
}

#[cfg(test)]
mod tests {
    use serde::de::IntoDeserializer;
    use serde::de::value::Error;

    use super::*;

    fn counted<T: Count>(number: i64) -> Option<T> {
        count(IntoDeserializer::<Error>::into_deserializer(number)).ok()
    }

    #[test]
    fn what_is_no_count_is_out_of_every_range() {
        assert_eq!([2, 255, 256, -1].map(counted::<u8>), [2, 255, 255, 255].map(Some));
        assert_eq!([3, 1 << 40, -1].map(counted::<u32>), [3, u32::MAX, u32::MAX].map(Some));
        assert_eq!([0, 1 << 40, i64::MIN].map(counted::<usize>), [0, 1 << 40, usize::MAX].map(Some));
    }
}
