"""`cargo xtask compare`: demijohn, its peers in Python and programs that compress, by turns, in one run, on the same data.

`table` says what is compared, `rows` what that can be, `data` on what. Every contender is a process of its own that
does as it is told (`contender` for the peers, with `programs` and `rewinding`; `benches/src/bin/contender.rs` for
demijohn), `children` talks to them, `measure` lets them take turns, `report` writes it down.
"""
