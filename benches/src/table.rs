//! What is printed: a table for each part, and lines that say what goes on.

/// One figure, what stands beside it, and whether it is what it should be.
#[derive(Debug)]
pub(crate) struct Row([String; 6]);

impl Row {
    /// A figure without anything beside it.
    pub(crate) fn new(figure: impl Into<String>, ours: impl Into<String>) -> Self {
        Self([figure.into(), ours.into(), String::new(), String::new(), String::new(), String::new()])
    }

    /// The same with the limit or peer that was measured in the same run, and the ratio to it.
    pub(crate) fn beside(mut self, peer: impl Into<String>, ratio: f64) -> Self {
        self.0[2] = peer.into();
        self.0[3] = format!("{ratio:.2}");
        self
    }

    /// The same with what a peer took, where ours stands elsewhere.
    pub(crate) fn with_peer(mut self, peer: impl Into<String>) -> Self {
        self.0[2] = peer.into();
        self
    }

    /// The same with a goal, and whether it is reached.
    pub(crate) fn goal(mut self, goal: impl Into<String>, reached: bool) -> Self {
        self.0[4] = goal.into();
        self.0[5] = String::from(if reached { "yes" } else { "NO" });
        self
    }
}

/// The figures of one part.
#[derive(Debug)]
pub(crate) struct Table {
    title: String,
    rows: Vec<Row>,
}

impl Table {
    pub(crate) fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), rows: Vec::new() }
    }

    pub(crate) fn push(&mut self, row: Row) {
        self.rows.push(row);
    }

    /// Prints it on standard output.
    #[expect(clippy::print_stdout, reason = "the figures are what this program is for")]
    pub(crate) fn print(&self) {
        let head = Row(["figure", "ours", "limit or peer", "ratio", "goal", "reached"].map(str::to_owned));
        let rows: Vec<&Row> = std::iter::once(&head).chain(&self.rows).collect();
        let width = |column: usize| rows.iter().map(|row| row.0[column].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..head.0.len()).map(width).collect();
        println!("\n{}\n", self.title);
        for row in rows {
            let cells: Vec<String> =
                row.0.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}", width = *width)).collect();
            println!("  {}", cells.join("  ").trim_end());
        }
    }
}

/// Says on standard error what goes on.
#[expect(clippy::print_stderr, reason = "whoever waits wants to know what for")]
pub(crate) fn progress(text: &str) {
    eprintln!("    {text}");
}

/// The middle of `values`; of an even number, the upper of the two.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
