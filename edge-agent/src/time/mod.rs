//! Time: the machine's clocks, and what the agent believes of them.

pub mod clock;
pub mod guard;
pub mod guarded_clock;
