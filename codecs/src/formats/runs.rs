//! Runs of blocks that say how long they are: as many of them as make a piece.

/// Plain bytes that the blocks of a piece may have together, unless it is a single one.
const PIECE: usize = 256 << 10;

/// What some bytes begin with.
pub(super) enum Next {
    /// A block of so many bytes, all in all, that may stand for so many plain ones.
    Block { len: usize, plain: usize },
    /// Something else.
    Other,
    /// More bytes are needed to tell.
    More,
}

/// What blocks some bytes begin with.
pub(super) enum Run {
    /// Whole blocks, enough for a piece: their bytes, and how many plain ones they may stand for.
    Piece { len: usize, plain: usize },
    /// None.
    Other,
    /// Too few of them to tell.
    More,
}

/// Finds out what blocks `coded` begins with; nothing follows it if `last`.
pub(super) fn run(coded: &[u8], last: bool, next: impl Fn(&[u8]) -> Next) -> Run {
    let (mut len, mut plain) = (0, 0_usize);
    loop {
        let whole = match next(&coded[len..]) {
            Next::Block {
                len: block,
                plain: more,
            } if block <= coded.len() - len => {
                if len > 0 && plain.saturating_add(more) > PIECE {
                    break;
                }
                len += block;
                plain = plain.saturating_add(more);
                true
            }
            Next::Other if len > 0 => break,
            Next::Other => return Run::Other,
            Next::Block { .. } | Next::More => false,
        };
        if !whole {
            if len > 0 && last {
                break;
            }
            return Run::More;
        }
    }
    Run::Piece { len, plain }
}
