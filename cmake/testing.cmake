# How a test program is built, with Catch2 2 or 3.
include_guard()

# What every test program links: Catch2's main, and "support/…" as an include path. A test includes
# "support/catch.hpp", which finds the header of either version.
if(TARGET Catch2::Catch2WithMain) # version 3
    add_library(mini_redis_catch INTERFACE)
    target_link_libraries(mini_redis_catch INTERFACE Catch2::Catch2WithMain)
    target_include_directories(mini_redis_catch INTERFACE "${PROJECT_SOURCE_DIR}/tests")
else() # version 2 is a header, whose main is compiled here once
    add_library(mini_redis_catch STATIC "${PROJECT_SOURCE_DIR}/tests/support/catch_main.cpp")
    target_compile_features(mini_redis_catch PUBLIC cxx_std_20)
    target_link_libraries(mini_redis_catch PUBLIC Catch2::Catch2)
    target_include_directories(mini_redis_catch PUBLIC "${PROJECT_SOURCE_DIR}/tests")
endif()

target_compile_options(mini_redis_catch INTERFACE # its macros count with __COUNTER__
    $<$<AND:$<CXX_COMPILER_ID:Clang>,$<VERSION_GREATER_EQUAL:$<CXX_COMPILER_VERSION>,22>>:-Wno-c2y-extensions>)

# mini_redis_add_test(name SOURCES file… [LIBRARIES target…] [LABELS label…] [TIMEOUT seconds] [ARGS arg…])
#
# One Catch2 program and one ctest entry, both called `name`. Without LIBRARIES it links mini_redis; it
# may include private headers ("layer/…") and those of tests/ ("support/…"). The label `long` keeps a
# test out of the default run: .ci/run runs it.
function(mini_redis_add_test name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT" "SOURCES;LIBRARIES;LABELS;ARGS")
    if(arg_UNPARSED_ARGUMENTS OR NOT arg_SOURCES)
        message(FATAL_ERROR "mini_redis_add_test(${name}): SOURCES are missing, or unknown: ${arg_UNPARSED_ARGUMENTS}")
    endif()
    if(NOT arg_TIMEOUT)
        set(arg_TIMEOUT 120)
    endif()
    if(NOT arg_LIBRARIES)
        set(arg_LIBRARIES mini_redis::mini_redis)
    endif()
    add_executable(${name} ${arg_SOURCES})
    target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}/src")
    target_link_libraries(${name} PRIVATE mini_redis_build mini_redis_catch ${arg_LIBRARIES} fmt::fmt)
    add_test(NAME ${name} COMMAND ${name} ${arg_ARGS})
    set_tests_properties(${name} PROPERTIES TIMEOUT ${arg_TIMEOUT} LABELS "${arg_LABELS}")
endfunction()
