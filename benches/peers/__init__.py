"""`cargo xtask compare`: demijohn against joblib, pickle and numpy, by turns, in one run, on the same data.

`rows` says what is compared, `data` on what. Every contender is a process of its own that does as it is told
(`contender` for the peers, `benches/src/bin/contender.rs` for demijohn), `children` talks to them, `measure` lets them
take turns, `report` writes it down.
"""
