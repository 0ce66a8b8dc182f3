# Settings and helper functions of every folder of Penstock.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1")
set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g1 -fno-omit-frame-pointer")

set(PENSTOCK_SANITIZE "" CACHE STRING
    "Sanitizers for -fsanitize, for instance address,undefined; with fuzzer-no-link the fuzzers are built too")
if(PENSTOCK_SANITIZE MATCHES address)
  # What these two add to the code takes the optimiser as long again as all else.
  set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g1 -fno-omit-frame-pointer")
endif()

if(PENSTOCK_SANITIZE STREQUAL "thread")
  # What clang inlines has its whole name, for tsan.supp.
  string(APPEND CMAKE_CXX_FLAGS_DEBUG " -fdebug-info-for-profiling")
endif()

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()

# Some 150 programs are linked in each build: lld takes a third of the time of the default linker.
find_program(PENSTOCK_LLD ld.lld)
if(PENSTOCK_LLD)
  add_link_options(-fuse-ld=lld)
endif()

# Warnings are errors on our own code only: generated and foreign code links `penstock_options` alone.
add_library(penstock_options INTERFACE)
target_include_directories(penstock_options INTERFACE ${PROJECT_SOURCE_DIR})
if(PENSTOCK_SANITIZE)
  target_compile_options(penstock_options INTERFACE -fsanitize=${PENSTOCK_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(penstock_options INTERFACE -fsanitize=${PENSTOCK_SANITIZE})
endif()
if(PENSTOCK_SANITIZE STREQUAL "thread")
  add_custom_target(tsan_tests)
endif()
add_library(penstock_warnings INTERFACE)
target_compile_options(penstock_warnings INTERFACE -Wall -Wextra -Wpedantic -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 sees uninitialized members in alternatives that a std::variant does not hold.
  # ASan and UBSan runs, and clang's analyzer in the lint test, watch for the real ones.
  target_compile_options(penstock_warnings INTERFACE -Wno-maybe-uninitialized)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  target_compile_options(penstock_warnings INTERFACE -Wthread-safety)
endif()

# penstock_library(<name> SRCS <files...> [DEPS <targets...>]): the library of one folder, alias penstock::<name>.
function(penstock_library name)
  cmake_parse_arguments(ARG "" "" "SRCS;DEPS" ${ARGN})
  add_library(penstock_${name} STATIC ${ARG_SRCS})
  add_library(penstock::${name} ALIAS penstock_${name})
  target_link_libraries(penstock_${name} PUBLIC penstock_options ${ARG_DEPS} PRIVATE penstock_warnings)
endfunction()

# penstock_binary(<name> SRCS <files...> [DEPS <targets...>]): a program in build/<preset>/bin.
function(penstock_binary name)
  cmake_parse_arguments(ARG "" "" "SRCS;DEPS" ${ARGN})
  add_executable(${name} ${ARG_SRCS})
  target_link_libraries(${name} PRIVATE penstock_options penstock_warnings ${ARG_DEPS})
endfunction()

# Tests are built for a short build: what a test itself does takes milliseconds, what a compiler does to GoogleTest's
# templates takes seconds, with ASan twice as many with -O1 as with -O0. What is tested keeps its flags.
set(penstock_test_flags -O0)

# penstock_test_objects(<name> SRCS <files...> [DEPS <targets...>]): sources that several tests have in common, each built
# once. Objects, not an archive: a linker would leave out suites that nothing refers to.
function(penstock_test_objects name)
  cmake_parse_arguments(ARG "" "" "SRCS;DEPS" ${ARGN})
  add_library(${name} OBJECT ${ARG_SRCS})
  target_link_libraries(${name} PUBLIC penstock_options ${ARG_DEPS} GTest::gmock PRIVATE penstock_warnings)
  target_compile_options(${name} PRIVATE ${penstock_test_flags})
endfunction()

# penstock_test(<name> LABEL <ctest label> SRCS <files...> [DEPS <targets...>] [TIMEOUT <seconds>] [THREADS]):
# one GoogleTest program, one ctest entry. THREADS: it runs several threads of ours and does not link gRPC (which is
# not instrumented), so it belongs to the target `tsan_tests` and gets the further label `tsan` where TSan is on.
function(penstock_test name)
  cmake_parse_arguments(ARG "THREADS" "LABEL;TIMEOUT" "SRCS;DEPS" ${ARGN})
  add_executable(${name} ${ARG_SRCS})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  target_link_libraries(${name} PRIVATE penstock_options penstock_warnings ${ARG_DEPS} GTest::gmock GTest::gtest_main)
  target_compile_options(${name} PRIVATE ${penstock_test_flags})
  add_test(NAME ${name} COMMAND ${name})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABEL}" TIMEOUT ${ARG_TIMEOUT})
  if(ARG_THREADS AND TARGET tsan_tests)
    add_dependencies(tsan_tests ${name})
    set_tests_properties(${name} PROPERTIES
      LABELS "${ARG_LABEL};tsan"
      ENVIRONMENT "TSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/cmake/tsan.supp second_deadlock_stack=1")
  endif()
endfunction()

# penstock_pytest(<label> TIMEOUT <seconds> [FIXTURE <name>]): one ctest entry <label>_<suite> for each test_<suite>.py of
# the folder, so that none is forgotten and they run beside each other.
function(penstock_pytest label)
  cmake_parse_arguments(ARG "" "TIMEOUT;FIXTURE" "" ${ARGN})
  file(GLOB suites CONFIGURE_DEPENDS RELATIVE ${CMAKE_CURRENT_SOURCE_DIR} test_*.py)
  foreach(file IN LISTS suites)
    string(REGEX REPLACE "^test_(.*)\\.py$" "${label}_\\1" name ${file})
    add_test(NAME ${name} COMMAND ${PROJECT_SOURCE_DIR}/.cache/venv/bin/python -m pytest -q -p no:cacheprovider ${file}
      WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
    set_tests_properties(${name} PROPERTIES LABELS ${label} TIMEOUT ${ARG_TIMEOUT} FIXTURES_REQUIRED "${ARG_FIXTURE}"
      ENVIRONMENT "PENSTOCK_BIN=${CMAKE_BINARY_DIR}/bin;PYTHONDONTWRITEBYTECODE=1")
  endforeach()
endfunction()
