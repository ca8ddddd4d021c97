//! What the optimizer asks for, and the cast to fp8: no gradients.

use hopper::cuda::launch::Launch;
use muon::{AdamWStep, PlainUpdates, Updates};
use tch::{Kind, Tensor};

use super::Check;

impl<L: Launch> Check<L> {
    pub fn adamw(&self) {
        for total in [1, 7, 1025] {
            let wide = |x: &Tensor| x.to_kind(Kind::Float).copy();
            // The moments begin at random; the second of the two weights lies where no access of 16 bytes fits.
            let mut ours = [0; 3].map(|_| self.random(&[total]).abs() + 0.1);
            if total == 7 {
                ours[0] = self.shifted(&[total]);
            }
            let mut theirs = [&ours[0], &ours[1], &ours[2]].map(wide);
            for step in 1..4 {
                let step = AdamWStep {
                    lr: 0.1,
                    betas: (0.8, 0.95),
                    eps: 1e-10,
                    weight_decay: 0.1,
                    step,
                };
                let gradient = self.random(&[total]);
                let [w, m, v] = &mut ours;
                self.on.adamw(w, &gradient, m, v, &step).unwrap();
                let [w, m, v] = &mut theirs;
                PlainUpdates.adamw(w, &wide(&gradient), m, v, &step);
                for (number, (got, want)) in ours.iter().zip(&theirs).enumerate() {
                    self.near(&format!("adamw of {total}, tensor {number}"), got, want);
                }
                if self.kind != Kind::Float {
                    // The next step begins from the same rounded numbers: what several of them round would add up.
                    theirs = [&ours[0], &ours[1], &ours[2]].map(wide);
                }
            }
        }
    }

    pub fn muon(&self) {
        for size in [[1, 1, 1], [3, 5, 7], [2, 16, 33]] {
            let wide = |x: &Tensor| x.to_kind(Kind::Float).copy();
            for nesterov in [true, false] {
                let (mut ours, gradient) = (self.random(&size), self.shifted(&size));
                let gradient = if size[0] == 2 {
                    gradient
                } else {
                    self.random(&size)
                };
                let mut theirs = wide(&ours);
                let got = self
                    .on
                    .muon_momentum(&mut ours, &gradient, 0.95, nesterov)
                    .unwrap();
                let want =
                    PlainUpdates.muon_momentum(&mut theirs, &wide(&gradient), 0.95, nesterov);
                self.near(&format!("momentum of {size:?}"), &ours, &theirs);
                self.near(&format!("look-ahead of {size:?}"), &got, &want);
            }
            for cautious in [true, false] {
                let mut ours: Vec<Tensor> = (0..size[0])
                    .map(|at| {
                        if at == 1 {
                            self.shifted(&size[1..])
                        } else {
                            self.random(&size[1..])
                        }
                    })
                    .collect();
                let mut theirs: Vec<Tensor> = ours.iter().map(wide).collect();
                let updates = self.random(&size);
                self.on
                    .muon_apply(
                        &mut ours.iter_mut().collect::<Vec<_>>(),
                        &updates,
                        0.3,
                        0.5,
                        cautious,
                    )
                    .unwrap();
                let mut weights: Vec<&mut Tensor> = theirs.iter_mut().collect();
                if cautious {
                    PlainUpdates.muon_apply_cautious(&mut weights, &wide(&updates), 0.3, 0.5);
                } else {
                    PlainUpdates.muon_apply(&mut weights, &wide(&updates), 0.3, 0.5);
                }
                for (got, want) in ours.iter().zip(&theirs) {
                    self.near(&format!("step of {size:?}, cautious {cautious}"), got, want);
                }
            }
        }
    }

    pub fn fp8(&self) {
        for (rows, columns) in [(1, 1), (3, 5), (64, 64), (65, 130), (70, 24)] {
            for (format, largest) in [(Kind::Float8e4m3fn, 448.0), (Kind::Float8e5m2, 57344.0)] {
                let x = if rows == 70 {
                    self.shifted(&[rows, columns])
                } else {
                    self.random(&[rows, columns])
                };
                let got = self.on.fp8(&x, format, true).unwrap();
                let wide = x.to_kind(Kind::Float);
                let scale = largest / wide.abs().max().double_value(&[]);
                let found = got.inverse_scale.double_value(&[]);
                assert!((found * scale - 1.0).abs() < 1e-6, "{found} {scale}");
                // libtorch's own cast, of the same products.
                let factor: Tensor = got.inverse_scale.reciprocal();
                let want = (&wide * factor)
                    .clamp(-largest, largest)
                    .to_kind(format)
                    .to_kind(Kind::Float);
                let straight = got.straight.to_kind(Kind::Float);
                let steps = if format == Kind::Float8e4m3fn {
                    0.07
                } else {
                    0.14
                };
                let differ = (&straight - &want)
                    .abs()
                    .gt_tensor(&(want.abs() * steps + 1e-30));
                assert_eq!(
                    differ.any().int64_value(&[]),
                    0,
                    "{rows} {columns} {format:?}"
                );
                // The reciprocal of a reciprocal rounds: at most a number in a thousand may be its neighbour.
                let other = straight.ne_tensor(&want).sum(Kind::Int64).int64_value(&[]);
                assert!(
                    other <= 1 + rows * columns / 1000,
                    "{other} of {rows} {columns} differ"
                );
                let turned = got.transposed.unwrap().to_kind(Kind::Float);
                assert_eq!(turned.size(), [columns, rows]);
                assert_eq!(
                    turned.ne_tensor(&straight.tr()).any().int64_value(&[]),
                    0,
                    "{rows} {columns}"
                );
            }
        }
        let zeros = Tensor::zeros([3, 5], (self.kind, self.device));
        let got = self.on.fp8(&zeros, Kind::Float8e4m3fn, false).unwrap();
        assert_eq!(
            got.straight
                .to_kind(Kind::Float)
                .abs()
                .max()
                .double_value(&[]),
            0.0
        );
    }
}
