// ANCHOR: head
//! Muon's iteration with half of its symmetric products.
//!
//! A round of Newton–Schulz, or of Polar Express, is X ← P·X with P = aI + bA + cA² and A = X·Xᵀ. Two of its three products are symmetric: A,
//! and A² = A·A. So they are computed on and below the diagonal, tile by tile, and the rest is copied. aI goes into P's diagonal, so the last
//! product needs nothing added.
//!
//! Where X is at least twice as long as high, three rounds at a time touch A alone. X ← P·X makes A ← P·A·P, so the next polynomial is known without
//! X, the polynomials are multiplied, Q ← P·Q, and only then comes X ← Q·X. P and Q are polynomials in A, so all of these commute: every
//! product but the last is symmetric, and half of it is enough. Why not all five rounds at once? A has the squares of X's singular
//! values, and what is small is lost in rounding; after three rounds it is large enough to begin afresh from X.
//!
//! One thread takes a whole matrix through all rounds; nobody waits for another in between. A *panel* is 16 columns of a right factor, copied so that
//! they lie side by side: P·X turns a panel of X into the same panel of the next X, so X is overwritten in place.
//!
//! Shapes: X (R, C) with R <= C: a tall matrix is laid on its side first. N of them in a stack.

use tch::Tensor;

use super::lanes::{dot, vectorised};
use super::parallel::take_turns;
use super::slices::{Room, covers, empty_like, numbers, numbers_mut};
use super::tile::{COLUMNS, Matrix, Part, Product, transpose};
// ANCHOR_END: head

// ANCHOR: iteration
/// What is iterated: X ← X / (room·‖X‖ + eps), then a round for each polynomial (a, b, c).
#[derive(Debug, Clone, PartialEq)]
pub struct Iteration {
    /// (a, b, c) of aX + (bA + cA²)X, round by round.
    pub polynomials: Vec<(f64, f64, f64)>,
    /// A factor of the norm, a little above 1 where a value beyond 1 would be thrown far out.
    pub room: f64,
    /// So that zeros are not divided by zero.
    pub eps: f64,
}

/// Columns of X that are turned at a time, for X·Xᵀ: with 256 rows a quarter of a megabyte, which is a quarter of the
/// second-level cache.
const DEPTH: usize = 256;

/// The longest short side for which P, A and the turned part of X stay near a core. Beyond, libtorch's products, which are blocked for
/// all caches, are faster than half of ours.
const LONGEST: i64 = 512;

/// Rounds on A alone, before X is multiplied and A made afresh.
const ON_GRAM: usize = 3;

/// Whether this is worth it: every thread gets a matrix, and the matrices are small.
fn pays(stack: &Tensor) -> bool {
    let [count, rows, columns] = stack.size()[..] else {
        return false;
    };
    covers(stack)
        && count >= i64::from(tch::get_num_threads())
        && rows.min(columns) <= LONGEST
        && rows.min(columns) >= COLUMNS as i64
}

/// Orthogonalises N matrices, (N, R, C) -> (N, R, C); `None` where libtorch's products do it better.
pub fn orthogonalise(stack: &Tensor, iteration: &Iteration) -> Option<Tensor> {
    if !pays(stack) {
        return None;
    }
    let (_, rows, columns) = stack.size3().expect("`pays` has seen three dimensions");
    let shape = Shape {
        rows: rows as usize,
        columns: columns as usize,
    };
    let stack = stack.contiguous();
    let mut result = empty_like(&stack);
    let matrix = shape.rows * shape.columns;
    let jobs = numbers(&stack)
        .chunks_exact(matrix)
        .zip(numbers_mut(&mut result).chunks_exact_mut(matrix));
    take_turns(jobs, |jobs| {
        let lengths = shape.lengths();
        let mut room = Room::new(&lengths);
        let [x, gram, polynomial, product, half, turned, panel] = room.pieces(lengths);
        let mut work = Work {
            shape,
            x,
            gram,
            polynomial,
            product,
            half,
            turned,
            panel,
        };
        for (from, to) in jobs {
            work.load(from, iteration);
            let together = match shape.long() >= 2 * shape.short() {
                true => ON_GRAM,
                false => 1,
            };
            for polynomials in iteration.polynomials.chunks(together) {
                work.rounds(polynomials);
            }
            work.store(to);
        }
    });
    Some(result)
}
// ANCHOR_END: iteration

// ANCHOR: work
/// Of a matrix as it is given.
#[derive(Clone, Copy)]
struct Shape {
    rows: usize,
    columns: usize,
}

impl Shape {
    fn tall(&self) -> bool {
        self.rows > self.columns
    }

    /// R
    fn short(&self) -> usize {
        self.rows.min(self.columns)
    }

    /// C
    fn long(&self) -> usize {
        self.rows.max(self.columns)
    }

    fn short_padded(&self) -> usize {
        self.short().next_multiple_of(COLUMNS)
    }

    fn long_padded(&self) -> usize {
        self.long().next_multiple_of(COLUMNS)
    }

    /// Of `Work`'s pieces.
    fn lengths(&self) -> [usize; 7] {
        let square = self.short() * self.short_padded();
        [
            self.short() * self.long_padded(),
            square,
            square,
            square,
            square,
            DEPTH * self.short_padded(),
            DEPTH.max(self.short()) * COLUMNS,
        ]
    }
}

/// One thread's memory.
struct Work<'a> {
    shape: Shape,
    /// X: R rows, C padded
    x: &'a mut [f32],
    /// A, and P: R rows, R padded
    gram: &'a mut [f32],
    polynomial: &'a mut [f32],
    /// Q, and a product that is on its way: the same
    product: &'a mut [f32],
    half: &'a mut [f32],
    /// Some columns of X as rows: (up to `DEPTH`, R padded)
    turned: &'a mut [f32],
    /// 16 numbers for each k
    panel: &'a mut [f32],
}

impl Work<'_> {
    fn load(&mut self, from: &[f32], iteration: &Iteration) {
        let shape = self.shape;
        let squares: f64 = vectorised(
            #[inline(always)]
            || {
                let rows = from.chunks_exact(shape.columns);
                rows.map(|row| f64::from(dot(row, row))).sum()
            },
        );
        let scale = (1.0 / (squares.sqrt() * iteration.room + iteration.eps)) as f32;
        let (size, stride) = ((shape.rows, shape.columns), shape.long_padded());
        match shape.tall() {
            true => transpose((from, shape.columns), size, (self.x, stride)),
            false => copy((from, shape.columns), size, (self.x, stride)),
        }
        for x in self.x.iter_mut() {
            *x *= scale;
        }
    }

    fn store(&self, to: &mut [f32]) {
        let shape = self.shape;
        let (size, from) = (
            (shape.short(), shape.long()),
            (&*self.x, shape.long_padded()),
        );
        match shape.tall() {
            true => transpose(from, size, (to, shape.columns)),
            false => copy(from, size, (to, shape.columns)),
        }
    }
    // ANCHOR_END: work

    // ANCHOR: round
    /// X ← Q·X, where Q is the product of these polynomials, each in the A that the ones before leave.
    fn rounds(&mut self, polynomials: &[(f64, f64, f64)]) {
        let (rows, stride) = (self.shape.short(), self.shape.short_padded());
        let symmetric = |left: &[f32], right: &[f32], out: &mut [f32], panel: &mut [f32]| {
            half_of(left, right, (rows, stride), out, panel);
            mirror(out, rows, stride);
        };
        self.gram();
        mirror(self.gram, rows, stride);
        for (at, &polynomial) in polynomials.iter().enumerate() {
            self.polynomial(polynomial);
            match at {
                0 => self.product.copy_from_slice(self.polynomial),
                _ => {
                    symmetric(self.polynomial, self.product, self.half, self.panel);
                    std::mem::swap(&mut self.product, &mut self.half);
                }
            }
            if at + 1 < polynomials.len() {
                symmetric(self.polynomial, self.gram, self.half, self.panel); // P·A
                symmetric(self.half, self.polynomial, self.gram, self.panel); // P·A·P
            }
        }
        let across = self.shape.long_padded();
        for n in (0..across).step_by(COLUMNS) {
            copy_panel((self.x, across), n, rows, self.panel);
            Product {
                left: Matrix::new(self.product, stride),
                right: Matrix::new(self.panel, COLUMNS),
                depth: rows,
                out: &mut self.x[n..],
                stride: across,
                rows,
                columns: COLUMNS,
                part: Part::Whole,
                add: false,
            }
            .compute();
        }
    }

    /// P = aI + bA + cA²
    fn polynomial(&mut self, (a, b, c): (f64, f64, f64)) {
        let (rows, stride) = (self.shape.short(), self.shape.short_padded());
        let size = (rows, stride);
        half_of(self.gram, self.gram, size, self.polynomial, self.panel); // A²
        let (a, b, c) = (a as f32, b as f32, c as f32);
        vectorised(
            #[inline(always)]
            || {
                let polynomial = self.polynomial.chunks_exact_mut(stride);
                for (m, (p, gram)) in polynomial.zip(self.gram.chunks_exact(stride)).enumerate() {
                    for (p, gram) in p[..m + 1].iter_mut().zip(gram) {
                        *p = b * gram + c * *p;
                    }
                    p[m] += a;
                }
            },
        );
        mirror(self.polynomial, rows, stride);
    }

    /// A = X·Xᵀ on and below the diagonal, a stretch of X's columns after the other.
    fn gram(&mut self) {
        let (rows, stride) = (self.shape.short(), self.shape.short_padded());
        for start in (0..self.shape.long()).step_by(DEPTH) {
            let depth = DEPTH.min(self.shape.long() - start);
            let from = (&self.x[start..], self.shape.long_padded());
            transpose(from, (rows, depth), (self.turned, stride));
            for n in (0..rows).step_by(COLUMNS) {
                copy_panel((self.turned, stride), n, depth, self.panel);
                Product {
                    left: Matrix::new(self.turned, stride).from(n),
                    right: Matrix::new(self.panel, COLUMNS),
                    depth,
                    out: &mut self.gram[n * stride + n..],
                    stride,
                    rows: rows - n,
                    columns: COLUMNS,
                    part: Part::Whole,
                    add: start > 0,
                }
                .compute();
            }
        }
    }
}
// ANCHOR_END: round

// ANCHOR: half
/// A symmetric product of two symmetric matrices, on and below the diagonal.
fn half_of(
    left: &[f32],
    right: &[f32],
    (rows, stride): (usize, usize),
    out: &mut [f32],
    panel: &mut [f32],
) {
    for n in (0..rows).step_by(COLUMNS) {
        copy_panel((right, stride), n, rows, panel);
        Product {
            left: Matrix::new(left, stride).from(n),
            right: Matrix::new(panel, COLUMNS),
            depth: rows,
            out: &mut out[n * stride + n..],
            stride,
            rows: rows - n,
            columns: COLUMNS,
            part: Part::Whole,
            add: false,
        }
        .compute();
    }
}
// ANCHOR_END: half

// ANCHOR: moves
/// What stands below the diagonal, also above it.
fn mirror(x: &mut [f32], rows: usize, stride: usize) {
    for first in (0..rows).step_by(COLUMNS) {
        // Square by square: a whole column would touch a cache line for each number.
        for m in first..rows {
            for n in first..(first + COLUMNS).min(m) {
                x[n * stride + m] = x[m * stride + n];
            }
        }
    }
}

/// 16 columns from `n` on, of `depth` rows.
fn copy_panel((from, stride): (&[f32], usize), n: usize, depth: usize, panel: &mut [f32]) {
    let rows = from.chunks(stride).take(depth);
    for (to, from) in panel.chunks_exact_mut(COLUMNS).zip(rows) {
        to.copy_from_slice(&from[n..n + COLUMNS]);
    }
}

fn copy(
    (from, from_stride): (&[f32], usize),
    (rows, columns): (usize, usize),
    (to, to_stride): (&mut [f32], usize),
) {
    for r in 0..rows {
        to[r * to_stride..][..columns].copy_from_slice(&from[r * from_stride..][..columns]);
    }
}
// ANCHOR_END: moves
