// ANCHOR: head
//! Two naming schemes for the same tensors: transformers' (used in our files) and nanochat's own `state_dict`.
// ANCHOR_END: head

// ANCHOR: names
/// Parts of a block: nanochat's name, transformers' name.
const PARTS: [(&str, &str); 6] = [
    ("attn.c_q", "self_attn.q_proj"),
    ("attn.c_k", "self_attn.k_proj"),
    ("attn.c_v", "self_attn.v_proj"),
    ("attn.c_proj", "self_attn.o_proj"),
    ("mlp.c_fc", "mlp.fc1"),
    ("mlp.c_proj", "mlp.fc2"),
];
const TABLE: (&str, &str) = ("transformer.wte.weight", "model.embed_tokens.weight");
const HEAD: &str = "lm_head.weight"; // the same in both

/// `transformer.h.3.attn.c_q.weight` -> `model.layers.3.self_attn.q_proj.weight`; `None` if it is no name of nanochat's
/// October 2025 model.
pub fn from_nanochat(name: &str) -> Option<String> {
    if name == HEAD {
        return Some(name.to_string());
    }
    if name == TABLE.0 {
        return Some(TABLE.1.to_string());
    }
    let (layer, part) = name
        .strip_prefix("transformer.h.")?
        .strip_suffix(".weight")?
        .split_once('.')?;
    let layer: u32 = layer.parse().ok()?;
    let (_, ours) = PARTS.iter().find(|(theirs, _)| *theirs == part)?;
    Some(format!("model.layers.{layer}.{ours}.weight"))
}

/// The way back.
pub fn to_nanochat(name: &str) -> Option<String> {
    if name == HEAD {
        return Some(name.to_string());
    }
    if name == TABLE.1 {
        return Some(TABLE.0.to_string());
    }
    let (layer, part) = name
        .strip_prefix("model.layers.")?
        .strip_suffix(".weight")?
        .split_once('.')?;
    let layer: u32 = layer.parse().ok()?;
    let (theirs, _) = PARTS.iter().find(|(_, ours)| *ours == part)?;
    Some(format!("transformer.h.{layer}.{theirs}.weight"))
}
// ANCHOR_END: names
