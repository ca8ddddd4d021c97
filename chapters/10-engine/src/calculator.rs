// ANCHOR: head
//! The calculator: the one tool that the model can call.
//!
//! A model that writes `<|python_start|>12*7<|python_end|>` asks for the value of a *Python expression*. Handing
//! what a model wrote to a Python interpreter is how sandboxes are lost, and here it would buy nothing: the training
//! data calls for sums and for counting letters. So this file understands exactly that and nothing else.
//!
//! ```text
//! expression = term   { ("+" | "-") term }
//! term       = signed { ("*" | "/" | "//" | "%") signed }
//! signed     = ("+" | "-") signed | power
//! power      = atom [ "**" signed ]                          binds tighter on its left: -2**2 is -4
//! atom       = number | "(" expression ")" | string ".count(" string ")"
//! ```
//!
//! Each rule is one method below, in the same order: a *recursive-descent parser*, which computes values on the way
//! and never builds a tree. What the operators mean stands in `number`.
//!
//! Whatever the text, the answer comes in microseconds: length, nesting and the size of results are bounded.

use crate::number::{Value, arithmetic, divide, floor_divide, modulo, raise};
use thiserror::Error;

/// Longer expressions are refused: no sum of the training data comes near it.
pub const MAX_CHARACTERS: usize = 256;

/// Parentheses and signs may nest this deep. The parser recurses once per level, so this is what bounds its stack.
pub const MAX_NESTING: usize = 32;

/// Why an expression has no value. The model never sees it (no result is forced into its answer); a human who
/// debugs a tool call does.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CalculatorError {
    #[error("the expression has {0} characters; write at most {MAX_CHARACTERS}")]
    TooLong(usize),
    #[error("more than {MAX_NESTING} nested parentheses or signs; simplify the expression")]
    TooDeep,
    #[error("the expression ends where {expected} was expected")]
    End { expected: &'static str },
    #[error("`{found}` at character {at} cannot stand there; expected {expected}")]
    Unexpected {
        found: char,
        at: usize,
        expected: &'static str,
    },
    #[error(
        "`{0}` is not a number that Python would read; drop leading zeros and misplaced commas"
    )]
    Number(String),
    #[error("division by zero")]
    DivisionByZero,
    #[error("the result does not fit: whole numbers end at 2^127, real ones at about 1.8e308")]
    TooLarge,
}

pub(crate) type Result<T> = std::result::Result<T, CalculatorError>;
// ANCHOR_END: head

// ANCHOR: evaluate
/// The value of an expression, or why it has none.
pub fn evaluate(expression: &str) -> Result<Value> {
    let characters: Vec<char> = expression.chars().take(MAX_CHARACTERS + 1).collect();
    if characters.len() > MAX_CHARACTERS {
        return Err(CalculatorError::TooLong(expression.chars().count()));
    }
    let mut parser = Parser {
        characters,
        at: 0,
        depth: 0,
    };
    let value = parser.expression()?;
    match parser.peek() {
        None => Ok(value),
        Some(_) => Err(parser.unexpected("an operator or the end")),
    }
}
// ANCHOR_END: evaluate

// ANCHOR: reading
/// The text, how far it has been read, and how deep the rules have called each other.
struct Parser {
    characters: Vec<char>,
    at: usize,
    depth: usize,
}

impl Parser {
    /// The next character that is not a space. Spaces are the only white space: a call is one line.
    fn peek(&mut self) -> Option<char> {
        while self.characters.get(self.at) == Some(&' ') {
            self.at += 1;
        }
        self.characters.get(self.at).copied()
    }

    /// Steps over `symbol` if it comes next, and says whether it did.
    fn accept(&mut self, symbol: &str) -> bool {
        self.peek();
        let end = self.at + symbol.len(); // every symbol is ASCII: bytes are characters
        let found = self.characters.get(self.at..end);
        let matches = found.is_some_and(|found| found.iter().copied().eq(symbol.chars()));
        if matches {
            self.at = end;
        }
        matches
    }

    fn unexpected(&mut self, expected: &'static str) -> CalculatorError {
        match self.peek() {
            None => CalculatorError::End { expected },
            Some(found) => CalculatorError::Unexpected {
                found,
                at: self.at + 1,
                expected,
            },
        }
    }

    fn require(&mut self, symbol: &'static str) -> Result<()> {
        if self.accept(symbol) {
            Ok(())
        } else {
            Err(self.unexpected(symbol))
        }
    }

    /// Runs a rule one level deeper.
    fn nested(&mut self, rule: impl FnOnce(&mut Self) -> Result<Value>) -> Result<Value> {
        if self.depth == MAX_NESTING {
            return Err(CalculatorError::TooDeep);
        }
        self.depth += 1;
        let value = rule(self);
        self.depth -= 1;
        value
    }
    // ANCHOR_END: reading

    // ANCHOR: rules
    fn expression(&mut self) -> Result<Value> {
        let mut left = self.term()?;
        loop {
            left = if self.accept("+") {
                let right = self.term()?;
                arithmetic(left, right, i128::checked_add, |a, b| a + b)?
            } else if self.accept("-") {
                let right = self.term()?;
                arithmetic(left, right, i128::checked_sub, |a, b| a - b)?
            } else {
                return Ok(left);
            };
        }
    }

    fn term(&mut self) -> Result<Value> {
        let mut left = self.signed()?;
        loop {
            // The longer symbol first, or `//` would be read as two divisions. A `**` cannot come here: it has
            // been taken by `power`.
            left = if self.accept("*") {
                let right = self.signed()?;
                arithmetic(left, right, i128::checked_mul, |a, b| a * b)?
            } else if self.accept("//") {
                let right = self.signed()?;
                floor_divide(left, right)?
            } else if self.accept("/") {
                let right = self.signed()?;
                divide(left, right)?
            } else if self.accept("%") {
                let right = self.signed()?;
                modulo(left, right)?
            } else {
                return Ok(left);
            };
        }
    }

    fn signed(&mut self) -> Result<Value> {
        if self.accept("+") {
            self.nested(Self::signed)
        } else if self.accept("-") {
            match self.nested(Self::signed)? {
                Value::Whole(n) => n
                    .checked_neg()
                    .map(Value::Whole)
                    .ok_or(CalculatorError::TooLarge),
                Value::Real(x) => Ok(Value::Real(-x)),
            }
        } else {
            self.power()
        }
    }

    fn power(&mut self) -> Result<Value> {
        let base = self.atom()?;
        if self.accept("**") {
            let exponent = self.nested(Self::signed)?;
            raise(base, exponent)
        } else {
            Ok(base)
        }
    }

    fn atom(&mut self) -> Result<Value> {
        match self.peek() {
            Some('(') => {
                self.at += 1;
                let value = self.nested(Self::expression)?;
                self.require(")")?;
                Ok(value)
            }
            Some('\'' | '"') => self.count(),
            Some('0'..='9' | '.') => self.number(),
            _ => Err(self.unexpected("a number, a parenthesis or a quoted text")),
        }
    }
    // ANCHOR_END: rules

    // ANCHOR: number
    /// `12`, `1.5`, `.5`, `5.`, and `1,000,000`: word problems write thousands with commas, so the calls that
    /// were made from them do too. A comma counts only between a digit and a group of three.
    fn number(&mut self) -> Result<Value> {
        let start = self.at;
        let mut text = String::new();
        while let Some(&c) = self.characters.get(self.at) {
            match c {
                '0'..='9' | '.' => text.push(c),
                ',' => {}
                _ => break,
            }
            self.at += 1;
        }
        let written: String = self.characters[start..self.at].iter().collect();
        let refused = || CalculatorError::Number(written.clone());
        let (whole, _) = written.split_once('.').unwrap_or((&written, ""));
        let mut groups = whole.split(',');
        let first = groups.next().unwrap_or("");
        let grouped = written.contains(',');
        let sound = written.matches(',').count() == whole.matches(',').count()
            && (!grouped || (1..=3).contains(&first.len()))
            && groups.all(|group| group.len() == 3);
        if !sound {
            return Err(refused());
        }
        if text.contains('.') {
            let x: f64 = text.parse().map_err(|_| refused())?; // refuses `.` and `1.2.3`
            return Value::finite(x);
        }
        // Python reserves leading zeros for other bases and refuses them, except in zero itself.
        if text.len() > 1 && text.starts_with('0') && text.contains(|digit| digit != '0') {
            return Err(refused());
        }
        let n = text.parse().map_err(|_| CalculatorError::TooLarge)?;
        Ok(Value::Whole(n))
    }
    // ANCHOR_END: number

    // ANCHOR: count
    /// `'strawberry'.count('r')`: how often one text occurs in another, without overlap. This is how the model
    /// counts letters that its tokens hide from it.
    fn count(&mut self) -> Result<Value> {
        let text = self.string()?;
        self.require(".count")?;
        self.require("(")?;
        let wanted = self.string()?;
        self.require(")")?;
        Ok(Value::Whole(text.matches(&wanted).count() as i128))
    }

    /// A quoted text, without escapes: a backslash would need rules that no call in the data uses. Texts that
    /// follow each other are one text, as in Python.
    fn string(&mut self) -> Result<String> {
        let mut text = String::new();
        let mut pieces = 0;
        while let Some(quote @ ('\'' | '"')) = self.peek() {
            self.at += 1;
            loop {
                match self.characters.get(self.at) {
                    None => return Err(self.unexpected("the closing quote")),
                    Some('\\' | '\n') => return Err(self.unexpected("a text without escapes")),
                    Some(&c) => {
                        self.at += 1;
                        if c == quote {
                            break;
                        }
                        text.push(c);
                    }
                }
            }
            pieces += 1;
        }
        if pieces == 0 {
            return Err(self.unexpected("a quoted text"));
        }
        Ok(text)
    }
}
// ANCHOR_END: count
