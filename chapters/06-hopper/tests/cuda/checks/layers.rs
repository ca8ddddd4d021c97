//! What the layers ask for.

use hopper::cuda::launch::Launch;
use tch::{Kind, Tensor};
use transformer::{Kernels, Plain};

use super::{Check, EPS};

impl<L: Launch> Check<L> {
    pub fn rms_norm(&self) {
        for size in [
            vec![9, 2],
            vec![5, 7],
            vec![3, 2, 8],
            vec![9, 129],
            vec![2, 64],
            vec![3, 1280],
            vec![1, 300],
        ] {
            // What a norm lets through of the gradient of two numbers, one direction of two, may be as small as the rounding of
            // what it gave, which bf16 keeps.
            if size == [9, 2] && self.kind != Kind::Float {
                continue;
            }
            for x in [self.random(&size), self.shifted(&size)] {
                self.compare(
                    &format!("rms_norm of {size:?}"),
                    &[x],
                    |x| vec![self.on.rms_norm(&x[0], EPS).unwrap()],
                    |x| vec![Plain.rms_norm(&x[0], EPS)],
                );
            }
        }
        // What lies out of order is read as it counts, not as it lies.
        let turned = self.random(&[33, 5]).tr();
        self.compare(
            "rms_norm of a transposed tensor",
            &[turned],
            |x| vec![self.on.rms_norm(&x[0].shallow_clone(), EPS).unwrap()],
            |x| vec![Plain.rms_norm(&x[0], EPS)],
        );
    }

    pub fn add_norm(&self) {
        for size in [[5, 7], [3, 8], [9, 129], [2, 1280], [70, 16]] {
            self.compare(
                &format!("add_norm of {size:?}"),
                &[self.random(&size), self.random(&size)],
                |x| {
                    let (stream, norm) = self.on.add_norm(&x[0], &x[1], EPS).unwrap();
                    vec![stream, norm]
                },
                |x| {
                    let (stream, norm) = Plain.add_norm(&x[0], &x[1], EPS);
                    vec![stream, norm]
                },
            );
        }
        // The last layer's stream is used, its norm is not, and the other way round.
        for output in [0, 1] {
            let pick =
                |(stream, norm): (Tensor, Tensor)| vec![if output == 0 { stream } else { norm }];
            self.compare(
                &format!("output {output} of add_norm alone"),
                &[self.random(&[4, 24]), self.random(&[4, 24])],
                |x| pick(self.on.add_norm(&x[0], &x[1], EPS).unwrap()),
                |x| pick(Plain.add_norm(&x[0], &x[1], EPS)),
            );
        }
    }

    pub fn rope_qk_norm(&self) {
        for (batch, time, heads, half, tables) in [
            (3, 5, 2, 1, 1),
            (2, 5, 3, 8, 1),
            (3, 4, 2, 5, 3),
            (2, 3, 1, 64, 2),
            (1, 7, 2, 300, 1),
            (2, 2, 3, 24, 1),
        ] {
            if half == 1 && self.kind != Kind::Float {
                continue; // see `rms_norm`
            }
            let angles = self.normal(&[tables, time, 1, half]).to_device(self.device);
            let (cos, sin) = (angles.cos(), angles.sin());
            for factor in [1.0, 1.2] {
                self.compare(
                    &format!("rope_qk_norm of {batch} {time} {heads} {half}, tables for {tables}, factor {factor}"),
                    &[self.random(&[batch, time, heads, half * 2])],
                    |x| vec![self.on.rope_qk_norm_scaled(&x[0], &cos, &sin, EPS, factor).unwrap()],
                    |x| vec![Plain.rope_qk_norm_scaled(&x[0], &cos, &sin, EPS, factor)],
                );
            }
        }
    }

    pub fn relu_squared(&self) {
        for total in [1, 7, 8, 255, 1025, 4099] {
            for x in [self.random(&[total]), self.shifted(&[total])] {
                self.compare(
                    &format!("relu_squared of {total}"),
                    &[x],
                    |x| vec![self.on.relu_squared(&x[0]).unwrap()],
                    |x| vec![Plain.relu_squared(&x[0])],
                );
            }
        }
        // Behind another tensor, the gradient comes as a view of a larger one that begins anywhere.
        let behind = |y: Tensor| vec![Tensor::cat(&[y.narrow(0, 0, 1).detach(), y], 0)];
        self.compare(
            "relu_squared with a shifted gradient",
            &[self.random(&[255])],
            |x| behind(self.on.relu_squared(&x[0]).unwrap()),
            |x| behind(Plain.relu_squared(&x[0])),
        );
    }

    pub fn mix(&self) {
        for size in [vec![1], vec![3, 5, 7], vec![2, 1031], vec![40, 256]] {
            let scalars = Tensor::from_slice(&[0.7f32, -0.3]).to_device(self.device);
            for (x, x0) in [
                (self.random(&size), self.random(&size)),
                (self.shifted(&size), self.random(&size)),
            ] {
                self.compare(
                    &format!("mix of {size:?}"),
                    &[scalars.shallow_clone(), x, x0],
                    |x| {
                        vec![
                            self.on
                                .mix(&x[0].get(0), &x[1], &x[0].get(1), &x[2])
                                .unwrap(),
                        ]
                    },
                    |x| vec![Plain.mix(&x[0].get(0), &x[1], &x[0].get(1), &x[2])],
                );
            }
        }
    }

    pub fn mix_norm(&self) {
        for size in [
            vec![9, 2],
            vec![3, 5, 7],
            vec![9, 129],
            vec![2, 1280],
            vec![70, 16],
        ] {
            if size == [9, 2] && self.kind != Kind::Float {
                continue; // see `rms_norm`
            }
            for [r, s] in [[1.15f32, 0.2], [-0.7, -0.3]] {
                let scalars = Tensor::from_slice(&[r, s]).to_device(self.device);
                let inputs = [scalars, self.random(&size), self.random(&size)];
                self.mix_norm_of(&format!("mix_norm of {size:?}, r {r}"), &inputs, &[0, 1]);
            }
        }
        let scalars = Tensor::from_slice(&[1.15f32, 0.2]).to_device(self.device);
        let inputs = [scalars, self.shifted(&[4, 24]), self.random(&[4, 24])];
        for used in [&[0, 1][..], &[0], &[1]] {
            // The gradient of r is a difference of sums. Among a hundred numbers it may be a few hundredths of what was added up, and
            // bf16's rounding of these then shows.
            if used.len() == 1 && self.kind != Kind::Float {
                continue;
            }
            self.mix_norm_of(&format!("outputs {used:?} of mix_norm"), &inputs, used);
        }
    }

    fn mix_norm_of(&self, what: &str, inputs: &[Tensor], used: &[usize]) {
        let pick = |(stream, norm): (Tensor, Tensor)| {
            let both = [stream, norm];
            used.iter().map(|&at| both[at].shallow_clone()).collect()
        };
        self.compare(
            what,
            inputs,
            |x| {
                let (r, s) = (x[0].get(0), x[0].get(1));
                pick(self.on.mix_norm(&r, &x[1], &s, &x[2], EPS).unwrap())
            },
            |x| pick(Plain.mix_norm(&x[0].get(0), &x[1], &x[0].get(1), &x[2], EPS)),
        );
    }

    pub fn add_gated(&self) {
        for (rows, length) in [(1, 1), (6, 7), (5, 16), (3, 130), (2, 128), (50, 24)] {
            self.compare(
                &format!("add_gated of {rows} rows of {length}"),
                &[
                    self.random(&[rows, 1, 1, length]),
                    self.random(&[rows, 1, 1, length]),
                    self.random(&[rows, 1, 1]),
                ],
                |x| vec![self.on.add_gated(&x[0], &x[1], &x[2]).unwrap()],
                |x| vec![Plain.add_gated(&x[0], &x[1], &x[2])],
            );
        }
    }
}
