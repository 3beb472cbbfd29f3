//! The versions of the language that pickles are written in.

/// The pickle protocol to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[non_exhaustive]
pub enum Protocol {
    /// Text, for every Python. For those who drive an [`Emitter`](crate::Emitter): whole values are not written in it.
    V0,
    /// The same with binary numbers and texts; for every Python too, and as far as `V0` is.
    V1,
    /// Read by Python 2.3 and later. `bytes`, `bytearray` and sets are written as calls.
    V2,
    /// Read by Python 3.0 and later.
    V3,
    /// Read by Python 3.4 and later; what Python 3.8 to 3.13 write by default.
    #[default]
    V4,
    /// Read by Python 3.8 and later; what Python 3.14 writes by default. Differs in `bytearray` and arrays.
    V5,
}

impl Protocol {
    /// Those in which [`save::write`](crate::save::write) writes.
    pub const ALL: [Self; 4] = [Self::V2, Self::V3, Self::V4, Self::V5];

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::V0 => 0,
            Self::V1 => 1,
            Self::V2 => 2,
            Self::V3 => 3,
            Self::V4 => 4,
            Self::V5 => 5,
        }
    }

    /// The protocol of this number, if there is one.
    #[must_use]
    pub fn from_number(n: u8) -> Option<Self> {
        let all = [Self::V0, Self::V1].into_iter().chain(Self::ALL);
        all.into_iter().find(|protocol| protocol.number() == n)
    }
}

#[cfg(test)]
mod tests {
    use super::Protocol;

    #[test]
    fn numbers_lead_back_to_their_protocols() {
        for n in 0..=5 {
            assert_eq!(Protocol::from_number(n).map(Protocol::number), Some(n));
        }
        assert_eq!(Protocol::from_number(6), None);
    }
}
