//! What can go wrong while learning from rewards, and what to do about it.

// ANCHOR: error
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{setting} is {value}; {remedy}")]
    Setting {
        setting: &'static str,
        value: String,
        remedy: &'static str,
    },
    #[error("the task `{task}` has no questions; give it some, or leave this stage out")]
    EmptyTask { task: String },
    #[error(
        "none of the {prompts} prompts of `{task}` leaves room for an answer within the model's context of {context} \
         tokens; use a model with a longer context, or shorter questions"
    )]
    NoRoom {
        task: String,
        prompts: usize,
        context: usize,
    },
    #[error(
        "`{task}` rewards an answer to question {question} with {reward}; a reward must be a finite number: mend the \
         task's `reward`"
    )]
    Reward {
        task: String,
        question: usize,
        reward: f64,
    },
    #[error(
        "the advantage function returned {found} numbers for a group of {expected} rewards, or one that is not finite; \
         it must return one finite number per reward"
    )]
    Advantages { expected: usize, found: usize },
    #[error("pass@k of {samples} samples was asked for; at least 1 sample per question is needed")]
    NoSamples { samples: usize },
    #[error(transparent)]
    Task(#[from] evals::Error),
    #[error(transparent)]
    Render(#[from] sft::Error),
    #[error(transparent)]
    Train(#[from] pretrain::Error),
    #[error(transparent)]
    Model(#[from] transformer::Error),
    #[error(transparent)]
    Optimizer(#[from] muon::Error),
}
// ANCHOR_END: error
