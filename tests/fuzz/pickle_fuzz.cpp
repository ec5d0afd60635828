// SPDX-License-Identifier: Apache-2.0
#include "nn/weights/pickle_machine.h"
#include "nn/weights/torch_object.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
  const auto source = scarp::nn::bytes_in_memory("fuzz", {reinterpret_cast<const std::byte*>(bytes), count});
  try {
    scarp::nn::PickleStream stream(*source, 0);
    const scarp::nn::PickleDocument document = scarp::nn::PickleMachine::run(stream);
    static_cast<void>(scarp::nn::notes_of(document));
    static_cast<void>(scarp::nn::tensors_of(document, "fuzz"));
  } catch (const scarp::nn::Error&) {
  }
  return 0;
}
