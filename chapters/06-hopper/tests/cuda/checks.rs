//! Every operation against its plain twin, forward and every gradient, at sizes that are no multiple of anything. Run with the
//! emulator, and with a GPU where there is one.

use hopper::cuda::Operations;
use hopper::cuda::launch::Launch;
use muon::{AdamWStep, PlainUpdates, Updates};
use tch::{Device, Kind, Tensor};
use transformer::{Kernels, Plain};

/// Where and in which kind a check runs, and how near it has to come.
pub struct Check<L> {
    pub on: Operations<L>,
    pub device: Device,
    pub kind: Kind,
}

const EPS: f64 = 1.1920929e-7;

impl<L: Launch> Check<L> {
    fn tolerance(&self) -> f64 {
        if self.kind == Kind::Float { 1e-5 } else { 1e-2 }
    }

    fn random(&self, size: &[i64]) -> Tensor {
        Tensor::randn(size, (Kind::Float, Device::Cpu))
            .to_kind(self.kind)
            .to_device(self.device)
    }

    /// Not at the beginning of its memory: no access of 16 bytes fits.
    fn shifted(&self, size: &[i64]) -> Tensor {
        let total: i64 = size.iter().product();
        self.random(&[total + 1]).narrow(0, 1, total).view(size)
    }

    /// Both ways from the same inputs: results and gradients by all inputs, the plain one in fp32.
    fn compare(
        &self,
        what: &str,
        inputs: &[Tensor],
        fused: impl Fn(&[Tensor]) -> Vec<Tensor>,
        plain: impl Fn(&[Tensor]) -> Vec<Tensor>,
    ) {
        let leaves = |kind: Option<Kind>| -> Vec<Tensor> {
            inputs
                .iter()
                .map(|input| {
                    let input =
                        kind.map_or_else(|| input.shallow_clone(), |kind| input.to_kind(kind));
                    input.detach().set_requires_grad(true)
                })
                .collect()
        };
        let (ours, theirs) = (leaves(None), leaves(Some(Kind::Float)));
        let (got, want) = (fused(&ours), plain(&theirs));
        assert_eq!(got.len(), want.len());
        let (mut ours_loss, mut theirs_loss) = (None, None);
        for (number, (got, want)) in got.iter().zip(&want).enumerate() {
            self.near(&format!("{what}, output {number}"), got, want);
            let weight =
                Tensor::randn(want.size(), (Kind::Float, Device::Cpu)).to_device(self.device);
            let add = |loss: Option<Tensor>, output: &Tensor| {
                let part = (output.to_kind(Kind::Float) * &weight).sum(Kind::Float);
                Some(loss.map_or(part.shallow_clone(), |loss| loss + &part))
            };
            ours_loss = add(ours_loss, got);
            theirs_loss = add(theirs_loss, want);
        }
        ours_loss.unwrap().backward();
        theirs_loss.unwrap().backward();
        for (number, (ours, theirs)) in ours.iter().zip(&theirs).enumerate() {
            assert!(
                ours.grad().defined(),
                "{what}: no gradient by input {number}"
            );
            self.near(
                &format!("{what}, gradient by input {number}"),
                &ours.grad(),
                &theirs.grad(),
            );
        }
    }

    fn near(&self, what: &str, got: &Tensor, want: &Tensor) {
        assert_eq!(got.size(), want.size(), "{what}");
        let largest = want.abs().max().double_value(&[]).max(1e-20);
        let error = (got.to_kind(Kind::Double) - want.to_kind(Kind::Double))
            .abs()
            .max()
            .double_value(&[]);
        assert!(
            error / largest <= self.tolerance(),
            "{what}: {error:e} off, of {largest:e}"
        );
    }

    pub fn rms_norm(&self) {
        for size in [
            vec![1, 2],
            vec![5, 7],
            vec![3, 2, 8],
            vec![9, 129],
            vec![2, 64],
            vec![3, 1280],
            vec![1, 300],
        ] {
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
            (1, 1, 1, 1, 1),
            (2, 5, 3, 8, 1),
            (3, 4, 2, 5, 3),
            (2, 3, 1, 64, 2),
            (1, 7, 2, 300, 1),
            (2, 2, 3, 24, 1),
        ] {
            let angles = Tensor::randn([tables, time, 1, half], (Kind::Float, Device::Cpu))
                .to_device(self.device);
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

    pub fn head_loss(&self) {
        for (rows, width, vocabulary, chunk) in [
            (1, 3, 2, 5),
            (7, 5, 37, 3),
            (6, 8, 256, 6),
            (5, 16, 1003, 2),
            (4, 8, 4096, 64),
        ] {
            let mut targets: Vec<i64> = (0..rows).map(|row| (row * 31 + 1) % vocabulary).collect();
            if rows > 3 {
                targets[2] = -1; // and the last row has the last column
                targets[rows as usize - 1] = vocabulary - 1;
            }
            let targets = Tensor::from_slice(&targets)
                .view([1, rows])
                .to_device(self.device);
            let what = format!(
                "head_loss of {rows} rows, width {width}, {vocabulary} columns, by {chunk}"
            );
            let x = self.random(&[1, rows, width]) * 3.0;
            let head = self.random(&[vocabulary, width]);
            self.compare(
                &what,
                &[x.shallow_clone(), head.shallow_clone()],
                |x| {
                    vec![
                        self.on
                            .head_loss_in_chunks(&x[0], &x[1], &targets, 15.0, chunk)
                            .unwrap()
                            .sum,
                    ]
                },
                |x| vec![Plain.head_loss(&x[0], &x[1], &targets, 15.0).sum],
            );
            let _unrecorded = tch::no_grad_guard();
            let got = self
                .on
                .head_loss_in_chunks(&x, &head, &targets, 15.0, chunk)
                .unwrap();
            let wide = |x: &Tensor| x.to_kind(Kind::Float);
            let want = Plain.head_loss(&wide(&x), &wide(&head), &targets, 15.0);
            self.near(
                &format!("{what}, per token"),
                &got.per_token,
                &want.per_token,
            );
            assert_eq!(got.count.int64_value(&[]), want.count.int64_value(&[]));
        }
    }

    pub fn head_loss_at_extremes(&self) {
        // A cap so large that exp of a logit alone would overflow, and a target that is no column.
        let x = Tensor::from_slice(&[300.0f32, -300.0, 200.0])
            .view([1, 3, 1])
            .to_kind(self.kind)
            .to_device(self.device);
        let head = Tensor::from_slice(&[1.0f32, -1.0, 0.5])
            .view([3, 1])
            .to_kind(self.kind)
            .to_device(self.device);
        let targets = Tensor::from_slice(&[0i64, 2, 3])
            .view([1, 3])
            .to_device(self.device);
        let loss = self
            .on
            .head_loss_in_chunks(&x, &head, &targets, 1e4, 2)
            .unwrap();
        let per_token = Vec::<f32>::try_from(loss.per_token.view(-1)).unwrap();
        let wide = |x: &Tensor| x.to_kind(Kind::Float);
        let targets = Tensor::from_slice(&[0i64, 2, 0])
            .view([1, 3])
            .to_device(self.device);
        let want = Plain
            .head_loss(&wide(&x), &wide(&head), &targets, 1e4)
            .per_token;
        let want = Vec::<f32>::try_from(want.view(-1)).unwrap();
        assert!(
            (per_token[0] - want[0]).abs() < 1e-2 && (per_token[1] / want[1] - 1.0).abs() < 1e-2,
            "{per_token:?} {want:?}"
        );
        assert!(per_token[2].is_nan(), "{per_token:?}");
    }

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
                if self.kind != Kind::Float {
                    theirs = [&ours[0], &ours[1], &ours[2]].map(wide); // compared step by step: rounding adds up
                    continue;
                }
                for (number, (got, want)) in ours.iter().zip(&theirs).enumerate() {
                    self.near(&format!("adamw of {total}, tensor {number}"), got, want);
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

    pub fn all(&self) {
        self.rms_norm();
        self.add_norm();
        self.rope_qk_norm();
        self.relu_squared();
        self.mix();
        self.add_gated();
        self.head_loss();
        self.head_loss_at_extremes();
        self.adamw();
        self.muon();
        self.fp8();
    }
}
