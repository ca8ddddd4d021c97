use super::arrays::{CASES, CLOSE, LEFT_OVER, Row, RowMut, array, gradients, numbers, row, tensor};
use judge::{Case, Checked, Property, example, property_of};
use proptest::prelude::*;
use tch::{Kind, Tensor};
use transformer::{Kernels, Plain};

pub struct Functions {
    /// x, cos, sin, ε, factor, y.
    pub forward: fn(Row, Row, Row, f32, f32, RowMut),
    /// x, cos, sin, ε, factor, the gradients of y and of x.
    pub backward: fn(Row, Row, Row, f32, f32, Row, RowMut),
}

/// One head at one position.
struct Head {
    x: Vec<f32>,
    cos: Vec<f32>,
    sin: Vec<f32>,
    eps: f32,
    factor: f32,
    of_y: Vec<f32>,
}

/// D/2 and a seed.
fn sizes() -> impl Strategy<Value = (usize, u64)> {
    (1usize..8, 0u64..1000)
}

impl Head {
    /// Of 2 · `half` numbers, at a position that depends on the seed.
    fn new((half, seed): (usize, u64), factor: f32) -> Head {
        let angle = |i: usize| (1 + seed % 50) as f32 * 0.37f32.powi(i as i32);
        Head {
            x: numbers(2 * half, seed),
            cos: (0..half).map(|i| angle(i).cos()).collect(),
            sin: (0..half).map(|i| angle(i).sin()).collect(),
            eps: 0.5,
            factor,
            of_y: numbers(2 * half, seed + 3000),
        }
    }

    fn chapters(&self, x: &Tensor) -> Tensor {
        let table = |row: &[f32]| tensor(row, &[1, 1, 1, row.len() as i64]);
        let (cos, sin) = (table(&self.cos), table(&self.sin));
        let x = x.reshape([1, 1, 1, -1]);
        let y = Plain.rope_qk_norm_scaled(&x, &cos, &sin, self.eps.into(), self.factor.into());
        y.reshape([-1])
    }

    fn case(&self) -> Case {
        Case::of(&[
            ("x", &row(&self.x)),
            ("cos", &row(&self.cos)),
            ("sin", &row(&self.sin)),
            ("eps", &self.eps),
            ("factor", &self.factor),
            ("of_y", &row(&self.of_y)),
        ])
    }

    fn tensor(&self) -> Tensor {
        Tensor::from_slice(&self.x)
    }

    fn forward_is_right(&self, f: &Functions) -> Checked {
        let expected = array(&self.chapters(&self.tensor()));
        self.case().near(&expected, CLOSE, || {
            let mut y = vec![LEFT_OVER; self.x.len()];
            (f.forward)(&self.x, &self.cos, &self.sin, self.eps, self.factor, &mut y);
            row(&y)
        })
    }

    fn backward_is_right(&self, f: &Functions) -> Checked {
        let of_y = Tensor::from_slice(&self.of_y);
        let [expected] = gradients([&self.tensor()], |[x]| {
            (self.chapters(x) * &of_y).sum(Kind::Float)
        });
        self.case().near(&array(&expected), CLOSE, || {
            let mut of_x = vec![LEFT_OVER; self.x.len()];
            let Head { x, cos, sin, .. } = self;
            (f.backward)(x, cos, sin, self.eps, self.factor, &self.of_y, &mut of_x);
            row(&of_x)
        })
    }
}

pub fn properties() -> Vec<Property<Functions>> {
    vec![
        example(
            "a quarter turn makes (4, −3) of (3, 4), and the norm divides by √12.5",
            |f: &Functions| {
                let head = Head {
                    x: vec![3.0, 4.0],
                    cos: vec![0.0],
                    sin: vec![1.0],
                    eps: 1e-7,
                    factor: 1.0,
                    of_y: vec![1.0, 0.0],
                };
                head.forward_is_right(f)
            },
        ),
        property_of(
            CASES,
            "forward is the chapter's",
            sizes,
            |f: &Functions, sizes| Head::new(sizes, 1.5).forward_is_right(f),
        ),
        property_of(
            CASES,
            "with factor 1 and no turn, backward is the norm's",
            sizes,
            |f: &Functions, sizes| {
                let head = Head {
                    cos: vec![1.0; sizes.0],
                    sin: vec![0.0; sizes.0],
                    ..Head::new(sizes, 1.0)
                };
                head.backward_is_right(f)
            },
        ),
        property_of(
            CASES,
            "with factor 1, backward is autograd's through turn and norm",
            sizes,
            |f: &Functions, sizes| Head::new(sizes, 1.0).backward_is_right(f),
        ),
        property_of(
            CASES,
            "with any factor, backward is autograd's through all three",
            || (sizes(), prop_oneof![Just(0.5f32), Just(1.2), Just(3.0)]),
            |f: &Functions, (sizes, factor)| Head::new(sizes, factor).backward_is_right(f),
        ),
    ]
}
