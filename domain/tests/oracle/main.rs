//! Budgets, burn rates, tiers and quantiles against an oracle that keeps every raw sample and every raw event, and works
//! everything out from them again, each time: counts equal to the last bit, quantiles within 1 %.

mod busy;
mod by_hand;
mod calendar;
mod golden;
mod golden_tiers;
mod history;
mod pantry;
mod placed;
mod play;
mod random;
mod raw;
mod reckon;
mod refused;
mod replayed;
mod ticker;
mod town;
mod windows;
