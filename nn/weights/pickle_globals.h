// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

namespace scarp::nn {

/// The classes and functions that a pickle may name. None of them is ever run: each stands for something that
/// the machine does itself.
struct AllowedGlobal {
  enum class Meaning : std::uint8_t {
    ordered_dict,       ///< an empty dict
    default_dict,       ///< an empty dict, whatever the default
    default_value,      ///< what a defaultdict fills in: only as an argument
    empty_set,          ///< set, frozenset
    record,             ///< made, filled and ignored
    bytes_of_text,      ///< _codecs.encode(text, "latin1"): how protocol 2 spells bytes
    storage_class,      ///< dtype tells the elements
    untyped_class,      ///< a storage of bytes
    element_type,       ///< torch.float32 ...
    tensor_class,       ///< torch.Tensor, torch.nn.Parameter: only as an argument
    size,               ///< torch.Size(tuple): the tuple
    rebuild_tensor,     ///< (storage, offset, size, stride, ...)
    rebuild_typed,      ///< (storage, offset, size, stride, grad, hooks, dtype, ...)
    rebuild_parameter,  ///< (tensor, ...): the tensor
    rebuild_from_type,  ///< (function, class, arguments, state): function(arguments)
    unsupported,        ///< known, and not read
  };
  std::string_view module;
  std::string_view name;
  Meaning meaning;
  const char* dtype = "";
};

/// The entry of exactly this name; null where there is none.
const AllowedGlobal* find_allowed_global(std::string_view module, std::string_view name);

}  // namespace scarp::nn
