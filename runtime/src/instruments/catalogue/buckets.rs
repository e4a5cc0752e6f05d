//! Upper bounds of histograms, each fit for what is measured.

/// Requests: from a page out of memory to one that is about to be given up.
pub(super) const REQUEST: [f64; 16] =
    [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// Operations of the store: from a read out of memory to a server that hardly answers.
pub(super) const STORE: [f64; 16] =
    [0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];

/// From an alert to its receiver: from one try to a receiver that was away for an hour.
pub(super) const DELIVERY: [f64; 16] =
    [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3_600.0];

/// Looks at components.
pub(super) const LOOK: [f64; 14] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// Ticks: to one that takes as long as the usual interval.
pub(super) const TICK: [f64; 13] = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0];

/// Bodies, in bytes: from 128, four times as much each, to the largest that is taken.
pub(super) const BODY: [f64; 11] = [
    128.0,
    512.0,
    2_048.0,
    8_192.0,
    32_768.0,
    131_072.0,
    524_288.0,
    2_097_152.0,
    8_388_608.0,
    33_554_432.0,
    52_428_800.0,
];
