# Finds LibTorch inside a PyPI "torch" wheel without find_package(Torch).
#   in : LIBTORCH_ROOT (folder that holds include/ and lib/; variable or environment)
#   out: scarp::torch_cpu, scarp::torch_cuda (if libtorch_cuda is there), LibTorchWheel_VERSION, LibTorchWheel_CUDA
include(FindPackageHandleStandardArgs)
if(NOT LIBTORCH_ROOT AND DEFINED ENV{LIBTORCH_ROOT})
  set(LIBTORCH_ROOT "$ENV{LIBTORCH_ROOT}")
endif()
if(NOT LIBTORCH_ROOT)
  find_package(Python3 COMPONENTS Interpreter QUIET)
  if(Python3_Interpreter_FOUND)               # locate only, never import torch (2-4 s)
    execute_process(
      COMMAND ${Python3_EXECUTABLE} -c
        "import importlib.util as u,os;s=u.find_spec('torch');print(os.path.dirname(s.origin) if s and s.origin else '')"
      OUTPUT_VARIABLE LIBTORCH_ROOT OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  endif()
endif()
set(LIBTORCH_ROOT "${LIBTORCH_ROOT}" CACHE PATH "torch folder of an unpacked PyTorch wheel")

find_path(LibTorch_INCLUDE ATen/ATen.h HINTS "${LIBTORCH_ROOT}/include" NO_DEFAULT_PATH)
foreach(_l IN ITEMS c10 torch_cpu c10_cuda torch_cuda)
  find_library(LibTorch_${_l} ${_l} HINTS "${LIBTORCH_ROOT}/lib" NO_DEFAULT_PATH)
endforeach()
if(EXISTS "${LIBTORCH_ROOT}/version.py")
  file(STRINGS "${LIBTORCH_ROOT}/version.py" _v REGEX "^__version__ *=")
  string(REGEX MATCH "[0-9]+\\.[0-9]+\\.[0-9]+" LibTorchWheel_VERSION "${_v}")
  file(STRINGS "${LIBTORCH_ROOT}/version.py" _v REGEX "^cuda[: ].*= *'")
  string(REGEX MATCH "[0-9]+\\.[0-9]+" LibTorchWheel_CUDA "${_v}")
endif()
find_package_handle_standard_args(LibTorchWheel
  REQUIRED_VARS LibTorch_torch_cpu LibTorch_c10 LibTorch_INCLUDE VERSION_VAR LibTorchWheel_VERSION)
mark_as_advanced(LibTorch_INCLUDE LibTorch_c10 LibTorch_torch_cpu LibTorch_c10_cuda LibTorch_torch_cuda)

if(LibTorchWheel_FOUND AND NOT TARGET scarp::torch_cpu)
  foreach(_l IN ITEMS c10 torch_cpu c10_cuda torch_cuda)
    if(LibTorch_${_l})
      add_library(scarp::lib_${_l} SHARED IMPORTED)
      set_target_properties(scarp::lib_${_l} PROPERTIES IMPORTED_LOCATION "${LibTorch_${_l}}")
    endif()
  endforeach()
  add_library(scarp::torch_cpu INTERFACE IMPORTED)
  # -idirafter, not -isystem: the wheel also ships fmt 12, protobuf 3.13, pybind11 and oneDNN headers, which must not
  # hide the system's copies (spdlog!). Like -isystem it silences warnings from these headers.
  target_compile_options(scarp::torch_cpu INTERFACE
    "SHELL:$<$<COMPILE_LANGUAGE:CXX>:-idirafter ${LibTorch_INCLUDE} -idirafter ${LibTorch_INCLUDE}/torch/csrc/api/include>")
  target_compile_features(scarp::torch_cpu INTERFACE cxx_std_20)
  target_link_libraries(scarp::torch_cpu INTERFACE scarp::lib_torch_cpu scarp::lib_c10)
  if(TARGET scarp::lib_torch_cuda AND TARGET scarp::lib_c10_cuda)
    add_library(scarp::torch_cuda INTERFACE IMPORTED)
    target_link_libraries(scarp::torch_cuda INTERFACE scarp::torch_cpu
      -Wl,--no-as-needed scarp::lib_torch_cuda scarp::lib_c10_cuda -Wl,--as-needed)
  endif()
endif()
