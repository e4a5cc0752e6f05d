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
    detail: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), rows: Vec::new(), detail: Vec::new() }
    }

    pub(crate) fn push(&mut self, row: Row) {
        self.rows.push(row);
    }

    /// Adds a line of what is printed above the figures: what they were made of. The first is a heading.
    pub(crate) fn detail(&mut self, line: Vec<String>) {
        self.detail.push(line);
    }

    /// Prints it on standard output.
    #[expect(clippy::print_stdout, reason = "the figures are what this program is for")]
    pub(crate) fn print(&self) {
        println!("\n{}\n", self.title);
        if !self.detail.is_empty() {
            println!("{}", aligned(&self.detail.iter().map(Vec::as_slice).collect::<Vec<_>>()));
        }
        let head = Row(["figure", "ours", "limit or peer", "ratio", "goal", "reached"].map(str::to_owned));
        let rows: Vec<&[String]> = std::iter::once(&head).chain(&self.rows).map(|row| row.0.as_slice()).collect();
        print!("{}", aligned(&rows));
    }
}

/// Lines in columns, as wide as they must be.
fn aligned(rows: &[&[String]]) -> String {
    let columns = rows.iter().map(|row| row.len()).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let line = |row: &&[String]| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}", width = *width));
        format!("  {}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    rows.iter().map(line).collect()
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
