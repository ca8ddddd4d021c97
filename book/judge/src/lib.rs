//! Judges answers to the course's exercises.
//!
//! The words, in the order in which they build on each other:
//!
//! - An *implementation* is a table of functions, one field for each function that an exercise asks for: the learner's,
//!   the reference, one planted wrong answer. All of them have the same type, so the tests are compiled once and are
//!   given an implementation while they run.
//! - A [`Case`] is one input, with the names under which it is shown.
//! - An [`Array`] is what a tensor holds, to be shown and compared.
//! - A [`Property`] is a sentence that must be true of an implementation, and the check that tries to refute it.
//! - An [`Exercise`] is a list of properties, bound to one implementation.
//! - A [`Report`] says of each property whether it held, and if not, on which input.
//!
//! [`program`] holds the two programs made of it: the one that judges the learner, and the one that judges the
//! exercises themselves.

mod array;
mod case;
mod exercise;
pub mod program;
mod property;
mod report;

pub use array::Array;
pub use case::{Case, Checked, Failure, Said};
pub use exercise::Exercise;
pub use property::{Property, example, property, property_of};
pub use report::{Outcome, Report};
