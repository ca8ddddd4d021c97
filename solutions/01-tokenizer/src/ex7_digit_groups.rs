//! # What digit groups do to arithmetic
//!
//! Goal: group digits from the left and from the right, and measure how often a sum's columns fail to line up.
//!
//! Minutes: 30. Difficulty: 2 of 5.
//!
//! The split pattern takes digits in runs of up to two, from the left: `123` is `12` `3`, `4567` is `45` `67`. On paper one
//! writes the numbers of a sum below each other, units below units. A model that reads `12` `3` and `45` `67` gets tokens that
//! mean tens-and-hundreds in one number and something else in the next. Grouped from the right, `1` `23` and `45` `67`, every
//! token has the same meaning in all numbers.
//!
//! A *border* lies between two groups, and its *height* is the number of digits to its right: `12|3` has a border of height 1,
//! `45|67` one of height 2. Two numbers are *aligned* if they have the same borders as far as both reach: at every height that
//! is less than the length of the shorter one, either both have a border or none has. A sum a + b = c is aligned if each two of
//! its three numbers are.
//!
//! ## Hint 1
//!
//! `from_left` is `chunks(size)` over the bytes, made text again. From the right, the first group is what remains:
//! `len % size` digits, unless that is none. A size of 0 makes no groups: treat it as 1.
//!
//! ## Hint 2
//!
//! For the borders of a number: go through its groups, adding up lengths; after each group but the last, the height is the total
//! length minus what you have passed.
//!
//! ## Hint 3
//!
//! For each two of the three numbers, keep the heights below the shorter length and compare the lists. The share is aligned sums
//! divided by all sums; without sums it is 1, since none is out of line.
//!
//! ## Notes
//!
//! Grouped from the left in twos, two numbers of three and four digits are never aligned, of three and five digits always. So
//! what a model has to learn about carrying depends on the lengths of the numbers. Singh and Strouse measured it on large
//! models in 2024 (*Tokenization counts*, arXiv 2402.14903): with numbers grouped from the right they add better.

/// The digits in groups of `size`, the last one shorter if they do not come out even.
pub fn from_left(digits: &str, size: usize) -> Vec<&str> {
    cut(digits, size.max(1), 0)
}

/// The digits in groups of `size`, the first one shorter if they do not come out even.
pub fn from_right(digits: &str, size: usize) -> Vec<&str> {
    let size = size.max(1);
    cut(digits, size, digits.len() % size)
}

/// The share of the sums a + b = c that are aligned when the three numbers are grouped from the left. 1 without sums.
pub fn aligned_share(sums: &[(u64, u64)], size: usize) -> f64 {
    if sums.is_empty() {
        return 1.0;
    }
    let aligned = sums.iter().filter(|&&(a, b)| {
        let c = u128::from(a) + u128::from(b);
        let numbers = [a.to_string(), b.to_string(), c.to_string()];
        let [a, b, c] = &numbers;
        [(a, b), (b, c), (a, c)]
            .iter()
            .all(|(one, other)| are_aligned(one, other, size))
    });
    aligned.count() as f64 / sums.len() as f64
}

/// A first group of `first` digits, if that is any, and then groups of `size`.
fn cut(digits: &str, size: usize, first: usize) -> Vec<&str> {
    let (head, mut rest) = digits.split_at(first);
    let mut groups = Vec::new();
    if !head.is_empty() {
        groups.push(head);
    }
    while !rest.is_empty() {
        let (group, more) = rest.split_at(size.min(rest.len()));
        groups.push(group);
        rest = more;
    }
    groups
}

fn are_aligned(one: &str, other: &str, size: usize) -> bool {
    let shorter = one.len().min(other.len());
    let borders = |digits: &str| -> Vec<usize> {
        let mut height = digits.len();
        let mut heights = Vec::new();
        for group in from_left(digits, size) {
            height -= group.len();
            if height > 0 && height < shorter {
                heights.push(height);
            }
        }
        heights
    };
    borders(one) == borders(other)
}
