// ANCHOR: head
//! Matrix products small enough to stay in a core's own cache: the block of work that attention and Muon are made of.
//!
//! libtorch's products are made for matrices that fill a memory: before it multiplies, MKL copies both factors into an order
//! that suits it, and several threads share one product. A product of 64 × 64 numbers is over before that has paid. Here
//! both factors already lie as the loop wants them, and a thread keeps its product to itself.
//!
//! A *tile* is a part of the result, with AVX2 6 rows of 16 numbers, that stays in registers while the depth is walked through:
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
//! front of them they fill fifteen of AVX2's sixteen registers. AVX-512 and arm64 have thirty-two: there a tile is 12 rows high,
//! because each vector that was loaded is then used twice as often. Every number of the result is summed in the order of k whatever the tile, so
//! all machines that can multiply and add at once get the same bits.
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

/// Widths of a right factor and of a result are padded to a multiple of this. It is one vector of AVX-512, two of AVX2, and a
/// multiple of two on every machine with narrower ones.
pub(super) const COLUMNS: usize = 16;
// ANCHOR_END: matrix

// ANCHOR: tile
/// R rows and V vectors of `out`, set or added to.
#[inline(always)]
fn tile<S: Simd, const R: usize, const V: usize>(
    simd: S,
    (left, m): (Matrix, usize),
    (right, n): (Matrix, usize),
    depth: Range<usize>,
    (out, stride): (&mut [f32], usize),
    add: bool,
) {
    let mut sums = [[simd.splat_f32s(0.0); V]; R];
    for (left, right) in left.rows(&depth).zip(right.rows(&depth)) {
        let vectors = S::as_simd_f32s(&right[n..n + V * S::F32_LANES]).0;
        let mut right = [simd.splat_f32s(0.0); V];
        right.copy_from_slice(&vectors[..V]);
        let left = &left[m..m + R];
        for r in 0..R {
            let x = simd.splat_f32s(left[r]);
            for v in 0..V {
                sums[r][v] = simd.mul_add_e_f32s(x, right[v], sums[r][v]);
            }
        }
    }
    for (r, sums) in sums.into_iter().enumerate() {
        let out = &mut out[(m + r) * stride + n..][..V * S::F32_LANES];
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
        match S::REGISTER_COUNT {
            32.. => self.in_tiles::<S, 12>(simd),
            _ => self.in_tiles::<S, 6>(simd),
        }
    }
}

impl Product<'_> {
    /// In tiles of up to `TALLEST` rows.
    #[inline(always)]
    fn in_tiles<S: Simd, const TALLEST: usize>(mut self, simd: S) {
        let mut m = 0;
        while m < self.rows {
            let left = self.rows - m;
            let height = match left {
                _ if left >= TALLEST => TALLEST,
                6.. => 6,
                4.. => 4,
                2.. => 2,
                _ => 1,
            };
            match height {
                6 => self.row_of_tiles::<S, 6>(simd, m),
                4 => self.row_of_tiles::<S, 4>(simd, m),
                2 => self.row_of_tiles::<S, 2>(simd, m),
                1 => self.row_of_tiles::<S, 1>(simd, m),
                _ => self.row_of_tiles::<S, TALLEST>(simd, m),
            }
            m += height;
        }
    }

    /// The tiles beside each other from row m on: two vectors wide, and one where no more is left.
    #[inline(always)]
    fn row_of_tiles<S: Simd, const R: usize>(&mut self, simd: S, m: usize) {
        let (mut n, mut end, mut depth) = (0, self.columns, 0..self.depth);
        match self.part {
            Part::Whole => {}
            Part::ColumnsUpToRow => end = end.min(m + R),
            Part::ColumnsFromRow => n = m / COLUMNS * COLUMNS,
            Part::DepthUpToRow => depth.end = depth.end.min(m + R),
            Part::DepthFromRow => depth.start = depth.end.min(m),
        }
        while n < end {
            let (left, right) = ((self.left, m), (self.right, n));
            let (depth, out) = (depth.clone(), (&mut *self.out, self.stride));
            if n + 2 * S::F32_LANES <= self.columns {
                tile::<S, R, 2>(simd, left, right, depth, out, self.add);
                n += 2 * S::F32_LANES;
            } else {
                tile::<S, R, 1>(simd, left, right, depth, out, self.add);
                n += S::F32_LANES;
            }
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
    use pulp::{Scalar128b, Scalar512b};

    use super::*;

    /// Whole numbers, so that every order of additions gives the same sum.
    fn whole_numbers(count: usize, seed: usize) -> Vec<f32> {
        let number = |i: usize| ((i * 7919 + seed * 104_729) % 17) as f32 - 8.0;
        (0..count).map(number).collect()
    }

    /// How a product is computed: on this machine, or with another's vectors and registers.
    type Compute = fn(Product);

    /// As on this machine; with AVX-512's sixteen lanes and tall tiles, with arm64's four, in plain Rust that any machine runs.
    const MACHINES: [Compute; 3] = [
        |product| product.compute(),
        |product| product.in_tiles::<_, 12>(Scalar512b),
        |product| product.in_tiles::<_, 12>(Scalar128b),
    ];

    #[test]
    fn a_product_in_tiles_is_the_sum_over_the_depth() {
        for (rows, columns, depth) in [
            (1, 16, 1),
            (5, 16, 3),
            (6, 32, 64),
            (31, 48, 7),
            (64, 64, 64),
        ] {
            let left = whole_numbers(depth * rows, 1); // (k, m)
            let right = whole_numbers(depth * columns, 2); // (k, n)
            let before = whole_numbers(rows * columns, 3);
            for (compute, add) in MACHINES.iter().flat_map(|c| [(c, false), (c, true)]) {
                let mut out = before.clone();
                compute(Product {
                    left: Matrix::new(&left, rows),
                    right: Matrix::new(&right, columns),
                    depth,
                    out: &mut out,
                    stride: columns,
                    rows,
                    columns,
                    part: Part::Whole,
                    add,
                });
                for (i, out) in out.into_iter().enumerate() {
                    let (m, n) = (i / columns, i % columns);
                    let term = |k| left[k * rows + m] * right[k * columns + n];
                    let already = if add { before[i] } else { 0.0 };
                    assert_eq!(out, (0..depth).map(term).sum::<f32>() + already);
                }
            }
        }
    }

    #[test]
    fn parts_leave_out_nothing_that_is_needed() {
        let side = 80;
        let (left, right) = (whole_numbers(side * side, 1), whole_numbers(side * side, 2));
        for compute in MACHINES {
            let of = |left: &[f32], part| {
                let mut out = vec![f32::NAN; side * side];
                let matrix = |x| Matrix::new(x, side);
                compute(Product {
                    left: matrix(left),
                    right: matrix(&right),
                    depth: side,
                    out: &mut out,
                    stride: side,
                    rows: side,
                    columns: side,
                    part,
                    add: false,
                });
                out
            };
            let whole = of(&left, Part::Whole);
            type Holds = fn(usize, usize) -> bool;
            let needed: [(Part, Holds); 2] = [
                (Part::ColumnsUpToRow, |m, n| n <= m),
                (Part::ColumnsFromRow, |m, n| n >= m),
            ];
            for (part, needed) in needed {
                let some = of(&left, part);
                let as_whole = |i| !needed(i / side, i % side) || some[i] == whole[i];
                assert!((0..side * side).all(as_whole));
                assert!(some.iter().any(|x| x.is_nan()), "something is left out");
            }
            let zeros: [(Part, Holds); 2] = [
                (Part::DepthUpToRow, |k, m| k > m),
                (Part::DepthFromRow, |k, m| k < m),
            ];
            for (part, zero) in zeros {
                let mut triangle = left.clone();
                for (i, x) in triangle.iter_mut().enumerate() {
                    if zero(i / side, i % side) {
                        *x = 0.0;
                    }
                }
                assert_eq!(of(&triangle, part), of(&triangle, Part::Whole));
            }
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
