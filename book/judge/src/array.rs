//! Numbers in a shape: what a tensor holds, without the library that computed it.
//!
//! Chapters with tensors turn them into this to be shown and compared, so that what judges needs no libtorch.

use std::fmt::{self, Debug, Formatter};

/// Numbers in row-major order, and their shape.
#[derive(Clone, PartialEq)]
pub struct Array {
    pub shape: Vec<i64>,
    pub values: Vec<f64>,
}

/// Larger ones are described by their shape: nobody reads a hundred numbers.
const SHOWN_NUMBERS: usize = 24;

/// Shown in full: numbers with this many digits.
const DIGITS: i32 = 4;

impl Array {
    /// # Panics
    /// When the shape holds another number of values.
    pub fn new(shape: &[i64], values: Vec<f64>) -> Self {
        let holds: i64 = shape.iter().product();
        assert_eq!(holds, values.len() as i64, "as many numbers as the shape");
        Array {
            shape: shape.to_vec(),
            values,
        }
    }

    /// The largest finite magnitude, which is what a difference is measured against.
    fn scale(&self) -> f64 {
        let finite = self.values.iter().filter(|x| x.is_finite());
        finite.fold(0.0, |scale, x| x.abs().max(scale))
    }

    /// What is expected and what came instead, in words; `None` if every number is within `tolerance` times the largest
    /// expected magnitude. So an answer of zeros is never near to anything but zeros.
    pub(crate) fn differs(&self, yours: &Array, tolerance: f64) -> Option<(String, String)> {
        if self.shape != yours.shape {
            let shaped = |array: &Array| format!("the shape {}", shape(&array.shape));
            return Some((shaped(self), shaped(yours)));
        }
        let limit = tolerance * self.scale();
        let is_near = |at: &usize| {
            let (expected, yours) = (self.values[*at], yours.values[*at]);
            // A NaN is near to nothing, and an infinity to itself.
            (expected - yours).abs() <= limit || expected == yours
        };
        let off: Vec<usize> = (0..self.values.len()).filter(|at| !is_near(at)).collect();
        let first = *off.first()?;
        if self.values.len() <= SHOWN_NUMBERS {
            let (expected, shown) = (format!("{self:?}"), format!("{yours:?}"));
            // What differs behind the digits that are shown has to be said, or nobody can learn from it.
            let remark = match expected == shown {
                true => self.too_little_to_see(yours, limit),
                false => String::new(),
            };
            return Some((expected, shown + &remark));
        }
        let (place, all) = (self.place(first), self.values.len());
        Some((
            format!("{} at {place}", number(self.values[first])),
            format!(
                "{} there; {} of {all} numbers are off",
                number(yours.values[first]),
                off.len()
            ),
        ))
    }

    fn too_little_to_see(&self, yours: &Array, limit: f64) -> String {
        let pairs = self.values.iter().zip(&yours.values);
        let most = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        format!(
            ": off by up to {}, where {} is allowed. Was a step computed in fp32?",
            number(most),
            number(limit)
        )
    }

    /// The indices of a number, `[0, 2, 1]`.
    fn place(&self, mut at: usize) -> String {
        let mut indices: Vec<usize> = Vec::new();
        for &size in self.shape.iter().rev() {
            indices.insert(0, at % size as usize);
            at /= size as usize;
        }
        format!("{indices:?}")
    }
}

/// `(2, 3)`, as shapes are written in comments.
fn shape(sizes: &[i64]) -> String {
    let sizes: Vec<String> = sizes.iter().map(i64::to_string).collect();
    match sizes.as_slice() {
        [one] => format!("({one},)"),
        sizes => format!("({})", sizes.join(", ")),
    }
}

/// What is this much smaller than the largest number is what rounding left of a zero.
const DUST: f64 = 1e-6;

/// A few digits, and no zeros behind them.
fn number(x: f64) -> String {
    if !x.is_finite() || x == 0.0 {
        return format!("{}", if x == 0.0 { 0.0 } else { x });
    }
    let magnitude = x.abs().log10().floor() as i32;
    if !(-4..=6).contains(&magnitude) {
        return format!("{x:.*e}", DIGITS as usize - 1);
    }
    let text = format!("{x:.*}", (DIGITS - 1 - magnitude).max(0) as usize);
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_string(),
        false => text,
    }
}

impl Debug for Array {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.values.len() > SHOWN_NUMBERS {
            return write!(f, "{} numbers", shape(&self.shape));
        }
        let dust = DUST * self.scale();
        let clean = |&x: &f64| if x.abs() < dust { 0.0 } else { x };
        let values: Vec<f64> = self.values.iter().map(clean).collect();
        if self.shape.is_empty() {
            return write!(f, "{}", nested(&self.shape, &values));
        }
        write!(f, "{} {}", shape(&self.shape), nested(&self.shape, &values))
    }
}

/// `[[1, 2], [3, 4]]`.
fn nested(shape: &[i64], values: &[f64]) -> String {
    let parts: Vec<String> = match shape {
        [] => return values.first().map(|&x| number(x)).unwrap_or_default(),
        [_] => values.iter().map(|&x| number(x)).collect(),
        [_, inner @ ..] => {
            let each = inner.iter().product::<i64>().max(1) as usize;
            values
                .chunks(each)
                .map(|part| nested(inner, part))
                .collect()
        }
    };
    format!("[{}]", parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(values: &[f64]) -> Array {
        Array::new(&[values.len() as i64], values.to_vec())
    }

    #[test]
    fn small_ones_are_shown_whole_with_few_digits() {
        let array = Array::new(&[2, 2], vec![1.0, -0.5, 1.0 / 3.0, 12345.678]);
        assert_eq!(format!("{array:?}"), "(2, 2) [[1, -0.5], [0.3333, 12346]]");
        let extremes = row(&[0.0, -0.0, 1e-9, f64::NAN, f64::INFINITY]);
        assert_eq!(format!("{extremes:?}"), "(5,) [0, 0, 1.000e-9, NaN, inf]");
        let dusty = row(&[2.0, 1e-7, -1e-9, 1e-3]);
        assert_eq!(format!("{dusty:?}"), "(4,) [2, 0, 0, 0.001]");
        assert_eq!(format!("{:?}", Array::new(&[], vec![0.25])), "0.25");
        assert_eq!(format!("{:?}", row(&[0.0; 25])), "(25,) numbers");
    }

    #[test]
    fn a_difference_is_measured_against_the_largest_number() {
        let expected = row(&[1000.0, 1.0]);
        assert_eq!(expected.differs(&row(&[1000.5, 0.5]), 1e-3), None);
        assert!(expected.differs(&row(&[1000.0, 3.0]), 1e-3).is_some());
        for wrong in [0.0, f64::NAN, f64::INFINITY] {
            assert!(
                expected.differs(&row(&[wrong; 2]), 1e-3).is_some(),
                "{wrong}"
            );
        }
        // Infinities are compared as they are.
        let infinite = row(&[f64::NEG_INFINITY, 1.0]);
        assert!(infinite.differs(&row(&[0.0, 1.0]), 1e-3).is_some());
    }

    #[test]
    fn zeros_are_near_to_nothing_but_zeros_however_small_the_numbers_are() {
        assert!(
            row(&[1e-12, 0.0])
                .differs(&row(&[0.0, 0.0]), 1e-3)
                .is_some()
        );
        assert_eq!(row(&[0.0, 0.0]).differs(&row(&[0.0, -0.0]), 1e-3), None);
    }

    #[test]
    fn what_differs_behind_the_shown_digits_is_said_in_words() {
        let (expected, yours) = row(&[0.5, 1.0])
            .differs(&row(&[0.5, 1.0 + 3e-8]), 1e-12)
            .unwrap();
        assert_eq!(expected, "(2,) [0.5, 1]");
        assert_eq!(
            yours,
            "(2,) [0.5, 1]: off by up to 3.000e-8, where 1.000e-12 is allowed. Was a step computed in fp32?"
        );
    }

    #[test]
    fn other_shapes_are_named_and_nothing_else() {
        let (expected, yours) = Array::new(&[1, 2], vec![1.0, 2.0])
            .differs(&row(&[1.0, 2.0]), 1e-3)
            .unwrap();
        assert_eq!(
            (expected.as_str(), yours.as_str()),
            ("the shape (1, 2)", "the shape (2,)")
        );
    }

    #[test]
    fn of_large_ones_the_first_place_is_shown_and_how_many_are_off() {
        let expected = Array::new(&[5, 6], (0..30).map(f64::from).collect());
        let mut yours = expected.clone();
        yours.values[8] = -1.0;
        yours.values[29] = 0.0;
        let (expected, yours) = expected.differs(&yours, 1e-3).unwrap();
        assert_eq!(expected, "8 at [1, 2]");
        assert_eq!(yours, "-1 there; 2 of 30 numbers are off");
    }
}
