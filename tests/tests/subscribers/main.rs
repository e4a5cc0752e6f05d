//! Subscribers of a page, from the form to the last mail: nobody hears of anything unasked, whoever confirmed hears of
//! everything in order, and whoever leaves hears of nothing any more.

mod channels;
mod mail;
mod refusals;
mod silence;
mod stops;
