// ANCHOR: head
//! Steps that must not be taken: a loss or gradient that is no number, a loss far above what it was.
//!
//! A rare batch, a bit that flipped in the machine's memory or a rate that is too high look the same at first. The first two
//! pass if the step is left out; the last comes back, and a run that leaves out step after step has stopped learning without
//! saying so. So what to do is a choice, each time is in the log, and there is a limit.

use crate::Error;
use crate::checkpoint::TrainState;
// ANCHOR_END: head

// ANCHOR: choice
#[derive(Debug, Clone, PartialEq)]
pub struct OnTrouble {
    /// A loss or a gradient that is no finite number.
    pub not_finite: Reaction,
    /// How far above its running mean a loss is a spike; `None`: none is.
    pub spike: Option<Spike>,
    /// Skipped steps and ways back in one run, before it stops all the same.
    pub most: u64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spike {
    /// Times the running mean.
    pub factor: f64,
    /// Steps before which nothing is a spike: in the beginning, the loss moves a lot.
    pub after: u64,
    pub reaction: Reaction,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reaction {
    Stop,
    /// The step counts, its rows are used up, and the weights stay as they are.
    Skip,
    /// Weights and buffers go back to the last checkpoint; the rows read since are not read again.
    GoBack,
}

impl Default for OnTrouble {
    fn default() -> Self {
        OnTrouble {
            not_finite: Reaction::Stop,
            spike: None,
            most: 10,
        }
    }
}
// ANCHOR_END: choice

// ANCHOR: judge
impl OnTrouble {
    /// What is wrong with a step, before the weights are touched: the reason as an error, and what is to be done.
    ///
    /// A function of the state and the batch alone, so that a resumed run decides as the undisturbed one did.
    pub fn judge(
        &self,
        state: &TrainState,
        loss: f64,
        norm: Option<f64>,
    ) -> Option<(Error, Reaction)> {
        let (stage, step) = (state.stage.clone(), state.step);
        // A finite loss can have an infinite gradient, and one step with it makes every weight NaN.
        for (what, value) in [("loss", Some(loss)), ("gradient's norm", norm)] {
            if let Some(value) = value.filter(|value| !value.is_finite()) {
                let error = Error::NotFinite {
                    what,
                    stage,
                    step,
                    value,
                };
                return self.limited(state, error, self.not_finite);
            }
        }
        let spike = self.spike?;
        let mean = state.smooth_loss;
        if step < spike.after || loss <= spike.factor * mean {
            return None;
        }
        let error = Error::Spike {
            stage,
            step,
            loss,
            mean,
        };
        self.limited(state, error, spike.reaction)
    }

    fn limited(
        &self,
        state: &TrainState,
        error: Error,
        reaction: Reaction,
    ) -> Option<(Error, Reaction)> {
        if reaction == Reaction::Stop || state.troubles < self.most {
            return Some((error, reaction));
        }
        let error = Error::TooManyTroubles {
            stage: state.stage.clone(),
            troubles: state.troubles,
            last: error.to_string(),
        };
        Some((error, Reaction::Stop))
    }
}
// ANCHOR_END: judge
