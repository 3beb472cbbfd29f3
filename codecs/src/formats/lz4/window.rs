//! The last plain bytes of a frame with linked blocks.

/// How far back a match can reach: into the blocks before its own where they are linked.
pub(super) const WINDOW: usize = 64 << 10;

/// The bytes that a match can reach, behind some that none can.
#[derive(Default)]
pub(super) struct Window(Vec<u8>);

impl Window {
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        if bytes.len() >= WINDOW {
            self.0.clear();
        } else if self.0.len() + bytes.len() > 2 * WINDOW {
            // Now and then, so that many small blocks do not move the window as many times.
            self.0.drain(..self.0.len() - WINDOW);
        }
        self.0
            .extend_from_slice(&bytes[bytes.len().saturating_sub(WINDOW)..]);
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0[self.0.len().saturating_sub(WINDOW)..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_last_bytes_of_blocks_of_any_size_and_stays_small() {
        let plain: Vec<u8> = (0..50 * WINDOW).map(|i| i.to_le_bytes()[i % 3]).collect();
        for block in [1000, 30_011, WINDOW - 1, WINDOW, 3 * WINDOW] {
            let mut window = Window::default();
            let mut end = 0;
            for block in plain.chunks(block) {
                window.push(block);
                end += block.len();
                let begin = end.saturating_sub(WINDOW);
                assert!(window.bytes() == &plain[begin..end], "{end} bytes, in blocks");
                assert!(window.0.len() <= 2 * WINDOW, "{} bytes kept", window.0.len());
            }
        }
    }
}
