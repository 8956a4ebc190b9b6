# What a user may choose. A project that adds mini-redis as a subdirectory gets the library alone.
include_guard()

option(MINI_REDIS_BUILD_APPS "Build mini-redis-server and mini-redis-client" ${PROJECT_IS_TOP_LEVEL})
option(MINI_REDIS_BUILD_EXAMPLES "Build the examples" ${PROJECT_IS_TOP_LEVEL})
option(MINI_REDIS_BUILD_TESTS "Build the tests" ${PROJECT_IS_TOP_LEVEL})
option(MINI_REDIS_BUILD_FUZZERS "Build the libFuzzer targets (Clang only)" OFF)
option(MINI_REDIS_BUILD_BENCHMARKS "Build the benchmarks" OFF)
option(MINI_REDIS_WARNINGS_AS_ERRORS "Treat warnings as errors, and do without what Asio deprecates" OFF)
set(MINI_REDIS_TLS "AUTO" CACHE STRING "TLS in the client, by OpenSSL: ON, OFF, or AUTO if OpenSSL is found")
set_property(CACHE MINI_REDIS_TLS PROPERTY STRINGS AUTO ON OFF)
set(MINI_REDIS_SCRIPTING "AUTO" CACHE STRING
    "Scripts in the server, by Lua 5.1: ON, OFF, or AUTO if Lua, lua-cjson and LuaBitOp are found")
set_property(CACHE MINI_REDIS_SCRIPTING PROPERTY STRINGS AUTO ON OFF)
option(MINI_REDIS_INSTALL "Generate the install target" ${PROJECT_IS_TOP_LEVEL})
set(MINI_REDIS_SANITIZE "" CACHE STRING "Sanitizers for -fsanitize=, such as address,undefined or thread")

if(PROJECT_IS_TOP_LEVEL)
    set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
    set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
    if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
        set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
    endif()
    if(NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
        find_program(MINI_REDIS_CCACHE ccache DOC "Compiler cache; unset it to do without")
        if(MINI_REDIS_CCACHE)
            set(CMAKE_CXX_COMPILER_LAUNCHER "${MINI_REDIS_CCACHE}")
        endif()
    endif()
endif()

if((CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 12)
    OR (CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 16))
    message(WARNING "mini-redis is tried with GCC 12 and Clang 16 or newer; this is "
        "${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}")
endif()

# The settings that every target of this project is compiled with, and no user's.
add_library(mini_redis_build INTERFACE)
target_compile_features(mini_redis_build INTERFACE cxx_std_20)
target_compile_options(mini_redis_build INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor -Woverloaded-virtual
    $<$<CXX_COMPILER_ID:Clang,AppleClang>:-Wthread-safety>
    # GCC 12 sees overlapping copies in std::string that are none (its bug 105651).
    $<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:-Wno-restrict>
    # … and takes the free() of Asio's coroutine frames for another's, which new and delete of theirs share.
    $<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:-Wno-mismatched-new-delete>
    $<$<BOOL:${MINI_REDIS_WARNINGS_AS_ERRORS}>:-Werror>)
if(MINI_REDIS_SANITIZE)
    target_compile_options(mini_redis_build INTERFACE
        -fsanitize=${MINI_REDIS_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer
        -UNDEBUG -D_GLIBCXX_ASSERTIONS) # whoever asks for a sanitizer wants the assertions too
    target_link_options(mini_redis_build INTERFACE -fsanitize=${MINI_REDIS_SANITIZE})
    if(MINI_REDIS_SANITIZE MATCHES "undefined")
        # This check opens a pipe to see whether memory can be read, and cries wolf when descriptors have run out,
        # which a test of ours lets happen.
        target_compile_options(mini_redis_build INTERFACE -fno-sanitize=vptr)
    endif()
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
        # What GCC says wrongly of code that it has instrumented; its manual advises against -Werror there.
        target_compile_options(mini_redis_build INTERFACE
            -Wno-error -Wno-maybe-uninitialized -Wno-mismatched-new-delete -Wno-tsan)
    endif()
endif()
