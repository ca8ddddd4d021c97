//! The loss, in chunks of rows.

use hopper::cuda::launch::Launch;
use tch::{Kind, Tensor};
use transformer::{Kernels, Plain};

use super::Check;

impl<L: Launch> Check<L> {
    pub fn head_loss(&self) {
        for (rows, width, vocabulary, chunk) in [
            (1, 3, 2, 5),
            (7, 5, 37, 3),
            (6, 8, 256, 6),
            (5, 16, 1003, 2),
            (4, 8, 4096, 64),
        ] {
            let x = self.random(&[1, rows, width]) * 3.0;
            let head = self.random(&[vocabulary, width]);
            let mut targets: Vec<i64> = (0..rows).map(|row| (row * 31 + 1) % vocabulary).collect();
            if rows == 1 {
                // The least likely one: alone, the loss of a likely one may be as small as the rounding of its logit.
                let logits = x.linear(&head, None::<&Tensor>);
                targets[0] = logits.argmin(-1, false).int64_value(&[0, 0]);
            }
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
}
