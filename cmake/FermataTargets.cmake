# SPDX-License-Identifier: MIT
# How every target of the tree is declared: one folder, one target of the same name, its tests beside its sources.

add_library(fermata_build_flags INTERFACE)
target_compile_features(fermata_build_flags INTERFACE cxx_std_20)
target_compile_options(fermata_build_flags INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor
    -Woverloaded-virtual -Wold-style-cast -Wcast-align>
  $<$<BOOL:${FERMATA_WERROR}>:-Werror>)
if(FERMATA_SANITIZE)
  # GCC's manual: with sanitizers its warnings have more false positives. Those that look through the instrumentation and
  # the inlined library see uninitialised members and copies out of bounds where there are none; preset dev has them on.
  target_compile_options(fermata_build_flags INTERFACE
    $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized -Wno-array-bounds -Wno-stringop-overflow -Wno-stringop-overread
      -Wno-restrict -Wno-nonnull>)
  target_compile_options(fermata_build_flags INTERFACE -fsanitize=${FERMATA_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all)
  target_link_options(fermata_build_flags INTERFACE -fsanitize=${FERMATA_SANITIZE})
endif()

# fermata_library(NAME SOURCES file... [DEPENDS folder...] [LINKS target...])
# The library of the folder fermata/NAME, as target fermata::NAME. Static and position independent: the same objects
# go into programs and into the agent that QEMU loads. DEPENDS are other folders; LINKS are third-party, private.
function(fermata_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;DEPENDS;LINKS")
  add_library(fermata_${name} STATIC ${arg_SOURCES})
  add_library(fermata::${name} ALIAS fermata_${name})
  set_target_properties(fermata_${name} PROPERTIES POSITION_INDEPENDENT_CODE ON EXPORT_NAME ${name})
  target_include_directories(fermata_${name} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_compile_features(fermata_${name} PUBLIC cxx_std_20)
  foreach(folder IN LISTS arg_DEPENDS)
    target_link_libraries(fermata_${name} PUBLIC fermata::${folder})
  endforeach()
  target_link_libraries(fermata_${name} PRIVATE $<BUILD_INTERFACE:fermata_build_flags> ${arg_LINKS})
  if(FERMATA_SANITIZE STREQUAL "thread")
    set_target_properties(fermata_${name} PROPERTIES EXCLUDE_FROM_ALL ON)  # only what its tests need
  endif()
  set_property(GLOBAL APPEND PROPERTY FERMATA_LIBRARIES fermata_${name})
endfunction()

# fermata_program(NAME SOURCES file... [LINKS target...])
function(fermata_program name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LINKS")
  add_executable(${name} ${arg_SOURCES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE fermata_build_flags ${arg_LINKS})
  if(FERMATA_SANITIZE STREQUAL "thread")
    set_target_properties(${name} PROPERTIES EXCLUDE_FROM_ALL ON)  # see fermata_test
  endif()
endfunction()

# fermata_test(NAME SOURCES file... [LINKS target...] [LABEL label] [TIMEOUT seconds] [THREADS]
#   [SEPARATELY])
# A GoogleTest program. Label `unit` is the default; `firmware` runs a guest for seconds, `qemu` needs a QEMU, `long` is
# left to ./dev test --long. One label a test: the discovery of GoogleTest's cases does not carry lists. THREADS: more than
# one thread is at work in it; only these are built under ThreadSanitizer. The test's own sources are most of the tree, so
# they are optimised little, not at all under sanitizers, have line numbers only, and are compiled several at once: GCC takes
# a quarter as long that way. SEPARATELY: one at a time, where helpers of several files have one name.
function(fermata_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "THREADS;SEPARATELY" "TIMEOUT;LABEL" "SOURCES;LINKS")
  if(NOT FERMATA_BUILD_TESTS)
    return()
  endif()
  if(NOT arg_LABEL)
    set(arg_LABEL unit)
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  fermata_program(${name} SOURCES ${arg_SOURCES} LINKS ${arg_LINKS} GTest::gmock GTest::gtest_main)
  if(FERMATA_SANITIZE)
    target_compile_options(${name} PRIVATE -O0 -g1)
  else()
    target_compile_options(${name} PRIVATE -O1 -g1)
  endif()
  if(NOT arg_SEPARATELY)
    set_target_properties(${name} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 8)
  endif()
  if(FERMATA_SANITIZE STREQUAL "thread")
    if(NOT arg_THREADS)
      return()
    endif()
    set_target_properties(${name} PROPERTIES EXCLUDE_FROM_ALL OFF)
  endif()
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
    TEST_PREFIX "${name}." PROPERTIES LABELS ${arg_LABEL} TIMEOUT ${arg_TIMEOUT})
endfunction()
