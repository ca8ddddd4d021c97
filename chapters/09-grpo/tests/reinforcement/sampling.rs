//! Rollouts: what the judge reads, what is trained, and that batching changes nothing.

use super::*;

/// Plays back one answer for every prompt.
struct Script(Sample);

impl Sampler for Script {
    fn sample(
        &mut self,
        prompts: &[Prompt],
        _: Option<&mut dyn Tool>,
        _: &mut dyn FnMut(&Added<'_>) -> ControlFlow<()>,
    ) -> Result<Vec<Sample>, transformer::Error> {
        Ok(vec![self.0.clone(); prompts.len()])
    }
}

#[test]
fn a_tools_output_is_read_by_the_judge_and_never_trained() {
    let tokenizer = sums::tokenizer();
    let gpt = Gpt::new(&lessons::config(&tokenizer).unwrap(), tch::Device::Cpu, 1).unwrap();
    let special = |which| tokenizer.special(which);
    let mut ids = vec![special(Special::PythonStart)];
    tokenizer.encode_into("3+4", &mut ids);
    ids.extend([special(Special::PythonEnd), special(Special::OutputStart)]);
    tokenizer.encode_into("7", &mut ids);
    ids.push(special(Special::OutputEnd));
    tokenizer.encode_into("7", &mut ids);
    let script = Sample {
        mask: vec![1, 1, 1, 1, 1, 0, 0, 0, 1],
        log_probabilities: vec![-0.5, -0.5, -0.5, -0.5, -0.5, 0.0, 0.0, 0.0, -0.5],
        stop: StopReason::Token(special(Special::AssistantEnd)),
        ids,
    };
    let make_sampler = |_| Box::new(Script(script.clone())) as Box<dyn Sampler>;
    for (train_stop, trained) in [(false, 6), (true, 7)] {
        let settings = GrpoSettings {
            train_stop,
            ..GrpoSettings::default()
        };
        let rollouts = rollouts(&gpt, &make_sampler, &tokenizer, &settings);
        let mut prompts = Prompts::new(&sums::Sums, &tokenizer, 32, 3, 0).unwrap();
        let draw = loop {
            let draw = prompts.draw().unwrap();
            if draw.question == 34 {
                break draw;
            }
        };
        let groups = rollouts
            .collect(&sums::Sums, &[draw], 2, &|_, s| s, &Interrupt::never())
            .unwrap()
            .unwrap();
        let rollout = &groups[0].rollouts[0];
        assert_eq!(rollout.reward, 1.0);
        assert!(rollout.finished && rollout.called_tool);
        assert_eq!(sums::shown(&rollout.text), "«3+4»→7│7");
        assert_eq!((rollout.length(), rollout.trained()), (9, trained));
        assert_eq!(rollout.ids.len(), rollout.mask.len());
        let answer = &rollout.mask[rollout.prompt_length..];
        assert_eq!(answer[..9], script.mask[..]);
        assert!(
            rollout.mask[..rollout.prompt_length]
                .iter()
                .all(|&m| m == 0)
        );
    }
}

#[test]
fn all_rows_together_give_the_naive_samplers_tokens() {
    let tokenizer = sums::tokenizer();
    let gpt = lessons::taught(&tokenizer, 4, 10, 16).unwrap();
    let prompts: Vec<Prompt> = (0..24)
        .map(|row| Prompt {
            ids: [
                vec![tokenizer.special(Special::Bos)],
                tokenizer.encode(&"12+3"[..row % 5]),
            ]
            .concat(),
            // No top k: after ten steps many tokens are equally unlikely, and which of them is the thirtieth is up to rounding.
            settings: Sampling {
                max_tokens: 4 + row,
                stop: vec![tokenizer.special(Special::AssistantEnd)],
                ..Sampling::default()
            },
            seed: row as u64,
        })
        .collect();
    let sample = |sampler: &mut dyn Sampler| {
        let mut tool = sums::Adder::new(&tokenizer);
        let mut heard = 0;
        let samples = sampler
            .sample(&prompts, Some(&mut tool), &mut |_| {
                heard += 1;
                ControlFlow::Continue(())
            })
            .unwrap();
        assert_eq!(heard, samples.iter().map(|s| s.ids.len()).sum::<usize>());
        samples
    };
    let together = sample(&mut TogetherSampler::new(&gpt, &Plain));
    let naive = sample(&mut NaiveSampler::new(&gpt, &Plain));
    for (ours, theirs) in together.iter().zip(&naive) {
        assert_eq!(
            (&ours.ids, &ours.mask, ours.stop),
            (&theirs.ids, &theirs.mask, theirs.stop)
        );
        let off = ours.log_probabilities.iter().zip(&theirs.log_probabilities);
        assert!(off.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max) < 1e-5);
    }
}

#[test]
fn rollouts_do_not_depend_on_how_many_rows_are_sampled_at_once() {
    let tokenizer = sums::tokenizer();
    let gpt = lessons::taught(&tokenizer, 2, 10, 16).unwrap();
    let make_sampler = |gpt| Box::new(NaiveSampler::new(gpt, &Plain)) as Box<dyn Sampler>;
    let of = |rollout_rows| {
        let settings = GrpoSettings {
            rollout_rows,
            max_tokens: 5,
            ..GrpoSettings::default()
        };
        let mut prompts = Prompts::new(&sums::Sums, &tokenizer, 32, 3, 0).unwrap();
        let draws: Vec<Draw> = (0..3).map(|_| prompts.draw().unwrap()).collect();
        rollouts(&gpt, &make_sampler, &tokenizer, &settings)
            .collect(
                &sums::Sums,
                &draws,
                3,
                &|d, s| 100 * d + s,
                &Interrupt::never(),
            )
            .unwrap()
            .unwrap()
    };
    assert_eq!(of(1), of(9));
}
