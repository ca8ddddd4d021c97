//! # Backward from the output alone
//!
//! Goal: write three gradients that never look at the input again.
//!
//! Minutes: 25. Difficulty: 2 of 5.
//!
//! The backward pass of y = f(x) multiplies the gradient that arrives by f′(x). So x has to be kept from the forward pass until
//! then, and what is kept is most of the memory of training. But often y is kept anyway, because the next operation needs it,
//! and often f′(x) can be said in terms of y. Then x can go.
//!
//! Three times in this chapter it can: for the softcap z = c · tanh(x/c), for relu² y = max(x, 0)², and for the softmax. Write
//! the gradient with respect to x from the output and the gradient g with respect to it. For the softmax that is dx[j] = Σ over
//! i of g[i] · ∂p[i]/∂x[j]: each x moves every p. Where y is 0, relu²'s gradient is 0.
//!
//! Help: `cargo course hint 03.6`. Judge it: `cargo course check 03.6`.

use tch::Tensor;

/// From z = softcap · tanh(x / softcap) and the gradient with respect to it, the gradient with respect to x.
pub fn softcap_backward(z: &Tensor, gradient: &Tensor, softcap: f64) -> Tensor {
    let _ = (z, gradient, softcap); // delete this line
    todo!("exercise 03.6")
}

/// From y = max(x, 0)² and the gradient with respect to it, the gradient with respect to x.
pub fn relu_squared_backward(y: &Tensor, gradient: &Tensor) -> Tensor {
    let _ = (y, gradient); // delete this line
    todo!("exercise 03.6")
}

/// From p = softmax(x) over the last dimension and the gradient with respect to it, the gradient with respect to x.
pub fn softmax_backward(p: &Tensor, gradient: &Tensor) -> Tensor {
    let _ = (p, gradient); // delete this line
    todo!("exercise 03.6")
}
