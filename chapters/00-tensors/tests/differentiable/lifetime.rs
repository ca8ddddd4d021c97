//! How long a closure lives, and where it runs.

use super::*;

#[test]
fn a_chain_of_a_hundred_thousand_steps_is_released_without_overflowing_the_stack() {
    let x = Tensor::from(1.0f64).set_requires_grad(true);
    let mut y = x.shallow_clone();
    for _ in 0..100_000 {
        y = differentiable(
            &[&y],
            |y| Forward {
                outputs: vec![y[0].copy()],
                saved: vec![],
            },
            |_, gradients| {
                gradients
                    .iter()
                    .map(|gradient| gradient.as_ref().map(Tensor::shallow_clone))
                    .collect()
            },
        )
        .unwrap()
        .remove(0);
    }
    y.backward();
    assert_eq!(x.grad().double_value(&[]), 1.0);
}

/// Something that tells when the backward closure is dropped.
struct Bell(Arc<AtomicUsize>);

impl Drop for Bell {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn the_closure_is_dropped_exactly_once_with_a_backward_pass_or_without() {
    let x = numbers(&[3], 1).set_requires_grad(true);
    // The closure even captures the operation's own output, which must not keep itself alive.
    let operation = |x: &Tensor, drops: &Arc<AtomicUsize>| {
        let bell = Bell(drops.clone());
        let kept = x.detach().exp();
        let output = kept.shallow_clone();
        differentiable(
            &[x],
            |_| Forward {
                outputs: vec![output],
                saved: vec![],
            },
            move |_, gradients| {
                let _ring = &bell;
                vec![gradients[0].as_ref().map(|gradient| gradient * &kept)]
            },
        )
        .unwrap()
        .remove(0)
    };
    let drops = Arc::new(AtomicUsize::new(0));
    let y = operation(&x, &drops);
    assert_eq!(drops.load(Ordering::SeqCst), 0);
    let loss = y.sum(Kind::Double);
    loss.backward();
    assert_eq!(
        drops.load(Ordering::SeqCst),
        1,
        "after the backward pass, though the graph is still held"
    );
    drop((y, loss));
    assert_eq!(drops.load(Ordering::SeqCst), 1);
    drop(operation(&x, &drops));
    assert_eq!(drops.load(Ordering::SeqCst), 2, "when the output goes");
    tch::no_grad(|| drop(operation(&x, &drops)));
    assert_eq!(drops.load(Ordering::SeqCst), 3, "when nothing is recorded");
}

#[test]
fn the_backward_pass_may_run_on_another_thread() {
    let x = numbers(&[3], 1).set_requires_grad(true);
    let loss = two_outputs(&x, Arc::default())[0].sum(Kind::Double);
    let x = std::thread::spawn(move || {
        loss.backward();
        x
    })
    .join()
    .unwrap();
    assert!(x.grad().equal(&Tensor::ones([3], FP64)));
}
