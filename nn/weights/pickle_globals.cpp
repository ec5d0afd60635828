// SPDX-License-Identifier: Apache-2.0
#include "nn/weights/pickle_globals.h"

#include <algorithm>
#include <array>

namespace scarp::nn {
namespace {

using enum AllowedGlobal::Meaning;

constexpr std::array kAllowed = {
    AllowedGlobal{"collections", "OrderedDict", ordered_dict},
    AllowedGlobal{"collections", "Counter", ordered_dict},
    AllowedGlobal{"collections", "defaultdict", default_dict},
    AllowedGlobal{"builtins", "list", default_value},
    AllowedGlobal{"__builtin__", "list", default_value},
    AllowedGlobal{"builtins", "dict", default_value},
    AllowedGlobal{"__builtin__", "dict", default_value},
    AllowedGlobal{"builtins", "int", default_value},
    AllowedGlobal{"__builtin__", "int", default_value},
    AllowedGlobal{"builtins", "float", default_value},
    AllowedGlobal{"__builtin__", "float", default_value},
    AllowedGlobal{"builtins", "set", empty_set},
    AllowedGlobal{"__builtin__", "set", empty_set},
    AllowedGlobal{"builtins", "frozenset", empty_set},
    AllowedGlobal{"__builtin__", "frozenset", empty_set},
    AllowedGlobal{"argparse", "Namespace", record},
    AllowedGlobal{"numpy", "dtype", record},
    AllowedGlobal{"numpy.core.multiarray", "scalar", record},
    AllowedGlobal{"numpy._core.multiarray", "scalar", record},
    AllowedGlobal{"torch", "device", record},
    AllowedGlobal{"torch.serialization", "_get_layout", record},
    AllowedGlobal{"torch", "complex64", record},
    AllowedGlobal{"torch", "complex128", record},
    AllowedGlobal{"builtins", "bytearray", record},
    AllowedGlobal{"__builtin__", "bytearray", record},
    AllowedGlobal{"builtins", "complex", record},
    AllowedGlobal{"__builtin__", "complex", record},
    AllowedGlobal{"_codecs", "encode", bytes_of_text},
    AllowedGlobal{"torch._utils", "_rebuild_tensor", rebuild_tensor},
    AllowedGlobal{"torch._utils", "_rebuild_tensor_v2", rebuild_tensor},
    AllowedGlobal{"torch._utils", "_rebuild_tensor_v3", rebuild_typed},
    AllowedGlobal{"torch._utils", "_rebuild_parameter", rebuild_parameter},
    AllowedGlobal{"torch._utils", "_rebuild_parameter_with_state", rebuild_parameter},
    AllowedGlobal{"torch._tensor", "_rebuild_from_type_v2", rebuild_from_type},
    AllowedGlobal{"torch", "Tensor", tensor_class},
    AllowedGlobal{"torch.nn.parameter", "Parameter", tensor_class},
    AllowedGlobal{"torch", "Size", size},
    AllowedGlobal{"torch", "UntypedStorage", untyped_class},
    AllowedGlobal{"torch.storage", "UntypedStorage", untyped_class},
    AllowedGlobal{"torch", "FloatStorage", storage_class, "F32"},
    AllowedGlobal{"torch", "DoubleStorage", storage_class, "F64"},
    AllowedGlobal{"torch", "HalfStorage", storage_class, "F16"},
    AllowedGlobal{"torch", "BFloat16Storage", storage_class, "BF16"},
    AllowedGlobal{"torch", "LongStorage", storage_class, "I64"},
    AllowedGlobal{"torch", "IntStorage", storage_class, "I32"},
    AllowedGlobal{"torch", "ShortStorage", storage_class, "I16"},
    AllowedGlobal{"torch", "CharStorage", storage_class, "I8"},
    AllowedGlobal{"torch", "ByteStorage", storage_class, "U8"},
    AllowedGlobal{"torch", "BoolStorage", storage_class, "BOOL"},
    AllowedGlobal{"torch", "float32", element_type, "F32"},
    AllowedGlobal{"torch", "float64", element_type, "F64"},
    AllowedGlobal{"torch", "float16", element_type, "F16"},
    AllowedGlobal{"torch", "bfloat16", element_type, "BF16"},
    AllowedGlobal{"torch", "int64", element_type, "I64"},
    AllowedGlobal{"torch", "int32", element_type, "I32"},
    AllowedGlobal{"torch", "int16", element_type, "I16"},
    AllowedGlobal{"torch", "int8", element_type, "I8"},
    AllowedGlobal{"torch", "uint8", element_type, "U8"},
    AllowedGlobal{"torch", "uint16", element_type, "U16"},
    AllowedGlobal{"torch", "uint32", element_type, "U32"},
    AllowedGlobal{"torch", "uint64", element_type, "U64"},
    AllowedGlobal{"torch", "bool", element_type, "BOOL"},
    AllowedGlobal{"torch", "float8_e4m3fn", element_type, "F8_E4M3"},
    AllowedGlobal{"torch", "float8_e5m2", element_type, "F8_E5M2"},
    AllowedGlobal{"torch", "ComplexFloatStorage", unsupported},
    AllowedGlobal{"torch", "ComplexDoubleStorage", unsupported},
    AllowedGlobal{"torch", "QInt8Storage", unsupported},
    AllowedGlobal{"torch", "QUInt8Storage", unsupported},
    AllowedGlobal{"torch", "QInt32Storage", unsupported},
    AllowedGlobal{"torch", "QUInt4x2Storage", unsupported},
    AllowedGlobal{"torch", "QUInt2x4Storage", unsupported},
    AllowedGlobal{"torch._utils", "_rebuild_qtensor", unsupported},
    AllowedGlobal{"torch._utils", "_rebuild_sparse_tensor", unsupported},
};

}  // namespace

const AllowedGlobal* find_allowed_global(std::string_view module, std::string_view name) {
  const auto found = std::find_if(kAllowed.begin(), kAllowed.end(), [&](const AllowedGlobal& each) {
    return each.module == module && each.name == name;
  });
  return found == kAllowed.end() ? nullptr : &*found;
}

}  // namespace scarp::nn
