// ANCHOR: head
// A node of autograd's graph whose backward pass is a Rust closure.
//
// Words: a *node* is one operation of the recorded graph; its *next edges* lead to the nodes (or leaves) that made the
// operation's inputs, and its *gradient edges* are what its outputs carry so that autograd finds the node again.
// During the backward pass the engine hands a node one gradient per output and expects one gradient per input.

#include <ATen/ATen.h>
#include <torch/csrc/autograd/functions/utils.h>
#include <torch/csrc/autograd/saved_variable.h>

#include <cstdlib>
#include <cstring>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using at::Tensor;
using torch::autograd::SavedVariable;
using torch::autograd::variable_list;
// ANCHOR_END: head

// ANCHOR: closure
// Rust's side. `backward` fills `results` with tensors that it gives away (null: no gradient) and returns null, or a
// message from malloc. It never unwinds: a Rust panic that crossed a C++ frame would be undefined behaviour.
struct Closure {
  void* data;
  char* (*backward)(void* data, Tensor** saved, size_t saved_count, Tensor** gradients, size_t gradient_count,
                    Tensor** results, size_t result_count);
  void (*release)(void* data);
};
// ANCHOR_END: closure

// ANCHOR: node
struct RustNode : torch::autograd::Node {
  Closure closure;
  std::vector<SavedVariable> saved;
  std::mutex one_at_a_time;  // the closure is Send, not Sync

  ~RustNode() override { drop_closure(); }

  std::string name() const override { return "DifferentiableInRust"; }

  void drop_closure() {
    if (closure.data) closure.release(closure.data);
    closure.data = nullptr;
  }

  // The engine calls this after `apply`, unless the graph is kept: the saved tensors' memory is free from here on.
  void release_variables() override {
    std::lock_guard<std::mutex> guard(one_at_a_time);
    saved.clear();
    drop_closure();
  }

  variable_list apply(variable_list&& gradients) override {
    std::lock_guard<std::mutex> guard(one_at_a_time);
    if (!closure.data)
      throw std::runtime_error("a differentiable operation's backward pass ran twice: keep the graph the first time");
    if (at::GradMode::is_enabled())
      throw std::runtime_error("a differentiable operation has no second derivative: its backward pass is not recorded");

    // `unpack` fails if a saved tensor was changed in place since the forward pass.
    variable_list unpacked;
    for (auto& variable : saved) unpacked.push_back(variable.unpack(shared_from_this()));

    std::vector<Tensor*> saved_pointers, gradient_pointers, results(num_outputs(), nullptr);
    for (auto& tensor : unpacked) saved_pointers.push_back(&tensor);
    for (auto& tensor : gradients) gradient_pointers.push_back(tensor.defined() ? &tensor : nullptr);

    char* message = closure.backward(closure.data, saved_pointers.data(), saved_pointers.size(),
                                     gradient_pointers.data(), gradient_pointers.size(), results.data(), results.size());
    if (message) {
      std::string text(message);
      std::free(message);
      throw std::runtime_error(text);
    }
    variable_list for_inputs(results.size());
    for (size_t i = 0; i < results.size(); ++i) {
      if (!results[i]) continue;
      if (task_should_compute_output(i)) for_inputs[i] = std::move(*results[i]);
      delete results[i];
    }
    return for_inputs;
  }
};
// ANCHOR_END: node

}  // namespace

// ANCHOR: attach
// Makes `outputs` (computed without recording) depend on `inputs` through a RustNode. Each output is replaced by a
// tensor of the same storage that carries the gradient edge, so that a closure which kept the original does not keep
// the node, and the node the closure, for ever. Owns `closure` in every case. Returns null or a message from malloc.
extern "C" char* nanocrab_differentiable(Tensor** inputs, size_t input_count, Tensor** outputs, size_t output_count,
                                         Tensor** saved, size_t saved_count, Closure closure) {
  std::shared_ptr<RustNode> node;
  try {
    // deleteNode takes a long chain of nodes apart in a loop; the default deleter would recurse and overflow the stack.
    node = std::shared_ptr<RustNode>(new RustNode(), torch::autograd::deleteNode);
    node->closure = closure;
    closure.data = nullptr;

    variable_list variables;
    for (size_t i = 0; i < input_count; ++i) variables.push_back(*inputs[i]);
    node->set_next_edges(torch::autograd::collect_next_edges(variables));
    // Detached, so that nothing saved keeps a graph alive; detaching shares the counter of in-place changes.
    for (size_t i = 0; i < saved_count; ++i) node->saved.emplace_back(saved[i]->detach(), /*is_output=*/false);

    for (size_t i = 0; i < output_count; ++i) {
      *outputs[i] = outputs[i]->detach();
      if (torch::autograd::isDifferentiableType(outputs[i]->scalar_type()))
        torch::autograd::set_history(*outputs[i], node);
      else
        node->add_input_metadata(torch::autograd::Node::undefined_input{});  // keeps the numbering of outputs
    }
    return nullptr;
  } catch (const std::exception& error) {
    if (closure.data) closure.release(closure.data);
    return strdup(error.what());
  }
}
// ANCHOR_END: attach
