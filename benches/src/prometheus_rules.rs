//! The peer of burn evaluation by itself: what Prometheus takes for rising numbers of objectives.

use crate::prometheus::{PrometheusFigures, RULES, measure};
use crate::table::{Row, Table};

/// Measures one number of objectives after the other.
pub(crate) async fn table(numbers: &[u32]) -> anyhow::Result<Table> {
    let mut table = Table::new(format!(
        "Prometheus evaluating {RULES} rules for each objective of 30 days; without what it takes when it has no rules"
    ));
    for slos in numbers {
        for row in rows(*slos, measure(*slos).await?) {
            table.push(row);
        }
    }
    Ok(table)
}

fn rows(slos: u32, figures: PrometheusFigures) -> [Row; 4] {
    let of = |figure: &str| format!("{figure}, {slos} objectives");
    [
        Row::new(of("processor of an evaluation"), format!("{:.3} s", figures.cpu_seconds_per_cycle)),
        Row::new(of("an evaluation, its groups added up"), format!("{:.3} s", figures.evaluation_seconds)),
        Row::new(of("memory"), format!("{:.0} MiB", figures.resident_mib)),
        Row::new(of("fed"), figures.fed),
    ]
}
