//! Points of a grid as the names of columns have them.

/// Decimals that tell points apart which are a `step` from each other, and two more.
pub fn decimals(step: f64) -> usize {
    (2.0 - step.log10().floor()).clamp(0.0, 40.0) as usize
}

/// A point to so many decimals, without zeros at the end.
pub fn spelled(point: f64, decimals: usize) -> String {
    let digits = format!("{point:.decimals$}");
    if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.').to_owned() } else { digits }
}
