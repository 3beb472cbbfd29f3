//! How much a reader may use. One struct; the engine's fill routine is its one enforcement point.

/// Bounds on what decoding a stream may cost.
///
/// * `memory` is handed to each decoder, which refuses streams that need a larger window, dictionary or block.
///   It is a bound on the backend's own state, best effort: small fixed tables are not counted.
/// * `output` and `ratio` are exact and hold while reading, skipping, seeking and dropping alike, because
///   they are enforced where bytes come out of the decoder: an error is raised before the first byte past
///   the limit is delivered.
///
/// The default costs honest users nothing: 256 MiB of decoder memory (a zstd window of 2^27, any preset of xz)
/// and no bound on output.
///
/// ```
/// use demijohn_codecs::Limits;
/// let limits = Limits::untrusted().output(1 << 30);
/// assert_eq!(limits.max_ratio(), Some(1_000));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    memory: Option<u64>,
    output: Option<u64>,
    ratio: Option<u64>,
}

impl Limits {
    /// Decoder memory allowed by default, in bytes: 256 MiB.
    pub const DEFAULT_MEMORY: u64 = 256 << 20;
    /// Output below this many bytes (64 MiB) is never refused for its ratio: small honest files compress well.
    pub const RATIO_FLOOR: u64 = 64 << 20;

    /// No bounds at all, not even on the decoder's memory.
    #[must_use]
    pub fn none() -> Self {
        Limits {
            memory: None,
            output: None,
            ratio: None,
        }
    }

    /// For input of unknown origin: the default memory bound, and at most 1,000 bytes out for each byte in
    /// once [`RATIO_FLOOR`](Self::RATIO_FLOOR) is passed.
    #[must_use]
    pub fn untrusted() -> Self {
        Limits::default().ratio(1_000)
    }

    /// Bounds the decoder's own memory, in bytes.
    #[must_use]
    pub fn memory(mut self, bytes: u64) -> Self {
        self.memory = Some(bytes);
        self
    }

    /// Bounds the decoded size, in bytes.
    #[must_use]
    pub fn output(mut self, bytes: u64) -> Self {
        self.output = Some(bytes);
        self
    }

    /// Bounds decoded bytes per compressed byte, past [`RATIO_FLOOR`](Self::RATIO_FLOOR).
    #[must_use]
    pub fn ratio(mut self, ratio: u64) -> Self {
        self.ratio = Some(ratio);
        self
    }

    /// The bound on decoder memory in bytes, if there is one.
    #[must_use]
    pub fn max_memory(&self) -> Option<u64> {
        self.memory
    }

    /// The bound on the decoded size in bytes, if there is one.
    #[must_use]
    pub fn max_output(&self) -> Option<u64> {
        self.output
    }

    /// The bound on the ratio, if there is one.
    #[must_use]
    pub fn max_ratio(&self) -> Option<u64> {
        self.ratio
    }

    /// How many bytes may have come out once `consumed` bytes have gone in.
    pub(crate) fn allowance(&self, consumed: u64) -> u64 {
        let by_ratio = self.ratio.map_or(u64::MAX, |ratio| {
            consumed.saturating_mul(ratio).max(Self::RATIO_FLOOR)
        });
        by_ratio.min(self.output.unwrap_or(u64::MAX))
    }
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            memory: Some(Self::DEFAULT_MEMORY),
            output: None,
            ratio: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratio_counts_only_past_the_floor() {
        let limits = Limits::none().ratio(10);
        assert_eq!(limits.allowance(1), Limits::RATIO_FLOOR);
        assert_eq!(limits.allowance(Limits::RATIO_FLOOR), 10 * Limits::RATIO_FLOOR);
    }

    #[test]
    fn the_tighter_bound_wins() {
        assert_eq!(Limits::none().ratio(10).output(5).allowance(1 << 40), 5);
        assert_eq!(Limits::none().allowance(0), u64::MAX);
    }
}
