"""One training step of the seed architecture in PyTorch: what chapter 06 is measured against.

    python torch_step.py --depth 4 --width 256 --heads 4 --vocab 4096 --time 512 --rows 8 --steps 12 [--compile]

The model is chapter 03's and the optimizers are chapter 04's, written as somebody would write them in PyTorch who wants
them fast and has no kernels of his own: operations of the library, matrices of one shape orthogonalised together, and
with --compile everything given to torch.compile. The last line printed is a JSON object; its numbers are named as in
`nanocrab bench train --brief`. Letters: B rows, T time, C width, H heads, D head width, V vocabulary.
"""

import argparse
import collections
import json
import resource
import statistics
import sys
import time

try:
    import torch
except ImportError:
    sys.exit("this Python has no torch: python -m pip install torch==2.11.0")
from torch import nn
from torch.nn import functional as F

SOFTCAP = 15.0


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("depth", "width", "heads", "vocab", "time", "rows"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--threads", type=int, default=0, help="0: PyTorch decides")
    parser.add_argument("--clip", type=float, default=0.0, help="scale gradients down to this norm; 0: do not")
    parser.add_argument("--compile", action="store_true")
    return parser.parse_args()


def rms(x):
    return F.rms_norm(x, x.shape[-1:])


class Cast(nn.Linear):
    """A linear layer without bias whose fp32 weight takes the activation's type where it is used."""

    def __init__(self, inner, out):
        super().__init__(inner, out, bias=False)

    def forward(self, x):
        return F.linear(x, self.weight.to(x.dtype))


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value = (Cast(width, width) for _ in range(3))
        self.output = Cast(width, width)
        self.up, self.down = Cast(width, 4 * width), Cast(4 * width, width)
        for layer in (self.output, self.down):
            nn.init.zeros_(layer.weight)

    def turned(self, x, cos, sin):  # (B, T, C) -> (B, H, T, D)
        x = x.unflatten(-1, (self.heads, -1))  # (B, T, C) -> (B, T, H, D)
        first, second = x.tensor_split(2, dim=-1)
        x = torch.cat((cos * first + sin * second, cos * second - sin * first), dim=-1)
        return rms(x).transpose(1, 2)

    def forward(self, x, cos, sin):  # (B, T, C) -> (B, T, C)
        y = rms(x)
        values = self.value(y).unflatten(-1, (self.heads, -1)).transpose(1, 2)
        queries, keys = self.turned(self.query(y), cos, sin), self.turned(self.key(y), cos, sin)
        y = F.scaled_dot_product_attention(queries, keys, values, is_causal=True)
        x = x + self.output(y.transpose(1, 2).flatten(-2))
        return x + self.down(self.up(rms(x)).relu().square())


class Model(nn.Module):
    def __init__(self, a, compute):
        super().__init__()
        self.compute = compute
        self.embedding = nn.Embedding(a.vocab, a.width)
        self.blocks = nn.ModuleList(Block(a.width, a.heads) for _ in range(a.depth))
        self.head = Cast(a.width, a.vocab)
        half = a.width // a.heads // 2
        frequency = torch.exp(-torch.arange(half) / half * torch.log(torch.tensor(10000.0)))
        angle = torch.arange(a.time)[:, None, None] * frequency  # (T, 1, D/2)
        self.register_buffer("cos", angle.cos().to(compute))
        self.register_buffer("sin", angle.sin().to(compute))

    def forward(self, ids, targets):  # (B, T), (B, T) -> ()
        x = rms(self.embedding(ids).to(self.compute))
        for block in self.blocks:
            x = block(x, self.cos, self.sin)
        logits = self.head(rms(x)).float()  # (B, T, V)
        logits = SOFTCAP * torch.tanh(logits / SOFTCAP)
        return F.cross_entropy(logits.flatten(0, 1), targets.flatten())


def orthogonal(x, compute):  # (N, rows, columns): Newton-Schulz, five rounds, on the short side
    wide = x.mT if x.shape[-2] > x.shape[-1] else x
    wide = wide.to(compute)
    wide = wide / (torch.linalg.matrix_norm(wide, keepdim=True) + 1e-7)
    for _ in range(5):
        gram = wide @ wide.mT
        wide = 3.4445 * wide + (2.0315 * (gram @ gram) - 4.7750 * gram) @ wide
    wide = wide.to(x.dtype)
    return wide.mT if x.shape[-2] > x.shape[-1] else wide


def muon(weights, gradients, momentum, lr, compute):
    gradient = torch.stack(gradients)
    momentum.lerp_(gradient, 0.05)
    update = orthogonal(gradient.lerp(momentum, 0.95), compute)
    lr = lr * max(1.0, update.shape[-2] / update.shape[-1]) ** 0.5
    for weight, step in zip(weights, update.unbind()):
        weight.sub_(step, alpha=lr)


def adamw(weight, gradient, first, second, lr, count):
    first.lerp_(gradient, 0.2)
    second.lerp_(gradient.square(), 0.05)
    scale = torch.sqrt(second / (1 - 0.95**count)) + 1e-10
    weight.sub_(first / (1 - 0.8**count) / scale * lr)


class Optimizer:
    def __init__(self, model, compiled, compute):
        self.muon = torch.compile(muon, dynamic=False) if compiled else muon
        self.adamw = torch.compile(adamw, dynamic=False) if compiled else adamw
        self.compute = compute
        scale = (model.head.weight.shape[1] / 768) ** -0.5
        tables = ((model.head.weight, 0.004 * scale), (model.embedding.weight, 0.2 * scale))
        self.tables = [(w, torch.zeros_like(w), torch.zeros_like(w), torch.tensor(lr)) for w, lr in tables]
        shapes = collections.defaultdict(list)
        for weight in model.blocks.parameters():
            shapes[weight.shape].append(weight)
        self.matrices = [(ws, torch.zeros(len(ws), *shape, device=ws[0].device)) for shape, ws in shapes.items()]
        self.count = torch.tensor(0.0)

    @torch.no_grad()
    def step(self):
        self.count += 1
        for weight, first, second, lr in self.tables:
            self.adamw(weight, weight.grad, first, second, lr, self.count)
        for weights, momentum in self.matrices:
            self.muon(weights, [w.grad for w in weights], momentum, 0.02, self.compute)


def products_gflops(a, device, compute, wait):
    """The step's own matrix products, forward and backward, one shape after another with nothing between them."""
    shapes = collections.Counter()
    shapes[a.width, a.width] += 4 * a.depth
    shapes[a.width, 4 * a.width] += a.depth
    shapes[4 * a.width, a.width] += a.depth
    shapes[a.width, a.vocab] += 1
    positions, seconds, flops = a.rows * a.time, 0.0, 0.0
    for (inner, out), times in shapes.items():
        x = torch.randn(positions, inner, device=device, dtype=compute)
        weight = torch.randn(out, inner, device=device, dtype=compute)
        gradient = torch.randn(positions, out, device=device, dtype=compute)
        runs = []
        for _ in range(5):
            wait()
            begin = time.perf_counter()
            x @ weight.mT, gradient @ weight, gradient.mT @ x
            wait()
            runs.append(time.perf_counter() - begin)
        seconds += times * statistics.median(runs)
        flops += times * 6 * positions * inner * out
    return flops / seconds / 1e9


def main():
    a = arguments()
    if a.threads:
        torch.set_num_threads(a.threads)
    torch.manual_seed(1)
    on_gpu = torch.cuda.is_available()
    device, compute = ("cuda", torch.bfloat16) if on_gpu else ("cpu", torch.float32)
    wait = torch.cuda.synchronize if on_gpu else lambda: None

    model = Model(a, compute).to(device)
    loss_of = torch.compile(model, dynamic=False) if a.compile else model
    optimizer = Optimizer(model, a.compile, compute)
    ids = torch.randint(a.vocab, (a.rows, a.time + 1), device=device)
    inputs, targets = ids[:, :-1].contiguous(), ids[:, 1:].contiguous()

    usage = lambda: resource.getrusage(resource.RUSAGE_SELF)
    seconds, faults, losses = [], [], []
    for _ in range(a.steps):
        wait()
        before, begin = usage().ru_minflt, time.perf_counter()
        model.zero_grad(set_to_none=True)
        loss = loss_of(inputs, targets)
        loss.backward()
        losses.append(loss.item())  # here, as chapter 05's loop reads it
        if a.clip:
            nn.utils.clip_grad_norm_(model.parameters(), a.clip)
        optimizer.step()
        wait()
        seconds.append(time.perf_counter() - begin)
        faults.append(usage().ru_minflt - before)
    warm = min(max(3, a.steps // 4), a.steps - 1)
    step = statistics.median(seconds[warm:])
    peak = torch.cuda.max_memory_allocated() if on_gpu else usage().ru_maxrss * 1024
    multiplied = sum(w.numel() for w in model.blocks.parameters()) + model.head.weight.numel()
    tokens, flops = a.rows * a.time, 6 * multiplied + 12 * a.depth * a.width * a.time
    print(json.dumps({
        "device": device,
        "mode": "compile" if a.compile else "eager",
        "tokens_per_second": tokens / step,
        "step_ms": 1e3 * step,
        "gflops": tokens * flops / step / 1e9,
        "products_gflops": products_gflops(a, device, compute, wait),
        "faults_per_step": statistics.median(faults[warm:]),
        "peak_mib": peak / 2**20,
        "first_loss": losses[0],
        "last_loss": losses[-1],
    }))


if __name__ == "__main__":
    main()
