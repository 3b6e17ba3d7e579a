# distributary_precompile(target [TESTS]): the headers of libraries that almost every file needs are compiled once and
# not three hundred times. Only what changes with no commit of ours; files still include all that they use, which the
# check of the headers (`./x tidy`), made without this, holds.
set(DISTRIBUTARY_PRECOMPILED
    <algorithm> <array> <chrono> <coroutine> <cstdint> <deque> <functional> <map> <memory> <optional> <set> <span>
    <stop_token> <string> <string_view> <tuple> <utility> <vector> <tl/expected.hpp> <fmt/format.h>
    <boost/unordered/unordered_flat_map.hpp>)

function(distributary_precompiled_headers name)
  file(WRITE ${CMAKE_BINARY_DIR}/${name}.cc.in "// Nothing: the headers are what is compiled.\n")
  configure_file(${CMAKE_BINARY_DIR}/${name}.cc.in ${CMAKE_BINARY_DIR}/${name}.cc COPYONLY)
  add_library(${name} OBJECT ${CMAKE_BINARY_DIR}/${name}.cc)
  target_link_libraries(${name} PRIVATE fmt::fmt Threads::Threads)
  target_precompile_headers(${name} PRIVATE ${DISTRIBUTARY_PRECOMPILED} ${ARGN})
endfunction()

distributary_precompiled_headers(precompiled)
if(DISTRIBUTARY_TESTS)
  distributary_precompiled_headers(precompiled_tests <gtest/gtest.h>)
  target_link_libraries(precompiled_tests PRIVATE GTest::gtest)
endif()

function(distributary_precompile target)
  if(ARGN STREQUAL TESTS)
    target_precompile_headers(${target} REUSE_FROM precompiled_tests)
  else()
    target_precompile_headers(${target} REUSE_FROM precompiled)
  endif()
endfunction()
