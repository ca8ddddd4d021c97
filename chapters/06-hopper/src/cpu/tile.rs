// ANCHOR: head
//! Matrix products small enough to stay in a core's own cache: the block of work that attention and Muon are made of.
//!
//! libtorch's products are made for matrices that fill a memory: before it multiplies, MKL copies both factors into an order
//! that suits it, and several threads share one product. A product of 64 × 64 numbers is over before that has paid. Here
//! both factors already lie as the loop wants them, and a thread keeps its product to itself.
//!
//! A *tile* is a part of the result, 6 rows of 16 numbers, that stays in registers while the depth is walked through:
//!
//! ```text
//!                 right[k]    16 numbers: two vectors
//!               ┌──────────┐
//! left[k]  ┌─┐  │ tile     │  + left[k][m] · right[k][n]  for all 6 · 16,
//! 6 numbers└─┘  └──────────┘  then the next k
//! ```
//!
//! At each k it loads two vectors and six single numbers, and does twelve multiply-adds of eight numbers each. Twelve sums that do
//! not wait for each other are enough to keep both of a core's multipliers busy; with the two vectors and the number in
//! front of them they fill fifteen of AVX2's sixteen registers.
//!
//! So both factors have to lie *by depth*: `left[k][m]` and `right[k][n]`, rows of k. A factor that lies the other way is turned
//! first, by [`transpose`].

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};
// ANCHOR_END: head

// ANCHOR: matrix
/// Numbers that lie in rows: row k begins at `k · stride`, and what is meant begins at its `column`.
#[derive(Clone, Copy)]
pub(super) struct Matrix<'a> {
    /// All rows, one behind the other.
    pub numbers: &'a [f32],
    /// From one row to the next, in numbers.
    pub stride: usize,
    /// What is meant begins here in each row.
    pub column: usize,
}

impl<'a> Matrix<'a> {
    /// From the first column on.
    pub fn new(numbers: &'a [f32], stride: usize) -> Matrix<'a> {
        Matrix {
            numbers,
            stride,
            column: 0,
        }
    }

    /// The same rows, from another column on.
    pub fn from(self, column: usize) -> Matrix<'a> {
        Matrix { column, ..self }
    }

    #[inline(always)]
    fn rows(&self, depth: &Range<usize>) -> impl Iterator<Item = &'a [f32]> + use<'a> {
        let column = self.column;
        self.numbers[depth.start * self.stride..depth.end * self.stride]
            .chunks_exact(self.stride)
            .map(move |row| &row[column..])
    }
}

/// What of a product is needed where one of the three matrices is a triangle, for m and n counted from 0.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Part {
    Whole,
    /// Results with n <= m, and some beyond.
    ColumnsUpToRow,
    /// Results with n >= m, and some before.
    ColumnsFromRow,
    /// `left[k][m]` is 0 for k > m.
    DepthUpToRow,
    /// `left[k][m]` is 0 for k < m.
    DepthFromRow,
}

/// Widths of a right factor and of a result are padded to a multiple of this. It is two vectors of AVX2, and a multiple of two
/// vectors of every machine with narrower ones.
pub(super) const COLUMNS: usize = 16;
// ANCHOR_END: matrix

// ANCHOR: tile
/// R rows and two vectors of `out`, set or added to.
#[inline(always)]
fn tile<S: Simd, const R: usize>(
    simd: S,
    (left, m): (Matrix, usize),
    (right, n): (Matrix, usize),
    depth: Range<usize>,
    (out, stride): (&mut [f32], usize),
    add: bool,
) {
    let mut sums = [[simd.splat_f32s(0.0); 2]; R];
    for (left, right) in left.rows(&depth).zip(right.rows(&depth)) {
        let right = S::as_simd_f32s(&right[n..n + 2 * S::F32_LANES]).0;
        let right = [right[0], right[1]];
        let left = &left[m..m + R];
        for r in 0..R {
            let x = simd.splat_f32s(left[r]);
            sums[r][0] = simd.mul_add_e_f32s(x, right[0], sums[r][0]);
            sums[r][1] = simd.mul_add_e_f32s(x, right[1], sums[r][1]);
        }
    }
    for (r, sums) in sums.into_iter().enumerate() {
        let out = &mut out[(m + r) * stride + n..][..2 * S::F32_LANES];
        let out = S::as_mut_simd_f32s(out).0;
        for (out, sum) in out.iter_mut().zip(sums) {
            *out = if add { simd.add_f32s(*out, sum) } else { sum };
        }
    }
}
// ANCHOR_END: tile

// ANCHOR: product
/// `out[m][n] = Σ_k left[k][m] · right[k][n]`, or added to what stands there.
pub(super) struct Product<'a> {
    pub left: Matrix<'a>,
    pub right: Matrix<'a>,
    pub depth: usize,
    /// rows × columns, and the stride of its rows.
    pub out: &'a mut [f32],
    pub stride: usize,
    pub rows: usize,
    /// A multiple of [`COLUMNS`].
    pub columns: usize,
    pub part: Part,
    pub add: bool,
}

impl Product<'_> {
    /// One call of `pulp`'s for all tiles: it asks once which vectors this machine has.
    pub fn compute(self) {
        Arch::new().dispatch(self);
    }
}

impl WithSimd for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let mut m = 0;
        while m < self.rows {
            let height = match self.rows - m {
                6.. => 6,
                4.. => 4,
                2.. => 2,
                _ => 1,
            };
            let (mut n, mut end, mut depth) = (0, self.columns, 0..self.depth);
            match self.part {
                Part::Whole => {}
                Part::ColumnsUpToRow => end = end.min(m + height),
                Part::ColumnsFromRow => n = m / COLUMNS * COLUMNS,
                Part::DepthUpToRow => depth.end = depth.end.min(m + height),
                Part::DepthFromRow => depth.start = depth.end.min(m),
            }
            while n < end {
                let (left, right) = ((self.left, m), (self.right, n));
                let (depth, out) = (depth.clone(), (&mut *self.out, self.stride));
                match height {
                    6 => tile::<S, 6>(simd, left, right, depth, out, self.add),
                    4 => tile::<S, 4>(simd, left, right, depth, out, self.add),
                    2 => tile::<S, 2>(simd, left, right, depth, out, self.add),
                    _ => tile::<S, 1>(simd, left, right, depth, out, self.add),
                }
                n += 2 * S::F32_LANES;
            }
            m += height;
        }
    }
}
// ANCHOR_END: product

// ANCHOR: transpose
/// `to[c][r] = from[r][c]`. In bands of eight rows, so that what is written lies side by side.
pub(super) fn transpose(
    (from, from_stride): (&[f32], usize),
    (rows, columns): (usize, usize),
    (to, to_stride): (&mut [f32], usize),
) {
    const BAND: usize = 8;
    let row = |r: usize| &from[r * from_stride..][..columns];
    let whole = rows / BAND * BAND;
    for first in (0..whole).step_by(BAND) {
        let band: [&[f32]; BAND] = std::array::from_fn(|r| row(first + r));
        for c in 0..columns {
            let column: [f32; BAND] = std::array::from_fn(|r| band[r][c]);
            to[c * to_stride + first..][..BAND].copy_from_slice(&column);
        }
    }
    for r in whole..rows {
        for (c, x) in row(r).iter().enumerate() {
            to[c * to_stride + r] = *x;
        }
    }
}
// ANCHOR_END: transpose

// ANCHOR: tests
#[cfg(test)]
mod tests {
    use super::*;

    /// Whole numbers, so that every order of additions gives the same sum.
    fn whole_numbers(count: usize, seed: usize) -> Vec<f32> {
        let number = |i: usize| ((i * 7919 + seed * 104_729) % 17) as f32 - 8.0;
        (0..count).map(number).collect()
    }

    #[test]
    fn a_product_in_tiles_is_the_sum_over_the_depth() {
        for (rows, columns, depth) in [
            (1, 16, 1),
            (5, 16, 3),
            (6, 32, 64),
            (13, 48, 7),
            (64, 64, 64),
        ] {
            let left = whole_numbers(depth * rows, 1); // (k, m)
            let right = whole_numbers(depth * columns, 2); // (k, n)
            let mut out = whole_numbers(rows * columns, 3);
            let before = out.clone();
            for (add, already) in [(false, 0.0), (true, 1.0)] {
                Product {
                    left: Matrix::new(&left, rows),
                    right: Matrix::new(&right, columns),
                    depth,
                    out: &mut out,
                    stride: columns,
                    rows,
                    columns,
                    part: Part::Whole,
                    add,
                }
                .compute();
                for m in 0..rows {
                    for n in 0..columns {
                        let sum: f32 = (0..depth)
                            .map(|k| left[k * rows + m] * right[k * columns + n])
                            .sum();
                        assert_eq!(
                            out[m * columns + n],
                            sum + already * before[m * columns + n]
                        );
                    }
                }
                out.copy_from_slice(&before);
            }
        }
    }

    #[test]
    fn parts_leave_out_nothing_that_is_needed() {
        let side = 64;
        let (left, right) = (whole_numbers(side * side, 1), whole_numbers(side * side, 2));
        let of = |left: &[f32], part| {
            let mut out = vec![f32::NAN; side * side];
            let matrix = |x| Matrix::new(x, side);
            Product {
                left: matrix(left),
                right: matrix(&right),
                depth: side,
                out: &mut out,
                stride: side,
                rows: side,
                columns: side,
                part,
                add: false,
            }
            .compute();
            out
        };
        let whole = of(&left, Part::Whole);
        for (part, needed) in [
            (
                Part::ColumnsUpToRow,
                (|m, n| n <= m) as fn(usize, usize) -> bool,
            ),
            (Part::ColumnsFromRow, |m, n| n >= m),
        ] {
            let some = of(&left, part);
            assert!((0..side * side).all(|i| !needed(i / side, i % side) || some[i] == whole[i]));
            assert!(some.iter().any(|x| x.is_nan()), "something is left out");
        }
        for (part, zero) in [
            (
                Part::DepthUpToRow,
                (|k, m| k > m) as fn(usize, usize) -> bool,
            ),
            (Part::DepthFromRow, |k, m| k < m),
        ] {
            let mut triangle = left.clone();
            for (i, x) in triangle.iter_mut().enumerate() {
                if zero(i / side, i % side) {
                    *x = 0.0;
                }
            }
            assert_eq!(of(&triangle, part), of(&triangle, Part::Whole));
        }
    }

    #[test]
    fn transposing_turns_every_number() {
        for (rows, columns) in [(1, 1), (8, 3), (9, 16), (23, 10)] {
            let from = whole_numbers(rows * (columns + 2), 5);
            let mut to = vec![f32::NAN; columns * (rows + 1)];
            transpose((&from, columns + 2), (rows, columns), (&mut to, rows + 1));
            for r in 0..rows {
                for c in 0..columns {
                    assert_eq!(to[c * (rows + 1) + r], from[r * (columns + 2) + c]);
                }
            }
        }
    }
}
// ANCHOR_END: tests
