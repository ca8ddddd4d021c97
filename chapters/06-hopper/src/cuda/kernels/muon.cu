// Muon's element-wise half: the momentum before the orthogonalisation, and the step after it.

// ANCHOR: momentum
// momentum += (1 - mu)(gradient - momentum); with Nesterov's look-ahead `ahead` = gradient + mu (momentum - gradient).
extern "C" __global__ void muon_momentum(T* momentum, const T* gradient, T* ahead, long long total, float mu,
                                         float one_minus_mu) {
  for (long long at = first_place(); at < total; at += stride()) {
    const long long left = total - at;
    const Pack g = load(gradient + at, left);
    Pack m = load(momentum + at, left);
    for (int i = 0; i < W; ++i) m.at[i] += one_minus_mu * (g.at[i] - m.at[i]);
    store(m, momentum + at, left);
    if (ahead) {
      for (int i = 0; i < W; ++i) m.at[i] = g.at[i] + mu * (m.at[i] - g.at[i]);
      store(m, ahead + at, left);
    }
  }
}
// ANCHOR_END: momentum

// ANCHOR: apply
// weight -= lr · update + decay · weight; cautious: a weight decays only where its update has its sign.
extern "C" __global__ void muon_apply(T* weight, const T* update, long long total, float lr, float decay, int cautious) {
  for (long long at = first_place(); at < total; at += stride()) {
    const long long left = total - at;
    const Pack u = load(update + at, left);
    Pack w = load(weight + at, left);
    for (int i = 0; i < W; ++i) {
      const bool decays = !cautious || u.at[i] * w.at[i] >= 0.0f;
      w.at[i] -= lr * u.at[i] + (decays ? decay * w.at[i] : 0.0f);
    }
    store(w, weight + at, left);
  }
}
// ANCHOR_END: apply
