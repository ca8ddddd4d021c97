"""Loads a folder that we saved with transformers and compares the logits.

    cargo run --bin transformer -- --save /tmp/nanocrab-model
    pip install transformers==5.23.0 torch==2.11.0 safetensors
    python chapters/03-transformer/tests/transformers_roundtrip.py /tmp/nanocrab-model

Not part of `cargo test`, because it needs Python with transformers.
"""

import sys
from pathlib import Path

import torch
import transformers
from safetensors.torch import load_file

LIMIT = 5e-5

folder = Path(sys.argv[1])
expected = load_file(folder / "expected.safetensors")
model, report = transformers.AutoModelForCausalLM.from_pretrained(
    folder, dtype=torch.float32, output_loading_info=True
)
model.eval()
with torch.no_grad():
    logits = model(expected["input_ids"]).logits

difference = (logits - expected["logits"]).abs().max().item()
print(f"transformers {transformers.__version__}, torch {torch.__version__}: {type(model).__name__}")
print(f"parameters       {sum(p.numel() for p in model.parameters()):,}")
for what in ["missing_keys", "unexpected_keys", "mismatched_keys"]:
    print(f"{what:<16} {len(report[what])}")
print(f"logits           {tuple(logits.shape)}, largest {logits.abs().max().item():.4f}")
print(f"max difference   {difference:.2e} (limit {LIMIT:g})")
if difference > LIMIT or any(report[what] for what in ["missing_keys", "unexpected_keys", "mismatched_keys"]):
    sys.exit("DIFFERENT")
print("equal")
