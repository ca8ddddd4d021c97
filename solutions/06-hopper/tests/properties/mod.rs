//! What must be true of an answer, exercise by exercise. Each file has a table of functions, to be filled from an
//! implementation, and the list of sentences that are tried on it.

pub mod arrays;
pub mod ex10_relu_squared;
pub mod ex1_first_green;
pub mod ex2_step_on_paper;
pub mod ex3_add_norm;
pub mod ex4_turning_back;
pub mod ex5_online_softmax;
pub mod ex6_loss_on_the_way;
pub mod ex7_bf16_bugs;
pub mod ex8_by_chance;
pub mod ex9_fusion_plan;
