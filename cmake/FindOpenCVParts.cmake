# Finds the two parts of OpenCV that Scarp uses. Debian keeps OpenCVConfig.cmake in libopencv-dev, which draws in a
# gigabyte of parts that are not used here.
#   out: scarp::opencv (core and imgproc)
include(FindPackageHandleStandardArgs)
find_path(OpenCVParts_INCLUDE opencv2/imgproc.hpp PATH_SUFFIXES opencv4)
find_library(OpenCVParts_CORE opencv_core)
find_library(OpenCVParts_IMGPROC opencv_imgproc)
find_package_handle_standard_args(OpenCVParts REQUIRED_VARS OpenCVParts_CORE OpenCVParts_IMGPROC OpenCVParts_INCLUDE)
mark_as_advanced(OpenCVParts_INCLUDE OpenCVParts_CORE OpenCVParts_IMGPROC)
if(OpenCVParts_FOUND AND NOT TARGET scarp::opencv)
  add_library(scarp::opencv INTERFACE IMPORTED)
  target_include_directories(scarp::opencv INTERFACE "${OpenCVParts_INCLUDE}")
  target_link_libraries(scarp::opencv INTERFACE "${OpenCVParts_IMGPROC}" "${OpenCVParts_CORE}")
endif()
