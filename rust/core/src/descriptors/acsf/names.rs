//! Names of columns: `G2 H eta=0.5 R_s=1`, `G4 H O eta=0.01 zeta=2 lambda=-1`.

use std::collections::{HashMap, HashSet};

use super::function::{Angular, Function, Kind, Radial};
use super::parameters::AcsfParameters;

/// One name a column: with short numbers if these tell the columns apart as well as all digits do.
pub fn names(parameters: &AcsfParameters, symbols: &[String]) -> Vec<String> {
    let with = |digits: fn(f64) -> String| -> Vec<String> {
        parameters.functions.iter().map(|function| name(function, parameters, symbols, digits)).collect()
    };
    let (short, full) = (with(six_digits), with(all_digits));
    let n_distinct = |names: &[String]| names.iter().collect::<HashSet<_>>().len();
    let names = if n_distinct(&short) == n_distinct(&full) { short } else { full };
    let mut seen: HashMap<String, usize> = HashMap::new();
    let unique = |name: String| {
        let before = seen.entry(name.clone()).or_default();
        *before += 1;
        if *before == 1 { name } else { format!("{name} again {}", *before - 1) }
    };
    names.into_iter().map(unique).collect()
}

fn name(function: &Function, parameters: &AcsfParameters, symbols: &[String], digits: fn(f64) -> String) -> String {
    let all = if parameters.is_weighted() { "weighted" } else { "any" };
    let symbol = |channel: u8| symbols[usize::from(channel)].as_str();
    let mut words = Vec::new();
    let mut number = |word: &str, value: f64| words.push(format!("{word}={}", digits(value)));
    let (kind, elements) = match function.kind {
        Kind::Radial(shape, of) => {
            let kind = match shape {
                Radial::Cutoff => "G1",
                Radial::Gaussian { eta, shift } => {
                    number("eta", eta);
                    number("R_s", shift);
                    "G2"
                }
                Radial::Cosine { kappa } => {
                    number("kappa", kappa);
                    "G3"
                }
            };
            (kind, of.map(symbol).into_iter().collect())
        }
        Kind::Angular(Angular { eta, zeta, lambda, shift, wide }, of) => {
            number("eta", eta);
            number("zeta", zeta);
            number("lambda", lambda);
            if shift != 0.0 {
                number("R_s", shift);
            }
            (if wide { "G5" } else { "G4" }, of.map_or(vec![], |(a, b)| vec![symbol(a), symbol(b)]))
        }
    };
    if parameters.functions.first().is_some_and(|first| first.r_cut != function.r_cut) {
        number("r_cut", function.r_cut);
    }
    let elements = if elements.is_empty() { all.to_owned() } else { elements.join(" ") };
    [kind.to_owned(), elements].into_iter().chain(words).collect::<Vec<_>>().join(" ")
}

/// A number to six digits, as short as can be: `0.5`, `1e-05`, `1.5e+10`.
fn six_digits(number: f64) -> String {
    let (mantissa, exponent) = parts(&format!("{number:.5e}"));
    if (-4..6).contains(&exponent) {
        let n_decimals = usize::try_from(5 - exponent).unwrap_or(0);
        return trimmed(&format!("{number:.n_decimals$}")).to_owned();
    }
    format!("{}e{exponent:+03}", trimmed(&mantissa))
}

/// The shortest digits that stand for this number alone.
fn all_digits(number: f64) -> String {
    let (mantissa, exponent) = parts(&format!("{number:e}"));
    if (-4..16).contains(&exponent) { number.to_string() } else { format!("{mantissa}e{exponent:+03}") }
}

/// Mantissa and exponent of a number in scientific notation.
fn parts(scientific: &str) -> (String, i32) {
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((scientific, "0"));
    (mantissa.to_owned(), exponent.parse().unwrap_or(0))
}

/// Digits without the zeros that end a fraction.
fn trimmed(digits: &str) -> &str {
    if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { digits }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_exponents_have_a_sign_and_two_digits() {
        let numbers =
            [0.0, 0.5, -1.0, 2.0, 1.0 / 3.0, 1e-4, 1e-5, 999_999.5, 123_456.5, 1.5e10, 1e16, 1e100, 1e-7 / 3.0];
        let six = numbers.map(six_digits);
        let expected = [
            "0",
            "0.5",
            "-1",
            "2",
            "0.333333",
            "0.0001",
            "1e-05",
            "1e+06",
            "123456",
            "1.5e+10",
            "1e+16",
            "1e+100",
            "3.33333e-08",
        ];
        assert_eq!(six, expected);
        let all = numbers.map(all_digits);
        let expected = [
            "0",
            "0.5",
            "-1",
            "2",
            "0.3333333333333333",
            "0.0001",
            "1e-05",
            "999999.5",
            "123456.5",
            "15000000000",
            "1e+16",
            "1e+100",
            "3.3333333333333334e-08",
        ];
        assert_eq!(all, expected);
    }
}
