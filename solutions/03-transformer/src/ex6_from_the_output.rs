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
//! ## Hint 1
//!
//! Write down f′(x), and look for x in it. For the softcap: which part of z is the tanh? For relu²: which positive x gave this
//! y?
//!
//! ## Hint 2
//!
//! The derivative of tanh is 1 − tanh², and z/c *is* the tanh. The softmax is no function of one number. With p = softmax(x),
//! ∂p[i]/∂x[j] = p[i] · (1 if i = j, else 0) − p[i] · p[j]. Multiply by g[i] and sum over i.
//!
//! ## Hint 3
//!
//! Softcap: g · (1 − (z/c)²). relu²: g · 2√y, which is 0 where y is. Softmax: p · (g − Σ p·g), the sum over the last dimension,
//! kept as a dimension of size 1.
//!
//! ## Notes
//!
//! Look at the softcap's gradient as z nears ±c: it goes to 0, and with it the pull to make a confident logit larger still.
//! That is what the cap is for. In bf16 a z near 15 is rounded to multiples of 1/16 or so, and 1 − (z/c)² loses most of its
//! digits: one more reason to compute the head in fp32.
//!
//! The product that follows relu² keeps y anyway, because the gradient of its weight needs it. So a relu² that goes back from y
//! holds one (B, T, 4C) tensor per block where plain autograd holds two: relu(x), for the square, and y.

use tch::Tensor;

/// From z = softcap · tanh(x / softcap) and the gradient with respect to it, the gradient with respect to x.
pub fn softcap_backward(z: &Tensor, gradient: &Tensor, softcap: f64) -> Tensor {
    let tanh = z / softcap;
    gradient * (1.0 - tanh.square())
}

/// From y = max(x, 0)² and the gradient with respect to it, the gradient with respect to x.
pub fn relu_squared_backward(y: &Tensor, gradient: &Tensor) -> Tensor {
    gradient * y.sqrt() * 2.0
}

/// From p = softmax(x) over the last dimension and the gradient with respect to it, the gradient with respect to x.
pub fn softmax_backward(p: &Tensor, gradient: &Tensor) -> Tensor {
    let along = (p * gradient).sum_dim_intlist(-1, true, p.kind()); // (…, n) -> (…, 1)
    p * (gradient - along)
}
