//! Measuring: ceilings, operations, steps, traces.
