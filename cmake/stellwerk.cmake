# stellwerk_options carries the standard, the warnings and the hardening of every target of ours.
# stellwerk_library(NAME SOURCES ... DEPS ... PRIVATE_DEPS ...) makes one static library, alias stellwerk::NAME.
# stellwerk_test(NAME LABEL SOURCES ... DEPS ...) makes one GoogleTest executable known to CTest.
# stellwerk_script_test(NAME LABEL COMMAND ...) makes one CTest out of a Python script; it finds the built binary in STELLWERK_BINARY.
# stellwerk_fuzzer(NAME SOURCES ... DEPS ...) makes one fuzz target; its corpus is tests/fuzz/corpus/NAME.
# stellwerk_bench(NAME SOURCES ... DEPS ...) makes one google-benchmark executable.

add_library(stellwerk_options INTERFACE)
target_compile_features(stellwerk_options INTERFACE cxx_std_20)
target_include_directories(stellwerk_options INTERFACE ${PROJECT_SOURCE_DIR})
# g++ 12 reports false positives of these inside optimised libstdc++ and Asio coroutine frames.
set(false_positives -Wno-maybe-uninitialized -Wno-restrict -Wno-null-dereference -Wno-mismatched-new-delete -Wno-stringop-overflow
  -Wno-array-bounds -Wno-stringop-overread -Wno-dangling-pointer)
target_compile_options(stellwerk_options INTERFACE
  -Wall -Wextra -Wpedantic -Woverloaded-virtual -Wcast-align -Wformat=2
  -Wimplicit-fallthrough -Wno-missing-field-initializers -fstack-protector-strong
  $<$<BOOL:${STELLWERK_WERROR}>:-Werror>
  "$<$<CXX_COMPILER_ID:GNU>:-Wshadow=local;${false_positives}>")
target_compile_definitions(stellwerk_options INTERFACE
  BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_BOOST_COROUTINE STELLWERK_VERSION="${PROJECT_VERSION}"
  $<$<CONFIG:Release>:_FORTIFY_SOURCE=2>
  $<$<BOOL:${STELLWERK_PLANTED_DEFECTS}>:STELLWERK_PLANTED_DEFECTS>)
if(STELLWERK_SANITIZER MATCHES thread)
  # g++ 12 warns that Asio's fences are invisible to the thread sanitizer.
  target_compile_options(stellwerk_options INTERFACE -Wno-tsan)
endif()
if(STELLWERK_SANITIZER MATCHES undefined)
  # These checks stand before every access and make a fifth of the build; a null pointer stops the address sanitizer too.
  set(stellwerk_left_out -fno-sanitize=null,vptr,object-size,nonnull-attribute,returns-nonnull-attribute)
endif()
if(STELLWERK_SANITIZER)
  target_compile_options(stellwerk_options INTERFACE -fsanitize=${STELLWERK_SANITIZER} -fno-omit-frame-pointer
                         -fno-sanitize-recover=all ${stellwerk_left_out})
  target_link_options(stellwerk_options INTERFACE -fsanitize=${STELLWERK_SANITIZER})
endif()
if(STELLWERK_COVERAGE)
  target_compile_options(stellwerk_options INTERFACE --coverage)
  target_link_options(stellwerk_options INTERFACE --coverage)
endif()

function(stellwerk_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPS;PRIVATE_DEPS" ${ARGN})
  add_library(stellwerk_${name} STATIC ${arg_SOURCES})
  add_library(stellwerk::${name} ALIAS stellwerk_${name})
  target_link_libraries(stellwerk_${name} PUBLIC stellwerk_options ${arg_DEPS} PRIVATE ${arg_PRIVATE_DEPS})
endfunction()

function(stellwerk_test name)
  cmake_parse_arguments(arg "" "LABEL;TIMEOUT" "SOURCES;DEPS" ${ARGN})
  if(NOT arg_LABEL)
    set(arg_LABEL unit)
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE stellwerk_options ${arg_DEPS} GTest::gtest GTest::gmock GTest::gtest_main)
  target_compile_definitions(${name} PRIVATE STELLWERK_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  if(STELLWERK_SANITIZER AND arg_LABEL STREQUAL unit)
    target_compile_options(${name} PRIVATE -O0)  # of the test alone: half the time to compile, little more to run
  endif()
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS ${arg_LABEL} TIMEOUT ${arg_TIMEOUT})
endfunction()

function(stellwerk_script_test name)
  cmake_parse_arguments(arg "" "LABEL;TIMEOUT" "COMMAND" ${ARGN})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  # Debian's python by path: the modules installed by apt belong to it, whatever comes first on PATH.
  add_test(NAME ${name} COMMAND /usr/bin/python3 ${arg_COMMAND} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES LABELS ${arg_LABEL} TIMEOUT ${arg_TIMEOUT}
    ENVIRONMENT "STELLWERK_BINARY=${PROJECT_BINARY_DIR}/stellwerk;STELLWERK_BUILD_DIR=${PROJECT_BINARY_DIR};PYTHONDONTWRITEBYTECODE=1")
endfunction()

function(stellwerk_fuzzer name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE stellwerk_options ${arg_DEPS})
  if(STELLWERK_BUILD_FUZZERS)
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/fuzz)
    if(NOT TARGET fuzzers)
      add_custom_target(fuzzers)
    endif()
    add_dependencies(fuzzers ${name})
  else()
    target_sources(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests/fuzz/replay_main.cpp)
    target_link_libraries(${name} PRIVATE stellwerk::base)
    add_test(NAME ${name} COMMAND ${name} ${PROJECT_SOURCE_DIR}/tests/fuzz/corpus/${name} 50000)
    set_tests_properties(${name} PROPERTIES LABELS fuzz-smoke TIMEOUT 300)
  endif()
endfunction()

function(stellwerk_bench name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE stellwerk_options ${arg_DEPS} benchmark::benchmark benchmark::benchmark_main)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bench)
  if(NOT TARGET benches)
    add_custom_target(benches)
  endif()
  add_dependencies(benches ${name})
endfunction()
