//! With what an objective compares the values of its indicator.

use plimsoll_domain::invalid::Faults;

use crate::read::indicator::Indicator;
use crate::read::node::{Fields, note};

/// `op` and `value` of an objective.
#[derive(Debug)]
pub(super) struct Compared {
    pub(super) op: Op,
    pub(super) value: f64,
    /// Where the value stands.
    pub(super) pointer: String,
}

/// Good is what is so to the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Op {
    Lte,
    Lt,
    Gte,
    Gt,
}

impl Op {
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "lte" => Ok(Self::Lte),
            "lt" => Ok(Self::Lt),
            "gte" => Ok(Self::Gte),
            "gt" => Ok(Self::Gt),
            _ => Err(format!("expected lte, lt, gte or gt, got {text:?}")),
        }
    }

    pub(super) const fn in_promql(self) -> &'static str {
        match self {
            Self::Lte => "<=",
            Self::Lt => "<",
            Self::Gte => ">=",
            Self::Gt => ">",
        }
    }
}

impl Compared {
    /// Reads `op` and `value`, which stand there exactly when the indicator is compared.
    pub(super) fn read(objective: &Fields<'_>, indicator: &Indicator, faults: &mut Faults) -> Option<Self> {
        if !indicator.is_compared() {
            objective.refuse(&["op", "value"], "expected none: a ratio is compared with the target only", faults);
            return None;
        }
        let op = objective.required("op", "lte or lt", faults);
        let op = op.and_then(|node| node.parse(Op::parse, faults).map(|op| (op, node.pointer)));
        let value = objective.required("value", "a number", faults);
        let value = value.and_then(|node| node.number(faults).map(|value| (value, node.pointer)));
        let ((op, op_pointer), (value, pointer)) = (op?, value?);
        if matches!(indicator, Indicator::Threshold) && matches!(op, Op::Gte | Op::Gt) {
            note(faults, &op_pointer, "expected lte or lt: a latency is good at or under its threshold");
            return None;
        }
        Some(Self { op, value, pointer })
    }
}
