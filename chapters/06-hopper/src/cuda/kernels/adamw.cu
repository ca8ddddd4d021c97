// AdamW: decoupled decay, both moments, the step. Reads four arrays and writes three, once each.
//
// What depends on the step alone comes from outside, computed in double: `rate` is lr / (1 - beta1^t), `correction` is sqrt(1 - beta2^t).

// ANCHOR: adamw
extern "C" __global__ void adamw(T* weight, const T* gradient, T* first, T* second, long long total, float keep,
                                 float one_minus_beta1, float beta2, float one_minus_beta2, float rate, float correction,
                                 float eps) {
  for (long long at = first_place(); at < total; at += stride()) {
    const long long left = total - at;
    const Pack g = load(gradient + at, left);
    Pack w = load(weight + at, left), m = load(first + at, left), v = load(second + at, left);
    for (int i = 0; i < W; ++i) {
      m.at[i] += one_minus_beta1 * (g.at[i] - m.at[i]);
      v.at[i] = beta2 * v.at[i] + one_minus_beta2 * g.at[i] * g.at[i];
      w.at[i] = keep * w.at[i] - rate * m.at[i] / (sqrtf(v.at[i]) / correction + eps);
    }
    store(w, weight + at, left);
    store(m, first + at, left);
    store(v, second + at, left);
  }
}
// ANCHOR_END: adamw
