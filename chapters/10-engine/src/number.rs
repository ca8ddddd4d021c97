// ANCHOR: head
//! Numbers as Python reckons with them: whole (`i128`) or real (`f64`), and the operators between them.
//!
//! Python's whole numbers have no end; here they end at 2^127, and a result beyond that is no result. `/` always gives a
//! real number, `//` rounds down, and `%` takes the divisor's sign.

use crate::calculator::{CalculatorError, Result};
// ANCHOR_END: head

// ANCHOR: value
/// A number as Python knows it: whole or real.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value {
    Whole(i128),
    Real(f64),
}

impl Value {
    fn real(self) -> f64 {
        match self {
            Value::Whole(n) => n as f64,
            Value::Real(x) => x,
        }
    }

    /// A real result that is infinite or undefined counts as none at all.
    pub(crate) fn finite(x: f64) -> Result<Value> {
        if x.is_finite() {
            Ok(Value::Real(x))
        } else {
            Err(CalculatorError::TooLarge)
        }
    }
}
// ANCHOR_END: value

// ANCHOR: display
impl std::fmt::Display for Value {
    /// The text that is put between `<|output_start|>` and `<|output_end|>`.
    ///
    /// A whole-valued real number is written without its `.0`: Python says that `80/8` is `10.0`, the training
    /// data says `10`, and a model that reads a form at run time that it never saw in training goes astray.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let x = match *self {
            Value::Whole(n) => return write!(f, "{n}"),
            Value::Real(x) => x,
        };
        // `{}` of an f64 is the shortest text that reads back as the same number, as Python's `repr` is; only the
        // borders beyond which an exponent is used must be drawn by hand.
        if x == 0.0 {
            write!(f, "0")
        } else if (1e-4..1e16).contains(&x.abs()) {
            write!(f, "{x}")
        } else {
            let text = format!("{x:e}");
            let (digits, exponent) = text.split_once('e').expect("{:e} writes an exponent");
            let exponent: i32 = exponent.parse().expect("{:e} writes a whole exponent");
            let sign = if exponent < 0 { '-' } else { '+' };
            write!(f, "{digits}e{sign}{:02}", exponent.abs())
        }
    }
}
// ANCHOR_END: display

// ANCHOR: operators
/// Whole with whole stays whole, anything else becomes real.
pub(crate) fn arithmetic(
    left: Value,
    right: Value,
    whole: fn(i128, i128) -> Option<i128>,
    real: fn(f64, f64) -> f64,
) -> Result<Value> {
    match (left, right) {
        (Value::Whole(a), Value::Whole(b)) => whole(a, b)
            .map(Value::Whole)
            .ok_or(CalculatorError::TooLarge),
        _ => Value::finite(real(left.real(), right.real())),
    }
}

/// `/`: real even where it comes out even.
pub(crate) fn divide(left: Value, right: Value) -> Result<Value> {
    if right.real() == 0.0 {
        return Err(CalculatorError::DivisionByZero);
    }
    Value::finite(left.real() / right.real())
}

/// `//` rounds towards minus infinity: -7//2 is -4, where Rust's `/` says -3.
pub(crate) fn floor_divide(left: Value, right: Value) -> Result<Value> {
    match (left, right) {
        (_, Value::Whole(0)) => Err(CalculatorError::DivisionByZero),
        (Value::Whole(a), Value::Whole(b)) => {
            let towards_zero = a.checked_div(b).ok_or(CalculatorError::TooLarge)?;
            let inexact = a % b != 0;
            let negative = (a < 0) != (b < 0);
            Ok(Value::Whole(towards_zero - i128::from(inexact && negative)))
        }
        _ if right.real() == 0.0 => Err(CalculatorError::DivisionByZero),
        // From the remainder, as Python does it: 6 / 0.1 rounds to 60, but 0.1 is a little more than a tenth, and goes only 59
        // times into 6.
        _ => {
            let rest = modulo(left, right)?.real();
            Value::finite(((left.real() - rest) / right.real()).round())
        }
    }
}

/// `%` belongs to `//`: a == (a//b)*b + a%b, so its sign is the divisor's.
pub(crate) fn modulo(left: Value, right: Value) -> Result<Value> {
    match (left, right) {
        (_, Value::Whole(0)) => Err(CalculatorError::DivisionByZero),
        (Value::Whole(a), Value::Whole(b)) => {
            let rest = a.checked_rem(b).ok_or(CalculatorError::TooLarge)?;
            let wrong_sign = rest != 0 && (rest < 0) != (b < 0);
            Ok(Value::Whole(if wrong_sign { rest + b } else { rest }))
        }
        _ if right.real() == 0.0 => Err(CalculatorError::DivisionByZero),
        _ => {
            let (a, b) = (left.real(), right.real());
            let rest = a % b;
            let wrong_sign = rest != 0.0 && (rest < 0.0) != (b < 0.0);
            Value::finite(if wrong_sign { rest + b } else { rest })
        }
    }
}

/// `**`: the one operator whose result can be far longer than its text; `checked_pow` stops at 127 bits.
pub(crate) fn raise(base: Value, exponent: Value) -> Result<Value> {
    match (base, exponent) {
        (Value::Whole(b), Value::Whole(e)) if e >= 0 => match b {
            0 | 1 => Ok(Value::Whole(if e == 0 { 1 } else { b })),
            -1 => Ok(Value::Whole(if e % 2 == 0 { 1 } else { -1 })),
            _ => u32::try_from(e)
                .ok()
                .and_then(|e| b.checked_pow(e))
                .map(Value::Whole)
                .ok_or(CalculatorError::TooLarge),
        },
        _ if base.real() == 0.0 && exponent.real() < 0.0 => Err(CalculatorError::DivisionByZero),
        // A negative base with a broken exponent is complex in Python; here it is refused as not finite.
        _ => Value::finite(base.real().powf(exponent.real())),
    }
}
// ANCHOR_END: operators
