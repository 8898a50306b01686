//! Reads the text files beside this one: reference numbers of many digits, as plain text. What they mean:
//! `tests/golden/README.md`.

use std::collections::BTreeMap;

/// A block of numbers, first axis slowest.
#[derive(Debug, Clone, PartialEq)]
pub struct GoldenTable {
    /// Lengths of the axes.
    pub shape: Vec<usize>,
    /// All numbers.
    pub data: Vec<f64>,
}

impl GoldenTable {
    /// One row: the numbers along the last axis.
    pub fn row(&self, index: usize) -> &[f64] {
        let width = self.shape[self.shape.len() - 1];
        &self.data[index * width..(index + 1) * width]
    }
}

/// Every table, by name.
///
/// # Panics
/// If a file is damaged.
pub fn tables() -> BTreeMap<String, GoldenTable> {
    let mut tables = BTreeMap::new();
    let mut last: Option<(String, GoldenTable)> = None;
    let files = [include_str!("tables.txt"), include_str!("radial_integrals.txt")];
    for line in files.into_iter().flat_map(str::lines).filter(|line| !line.starts_with('#')) {
        if let Some(head) = line.strip_prefix("array ") {
            tables.extend(last.take());
            let mut words = head.split(' ');
            let name = words.next().expect("a name").to_owned();
            let shape = words.map(|word| word.parse().expect("a length")).collect();
            last = Some((name, GoldenTable { shape, data: Vec::new() }));
        } else {
            let (_, table) = last.as_mut().expect("numbers follow a name");
            table.data.extend(line.split(' ').map(|word| word.parse::<f64>().expect("a number")));
        }
    }
    tables.extend(last);
    for (name, table) in &tables {
        assert_eq!(table.data.len(), table.shape.iter().product::<usize>(), "table {name} is not whole");
    }
    tables
}
